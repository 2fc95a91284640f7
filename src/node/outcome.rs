//! How a dial ended, from the sentence a fax server gives as its reason.

use crate::wire::screening::v1::DialOutcome;

/// The phrases HylaFAX, HylaFAX+ and gofaxip (after FreeSWITCH's hang-up causes) give as reasons, first match first.
const PHRASES: [(&str, DialOutcome); 12] = [
    ("busy", DialOutcome::Busy),
    ("no answer", DialOutcome::NoAnswer),
    ("no_answer", DialOutcome::NoAnswer),
    ("no_user_response", DialOutcome::NoAnswer),
    ("voice", DialOutcome::Voice),
    ("data connection established", DialOutcome::Voice),
    ("unallocated", DialOutcome::Unallocated),
    ("no_route_destination", DialOutcome::Unallocated),
    ("invalid_number_format", DialOutcome::Unallocated),
    ("call_rejected", DialOutcome::Refused),
    ("call rejected", DialOutcome::Refused),
    ("decline", DialOutcome::Refused),
];

/// What a reason for failure amounts to; `Failed` where it is none of the known ones.
#[must_use]
pub fn failed(reason: &str) -> DialOutcome {
    let reason = reason.to_ascii_lowercase();
    let phrase = PHRASES.iter().find(|(words, _)| reason.contains(words));
    phrase.map_or(DialOutcome::Failed, |(_, outcome)| *outcome)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_of_three_servers() {
        for (reason, outcome) in [
            ("Busy signal detected; too many attempts to dial", DialOutcome::Busy),
            ("No answer from remote", DialOutcome::NoAnswer),
            ("Unallocated (unassigned) number", DialOutcome::Unallocated),
            ("CALL_REJECTED", DialOutcome::Refused),
            ("RSPREC error/got DCN (receiver abort)", DialOutcome::Failed),
            ("", DialOutcome::Failed),
        ] {
            assert_eq!(failed(reason), outcome, "{reason}");
        }
    }
}
