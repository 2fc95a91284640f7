//! What a fax costs: faxes, pages, seconds on the line, recipients. Estimated when a job comes in, known
//! when it is done.

use crate::bounds::PAGES_MAX;
use crate::fax::stage::{DialOutcome, JobFacts, ReceivedFacts};
use crate::time::Span;
use crate::verdict::Resource;

/// Seconds of a call that carry no page: training, negotiation and goodbye (T.30 phases A, B and E).
pub const HANDSHAKE_SECONDS: u64 = 15;
/// Seconds of a page of unknown size: the usual sheet of text at 14,400 bit/s.
pub const PAGE_SECONDS: u64 = 30;
/// Bytes a second of a page of known size: V.17 at 14,400 bit/s.
pub const LINE_BYTES_A_SECOND: u64 = 1_800;
/// Most seconds one call is estimated at; longer ones pay at the end.
pub const CALL_SECONDS_MAX: u64 = 4 * 3_600;

/// Costs in units of each resource, in the order of [`Resource::ALL`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Costs(pub [u64; Resource::ALL.len()]);

impl Costs {
    /// The cost in one resource.
    #[must_use]
    pub const fn of(self, resource: Resource) -> u64 {
        self.0[resource as usize]
    }

    /// By how much each of them is above another's.
    #[must_use]
    pub fn above(self, other: Self) -> Self {
        Self(std::array::from_fn(|at| self.0[at].saturating_sub(other.0[at])))
    }

    const fn new(faxes: u64, pages: u64, line_seconds: u64, recipients: u64) -> Self {
        Self([faxes, pages, line_seconds, recipients])
    }
}

/// What a job is estimated at: each recipient gets every page once. A job before conversion counts as
/// one page.
#[must_use]
pub fn job(facts: &JobFacts) -> Costs {
    let pages = u64::from(facts.pages.clamp(1, PAGES_MAX));
    let recipients = u64::from(facts.recipients.max(1));
    let on_pages = match facts.bytes {
        0 => pages * PAGE_SECONDS,
        bytes => bytes.div_ceil(LINE_BYTES_A_SECOND),
    };
    let call = on_pages.saturating_add(HANDSHAKE_SECONDS).min(CALL_SECONDS_MAX);
    // All factors are below 2^32, their products fit.
    Costs::new(recipients, pages * recipients, call * recipients, recipients)
}

/// What a job of one page to one number is estimated at: what little is asked for when no fax is at hand.
#[must_use]
pub const fn least() -> Costs {
    Costs::new(1, 1, HANDSHAKE_SECONDS + PAGE_SECONDS, 1)
}

/// What a call for a member is estimated at before it is answered: a fax of one page.
#[must_use]
pub const fn call() -> Costs {
    Costs::new(1, 1, HANDSHAKE_SECONDS + PAGE_SECONDS, 0)
}

/// What one dial of a job did cost. A fax counts when a page arrived; the line counts in any case. The
/// recipients were paid for when the job came in.
#[must_use]
pub fn dial(outcome: DialOutcome, pages: u32, duration: Span) -> Costs {
    let arrived = matches!(outcome, DialOutcome::Sent | DialOutcome::Partial);
    Costs::new(u64::from(arrived), u64::from(pages.min(PAGES_MAX)), line_seconds(duration), 0)
}

/// What a received fax did cost the member it is for.
#[must_use]
pub fn received(facts: &ReceivedFacts) -> Costs {
    let pages = u64::from(facts.pages.min(PAGES_MAX));
    Costs::new(u64::from(pages > 0), pages, line_seconds(facts.duration), 0)
}

/// Begun seconds.
const fn line_seconds(duration: Span) -> u64 {
    duration.as_micros().div_ceil(1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job_of(pages: u32, bytes: u64, recipients: u32) -> Costs {
        job(&JobFacts {
            pages,
            bytes,
            recipients,
            tsi: None,
            header: crate::fax::stage::TextLook::Absent,
            document: 0,
            not_before: None,
        })
    }

    #[test]
    fn a_job_is_estimated_for_every_recipient() {
        for (pages, bytes, recipients, want) in [
            (0, 0, 0, [1, 1, 45, 1]),
            (3, 0, 1, [1, 3, 105, 1]),
            (3, 90_001, 10, [10, 30, 660, 10]),
            (u32::MAX, u64::MAX, 2, [2, 20_000, 28_800, 2]),
        ] {
            assert_eq!(job_of(pages, bytes, recipients).0, want, "{pages} {bytes} {recipients}");
        }
        let most = u64::from(u32::MAX);
        assert_eq!(job_of(1, 0, u32::MAX).of(Resource::LineSeconds), 45 * most);
    }

    #[test]
    fn a_dial_costs_the_line_in_any_case() {
        let voice = dial(DialOutcome::Voice, 0, Span::millis(5_001));
        assert_eq!(voice.0, [0, 0, 6, 0]);
        assert_eq!(dial(DialOutcome::Sent, 4, Span::seconds(90)).0, [1, 4, 90, 0]);
    }
}
