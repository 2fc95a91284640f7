//! The one integration binary.

mod architecture;
mod command_line;
mod contract;
mod documents;
mod engine;
mod faults;
mod golden;
mod grpc;
mod node;
mod report_flow;
mod restart;
mod store_suite;
mod support;
