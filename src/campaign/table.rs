//! All clusters, in a bounded number of bytes: the oldest inactive go first, campaigns last.
//!
//! Merging. Of two clusters the older keeps its id, and the younger forwards to it. A younger one that is no campaign
//! yet nobody has heard of: it is folded into the older for good. A campaign stays whole behind the older one, with what
//! is seen of its own pages from then on, and the older shows the sum of both; so that taking it out again restores both
//! exactly. Campaigns on which staff said different things, or which staff took apart, do not merge by themselves.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::ops::Bound;

use super::bits::low;
use super::cluster::{Cluster, MERGED_MAX};
use super::standing::{Decision, State, by_evidence};
use super::tally::Tally;
use super::weight::{Founders, NodeShare};
use crate::fax::id::CampaignId;
use crate::time::Timestamp;

/// Longest way of forwarding that is followed.
const HOPS_MAX: usize = 64;
/// Clusters looked at to make room for one.
const ROOM_STEPS: usize = 64;

/// What a serial stands for.
enum Entry {
    Cluster(Box<Cluster>),
    /// It was folded into another.
    Folded(u32),
}

/// What a serial leads to: the cluster that counts the page, and the one that it is shown as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) leaf: u32,
    pub(super) root: u32,
}

/// The clusters.
pub(super) struct Table {
    entries: HashMap<u32, Entry>,
    next_serial: u32,
    /// Clusters and campaigns, each with when it was touched as the queue knows: longest ago first, nearly.
    queues: [VecDeque<(u32, u32)>; 2],
    /// Folded ones, in the order they were.
    folded: VecDeque<(u32, u32)>,
    bytes: usize,
    bytes_max: usize,
    evicted: u64,
    /// All campaigns, so that listing some of them looks at no other.
    campaigns: BTreeSet<CampaignId>,
    /// Campaigns that changed since that was asked.
    changed: BTreeSet<CampaignId>,
}

/// Places of `queues`.
const CLUSTERS: usize = 0;
const CAMPAIGNS: usize = 1;

impl Table {
    pub(super) fn with_bytes(bytes_max: usize) -> Self {
        Self {
            entries: HashMap::new(),
            next_serial: 1,
            queues: [VecDeque::new(), VecDeque::new()],
            folded: VecDeque::new(),
            bytes: 0,
            bytes_max,
            evicted: 0,
            campaigns: BTreeSet::new(),
            changed: BTreeSet::new(),
        }
    }

    /// Bytes in use.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Clusters that made room for others.
    pub(super) const fn evicted(&self) -> u64 {
        self.evicted
    }

    /// Clusters, campaigns among them.
    pub(super) fn len(&self) -> usize {
        self.entries.len() - self.folded.len()
    }

    pub(super) fn get(&self, serial: u32) -> Option<&Cluster> {
        match self.entries.get(&serial)? {
            Entry::Cluster(cluster) => Some(cluster),
            Entry::Folded(_) => None,
        }
    }

    /// What a serial leads to, where it is still known.
    pub(super) fn find(&self, serial: u32) -> Option<Found> {
        let mut serial = serial;
        for _ in 0..HOPS_MAX {
            match self.entries.get(&serial)? {
                Entry::Folded(into) => serial = *into,
                Entry::Cluster(cluster) => {
                    let root = if cluster.parent == 0 { serial } else { cluster.parent };
                    return Some(Found { leaf: serial, root });
                }
            }
        }
        None
    }

    /// A new cluster, of pages first seen then.
    pub(super) fn create(&mut self, first: u32) -> u32 {
        self.make_room();
        let serial = self.next_serial;
        self.next_serial = self.next_serial.checked_add(1).unwrap_or(1);
        self.put(Cluster::new(serial, first), CLUSTERS);
        serial
    }

    /// Puts a campaign in that was kept elsewhere; false where its number is taken.
    pub(super) fn restore(&mut self, cluster: Cluster) -> bool {
        let serial = cluster.serial();
        if serial == 0 || self.entries.contains_key(&serial) {
            return false;
        }
        self.next_serial = self.next_serial.max(serial.saturating_add(1));
        self.campaigns.insert(cluster.id);
        self.put(cluster, CAMPAIGNS);
        true
    }

    fn put(&mut self, mut cluster: Cluster, queue: usize) {
        let serial = cluster.serial();
        cluster.counted_bytes = cluster.bytes();
        self.bytes += cluster.counted_bytes;
        self.queues[queue].push_back((serial, cluster.touched));
        self.entries.insert(serial, Entry::Cluster(Box::new(cluster)));
    }

