//! What people say of a campaign: reports of one fax, which condemn or clear for all, and staff's word.

use thiserror::Error;

use super::bank::{Form, FormId, nobody};
use super::facts::{cut, second_of};
use super::meet::DECISION_PAGES_MAX;
use super::met::CampaignEvidence;
use super::ring::Page;
use super::standing::{Decision, State};
use super::{Campaigns, Names, Shared};
use crate::bounds::{ID_BYTES_MAX, TEXT_BYTES_MAX};
use crate::fax::id::{CampaignId, DecisionId};
use crate::time::Timestamp;

/// What a report says of a fax.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opinion {
    /// It is junk.
    Junk = 0,
    /// It is not.
    Wanted = 1,
}

/// What staff's word came to nothing by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DeskFault {
    /// There is no such campaign (any more).
    #[error("no campaign `{id}`")]
    NoCampaign {
        /// Which.
        id: CampaignId,
    },
    /// It is part of another: that one is decided on, or the two are split first.
    #[error("campaign `{id}` is part of `{of}` (decide on that one, or split them)")]
    PartOf {
        /// Which.
        id: CampaignId,
        /// Of which.
        of: CampaignId,
    },
    /// It is not part of another.
    #[error("campaign `{id}` is not part of another")]
    NotPart {
        /// Which.
        id: CampaignId,
    },
    /// Nothing is left to take back.
    #[error("no decision on campaign `{id}` to take back")]
    NoDecision {
        /// Which.
        id: CampaignId,
    },
    /// There is no such representative.
    #[error("campaign `{id}` has no representative `{index}` to take out")]
    NoRepresentative {
        /// Which.
        id: CampaignId,
        /// Which of them.
        index: usize,
    },
    /// A text is empty or too long, or the decision ends before it begins.
    #[error(
        "the decision is not sound (author of 1 to 64 bytes, reason of up to 256, an end in the future)"
    )]
    Unsound,
}

/// A campaign for those who decide on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// What is known of it, with all that forwards to it.
    pub evidence: CampaignEvidence,
    /// Staff's decisions, oldest first.
    pub decisions: Vec<Decision>,
    /// Campaigns that forward to it.
    pub merged: Vec<CampaignId>,
    /// Its representatives: whether each has a map.
    pub representatives: Vec<bool>,
}

/// A known form for those who decide on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownForm {
    /// Which.
    pub id: FormId,
    /// Who named it; empty where it was learned.
    pub author: String,
    /// Why.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
    /// When a page of it was met last.
    pub last_seen: Timestamp,
    /// Pages of it that were met.
    pub pages: u32,
}

impl Campaigns {
    /// A report on the fax of a decision, with its weight in thousandths: it counts for or against every campaign that a
    /// page of the fax is of, now or later. A report of junk makes fingerprints of that sender worth asking for. Answers
    /// with the campaigns, oldest first.
    pub fn report(
        &self,
        decision: DecisionId,
        opinion: Opinion,
        weight_milli: u32,
        now: Timestamp,
    ) -> Vec<CampaignId> {
        if opinion == Opinion::Junk {
            for (_, facts, _) in self.ring.of_decision(decision, DECISION_PAGES_MAX) {
                let names = [facts.sender_name(), facts.ident, facts.block];
                self.plausible.stamp(names, second_of(now));
            }
        }
        let add = |sum: &mut u32| *sum = sum.saturating_add(weight_milli);
        self.weigh_in(decision, opinion, &add)
    }

    /// Makes fingerprints of whoever goes by these names worth asking for, from then on: something of theirs was reported.
    pub fn suspect(&self, names: Names, at: Timestamp) {
        let names = [names.sender, names.ident, names.block].map(cut);
        self.plausible.stamp(names, second_of(at));
    }

    /// Takes back what such a report added.
    pub fn withdraw(
        &self,
        decision: DecisionId,
        opinion: Opinion,
        weight_milli: u32,
    ) -> Vec<CampaignId> {
        let take = |sum: &mut u32| *sum = sum.saturating_sub(weight_milli);
        self.weigh_in(decision, opinion, &take)
    }

    /// Whether a page of the fax of a decision is in memory: those of before a start, or long ago, are not.
    pub fn remembers(&self, decision: DecisionId) -> bool {
        !self.ring.of_decision(decision, 1).is_empty()
    }

