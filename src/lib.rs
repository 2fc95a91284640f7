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
pub mod held;
pub mod lab;
pub mod ledger;
pub mod limiter;
pub mod lists;
pub mod memory;
pub mod metrics;
pub mod operator;
pub mod policy;
pub mod relations;
pub mod reports;
pub mod screening;
pub mod server;
pub mod store;
pub mod time;
pub mod verdict;
pub mod wire;
