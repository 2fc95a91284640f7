//! Killed again and again while reports come in: whatever was answered is there at the next start, and once.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use super::world::World;
use super::{NAME, SEED, row};
use crate::fax::id::ReportId;
use crate::lab::evaluate::screening::engine::Fault;
use crate::lab::evaluate::screening::process::Part;
use crate::lab::evaluate::{Measured, Run, Scale};
use crate::reports::{self, CaseOrder, Filing, Intake, ReportCategory, ReportedFax, Reporter};

/// What is measured here.
pub(super) const IDS: [&str; 2] = ["reports.kills_lost", "reports.kills_doubled"];
/// Name of the part that is killed.
pub(super) const PART: &str = "load";
/// Where it says what was answered: the number of the request and its report, a line each.
const ANSWERED: &str = "answered.txt";
/// Members who report.
const MEMBERS: u32 = 100_000;
/// Those who file at once.
const FILING: u64 = 4;
/// Senders that are reported.
const SENDERS: u64 = 50;
const SCALES: (&str, &str) = ("1,000 kills", "3 kills");

/// Both rows.
pub(super) fn measure(run: Run) -> Result<Vec<Measured>, Fault> {
    let kills = if run.scale == Scale::Full { 1_000 } else { 3 };
    let seed = run.seed.unwrap_or(SEED);
    let folder = tempfile::tempdir()?;
    let mut answered = 0;
    let (mut lost, mut doubled) = (0, 0);
    for kill in 0..kills {
        let log = folder.path().join(ANSWERED);
        let before = std::fs::metadata(&log).map_or(0, |found| found.len());
        let part = Part::start((NAME, PART), run, folder.path())?;
        // It has begun when it has answered something.
        for _ in 0..1_000 {
            if std::fs::metadata(&log).is_ok_and(|found| found.len() > before) {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let random = blake3::hash(&[seed.to_le_bytes(), u64::to_le_bytes(kill)].concat());
        std::thread::sleep(Duration::from_millis(u64::from(random.as_bytes()[0]) / 2));
        part.kill()?;
        // Every start reads everything again; looking at it all each time would take hours.
        if kill % 50 == 49 || kill + 1 == kills {
            let found = look(folder.path(), seed)?;
            (answered, lost, doubled) =
                (found.answered, lost + found.lost, doubled + found.doubled);
        }
    }
    let how =
        format!("{answered} reports answered by {FILING} at a time, kill -9 after 0 to 127 ms");
    let value = |count: usize| Some(f64::from(u32::try_from(count).unwrap_or(u32::MAX)));
    Ok(vec![
        row(run, "reports.kills_lost", value(lost), SCALES, how.clone()),
        row(run, "reports.kills_doubled", value(doubled), SCALES, how),
    ])
}

/// The part: files reports until it is killed, each under the number after the last that was begun.
pub(super) fn load(run: Run, folder: &Path) -> Result<(), Fault> {
    let world = World::open(&folder.join("store"), MEMBERS, run.seed.unwrap_or(SEED))?;
    let mut log =
        std::fs::OpenOptions::new().append(true).create(true).open(folder.join(ANSWERED))?;
    let begun = std::fs::read_to_string(folder.join(ANSWERED))?;
    let last = begun.lines().filter_map(|line| line.split(' ').next()?.parse::<u64>().ok()).max();
    // A few may have been begun that nobody was told of.
    let first = last.map_or(0, |last| last + 2 * FILING);
    let intake = Intake::default();
    for round in 0_u64.. {
        let mut filings = Vec::new();
        for each in 0..FILING {
            let number = first + round * FILING + each;
            filings.push((number, filing(&world, number)?));
        }
        let answers: Vec<_> = std::thread::scope(|scope| {
            let running: Vec<_> = filings
                .into_iter()
                .map(|(number, filing)| {
                    let (intake, memory) = (&intake, &world.engine.memory);
                    scope.spawn(move || (number, intake.file(memory, filing)))
                })
                .collect();
            running.into_iter().filter_map(|running| running.join().ok()).collect()
        });
        let mut lines = String::new();
        for (number, answer) in answers {
            lines.push_str(&format!("{number} {}\n", answer?.report));
        }
        log.write_all(lines.as_bytes())?;
    }
    Ok(())
}

/// The report of a number: of one member about a fax that it got.
fn filing(world: &World, number: u64) -> Result<Filing, Fault> {
    let who = u32::try_from(number % u64::from(MEMBERS))?;
    let fax = world.fax_of_id(number, 1 + number % SENDERS, who)?;
    Ok(Filing::new(
        number,
        Reporter::Member(world.member(who)),
        ReportedFax::Decision(fax),
        ReportCategory::JunkFax,
        world.now(),
    ))
}

struct Found {
    answered: usize,
    lost: usize,
    doubled: usize,
}

/// Whether everything that was answered is there, and counted once.
fn look(folder: &Path, seed: u64) -> Result<Found, Fault> {
    let world = World::open(&folder.join("store"), MEMBERS, seed)?;
    let memory = &world.engine.memory;
    let text = std::fs::read_to_string(folder.join(ANSWERED))?;
    // The last line may be torn: nobody was told of it.
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let mut found = Found { answered: 0, lost: 0, doubled: 0 };
    let mut known = BTreeSet::new();
    for line in whole.lines() {
        let (_, report) = line.split_once(' ').ok_or("a torn line")?;
        let report = ReportId::parse(report).ok_or("no report")?;
        found.answered += 1;
        match reports::get(memory, report) {
            Ok(_) if known.insert(report) => {}
            Ok(_) => found.doubled += 1,
            Err(_) => found.lost += 1,
        }
    }
    // Each report is in one case; a case has as many as were filed about its sender.
    let (cases, _) = reports::cases(memory, CaseOrder::Harm, None, 200)?;
    let counted: usize =
        cases.iter().map(|(_, case)| (case.counts.junk + case.counts.duplicates) as usize).sum();
    let filed = reports::transparency(
        memory,
        crate::time::Timestamp::default(),
        world.now().plus(crate::time::Span::seconds(86_400)),
    )?;
    let filed = filed.reports.values().sum::<u64>();
    let filed = usize::try_from(filed)?;
    found.lost += filed.saturating_sub(counted);
    found.doubled += counted.saturating_sub(filed);
    Ok(found)
}
