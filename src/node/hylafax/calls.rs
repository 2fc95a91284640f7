//! The calls of one line, as its hooks remember them. DynamicConfig runs before HylaFAX gives the call a name, so what it
//! asked and what later hooks ask of the same call are joined here, by line, call identifications and time.

use serde::{Deserialize, Serialize};

use crate::bounds::HOOK_CALLS_MAX;
use crate::node::digest::{digest, name_of};
use crate::time::{Span, Timestamp};

/// Longest a call is open: a fax of a thousand slow pages, and its hook run late.
const OPEN: Span = Span::seconds(6 * 3_600);

/// What one line remembers. No number is in it, only digests under a key of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Calls {
    key: [u8; 32],
    calls: Vec<Call>,
}

/// One call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Call {
    /// The node's name of the fax.
    pub(super) fax_id: String,
    /// When it came, in microseconds since 1970.
    came: i64,
    /// Digests of the call identifications, the commid and the received file; 0 while not known.
    ids: u64,
    commid: u64,
    file: u64,
    /// A hook refused it on a verdict of ours.
    pub(super) refused: bool,
    /// The handshake was asked about.
    pub(super) shook_hands: bool,
}

/// What a later hook knows of its call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen<'a> {
    /// The call identifications, one after the other.
    pub(super) ids: &'a [&'a [u8]],
    /// HylaFAX's name of the call; empty where its sequence file cannot be written.
    pub(super) commid: &'a [u8],
    /// The received file; empty before there is one.
    pub(super) file: &'a [u8],
}

impl Calls {
    /// A memory under a key of random bytes.
    pub(super) fn new(key: [u8; 32]) -> Self {
        Self { key, calls: Vec::new() }
    }

    /// A new call. Those that are over, and the oldest ones beyond what is remembered, are forgotten.
    pub(super) fn offered(&mut self, ids: &[&[u8]], now: Timestamp) -> &mut Call {
        self.calls.retain(|call| is_open(call, now));
        let spare = (self.calls.len() + 1).saturating_sub(HOOK_CALLS_MAX);
        self.calls.drain(..spare);
        let came = now.as_micros();
        let fax_id = format!("in-{came:x}-{:08x}", self.digest(&[b"line"]) >> 32);
        let ids = self.digest(ids);
        let call =
            Call { fax_id, came, ids, commid: 0, file: 0, refused: false, shook_hands: false };
        self.calls.push(call);
        let last = self.calls.len() - 1;
        &mut self.calls[last]
    }

    /// The call that a later hook is about: the one with its file (the hook runs again), else the one with its commid,
    /// else the newest with its call identifications that no other file or commid was found for. A second file of a
    /// call is a fax of its own, and a call that nobody remembers gets a name from commid and file, which the hook
    /// would find again.
    pub(super) fn find(&mut self, seen: Seen<'_>, now: Timestamp) -> &mut Call {
        let (ids, commid) = (self.digest(seen.ids), self.digest_of_some(seen.commid));
        let file = self.digest_of_some(seen.file);
        let open = |call: &&Call| is_open(call, now);
        let place = |test: &dyn Fn(&Call) -> bool| {
            self.calls.iter().rposition(|call| open(&call) && test(call))
        };
        let found = place(&|call| file != 0 && call.file == file)
            .or_else(|| place(&|call| commid != 0 && call.commid == commid && call.file == 0))
            .or_else(|| {
                place(&|call| {
                    call.ids == ids && call.commid == 0 && call.file == 0 && !call.refused
                })
            });
        let place = found.unwrap_or_else(|| {
            let _ = self.offered(seen.ids, now);
            let place = self.calls.len() - 1;
            let name = name_of::<12>(&[seen.commid, seen.file]);
            let given = !(seen.commid.is_empty() && seen.file.is_empty());
            if given && let Some(call) = self.calls.last_mut() {
                call.fax_id = format!("in-{name}");
            }
            place
        });
        let call = &mut self.calls[place];
        call.commid = if commid == 0 { call.commid } else { commid };
        call.file = if file == 0 { call.file } else { file };
        call
    }

