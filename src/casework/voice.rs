//! What voices about one sender weigh together, and under which of its names.

use std::collections::BTreeMap;

use super::rows::VoiceRow;
use super::trust::groups;
use crate::fax::id::{Pseudonym, ReportId};
use crate::voices::{CROWD, Part};

/// Most that any number of voices can weigh which hang together, in 1/65536: complaint and approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct VoiceCaps {
    /// Complaint.
    pub(crate) bad: u32,
    /// Approval.
    pub(crate) good: u32,
}

/// Apart from each other in the keys, so that neither a crowd nor what is silenced takes the place of who is to be heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// Reporters with earned trust.
    Earned = 0,
    /// Complaints of those without.
    FreshBad = 1,
    /// Approval of those without.
    FreshGood = 2,
    /// What was found wrong.
    Silenced = 3,
}

impl Class {
    pub(crate) const ALL: [Self; 4] =
        [Self::Earned, Self::FreshBad, Self::FreshGood, Self::Silenced];

    /// The class of a row.
    pub(crate) const fn of(row: &VoiceRow) -> Self {
        match (row.silenced.is_some(), row.fresh, row.bad) {
            (true, ..) => Self::Silenced,
            (_, false, _) => Self::Earned,
            (_, true, true) => Self::FreshBad,
            (_, true, false) => Self::FreshGood,
        }
    }

    /// Most voices of the class about one sender that are weighed: those of as many as hang together in no way say all there is to
    /// say, and all who have earned nothing are one voice anyway.
    pub(crate) const fn most(self) -> usize {
        match self {
            Self::Earned => 512,
            Self::FreshBad | Self::FreshGood => 64,
            Self::Silenced => 0,
        }
    }

    /// What the keys of the class begin with.
    pub(crate) fn prefix(self, sender: u64) -> Vec<u8> {
        [&sender.to_be_bytes()[..], &[self as u8]].concat()
    }

    /// The same of one reporter.
    pub(crate) fn prefix_of(self, sender: u64, reporter: Pseudonym) -> Vec<u8> {
        [&self.prefix(sender)[..], &reporter.0].concat()
    }

    /// The key of what a reporter says of a sender with a report.
    pub(crate) fn key(self, sender: u64, (reporter, report): (Pseudonym, ReportId)) -> Vec<u8> {
        [&self.prefix_of(sender, reporter)[..], &report.0].concat()
    }
}

/// Whose voice it is where several senders share a name: those who hang together are one there too, by the first thing that they
/// share.
fn who(row: &VoiceRow) -> u64 {
    let ties = &row.ties;
    let shared = [ties.organisation, ties.payer, ties.network].into_iter().find(|tie| *tie != 0);
    shared.unwrap_or(row.reporter.hot()).max(CROWD)
}

/// The latest that each reporter said and that was not found wrong, in the order of time.
fn latest(rows: &[VoiceRow]) -> Vec<&VoiceRow> {
    let mut latest = BTreeMap::new();
    for row in rows.iter().filter(|row| row.silenced.is_none()) {
        let known = latest.entry(row.reporter).or_insert(row);
        if (row.second, row.report) > (known.second, known.report) {
            *known = row;
        }
    }
    let mut rows: Vec<&VoiceRow> = latest.into_values().collect();
    rows.sort_unstable_by_key(|row| (row.second, row.report));
    rows
}

