//! Numbers whose answers libphonenumber's own implementations give as well.

use super::*;
use proptest::prelude::*;
use std::sync::LazyLock;

static PLAN: LazyLock<NumberingPlan> = LazyLock::new(|| NumberingPlan::new().unwrap());

fn number(text: &str) -> Number {
    Number::parse(text).unwrap()
}

fn home(code: &str) -> HomeRegion {
    HomeRegion::from_code(code, &PLAN).unwrap()
}

#[test]
fn numbers_are_read_as_they_are_dialled_at_home() {
    for (region, text, expected) in [
        ("US", "8005551212", "+18005551212"),
        ("us", "1-800-555-1212", "+18005551212"),
        ("US", "(212) 555-0123", "+12125550123"),
        ("US", "011 46 8 123 456 78", "+46812345678"),
        ("SE", "00 46 8 123 456 78", "+46812345678"),
        ("SE", "08-123 456 78", "+46812345678"),
        ("SE", "+1 (800) 555-1212", "+18005551212"),
        ("GB", "020 7946 0958", "+442079460958"),
        ("IT", "02 3661 8300", "+390236618300"),
        ("RU", "8 (916) 123-45-67", "+79161234567"),
        ("AU", "0011 1 212 555 0123", "+12125550123"),
        ("JP", "010 46 8 123 456 78", "+46812345678"),
    ] {
        let read = PLAN.parse(text, home(region));
        assert_eq!(read.map(Number::e164).as_deref(), Ok(expected), "{region} {text}");
    }
}

#[test]
fn what_cannot_be_dialled_is_refused_with_its_reason() {
    let long = "8".repeat(NUMBER_TEXT_BYTES_MAX + 1);
    for (text, fault) in [
        ("", InvalidNumber::Empty),
        (" \t", InvalidNumber::Empty),
        ("911", InvalidNumber::NotDialable),
        ("5551212", InvalidNumber::NotDialable),
        ("011", InvalidNumber::NotDialable),
        ("1-800-FLOWERS", InvalidNumber::NotADigit { at: 6 }),
        ("anonymous", InvalidNumber::NotADigit { at: 0 }),
        ("212555$(id)", InvalidNumber::NotADigit { at: 6 }),
        ("２１２5550123", InvalidNumber::NotADigit { at: 0 }),
        ("212 555 0123\r\n9", InvalidNumber::NotADigit { at: 12 }),
        ("12345678901234567890", InvalidNumber::DigitCount { digits: 20 }),
        ("+1 212 555 0123x9", InvalidNumber::NotADigit { at: 15 }),
        (&long, InvalidNumber::DigitCount { digits: 65 }),
    ] {
        assert_eq!(PLAN.parse(text, home("US")), Err(fault), "{text}");
    }
    for stranger in ["", "USA", "U1", "ZZ", "001", "ÅÄ"] {
        assert_eq!(HomeRegion::from_code(stranger, &PLAN), None, "{stranger}");
    }
}

#[test]
fn facts_name_validity_kind_and_region() {
    use LineKind::*;
    use Validity::*;
    for (text, validity, kind, code, region) in [
        ("+12125550123", Valid, FixedOrMobile, 1, b"US"),
        ("+14165550123", Valid, FixedOrMobile, 1, b"CA"),
        ("+18005551212", Valid, TollFree, 1, b"US"),
        ("+19002345678", Valid, Premium, 1, b"US"),
        ("+11115550123", NotAssigned, Unknown, 1, b"ZZ"),
        ("+1212555", Impossible, Unknown, 1, b"ZZ"),
        ("+46812345678", Valid, FixedLine, 46, b"SE"),
        ("+390236618300", Valid, FixedLine, 39, b"IT"),
        ("+33939012345", Valid, Voip, 33, b"FR"),
        ("+447012345678", Valid, Personal, 44, b"GB"),
        ("+77710009998", Valid, Mobile, 7, b"KZ"),
        ("+79161234567", Valid, Mobile, 7, b"RU"),
        ("+80012345678", Valid, TollFree, 800, b"ZZ"),
        ("+979123456789", Valid, Premium, 979, b"ZZ"),
        ("+999123456789", Impossible, Unknown, 0, b"ZZ"),
        ("+460", Impossible, Unknown, 46, b"SE"),
        ("+46000", Impossible, Unknown, 46, b"SE"),
        ("+999999999999999", Impossible, Unknown, 0, b"ZZ"),
    ] {
        let facts = PLAN.facts(number(text));
        assert_eq!(
            (facts.validity, facts.kind, facts.calling_code, &facts.region),
            (validity, kind, code, region),
            "{text}"
        );
    }
    assert_eq!(PLAN.risk(number("+19002345678")), DestinationRisk::High);
}

#[test]
fn a_number_may_span_zones() {
    let names = |zones: &[ZoneId]| -> Vec<&str> { zones.iter().map(|zone| zone.name()).collect() };
    for (text, expected) in [
        ("+12125550123", &["America/New_York"][..]),
        ("+12082000000", &["America/Boise", "America/Los_Angeles"]),
        ("+97714123456", &["Asia/Katmandu"]),
        ("+61891234567", &["Australia/Adelaide", "Australia/Perth"]),
        ("+999123456789", &[]),
    ] {
        let facts = PLAN.facts(number(text));
        assert_eq!(names(PLAN.zone_set(facts.zones)), expected, "{text}");
        assert_eq!(names(PLAN.zones(number(text))), expected, "{text}");
    }
    for (text, zones) in [("+18005551212", 42), ("+79161234567", 16), ("+80012345678", 0)] {
        assert_eq!(PLAN.zone_set(PLAN.facts(number(text)).zones).len(), zones, "{text}");
    }
}

proptest! {
    #[test]
    fn any_text_is_answered(text in "(\\PC*|[0-9+() ./-]{0,80})") {
        let _ = PLAN.parse(&text, home("US"));
    }

    #[test]
    fn any_number_has_facts(value in 100_u64..1_000_000_000_000_000) {
        let facts = PLAN.facts(Number::from_value(value).unwrap());
        prop_assert_eq!(facts.kind == LineKind::Unknown, facts.validity != Validity::Valid);
        prop_assert!(facts.region.iter().all(u8::is_ascii_uppercase));
        prop_assert!(value.to_string().starts_with(&facts.calling_code.to_string())
            || facts.calling_code == 0);
    }

    #[test]
    fn dialling_home_with_plus_changes_nothing(national in 2_000_000_000_u64..9_999_999_999) {
        let dialled = PLAN.parse(&national.to_string(), home("US"));
        prop_assert_eq!(dialled, Number::parse(&format!("+1{national}")));
    }
}
