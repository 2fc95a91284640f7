//! A held fax as the desk's table keeps it. The key leads with the state and the deadline, so that what waits is
//! found in the order in which it falls due, however many there are.

use super::row::StageRow;
use crate::activity::Observation;
use crate::fax::id::{DecisionId, Pseudonym};
use crate::store::codec::{put_bytes, take, take_bytes, take_i64, take_option, take_u8, take_u64};
use crate::store::{TableId, TableWrite};
use crate::time::Timestamp;
use crate::verdict::{Action, Score};

const VERSION: u8 = 1;

/// Where a held fax stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum HeldState {
    /// Waiting for its deadline or a decision.
    Waiting = 1,
    /// Released: deliver it or send it.
    Released = 2,
    /// Rejected: do not.
    Rejected = 3,
    /// The deadline passed: deliver it tagged.
    DeliveredTagged = 4,
    /// The deadline passed: refused with notice.
    RefusedWithNotice = 5,
}

impl HeldState {
    /// Every state, in the order of their codes.
    pub const ALL: [Self; 5] = [
        Self::Waiting,
        Self::Released,
        Self::Rejected,
        Self::DeliveredTagged,
        Self::RefusedWithNotice,
    ];

    /// The state with that code.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|state| *state as u8 == code)
    }
}

/// A held fax.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldFax {
    /// The decision that held it.
    pub decision: DecisionId,
    /// Where it stands.
    pub state: HeldState,
    /// What held it: quarantine or hold.
    pub action: Action,
    /// Since when.
    pub held: Timestamp,
    /// Until when.
    pub deadline: Timestamp,
    /// When it was decided.
    pub decided: Option<Timestamp>,
    /// Who decided; empty for the deadline.
    pub author: String,
    /// Score of the verdict.
    pub score: Score,
    /// Hot key of the member.
    pub member_key: u64,
    /// The called number or the recipient.
    pub number: Pseudonym,
    /// Whom the counters know it by, for what the decision proves.
    pub observation: Observation,
}

impl HeldFax {
    /// A fax that is held from now on.
    pub fn waiting(
        row: &StageRow,
        decision: DecisionId,
        now: Timestamp,
        deadline: Timestamp,
    ) -> Self {
        Self {
            decision,
            state: HeldState::Waiting,
            action: row.verdict.action,
            held: now,
            deadline,
            decided: None,
            author: String::new(),
            score: row.verdict.score,
            member_key: row.member_key,
            number: row.number,
            observation: row.observation,
        }
    }

    /// Key of its row: state, deadline, decision.
    pub fn key(&self) -> Vec<u8> {
        Self::key_of(self.state, self.deadline, self.decision)
    }

    /// Key of the row of a fax in that state with that deadline.
    pub fn key_of(state: HeldState, deadline: Timestamp, decision: DecisionId) -> Vec<u8> {
        let deadline = deadline.as_micros().max(0).to_be_bytes();
        [&[state as u8][..], &deadline, &decision.0].concat()
    }

    /// Puts its row; what waits does not expire.
    pub fn write(&self, expires: Option<Timestamp>) -> TableWrite {
        let (table, key, value) = (TableId::HeldFaxes, self.key(), self.encode());
        TableWrite::Put { table, key, value, expires, subject_key: None }
    }

    /// Deletes its row.
    pub fn delete(&self) -> TableWrite {
        TableWrite::Delete { table: TableId::HeldFaxes, key: self.key() }
    }

    fn encode(&self) -> Vec<u8> {
        let mut to = Vec::with_capacity(192);
        to.extend_from_slice(&[VERSION, self.state as u8, self.action as u8]);
        to.extend_from_slice(&self.decision.0);
        to.extend_from_slice(&self.held.as_micros().to_le_bytes());
        to.extend_from_slice(&self.deadline.as_micros().to_le_bytes());
        let decided = self.decided.map(|decided| decided.as_micros().to_le_bytes());
        crate::store::codec::put_option(&mut to, decided);
        put_bytes(&mut to, self.author.as_bytes());
        to.extend_from_slice(&i64::from(self.score.0).to_le_bytes());
        to.extend_from_slice(&self.member_key.to_le_bytes());
        to.extend_from_slice(&self.number.0);
        to.extend_from_slice(&self.observation.encode());
        to
    }

    /// Reads a row's value; `None` where the bytes are not of this kind.
    pub fn decode(mut bytes: &[u8]) -> Option<Self> {
        let from = &mut bytes;
        if take_u8(from)? != VERSION {
            return None;
        }
        let state = take_u8(from)?;
        Some(Self {
            state: HeldState::from_code(state)?,
            action: Action::from_code(take_u8(from)?)?,
            decision: DecisionId(take(from)?),
            held: Timestamp::from_micros(take_i64(from)?),
            deadline: Timestamp::from_micros(take_i64(from)?),
            decided: take_option(from, take_i64)?.map(Timestamp::from_micros),
            author: String::from_utf8(take_bytes(from)?.to_vec()).ok()?,
            score: Score(i32::try_from(take_i64(from)?).ok()?),
            member_key: take_u64(from)?,
            number: Pseudonym(take(from)?),
            observation: Observation::decode(from)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_back_and_sorts_by_deadline() {
        let held = HeldFax {
            decision: DecisionId([9; 16]),
            state: HeldState::Waiting,
            action: Action::Hold,
            held: Timestamp::from_seconds(1),
            deadline: Timestamp::from_seconds(500),
            decided: Some(Timestamp::from_seconds(3)),
            author: "desk".into(),
            score: Score(2_345),
            member_key: 4,
            number: Pseudonym([5; 16]),
            observation: Observation { second: 6, ..Observation::default() },
        };
        assert_eq!(HeldFax::decode(&held.encode()), Some(held.clone()));
        let later = HeldFax { deadline: Timestamp::from_seconds(501), ..held.clone() };
        assert!(held.key() < later.key());
        let decided = HeldFax { state: HeldState::Released, ..held.clone() };
        assert!(later.key() < decided.key());
        let bytes = held.encode();
        for length in 0..bytes.len() {
            assert_eq!(HeldFax::decode(&bytes[..length]), None);
        }
    }
}
