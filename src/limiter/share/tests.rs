//! Sharing as properties, and the attacks it is for on a simulated clock.

mod attack;

use super::*;

/// 1,000 units of lines a second; the other two are not shared.
pub(super) fn terms() -> Terms {
    Terms {
        capacity: [1_000, 0, 0],
        half_life: [Span::seconds(7); WATCHED],
        ahead: [Span::seconds(2); WATCHED],
        marks: Marks { begins: 950, ends: 850 },
        wait_max: Span::seconds(600),
        refuse_times: 0,
        expected_ppm: 1_000,
    }
}

pub(super) const fn at(millis: i64) -> Timestamp {
    Timestamp::from_micros(1_800_000_000_000_000 + millis * 1_000)
}

pub(super) const fn job(number: u64, cost: u64, now: Timestamp) -> Offer {
    Offer {
        job: number,
        arrival: Arrival::New,
        costs: [cost, 0, 0],
        standing: Standing { weight_milli: 1_000, floor_ppm: 0 },
        membership: None,
        lowered: 0,
        now,
    }
}

/// One member that offers so many units a second for ten seconds, beside nobody; the last answer.
fn flood(share: &Share, pull: &mut Pull, a_second: u64, from: i64) -> Answer {
    let mut answer = Answer { going: Going::Go, holding: None };
    let mut before = None;
    for second in from..from + 10 {
        for each in 0..a_second {
            let now = at(second * 1_000 + i64::try_from(each * 1_000 / a_second).unwrap());
            let number = u64::try_from(second).unwrap() * 1_000_000 + each;
            answer = share.offer(pull, before, &job(number, 1, now));
            before = Some(now);
        }
    }
    answer
}

#[test]
fn who_is_alone_may_have_all_there_is() {
    let share = Share::new(terms(), [1, 2]);
    let mut pull = Pull::default();
    assert_eq!(flood(&share, &mut pull, 900, 0), Answer { going: Going::Go, holding: None });
    assert!(!share.is_contended(Watched::Lines));
}

#[test]
fn a_job_that_asks_again_gets_the_same_answer_and_does_not_count() {
    let share = Share::new(terms(), [1, 2]);
    let mut pull = Pull::default();
    flood(&share, &mut pull, 5_000, 0);
    assert!(share.is_contended(Watched::Lines));
    let now = at(10_000);
    let (mut waits, mut passes) = (0, 0);
    for number in 0..200 {
        let mut once = pull;
        let first = share.offer(&mut once, Some(now), &job(number, 1, now));
        let rates = once.rates();
        for _ in 0..20 {
            let again = Offer { arrival: Arrival::Again, ..job(number, 1, now) };
            let answer = share.offer(&mut once, Some(now), &again);
            if let Going::WaitUntil(until) = first.going {
                assert!(matches!(answer.going, Going::WaitUntil(_)), "{answer:?}");
                assert!(until > now && until <= now.plus(Span::seconds(600)));
            }
        }
        assert_eq!(once.rates(), rates);
        waits += u32::from(matches!(first.going, Going::WaitUntil(_)));
        passes += u32::from(matches!(first.going, Going::GoLow));
    }
    assert!(waits > 130 && waits + passes == 200, "{waits} {passes}");
    let holding = share.offer(&mut pull, Some(now), &job(9, 1, now)).holding.unwrap();
    assert!(holding.held_ppm > 2_500_000 && holding.fair_ppm <= WHOLE_PPM, "{holding}");
}

#[test]
fn who_has_one_other_job_in_hand_is_not_slowed_and_a_huge_one_judges_itself() {
    let share = Share::new(terms(), [1, 2]);
    // Two hundred who offer 25 units a second each, of which 5 are fair.
    let mut crowd = [(Pull::default(), None); 200];
    for number in 0..50_000_u64 {
        let now = at(i64::try_from(number / 5).unwrap());
        let (pull, before) = &mut crowd[usize::try_from(number % 200).unwrap()];
        share.offer(pull, *before, &job(number, 1, now));
        *before = Some(now);
    }
    let now = at(10_000);
    let goes = |pull: &mut Pull, offer: &Offer| {
        matches!(share.offer(pull, Some(now), offer).going, Going::Go | Going::GoLow)
    };
    let (mut third, mut huge) = (0, 0);
    for number in 0..50 {
        let mut pull = Pull::default();
        for call in 0..2 {
            let call = job(number * 10 + call, 105, now);
            assert!(goes(&mut pull, &call), "{number}");
            assert!(goes(&mut pull, &Offer { arrival: Arrival::Again, ..call }), "{number}");
        }
        third += u32::from(goes(&mut pull, &job(number * 10 + 2, 105, now)));
        huge += u32::from(goes(&mut Pull::default(), &job(number * 10 + 3, 100_000, now)));
    }
    assert!(third < 40 && huge < 10 && share.is_contended(Watched::Lines), "{third} {huge}");
}

