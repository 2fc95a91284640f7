//! Pages to measure with: made from a seed, written as TIFF-F in every coding, and spoilt as fax lines and scanners spoil
//! them.
//!
//! Nothing here has a sender or a recipient: words are drawn from lists, numbers from the ranges kept for fiction.

pub mod bitmap;
mod canvas;
mod coder;
mod codes;
pub mod distort;
mod face;
pub mod interval;
pub mod layout;
pub mod read;
pub mod template;
mod words;
pub mod write;
