//! Techniques of senders with an account: toll fraud, blasts and list washing.

use rand::RngExt;

use super::script::{Dial, Job, Script};
use super::shape::{Document, Look};
use super::world::{AREAS, CHICAGO, SAN_FRANCISCO, any_number, stranger};
use crate::wire::report::v1::ReportCategory;
use crate::wire::report::v1::reporter::Identity;

/// Where stolen minutes are sold: the Caribbean's 555-01xx, the drama range of Britain's premium
/// numbers, and a satellite code that is not in use.
const COSTLY: [(u64, u64); 5] = [
    (18_765_550_100, 100),
    (14_735_550_100, 100),
    (16_645_550_100, 100),
    (449_098_790_000, 1_000),
    (881_255_500_100, 100),
];

/// An old account with a stolen password: two forms a day until now, then far places all night.
pub(super) fn toll_fraud(script: &mut Script<'_>) {
    let member = script.world.hijacked;
    script.wanted(|script| {
        for hour in [9, 15] {
            let recipient = stranger(&mut script.rng, CHICAGO);
            let at = AREAS[CHICAGO].local(script.start, hour * 60 + 12);
            let job = script.job(at, member, recipient);
            script.send(job);
        }
    });
    let three = AREAS[CHICAGO].local(script.start, 22 * 60 + 30);
    for at in 0..14 {
        let (first, count) = script.one_of(&COSTLY);
        let recipient = first + script.rng.random_range(0..count);
        let mut job = script.job(three + at * 130, member, recipient);
        job.document = Document::new(&mut script.rng, Look::Form, 5).repeated(20);
        script.send(job);
    }
}

/// A free account, a day old: one advertisement to whoever is on the bought list.
pub(super) fn member_blast(script: &mut Script<'_>) {
    let member = script.world.blaster;
    let begin = AREAS[SAN_FRANCISCO].local(script.start, 9 * 60 + 50);
    let first = advertisement(script, begin, member);
    for at in 0..22 {
        let recipient = any_number(&mut script.rng);
        let dials = vec![script.one_of(&[Dial::Sent, Dial::Sent, Dial::Voice, Dial::Busy])];
        let sent = script.send(Job {
            at: begin + at * 20,
            recipient,
            recipients: 22,
            dials,
            ..first.clone()
        });
        if at % 11 == 4 {
            let contact = Identity::OutsiderContact(format!("front.desk{at}@example.com"));
            script.describe(1_800, contact, sent, ReportCategory::JunkFax);
        }
    }
}

/// The same account finds out which numbers of a list are faxes at all.
pub(super) fn list_washing(script: &mut Script<'_>) {
    let member = script.world.blaster;
    let begin = AREAS[SAN_FRANCISCO].local(script.start, 14 * 60 + 30);
    let first = advertisement(script, begin, member);
    let from = any_number(&mut script.rng);
    for at in 0..24 {
        let dials = vec![script.one_of(&[
            Dial::Unallocated,
            Dial::Unallocated,
            Dial::Voice,
            Dial::Voice,
            Dial::NoAnswer,
            Dial::Sent,
        ])];
        let recipient = from / 100 * 100 + u64::try_from(at).unwrap_or(0) * 2;
        script.send(Job { at: begin + at * 12, recipient, dials, ..first.clone() });
    }
}

fn advertisement(script: &mut Script<'_>, at: i64, member: usize) -> Job {
    let mut job = script.job(at, member, 0);
    job.document = Document::new(&mut script.rng, Look::Ad, 1);
    job
}
