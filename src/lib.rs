//! faxguard: screens every fax in an internet fax provider's routing path.

pub mod activity;
pub mod api;
pub mod bounds;
pub mod content;
pub mod decay;
pub mod dense;
pub mod directory;
pub mod fax;
pub mod features;
pub mod lab;
pub mod limiter;
pub mod lists;
pub mod metrics;
pub mod policy;
pub mod relations;
pub mod screening;
pub mod server;
pub mod store;
pub mod time;
pub mod verdict;
pub mod wire;
