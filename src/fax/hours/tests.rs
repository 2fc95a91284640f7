//! Clock changes, odd offsets, the date line, and sets of zones.

use super::*;
use proptest::prelude::*;

fn zones(names: &[&str]) -> Vec<ZoneId> {
    names.iter().map(|name| ZoneId::from_name(name).unwrap()).collect()
}

fn utc(text: &str) -> Timestamp {
    Timestamp::from_seconds(text.parse::<jiff::Timestamp>().unwrap().as_second())
}

fn quiet(until: &str) -> Hours {
    Hours::Quiet { until: utc(until) }
}

#[test]
fn minutes_are_those_on_the_wall() {
    for (names, at, earliest, latest, weekend) in [
        (&["Asia/Kolkata"][..], "2025-06-02T00:00:00Z", 330, 330, Weekend::Nowhere),
        (&["Asia/Kathmandu"], "2025-06-02T00:00:00Z", 345, 345, Weekend::Nowhere),
        (&["Australia/Eucla"], "2025-06-02T00:00:00Z", 525, 525, Weekend::Nowhere),
        (&["Pacific/Chatham"], "2025-01-04T12:00:00Z", 105, 105, Weekend::Everywhere),
        // Friday evening in Honolulu is Saturday afternoon in Auckland.
        (
            &["Pacific/Honolulu", "Pacific/Auckland"],
            "2025-06-07T04:00:00Z",
            960,
            1_080,
            Weekend::Somewhere,
        ),
        // Kiritimati is a day and an hour ahead of Niue.
        (
            &["Pacific/Kiritimati", "Pacific/Niue"],
            "2025-06-02T10:30:00Z",
            30,
            1_410,
            Weekend::Somewhere,
        ),
    ] {
        let hours = LocalHours::at(&zones(names), utc(at)).unwrap();
        let expected = LocalHours { earliest_minute: earliest, latest_minute: latest, weekend };
        assert_eq!(hours, expected, "{names:?} {at}");
    }
    assert_eq!(LocalHours::at(&[], utc("2025-06-02T10:30:00Z")), None);
}

#[test]
fn laws_end_and_begin_on_the_minute() {
    use Jurisdiction::{Canada, Other, Texas, UnitedStates};
    for (whose, zone, at, expected) in [
        (UnitedStates, "America/New_York", "2025-06-02T12:00:00Z", Hours::Allowed),
        (UnitedStates, "America/New_York", "2025-06-02T11:59:59Z", quiet("2025-06-02T12:00:00Z")),
        (UnitedStates, "America/New_York", "2025-06-03T00:59:59Z", Hours::Allowed),
        (UnitedStates, "America/New_York", "2025-06-03T01:00:00Z", quiet("2025-06-03T12:00:00Z")),
        (Texas, "America/Chicago", "2025-06-03T03:59:00Z", Hours::Allowed),
        (Texas, "America/Chicago", "2025-06-03T04:00:00Z", quiet("2025-06-03T12:00:00Z")),
        // A Friday night in Toronto waits for Saturday's ten o'clock, a Sunday's for Monday's nine.
        (Canada, "America/Toronto", "2025-06-07T01:29:00Z", Hours::Allowed),
        (Canada, "America/Toronto", "2025-06-07T01:30:00Z", quiet("2025-06-07T14:00:00Z")),
        (Canada, "America/Toronto", "2025-06-08T22:00:00Z", quiet("2025-06-09T13:00:00Z")),
        (Other, "Asia/Kathmandu", "2025-06-02T02:14:59Z", quiet("2025-06-02T02:15:00Z")),
        (Other, "Asia/Kolkata", "2025-06-02T02:30:00Z", Hours::Allowed),
    ] {
        assert_eq!(allowed(whose, &zones(&[zone]), utc(at)), expected, "{zone} {at}");
    }
    assert_eq!(allowed(Other, &[], utc("2025-06-02T02:30:00Z")), Hours::Allowed);
}

