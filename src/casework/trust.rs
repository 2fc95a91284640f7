//! What a reporter has earned, and who of them are independent of each other.
//!
//! Trust is the 5 % lower bound of the share of a reporter's reports that are upheld: of the distribution Beta(1 + upheld,
//! 2 + unfounded), whose prior expects one in three. Little history gives little trust, whatever it says: none 0.025, three
//! upheld 0.34, ten 0.66, three unfounded 0.01. History fades by half in some months.

use super::rows::{LinkRow, OutcomeRow, Ties};
use crate::decay::{ONE, decayed};
use crate::time::Timestamp;

/// Most outcomes of a kind that tell a difference.
const OUTCOMES_MAX: u32 = 60;
/// Probability that the share is below the bound, in thousandths.
const BELOW_MILLI: f64 = 50.0;
/// Reports within so many seconds of each other hang together.
const TOGETHER_SECONDS: u32 = 2;

/// What became of a reporter's reports, faded by time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Cases in which the reporter was right, rounded.
    pub upheld: u32,
    /// Cases in which it was wrong, rounded.
    pub unfounded: u32,
}

impl Record {
    /// The record that outcomes make.
    pub(crate) fn of<'a>(
        outcomes: impl IntoIterator<Item = &'a OutcomeRow>,
        now: Timestamp,
        half_life_seconds: u64,
    ) -> Self {
        let mut sums = [0_u32; 2];
        for outcome in outcomes {
            let left = decayed(ONE, now.since(outcome.at).as_seconds(), half_life_seconds);
            let sum = &mut sums[usize::from(outcome.upheld)];
            *sum = sum.saturating_add(left);
        }
        let [unfounded, upheld] = sums.map(|sum| (sum + ONE / 2) / ONE);
        Self { upheld, unfounded }
    }

    /// Trust, in thousandths.
    #[must_use]
    pub fn trust_milli(self) -> u32 {
        lower_bound_milli(self.upheld.min(OUTCOMES_MAX), self.unfounded.min(OUTCOMES_MAX))
    }
}

