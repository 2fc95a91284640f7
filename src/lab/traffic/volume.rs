//! Techniques that show in counting: blasts, sweeps, night sending, snowshoes, mutation, redials.

use rand::RngExt;

use super::script::{Call, Cli, Ending, Fax, Script};
use super::shape::{Document, Look, Session};
use super::world::{
    AREA_NUMBERS, AREAS, CHICAGO, NEW_YORK, SAN_FRANCISCO, any_number, e164, junk_number,
};
use crate::wire::report::v1::ReportCategory;
use crate::wire::screening::v1::Attestation;

impl Script<'_> {
    /// A call of somebody who sends junk: one page of advertisement, vouched for by nobody.
    pub(super) fn junk_call(&mut self, at: i64, caller: u64, did: u64) -> Call {
        Call {
            trunk: "carrier-c",
            attestation: Attestation::C,
            session: Session::PLAIN,
            tsi: e164(caller),
            document: Document::new(&mut self.rng, Look::Ad, 1),
            ..self.call(at, caller, did)
        }
    }

    /// What honest members do about the junk they got: most nothing, some report, some want out.
    pub(super) fn complain(&mut self, faxes: &[Fax], percent: u32) {
        for fax in faxes {
            if self.chance(percent) {
                let delay = self.seconds(240, 2_400);
                let wants_out = self.chance(20);
                let category =
                    if wants_out { ReportCategory::RemoveMe } else { ReportCategory::JunkFax };
                self.report(delay, *fax, category);
            }
        }
    }
}

/// One number, one page, everybody.
pub(super) fn blast(script: &mut Script<'_>) {
    let caller = junk_number(&mut script.rng);
    let eleven = AREAS[NEW_YORK].local(script.start, 11 * 60 + 20);
    let first = script.junk_call(eleven, caller, 0);
    let mut faxes = Vec::new();
    for (at, did) in (0..).zip(script.dids(32)) {
        let at = eleven + at * 38 + script.seconds(0, 15);
        faxes.push(script.receive(Call { at, did, name: "TRAVEL DEPT".into(), ..first.clone() }));
    }
    script.complain(&faxes, 25);
}

/// One line dials a whole hundred in order and hangs up when it knows what answers.
pub(super) fn sweep_one_line(script: &mut Script<'_>) {
    let caller = junk_number(&mut script.rng);
    let begin = AREAS[CHICAGO].local(script.start, 13 * 60);
    let first = AREAS[CHICAGO].first + 10;
    for (at, number) in (0..).zip(first..first + 26) {
        let mut call = script.junk_call(begin + at * 14, caller, number);
        let seconds = script.seconds(3, 8);
        call.ending = Ending::HungUp(seconds);
        script.receive(call);
    }
}

/// Four lines share a hundred between them: no line alone dials a run.
pub(super) fn sweep_four_lines(script: &mut Script<'_>) {
    let lines: Vec<u64> = (0..4).map(|_| junk_number(&mut script.rng)).collect();
    let begin = AREAS[SAN_FRANCISCO].local(script.start, 15 * 60 + 30);
    let first = AREAS[SAN_FRANCISCO].first + 20;
    for (at, number) in (0..).zip(first..first + 28) {
        let line = lines[script.rng.random_range(0..lines.len())];
        let mut call = script.junk_call(begin + at * 9, line, number);
        let seconds = script.seconds(3, 8);
        call.ending = Ending::HungUp(seconds);
        script.receive(call);
    }
}

/// While people sleep, since lines are cheap and nobody complains before breakfast.
pub(super) fn night_sending(script: &mut Script<'_>) {
    let caller = junk_number(&mut script.rng);
    let two = AREAS[NEW_YORK].local(script.start, 2 * 60 + 10);
    let first = script.junk_call(two, caller, 0);
    let faxes: Vec<Fax> = (0..)
        .zip(script.dids(14))
        .map(|(at, did)| script.receive(Call { at: two + at * 190, did, ..first.clone() }))
        .collect();
    for fax in faxes.iter().step_by(4) {
        script.report(6 * 3_600, *fax, ReportCategory::JunkFax);
    }
}

/// Forty numbers, most used once, one document, one way in.
pub(super) fn snowshoe(script: &mut Script<'_>) {
    let callers: Vec<u64> = (0..40).map(|_| any_number(&mut script.rng)).collect();
    let begin = AREAS[NEW_YORK].local(script.start, 12 * 60 + 30);
    let first = script.junk_call(begin, callers[0], 0);
    let mut faxes = Vec::new();
    for (at, did) in (0..).zip(script.dids(36)) {
        let caller = callers[script.rng.random_range(0..callers.len())];
        let at = begin + at * 47 + script.seconds(0, 20);
        let tsi = e164(caller);
        faxes.push(script.receive(Call {
            at,
            did,
            caller: Cli::Number(caller),
            tsi,
            ..first.clone()
        }));
    }
    script.complain(&faxes, 20);
}

/// A name and a number of its own on every copy, so that no two are the same.
pub(super) fn mutation(script: &mut Script<'_>) {
    let callers: Vec<u64> = (0..6).map(|_| junk_number(&mut script.rng)).collect();
    let begin = AREAS[NEW_YORK].local(script.start, 16 * 60);
    let first = script.junk_call(begin, callers[0], 0);
    let mut faxes = Vec::new();
    for (at, did) in (0..).zip(script.dids(18)) {
        let caller = callers[script.rng.random_range(0..callers.len())];
        let document = first.document.varied(&mut script.rng);
        let call = Call {
            at: begin + at * 80,
            did,
            caller: Cli::Number(caller),
            tsi: String::new(),
            document,
            ..first.clone()
        };
        faxes.push(script.receive(call));
    }
    script.complain(&faxes, 20);
}

/// Small advertisements at a leisurely pace from one office that thinks it does no harm.
pub(super) fn one_page_ads(script: &mut Script<'_>) {
    let caller = junk_number(&mut script.rng);
    let begin = AREAS[NEW_YORK].local(script.start, 9 * 60 + 30);
    let first = script.junk_call(begin, caller, 0);
    let faxes: Vec<Fax> = (0..)
        .zip(script.dids(14))
        .map(|(at, did)| script.receive(Call { at: begin + at * 610, did, ..first.clone() }))
        .collect();
    script.complain(&faxes, 35);
}

/// One member, one caller, a call every few seconds, whatever the answer.
pub(super) fn redial_hammer(script: &mut Script<'_>) {
    let caller = junk_number(&mut script.rng);
    let did = AREAS[CHICAGO].first + AREA_NUMBERS / 2;
    let did = script.world.owner(did).map_or(script.world.accounts[0].did(), |_| did);
    let begin = AREAS[CHICAGO].local(script.start, 10 * 60 + 40);
    for at in 0..14 {
        let mut call = script.junk_call(begin + at * 16, caller, did);
        call.ending = Ending::HungUp(6);
        if at % 6 == 5 {
            call.ending = Ending::Complete;
        }
        script.receive(call);
    }
}
