//! What lets go of the old and carries the rest over restarts: housekeeping in bounded steps, and rows for a store.

use super::bank::{Form, FormId, nobody};
use super::bits::low;
use super::cluster::Cluster;
use super::facts::second_of;
use super::ring::Page;
use super::row::{Row, RowKey, decode_campaign, decode_form, encode_campaign, encode_form};
use super::standing::is_learned;
use super::table::Table;
use super::{Campaigns, Shared};
use crate::time::Timestamp;

/// Pages of the ring that one step of housekeeping may let go, beside one cluster.
const PAGES_A_STEP: usize = 64;

/// What an import came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Campaigns and forms that are in force again.
    pub taken: usize,
    /// Rows whose time was over.
    pub expired: usize,
    /// Rows that were damaged, of another version, twice there, or beyond what there is room for.
    pub refused: usize,
}

impl Campaigns {
    /// Lets go of what is older than its time, looks whether forms are to be known, and keeps active campaigns findable:
    /// up to `steps` clusters and as many campaigns. To be called every few seconds, off the verdict path; it holds the
    /// clusters' lock for about a microsecond a step.
    pub fn expire(&self, now: Timestamp, steps: usize) {
        let second = second_of(now);
        let oldest = self.oldest(second);
        self.ring.expire(oldest, steps.saturating_mul(PAGES_A_STEP));
        let mut shared = self.shared.lock();
        shared.maps.expire(oldest, steps);
        shared.table.forget_folded(oldest, steps);
        shared.table.visit(steps, |table, serial| self.keeps(table, serial, second));
    }

    fn keeps(&self, table: &mut Table, serial: u32, second: u32) -> bool {
        let oldest = self.oldest(second);
        let Some(cluster) = table.get(serial) else { return false };
        let active = cluster.touched >= oldest;
        if !cluster.is_campaign() {
            return active;
        }
        if cluster.touched < second.saturating_sub(self.limits.campaign_seconds) {
            return false;
        }
        if !active {
            // The record stays for the desk; what pages are recognised by does not.
            if !cluster.representatives.is_empty() {
                table.edit(serial, |cluster| cluster.representatives.clear());
            }
            return true;
        }
        if self.is_to_be_learned(table, serial) {
            self.learn(table, serial, second);
        }
        let half = second.saturating_sub(self.limits.window_seconds / 2);
        let ages = |cluster: &Cluster| self.ring.ages(cluster.indexed, half);
        if table.get(serial).is_some_and(ages) {
            self.index(table, serial, second);
        }
        true
    }

    fn is_to_be_learned(&self, table: &Table, serial: u32) -> bool {
        let Some(cluster) = table.get(serial) else { return false };
        let unknown = cluster.form == 0 && cluster.parent == 0;
        unknown && table.tally(serial).is_some_and(|tally| is_learned(&tally))
    }

    fn learn(&self, table: &mut Table, serial: u32, second: u32) {
        let known = table.get(serial).and_then(|cluster| cluster.representatives.first());
        let Some(representative) = known.cloned() else { return };
        let (author, reason) = (String::new(), String::new());
        let form = Form { representative, author, reason, since: second, last: second, pages: 0 };
        let FormId(number) = self.bank.add(form);
        table.edit(serial, |cluster| cluster.form = number);
    }

    /// Puts the representatives of a campaign in the ring anew.
    fn index(&self, table: &mut Table, serial: u32, second: u32) {
        let Some(cluster) = table.get(serial) else { return };
        let mut indexed = 0;
        for representative in &cluster.representatives {
            let fingerprint = &representative.fingerprint;
            let facts = nobody(fingerprint.epoch, second);
            let fingerprint = Some(fingerprint);
            indexed =
                self.ring.insert(&Page { facts, fingerprint, decision: None, cluster: serial });
        }
        table.edit(serial, |cluster| cluster.indexed = indexed);
    }

