//! The only room where a page is ever open.

pub mod tiff;
