//! Rows read back as they were, and damaged ones are refused.

use super::*;
use crate::activity::{Happened, Target};
use crate::fax::stage::StageKind;
use crate::features::{Feature, Features};
use crate::verdict::{
    Action, Bounds, ContentPurpose, Counterfactual, Degradations, Going, Hit, HitKind, Holder,
    Holding, Name, QuotaHolder, QuotaOutcome, QuotaStatus, Refusal, Resource, Score, ShareStatus,
    Watched,
};
use proptest::prelude::*;

fn names() -> Names {
    Names::with(["sweep.trap", "relation.member_faxed", "sweep"])
}

fn verdict() -> Verdict {
    let hit = |kind, name, milli, value| Hit {
        kind,
        name: Name::of(name),
        contribution: Score(milli),
        value,
    };
    Verdict {
        decision: DecisionId([7; 16]),
        stage: StageKind::Received,
        action: Action::Quarantine,
        score: Score(2_500),
        hits: vec![
            hit(HitKind::Prior, "prior", -2_200, 0),
            hit(HitKind::Signal, "sweep.trap", 5_000, 1),
            hit(HitKind::Cap, "sweep", -300, i64::MAX),
        ],
        rule: "threshold.quarantine",
        generation: 3,
        counterfactuals: smallvec::smallvec![Counterfactual {
            action: Action::DeliverTagged,
            distance: Score(-301),
            without: Some("sweep.trap"),
        }],
        reuse: Span::seconds(600),
        fingerprint: Some(ContentPurpose::PreventDisruption),
        ink_map: true,
        bounds: Bounds {
            pages: Some(0),
            duration: Some(Span::seconds(9)),
            hours: Some((480, 1_260)),
            not_before: Some(Timestamp::from_seconds(5)),
            ..Bounds::default()
        },
        refusal: Some(Refusal { sip_code: 603, sip_phrase: "Network Blocked", q850_cause: 21 }),
        deadline: Some(Timestamp::from_micros(-1)),
        quotas: vec![QuotaStatus {
            holder: QuotaHolder::Trunk,
            resource: Resource::Pages,
            outcome: QuotaOutcome::NotUntil(Timestamp::from_seconds(8)),
            cost: 1,
            remaining: u64::MAX,
            burst: 3,
        }],
        share: Some(ShareStatus {
            holding: Holding {
                resource: Watched::Conversion,
                holder: Holder::Group,
                held_ppm: 310_000,
                fair_ppm: u64::MAX,
                penalty: 40,
            },
            going: Going::WaitUntil(Timestamp::from_seconds(-9)),
        }),
        degradations: Degradations::MEMBER_UNKNOWN,
        repeated: false,
        settled: true,
    }
}

fn row() -> StageRow {
    let mut features = Features::default();
    features.set(Feature::PageBytesMax, 490_000);
    features.set(Feature::MemberAgeDays, -1);
    StageRow {
        request: u64::MAX,
        mark: 3,
        node: 1,
        number: Pseudonym([1; 16]),
        caller: Some(Pseudonym([2; 16])),
        member: None,
        member_key: 9,
        api_key: 99,
        facts: Member { zone: 40, jurisdiction: *b"USTX", organisation: 77, ..Member::default() },
        calling_code: 46,
        zone: 12,
        observation: Observation {
            second: 1,
            happened: Happened::ARRIVED,
            target: Target { tag: 5, below: 4, above: 6 },
            caller: 11,
            ..Observation::default()
        },
        features: features.keep(),
        charged: Costs([1, 2, 3, 4]),
        charging: true,
        settled: Some(Costs([0, 0, 9, 0])),
        asked: Some(Costs([9, 8, 7, 6])),
        owed: Some(Costs([0, 1, 9, 0])),
        noted: Noted::FAXED,
        pages: PageStats { count: 2, bytes: 1 << 40, equal_most: 2, ..PageStats::default() },
        verdict: verdict(),
    }
}

#[test]
fn reads_back_and_stays_small() {
    let bytes = row().encode();
    assert_eq!(StageRow::decode(&bytes, DecisionId([7; 16]), &names()), Some(row()));
    assert!(bytes.len() < 400, "{} bytes", bytes.len());
}

#[test]
fn rows_keep_their_bytes_beside_those_that_come_after() {
    let rows: Vec<_> = (0..1_000).map(|mark| StageRow { mark, ..row() }).collect();
    let mut kept: Vec<_> = rows.iter().map(StageRow::encode).collect();
    // Shelves whose rows have gone are used again, the oldest first.
    kept.drain(..500);
    kept.extend(rows[..500].iter().map(StageRow::encode));
    for (row, bytes) in rows[500..].iter().chain(&rows[..500]).zip(&kept) {
        assert_eq!(StageRow::decode(bytes, DecisionId([7; 16]), &names()).as_ref(), Some(row));
    }
}

#[test]
fn shelves_are_used_again_and_no_more_are_kept_than_may_be() {
    let row = [7; 1_000];
    let (mut shelves, mut waiting) = (Shelves::default(), VecDeque::new());
    for _ in 0..10_000 {
        waiting.push_back(shelves.put(&row));
        if waiting.len() > 200 {
            waiting.pop_front();
        }
    }
    assert!(shelves.full.len() <= 4, "200 rows lie on four: {}", shelves.full.len());
    waiting.extend((0..10_000).map(|_| shelves.put(&row)));
    assert_eq!(shelves.full.len(), SHELVES_MAX);
    assert!(waiting.iter().all(|kept| kept == &row[..]));
}

#[test]
fn rows_of_before_observations_were_packed_are_read() {
    let row = row();
    let mut bytes = row.encode().to_vec();
    let (packed, length) = row.observation.pack();
    let at = bytes.windows(length).position(|window| *window == packed[..length]).unwrap();
    bytes.splice(at..at + length, row.observation.encode());
    assert_eq!(std::mem::replace(&mut bytes[0], 1), ROW_VERSION);
    assert_eq!(StageRow::decode(&bytes, row.verdict.decision, &names()), Some(row));
}

#[test]
fn every_truncation_is_refused() {
    let bytes = row().encode();
    for length in 0..bytes.len() {
        assert_eq!(StageRow::decode(&bytes[..length], DecisionId([7; 16]), &names()), None);
    }
    let mut later = bytes.to_vec();
    later[0] = ROW_VERSION + 1;
    assert_eq!(StageRow::decode(&later, DecisionId([7; 16]), &names()), None);
}

proptest! {
    #[test]
    fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..500)) {
        let _ = StageRow::decode(&bytes, DecisionId([0; 16]), &names());
    }

    #[test]
    fn any_flip_is_answered(at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let mut bytes = row().encode().to_vec();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let _ = StageRow::decode(&bytes, DecisionId([7; 16]), &names());
    }
}
