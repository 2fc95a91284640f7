//! A stream of stages of any size, for filling an engine and measuring it: no text, no JSON, and
//! nothing on the heap but what an event itself owns.
//!
//! Each sender has one number, one TSI, one trunk of [`TRUNKS`] and one document; senders take turns, so that after
//! [`StreamSpec::senders`] faxes every one has been active. Documents have 1 to 12 pages of 8 to 64 kB, even by the
//! logarithm: were they all alike, every fax would look like part of one campaign. One in eight senders sends junk: its
//! document is one short page, and its faxes go to numbers in a row. Numbers are synthetic: North American in
//! form, ours in area codes 212 to 236, the senders' in 620 to 644; they stand for nobody.

use crate::fax::id::{DecisionId, Pseudonym};
use crate::fax::ident::Ident;
use crate::fax::number::{Claimed, Number};
use crate::fax::stage::{
    Attestation, Caller, PageCoding, Parties, ReceiveOutcome, ReceivedFacts, Session, Stage,
    StageEvent, StageKind, StageSet, TextLook,
};
use crate::time::{Span, Timestamp};

/// What to stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamSpec {
    /// Different senders, 1 to 100,000,000.
    pub senders: u32,
    /// Our numbers, 1 to 100,000,000.
    pub dids: u32,
    /// Seed.
    pub seed: u64,
    /// Time of the first stage.
    pub start: Timestamp,
    /// From one fax to the next.
    pub step: Span,
    /// The node that reports them.
    pub node: Pseudonym,
}

/// Trunks that calls come on.
pub const TRUNKS: u8 = 16;

/// Stages of one fax in the stream: call offered, handshake, received.
pub const STAGES: u64 = 3;

const CAPABILITIES: StageSet =
    StageSet(0).with(StageKind::CallOffered).with(StageKind::Handshake).with(StageKind::Received);

/// Most senders or numbers of ours: the size of one of the two blocks below.
const BLOCK: u32 = 100_000_000;

/// The stages of `spec`, without end. Clocks of all stages rise.
pub fn stream(spec: StreamSpec) -> impl Iterator<Item = StageEvent> {
    (0_u64..).map(move |at| event(&spec, at))
}

/// The stage at that position of the stream.
fn event(spec: &StreamSpec, at: u64) -> StageEvent {
    let (fax, stage) = (at / STAGES, at % STAGES);
    let senders = u64::from(spec.senders.clamp(1, BLOCK));
    let sender = fax % senders;
    let junk = mix(spec.seed, sender).is_multiple_of(8);
    let elapsed =
        spec.step.as_micros().saturating_mul(fax) + spec.step.as_micros() / STAGES * stage;
    StageEvent {
        decision: decision(mix(spec.seed, fax), fax),
        request: mix(!spec.seed, at),
        node: spec.node,
        time: spec.start.plus(Span::micros(elapsed)),
        parties: (stage == 0).then(|| Parties::Inbound {
            caller: Caller::Number(Claimed::new(sender_number(sender))),
            did: did(spec, sender, fax / senders, junk),
            trunk: Some(trunk(mix(spec.seed.rotate_left(29), sender))),
        }),
        member: None,
        stage: facts(spec, sender, stage, junk),
        capabilities: CAPABILITIES,
        unscored: 0,
    }
}

fn trunk(drawn: u64) -> Pseudonym {
    let mut bytes = [0x77; 16];
    // The leading bits of a pseudonym are as good as random: here they spread sixteen trunks.
    bytes[0] = u8::try_from(drawn % u64::from(TRUNKS)).unwrap_or(0).wrapping_mul(0x1d);
    Pseudonym(bytes)
}

fn decision(high: u64, low: u64) -> DecisionId {
    let mut bytes = [0; 16];
    let (left, right) = bytes.split_at_mut(8);
    left.copy_from_slice(&high.to_be_bytes());
    right.copy_from_slice(&low.to_be_bytes());
    DecisionId(bytes)
}

fn facts(spec: &StreamSpec, sender: u64, stage: u64, junk: bool) -> Stage {
    let drawn = mix(spec.seed.rotate_left(17), sender);
    let spread = u32::try_from(drawn % 8_000).unwrap_or(0);
    let (pages, page_bytes) = if junk {
        (1, 1_030 + spread % 1_000)
    } else {
        let pages = 1 + u32::try_from(drawn / 8_000 % 12).unwrap_or(0);
        (pages, (8_000 + spread) << (drawn / 96_000 % 3))
    };
    match stage {
        0 => Stage::CallOffered {
            caller_name: TextLook::Absent,
            attestation: if junk { Attestation::C } else { Attestation::A },
            diverted: false,
            restricted: false,
        },
        1 => Stage::Handshake(Session {
            tsi: Claimed::new(tsi(sender)),
            sub_address: TextLook::Absent,
            rate_bps: 14_400,
            horizontal_dpi: 204,
            vertical_dpi: 98,
            width_px: 1_728,
            coding: PageCoding::Mmr,
            ecm: true,
            color: false,
            unlimited_length: false,
            retrains: 0,
        }),
        _ => Stage::Received(ReceivedFacts {
            outcome: ReceiveOutcome::Complete,
            pages,
            bytes: u64::from(page_bytes) * u64::from(pages),
            duration: Span::millis(
                u64::from(pages) * super::shape::page_millis(page_bytes, 14_400),
            ),
            session: None,
            page_bytes: Vec::new(),
            rows_max: 1_146,
            bad_rows: 0,
        }),
    }
}