    /// Changes a cluster; `None` where there is none.
    pub(super) fn edit<T>(
        &mut self,
        serial: u32,
        change: impl FnOnce(&mut Cluster) -> T,
    ) -> Option<T> {
        let Some(Entry::Cluster(cluster)) = self.entries.get_mut(&serial) else { return None };
        let answer = change(cluster);
        let bytes = cluster.bytes();
        self.bytes = self.bytes - cluster.counted_bytes + bytes;
        cluster.counted_bytes = bytes;
        if cluster.is_campaign() {
            self.campaigns.insert(cluster.id);
            self.changed.insert(cluster.id);
        }
        Some(answer)
    }

    /// A campaign and what forwards to it.
    fn group(&self, root: u32) -> impl Iterator<Item = &Cluster> {
        let merged = self.get(root).map_or(&[][..], |cluster| &cluster.merged);
        [root].into_iter().chain(merged.iter().copied()).filter_map(|serial| self.get(serial))
    }

    /// What was seen of a campaign, and of what forwards to it.
    pub(super) fn tally(&self, root: u32) -> Option<Cow<'_, Tally>> {
        let cluster = self.get(root)?;
        if cluster.merged.is_empty() {
            return Some(Cow::Borrowed(&cluster.tally));
        }
        let mut sum = cluster.tally.clone();
        self.group(root).skip(1).for_each(|merged| sum.absorb(&merged.tally));
        Some(Cow::Owned(sum))
    }

    /// What staff said of it last that holds, of whatever forwards to it too.
    pub(super) fn decision(&self, root: u32, now: Timestamp) -> Option<&Decision> {
        let decisions = self.group(root).filter_map(|one| one.standing.in_force(now));
        decisions.max_by_key(|decision| decision.at)
    }

    /// Where it stands.
    pub(super) fn state(&self, root: u32, tally: &Tally, now: Timestamp) -> State {
        self.decision(root, now).map_or_else(|| by_evidence(tally), |decision| decision.state)
    }

    /// Sees whether a cluster has become a campaign.
    pub(super) fn settle(&mut self, root: u32, share: NodeShare, second: u32) {
        let Some(cluster) = self.get(root) else { return };
        if cluster.is_campaign() || cluster.is_divided(share) {
            return;
        }
        let mut founders = Founders::default();
        self.group(root).for_each(|one| founders.absorb(&one.founders));
        let known = self.group(root).any(Cluster::is_campaign);
        if known || founders.suffice(share) {
            self.edit(root, |cluster| {
                cluster.since = second.max(1);
                cluster.founders.clear();
                cluster.disputed.clear();
            });
        }
    }

    /// Merges two; answers with the one both are shown as, or `None` where they stay apart.
    pub(super) fn merge(&mut self, one: u32, other: u32, now: Timestamp) -> Option<u32> {
        let (first, second) = (self.find(one)?.root, self.find(other)?.root);
        if first == second {
            return Some(first);
        }
        let ids = [self.get(first)?.id, self.get(second)?.id];
        let (older, younger) = if ids[0] < ids[1] { (first, second) } else { (second, first) };
        if !self.may_merge(older, younger, now) {
            return None;
        }
        self.join(older, younger);
        Some(older)
    }

    fn may_merge(&self, older: u32, younger: u32, now: Timestamp) -> bool {
        let apart = |one, other| self.group(one).any(|one| one.apart.contains(&other));
        let said = [older, younger].map(|root| self.decision(root, now).map(|said| said.state));
        let agree = !matches!(said, [Some(one), Some(other)] if one != other);
        let room = self.group(older).count() + self.group(younger).count() <= MERGED_MAX;
        agree && room && !apart(older, younger) && !apart(younger, older)
    }

    /// Lets the younger forward to the older, whatever speaks against it: staff may.
    pub(super) fn join(&mut self, older: u32, younger: u32) {
        if self.get(younger).is_some_and(Cluster::is_campaign) {
            let merged = self.edit(younger, |cluster| {
                cluster.parent = older;
                std::mem::take(&mut cluster.merged)
            });
            for grandchild in merged.iter().flatten() {
                self.edit(*grandchild, |cluster| cluster.parent = older);
            }
            let touched = self.get(younger).map_or(0, |cluster| cluster.touched);
            self.edit(older, |cluster| {
                cluster.merged.push(younger);
                cluster.merged.extend(merged.iter().flatten());
                cluster.touched = cluster.touched.max(touched);
            });
        } else if let Some(Entry::Cluster(gone)) = self.entries.remove(&younger) {
            self.bytes -= gone.counted_bytes;
            // A cluster behind which a campaign stands is a campaign, so that nothing forwards to this one.
            debug_assert!(gone.merged.is_empty());
            self.entries.insert(younger, Entry::Folded(older));
            self.folded.push_back((younger, gone.touched));
            self.edit(older, |cluster| cluster.absorb(&gone));
        }
    }

    /// Takes a campaign out of the one it forwards to: both are again what they were, and never merge by themselves.
    /// False where it does not forward.
    pub(super) fn split(&mut self, serial: u32) -> bool {
        let Some(parent) = self.get(serial).map(|cluster| cluster.parent).filter(|up| *up != 0)
        else {
            return false;
        };
        self.edit(serial, |cluster| {
            cluster.parent = 0;
            cluster.part_from(parent);
        });
        self.edit(parent, |cluster| {
            cluster.merged.retain(|merged| *merged != serial);
            cluster.part_from(serial);
        });
        true
    }

    /// Notes that something of a campaign was seen.
    pub(super) fn touch(&mut self, root: u32, second: u32) {
        if let Some(Entry::Cluster(cluster)) = self.entries.get_mut(&root) {
            cluster.touched = cluster.touched.max(second);
        }
    }

    fn make_room(&mut self) {
        for _ in 0..ROOM_STEPS {
            if self.bytes < self.bytes_max {
                return;
            }
            let queue = if self.queues[CLUSTERS].is_empty() { CAMPAIGNS } else { CLUSTERS };
            let Some((serial, known)) = self.queues[queue].pop_front() else { return };
            if let Some(touched) = self.requeue(queue, serial) {
                if touched > known {
                    self.queues[queue].push_back((serial, touched));
                } else {
                    self.evicted += 1;
                    self.remove(serial);
                }
            }
        }
    }

    /// When the cluster of a queue was touched last; `None` where it has no business in this queue any more.
    fn requeue(&mut self, queue: usize, serial: u32) -> Option<u32> {
        let cluster = self.get(serial)?;
        let (touched, campaign) = (cluster.touched, cluster.is_campaign());
        if queue == CLUSTERS && campaign {
            self.queues[CAMPAIGNS].push_back((serial, touched));
            return None;
        }
        // What forwards goes and stays with what it forwards to.
        let up = self.get(cluster.parent).map_or(0, |parent| parent.touched);
        Some(touched.max(up))
    }

    /// Takes a cluster out, with what forwards to it.
    pub(super) fn remove(&mut self, serial: u32) {
        let Some(Entry::Cluster(gone)) = self.entries.remove(&serial) else { return };
        self.bytes -= gone.counted_bytes;
        if gone.is_campaign() {
            self.campaigns.remove(&gone.id);
            self.changed.insert(gone.id);
        }
        if gone.parent != 0 {
            self.edit(gone.parent, |parent| parent.merged.retain(|merged| *merged != serial));
        }
        gone.merged.iter().for_each(|merged| self.remove(*merged));
    }

    /// Looks at up to `most` clusters and at as many campaigns, longest untouched first, and lets those go that `keep`
    /// answers false for.
    pub(super) fn visit(&mut self, most: usize, mut keep: impl FnMut(&mut Self, u32) -> bool) {
        for queue in [CLUSTERS, CAMPAIGNS] {
            for _ in 0..most.min(self.queues[queue].len()) {
                let Some((serial, _)) = self.queues[queue].pop_front() else { break };
                let Some(touched) = self.requeue(queue, serial) else { continue };
                if keep(self, serial) {
                    self.queues[queue].push_back((serial, touched));
                } else {
                    self.remove(serial);
                }
            }
        }
    }

    /// Forgets up to `most` that were folded before that second: no page names them any more.
    pub(super) fn forget_folded(&mut self, before: u32, most: usize) {
        for _ in 0..most {
            match self.folded.front() {
                Some((serial, second)) if *second < before => {
                    self.entries.remove(serial);
                    self.folded.pop_front();
                }
                _ => break,
            }
        }
    }

    /// Campaigns behind `after`, forwarding ones too, in the order of ids.
    pub(super) fn campaigns(&self, after: Option<CampaignId>) -> impl Iterator<Item = &Cluster> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let ids = self.campaigns.range((from, Bound::Unbounded));
        ids.filter_map(|id| self.get(low(id.0)))
    }

    /// Up to `most` campaigns that changed since they were asked for.
    pub(super) fn take_changed(&mut self, most: usize) -> Vec<CampaignId> {
        std::iter::from_fn(|| self.changed.pop_first()).take(most).collect()
    }
}
