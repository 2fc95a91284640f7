//! Facts about a member, as a request or the directory feed carries them.

use super::fault::{Faults, InvalidField};
use super::read;
use super::wall::Wall;
use crate::bounds;
use crate::fax::hours::ZoneId;
use crate::fax::id::{Pseudonym, SubjectKind};
use crate::fax::number::Number;
use crate::fax::stage::{Member, MemberClaim, Plan};
use crate::wire::screening::v1 as wire;

/// Reads the facts of a member. `shown` is the caller number of the same request, held against the owned numbers.
/// Faults are noted; what comes back then is incomplete and must not be used.
pub(super) fn facts(
    faults: &mut Faults,
    sent: &wire::MemberFacts,
    shown: Option<Number>,
    wall: &Wall<'_>,
) -> MemberClaim {
    let wire::MemberFacts {
        member_id,
        plan,
        created_time,
        organisation_id,
        time_zone,
        jurisdiction,
        brand,
        share_weight_milli,
        owned_numbers,
    } = sent;
    let named = |text, kind, faults: &mut Faults, field| -> Option<Pseudonym> {
        let text = faults.keep(field, read::optional_id(text)).flatten()?;
        Some(wall.name(kind, text))
    };
    let member = named(member_id, SubjectKind::Member, faults, "member_id");
    let plan = faults.keep("plan", plan_of(*plan)).unwrap_or_default();
    let created = faults.keep("created_time", read::time(created_time.as_ref())).flatten();
    let organisation = named(organisation_id, SubjectKind::Organisation, faults, "organisation_id");
    let zone = faults.keep("time_zone", zone(time_zone)).unwrap_or_default();
    let jurisdiction = faults.keep("jurisdiction", region(jurisdiction)).unwrap_or_default();
    let brand = named(brand, SubjectKind::Organisation, faults, "brand");
    let weight = read::count(*share_weight_milli, 0, bounds::SHARE_WEIGHT_MILLI_MAX);
    let share_weight_milli = faults.keep("share_weight_milli", weight).unwrap_or_default();
    let owns_shown = owns(faults, owned_numbers, shown, wall);
    let facts = Member {
        plan,
        created_day: created.and_then(|time| u16::try_from(time.day()).ok()).unwrap_or(0),
        zone,
        jurisdiction,
        organisation: organisation.map_or(0, Pseudonym::hot),
        share_weight_milli,
        brand: brand.map_or(0, |brand| u32::try_from(brand.hot() >> 32).unwrap_or(0)),
    };
    MemberClaim { member, facts, owns_shown, api_key: 0 }
}

fn plan_of(value: i32) -> Result<Plan, InvalidField> {
    match wire::Plan::try_from(value) {
        Ok(wire::Plan::Unspecified) => Ok(Plan::Unknown),
        Ok(wire::Plan::Free) => Ok(Plan::Free),
        Ok(wire::Plan::Plus) => Ok(Plan::Plus),
        Ok(wire::Plan::Pro) => Ok(Plan::Pro),
        Ok(wire::Plan::Corporate) => Ok(Plan::Corporate),
        Err(_) => Err(InvalidField::UnknownValue { value }),
    }
}

fn zone(name: &str) -> Result<u16, InvalidField> {
    if name.is_empty() {
        return Ok(0);
    }
    let zone = ZoneId::from_name(name).ok_or(InvalidField::TimeZone)?;
    Ok(zone.code())
}

/// `US` or `US-TX` as four letters. A subdivision of three characters, as in `AU-NSW`, is kept as its
/// country: no rule on hours that the service knows is of such a one.
fn region(code: &str) -> Result<[u8; 4], InvalidField> {
    let (country, part) = code.split_once('-').unwrap_or((code, ""));
    let letters = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let well_formed = match (country.as_bytes(), code.len()) {
        ([], 0) => return Ok([0; 4]),
        ([a, b], length) => {
            a.is_ascii_alphabetic()
                && b.is_ascii_alphabetic()
                && letters(part)
                && (length == 2 || (1..=3).contains(&part.len()))
        }
        _ => false,
    };
    if !well_formed {
        return Err(InvalidField::Jurisdiction);
    }
    let kept = if part.len() == 2 { part } else { "" };
    let mut region = [0; 4];
    for (slot, byte) in region.iter_mut().zip(country.bytes().chain(kept.bytes())) {
        *slot = byte.to_ascii_uppercase();
    }
    Ok(region)
}

fn owns(faults: &mut Faults, owned: &[String], shown: Option<Number>, wall: &Wall<'_>) -> bool {
    if owned.len() > bounds::OWNED_NUMBERS_MAX {
        let most = bounds::OWNED_NUMBERS_MAX;
        faults.add("owned_numbers", InvalidField::TooMany { count: owned.len(), most });
        return false;
    }
    let mut found = false;
    for (at, text) in owned.iter().enumerate() {
        match wall.number(text) {
            Ok(number) => found |= shown == Some(number),
            Err(cause) => faults.add_element("owned_numbers", at, cause),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::wall::tests::with_wall;
    use super::*;

    #[test]
    fn regions_are_codes() {
        for (code, expected) in [
            ("", Ok([0; 4])),
            ("us", Ok(*b"US\0\0")),
            ("US-TX", Ok(*b"USTX")),
            ("AU-NSW", Ok(*b"AU\0\0")),
            ("US-", Err(InvalidField::Jurisdiction)),
            ("-TX", Err(InvalidField::Jurisdiction)),
            ("USA", Err(InvalidField::Jurisdiction)),
            ("US-TEXAS", Err(InvalidField::Jurisdiction)),
            ("U$", Err(InvalidField::Jurisdiction)),
            ("Ü", Err(InvalidField::Jurisdiction)),
        ] {
            assert_eq!(region(code), expected, "{code}");
        }
    }

    #[test]
    fn facts_are_read_and_every_fault_is_found() {
        with_wall(|wall| {
            let shown = Number::parse("+18005550123").ok();
            let mut faults = Faults::default();
            let good = wire::MemberFacts {
                member_id: "m-1".into(),
                plan: 3,
                created_time: Some(pbjson_types::Timestamp { seconds: 86_400 * 20_000, nanos: 0 }),
                time_zone: "America/New_York".into(),
                jurisdiction: "US-TX".into(),
                owned_numbers: vec!["+1 800 555 0123".into()],
                ..Default::default()
            };
            let claim = facts(&mut faults, &good, shown, wall);
            assert_eq!(faults.finish(Some(())), Ok(()));
            assert!(claim.owns_shown && claim.member.is_some());
            assert_eq!((claim.facts.plan, claim.facts.created_day), (Plan::Pro, 20_000));

            let mut faults = Faults::default();
            let bad = wire::MemberFacts {
                member_id: "m\n".into(),
                plan: 9,
                created_time: Some(pbjson_types::Timestamp { seconds: -1, nanos: 0 }),
                organisation_id: "o".repeat(65),
                time_zone: "Mars/Olympus".into(),
                jurisdiction: "United States".into(),
                brand: "\u{7}".into(),
                share_weight_milli: 1_000_001,
                owned_numbers: vec!["+18005550123".into(), "$(id)".into()],
            };
            facts(&mut faults, &bad, shown, wall);
            assert_eq!(faults.finish(Some(())).unwrap_err().faults().len(), 9);
        });
    }
}
