//! The ledger: what was decided, why, under which generation. Explaining, replaying and backtesting read nothing else.

mod evidence;
mod held;
mod names;
mod opening;
mod row;
mod usage;
mod varint;

pub use evidence::{EvidenceRow, Penalty};
pub use held::{HeldFax, HeldState};
pub use names::Names;
pub use opening::{decode_opening, encode_opening};
pub use row::{Noted, PageStats, StageRow, country_key, decode_verdict, encode_verdict};
pub use usage::{Stood, UsageBlock, Use, UseKind, User};
