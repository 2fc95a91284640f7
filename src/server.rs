//! Assembly: the only room that sees everything, opens sockets and spawns tasks.

mod admit;
pub mod assemble;
mod connection;
pub mod demo;
pub mod drain;
pub mod form;
mod health;
pub mod listen;
mod peers;
mod resident;
pub mod run;
pub mod start;
pub mod telemetry;
pub mod tls;
pub mod traces;
pub mod upkeep;
pub mod webhook;
