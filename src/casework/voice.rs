//! What voices about one sender weigh together, and under which of its names.

use super::rows::VoiceRow;
use super::trust::groups;
use crate::fax::id::Pseudonym;
use crate::voices::Part;

/// Most that any number of voices can weigh which hang together, in 1/65536: complaint and approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct VoiceCaps {
    /// Complaint.
    pub(crate) bad: u32,
    /// Approval.
    pub(crate) good: u32,
}

/// The key of what a reporter says of a sender: those of one sender lie side by side.
pub(crate) fn voice_key(sender: u64, reporter: Pseudonym) -> Vec<u8> {
    [&sender.to_be_bytes()[..], &reporter.0].concat()
}

/// What each name of the sender gets of each voice. Those who hang together are one voice, and all who have earned no trust
/// yet are one more, the earliest first. Depends on the rows and on nothing else, not on their order.
pub(crate) fn parts_of(rows: &[VoiceRow], caps: VoiceCaps) -> Vec<(u64, Part)> {
    let mut rows: Vec<&VoiceRow> = rows.iter().collect();
    rows.sort_unstable_by_key(|row| (row.second, row.report));
    // All fresh ones are one to begin with, so that a crowd of them is not held against itself pair by pair.
    let crowd = rows.iter().position(|row| row.fresh);
    let begin = |(at, row): (usize, &&VoiceRow)| crowd.filter(|_| row.fresh).unwrap_or(at);
    let begun = rows.iter().enumerate().map(begin).collect();
    let together = |one: &&VoiceRow, other: &&VoiceRow| {
        !(one.fresh && other.fresh) && one.ties.meet(&other.ties)
    };
    let group = groups(&rows, begun, together);
    let mut used = vec![[0_u32; 2]; rows.len()];
    let mut parts = Vec::new();
    for (row, group) in rows.iter().zip(group) {
        let cap = if row.bad { caps.bad } else { caps.good };
        let used = &mut used[group][usize::from(row.bad)];
        let weight = row.weight.min(cap.saturating_sub(*used));
        *used += weight;
        if weight == 0 {
            continue;
        }
        let (bad, good) = if row.bad { (weight, 0) } else { (0, weight) };
        parts.extend(row.names.iter().map(|(name, share)| {
            // Approval is for all who share a name, complaint for each its share.
            let bad = bad / u32::from((*share).max(1));
            (*name, Part { second: row.second, bad, good })
        }));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::super::rows::Ties;
    use super::*;
    use crate::decay::ONE;
    use crate::fax::id::ReportId;

    fn row(who: u8, (bad, fresh): (bool, bool), organisation: u64) -> VoiceRow {
        VoiceRow {
            report: ReportId([who; 16]),
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
}
