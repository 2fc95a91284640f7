//! Answers put straight into bytes, the very bytes that the contract's own codec would put. Every stage is answered: messages that
//! were made only to be encoded, a piece of memory for each text in them, took a fifth of the time of a streamed verdict.

use prost::encoding::{
    WireType, double, encode_key, encode_varint, encoded_len_varint, int32, message, uint64,
};

use super::read::{span_to_wire, time_to_wire};
use super::verdict::{
    Words, code, degradation, limits, quota, refuse, share_status, with_condition, with_evidence,
};
use crate::time::Span;
use crate::verdict::{Bounds, Counterfactual, Hit, Verdict};
use crate::wire::screening::v1 as wire;

/// Bytes of a key of the contract: every tag here is below 16, but for the last three of a verdict.
const KEY_BYTES: usize = 1;
/// Bytes of a decision's id.
const ID_BYTES: usize = 32;

/// What is told of a stage.
#[derive(Clone, Copy)]
pub struct Telling<'a> {
    /// The request that is answered.
    pub request_id: &'a str,
    /// The answer.
    pub verdict: &'a Verdict,
    /// The words for it.
    pub words: Words<'a>,
    /// The keys that fingerprints are wanted under.
    pub keys: &'a [wire::FingerprintKey],
}

impl Telling<'_> {
    /// Puts a `ScreenFaxResponse`.
    pub fn put_response(&self, to: &mut Vec<u8>) {
        let start = to.len();
        put_verdict(self, to);
        behind(to, start, |verdict, to| self.put_ids(verdict, to));
    }

    /// Puts one of the `results` of a `StreamScreenFaxResponse`.
    pub fn put_result(&self, to: &mut Vec<u8>) {
        let start = to.len();
        put_verdict(self, to);
        behind(to, start, |verdict, to| {
            let ids = texts_bytes(self.request_id.len()) + text_bytes(ID_BYTES);
            let response = ids + text_bytes(verdict);
            put_head(1, text_bytes(response), to);
            put_head(1, response, to);
            self.put_ids(verdict, to);
        });
    }

    /// Puts what stands in a response before the bytes of its verdict.
    fn put_ids(&self, verdict: usize, to: &mut Vec<u8>) {
        put_text(1, &[self.request_id], to);
        put_head(2, ID_BYTES, to);
        to.extend_from_slice(&self.verdict.decision.digits());
        put_head(3, verdict, to);
    }
}

/// Puts the head of what stands from `start` on before it: how long a message is, is known when it has been put.
fn behind(to: &mut Vec<u8>, start: usize, head: impl FnOnce(usize, &mut Vec<u8>)) {
    let end = to.len();
    head(end - start, to);
    let head = to.len() - end;
    if let Some(whole) = to.get_mut(start..) {
        whole.rotate_right(head);
    }
}

/// Puts the fields of a `Verdict` in the order of their tags; what is zero or empty is not put.
fn put_verdict(telling: &Telling<'_>, to: &mut Vec<u8>) {
    let Telling { verdict, words, keys, .. } = telling;
    put_code(1, verdict.action as u8, to);
    let score = verdict.score.probability();
    if score != 0.0 {
        double::encode(2, &score, to);
    }
    put_milli(3, verdict.score.0, to);
    verdict.hits.iter().for_each(|hit| put_hit(hit, words, to));
    put_code(5, verdict.stage as u8, to);
    if verdict.generation != 0 {
        uint64::encode(6, &verdict.generation, to);
    }
    verdict.counterfactuals.iter().for_each(|other| put_counterfactual(other, to));
    if verdict.reuse > Span::default() {
        message::encode(8, &span_to_wire(verdict.reuse), to);
    }
    message::encode(9, &super::verdict::wish(verdict, keys.to_vec()), to);
    if verdict.bounds != Bounds::default() {
        message::encode(10, &limits(&verdict.bounds), to);
    }
    if let Some(refusal) = &verdict.refusal {
        message::encode(11, &refuse(refusal, words), to);
    }
    if let Some(deadline) = verdict.deadline {
        message::encode(12, &time_to_wire(deadline), to);
    }
    verdict.quotas.iter().for_each(|status| message::encode(13, &quota(status), to));
    int32::encode_packed(14, &degradation(verdict.degradations), to);
    put_text(15, &[verdict.rule], to);
    for (tag, flag) in [(16, verdict.repeated), (17, verdict.settled)] {
        if flag {
            encode_key(tag, WireType::Varint, to);
            to.push(1);
        }
    }
    if let Some(share) = &verdict.share {
        message::encode(18, &share_status(share), to);
    }
}

