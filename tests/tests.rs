//! The one integration binary.

mod contract;
mod grpc;
mod store_suite;
