//! A quota as its limit says it: units that come back evenly over a period, and how much can be had at once.

use crate::time::Span;

/// One limit, in units of its resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Units in a period; 0 gives nothing back, ever.
    pub rate: u64,
    /// The period; a period of zero gives everything back at once.
    pub period: Span,
    /// The most that can be had at once.
    pub burst: u64,
}
