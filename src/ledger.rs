//! The ledger: what was decided, why, under which generation. Explaining, replaying and backtesting read nothing else.

mod names;
mod row;
mod varint;

pub use names::{Names, RULES, digest};
pub use row::{PageStats, StageRow};
