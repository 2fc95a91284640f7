//! One cluster of pages that are one: what was seen of it, by what it is recognised, and where it stands. A cluster of
//! at least [`super::CAMPAIGN_RECIPIENTS`] distinct recipients is a campaign.

use std::sync::Arc;

use super::bits::{join, low};
use super::facts::Facts;
use super::standing::Standing;
use super::tally::Tally;
use super::weight::{Founder, Founders, NodeShare, Sureness};
use crate::content::fingerprint::{Fingerprint, InkMap, Mark};
use crate::fax::id::CampaignId;

/// Most representatives of a cluster: as many as a page is held against at once. With maps they take up to 160 KB.
pub const REPRESENTATIVES_MAX: usize = 5;
/// Most of them of one node, where there are several.
const NODE_REPRESENTATIVES_MAX: usize = 2;
/// Campaigns that one keeps beside itself after merging; more are not merged by themselves.
pub const MERGED_MAX: usize = 32;
/// Campaigns that staff took apart from this one; the oldest are forgotten beyond.
pub(super) const APART_MAX: usize = 16;

/// A page by which others are recognised.
pub(super) struct Representative {
    pub(super) fingerprint: Fingerprint,
    /// Who brought it, as nodes are told apart in a cluster; 0 where that was not kept.
    node: u32,
}

impl Representative {
    /// One with those keys and that map: fingerprints are not copied but by those who keep them.
    pub(super) fn of(page: &Fingerprint, map: Option<&InkMap>) -> Self {
        let Fingerprint { epoch, chunks, marks, map: _ } = page;
        let map = map.and_then(copy_map);
        let (chunks, marks) = (chunks.clone(), marks.clone());
        Self::new(Fingerprint { epoch: *epoch, chunks, marks, map })
    }

    /// One that nobody in particular brought.
    pub(super) const fn new(fingerprint: Fingerprint) -> Self {
        Self { fingerprint, node: 0 }
    }

    fn by_node(self, node: u32) -> Self {
        Self { node, ..self }
    }

    /// Its map.
    pub(super) fn map(&self) -> Option<&InkMap> {
        self.fingerprint.map.as_ref()
    }

    /// Bytes it takes.
    pub(super) fn bytes(&self) -> usize {
        let Fingerprint { chunks, marks, map, .. } = &self.fingerprint;
        size_of::<Self>()
            + chunks.len() * size_of::<u64>()
            + marks.len() * size_of::<Mark>()
            + map.as_ref().map_or(0, |map| map.packed().len())
    }
}

/// A copy of a map.
pub(super) fn copy_map(map: &InkMap) -> Option<InkMap> {
    InkMap::from_packed(map.packed())
}

/// A cluster.
pub(super) struct Cluster {
    pub(super) id: CampaignId,
    pub(super) tally: Tally,
    pub(super) founders: Founders,
    /// Recipients of pages over which its own ones fell apart, until it is a campaign.
    pub(super) disputed: Founders,
    pub(super) representatives: Vec<Arc<Representative>>,
    pub(super) standing: Standing,
    /// When it became a campaign, in seconds since 1970; 0 as long as it is none.
    pub(super) since: u32,
    /// The campaign it forwards to, or 0.
    pub(super) parent: u32,
    /// Campaigns that forward to it.
    pub(super) merged: Vec<u32>,
    /// Campaigns that are never merged with it by themselves.
    pub(super) apart: Vec<u32>,
    /// When anything of it, or of what forwards to it, was seen last, in seconds since 1970.
    pub(super) touched: u32,
    /// Seq under which its representatives were put in the ring last.
    pub(super) indexed: u64,
    /// The known form that was learned of it, or 0.
    pub(super) form: u32,
    /// Bytes that were counted for it.
    pub(super) counted_bytes: usize,
}

impl Cluster {
    /// A cluster without pages.
    pub(super) fn new(serial: u32, first: u32) -> Self {
        Self {
            id: CampaignId(join(first, serial)),
            tally: Tally::default(),
            founders: Founders::default(),
            disputed: Founders::default(),
            representatives: Vec::new(),
            standing: Standing::default(),
            since: 0,
            parent: 0,
            merged: Vec::new(),
            apart: Vec::new(),
            touched: first,
            indexed: 0,
            form: 0,
            counted_bytes: 0,
        }
    }

    /// Its number in the ring and the table.
    pub(super) const fn serial(&self) -> u32 {
        low(self.id.0)
    }

