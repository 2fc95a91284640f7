//! Evidence about a sender that is not a stage: a report, the release or rejection of a held fax.

use crate::activity::Observation;
use crate::store::codec::{take_u8, take_u64};

/// Layout of the row.
const VERSION: u8 = 1;

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
}

impl EvidenceRow {
    /// Its bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut to = Vec::with_capacity(128);
        to.push(VERSION);
        to.push(u8::from(self.approved) | u8::from(self.released) << 1);
        to.extend_from_slice(&self.member_key.to_le_bytes());
        to.extend_from_slice(&self.number_key.to_le_bytes());
        to.extend_from_slice(&self.observation.encode());
        to
    }

    /// Reads one back; `None` where the bytes are not of this kind. Bytes behind it are whatever the
    /// report or release keeps for itself.
    pub fn decode(mut bytes: &[u8]) -> Option<Self> {
        let from = &mut bytes;
        if take_u8(from)? != VERSION {
            return None;
        }
        let flags = take_u8(from)?;
        Some(Self {
            approved: flags & 1 != 0,
            released: flags & 2 != 0,
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
        };
        let bytes = row.encode();
        assert_eq!(EvidenceRow::decode(&bytes), Some(row));
        for length in 0..bytes.len() {
            assert_eq!(EvidenceRow::decode(&bytes[..length]), None);
        }
    }
}
