//! The engine on recorded traffic, without sockets: what other programs wrote is read here.

pub mod demo;
pub mod traffic;
pub mod xferfaxlog;