    /// The same as [`Self::report`] and [`Self::withdraw`], where the campaign is known and the pages of the fax are not any more.
    pub fn weigh_campaign(&self, id: CampaignId, opinion: Opinion, weight_milli: u32, more: bool) {
        let mut shared = self.shared.lock();
        let Ok(own) = shared.campaign(id) else { return };
        let Some(found) = shared.table.find(own) else { return };
        let merged = shared.table.get(found.root).map(|root| root.merged.clone());
        let mut left = weight_milli;
        // It lies in the part that the page was of, which is not known: what is over is taken from the next.
        let parts = [own, found.root].into_iter().chain(merged.into_iter().flatten());
        for part in parts {
            shared.table.edit(part, |cluster| {
                let sum = &mut cluster.tally.reports[opinion as usize];
                if more {
                    *sum = sum.saturating_add(std::mem::take(&mut left));
                } else {
                    let taken = left.min(*sum);
                    *sum -= taken;
                    left -= taken;
                }
            });
            if left == 0 {
                return;
            }
        }
    }

    /// The campaign that a verdict named by the second half of its id.
    pub fn of_serial(&self, serial: u32) -> Option<CampaignId> {
        let shared = self.shared.lock();
        let root = shared.table.get(shared.table.find(serial)?.root)?;
        root.is_campaign().then_some(root.id)
    }

    fn weigh_in(
        &self,
        decision: DecisionId,
        opinion: Opinion,
        change: &dyn Fn(&mut u32),
    ) -> Vec<CampaignId> {
        let mut shared = self.shared.lock();
        let (mut leaves, mut campaigns) = (Vec::new(), Vec::new());
        for (seq, _, cluster) in self.ring.of_decision(decision, DECISION_PAGES_MAX) {
            match shared.table.find(cluster) {
                Some(found) if !leaves.contains(&found.leaf) => {
                    shared.table.edit(found.leaf, |cluster| {
                        change(&mut cluster.tally.reports[opinion as usize]);
                    });
                    leaves.push(found.leaf);
                    let root = shared.table.get(found.root);
                    campaigns.extend(root.filter(|root| root.is_campaign()).map(|root| root.id));
                }
                Some(_) => {}
                // It counts once the page is of a cluster.
                None => {
                    self.ring.amend(seq, |facts| facts.report(opinion as usize, change));
                }
            }
        }
        campaigns.sort_unstable();
        campaigns.dedup();
        campaigns
    }

    /// Campaigns in the order of ids, those after `after`, at most `most`.
    pub fn list(
        &self,
        after: Option<CampaignId>,
        most: usize,
        now: Timestamp,
    ) -> Vec<CampaignEvidence> {
        let shared = self.shared.lock();
        let own = shared.table.campaigns(after).filter(|cluster| cluster.parent == 0).take(most);
        own.filter_map(|cluster| shared.evidence(cluster.serial(), now, self.share())).collect()
    }

    /// One campaign; where it forwards, the one it forwards to.
    pub fn show(&self, id: CampaignId, now: Timestamp) -> Option<Shown> {
        let shared = self.shared.lock();
        let found = shared.campaign(id).ok()?;
        let cluster = shared.table.get(found)?;
        let root = if cluster.parent == 0 { found } else { cluster.parent };
        let cluster = shared.table.get(root)?;
        let merged = cluster.merged.iter().filter_map(|merged| shared.table.get(*merged));
        Some(Shown {
            evidence: shared.evidence(root, now, self.share())?,
            decisions: cluster.standing.list().to_vec(),
            merged: merged.map(|merged| merged.id).collect(),
            representatives: cluster
                .representatives
                .iter()
                .map(|one| one.map().is_some())
                .collect(),
        })
    }

    /// Staff says what a campaign is. In force at once.
    ///
    /// # Errors
    /// [`DeskFault`]: nothing has changed.
    pub fn decide(&self, id: CampaignId, decision: Decision) -> Result<(), DeskFault> {
        if !decision.is_sound() {
            return Err(DeskFault::Unsound);
        }
        let mut shared = self.shared.lock();
        let serial = shared.root(id)?;
        shared.table.edit(serial, |cluster| cluster.standing.decide(decision));
        Ok(())
    }

    /// Takes the last decision on a campaign back, so that what was in force before is again.
    ///
    /// # Errors
    /// [`DeskFault`]: nothing has changed.
    pub fn undo(&self, id: CampaignId) -> Result<Decision, DeskFault> {
        let mut shared = self.shared.lock();
        let serial = shared.root(id)?;
        let undone = shared.table.edit(serial, |cluster| cluster.standing.undo()).flatten();
        undone.ok_or(DeskFault::NoDecision { id })
    }

