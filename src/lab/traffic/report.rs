//! Techniques around complaints: an opt-out that is a trap, and a mob that reports a clean clinic.

use super::script::{Fax, Script};
use super::shape::{Document, Look};
use super::world::{AREAS, NEW_YORK, Trade, junk_number, stranger};
use crate::wire::operator::v1::ListKind;
use crate::wire::report::v1::ReportCategory;
use crate::wire::report::v1::reporter::Identity;

/// A sender whose removal line only proves that somebody reads: asked to stop, it sends again.
pub(super) fn opt_out_ignored(script: &mut Script<'_>) {
    let caller = junk_number(&mut script.rng);
    let ten = AREAS[NEW_YORK].local(script.start, 10 * 60);
    let dids = script.dids(6);
    let first = script.junk_call(ten, caller, 0);
    let mut told = Vec::new();
    for (at, did) in (0..).zip(&dids) {
        let call = super::script::Call { at: ten + at * 300, did: *did, ..first.clone() };
        told.push(script.receive(call));
    }
    for fax in &told {
        script.report(500, *fax, ReportCategory::RemoveMe);
    }
    if let Some(owner) = dids.first().and_then(|did| script.world.owner(*did)) {
        script.list(ten + 3_600, ListKind::Block, Some(owner), caller);
    }
    for round in 1..=2 {
        for (at, did) in (0..).zip(&dids) {
            let at = ten + round * 9_000 + at * 300;
            script.receive(super::script::Call { at, did: *did, ..first.clone() });
        }
    }
}

/// A clean clinic whose rival has it reported by people who never got a fax from it.
pub(super) fn report_mob(script: &mut Script<'_>) {
    let clinic = stranger(&mut script.rng, NEW_YORK);
    let patients = script.world.of(Trade::Law);
    let patients = script.some_of(&patients, 8);
    let nine = AREAS[NEW_YORK].local(script.start, 9 * 60 + 15);
    let mut before = Vec::new();
    script.wanted(|script| before = letters(script, clinic, &patients, nine));
    let homes = script.world.of(Trade::Home);
    let mob = script.some_of(&homes, 16);
    let Some(example) = before.last().copied() else { return };
    for (at, account) in (0..).zip(mob) {
        let identity = Identity::MemberId(script.world.accounts[account].id.clone());
        let theirs = Fax::to(script.world.accounts[account].did(), example);
        script.describe(300 + at * 20, identity.clone(), theirs, ReportCategory::JunkFax);
        if at % 4 == 0 {
            script.describe(310 + at * 20, identity, theirs, ReportCategory::OtherAbuse);
        }
    }
    for at in 0..4 {
        let identity = Identity::OutsiderContact(format!("angry{at}@example.com"));
        script.describe(700 + at * 15, identity, example, ReportCategory::JunkFax);
    }
    script.wanted(|script| {
        let after = letters(script, clinic, &patients, nine + 9_000);
        for fax in after.iter().step_by(3) {
            script.report(400, *fax, ReportCategory::NotJunk);
        }
        if let Some(fax) = after.last() {
            script.release(900, *fax);
        }
    });
}

/// The clinic's own letters, each of two pages, to those who deal with it.
fn letters(script: &mut Script<'_>, clinic: u64, to: &[usize], begin: i64) -> Vec<Fax> {
    let mut faxes = Vec::new();
    for (at, account) in (0..).zip(to) {
        let did = script.world.accounts[*account].did();
        if at % 2 == 0 && begin < script.start + 16 * 3_600 {
            let job = script.job(begin - 1_800 + at * 60, *account, clinic);
            script.send(job);
        }
        let mut call = script.call(begin + at * 240, clinic, did);
        call.name = "LAKESIDE CLINIC".into();
        call.tsi = "LAKESIDE CLINIC".into();
        call.document = Document::new(&mut script.rng, Look::FineLetter, 2);
        faxes.push(script.receive(call));
    }
    faxes
}
