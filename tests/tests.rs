//! The one integration binary.

mod command_line;
mod contract;
mod grpc;
mod store_suite;
