//! Who sends what to whom, as a node tells it apart while the service is out of reach: keyed digests, no numbers.

use super::digest::digest;
use crate::fax::stage::{Direction, StageKind};
use crate::wire::screening::v1 as wire;
use wire::screen_fax_request::{Parties, Stage};

/// What networks write where a caller withheld its number: many callers share it.
const NOBODY: [&str; 8] =
    ["", "anonymous", "restricted", "private", "withheld", "unavailable", "unknown", "<none>"];

/// The key of the digests: of a process, or of hooks that hand it on.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Key([u8; 32]);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(masked)")
    }
}

/// Two parties: the caller or the member, and the number it calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pair(u128);

impl Pair {
    /// The pair at a stage, as a key of a table.
    pub(super) const fn at(self, stage: StageKind) -> u128 {
        self.0.rotate_left(8) ^ stage as u128
    }

    #[cfg(test)]
    pub(super) const fn for_tests(number: u128) -> Self {
        Self(number << 32)
    }
}

impl Key {
    /// A key from the system's random bytes; where it gives none, one that all such nodes share, which costs the
    /// digests their secrecy and nothing else.
    pub(super) fn fresh() -> Self {
        let mut bytes = [0; 32];
        let _ = getrandom::fill(&mut bytes);
        Self(bytes)
    }

    pub(super) const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(super) const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The pair of a request; none where a caller cannot be told from others.
    pub(super) fn pair(&self, request: &wire::ScreenFaxRequest) -> Option<Pair> {
        let (word, from, to) = match request.parties.as_ref()? {
            Parties::Inbound(parties) => ("in", &parties.caller_number, &parties.called_number),
            Parties::Outbound(parties) => ("out", &parties.member_id, &parties.recipient_number),
        };
        let nobody = NOBODY.iter().any(|word| from.trim_ascii().eq_ignore_ascii_case(word));
        (!nobody && !to.is_empty()).then(|| Pair(self.digest(&[word, from, to])))
    }

    /// The member that sends.
    pub(super) fn member(&self, request: &wire::ScreenFaxRequest) -> u128 {
        match request.parties.as_ref() {
            Some(Parties::Outbound(parties)) => self.digest(&["member", &parties.member_id]),
            Some(Parties::Inbound(_)) | None => self.digest(&["member"]),
        }
    }

    /// The fax.
    pub(super) fn fax(&self, request: &wire::ScreenFaxRequest) -> u128 {
        self.digest(&["fax", &request.fax_id])
    }

    /// A digest of texts.
    fn digest(&self, texts: &[&str]) -> u128 {
        let parts: Vec<&[u8]> = texts.iter().map(|text| text.as_bytes()).collect();
        u128::from_le_bytes(digest(&self.0, &parts))
    }
}

/// Which stage a request is about.
pub(super) fn kind(stage: &Stage) -> StageKind {
    match stage {
        Stage::CallOffered(_) => StageKind::CallOffered,
        Stage::Handshake(_) => StageKind::Handshake,
        Stage::Page(_) => StageKind::Page,
        Stage::Received(_) => StageKind::Received,
        Stage::JobSubmitted(_) => StageKind::JobSubmitted,
        Stage::Dialing(_) => StageKind::Dialing,
        Stage::DialResult(_) => StageKind::DialResult,
    }
}

/// Whether an action can be the answer at a stage of that direction.
pub(super) fn fits(action: wire::Action, direction: Direction) -> bool {
    match action {
        wire::Action::Unspecified => false,
        wire::Action::Deliver
        | wire::Action::DeliverTagged
        | wire::Action::Quarantine
        | wire::Action::Defer
        | wire::Action::RefuseCall
        | wire::Action::StopAfterPage => direction == Direction::Inbound,
        wire::Action::Allow
        | wire::Action::Bound
        | wire::Action::Hold
        | wire::Action::RefuseJob => direction == Direction::Outbound,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inbound(caller: &str, called: &str) -> wire::ScreenFaxRequest {
        wire::ScreenFaxRequest {
            parties: Some(Parties::Inbound(wire::InboundParties {
                caller_number: caller.into(),
                called_number: called.into(),
                ..Default::default()
            })),
            ..Default::default()
        }
    }

    #[test]
    fn pairs_are_told_apart_and_nobody_is_nobody() {
        let key = Key::from_bytes([7; 32]);
        let pair = |caller, called| key.pair(&inbound(caller, called));
        assert_eq!(pair("+1800", "+1900"), pair("+1800", "+1900"));
        assert_ne!(pair("+1800", "+1900"), pair("+18001", "+900"));
        assert_ne!(pair("+1800", "+1900"), pair("+1900", "+1800"));
        assert_ne!(pair("a", "b"), Key::from_bytes([8; 32]).pair(&inbound("a", "b")));
        for nobody in ["", " ", "Anonymous", "<NONE>", "unknown"] {
            assert_eq!(pair(nobody, "+1900"), None, "{nobody:?}");
        }
        assert_eq!(pair("+1800", ""), None);
        assert_eq!(key.pair(&wire::ScreenFaxRequest::default()), None);
        assert_eq!(format!("{key:?}"), "Key(masked)");
    }
}