/// Area code of the first sender; a hundred million need 25 codes, none of which ends in 11.
const SENDER_AREA: u64 = 620;
/// Area code of our first number.
const DID_AREA: u64 = 212;

/// Lines 0000 to 9999 of exchanges 500 to 899 of one area code after the other.
fn number(area: u64, at: u64) -> Number {
    const LINES: u64 = 10_000;
    const EXCHANGES: u64 = 400;
    let (line, exchange, code) = (at % LINES, at / LINES % EXCHANGES, at / LINES / EXCHANGES);
    let digits = (1_000 + area + code) * 10_000_000 + (500 + exchange) * LINES + line;
    let Some(number) = Number::from_value(digits) else {
        unreachable!("eleven digits are an E.164 number")
    };
    number
}

/// One of our numbers in the stream, 0 to 99,999,999.
#[must_use]
pub fn own_number(at: u32) -> Number {
    number(DID_AREA, at.into())
}

fn sender_number(sender: u64) -> Number {
    number(SENDER_AREA, sender)
}

/// Junk goes to numbers in a row, a wanted fax back to the sender's few.
fn did(spec: &StreamSpec, sender: u64, round: u64, junk: bool) -> Number {
    let dids = u64::from(spec.dids.clamp(1, BLOCK));
    let home = mix(spec.seed ^ 0x5bd1_e995, sender);
    let at = if junk { home.wrapping_add(round) } else { home.wrapping_add(round % 3 * 7_919) };
    number(DID_AREA, at % dids)
}

/// The sender's number as twenty bytes of T.30 text, made without the heap.
fn tsi(sender: u64) -> Ident {
    let mut text = *b"+00000000000";
    let mut left = sender_number(sender).value();
    for digit in text[1..].iter_mut().rev() {
        *digit = b'0' + u8::try_from(left % 10).unwrap_or(0);
        left /= 10;
    }
    Ident::read(&text)
}

/// SplitMix64 (Steele, Lea, Flood 2014) of a seed and a position: a good hash in three multiplications.
const fn mix(seed: u64, at: u64) -> u64 {
    let mut z = seed.wrapping_add(at.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn spec(senders: u32) -> StreamSpec {
        StreamSpec {
            senders,
            dids: 1_000,
            seed: 4,
            start: Timestamp::from_seconds(1_000),
            step: Span::millis(3),
            node: Pseudonym([2; 16]),
        }
    }

    #[test]
    fn every_sender_is_active_once_a_round_and_time_never_falls() {
        let events: Vec<_> = stream(spec(500)).take(500 * 3).collect();
        let callers: HashSet<_> = events
            .iter()
            .filter_map(|event| match event.parties {
                Some(Parties::Inbound { caller, .. }) => caller.number(),
                Some(Parties::Outbound { .. }) | None => None,
            })
            .collect();
        assert_eq!(callers.len(), 500);
        assert!(events.is_sorted_by_key(|event| event.time));
        let requests: HashSet<_> = events.iter().map(|event| event.request).collect();
        assert_eq!(requests.len(), events.len());
        let decisions: HashSet<_> = events.iter().map(|event| event.decision).collect();
        assert_eq!(decisions.len(), 500);
        assert!(events.chunks(3).all(|fax| fax[0].parties.is_some() && fax[1].parties.is_none()));
    }

    #[test]
    fn the_stream_is_the_same_every_time() {
        let one: Vec<_> = stream(spec(7)).take(100).collect();
        assert!(one == stream(spec(7)).take(100).collect::<Vec<_>>());
        let other = StreamSpec { seed: 5, ..spec(7) };
        assert!(one != stream(other).take(100).collect::<Vec<_>>());
    }

    #[test]
    fn the_largest_stream_has_numbers_for_all() {
        for at in [0, 1, 999_999, 99_999_999] {
            for number in [number(SENDER_AREA, at), number(DID_AREA, at)] {
                assert_eq!(number.e164().len(), 12);
                assert!(number.e164().starts_with("+1"));
            }
        }
        assert!(sender_number(99_999_999).value() > number(DID_AREA, 99_999_999).value());
        assert_ne!(number(DID_AREA, 99_999_999), sender_number(0));
    }
}
