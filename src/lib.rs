//! faxguard: screens every fax in an internet fax provider's routing path.

pub mod bounds;
pub mod time;
pub mod fax;
pub mod content;
pub mod lab;
pub mod store;
pub mod verdict;
pub mod wire;