#[test]
fn clock_changes_are_seen_from_before_them() {
    let daytime = Jurisdiction::UnitedStates;
    for (zone, at, until) in [
        // Spring forward on 9 March, fall back on 2 November 2025.
        ("America/New_York", "2025-03-09T04:00:00Z", "2025-03-09T12:00:00Z"),
        ("America/New_York", "2025-11-02T03:00:00Z", "2025-11-02T13:00:00Z"),
        // Half an hour only.
        ("Australia/Lord_Howe", "2025-10-04T12:00:00Z", "2025-10-04T21:00:00Z"),
        // Samoa left out the whole of 30 December 2011.
        ("Pacific/Apia", "2011-12-30T08:00:00Z", "2011-12-30T18:00:00Z"),
    ] {
        assert_eq!(allowed(daytime, &zones(&[zone]), utc(at)), quiet(until), "{zone}");
    }
    // An hour that the change skips begins with the hour after it.
    let at_two = QuietHours::daily(150, 170).unwrap();
    let new_york = zones(&["America/New_York"]);
    let night = utc("2025-03-09T06:00:00Z");
    assert_eq!(at_two.check(&new_york, night), quiet("2025-03-10T06:30:00Z"));
    let across = QuietHours::daily(150, 200).unwrap();
    assert_eq!(across.check(&new_york, night), quiet("2025-03-09T07:00:00Z"));
}

#[test]
fn every_zone_must_agree() {
    let coasts = zones(&["America/New_York", "America/Los_Angeles"]);
    let us = Jurisdiction::UnitedStates;
    for (at, expected) in [
        ("2025-06-02T13:00:00Z", quiet("2025-06-02T15:00:00Z")),
        ("2025-06-02T15:00:00Z", Hours::Allowed),
        ("2025-06-03T01:00:00Z", quiet("2025-06-03T15:00:00Z")),
    ] {
        assert_eq!(allowed(us, &coasts, utc(at)), expected, "{at}");
    }
    // 25 hours apart: noon on one side is one o'clock at night on the other, 24 hours are no hindrance.
    let apart = zones(&["Pacific/Kiritimati", "Pacific/Honolulu"]);
    assert_eq!(allowed(us, &apart, utc("2025-06-02T20:00:00Z")), Hours::Allowed);
    let around = zones(&["Europe/London", "America/Los_Angeles", "Pacific/Guam"]);
    assert_eq!(allowed(us, &around, utc("2025-06-02T15:00:00Z")), Hours::Never);
    let toll_free = zones(&[
        "America/St_Johns",
        "America/New_York",
        "America/Los_Angeles",
        "Pacific/Guam",
        "Pacific/Pago_Pago",
    ]);
    let noon = utc("2025-06-02T16:00:00Z");
    assert_eq!(allowed(us, &toll_free, noon), quiet("2025-06-02T22:00:00Z"));
    let evening = utc("2025-06-02T23:30:00Z");
    assert_eq!(allowed(us, &toll_free, evening), quiet("2025-06-03T22:00:00Z"));
}

/// Any zone that has ever been odd, and some that have not.
fn some_zones() -> impl Strategy<Value = Vec<ZoneId>> {
    let names = [
        "UTC",
        "America/New_York",
        "America/St_Johns",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "Pacific/Chatham",
        "Africa/Casablanca",
        "Asia/Gaza",
        "America/Nuuk",
        "Antarctica/Troll",
        "Pacific/Kiritimati",
    ];
    prop::collection::vec(prop::sample::select(zones(&names)), 1..4)
}

proptest! {
    #[test]
    fn until_is_the_first_allowed_instant(
        zones in some_zones(),
        second in 1_000_000_000_i64..4_000_000_000,
        from in 0_u16..1_440,
        length in 1_u16..1_440,
    ) {
        let rule = QuietHours::daily(from, (from + length).min(DAY_MINUTES)).unwrap();
        let is_allowed = |second| {
            zones.iter().all(|zone| {
                let local = Local::at(second, zone.offset(second).seconds);
                let window = rule.window(local.weekday());
                (window.from..window.until).contains(&local.minute())
            })
        };
        match rule.check(&zones, Timestamp::from_seconds(second)) {
            Hours::Allowed => prop_assert!(is_allowed(second)),
            Hours::Quiet { until } => {
                let until = until.as_seconds();
                prop_assert!(until > second && is_allowed(until) && !is_allowed(until - 1));
                let mut between = (second..until).step_by(60);
                prop_assert!(!between.any(is_allowed));
            }
            Hours::Never => {
                let mut between = (second..second + SEARCH_SECONDS).step_by(60);
                prop_assert!(!between.any(is_allowed));
            }
        }
    }

    #[test]
    fn any_instant_is_answered(zones in some_zones(), micros in any::<i64>()) {
        let at = Timestamp::from_micros(micros);
        let _ = allowed(Jurisdiction::Canada, &zones, at);
        let hours = LocalHours::at(&zones, at).unwrap();
        prop_assert!(hours.earliest_minute <= hours.latest_minute);
        prop_assert!(hours.latest_minute < DAY_MINUTES);
    }
}
