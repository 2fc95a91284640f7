//! The one integration binary.

mod architecture;
mod command_line;
mod store_suite;
