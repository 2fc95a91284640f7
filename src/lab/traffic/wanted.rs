//! Wanted traffic, the awkward kinds among it: much of it looks like a blast to whoever only counts.

use rand::RngExt;

use super::script::{Cli, Dial, Ending, Script};
use super::shape::{Document, Look};
use super::world::{AREAS, GOTHENBURG, LONDON, NEW_YORK, Trade, any_number, stranger};
use crate::wire::operator::v1::ListKind;
use crate::wire::report::v1::ReportCategory;
use crate::wire::screening::v1::Attestation;

/// Weight of each hour of an office's day.
const OFFICE_HOURS: [(i64, u32); 12] = [
    (7, 2),
    (8, 6),
    (9, 12),
    (10, 14),
    (11, 12),
    (12, 6),
    (13, 9),
    (14, 13),
    (15, 12),
    (16, 9),
    (17, 4),
    (18, 1),
];

impl Script<'_> {
    /// A time in office hours there, in seconds since the epoch.
    pub(super) fn office_time(&mut self, area: usize) -> i64 {
        let total = OFFICE_HOURS.iter().map(|(_, weight)| weight).sum::<u32>();
        let mut left = self.rng.random_range(0..total);
        let mut hour = 12;
        for (candidate, weight) in OFFICE_HOURS {
            if left < weight {
                hour = candidate;
                break;
            }
            left -= weight;
        }
        let second = self.seconds(0, 3_599);
        AREAS[area].local(self.start, hour * 60) + second
    }

    /// Anyone who keeps an office.
    fn office(&mut self) -> usize {
        let trade = self.one_of(&[
            Trade::Clinic,
            Trade::Clinic,
            Trade::Law,
            Trade::Pharmacy,
            Trade::Broker,
            Trade::Shop,
            Trade::School,
        ]);
        let accounts = self.world.of(trade);
        self.one_of(&accounts)
    }
}

/// Members fax out and are answered; the next fax of the pair comes of itself.
fn correspond(script: &mut Script<'_>, pairs: usize) {
    for _ in 0..pairs {
        let account = script.office();
        let (area, did) =
            (script.world.accounts[account].area, script.world.accounts[account].did());
        let other = stranger(&mut script.rng, area);
        let at = script.office_time(area);
        let mut job = script.job(at, account, other);
        if script.chance(12) {
            job.dials =
                script.one_of(&[&[Dial::Busy, Dial::Sent], &[Dial::NoAnswer, Dial::Sent]]).into();
        }
        let sent = script.send(job);
        let mut last = sent.end;
        for _ in 0..script.one_of(&[0, 1, 1, 1, 2]) {
            last += script.seconds(600, 7_200);
            let call = script.call(last, other, did);
            last = script.receive(call).end;
        }
    }
}

/// Senders that a member hears from once, some of them with poor manners.
fn strangers(script: &mut Script<'_>, faxes: usize) {
    for _ in 0..faxes {
        let account = script.office();
        let area = script.world.accounts[account].area;
        let dids = script.world.accounts[account].dids.clone();
        let did = script.one_of(&dids);
        let caller = stranger(&mut script.rng, area);
        let at = script.office_time(area);
        let mut call = script.call(at, caller, did);
        match script.rng.random_range(0..25) {
            0 => call.caller = Cli::Withheld,
            1 => call.diverting = Some(stranger(&mut script.rng, area)),
            2 => call.ending = Ending::Broken,
            _ => {}
        }
        let broken = call.ending == Ending::Broken;
        let again = call.clone();
        let fax = script.receive(call);
        if broken {
            let pause = script.seconds(90, 240);
            script.receive(super::script::Call {
                at: fax.end + pause,
                ending: Ending::Complete,
                ..again
            });
        }
    }
}

/// The background of a whole day.
pub(super) fn office_day(script: &mut Script<'_>) {
    correspond(script, 330);
    strangers(script, 240);
}

/// A few faxes, so that a story alone is not the only traffic there is.
pub(super) fn quiet(script: &mut Script<'_>) {
    correspond(script, 18);
    strangers(script, 14);
}

/// Households send a form in the evening and get one back.
pub(super) fn homes(script: &mut Script<'_>) {
    let homes = script.world.of(Trade::Home);
    for account in script.some_of(&homes, 60) {
        let (area, did) =
            (script.world.accounts[account].area, script.world.accounts[account].did());
        let minute = script.seconds(17 * 60, 21 * 60);
        let at = AREAS[area].local(script.start, minute) + script.seconds(0, 59);
        let other = stranger(&mut script.rng, area);
        let job = script.job(at, account, other);
        let sent = script.send(job);
        if script.chance(30) {
            let pause = script.seconds(900, 3_000);
            let call = script.call(sent.end + pause, other, did);
            script.receive(call);
        }
    }
}

