//! faxguard: screens every fax in an internet fax provider's routing path.

pub mod bounds;
pub mod content;
pub mod decay;
pub mod dense;
pub mod directory;
pub mod fax;
pub mod limiter;
pub mod lists;
pub mod relations;
pub mod store;
pub mod time;
pub mod verdict;
pub mod wire;