    /// The rows of all campaigns and forms after `after`, in the order of keys, at most `most`.
    pub fn export(&self, after: Option<RowKey>, most: usize) -> Vec<Row> {
        let campaigns_after = match after {
            Some(RowKey::Form(_)) => None,
            Some(RowKey::Campaign(id)) => Some(Some(id)),
            None => Some(None),
        };
        let mut rows: Vec<Row> = Vec::new();
        if let Some(after) = campaigns_after {
            let shared = self.shared.lock();
            let row = |one: &Cluster| Row {
                key: RowKey::Campaign(one.id),
                value: Some(encode_campaign(one)),
            };
            rows.extend(shared.table.campaigns(after).take(most).map(row));
        }
        let room = most - rows.len();
        let behind = |key: RowKey| after.is_none_or(|after| key > after);
        let forms = self.bank.list().into_iter().map(|(id, form)| (RowKey::Form(id), form));
        let row = |(key, form)| Row { key, value: Some(encode_form(&form)) };
        rows.extend(forms.filter(|(key, _)| behind(*key)).take(room).map(row));
        rows
    }

    /// The row of a campaign or form as it stands; without a value where there is none.
    pub fn row(&self, key: RowKey) -> Row {
        let value = match key {
            RowKey::Campaign(id) => {
                let shared = self.shared.lock();
                let serial = shared.campaign(id).ok();
                serial.and_then(|serial| shared.table.get(serial)).map(encode_campaign)
            }
            RowKey::Form(id) => self.bank.get(id).as_ref().map(encode_form),
        };
        Row { key, value }
    }

    /// Up to `most` rows of campaigns, and as many of forms, that changed since they were taken; a row without a value
    /// is one to take out. What is not written after all must be exported anew.
    pub fn take_changes(&self, most: usize) -> Vec<Row> {
        let mut shared = self.shared.lock();
        let mut rows: Vec<Row> = shared
            .table
            .take_changed(most)
            .into_iter()
            .map(|id| {
                let campaign = shared.campaign(id).ok().and_then(|serial| shared.table.get(serial));
                Row { key: RowKey::Campaign(id), value: campaign.map(encode_campaign) }
            })
            .collect();
        drop(shared);
        rows.extend(self.bank.take_changed(most).into_iter().map(|id| Row {
            key: RowKey::Form(id),
            value: self.bank.get(id).as_ref().map(encode_form),
        }));
        rows
    }

    /// Takes exported rows in, before the first page is met. Their pages are found again at once.
    pub fn import<'a>(
        &self,
        rows: impl IntoIterator<Item = (&'a [u8], &'a [u8])>,
        now: Timestamp,
    ) -> Imported {
        let second = second_of(now);
        let mut imported = Imported::default();
        let mut serials = Vec::new();
        let mut shared = self.shared.lock();
        for (key, value) in rows {
            match self.take_row(&mut shared, RowKey::decode(key), value, second) {
                Some(Some(serial)) => {
                    imported.taken += 1;
                    serials.extend((serial != 0).then_some(serial));
                }
                Some(None) => imported.expired += 1,
                None => imported.refused += 1,
            }
        }
        for serial in serials {
            shared.link(serial);
            self.index(&mut shared.table, serial, second);
        }
        imported
    }

    /// The serial of the campaign of a row, 0 for a form, nothing for one whose time is over; `None` where it is refused.
    fn take_row(
        &self,
        shared: &mut Shared,
        key: Option<RowKey>,
        value: &[u8],
        second: u32,
    ) -> Option<Option<u32>> {
        match key? {
            RowKey::Campaign(id) => {
                let mut campaign = decode_campaign(value).filter(|campaign| campaign.id == id)?;
                let kept = second.saturating_sub(self.limits.campaign_seconds);
                if campaign.touched < kept {
                    return Some(None);
                }
                if campaign.touched < self.oldest(second) {
                    campaign.representatives.clear();
                }
                campaign.tally.nodes.list().iter().for_each(|(node, _)| self.nodes.saw(*node));
                let room = shared.table.bytes() < self.limits.cluster_bytes;
                (room && shared.table.restore(campaign)).then_some(Some(low(id.0)))
            }
            RowKey::Form(id) => {
                let form = decode_form(value)?;
                self.bank.restore(id, form).then_some(Some(0))
            }
        }
    }
}

impl Shared {
    /// Lets a campaign that was read forward again, where what it forwards to is there.
    fn link(&mut self, serial: u32) {
        let Some(parent) = self.table.get(serial).map(|one| one.parent).filter(|up| *up != 0)
        else {
            return;
        };
        let stands = self.table.get(parent).is_some_and(|up| up.is_campaign() && up.parent == 0);
        if stands && parent != serial {
            self.table.edit(parent, |up| up.merged.push(serial));
        } else {
            self.table.edit(serial, |one| one.parent = 0);
        }
    }
}