    /// Merges two campaigns on staff's word: the older id stays, and the younger forwards to it.
    ///
    /// # Errors
    /// [`DeskFault`]: nothing has changed.
    pub fn merge(&self, one: CampaignId, other: CampaignId) -> Result<CampaignId, DeskFault> {
        let mut shared = self.shared.lock();
        let (first, second) = (shared.root(one)?, shared.root(other)?);
        let (older, younger) = if one < other { (first, second) } else { (second, first) };
        if older != younger {
            shared.table.join(older, younger);
        }
        Ok(one.min(other))
    }

    /// Takes a campaign out of the one it forwards to. Both are what they were, with what was seen of each since.
    ///
    /// # Errors
    /// [`DeskFault`]: nothing has changed.
    pub fn split(&self, id: CampaignId) -> Result<(), DeskFault> {
        let mut shared = self.shared.lock();
        let serial = shared.campaign(id)?;
        if shared.table.split(serial) { Ok(()) } else { Err(DeskFault::NotPart { id }) }
    }

    /// Takes a representative out of a campaign: pages like it, and not like those that stay, make a cluster of their own
    /// from then on, which never merges with this one by itself. What was counted stays.
    ///
    /// # Errors
    /// [`DeskFault`]: nothing has changed. The last representative cannot be taken out.
    pub fn take_out(&self, id: CampaignId, index: usize, now: Timestamp) -> Result<(), DeskFault> {
        let mut shared = self.shared.lock();
        let serial = shared.root(id)?;
        let known = shared.table.get(serial).map_or(0, |one| one.representatives.len());
        if index >= known || known < 2 {
            return Err(DeskFault::NoRepresentative { id, index });
        }
        let second = second_of(now);
        let own = shared.table.create(second);
        let out = shared.table.edit(serial, |cluster| {
            cluster.part_from(own);
            cluster.representatives.remove(index)
        });
        shared.table.edit(own, |cluster| {
            cluster.part_from(serial);
            cluster.representatives.extend(out.clone());
        });
        if let Some(out) = out {
            let facts = nobody(out.fingerprint.epoch, second);
            let fingerprint = Some(&out.fingerprint);
            self.ring.insert(&Page { facts, fingerprint, decision: None, cluster: own });
        }
        Ok(())
    }

    /// Staff names the page of a campaign a known form: pages like it are no campaign from now on. The campaign itself is
    /// decided on apart.
    ///
    /// # Errors
    /// [`DeskFault`]: nothing has changed.
    pub fn name_form(
        &self,
        id: CampaignId,
        author: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<FormId, DeskFault> {
        if author.is_empty() || author.len() > ID_BYTES_MAX || reason.len() > TEXT_BYTES_MAX {
            return Err(DeskFault::Unsound);
        }
        let shared = self.shared.lock();
        let serial = shared.campaign(id)?;
        let known = shared.table.get(serial).and_then(|cluster| cluster.representatives.first());
        let representative = known.cloned().ok_or(DeskFault::NoRepresentative { id, index: 0 })?;
        let second = second_of(now);
        let (author, reason) = (author.to_owned(), reason.to_owned());
        let form = Form { representative, author, reason, since: second, last: second, pages: 0 };
        Ok(self.bank.add(form))
    }

    /// Staff takes a known form out; false where there is none of that number.
    pub fn forget_form(&self, id: FormId) -> bool {
        self.bank.remove(id)
    }

    /// Known forms, by number.
    pub fn forms(&self) -> Vec<KnownForm> {
        let seen = |second: u32| Timestamp::from_seconds(second.into());
        let shown = |(id, form): (FormId, Form)| KnownForm {
            id,
            author: form.author,
            reason: form.reason,
            since: seen(form.since),
            last_seen: seen(form.last),
            pages: form.pages,
        };
        self.bank.list().into_iter().map(shown).collect()
    }
}

impl Shared {
    /// The cluster of a campaign, forwarding or not.
    pub(super) fn campaign(&self, id: CampaignId) -> Result<u32, DeskFault> {
        let serial = super::bits::low(id.0);
        let known = self.table.get(serial).filter(|one| one.id == id && one.is_campaign());
        known.map(|_| serial).ok_or(DeskFault::NoCampaign { id })
    }

    /// The cluster of a campaign that does not forward.
    fn root(&self, id: CampaignId) -> Result<u32, DeskFault> {
        let serial = self.campaign(id)?;
        let parent = self.table.get(serial).and_then(|one| self.table.get(one.parent));
        match parent {
            Some(parent) => Err(DeskFault::PartOf { id, of: parent.id }),
            None => Ok(serial),
        }
    }
}

/// Staff's word in short.
impl Decision {
    /// A decision that holds until it is taken back.
    pub fn new(state: State, author: &str, reason: &str, at: Timestamp) -> Self {
        Self { state, author: author.to_owned(), reason: reason.to_owned(), at, until: None }
    }
}
