//! What reading at the wall needs beside the message: the keys that make pseudonyms, the numbering plan, the time.

use super::ClockMode;
use super::fault::{Faults, InvalidField};
use super::read;
use crate::fax::id::{Pseudonym, SubjectKind};
use crate::fax::number::{Claimed, Number};
use crate::fax::numbering::{HomeRegion, NumberingPlan};
use crate::fax::stage::Caller;
use crate::store::keys::KeyRing;
use crate::time::Timestamp;

/// What every conversion is given.
pub struct Wall<'a> {
    /// The keys of the pseudonyms.
    pub keys: &'a KeyRing,
    /// What the numbering plans say.
    pub plan: &'a NumberingPlan,
    /// The region whose dialling habits hold for numbers without `+`.
    pub home: HomeRegion,
    /// The present, on the server's clock.
    pub now: Timestamp,
    /// Which clock decides.
    pub clock: ClockMode,
}

/// What networks write where a caller withheld its number.
const WITHHELD: [&str; 7] =
    ["anonymous", "restricted", "private", "withheld", "unavailable", "unknown", "<none>"];

impl Wall<'_> {
    /// Reads a number: E.164, or as dialled in the home region.
    pub(super) fn number(&self, text: &str) -> Result<Number, InvalidField> {
        self.plan.parse(read::foreign(text), self.home).map_err(InvalidField::Number)
    }

    /// Reads a number that must be there.
    pub(super) fn required_number(&self, text: &str) -> Result<Number, InvalidField> {
        if text.is_empty() { Err(InvalidField::Absent) } else { self.number(text) }
    }

    /// Reads a number as people and other systems write one: also within a URI of SIP or of telephones.
    pub(super) fn written_number(&self, text: &str) -> Result<Number, InvalidField> {
        self.required_number(presented(read::foreign(text)))
    }

    /// Reads an optional number: `None` when empty.
    pub(super) fn optional_number(&self, text: &str) -> Result<Option<Number>, InvalidField> {
        if text.is_empty() { Ok(None) } else { self.number(text).map(Some) }
    }

    /// Reads what the network showed of the caller: never a fault, since what the far end writes must not make
    /// the node's question fail.
    pub(super) fn caller(&self, text: &str) -> Caller {
        let shown = presented(read::foreign(text));
        if shown.is_empty() || WITHHELD.into_iter().any(|word| shown.eq_ignore_ascii_case(word)) {
            return Caller::Withheld;
        }
        match self.number(shown) {
            Ok(number) => Caller::Number(Claimed::new(number)),
            Err(_) => Caller::Unreadable,
        }
    }

    /// The pseudonym of an account, node, trunk or group by its name.
    pub(super) fn name(&self, kind: SubjectKind, name: &str) -> Pseudonym {
        self.keys.pseudonym(kind, name.as_bytes())
    }

    /// The time of an event: the server's clock, or on the event clock the time the event carries.
    pub(super) fn time(
        &self,
        faults: &mut Faults,
        sent: Option<&pbjson_types::Timestamp>,
    ) -> Option<Timestamp> {
        let sent = faults.keep("event_time", read::time(sent))?;
        match (self.clock, sent) {
            (ClockMode::Server, _) => Some(self.now),
            (ClockMode::Event, Some(time)) => Some(time),
            (ClockMode::Event, None) => {
                faults.add("event_time", InvalidField::Absent);
                None
            }
        }
    }
}

/// The user part of a `sip:` or `tel:` URI (RFC 3261 section 19.1, RFC 3966), or the text itself, without white space
/// around it.
fn presented(text: &str) -> &str {
    let text = text.trim_ascii();
    let scheme = ["sips:", "sip:", "tel:"].into_iter().find_map(|scheme| {
        let (head, rest) = text.split_at_checked(scheme.len())?;
        head.eq_ignore_ascii_case(scheme).then_some(rest)
    });
    let user = scheme.unwrap_or(text);
    user.split(['@', ';']).next().unwrap_or(user).trim_ascii()
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;

    /// A wall on the server's clock at 2025-06-01T00:00:00Z.
    pub(in crate::api::convert) fn with_wall<T>(act: impl FnOnce(&Wall<'_>) -> T) -> T {
        static PLAN: LazyLock<NumberingPlan> = LazyLock::new(|| NumberingPlan::new().unwrap());
        let keys = KeyRing::for_replay(1);
        let home = HomeRegion::from_code("US", &PLAN).unwrap();
        let now = Timestamp::from_seconds(1_748_736_000);
        act(&Wall { keys: &keys, plan: &PLAN, home, now, clock: ClockMode::Server })
    }

    #[test]
    fn callers_are_claims_and_never_faults() {
        let number = Number::parse("+18005550123").unwrap();
        with_wall(|wall| {
            for (text, expected) in [
                ("", Caller::Withheld),
                (" Anonymous ", Caller::Withheld),
                ("sip:anonymous@anonymous.invalid", Caller::Withheld),
                ("+18005550123", Caller::Number(Claimed::new(number))),
                ("sip:+18005550123@gw.example;user=phone", Caller::Number(Claimed::new(number))),
                ("tel:+1-800-555-0123;verstat=x", Caller::Number(Claimed::new(number))),
                ("$(reboot)", Caller::Unreadable),
                ("\r\n+1", Caller::Unreadable),
                ("\u{0}", Caller::Unreadable),
            ] {
                assert_eq!(wall.caller(text), expected, "{text:?}");
            }
            assert_eq!(wall.caller(&"9".repeat(257)), Caller::Unreadable);
        });
    }

    proptest! {
        #[test]
        fn any_caller_is_answered(text in any::<String>()) {
            with_wall(|wall| {
                let _ = wall.caller(&text);
            });
        }
    }
}
