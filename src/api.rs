//! The wall: the only server-side room that knows generated types. Everything from outside is read here
//! once, into types that cannot be wrong, and every answer is put back into the contract's words.

pub mod abuse;
pub mod caller;
pub mod convert;
pub mod desk;
pub mod engine;
pub mod grpc;
pub mod guard;
pub mod http;
pub mod limit_desk;
pub mod live;
pub mod outbox;
pub mod rate_desk;
pub mod status;
pub mod trace;
pub mod tuning_desk;

pub use crate::wire::DESCRIPTOR_SET;
