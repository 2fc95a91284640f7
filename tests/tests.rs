//! The one integration binary.

mod command_line;