fn put_hit(hit: &Hit, words: &Words<'_>, to: &mut Vec<u8>) {
    let (kind, name) = (code(hit.kind as u8), hit.name.text());
    with_evidence(hit, words, |evidence| {
        let milli = hit.contribution.0;
        let evidence_bytes = evidence.iter().map(|part| part.len()).sum();
        let length = number_bytes(kind) + texts_bytes(name.len()) + number_bytes(milli);
        put_head(4, length + texts_bytes(evidence_bytes), to);
        put_code(1, hit.kind as u8, to);
        put_text(2, &[name], to);
        put_milli(3, milli, to);
        put_text(4, evidence, to);
    });
}

fn put_counterfactual(other: &Counterfactual, to: &mut Vec<u8>) {
    with_condition(other, |condition| {
        let (action, milli) = (code(other.action as u8), other.distance.0);
        let condition_bytes = condition.iter().map(|part| part.len()).sum();
        let length = number_bytes(action) + number_bytes(milli) + texts_bytes(condition_bytes);
        put_head(7, length, to);
        put_code(1, other.action as u8, to);
        put_milli(2, milli, to);
        put_text(3, condition, to);
    });
}

/// Bytes of a field of that many, with its head.
fn text_bytes(length: usize) -> usize {
    KEY_BYTES + encoded_len_varint(u64::try_from(length).unwrap_or(0)) + length
}

/// The same where an empty one is not put.
fn texts_bytes(length: usize) -> usize {
    if length == 0 { 0 } else { text_bytes(length) }
}

/// Bytes of an `int32` with its key: ten for a negative one.
fn number_bytes(value: i32) -> usize {
    if value == 0 { 0 } else { KEY_BYTES + encoded_len_varint(i64::from(value).cast_unsigned()) }
}

/// Puts the key of a field of many bytes, and how many. Nearly all of them are short: prost's own way for keys and lengths of any
/// size, a call each, takes three times as long, and there are sixty in an answer.
fn put_head(tag: u8, length: usize, to: &mut Vec<u8>) {
    let key = tag << 3 | WireType::LengthDelimited as u8;
    match u8::try_from(length) {
        Ok(short @ ..0x80) => to.extend_from_slice(&[key, short]),
        _ => {
            to.push(key);
            encode_varint(u64::try_from(length).unwrap_or(0), to);
        }
    }
}

fn put_text(tag: u8, parts: &[&str], to: &mut Vec<u8>) {
    let length = parts.iter().map(|part| part.len()).sum();
    if length > 0 {
        put_head(tag, length, to);
        parts.iter().for_each(|part| to.extend_from_slice(part.as_bytes()));
    }
}

fn put_code(tag: u8, value: u8, to: &mut Vec<u8>) {
    put_milli(tag, code(value), to);
}