#[test]
fn a_wait_is_as_long_as_it_takes() {
    let share = Share::new(terms(), [1, 2]);
    let mut pull = Pull::default();
    flood(&share, &mut pull, 5_000, 0);
    let now = at(10_000);
    let waiting: Vec<(u64, Timestamp)> = (0..50)
        .filter_map(|number| match share.offer(&mut pull, Some(now), &job(number, 1, now)).going {
            Going::WaitUntil(until) => Some((number, until)),
            Going::Go | Going::GoLow | Going::Refuse => None,
        })
        .collect();
    assert!(waiting.len() > 30, "{}", waiting.len());
    assert!(waiting.iter().all(|(_, until)| until.since(now) <= Span::seconds(120)));
    // Somebody else keeps it contended meanwhile; who waits offers nothing more, and is within its share soon.
    let mut crowd = Pull::default();
    for start in [10, 20, 30, 40] {
        flood(&share, &mut crowd, 5_000, start);
    }
    let later = at(50_000);
    for (number, _) in waiting.iter().filter(|(_, until)| *until <= later) {
        let again = Offer { arrival: Arrival::Again, ..job(*number, 1, later) };
        let mut once = pull;
        assert_eq!(share.offer(&mut once, Some(now), &again).going, Going::Go, "{number}");
    }
    assert!(share.is_contended(Watched::Lines));
}

#[test]
fn refused_only_where_so_declared() {
    let share = Share::new(Terms { refuse_times: 3, ..terms() }, [1, 2]);
    let mut pull = Pull::default();
    flood(&share, &mut pull, 5_000, 0);
    let now = at(10_000);
    let refused = (100..150).filter(|number| {
        share.offer(&mut pull, Some(now), &job(*number, 1, now)).going == Going::Refuse
    });
    assert!(refused.count() > 30);
    let floor = Standing { weight_milli: 1_000, floor_ppm: u32::MAX };
    for number in 0..50 {
        let critical = Offer { standing: floor, ..job(number, 1, now) };
        assert_eq!(share.offer(&mut pull, Some(now), &critical).going, Going::Go);
    }
}

#[test]
fn the_dominant_resource_counts() {
    let both = Terms { capacity: [1_000, 1_000, 0], ..terms() };
    let share = Share::new(both, [1, 2]);
    let (mut long, mut short) = (Pull::default(), Pull::default());
    let (mut passed, mut offered) = ([0_u64; 2], [0_u64; 2]);
    // Ghodsi's example: one needs much of the lines, the other of the attempts.
    for millis in 0..60_000_i64 {
        let before = (millis > 0).then(|| at(millis - 1));
        for (which, (pull, costs)) in
            [(&mut long, [3, 1, 0]), (&mut short, [1, 3, 0])].into_iter().enumerate()
        {
            let number = u64::try_from(millis).unwrap() * 2 + u64::from(which == 1);
            let offer = Offer { costs, ..job(number, 0, at(millis)) };
            let answer = share.offer(pull, before, &offer);
            if millis > 20_000 {
                offered[which] += 1;
                passed[which] += u64::from(matches!(answer.going, Going::Go | Going::GoLow));
            }
        }
    }
    // Each may have 3/4 of its dominant one: a quarter of what they offer.
    for which in 0..2 {
        let part = passed[which] * 1_000 / offered[which];
        assert!((210..=290).contains(&part), "{which}: {part}");
    }
}

#[test]
fn any_offer_is_answered() {
    use proptest::prelude::*;
    let share = Share::new(Terms { capacity: [1, u64::MAX, 0], ..terms() }, [3, 4]);
    let strategy = (
        prop::collection::vec((any::<u64>(), any::<i64>(), any::<[u64; 3]>()), 1..30),
        any::<(u32, u32, u64, u32)>(),
    );
    proptest!(|((offers, (weight_milli, floor_ppm, group, heavy)) in strategy)| {
        let mut pull = Pull::default();
        let mut before = None;
        for (number, micros, costs) in offers {
            let now = Timestamp::from_micros(micros);
            let membership = (group % 2 == 0).then_some(Membership { group, weight_milli: heavy });
            let standing = Standing { weight_milli, floor_ppm };
            let offer = Offer { costs, standing, membership, ..job(number, 0, now) };
            let answer = share.offer(&mut pull, before, &offer);
            let _ = answer.holding.map(|holding| holding.to_string());
            share.report(Watched::Attempts, number, Usage { capacity: costs[0], in_use: costs[1], queued: costs[2] }, now);
            before = Some(now);
        }
    });
}
