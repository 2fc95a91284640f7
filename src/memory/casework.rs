//! What the abuse desk's rows mean for a verdict: measures and voices, brought back at the start, and what they say of a fax.

use parking_lot::MutexGuard;

use super::Memory;
use crate::activity::{Observation, Said};
use crate::casework::{Class, MeasureRow, MeasureState, VoiceCaps, VoiceRow, parts_of};
use crate::decay::ONE;
use crate::fax::stage::Direction;
use crate::features::{Feature, Features};
use crate::ledger::Penalty;
use crate::measures::{InForce, MeasureId, MeasureKind, Subject, SubjectKind};
use crate::policy::Policy;
use crate::store::record::Field;
use crate::store::table::RetentionClass;
use crate::store::{StoreError, TableId, TableWrite};
use crate::time::Timestamp;

/// Rows read at a time.
const PAGE_ROWS: usize = 10_000;
/// Rows of voices that are taken out of the tables in one change.
const GONE_AT_ONCE: usize = 512;
/// Approval that "not junk" proves, in parts of a complaint.
const GOOD_PARTS: u32 = 2;

/// Numbers, with the rows that go, and the desk's lock.
type Unsaid<'m> = (Vec<(u64, Vec<TableWrite>)>, Option<MutexGuard<'m, ()>>);

/// Puts measures and voices in force that the store holds, at the start.
pub(super) fn load(memory: &Memory, now: Timestamp) -> Result<(), StoreError> {
    each_row(memory, TableId::Measures, |key, value| {
        let (Ok(id), Some(row)) = (key.try_into(), MeasureRow::decode(value)) else { return };
        // One whose time passed while nobody was there is ended by who looks for those, and told of.
        if row.state == MeasureState::InForce {
            let measure = InForce { kind: row.kind, id: MeasureId(id), until: row.until };
            memory.put_measure(row.subject, measure, now);
        }
    })?;
    let caps = memory.voice_caps();
    let mut of: (u64, Vec<VoiceRow>, [usize; 4]) = (0, Vec::new(), [0; 4]);
    each_row(memory, TableId::Voices, |key, value| {
        let Some(sender) = key.first_chunk().map(|sender| u64::from_be_bytes(*sender)) else {
            return;
        };
        if sender != of.0 {
            memory.voices.replace(of.0, parts_of(&of.1, caps));
            of = (sender, Vec::new(), [0; 4]);
        }
        let Some(row) = VoiceRow::decode(value) else { return };
        let (class, (_, rows, counts)) = (Class::of(&row), &mut of);
        // The first of each class, as they are read for a report.
        if counts[class as usize] < class.most() {
            counts[class as usize] += 1;
            rows.push(row);
        }
    })?;
    memory.voices.replace(of.0, parts_of(&of.1, caps));
    Ok(())
}

fn each_row(
    memory: &Memory,
    table: TableId,
    mut each: impl FnMut(&[u8], &[u8]),
) -> Result<(), StoreError> {
    let mut after: Option<Vec<u8>> = None;
    loop {
        let rows = memory.store.table_scan(table, after.as_deref(), PAGE_ROWS)?;
        rows.iter().for_each(|row| each(&row.key, &row.value));
        match rows.into_iter().next_back() {
            Some(last) => after = Some(last.key),
            None => return Ok(()),
        }
    }
}

impl Memory {
    /// Puts a measure in force.
    pub(crate) fn put_measure(&self, subject: Subject, measure: InForce, now: Timestamp) {
        self.measures.put(subject, measure);
        if measure.kind == MeasureKind::Limit {
            self.limiting.lessen(&self.generations, now);
        }
    }

