//! Techniques that show in who the sender says it is.

use rand::RngExt;

use super::script::{Call, Cli, Script};
use super::world::{AREAS, NEW_YORK, any_number, junk_number};
use crate::wire::operator::v1::ListKind;
use crate::wire::screening::v1::Attestation;

/// A number on the do-not-originate list: a bank's inbound line, here in the fictional exchange.
const BANK: u64 = 18_005_550_199;

/// Nothing, noise, another's number, a number that cannot be: anything but who calls.
pub(super) fn bad_tsi(script: &mut Script<'_>) {
    script.list(script.start + 90, ListKind::DoNotOriginate, None, BANK);
    let begin = AREAS[NEW_YORK].local(script.start, 13 * 60 + 45);
    for (at, did) in (0..).zip(script.dids(16)) {
        let caller = junk_number(&mut script.rng);
        let mut call = script.junk_call(begin + at * 130, caller, did);
        match at % 6 {
            0 => call.tsi = String::new(),
            1 => call.tsi = "....................".into(),
            2 => call.tsi = "+1 000 000 0000".into(),
            3 => (call.caller, call.tsi) = (Cli::Number(BANK), "FIRST BANK".into()),
            4 => (call.caller, call.tsi) = (Cli::Text("+10000000000"), "0000000000".into()),
            _ => {
                call.tsi = super::world::e164(any_number(&mut script.rng));
                call.attestation = Attestation::Failed;
            }
        }
        script.receive(call);
    }
}

/// The caller shows one of our own members' numbers, so that it looks like a neighbour.
pub(super) fn own_did(script: &mut Script<'_>) {
    let begin = AREAS[NEW_YORK].local(script.start, 14 * 60 + 20);
    let dids = script.dids(20);
    let (shown, called) = dids.split_at(10);
    for (at, (shown, did)) in (0..).zip(shown.iter().zip(called)) {
        let mut call = script.junk_call(begin + at * 100, *shown, *did);
        call.attestation = if at % 2 == 0 { Attestation::C } else { Attestation::Failed };
        script.receive(call);
    }
}

/// Words that are meant for a shell or a log, not for a reader.
const INJECTIONS: [(&str, &str); 6] = [
    ("A$(ECHO INJ)B", "+19545557777"),
    ("`id`", "`id`"),
    ("\"; rm -rf /tmp/x; \"", "FAX"),
    ("FAX\r\nRECV\t0001", "A\tB\tC"),
    ("${IFS}cat${IFS}x", "'||1=1--"),
    ("\u{1b}[2J\u{7}", "%s%n%x"),
];

/// Calling names and TSIs that try the next program.
pub(super) fn shell_injection(script: &mut Script<'_>) {
    let begin = AREAS[NEW_YORK].local(script.start, 15 * 60 + 10);
    let dids = script.dids(INJECTIONS.len());
    for (at, ((name, tsi), did)) in (0..).zip(INJECTIONS.iter().zip(dids)) {
        let caller = junk_number(&mut script.rng);
        let call = script.junk_call(begin + at * 240, caller, did);
        script.receive(Call { name: (*name).into(), tsi: (*tsi).into(), ..call });
        if script.rng.random_ratio(1, 2) {
            let again = script.junk_call(begin + at * 240 + 120, caller, did);
            script.receive(Call { name: (*name).into(), ..again });
        }
    }
}
