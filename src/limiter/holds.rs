//! Wrong holds of a member, by which its false-positive budget is counted. Few members have any.

use crate::decay::{DecayedSet, ONE};
use crate::store::codec::{take_u8, take_u32};
use crate::store::hot::HotValue;
use crate::time::{Span, Timestamp};

/// Faxes of or for a member that were held and should not have been. 8 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WrongHolds(DecayedSet<1>);

/// Version of the encoding.
const VERSION: u8 = 1;

impl WrongHolds {
    /// Notes one. `window` is that of the false-positive budget.
    pub fn note(&mut self, now: Timestamp, window: Span) {
        self.0.add(0, ONE, now, window);
    }

    /// Takes back a note of a moment ago.
    pub fn take_back(&mut self, now: Timestamp, window: Span) {
        self.0.change(0, now, window, |count| count.saturating_sub(ONE));
    }

    /// How many there were lately, decayed by half in a window, rounded to the nearest: after a window two count as one.
    #[must_use]
    pub fn count(&self, now: Timestamp, window: Span) -> u32 {
        let [count] = self.0.values(now, window);
        count.saturating_add(ONE / 2) / ONE
    }
}

impl HotValue for WrongHolds {
    fn encode(&self, to: &mut Vec<u8>) {
        to.push(VERSION);
        let ([count], at) = self.0.parts();
        [count, at].iter().for_each(|word| to.extend_from_slice(&word.to_le_bytes()));
    }

    fn decode(from: &mut &[u8]) -> Option<Self> {
        if take_u8(from)? != VERSION {
            return None;
        }
        let count = take_u32(from)?;
        Some(Self(DecayedSet::from_parts([count], take_u32(from)?)))
    }

    /// To within a 256th of a half-life.
    fn last_touched(&self) -> u32 {
        self.0.parts().1
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::time::DAY_SECONDS;

    proptest! {
        #[test]
        fn they_read_back_and_any_bytes_are_answered(
            notes in prop::collection::vec((0_u64..86_400, 0_i64..1 << 50), 0..20),
            cut: prop::sample::Index,
        ) {
            let mut holds = WrongHolds::default();
            for (window, time) in notes {
                holds.note(Timestamp::from_micros(time), Span::seconds(window));
            }
            let mut bytes = Vec::new();
            holds.encode(&mut bytes);
            prop_assert_eq!(WrongHolds::decode(&mut bytes.as_slice()), Some(holds));
            bytes.truncate(cut.index(bytes.len()));
            prop_assert_eq!(WrongHolds::decode(&mut bytes.as_slice()), None);
        }
    }

    #[test]
    fn wrong_holds_fade() {
        let mut holds = WrongHolds::default();
        let day = |day: u64| {
            Timestamp::from_seconds(1_700_000_000).plus(Span::seconds(day * DAY_SECONDS))
        };
        let window = Span::seconds(7 * DAY_SECONDS);
        holds.note(day(0), window);
        holds.note(day(0), window);
        for (at, want) in [(0, 2), (2, 2), (4, 1), (20, 0)] {
            assert_eq!(holds.count(day(at), window), want, "{at}");
        }
        holds.take_back(day(0), window);
        assert_eq!(holds.count(day(0), window), 1);
        assert!(holds.last_touched() >= 1_700_000_000 - 604_800 / 256);
        assert_eq!(size_of::<WrongHolds>(), 8);
    }
}