/// A laboratory sends forty results to one clinic at nine, line after line, page after page.
pub(super) fn lab_results(script: &mut Script<'_>) {
    let clinics = script.world.of(Trade::Clinic);
    let clinic = clinics.iter().copied().find(|at| script.world.accounts[*at].area == NEW_YORK);
    let clinic = clinic.unwrap_or(clinics[0]);
    let area = script.world.accounts[clinic].area;
    let lab = stranger(&mut script.rng, area);
    let orders = AREAS[area].local(script.start, 7 * 60 + 40);
    for order in 0..4 {
        let job = script.job(orders + order * 240, clinic, lab);
        script.send(job);
    }
    let nine = AREAS[area].local(script.start, 9 * 60);
    let dids = script.world.accounts[clinic].dids.clone();
    for result in 0..40 {
        let did = script.one_of(&dids);
        let at = nine + result * 65 + script.seconds(0, 20);
        let mut call = script.call(at, lab, did);
        call.name = "NORTHSIDE LABORATORY".into();
        call.tsi = "NORTHSIDE LAB".into();
        call.attestation = Attestation::A;
        let pages = script.one_of(&[1, 1, 1, 2, 2, 3]);
        call.document = Document::new(&mut script.rng, Look::FineLetter, pages);
        let fax = script.receive(call);
        if result == 11 {
            script.release(400, fax);
        }
        if result % 13 == 5 {
            script.report(600, fax, ReportCategory::NotJunk);
        }
    }
}

/// A school closes for the day and tells sixty homes and offices before seven.
pub(super) fn school_closing(script: &mut Script<'_>) {
    let schools = script.world.of(Trade::School);
    let school = script.one_of(&schools);
    let area = script.world.accounts[school].area;
    let six = AREAS[area].local(script.start, 6 * 60 + 10);
    let first = {
        let recipient = stranger(&mut script.rng, area);
        let mut job = script.job(six, school, recipient);
        job.document = Document::new(&mut script.rng, Look::Letter, 1);
        job
    };
    for at in 0..60 {
        let recipient = stranger(&mut script.rng, area);
        let dials = match script.rng.random_range(0..20) {
            0 => vec![Dial::Busy, Dial::Sent],
            1 => vec![Dial::Voice],
            _ => vec![Dial::Sent],
        };
        let job = super::script::Job {
            at: six + at * 3,
            recipient,
            recipients: 60,
            dials,
            ..first.clone()
        };
        script.send(job);
    }
}

/// A wholesaler recalls a medicine: the same two pages to every pharmacy within the hour.
pub(super) fn pharmacy_recall(script: &mut Script<'_>) {
    let wholesaler = stranger(&mut script.rng, NEW_YORK);
    let ten = AREAS[NEW_YORK].local(script.start, 10 * 60 + 5);
    let notice = Document::new(&mut script.rng, Look::FineLetter, 2);
    for (at, pharmacy) in (0..).zip(script.world.of(Trade::Pharmacy)) {
        let did = script.world.accounts[pharmacy].did();
        if at % 3 == 0 {
            let order = script.job(ten - 7_000 + at * 60, pharmacy, wholesaler);
            script.send(order);
        }
        let mut call = script.call(ten + at * 95, wholesaler, did);
        call.document = notice.clone();
        call.attestation = Attestation::A;
        call.name = "UNITED DRUG SUPPLY".into();
        let fax = script.receive(call);
        match at % 8 {
            1 => script.report(900, fax, ReportCategory::NotJunk),
            2 => script.release(700, fax),
            _ => {}
        }
    }
}

/// Machines that find a line busy, or lose it, and try again like machines do.
pub(super) fn busy_retries(script: &mut Script<'_>) {
    for _ in 0..10 {
        let account = script.office();
        let area = script.world.accounts[account].area;
        let (did, other) = (script.world.accounts[account].did(), stranger(&mut script.rng, area));
        let at = script.office_time(area);
        let mut job = script.job(at, account, other);
        job.dials = vec![Dial::Busy, Dial::Busy, Dial::NoAnswer, Dial::Sent];
        let sent = script.send(job);
        let mut call = script.call(sent.end + 900, other, did);
        for ending in [Ending::HungUp(12), Ending::Broken, Ending::Complete] {
            call.ending = ending;
            call.at = script.receive(call.clone()).end + 180;
        }
    }
}

/// A trade association's letter to those who subscribed, their consent on the allow list.
pub(super) fn newsletter(script: &mut Script<'_>) {
    let association = any_number(&mut script.rng);
    let (shops, brokers) = (script.world.of(Trade::Shop), script.world.of(Trade::Broker));
    let all: Vec<usize> = shops.into_iter().chain(brokers).collect();
    let subscribers = script.some_of(&all, 30);
    for account in &subscribers {
        script.list(script.start + 60, ListKind::Allow, Some(*account), association);
    }
    let two = AREAS[NEW_YORK].local(script.start, 14 * 60);
    let letter = Document::new(&mut script.rng, Look::FineLetter, 2);
    for (at, account) in (0..).zip(subscribers) {
        let did = script.world.accounts[account].did();
        let mut call = script.call(two + at * 50, association, did);
        call.document = letter.clone();
        call.name = "TRADE ASSOCIATION".into();
        call.attestation = Attestation::A;
        script.receive(call);
    }
}

/// Morning traffic of Sweden and Britain, where nobody signs calls.
pub(super) fn europe(script: &mut Script<'_>) {
    for area in [GOTHENBURG, LONDON] {
        for _ in 0..25 {
            let offices: Vec<usize> = (0..script.world.accounts.len())
                .filter(|at| script.world.accounts[*at].area == area)
                .collect();
            let account = script.one_of(&offices);
            let did = script.world.accounts[account].did();
            let other = stranger(&mut script.rng, area);
            let at = script.office_time(area);
            let call = script.call(at, other, did);
            let fax = script.receive(call);
            if script.chance(50) {
                let pause = script.seconds(600, 5_000);
                let job = script.job(fax.end + pause, account, other);
                script.send(job);
            }
        }
    }
}