fn put_milli(tag: u8, value: i32, to: &mut Vec<u8>) {
    let key = tag << 3 | WireType::Varint as u8;
    match u16::try_from(value) {
        Ok(0) => {}
        Ok(value @ ..0x80) => {
            let [low, _] = value.to_le_bytes();
            to.extend_from_slice(&[key, low]);
        }
        Ok(value @ ..0x4000) => {
            let ([low, _], [_, high]) = (value.to_le_bytes(), (value << 1).to_le_bytes());
            to.extend_from_slice(&[key, low | 0x80, high]);
        }
        _ => int32::encode(tag.into(), &value, to),
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use prost::Message as _;

    use super::super::verdict::response;
    use super::*;
    use crate::fax::id::DecisionId;
    use crate::fax::stage::StageKind;
    use crate::time::Timestamp;
    use crate::verdict::{
        Action, ContentPurpose, Counterfactuals, Degradations, Going, HitKind, Holder, Holding,
        Name, QuotaHolder, QuotaOutcome, QuotaStatus, Refusal, Resource, Score, ShareStatus,
        Watched,
    };

    const NAMES: [&str; 4] = ["volume.x", "prior", "", "cap.a-group-with-a-name-of-some-length"];

    fn names() -> impl Strategy<Value = &'static str> {
        (0..NAMES.len()).prop_map(|at| NAMES[at])
    }

    fn hits() -> impl Strategy<Value = Vec<Hit>> {
        let kinds = [
            HitKind::Prior,
            HitKind::Signal,
            HitKind::Cap,
            HitKind::Composite,
            HitKind::Calibration,
        ];
        let one = (0..kinds.len(), names(), any::<i32>(), any::<i64>(), any::<bool>());
        vec(one, 0..40).prop_map(move |hits| {
            let hit = |(kind, name, milli, value, none): (usize, _, i32, _, _)| Hit {
                kind: kinds[kind],
                name: Name::of(name),
                contribution: Score(if none { 0 } else { milli }),
                value,
            };
            hits.into_iter().map(hit).collect()
        })
    }

    fn counterfactuals() -> impl Strategy<Value = Counterfactuals> {
        let one = (0..Action::ALL.len(), any::<i32>(), proptest::option::of(names()));
        vec(one, 0..4).prop_map(|others| {
            let other = |(action, milli, without)| Counterfactual {
                action: Action::ALL[action],
                distance: Score(milli),
                without,
            };
            others.into_iter().map(other).collect()
        })
    }

    /// What few verdicts have.
    fn rare(which: u8, verdict: Verdict) -> Verdict {
        let has = |bit: u8| which >> bit & 1 == 1;
        let time = Timestamp::from_micros(1_700_000_000_123_456);
        let purpose = has(0).then_some(ContentPurpose::PreventDisruption);
        let refusal = Refusal { sip_code: 603, sip_phrase: "Decline", q850_cause: 21 };
        let quota = |holder, outcome| QuotaStatus {
            holder,
            resource: Resource::Pages,
            outcome,
            cost: 4,
            remaining: 0,
            burst: u64::MAX,
        };
        let quotas = vec![
            quota(QuotaHolder::Member, QuotaOutcome::NotUntil(time)),
            quota(QuotaHolder::Trunk, QuotaOutcome::Never),
        ];
        let holding = Holding {
            resource: Watched::Lines,
            holder: Holder::Group,
            held_ppm: 310_000,
            fair_ppm: 8_000,
            penalty: 16,
        };
        let share = ShareStatus { holding, going: Going::WaitUntil(time) };
        let bounds = Bounds { pages: Some(3), not_before: Some(time), ..Bounds::default() };
        Verdict {
            fingerprint: purpose,
            ink_map: has(1),
            bounds: if has(2) { bounds } else { Bounds::default() },
            refusal: has(3).then_some(refusal),
            deadline: has(4).then_some(time),
            quotas: if has(5) { quotas } else { Vec::new() },
            share: has(5).then_some(share),
            degradations: Degradations(if has(6) { 0x7f } else { 0 }),
            reuse: Span::seconds(if has(7) { 90 } else { 0 }),
            ..verdict
        }
    }

    proptest! {
        #[test]
        fn the_bytes_are_those_of_the_contracts_codec(
            hits in hits(), counterfactuals in counterfactuals(), decision: [u8; 16],
            (stage, action) in (0..StageKind::ALL.len(), 0..Action::ALL.len()),
            (score, generation) in (any::<i32>(), any::<u64>()), rule in names(),
            (repeated, settled, which) in (any::<bool>(), any::<bool>(), any::<u8>()),
            request_id in "[a-z]{0,64}", secrets in vec(vec(any::<u8>(), 32), 0..3),
        ) {
            let verdict = rare(which, Verdict {
                decision: DecisionId(decision),
                stage: StageKind::ALL[stage],
                action: Action::ALL[action],
                score: Score(score),
                hits,
                rule,
                generation: if settled { generation } else { 0 },
                counterfactuals,
                reuse: Span::default(),
                fingerprint: None,
                ink_map: false,
                bounds: Bounds::default(),
                refusal: None,
                deadline: None,
                quotas: Vec::new(),
                share: None,
                degradations: Degradations::default(),
                repeated,
                settled,
            });
            let words = Words {
                describe: |name| match name.text() {
                    "prior" => ("before any evidence", None),
                    "" => ("", None),
                    _ => ("it was ", Some(" times")),
                },
                redress: "ask redress@example.net",
            };
            let key = |secret| wire::FingerprintKey { epoch: 7, secret };
            let keys: Vec<_> = secrets.into_iter().map(key).collect();
            let mut message = response(&request_id, &verdict, &words);
            let wish = message.verdict.iter_mut().filter_map(|told| told.fingerprint.as_mut());
            wish.for_each(|wish| wish.keys.clone_from(&keys));
            let telling = Telling { request_id: &request_id, verdict: &verdict, words, keys: &keys };
            let mut bytes = b"before".to_vec();
            telling.put_response(&mut bytes);
            prop_assert_eq!(&bytes[6..], message.encode_to_vec());
            let result = Some(wire::screen_fax_result::Result::Response(message));
            let results = vec![wire::ScreenFaxResult { result }; 2];
            let mut bytes = Vec::new();
            telling.put_result(&mut bytes);
            telling.put_result(&mut bytes);
            let all = wire::StreamScreenFaxResponse { results };
            prop_assert_eq!(bytes, all.encode_to_vec());
        }
    }
}
