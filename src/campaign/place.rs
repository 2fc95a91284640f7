//! A page takes its place: in the cluster it is one with, in a new one, or in none.

use super::Shared;
use super::facts::Facts;
use super::judge::{Lead, Verdict};
use super::ring::Ring;
use super::weight::{NodeShare, Sureness};
use crate::content::fingerprint::{Fingerprint, InkMap};
use crate::time::Timestamp;

/// A page that stands in the ring.
pub(super) struct Placed<'a> {
    pub(super) seq: u64,
    pub(super) facts: Facts,
    /// Its newest fingerprint.
    pub(super) fingerprint: &'a Fingerprint,
    /// Its map, whichever fingerprint has it.
    pub(super) map: Option<&'a InkMap>,
    pub(super) now: Timestamp,
    pub(super) share: NodeShare,
}

impl Shared {
    /// Puts a page that is in no cluster where its leads say. Answers with the cluster that counts it.
    pub(super) fn place(&mut self, ring: &Ring, page: &Placed<'_>, leads: &[Lead]) -> Option<u32> {
        let with = |verdict| leads.iter().filter(move |lead| lead.verdict == verdict);
        let (same, sureness) = if with(Verdict::Same).next().is_some() {
            (with(Verdict::Same).collect::<Vec<_>>(), Sureness::Verified)
        } else {
            (with(Verdict::Likely).take(1).collect(), Sureness::Likely)
        };
        // The map of a page that was compared is one its cluster has.
        if let Some(map) = page.map
            && !leads.is_empty()
            && sureness == Sureness::Likely
        {
            self.maps.keep(page.seq, map, page.facts.second);
        }
        let cluster = self.cluster_of(ring, page, &same)?;
        for lead in &same {
            self.adopt(ring, page, lead, (cluster, sureness));
        }
        if !ring.assign(page.seq, 0, cluster) {
            return None;
        }
        self.count(ring, page, cluster, sureness);
        let root = self.table.find(cluster)?.root;
        self.table.settle(root, page.share, page.facts.second);
        Some(cluster)
    }

    /// The cluster of the best lead that has one, or a new one.
    fn cluster_of(&mut self, ring: &Ring, page: &Placed<'_>, leads: &[&Lead]) -> Option<u32> {
        let known = leads.iter().find_map(|lead| self.table.find(self.cluster_now(ring, lead)));
        if let Some(found) = known {
            return Some(found.leaf);
        }
        // One page alone is no cluster: the one that led here has to be there still. It counts whole: its map was not
        // kept, since nothing was like it then, and whatever joins is held against what this page is held against.
        let first = leads.iter().find_map(|lead| ring.facts(lead.seq))?.0;
        let cluster = self.table.create(first.second.min(page.facts.second));
        for lead in leads {
            self.adopt(ring, page, lead, (cluster, Sureness::Verified));
        }
        Some(cluster)
    }

    /// The cluster of a lead as it stands now, if it is known: another page may have been placed since it was found.
    fn cluster_now(&self, ring: &Ring, lead: &Lead) -> u32 {
        let now = match lead.cluster {
            0 => ring.facts(lead.seq).map_or(0, |(_, cluster)| cluster),
            cluster => cluster,
        };
        self.table.find(now).map_or(0, |found| found.leaf)
    }

    /// Brings a lead and the cluster together: a page joins it, another cluster merges with it.
    fn adopt(&mut self, ring: &Ring, page: &Placed<'_>, lead: &Lead, to: (u32, Sureness)) {
        let (cluster, sureness) = to;
        let other = self.cluster_now(ring, lead);
        if other != 0 {
            if sureness == Sureness::Verified {
                self.table.merge(cluster, other, page.now);
            }
            return;
        }
        // It is in none, or in one that made room for others.
        let Some((facts, gone)) = ring.facts(lead.seq) else { return };
        if !ring.assign(lead.seq, gone, cluster) {
            return;
        }
        self.table.edit(cluster, |cluster| cluster.join(&facts, sureness, page.share));
        if sureness == Sureness::Verified {
            ring.amend(lead.seq, |facts| facts.verified = true);
        }
    }

    /// Notes over which clusters' own pages a page that is none of theirs fell.
    pub(super) fn dispute(&mut self, page: &Placed<'_>, leads: &[Lead]) {
        for lead in leads.iter().filter(|lead| lead.divides && lead.verdict != Verdict::Same) {
            if let Some(found) = self.table.find(lead.cluster) {
                self.table.edit(found.leaf, |cluster| cluster.dispute(&page.facts));
            }
        }
    }

    fn count(&mut self, ring: &Ring, page: &Placed<'_>, cluster: u32, sureness: Sureness) {
        let sure = self.table.edit(cluster, |cluster| {
            // The first page with a map is what others are compared with.
            let first = page.map.is_some() && !cluster.has_map();
            let sureness = if first { Sureness::Verified } else { sureness };
            cluster.join(&page.facts, sureness, page.share);
            if sureness == Sureness::Verified || !cluster.has_map() {
                cluster.represent(page.fingerprint, page.map, (page.facts.node, page.share));
            }
            sureness
        });
        if sure == Some(Sureness::Verified) {
            ring.amend(page.seq, |facts| facts.verified = true);
        }
        if let Some(found) = self.table.find(cluster) {
            self.table.touch(found.root, page.facts.second);
        }
    }

    /// A page that is in a cluster came again with its map: it stays, goes elsewhere, or is in none.
    pub(super) fn replace(
        &mut self,
        ring: &Ring,
        page: &Placed<'_>,
        cluster: u32,
        leads: &[Lead],
    ) -> Option<u32> {
        let leaf = self.table.find(cluster).map(|found| found.leaf);
        let own = leads.iter().find(|lead| Some(lead.cluster) == leaf && lead.cluster != 0);
        let verdict = own.map_or(Verdict::Unsure, |lead| lead.verdict);
        let Some(leaf) = leaf else {
            // Its cluster made room for others.
            ring.assign(page.seq, cluster, 0);
            return self.place(ring, page, leads);
        };
        let first = page.map.is_some() && self.table.get(leaf).is_some_and(|one| !one.has_map());
        if page.facts.verified || !(first || verdict == Verdict::Same) {
            if verdict != Verdict::Different || page.facts.verified {
                return Some(leaf);
            }
            self.table.edit(leaf, |cluster| cluster.deny(&page.facts));
            ring.assign(page.seq, cluster, 0);
            return self.place(ring, page, leads);
        }
        self.table.edit(leaf, |cluster| {
            cluster.verify(&page.facts);
            cluster.represent(page.fingerprint, page.map, (page.facts.node, page.share));
        });
        ring.amend(page.seq, |facts| facts.verified = true);
        let root = self.table.find(leaf)?.root;
        self.table.settle(root, page.share, page.facts.second);
        Some(leaf)
    }
}
