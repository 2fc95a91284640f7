//! The one integration binary.

mod command_line;
mod store_suite;
