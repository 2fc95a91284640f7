//! What the hooks print: fixed words, numbers and hexadecimal digits. No text of the call, the job or the service's
//! sentences is in it.

use jiff::tz::TimeZone;

use crate::node::answer::Answer;
use crate::node::standby::ASK_AGAIN;
use crate::operator::action_name;
use crate::operator::text::from_wire;
use crate::time::{Span, Timestamp};
use crate::wire::screening::v1 as wire;

/// Latest start of a window that a time of day can say, in minutes from now.
const WAIT_MINUTES_MAX: u64 = 1_430;
const DAY_MINUTES: u64 = 1_440;

/// Whether the call is to be refused. HylaFAX knows one way, and the caller hears busy.
pub(super) fn refuses(answer: &Answer) -> bool {
    matches!(answer.action(), wire::Action::RefuseCall | wire::Action::Defer)
}

/// `RejectCall`, the item of both inbound hooks.
pub(super) const fn reject_call(refuse: bool) -> &'static str {
    if refuse { "RejectCall: yes\n" } else { "RejectCall: no\n" }
}

/// `MaxRecvPages`: the server's own limit, or a lower one of the verdict. HylaFAX takes one page more than it says.
pub(super) fn max_recv_pages(own: u32, answer: Option<&Answer>) -> String {
    let bound = answer.and_then(|answer| answer.verdict.bounds.as_ref());
    let bound = bound.map(|bounds| bounds.max_page_count).filter(|pages| *pages > 0);
    let pages = bound.map_or(own, |pages| own.min(pages.saturating_sub(1).max(1)));
    format!("MaxRecvPages: {pages}\n")
}

/// One line for the script that asked about a received fax: the action, what it rests on, the decision or `-`.
pub(super) fn received(answer: &Answer) -> String {
    let decision = if answer.decision_id.is_empty() { "-" } else { &answer.decision_id };
    format!("{} {} {decision}\n", action_name(answer.action()), answer.basis.name())
}

/// The items of JobControl: they hold for this job until it is ready the next time, when the hook runs again.
pub(super) fn job_control(answer: &Answer, now: Timestamp, zone: &TimeZone) -> String {
    let mut items = String::new();
    let bounds = answer.verdict.bounds.unwrap_or_default();
    match answer.action() {
        wire::Action::RefuseJob => {
            let decision = match answer.decision_id.as_str() {
                "" => String::new(),
                decision => format!(" and name decision {decision}"),
            };
            return format!(
                "RejectNotice: \"Not sent: stopped by screening. Ask your fax provider{decision}.\"\n"
            );
        }
        wire::Action::Hold => {
            items.push_str(&time_of_day(now, now.plus(ASK_AGAIN), None, zone));
        }
        wire::Action::Unspecified
        | wire::Action::Deliver
        | wire::Action::DeliverTagged
        | wire::Action::Quarantine
        | wire::Action::Defer
        | wire::Action::RefuseCall
        | wire::Action::Allow
        | wire::Action::Bound
        | wire::Action::StopAfterPage => {
            if let Some(time) = bounds.not_before_time.as_ref().map(from_wire) {
                items.push_str(&time_of_day(now, time, bounds.allowed_hours.as_ref(), zone));
            }
        }
    }
    for (item, count) in [
        ("MaxSendPages", bounds.max_page_count),
        ("MaxDials", bounds.max_dial_count),
        ("MaxTries", bounds.max_try_count),
    ] {
        if count > 0 {
            items.push_str(&format!("{item}: {count}\n"));
        }
    }
    items
}

