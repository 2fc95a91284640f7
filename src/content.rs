//! The only room where a page is ever open.
//!
//! Bytes of a fax stand in a [`sealed::SealedFax`]. What its file says of itself (tags) is metadata and free; a look at
//! the pages takes a [`grant::Grant`], which is made only by writing the journal, is spent by one look, and lets
//! out nothing but numbers.

pub mod fingerprint;
pub mod grant;
pub mod journal;
pub mod sealed;
pub mod tiff;