/// The largest number of thousandths below which a Beta(1 + upheld, 2 + unfounded) lies with a probability of at most 5 %. Its
/// distribution is that of a sum of coin tosses (DLMF 8.17.5), so that the four operations suffice, which are exact to the bit
/// everywhere.
fn lower_bound_milli(upheld: u32, unfounded: u32) -> u32 {
    let (mut low, mut high) = (0, 1_000);
    while low + 1 < high {
        let middle = u32::midpoint(low, high);
        if below(upheld, unfounded, f64::from(middle) / 1_000.0) * 1_000.0 <= BELOW_MILLI {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

/// Probability that Beta(1 + upheld, 2 + unfounded) is at most x: that of n = 2 + upheld + unfounded tosses with chance x
/// more than `upheld` succeed.
fn below(upheld: u32, unfounded: u32, x: f64) -> f64 {
    let tosses = 2 + upheld + unfounded;
    let mut term = (0..tosses).fold(1.0, |product: f64, _| product * (1.0 - x));
    let mut none_more = 0.0;
    for successes in 0..=upheld {
        none_more += term;
        let more = f64::from(tosses - successes) / f64::from(successes + 1);
        term *= more * x / (1.0 - x);
    }
    1.0 - none_more
}

impl Ties {
    /// Whether two reporters share something that independent ones do not.
    #[must_use]
    pub fn meet(&self, other: &Self) -> bool {
        let of =
            |ties: &Self| [ties.organisation, ties.payer, ties.network, ties.text, ties.cohort];
        of(self).into_iter().zip(of(other)).any(|(one, other)| one != 0 && one == other)
    }
}

/// Which group each of some is in, by number: those who hang together, if only through others, are in one. `group` is what they
/// are in to begin with.
pub(crate) fn groups<T>(
    all: &[T],
    mut group: Vec<usize>,
    together: impl Fn(&T, &T) -> bool,
) -> Vec<usize> {
    for one in 0..all.len() {
        for other in 0..one {
            let (a, b) = (group[one], group[other]);
            if a != b && together(&all[one], &all[other]) {
                let (low, high) = (a.min(b), a.max(b));
                group.iter_mut().filter(|of| **of == high).for_each(|of| *of = low);
            }
        }
    }
    group
}

/// What the reports of reporters with earned trust weigh: of each independent group its sum, up to a cap. With the number of
/// groups.
pub(crate) fn weigh_groups(links: &[LinkRow], cap_milli: u32) -> (u32, u32) {
    let together = |one: &LinkRow, other: &LinkRow| {
        one.reporter == other.reporter
            || one.ties.meet(&other.ties)
            || one.second.abs_diff(other.second) <= TOGETHER_SECONDS
    };
    let group = groups(links, (0..links.len()).collect(), together);
    let mut sums = vec![0_u32; links.len()];
    for (link, group) in links.iter().zip(group) {
        sums[group] = sums[group].saturating_add(link.weight_milli);
    }
    let spoken = sums.iter().filter(|sum| **sum > 0);
    let count = u32::try_from(spoken.clone().count()).unwrap_or(u32::MAX);
    (spoken.map(|sum| (*sum).min(cap_milli)).sum(), count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::casework::words::ReportCategory;
    use crate::fax::id::Pseudonym;

    #[test]
    fn trust_is_the_lower_bound_of_the_beta_distribution() {
        for (upheld, unfounded, milli) in [
            (0, 0, 25),
            (1, 0, 135),
            (3, 0, 342),
            (10, 0, 661),
            (20, 0, 802),
            (20, 5, 608),
            (0, 3, 10),
        ] {
            let trust = Record { upheld, unfounded }.trust_milli();
            assert!(trust.abs_diff(milli) <= 1, "{upheld} {unfounded}: {trust}");
        }
        let most = Record { upheld: u32::MAX, unfounded: u32::MAX }.trust_milli();
        assert!((400..500).contains(&most), "{most}");
    }

    #[test]
    fn a_record_fades() {
        let at = Timestamp::from_seconds;
        let outcome = |upheld, second| OutcomeRow { upheld, at: at(second), gravity: 1 };
        let all = [outcome(true, 0), outcome(true, 0), outcome(false, 0)];
        let day = 86_400;
        let record = |days: i64| Record::of(&all, at(days * 86_400), 10 * day);
        assert_eq!(record(0), Record { upheld: 2, unfounded: 1 });
        assert_eq!(record(11), Record { upheld: 1, unfounded: 0 });
        assert_eq!(record(1_000), Record::default());
    }

    fn link(who: u8, second: u32, weight_milli: u32, ties: Ties) -> LinkRow {
        LinkRow {
            reporter: Pseudonym([who; 16]),
            category: ReportCategory::JunkFax,
            decision: None,
            second,
            weight_milli,
            ties,
            heard_milli: 0,
            sender: 0,
            campaign: None,
            silenced: false,
        }
    }

    #[test]
    fn who_hangs_together_counts_as_one() {
        let tie = |organisation, network| Ties { organisation, network, ..Ties::default() };
        let links = [
            link(1, 10, 800, tie(5, 0)),
            link(2, 20, 800, tie(5, 7)),
            link(3, 30, 800, tie(0, 7)),
            link(4, 40, 500, tie(0, 0)),
            link(5, 42, 400, tie(0, 0)),
            link(6, 60, 0, tie(0, 0)),
        ];
        let alone = (0..links.len()).collect();
        let tied = groups(&links, alone, |a, b| a.ties.meet(&b.ties));
        assert_eq!(tied, [0, 0, 0, 3, 4, 5]);
        assert_eq!(weigh_groups(&links, 1_000), (1_900, 2));
        assert_eq!(weigh_groups(&[], 1_000), (0, 0));
    }
}