    /// Whether it is a campaign.
    pub(super) const fn is_campaign(&self) -> bool {
        self.since != 0
    }

    /// Whether its own pages are fillings of one form: as many recipients' pages saw them fall apart as would make a campaign.
    /// It becomes none by itself then. It is no known form for that: whoever forged two pages of a campaign could have
    /// all of it passed over.
    pub(super) fn is_divided(&self, share: NodeShare) -> bool {
        !self.is_campaign() && self.disputed.suffice(share)
    }

    /// Whether it has anything to compare maps with.
    pub(super) fn has_map(&self) -> bool {
        self.representatives.iter().any(|known| known.map().is_some())
    }

    /// Counts a page in.
    pub(super) fn join(&mut self, facts: &Facts, sureness: Sureness, share: NodeShare) {
        self.tally.note(facts, sureness, share);
        self.touched = self.touched.max(facts.second);
        self.found(facts, sureness);
    }

    fn found(&mut self, facts: &Facts, sureness: Sureness) {
        if !self.is_campaign() {
            let Facts { recipient, node, .. } = *facts;
            self.founders.add(Founder { recipient, node, sureness });
        }
    }

    /// A page that is none of it told its own pages apart.
    pub(super) fn dispute(&mut self, facts: &Facts) {
        if !self.is_campaign() {
            let Facts { recipient, node, .. } = *facts;
            self.disputed.add(Founder { recipient, node, sureness: Sureness::Verified });
        }
    }

    /// A page that was likely of this cluster was compared, and is.
    pub(super) fn verify(&mut self, facts: &Facts) {
        self.tally.verify(facts);
        self.found(facts, Sureness::Verified);
    }

    /// A page that was likely of this cluster was compared, and is not.
    pub(super) fn deny(&mut self, facts: &Facts) {
        self.tally.deny(facts);
        self.founders.remove(facts.recipient);
    }

    /// Takes a page of the cluster among its representatives, where it adds to them: its keys take the place of those of
    /// an older epoch, its map that of none, and as long as there is room a page with a map is one more to agree with.
    /// Where there are several nodes, one has two of them at most: what they agree on is no one node's word.
    pub(super) fn represent(
        &mut self,
        page: &Fingerprint,
        map: Option<&InkMap>,
        (node, share): (u32, NodeShare),
    ) {
        let adds = |known: &Fingerprint| {
            known.epoch < page.epoch
                || (known.epoch == page.epoch && known.map.is_none() && map.is_some())
        };
        let known = self.representatives.iter().map(|known| &known.fingerprint);
        if let Some(at) = known.clone().position(adds) {
            // Maps are not keyed: an older one still shows the page.
            let map = map.or_else(|| self.representatives[at].map());
            self.representatives[at] = Arc::new(Representative::of(page, map).by_node(node));
            return;
        }
        let of_node = self.representatives.iter().filter(|known| known.node == node).count();
        let room = map.is_some()
            && self.representatives.len() < REPRESENTATIVES_MAX
            && (share == NodeShare::ALL || of_node < NODE_REPRESENTATIVES_MAX);
        if self.representatives.is_empty() || room {
            self.representatives.push(Arc::new(Representative::of(page, map).by_node(node)));
        }
    }

    /// Notes that another is not to be merged with it.
    pub(super) fn part_from(&mut self, other: u32) {
        if !self.apart.contains(&other) {
            if self.apart.len() == APART_MAX {
                self.apart.remove(0);
            }
            self.apart.push(other);
        }
    }

    /// Takes everything of a cluster that is no campaign, for good.
    pub(super) fn absorb(&mut self, other: &Self) {
        self.tally.absorb(&other.tally);
        if !self.is_campaign() {
            self.founders.absorb(&other.founders);
            self.disputed.absorb(&other.disputed);
        }
        self.touched = self.touched.max(other.touched);
        let room = REPRESENTATIVES_MAX.saturating_sub(self.representatives.len());
        self.representatives.extend(other.representatives.iter().take(room).cloned());
        other.apart.iter().for_each(|apart| self.part_from(*apart));
    }

    /// Bytes it takes.
    pub(super) fn bytes(&self) -> usize {
        let representatives = self.representatives.iter().map(|one| one.bytes());
        size_of::<Self>()
            + self.tally.bytes()
            + self.founders.bytes()
            + self.disputed.bytes()
            + self.standing.bytes()
            + (self.merged.len() + self.apart.len()) * size_of::<u32>()
            + representatives.sum::<usize>()
    }
}
