//! The engine on recorded traffic, without sockets: what other programs wrote is read here.

pub mod xferfaxlog;
