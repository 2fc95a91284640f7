//! Activity: observations add what they say, and replay adds the same.

use super::*;

const NOW: u32 = 1_795_000_000;
const PACE: Pace = Pace { half_life: 30 * 86_400, confidence_milli: 1_645 };

fn activity() -> Activity {
    Activity::with_bytes(1 << 22, 1 << 20)
}

fn call(caller: u64, number: u16, second: u32) -> Observation {
    Observation {
        second,
        happened: Happened::ARRIVED.with(Happened::STRANGER),
        target: Target { tag: number, below: number - 1, above: number + 1 },
        caller,
        block10: 0x5500_0000_0000_0001,
        block100: 0x6600_0000_0000_0001,
        trunk: 0x7700_0000_0000_0001,
        target_block: 0x8800_0000_0000_0001,
        ..Observation::default()
    }
}

fn live(activity: &Activity, mut observation: Observation) -> (Observation, Counts) {
    let counts = activity.lock(&observation.clone()).observe(
        &mut observation,
        PACE,
        Source::Live,
        &Said::default(),
    );
    (observation, counts)
}

#[test]
fn a_sweep_by_four_lines_shows_in_the_block_it_walks() {
    let activity = activity();
    let mut last = Counts::default();
    for step in 0..10u16 {
        let line = 0x1100_0000_0000_0001 + (u64::from(step) % 4) * 0x0100_0000_0000_0010;
        last = live(&activity, call(line, 100 + step, NOW + u32::from(step) * 20)).1;
    }
    assert_eq!(last.block_run, 10);
    assert_eq!(last.block_strangers, 10);
    assert_eq!(last.caller_run, 1, "each line alone jumps by four");
    assert_eq!(last.block100_fanout, 10);
    assert!(last.block10_fanout >= 9, "the block of ten starts with the second caller");
}

#[test]
fn replay_gives_the_same_counters() {
    let (one, other) = (activity(), activity());
    let mut rows = Vec::new();
    for step in 0..200u32 {
        let caller = 0x0100_0000_0000_0001u64.wrapping_mul(u64::from(step % 7) + 1);
        let mut observation =
            call(caller, u16::try_from(100 + step % 50).unwrap(), NOW + step * 13);
        observation.tsi = 0x9900_0000_0000_0000 + u64::from(step % 3);
        observation.happened = observation
            .happened
            .with(Happened::IDENTIFIED)
            .with_if(Happened::TRAPPED, step % 11 == 0)
            .with_if(Happened::ENDED, step % 2 == 0)
            .with_if(Happened::SHORT, step % 4 == 0);
        (observation.good, observation.bad) = (step % 5 * 1_000, step % 3 * 2_000);
        rows.push(live(&one, observation).0);
    }
    for (seq, mut row) in (1..).zip(rows.clone()) {
        other.lock(&row.clone()).observe(&mut row, PACE, Source::Replay(seq), &Said::default());
    }
    let last = *rows.last().unwrap();
    let mut probe = Observation { happened: Happened(0), ..last };
    let first = one.lock(&probe).observe(&mut probe.clone(), PACE, Source::Live, &Said::default());
    let second = other.lock(&probe).observe(&mut probe, PACE, Source::Live, &Said::default());
    assert_eq!(first, second);
    let bytes = |activity: &Activity| {
        let mut out = Vec::new();
        activity.snapshot_subjects(&|| 9, &mut out).unwrap();
        activity.snapshot_blocks(&|| 9, &mut out).unwrap();
        out
    };
    assert_eq!(bytes(&one), bytes(&other));
}

#[test]
fn a_number_that_changed_hands_is_forgotten() {
    let activity = activity();
    let caller = 0x4200_0000_0000_0001;
    let mut report = Observation { second: NOW, caller, bad: 5 * ONE, ..Observation::default() };
    activity.lock(&report.clone()).observe(&mut report, PACE, Source::Live, &Said::default());
    assert!(live(&activity, call(caller, 7, NOW)).1.caller_bad_milli > 500);
    activity.forget(&[caller], || Ok::<(), ()>(())).unwrap();
    assert_eq!(live(&activity, call(caller, 7, NOW)).1.caller_bad_milli, 0);
}

#[test]
fn little_evidence_weighs_little() {
    assert_eq!(wilson_lower_milli(0, 0, 1_645), 0);
    assert_eq!(wilson_lower_milli(0, 10 * ONE, 1_645), 0);
    assert_eq!(wilson_lower_milli(ONE, 0, 1_645), 270);
    assert!(wilson_lower_milli(10 * ONE, 0, 1_645) > 700);
    assert!(wilson_lower_milli(ONE, 100 * ONE, 1_645) < 5);
    assert!(wilson_lower_milli(u32::MAX, u32::MAX, 1_645) <= 500);
    assert_eq!(wilson_lower_milli(ONE, 0, 0), 1_000, "without confidence it is the plain share");
    assert!(wilson_lower_milli(ONE, 0, 2_576) < 200);
}
