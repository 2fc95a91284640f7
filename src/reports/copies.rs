//! Copies of faxes that their recipients give with a report. They come under seal, are journalled before they are put away, lie
//! encrypted in a table of their own term, and never in the ledger. Nobody reads them here.

use super::draft::Draft;
use super::{ReportFault, Reporter, intake};
use crate::casework::{DeskEvent, EventKind, ReportRow};
use crate::content::grant::Grant;
use crate::content::journal::Opening;
use crate::content::sealed::{Envelope, SealedFax};
use crate::fax::id::{DecisionId, ReportId};
use crate::memory::Memory;
use crate::store::keys::KeyRing;
use crate::store::record::Field;
use crate::store::table::RetentionClass;
use crate::store::{EntryKind, TableId, TableWrite};
use crate::time::Timestamp;
use crate::verdict::ContentPurpose;

/// What copies are sealed as.
const COPY: &str = "copy";
/// Who puts them away, in the content journal.
const ACTOR: &str = "recipient's copy";

/// Seals the parts of one copy, each at its own place.
struct Drawer<'k> {
    keys: &'k KeyRing,
    place: u64,
}

impl Envelope for Drawer<'_> {
    fn close(&self, number: u64, part: &[u8]) -> Box<[u8]> {
        self.keys.seal(COPY, self.place.wrapping_add(number), part)
    }
}

fn key(report: ReportId, part: u8) -> Vec<u8> {
    [&report.0[..], &[part]].concat()
}

/// The fax that a report of that reporter is about, so that a copy of it can be put under seal.
///
/// # Errors
/// [`ReportFault::NoReport`], [`ReportFault::NoFax`] where it is about none that the ledger knows.
pub fn fax_of(
    memory: &Memory,
    report: ReportId,
    reporter: Reporter,
) -> Result<DecisionId, ReportFault> {
    let row = intake::read(&Draft::over(memory.store()), report)?;
    let row =
        row.filter(|row| row.reporter == reporter.pseudonym()).ok_or(ReportFault::NoReport)?;
    row.decision.ok_or(ReportFault::NoFax)
}

/// Puts away the copy of the fax of a report, over one that was given before. Journalled first; durable when it is answered.
///
/// # Errors
/// [`ReportFault`]; nothing was kept then.
pub fn attach_copy(
    memory: &Memory,
    (report, reporter): (ReportId, Reporter),
    fax: SealedFax,
    now: Timestamp,
) -> Result<(), ReportFault> {
    let _desk = memory.desk().lock();
    let mut draft = Draft::over(memory.store());
    let row = intake::read(&draft, report)?;
    let mut row =
        row.filter(|row| row.reporter == reporter.pseudonym()).ok_or(ReportFault::NoReport)?;
    let decision = row.decision.filter(|of| *of == fax.decision()).ok_or(ReportFault::NoFax)?;
    let opening = Opening {
        decision,
        purpose: ContentPurpose::PreventDisruption,
        actor: ACTOR.to_owned(),
        generation: memory.generations().current().number(),
        time: now,
    };
    let grant = Grant::request(memory, &opening)?;
    let drawer = Drawer { keys: memory.keys(), place: row.request };
    let parts = fax.put_away(grant, &drawer).map_err(|_| ReportFault::NoFax)?;
    drop_of(&mut draft, report, &mut row);
    let expires = memory.expiry(RetentionClass::Copy, now);
    let puts = parts.into_iter().zip(0_u8..).map(|(part, number)| TableWrite::Put {
        table: TableId::Copies,
        key: key(report, number),
        value: part.into(),
        expires,
        subject_key: None,
    });
    let puts: Vec<TableWrite> = puts.collect();
    row.copy_parts = u8::try_from(puts.len()).unwrap_or(u8::MAX);
    let event = DeskEvent::of(EventKind::Changed);
    intake::keep(memory, &mut draft, report, &row);
    intake::commit(memory, (EntryKind::Desk, event.encode()), (None, now), &mut draft)?.wait()?;
    // Beside the ledger, one part after the other: a copy without all of its parts is none.
    for put in puts {
        memory.store().load(vec![put])?.wait()?;
    }
    Ok(())
}

/// Drops the copy of a report.
pub(super) fn drop_of(draft: &mut Draft<'_>, report: ReportId, row: &mut ReportRow) {
    for part in 0..row.copy_parts {
        draft.delete(TableId::Copies, &key(report, part));
    }
    row.copy_parts = 0;
}
