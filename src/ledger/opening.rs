//! A look at content as the journal's table and the ledger keep it.

use crate::content::journal::Opening;
use crate::fax::id::DecisionId;
use crate::store::codec::{put_bytes, take, take_bytes, take_i64, take_u8, take_u64};
use crate::time::Timestamp;
use crate::verdict::ContentPurpose;

const VERSION: u8 = 1;

/// The bytes of one opening.
pub fn encode_opening(opening: &Opening) -> Vec<u8> {
    let mut to = vec![VERSION, opening.purpose as u8];
    to.extend_from_slice(&opening.decision.0);
    to.extend_from_slice(&opening.generation.to_le_bytes());
    to.extend_from_slice(&opening.time.as_micros().to_le_bytes());
    put_bytes(&mut to, opening.actor.as_bytes());
    to
}

/// Reads one back; `None` where the bytes are not of this kind.
pub fn decode_opening(mut bytes: &[u8]) -> Option<Opening> {
    let from = &mut bytes;
    if take_u8(from)? != VERSION {
        return None;
    }
    let purpose = match take_u8(from)? {
        1 => ContentPurpose::Deliver,
        2 => ContentPurpose::Connect,
        3 => ContentPurpose::PreventDisruption,
        _ => return None,
    };
    Some(Opening {
        purpose,
        decision: DecisionId(take(from)?),
        generation: take_u64(from)?,
        time: Timestamp::from_micros(take_i64(from)?),
        actor: String::from_utf8(take_bytes(from)?.to_vec()).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openings_read_back() {
        let opening = Opening {
            decision: DecisionId([3; 16]),
            purpose: ContentPurpose::PreventDisruption,
            actor: "test".into(),
            generation: 1,
            time: Timestamp::from_seconds(5),
        };
        let bytes = encode_opening(&opening);
        assert_eq!(decode_opening(&bytes), Some(opening));
        for length in 0..bytes.len() {
            assert_eq!(decode_opening(&bytes[..length]), None);
        }
    }
}
