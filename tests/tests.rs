//! The one integration binary.

mod contract;
mod store_suite;
