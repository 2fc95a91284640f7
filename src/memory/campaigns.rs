//! Campaigns that outlive the process: their rows, and staff's word on them, which is durable before it is answered.
//!
//! Rows go into their table straight, never into the ledger: what a page is recognised by is personal data, and the
//! ledger would keep it for as long as a verdict. What the ledger keeps is who decided what, and when.

use thiserror::Error;

use super::Memory;
use super::edit::EditFault;
use crate::activity::Observation;
use crate::campaign::{Decision, DeskFault, FormId, Names, Opinion, Row, RowKey};
use crate::decay::ONE;
use crate::fax::id::{CampaignId, DecisionId};
use crate::features::Feature;
use crate::ledger::{EvidenceRow, StageRow};
use crate::store::codec::put_bytes;
use crate::store::table::RetentionClass;
use crate::store::{CommitFault, Entry, EntryKind, Refused, StoreError, TableId, TableWrite};
use crate::time::Timestamp;

/// Rows that are taken and written at a time: they are packed under the lock that verdicts want too, and hold up to
/// 100 KB each.
const ROWS_AT_ONCE: usize = 16;
/// Times that happens in one beat.
const WRITES_A_BEAT: usize = 16;
/// Clusters, and as many campaigns, that are looked at in one beat.
const STEPS_A_BEAT: usize = 512;

/// Why staff's word on a campaign is not in force, or not known to stay so.
#[derive(Debug, Error)]
pub enum CampaignFault {
    /// It came to nothing; nothing was changed.
    #[error(transparent)]
    Desk(#[from] DeskFault),
    /// There is no known form of that number.
    #[error("no known form `{}`", .0.0)]
    NoForm(FormId),
    /// It did not become durable. It is in force, and is written again until it is; a restart before that forgets it.
    #[error("the decision did not become durable")]
    Unkept(#[from] EditFault),
}

/// What staff did, as the ledger keeps it.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Deed {
    Decided = 1,
    Undone = 2,
    Merged = 3,
    Split = 4,
    TakenOut = 5,
    FormNamed = 6,
    FormForgotten = 7,
}

impl Memory {
    /// Staff says what a campaign is: in force at once, durable when it returns.
    ///
    /// # Errors
    /// [`CampaignFault`].
    pub fn decide_campaign(&self, id: CampaignId, decision: Decision) -> Result<(), CampaignFault> {
        let (author, at) = (decision.author.clone(), decision.at);
        let mut behind = self.campaign_rows.lock();
        self.campaigns.decide(id, decision)?;
        self.keep(&mut behind, (Deed::Decided, &[RowKey::Campaign(id)]), &author, at)
    }

    /// Takes the last decision on a campaign back and answers with it; what was in force before is again.
    ///
    /// # Errors
    /// [`CampaignFault`].
    pub fn undo_campaign(
        &self,
        id: CampaignId,
        author: &str,
        now: Timestamp,
    ) -> Result<Decision, CampaignFault> {
        let mut behind = self.campaign_rows.lock();
        let undone = self.campaigns.undo(id)?;
        self.keep(&mut behind, (Deed::Undone, &[RowKey::Campaign(id)]), author, now)?;
        Ok(undone)
    }

    /// Merges two campaigns and answers with the id that both are known by from now on: the older one.
    ///
    /// # Errors
    /// [`CampaignFault`].
    pub fn merge_campaigns(
        &self,
        one: CampaignId,
        other: CampaignId,
        author: &str,
        now: Timestamp,
    ) -> Result<CampaignId, CampaignFault> {
        let mut behind = self.campaign_rows.lock();
        // What forwards to the younger one forwards to the older from now on.
        let younger = self.campaigns.show(one.max(other), now);
        let id = self.campaigns.merge(one, other)?;
        let merged = younger.map(|shown| shown.merged).unwrap_or_default();
        let rows: Vec<RowKey> =
            [one, other].into_iter().chain(merged).map(RowKey::Campaign).collect();
        self.keep(&mut behind, (Deed::Merged, &rows), author, now)?;
        Ok(id)
    }

    /// Takes a campaign out of the one it forwards to: both are what they were.
    ///
    /// # Errors
    /// [`CampaignFault`].
    pub fn split_campaign(
        &self,
        id: CampaignId,
        author: &str,
        now: Timestamp,
    ) -> Result<(), CampaignFault> {
        let mut behind = self.campaign_rows.lock();
        let parent = self.campaigns.show(id, now).map(|shown| shown.evidence.id);
        self.campaigns.split(id)?;
        let rows: Vec<RowKey> = [id].into_iter().chain(parent).map(RowKey::Campaign).collect();
        self.keep(&mut behind, (Deed::Split, &rows), author, now)
    }

