//! Evidence about a sender that is not a stage: a report, the release or rejection of a held fax.

use crate::activity::Observation;
use crate::fax::stage::Plan;
use crate::store::codec::{take_u8, take_u64};

/// Layout of the row.
const VERSION: u8 = 1;
/// The same with a penalty behind the flags.
const WITH_PENALTY: u8 = 2;

/// What was said, and what the counters got for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EvidenceRow {
    /// Approval or complaint, and whom it is about.
    pub observation: Observation,
    /// Hot key of the member who said it.
    pub member_key: u64,
    /// Hot key of the other number.
    pub number_key: u64,
    /// The member approves: faxes from the number are correspondence from now on.
    pub approved: bool,
    /// A held fax was released: a false positive.
    pub released: bool,
    /// Somebody complained, which is weighed elsewhere: fingerprints of the sender are worth asking for.
    pub complained: bool,
    /// What it takes off the weight of the member who sent the fax.
    pub penalty: Penalty,
}

/// What a verdict on abuse takes off the weight of who sent a fax, where that is the member of the row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Penalty {
    /// In sixteenths of a halving; 0 is none.
    pub sixteenths: u8,
    /// The member's plan when the fax was judged.
    pub plan: Plan,
}

impl Penalty {
    /// That of a verdict on the sender that was confirmed, by so much of a complaint in 1/65536: a whole one halves the weight.
    #[must_use]
    pub fn of_verdict(weight: u32, plan: Plan) -> Self {
        let sixteenths = u8::try_from(weight.div_ceil(1 << 12)).unwrap_or(u8::MAX);
        Self { sixteenths, plan }
    }

    /// That of a report, which nobody has confirmed: a quarter of it, so that four whole ones are a verdict and no one alone is.
    #[must_use]
    pub fn of_report(weight: u32, plan: Plan) -> Self {
        Self::of_verdict(weight.div_ceil(4), plan)
    }
}

impl EvidenceRow {
    /// Its bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut to = Vec::with_capacity(128);
        let Penalty { sixteenths, plan } = self.penalty;
        to.push(if sixteenths == 0 { VERSION } else { WITH_PENALTY });
        to.push(
            u8::from(self.approved) | u8::from(self.released) << 1 | u8::from(self.complained) << 2,
        );
        if sixteenths > 0 {
            to.extend_from_slice(&[sixteenths, plan as u8]);
        }
        to.extend_from_slice(&self.member_key.to_le_bytes());
        to.extend_from_slice(&self.number_key.to_le_bytes());
        to.extend_from_slice(&self.observation.encode());
        to
    }

    /// Reads one back; `None` where the bytes are not of this kind. Bytes behind it are whatever the
    /// report or release keeps for itself.
    pub fn decode(mut bytes: &[u8]) -> Option<Self> {
        let from = &mut bytes;
        let version = take_u8(from)?;
        let flags = take_u8(from)?;
        let penalty = match version {
            VERSION => Penalty::default(),
            WITH_PENALTY => {
                Penalty { sixteenths: take_u8(from)?, plan: Plan::from_code(take_u8(from)?)? }
            }
            _ => return None,
        };
        Some(Self {
            penalty,
            approved: flags & 1 != 0,
            released: flags & 2 != 0,
            complained: flags & 4 != 0,
            member_key: take_u64(from)?,
            number_key: take_u64(from)?,
            observation: Observation::decode(from)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_back() {
        let row = EvidenceRow {
            observation: Observation { second: 5, bad: 7, ..Observation::default() },
            member_key: 1,
            number_key: 2,
            approved: false,
            released: true,
            complained: true,
            penalty: Penalty::default(),
        };
        for penalty in [Penalty::default(), Penalty::of_verdict(20_000, Plan::Plus)] {
            let row = EvidenceRow { penalty, ..row };
            let bytes = row.encode();
            assert_eq!(EvidenceRow::decode(&bytes), Some(row));
            for length in 0..bytes.len() {
                assert_eq!(EvidenceRow::decode(&bytes[..length]), None);
            }
        }
    }

    #[test]
    fn a_whole_complaint_halves_and_a_part_of_one_takes_its_part() {
        for (weight, sixteenths) in [(0, 0), (1, 1), (16_384, 4), (65_536, 16), (u32::MAX, 255)] {
            assert_eq!(Penalty::of_verdict(weight, Plan::Free).sixteenths, sixteenths);
        }
        for (weight, sixteenths) in [(0, 0), (16_384, 1), (65_536, 4)] {
            assert_eq!(Penalty::of_report(weight, Plan::Free).sixteenths, sixteenths);
        }
    }
}
