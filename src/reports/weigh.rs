//! What a report weighs: little by little less, the more its reporter has said of the same sender. However often one
//! reporter speaks, it is one voice, so that nobody alone can have a sender's faxes kept from others.

use super::{Filing, ReportCategory, ReportFault, Reporter, Standing};
use crate::decay::{ONE, decayed};
use crate::fax::id::{DecisionId, ReportId};
use crate::fax::stage::Direction;
use crate::ledger::StageRow;
use crate::memory::Memory;
use crate::store::codec::{take_i64, take_u32};
use crate::store::table::RetentionClass;
use crate::store::{TableId, TableWrite};
use crate::time::Timestamp;

/// Approval that "not junk" proves, in 1/65536.
const NOT_JUNK_GOOD: u32 = 2 * ONE;

/// A report's standing and weight.
pub(super) struct Weighed {
    /// How it stands.
    pub standing: Standing,
    /// What it adds, in 1/65536 of an observation.
    pub weight: u32,
    /// What is kept of the reporter.
    pub writes: Vec<TableWrite>,
}

/// What one reporter has said of one sender, as its row keeps it.
#[derive(Clone, Copy, Default)]
struct Voice {
    /// What it has added, decayed as the evidence is, in 1/65536.
    weight: u32,
    /// As of when.
    at: Timestamp,
    /// Reports that counted on the day of `at`.
    on_day: u32,
}

impl Voice {
    fn decode(mut bytes: &[u8]) -> Option<Self> {
        let from = &mut bytes;
        let (weight, on_day) = (take_u32(from)?, take_u32(from)?);
        Some(Self { weight, on_day, at: Timestamp::from_micros(take_i64(from)?) })
    }

    fn encode(self) -> Vec<u8> {
        let mut to = Vec::with_capacity(16);
        to.extend_from_slice(&self.weight.to_le_bytes());
        to.extend_from_slice(&self.on_day.to_le_bytes());
        to.extend_from_slice(&self.at.as_micros().to_le_bytes());
        to
    }
}

/// Weighs a report of a fax that was found. One fax counts once for a reporter, and one sender no more often in
/// a day, and no more in all, than the policy says.
pub(super) fn weigh(
    memory: &Memory,
    filing: &Filing,
    (decision, row): (DecisionId, &StageRow),
    report: ReportId,
) -> Result<Weighed, ReportFault> {
    let [fax, sender] = keys(filing, decision, row);
    let get =
        |key: &[u8]| memory.store().table_get(TableId::Reporters, key).map_err(ReportFault::Read);
    let expires = memory.expiry(RetentionClass::Reporter, filing.time);
    let put = |key: Vec<u8>, value: Vec<u8>| TableWrite::Put {
        table: TableId::Reporters,
        key,
        value,
        expires,
        subject_key: None,
    };
    let known = get(&fax)?.is_some();
    let mut voice = get(&sender)?.and_then(|row| Voice::decode(&row.value)).unwrap_or_default();
    let generation = memory.generations().current();
    let (rules, past) = (generation.policy().reports(), generation.policy().reputation());
    if voice.at.day() != filing.time.day() {
        voice.on_day = 0;
    }
    if known || voice.on_day >= rules.per_sender_daily {
        let writes = vec![put(fax, report.0.to_vec())];
        return Ok(Weighed { standing: Standing::Duplicate, weight: 0, writes });
    }
    let one = match (filing.category, filing.reporter) {
        (ReportCategory::NotJunk, _) => NOT_JUNK_GOOD,
        // Who wants no more of it does not say that others do not.
        (ReportCategory::RemoveMe, _) => 0,
        (_, Reporter::Member(_)) => fixed(rules.weight_milli),
        (_, Reporter::Outsider(_)) => fixed(rules.outsider_weight_milli),
    };
    let elapsed = filing.time.since(voice.at).as_seconds();
    let said = decayed(voice.weight, elapsed, past.half_life.as_seconds());
    let most = one.saturating_mul(rules.per_sender_daily);
    let weight = one.min(most.saturating_sub(said));
    let voice = Voice {
        weight: said.saturating_add(weight),
        at: voice.at.max(filing.time),
        on_day: voice.on_day.saturating_add(1),
    };
    let writes = vec![put(fax, report.0.to_vec()), put(sender, voice.encode())];
    Ok(Weighed { standing: Standing::Counted, weight, writes })
}

fn fixed(milli: u32) -> u32 {
    u32::try_from(u64::from(milli) * u64::from(ONE) / 1_000).unwrap_or(u32::MAX)
}

/// What a reporter has reported: the fax, and the sender, each for one kind of category.
fn keys(filing: &Filing, decision: DecisionId, row: &StageRow) -> [Vec<u8>; 2] {
    let who = filing.reporter.pseudonym().0;
    let says = [match filing.category {
        ReportCategory::NotJunk => 0,
        ReportCategory::JunkFax | ReportCategory::OtherAbuse => 1,
        ReportCategory::RemoveMe => 2,
    }];
    let observation = &row.observation;
    let sender = match row.verdict.stage.direction() {
        // Who withholds its number is known by its TSI, or else by the trunk it came on.
        Direction::Inbound => [observation.caller, observation.tsi, observation.trunk]
            .into_iter()
            .find(|key| *key != 0)
            .unwrap_or(0),
        Direction::Outbound => row.member_key,
    };
    [
        [&who[..], b"f", &says, &decision.0].concat(),
        [&who[..], b"s", &says, &sender.to_be_bytes()].concat(),
    ]
}