/// What each name of the sender gets of each voice. Those who hang together are one voice, and all who have earned no trust
/// yet are one more, the earliest first. Depends on the rows and on nothing else, not on their order.
pub(crate) fn parts_of(rows: &[VoiceRow], caps: VoiceCaps) -> Vec<(u64, Part)> {
    let rows = latest(rows);
    // The crowd is a group apart: it must not tie together those who have earned trust, nor use up what they may say.
    let (crowd, earned): (Vec<&VoiceRow>, Vec<&VoiceRow>) =
        rows.into_iter().partition(|row| row.fresh);
    let together = |one: &&VoiceRow, other: &&VoiceRow| one.ties.meet(&other.ties);
    let mut group = groups(&earned, (0..earned.len()).collect(), together);
    group.extend(crowd.iter().map(|_| earned.len()));
    let rows: Vec<&VoiceRow> = earned.into_iter().chain(crowd).collect();
    let mut used = vec![[0_u32; 2]; rows.len() + 1];
    let (mut parts, mut crowds) = (Vec::new(), [0_u64; 2]);
    for (row, group) in rows.iter().zip(group) {
        let cap = if row.bad { caps.bad } else { caps.good };
        let used = &mut used[group][usize::from(row.bad)];
        let weight = row.weight.min(cap.saturating_sub(*used));
        *used += weight;
        if weight == 0 {
            continue;
        }
        let (bad, good) = if row.bad { (weight, 0) } else { (0, weight) };
        let mut who = who(row);
        if row.fresh {
            // The first of each crowd are one under a name that senders share, so are the second, and so on.
            let count = &mut crowds[usize::from(row.bad)];
            who = (*count).min(CROWD - 1);
            *count += 1;
        }
        parts.extend(row.names.iter().map(|(name, share)| {
            // Approval is for all who share a name, complaint for each its share.
            let bad = bad / u32::from((*share).max(1));
            (*name, Part { second: row.second, bad, good, who })
        }));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::super::rows::Ties;
    use super::*;
    use crate::decay::ONE;

    fn row(who: u8, (bad, fresh): (bool, bool), organisation: u64) -> VoiceRow {
        VoiceRow {
            report: ReportId([who; 16]),
            reporter: Pseudonym([who; 16]),
            silenced: None,
            second: who.into(),
            bad,
            weight: ONE,
            fresh,
            ties: Ties { organisation, ..Ties::default() },
            names: vec![(7, 1), (8, 4)],
        }
    }

    #[test]
    fn a_crowd_is_one_voice() {
        let caps = VoiceCaps { bad: ONE, good: 2 * ONE };
        let sum = |rows: &[VoiceRow], name| {
            let parts = parts_of(rows, caps);
            let of = parts.iter().filter(|(of, _)| *of == name);
            of.fold((0, 0), |(good, bad), (_, part)| (good + part.good, bad + part.bad))
        };
        let fresh: Vec<VoiceRow> = (1..100).map(|who| row(who, (true, true), 0)).collect();
        assert_eq!((sum(&fresh, 7), sum(&fresh, 8)), ((0, ONE), (0, ONE / 4)));
        let earned: Vec<VoiceRow> = (1..4).map(|who| row(who, (true, false), 0)).collect();
        assert_eq!(sum(&earned, 7), (0, 3 * ONE));
        let house: Vec<VoiceRow> = (1..4).map(|who| row(who, (true, false), 5)).collect();
        assert_eq!(sum(&house, 7), (0, ONE));
        let mob: Vec<VoiceRow> = (1..100).map(|who| row(who, (false, true), 0)).collect();
        assert_eq!(sum(&mob, 7), (2 * ONE, 0));
        let mut turned = fresh.clone();
        turned.reverse();
        assert_eq!(parts_of(&turned, caps), parts_of(&fresh, caps));
    }

    #[test]
    fn a_reporter_is_the_latest_it_said_and_was_not_wrong_about() {
        let caps = VoiceCaps { bad: ONE, good: 2 * ONE };
        let bad = row(1, (true, false), 0);
        let later = VoiceRow {
            report: ReportId([2; 16]),
            second: 2,
            bad: false,
            weight: 2 * ONE,
            ..bad.clone()
        };
        let both = [later.clone(), bad.clone()];
        assert_eq!(parts_of(&both, caps), parts_of(std::slice::from_ref(&later), caps));
        let wrong = [VoiceRow { silenced: Some([9; 16]), ..later }, bad.clone()];
        assert_eq!(parts_of(&wrong, caps), parts_of(&[bad], caps));
    }
}
