//! Reporters who are wrong too often, as DSA art. 23(3) weighs it: how many of their reports were unfounded, which share of
//! all, how grave what they said was, and whether they went on after a warning. What they ask for themselves is done all the
//! same.

use super::ReportFault;
use super::draft::Draft;
use super::speak::record;
use crate::casework::{CaseKey, MisuseRow, OutcomeRow};
use crate::fax::id::Pseudonym;
use crate::memory::Memory;
use crate::policy::ReportRules;
use crate::store::TableId;
use crate::store::table::RetentionClass;
use crate::time::Timestamp;

fn key(reporter: Pseudonym) -> Vec<u8> {
    [&reporter.0[..], b"m"].concat()
}

/// Whether a reporter's reports count for nobody else at present.
pub(super) fn suspended(
    draft: &Draft<'_>,
    reporter: Pseudonym,
    now: Timestamp,
) -> Result<bool, ReportFault> {
    let row = draft.get::<MisuseRow>(TableId::Reporters, &key(reporter))?;
    Ok(row.and_then(|row| row.suspended).is_some_and(|(until, _)| now < until))
}

/// What follows from one more unfounded report: `None` where nothing does; whether it is suspended or warned, the counts that
/// say so, and until when.
pub(super) type Follows = Option<(bool, (u32, u32), Timestamp)>;

/// Looks at a reporter whose report was unfounded. A warning comes before a suspension, and only what came after it leads
/// there.
pub(super) fn look(
    memory: &Memory,
    draft: &mut Draft<'_>,
    ((reporter, received), outcome): ((Pseudonym, Timestamp), &OutcomeRow),
    (rules, case): (&ReportRules, CaseKey),
    now: Timestamp,
) -> Result<Follows, ReportFault> {
    let counted = record(draft, reporter, rules, now)?;
    // What is graver counts as so many.
    let unfounded = counted.unfounded.saturating_add(u32::from(outcome.gravity) - 1);
    let all = counted.upheld.saturating_add(unfounded);
    if !is_misuse(rules, unfounded, counted.upheld) {
        return Ok(None);
    }
    let known = draft.get::<MisuseRow>(TableId::Reporters, &key(reporter))?;
    let until = now.plus(rules.misuse);
    let suspended = match known {
        None => false,
        Some(known) if known.warned.0 < received => true,
        // It was filed before the warning: that is no going on after it.
        Some(_) => return Ok(None),
    };
    // A suspension that stands is not replaced by another: either may be overturned alone.
    let stands = known.and_then(|known| known.suspended).filter(|(until, _)| now < *until);
    if stands.is_some() {
        return Ok(None);
    }
    let row = MisuseRow {
        warned: known.map_or((now, case), |known| known.warned),
        suspended: suspended.then_some((until, case)),
    };
    let expires = memory.expiry(RetentionClass::Reporter, until);
    draft.put(TableId::Reporters, &key(reporter), &row, expires);
    Ok(Some((suspended, (counted.unfounded, all), until)))
}

/// Takes back the warning or suspension that followed from a case which was overturned, or that would not have followed without it.
/// Without its warning a suspension does not stand either. To be called once the outcome in that case is gone.
pub(super) fn forget(
    memory: &Memory,
    draft: &mut Draft<'_>,
    (reporter, case): (Pseudonym, CaseKey),
    now: Timestamp,
) -> Result<(), ReportFault> {
    let Some(known) = draft.get::<MisuseRow>(TableId::Reporters, &key(reporter))? else {
        return Ok(());
    };
    let generation = memory.generations().current();
    let rules = generation.policy().reports();
    let left = record(draft, reporter, &rules, now)?;
    if known.warned.1 == case || !is_misuse(&rules, left.unfounded, left.upheld) {
        draft.delete(TableId::Reporters, &key(reporter));
    } else if known.suspended.is_some_and(|(_, by)| by == case) {
        let row = MisuseRow { suspended: None, ..known };
        let expires = memory.expiry(RetentionClass::Reporter, now);
        draft.put(TableId::Reporters, &key(reporter), &row, expires);
    }
    Ok(())
}

/// Whether so many unfounded reports beside so many others are too many, by number and share.
fn is_misuse(rules: &ReportRules, unfounded: u32, upheld: u32) -> bool {
    let all = upheld.saturating_add(unfounded);
    let share = u64::from(unfounded) * 100 / u64::from(all.max(1));
    unfounded >= rules.misuse_count && share >= u64::from(rules.misuse_percent)
}

/// Whether a row of a reporter is such a one.
pub(super) fn is_key(key: &[u8]) -> bool {
    key.len() == 17 && key.last() == Some(&b'm')
}