    /// Takes a representative out of a campaign: pages like it are none of it from now on.
    ///
    /// # Errors
    /// [`CampaignFault`].
    pub fn take_out_representative(
        &self,
        id: CampaignId,
        index: usize,
        author: &str,
        now: Timestamp,
    ) -> Result<(), CampaignFault> {
        let mut behind = self.campaign_rows.lock();
        self.campaigns.take_out(id, index, now)?;
        self.keep(&mut behind, (Deed::TakenOut, &[RowKey::Campaign(id)]), author, now)
    }

    /// Names the page of a campaign a known form: pages like it are no campaign from now on. What the campaign is stays to
    /// be decided.
    ///
    /// # Errors
    /// [`CampaignFault`].
    pub fn name_form(
        &self,
        id: CampaignId,
        author: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<FormId, CampaignFault> {
        let mut behind = self.campaign_rows.lock();
        let form = self.campaigns.name_form(id, author, reason, now)?;
        self.keep(&mut behind, (Deed::FormNamed, &[RowKey::Form(form)]), author, now)?;
        Ok(form)
    }

    /// Takes a known form out.
    ///
    /// # Errors
    /// [`CampaignFault`].
    pub fn forget_form(
        &self,
        id: FormId,
        author: &str,
        now: Timestamp,
    ) -> Result<(), CampaignFault> {
        let mut behind = self.campaign_rows.lock();
        if !self.campaigns.forget_form(id) {
            return Err(CampaignFault::NoForm(id));
        }
        self.keep(&mut behind, (Deed::FormForgotten, &[RowKey::Form(id)]), author, now)
    }

    /// What a report or the desk said of a fax, once it is durable: its campaigns hear of it, and who sent junk is asked for
    /// fingerprints from now on.
    pub(crate) fn hear(&self, decision: DecisionId, said: &EvidenceRow, now: Timestamp) {
        let (opinion, weight) = match said.observation {
            Observation { bad, .. } if bad > 0 => (Opinion::Junk, bad),
            Observation { good, .. } if good > 0 => (Opinion::Wanted, good),
            Observation { .. } => return,
        };
        let weight_milli = u64::from(weight) * 1_000 / u64::from(ONE);
        let weight_milli = u32::try_from(weight_milli).unwrap_or(u32::MAX);
        let _campaigns = self.campaigns.report(decision, opinion, weight_milli, now);
        self.suspect_reported(said, now);
    }

    /// What a report said of a fax, with its weight in thousandths: its campaigns hear of it.
    pub(crate) fn hear_report(
        &self,
        (decision, known): (DecisionId, Option<CampaignId>),
        (junk, weight_milli): (bool, u32),
        now: Timestamp,
    ) {
        let opinion = if junk { Opinion::Junk } else { Opinion::Wanted };
        if let Some(known) = known.filter(|_| !self.campaigns.remembers(decision)) {
            self.campaigns.weigh_campaign(known, opinion, weight_milli, true);
        } else {
            let _campaigns = self.campaigns.report(decision, opinion, weight_milli, now);
        }
    }

    /// The same, unsaid.
    pub(crate) fn unhear_report(
        &self,
        (decision, known): (DecisionId, Option<CampaignId>),
        (junk, weight_milli): (bool, u32),
    ) {
        let opinion = if junk { Opinion::Junk } else { Opinion::Wanted };
        if let Some(known) = known.filter(|_| !self.campaigns.remembers(decision)) {
            self.campaigns.weigh_campaign(known, opinion, weight_milli, false);
        } else {
            let _campaigns = self.campaigns.withdraw(decision, opinion, weight_milli);
        }
    }

    /// The campaign that the pages of a fax are of, the oldest of several; where they are not in memory any more the one that its
    /// verdict named.
    pub(crate) fn campaign_of(&self, decision: DecisionId, named: i32) -> Option<CampaignId> {
        // Nothing is taken back: it only tells.
        let met = self.campaigns.withdraw(decision, Opinion::Wanted, 0).into_iter().next();
        let serial = u32::try_from(named).ok().filter(|serial| *serial != 0);
        met.or_else(|| self.campaigns.of_serial(serial?))
    }

    /// Asks for fingerprints of whoever sent what was reported. Also from the ledger, after a restart.
    pub(crate) fn suspect_reported(&self, said: &EvidenceRow, at: Timestamp) {
        if said.observation.bad > 0 || said.complained {
            self.campaigns.suspect(names_of(&said.observation), at);
        }
    }

    /// Asks for fingerprints of whoever sent a page of a campaign, after a restart.
    pub(super) fn suspect_of_campaign(&self, row: &StageRow, at: Timestamp) {
        if matches!(row.features.get(Feature::CampaignState), 1 | 2) {
            self.campaigns.suspect(names_of(&row.observation), at);
        }
    }

    /// Lets go of what is too old, and writes the rows that changed. To be called every second or so, off the path.
    ///
    /// # Errors
    /// [`StoreError`]; what was not written is at the next call.
    pub fn keep_campaigns(&self, now: Timestamp) -> Result<(), StoreError> {
        self.campaigns.expire(now, STEPS_A_BEAT);
        let mut behind = self.campaign_rows.lock();
        if *behind {
            self.write_all(now)?;
            *behind = false;
        }
        for _ in 0..WRITES_A_BEAT {
            let rows = self.campaigns.take_changes(ROWS_AT_ONCE);
            let last = rows.len() < ROWS_AT_ONCE;
            // What was taken is not named again.
            *behind = true;
            self.put_rows(rows, now)?;
            *behind = false;
            if last {
                break;
            }
        }
        Ok(())
    }

    /// Writes the rows of a deed and the deed itself, and waits for both.
    fn keep(
        &self,
        behind: &mut bool,
        (deed, keys): (Deed, &[RowKey]),
        author: &str,
        now: Timestamp,
    ) -> Result<(), CampaignFault> {
        let was_behind = std::mem::replace(behind, true);
        let rows = keys.iter().map(|key| self.campaigns.row(*key)).collect();
        self.put_rows(rows, now).map_err(EditFault::Read)?;
        self.commit_deed((deed, keys), author, now)?;
        *behind = was_behind;
        Ok(())
    }

    fn commit_deed(
        &self,
        (deed, keys): (Deed, &[RowKey]),
        author: &str,
        now: Timestamp,
    ) -> Result<(), EditFault> {
        let mut body = vec![b'c', deed as u8];
        put_bytes(&mut body, author.as_bytes());
        keys.iter().for_each(|key| body.extend_from_slice(&key.encode()));
        let seq = self.store().next_seq();
        let (kind, writes) = (EntryKind::Other, Vec::new());
        let entry =
            Entry { seq, time: now, kind, decision: None, fax: None, body: body.into(), writes };
        Ok(self.store().commit(entry)?.wait()?)
    }

    fn write_all(&self, now: Timestamp) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let rows = self.campaigns.export(after, ROWS_AT_ONCE);
            let Some(last) = rows.last() else { return Ok(()) };
            after = Some(last.key);
            self.put_rows(rows, now)?;
        }
    }

