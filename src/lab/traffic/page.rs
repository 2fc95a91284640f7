//! Techniques that show on the line and in the pages: bombs, black and blank pages, hogs, exploits.

use super::script::{Call, Ending, Script};
use super::shape::{Document, Look, Session};
use super::world::{AREAS, NEW_YORK, SAN_FRANCISCO, junk_number};
use crate::wire::screening::v1::Coding;

/// Members on nodes that report every page, where a loop can be stopped while it runs.
fn watched(script: &mut Script<'_>, count: usize) -> Vec<u64> {
    let served = |area: usize| AREAS[area].node.id == AREAS[NEW_YORK].node.id;
    let dids: Vec<u64> = script
        .world
        .accounts
        .iter()
        .filter(|account| served(account.area) || account.area == SAN_FRANCISCO)
        .map(|account| account.did())
        .collect();
    script.some_of(&dids, count)
}

/// A page glued into a ring: the same bytes again and again, and always one more to come.
pub(super) fn looped_page(script: &mut Script<'_>) {
    let begin = AREAS[NEW_YORK].local(script.start, 11 * 60 + 50);
    for (at, did) in (0..).zip(watched(script, 4)) {
        let caller = junk_number(&mut script.rng);
        let mut call = script.junk_call(begin + at * 1_500, caller, did);
        call.document = Document::new(&mut script.rng, Look::Letter, 1).repeated(24);
        call.ending = Ending::Broken;
        script.receive(call);
    }
}

/// Toner wasted on black, paper wasted on nothing.
pub(super) fn black_pages(script: &mut Script<'_>) {
    let caller = junk_number(&mut script.rng);
    let begin = AREAS[NEW_YORK].local(script.start, 17 * 60 + 20);
    for (at, did) in (0..).zip(watched(script, 8)) {
        let mut call = script.junk_call(begin + at * 200, caller, did);
        let look = if at % 3 == 2 { Look::Blank } else { Look::Black };
        call.document = Document::new(&mut script.rng, look, 6);
        script.receive(call);
    }
}

/// Dither at the slowest rate, trained again and again, pages longer than any paper.
pub(super) fn line_hog(script: &mut Script<'_>) {
    let begin = AREAS[NEW_YORK].local(script.start, 12 * 60 + 5);
    let caller = junk_number(&mut script.rng);
    for (at, did) in (0..).zip(watched(script, 6)) {
        let mut call = script.junk_call(begin + at * 900, caller, did);
        let document = Document::new(&mut script.rng, Look::Noise, 2);
        call = match at % 3 {
            0 => Call { document, ..call },
            1 => Call { document: document.rows(14_000), ..call },
            _ => {
                let form = Document::new(&mut script.rng, Look::Form, 3);
                Call { document: form, ..call }
            }
        };
        call.session = match at % 3 {
            0 => Session::PLAIN,
            1 => Session { unlimited: true, ..Session::PLAIN },
            _ => Session { rate_bps: 2_400, retrains: 9, ecm: false, ..Session::PLAIN },
        };
        script.receive(call);
    }
}

/// Colour and JPEG, asked for by the sender: the way of the known exploits.
pub(super) fn jpeg_request(script: &mut Script<'_>) {
    let begin = AREAS[NEW_YORK].local(script.start, 16 * 60 + 40);
    for (at, did) in (0..).zip(script.dids(8)) {
        let caller = junk_number(&mut script.rng);
        let mut call = script.junk_call(begin + at * 350, caller, did);
        call.session = Session { coding: Coding::Jpeg, color: at % 2 == 0, ..Session::PLAIN };
        call.document = Document::new(&mut script.rng, Look::Form, 1);
        script.receive(call);
    }
}
