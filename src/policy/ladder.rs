//! The rules of the abuse desk from their section: the ladders are read here.

use super::fault::Faults;
use super::rules::{DeskRules, LadderStep, MEASURES};
use super::settings::Desk;
use crate::time::{DAY_SECONDS, HOUR_SECONDS, Span};

/// Most steps of a ladder.
const STEPS_MAX: usize = 8;
/// Longest time of a step, in days.
const DAYS_MAX: u32 = 3_660;
/// What can be done about a member, and about a sender without an account.
const OF_MEMBER: &[&str] = &["warn", "limit", "hold", "suspend", "close"];
const OF_SENDER: &[&str] = &["block"];

/// Puts the rules together; `None` where a ladder has faults.
pub(super) fn build(desk: &Desk, faults: &mut Faults) -> Option<DeskRules> {
    let hours = |count: u32| Span::seconds(u64::from(count) * HOUR_SECONDS);
    let days = |count: u32| Span::seconds(u64::from(count) * DAY_SECONDS);
    let member = read(&desk.member_ladder, OF_MEMBER);
    let sender = read(&desk.sender_ladder, OF_SENDER);
    for (path, ladder, of) in
        [("desk.member_ladder", &member, OF_MEMBER), ("desk.sender_ladder", &sender, OF_SENDER)]
    {
        if ladder.is_none() {
            let words = of.join(", ");
            let expected = format!(
                "ladder cannot be read (1 to {STEPS_MAX} steps with commas between them, each of: {words}; behind it the days \
                 it holds, 1 to {DAYS_MAX}, or nothing where it holds until it is lifted)"
            );
            faults.add(path.to_owned(), expected);
        }
    }
    Some(DeskRules {
        automatic_weight_milli: Some(desk.automatic_weight_milli).filter(|weight| *weight > 0),
        automatic_groups: desk.automatic_groups,
        automatic_behaviour_milli: desk.automatic_behaviour_milli,
        grave: hours(desk.grave_hours),
        case: hours(desk.case_hours),
        appeal: hours(desk.appeal_hours),
        appealable: days(desk.appeal_days),
        lease: Span::seconds(u64::from(desk.lease_minutes) * 60),
        strike: days(desk.strike_days),
        member_ladder: member?,
        sender_ladder: sender?,
        limit_percent: desk.limit_percent,
        second_person_from: usize::try_from(desk.second_person_from_step).unwrap_or(usize::MAX),
    })
}

fn read(text: &str, of: &[&str]) -> Option<Vec<LadderStep>> {
    let steps: Option<Vec<LadderStep>> =
        text.split(',').take(STEPS_MAX + 1).map(|step| read_step(step.trim(), of)).collect();
    steps.filter(|steps| steps.len() <= STEPS_MAX)
}

fn read_step(text: &str, of: &[&str]) -> Option<LadderStep> {
    let mut words = text.split_ascii_whitespace();
    let name = words.next().filter(|name| of.contains(name))?;
    let place = MEASURES.iter().position(|measure| *measure == name)?;
    let time = match words.next() {
        None => None,
        Some(days) => {
            let days = days.parse().ok().filter(|days| (1..=DAYS_MAX).contains(days))?;
            Some(Span::seconds(u64::from(days) * DAY_SECONDS))
        }
    };
    let measure = u8::try_from(place + 1).ok()?;
    words.next().is_none().then_some(LadderStep { measure, time })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ladders_are_read() {
        let steps = read("warn 7, limit 1,suspend", OF_MEMBER).unwrap();
        assert_eq!(steps.iter().map(|step| step.measure).collect::<Vec<_>>(), [1, 2, 4]);
        assert_eq!(steps[1].time, Some(Span::seconds(DAY_SECONDS)));
        assert_eq!(steps[2].time, None);
        let many = ["warn"; 9].join(",");
        for text in ["", "warn,", "block 7", "warn 0", "warn 7 8", "warn x", "warn 3661", &many] {
            assert_eq!(read(text, OF_MEMBER), None, "{text}");
        }
        assert!(read("block 30, block", OF_SENDER).is_some());
    }
}