    /// A hook refuses the call with that fax.
    pub(super) fn refused(&mut self, fax_id: &str) {
        for call in self.calls.iter_mut().filter(|call| call.fax_id == fax_id) {
            call.refused = true;
        }
    }

    fn digest_of_some(&self, bytes: &[u8]) -> u64 {
        if bytes.is_empty() { 0 } else { self.digest(&[bytes]) }
    }

    /// A digest that is never 0.
    fn digest(&self, parts: &[&[u8]]) -> u64 {
        u64::from_le_bytes(digest(&self.key, parts)).max(1)
    }
}

fn is_open(call: &Call, now: Timestamp) -> bool {
    let came = Timestamp::from_micros(call.came);
    now.since(came) <= OPEN && came.since(now) <= OPEN
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_seconds(1_700_000_000).plus(Span::seconds(seconds))
    }

    fn seen<'a>(ids: &'a [&'a [u8]], commid: &'a str, file: &'a str) -> Seen<'a> {
        Seen { ids, commid: commid.as_bytes(), file: file.as_bytes() }
    }

    const ONE: &[&[u8]] = &[b"8005551212", b"Sender", b"5550001"];
    const OTHER: &[&[u8]] = &[b"9005551234", b"CHEAP FAX", b"5550001"];

    #[test]
    fn the_stages_of_a_call_find_each_other() {
        let mut calls = Calls::new([1; 32]);
        let first = calls.offered(ONE, at(0)).fax_id.clone();
        let second = calls.offered(OTHER, at(60)).fax_id.clone();
        assert_ne!(first, second);
        assert_eq!(calls.find(seen(OTHER, "12", ""), at(70)).fax_id, second);
        // The first one's hook runs late, after the next call came.
        assert_eq!(calls.find(seen(ONE, "11", "recvq/1.tif"), at(75)).fax_id, first);
        assert_eq!(calls.find(seen(OTHER, "12", "recvq/2.tif"), at(90)).fax_id, second);
        // Run again.
        assert_eq!(calls.find(seen(OTHER, "12", "recvq/2.tif"), at(95)).fax_id, second);
        // A second document of the same call.
        let more = calls.find(seen(OTHER, "12", "recvq/3.tif"), at(95)).fax_id.clone();
        assert!(![&first, &second].contains(&&more));
        assert_eq!(calls.find(seen(OTHER, "12", "recvq/3.tif"), at(96)).fax_id, more);
        assert!(first.len() <= 64 && more.len() <= 64);
    }

    #[test]
    fn a_call_that_nobody_remembers_has_a_name_that_is_found_again() {
        let mut calls = Calls::new([1; 32]);
        let name = calls.find(seen(ONE, "11", "recvq/1.tif"), at(0)).fax_id.clone();
        let mut others = Calls::new([2; 32]);
        assert_eq!(others.find(seen(ONE, "11", "recvq/1.tif"), at(900)).fax_id, name);
        let late = Timestamp::from_micros(at(0).as_micros() + 7 * 3_600 * 1_000_000);
        calls.offered(ONE, at(1));
        let old = calls.find(seen(ONE, "12", "recvq/9.tif"), late).fax_id.clone();
        assert!(old.starts_with("in-") && old != name);
        assert_eq!(calls.calls.len(), 1, "what is over is forgotten");
    }

    #[test]
    fn a_refused_call_is_not_taken_for_the_next_one() {
        let mut calls = Calls::new([1; 32]);
        let refused = calls.offered(ONE, at(0));
        refused.refused = true;
        let refused = refused.fax_id.clone();
        let taken = calls.find(seen(ONE, "", "recvq/1.tif"), at(5)).fax_id.clone();
        assert_ne!(taken, refused);
        for second in 0..100 {
            calls.offered(OTHER, at(second));
            assert!(calls.calls.len() <= HOOK_CALLS_MAX);
        }
    }
}
