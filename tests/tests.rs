//! The one integration binary.

mod command_line;
mod contract;
mod engine;
mod faults;
mod grpc;
mod report_flow;
mod restart;
mod store_suite;
mod support;
