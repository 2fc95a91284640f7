//! The one integration binary.

mod command_line;
mod contract;
mod golden;
mod grpc;
mod store_suite;