    fn put_rows(&self, rows: Vec<Row>, now: Timestamp) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        let expires = self.expiry(RetentionClass::Campaign, now);
        let write = |Row { key, value }| {
            let (table, key) = (TableId::Campaigns, key.encode().to_vec());
            match value {
                Some(value) => TableWrite::Put { table, key, value, expires, subject_key: None },
                None => TableWrite::Delete { table, key },
            }
        };
        let ticket = self.store().load(rows.into_iter().map(write).collect());
        let ticket = ticket.map_err(|refused: Refused| StoreError::from(refused))?;
        ticket.wait().map_err(|fault: CommitFault| StoreError::from(fault))
    }
}

/// Whom a sender is known by: a caller's number inbound, the member outbound.
const fn names_of(observation: &Observation) -> Names {
    let sender = if observation.member != 0 { observation.member } else { observation.caller };
    Names { sender, ident: observation.tsi, block: observation.block100 }
}

/// Puts the campaigns of the table in force again; before the first fax.
pub(super) fn load(memory: &Memory, now: Timestamp) -> Result<u64, StoreError> {
    let (mut after, mut taken): (Option<Vec<u8>>, usize) = (None, 0);
    loop {
        let rows = memory.store().table_scan(TableId::Campaigns, after.as_deref(), ROWS_AT_ONCE)?;
        let pairs = rows.iter().map(|row| (row.key.as_slice(), row.value.as_slice()));
        let imported = memory.campaigns.import(pairs, now);
        if imported.refused > 0 {
            let refused = imported.refused;
            tracing::error!(reason = "campaigns_unreadable", refused, "they are found anew");
        }
        taken += imported.taken;
        match rows.into_iter().next_back() {
            Some(last) => after = Some(last.key),
            None => return Ok(u64::try_from(taken).unwrap_or(u64::MAX)),
        }
    }
}