/// `TimeOfDay`, in the server's local time: from the minute after `start` for as long as the recipient's hours last, or
/// up to the minute before now. A window that held the present would hold nothing back, so none does. Nothing when it
/// is time already.
fn time_of_day(
    now: Timestamp,
    start: Timestamp,
    hours: Option<&wire::AllowedHours>,
    zone: &TimeZone,
) -> String {
    if start <= now {
        return String::new();
    }
    let minute = |time: Timestamp| time.as_seconds().div_euclid(60);
    // One more where it begins within a minute.
    let begins = minute(Timestamp::from_micros(start.as_micros().saturating_add(59_999_999)));
    let wait = u64::try_from(begins.saturating_sub(minute(now))).unwrap_or(0);
    let wait = wait.clamp(1, WAIT_MINUTES_MAX);
    let longest = DAY_MINUTES - 1 - wait;
    let length = hours.map(|hours| hours.end_minute.saturating_sub(hours.first_minute));
    let length = length.filter(|minutes| *minutes > 0).map(|minutes| u64::from(minutes) - 1);
    let last = wait + length.unwrap_or(longest).min(longest);
    let local = |after: u64| {
        let time = now.plus(Span::seconds(after * 60));
        let time = jiff::Timestamp::from_microsecond(time.as_micros()).unwrap_or_default();
        let time = zone.to_datetime(time);
        format!("{:02}{:02}", time.hour(), time.minute())
    };
    format!("TimeOfDay: \"Any{}-{}\"\n", local(wait), local(last))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::node::answer::{Basis, Cause};
    use crate::operator::text::to_wire;

    fn answer(action: wire::Action, bounds: Option<wire::Bounds>) -> Answer {
        Answer {
            decision_id: "0123456789abcdef0123456789abcdef".into(),
            verdict: wire::Verdict { action: action.into(), bounds, ..Default::default() },
            basis: Basis::Served,
            said: None,
        }
    }

    /// 2026-11-25, 10:00:30 in New York.
    const NOW: Timestamp = Timestamp::from_seconds(1_795_618_830);

    fn zone() -> TimeZone {
        TimeZone::get("America/New_York").unwrap()
    }

    fn not_before(seconds: u64, hours: Option<(u32, u32)>) -> Option<wire::Bounds> {
        Some(wire::Bounds {
            not_before_time: Some(to_wire(NOW.plus(Span::seconds(seconds)))),
            allowed_hours: hours
                .map(|(first_minute, end_minute)| wire::AllowedHours { first_minute, end_minute }),
            ..Default::default()
        })
    }

    #[test]
    fn a_job_is_told_when_how_much_and_why_not() {
        use wire::Action as A;
        let limits = wire::Bounds {
            max_page_count: 9,
            max_dial_count: 2,
            max_try_count: 3,
            ..Default::default()
        };
        for (action, bounds, want) in [
            (A::Allow, None, ""),
            (A::Bound, Some(limits), "MaxSendPages: 9\nMaxDials: 2\nMaxTries: 3\n"),
            (A::Bound, not_before(1_800, None), "TimeOfDay: \"Any1031-0959\"\n"),
            (A::Bound, not_before(1_770, None), "TimeOfDay: \"Any1030-0959\"\n"),
            (A::Bound, not_before(1_770, Some((540, 1_020))), "TimeOfDay: \"Any1030-1829\"\n"),
            (A::Bound, not_before(90_000, None), "TimeOfDay: \"Any0950-0959\"\n"),
            (A::Bound, not_before(0, None), ""),
            (A::Hold, None, "TimeOfDay: \"Any1016-0959\"\n"),
            (
                A::RefuseJob,
                None,
                "RejectNotice: \"Not sent: stopped by screening. Ask your fax provider and name \
                 decision 0123456789abcdef0123456789abcdef.\"\n",
            ),
        ] {
            assert_eq!(job_control(&answer(action, bounds), NOW, &zone()), want, "{action:?}");
        }
    }

    #[test]
    fn a_call_is_refused_by_two_actions_only() {
        for action in (0..12).filter_map(|code| wire::Action::try_from(code).ok()) {
            let refused = matches!(action, wire::Action::RefuseCall | wire::Action::Defer);
            assert_eq!(refuses(&answer(action, None)), refused, "{action:?}");
        }
        let pages = |count| {
            answer(
                wire::Action::Deliver,
                Some(wire::Bounds { max_page_count: count, ..Default::default() }),
            )
        };
        for (own, bound, want) in [(100, 0, 100), (100, 30, 29), (10, 30, 10), (100, 1, 1)] {
            let printed = max_recv_pages(own, Some(&pages(bound)));
            assert_eq!(printed, format!("MaxRecvPages: {want}\n"));
        }
        assert_eq!(max_recv_pages(7, None), "MaxRecvPages: 7\n");
        let unscored = Answer {
            decision_id: String::new(),
            basis: Basis::Unscored(Cause::Late),
            ..answer(wire::Action::Deliver, None)
        };
        assert_eq!(received(&unscored), "deliver unscored -\n");
    }

    proptest! {
        /// As HylaFAX's `TimeOfDay` decides, the present is outside of every window and its start inside.
        #[test]
        fn a_window_never_holds_the_present(
            second in 0_i64..200_000_000,
            wait in 1_u64..200_000,
            hours in prop::option::of((0_u32..1_439, 1_u32..1_441)),
        ) {
            let now = Timestamp::from_seconds(1_700_000_000 + second);
            let hours = hours
                .map(|(first_minute, end_minute)| wire::AllowedHours { first_minute, end_minute });
            let start = now.plus(Span::seconds(wait));
            let told = time_of_day(now, start, hours.as_ref(), &TimeZone::UTC);
            let digits = told.trim_start_matches("TimeOfDay: \"Any").trim_end_matches("\"\n");
            let (from, to) = digits.split_once('-').unwrap();
            let minutes = |text: &str| {
                let number: u64 = text.parse().unwrap();
                number / 100 * 60 + number % 100
            };
            let (from, to) = (minutes(from), minutes(to));
            let holds = |minute: u64| match from <= to {
                true => from <= minute && minute <= to,
                false => from <= minute || minute <= to,
            };
            let minute = u64::try_from(now.as_seconds() / 60 % 1_440).unwrap();
            prop_assert!(!holds(minute), "{told} at minute {minute}");
        }
    }
}
