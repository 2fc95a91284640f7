//! The one integration binary.

mod architecture;
mod command_line;
mod contract;
mod documents;
mod golden;
mod grpc;
mod store_suite;