    /// What was said of numbers that have changed hands, to be taken out of the tables; with the desk's lock where there is any,
    /// so that nothing is said of them in the meantime.
    pub(super) fn unsay_of(&self, numbers: &[u64]) -> Result<Unsaid<'_>, StoreError> {
        // Also what is silenced: it would come back to whoever has the number now.
        if self.store.table_range(TableId::Voices, &[], None, 1)?.is_empty() {
            return Ok((Vec::new(), None));
        }
        let desk = self.desk.lock();
        let mut unsaid = Vec::new();
        for number in numbers.iter().copied() {
            let (prefix, mut after) = (number.to_be_bytes(), None);
            let mut gone = Vec::new();
            loop {
                let rows = self.store.table_range(
                    TableId::Voices,
                    &prefix,
                    after.as_deref(),
                    GONE_AT_ONCE,
                )?;
                after = rows.last().map(|row| row.key.clone());
                let whole = rows.len() < GONE_AT_ONCE;
                gone.extend(
                    rows.into_iter()
                        .map(|row| TableWrite::Delete { table: TableId::Voices, key: row.key }),
                );
                if whole {
                    break;
                }
            }
            if !gone.is_empty() {
                unsaid.push((number, gone));
            }
        }
        Ok((unsaid, Some(desk)))
    }

    /// Forgets senders of whom nothing was said within the term of what is said, and says how many.
    pub fn purge_voices(&self, now: Timestamp) -> usize {
        let begin = Timestamp::default();
        let term = self.expiry(RetentionClass::Reporter, begin);
        term.map_or(0, |term| self.voices.purge(now.minus(term.since(begin))))
    }

    /// What voices that hang together can weigh, by the policy in force.
    pub(crate) fn voice_caps(&self) -> VoiceCaps {
        let milli = self.generations.current().policy().reports().weight_milli;
        let one = u64::from(milli) * u64::from(ONE) / 1_000;
        let bad = u32::try_from(one).unwrap_or(u32::MAX);
        VoiceCaps { bad, good: GOOD_PARTS * ONE }
    }

    /// What reports say of whoever is named in an observation.
    pub(crate) fn said_of(
        &self,
        observation: &Observation,
        policy: &Policy,
        now: Timestamp,
    ) -> Said {
        if self.voices.is_empty() {
            return Said::default();
        }
        let half_life = policy.reputation().half_life.as_seconds();
        let of = |name| self.voices.evidence(name, now, half_life);
        Said {
            caller: of(observation.caller),
            tsi: of(observation.tsi),
            trunk: of(observation.trunk),
            member: of(observation.member),
            block10: of(observation.block10),
            block100: of(observation.block100),
        }
    }

    /// What reports take off a member's weight, in sixteenths of a halving: a quarter of what a verdict would.
    pub fn lowered_by_reports(&self, member: u64, now: Timestamp) -> u8 {
        if self.voices.is_empty() {
            return 0;
        }
        let half_life = self.generations.current().policy().reputation().half_life.as_seconds();
        let (_, bad) = self.voices.evidence(member, now, half_life);
        Penalty::of_report(bad, Default::default()).sixteenths
    }

    /// The measure that stands against a fax, of whoever is named in it: the one that takes most.
    pub(crate) fn measure_against(
        &self,
        observation: &Observation,
        (direction, features): (Direction, &Features),
        now: Timestamp,
    ) -> Option<(SubjectKind, InForce)> {
        if self.measures.is_empty() {
            return None;
        }
        let campaign = u64::try_from(features.get(Feature::CampaignSerial)).unwrap_or(0);
        let found = |(kind, key): (SubjectKind, u64)| {
            let found = self.measures.strongest(Subject { kind, key }, now)?;
            Some((kind, found))
        };
        let strongest = |of: &[(SubjectKind, u64)]| {
            of.iter().copied().filter_map(found).max_by_key(|(_, measure)| *measure)
        };
        match direction {
            Direction::Inbound => strongest(&[
                (SubjectKind::Number, observation.caller),
                (SubjectKind::Block10, observation.block10),
                (SubjectKind::Block100, observation.block100),
                (SubjectKind::Ident, observation.tsi),
                (SubjectKind::Trunk, observation.trunk),
                (SubjectKind::Campaign, campaign),
            ]),
            Direction::Outbound => strongest(&[
                (SubjectKind::Member, observation.member),
                (SubjectKind::Campaign, campaign),
            ]),
        }
    }
}
