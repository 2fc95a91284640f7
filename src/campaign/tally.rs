//! What was seen of a cluster: counts, and sketches of who was in it.

use super::facts::Facts;
use super::growth::Growth;
use super::sighting::Tie;
use super::sketch::Sketch;
use super::weight::{NodeShare, Nodes, Sureness};
use crate::fax::stage::Direction;

/// What is counted once each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Distinct {
    /// Recipients whose page was compared.
    Verified,
    /// Recipients.
    Recipients,
    /// Recipients with correspondence.
    Tied,
    /// Caller numbers, and members who send.
    Senders,
    /// TSIs.
    Idents,
    /// Trunks.
    Trunks,
    /// Blocks of a hundred caller numbers.
    Blocks,
}

/// How many kinds there are.
pub(super) const DISTINCT: usize = 7;

/// What was seen of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Pages seen, each page of each decision once.
    pub(super) sightings: u32,
    /// Those of them that were compared.
    pub(super) verified: u32,
    /// Those that members sent.
    pub(super) outbound: u32,
    /// Those that came to a trap.
    pub(super) traps: u32,
    /// Seconds since 1970.
    pub(super) first: u32,
    pub(super) last: u32,
    /// Weight of reports that it is junk, and that it is not, in thousandths.
    pub(super) reports: [u32; 2],
    pub(super) distinct: [Sketch; DISTINCT],
    pub(super) growth: Growth,
    pub(super) nodes: Nodes,
}

impl Tally {
    /// Counts a page.
    pub(super) fn note(&mut self, facts: &Facts, sureness: Sureness, share: NodeShare) {
        let one = |yes: bool| u32::from(yes);
        self.sightings = self.sightings.saturating_add(1);
        self.verified = self.verified.saturating_add(one(sureness == Sureness::Verified));
        self.outbound = self.outbound.saturating_add(one(facts.direction == Direction::Outbound));
        self.traps = self.traps.saturating_add(one(facts.tie == Tie::Trap));
        self.first = if self.first == 0 { facts.second } else { self.first.min(facts.second) };
        self.last = self.last.max(facts.second);
        for (sum, weight) in self.reports.iter_mut().zip(facts.reports) {
            *sum = sum.saturating_add(weight.into());
        }
        let tied = if facts.tie == Tie::Correspondent { facts.recipient } else { 0 };
        self.mark(Distinct::Recipients, facts.recipient);
        self.mark(Distinct::Tied, tied);
        self.mark(Distinct::Senders, facts.sender);
        self.mark(Distinct::Idents, facts.ident.into());
        self.mark(Distinct::Trunks, facts.trunk.into());
        self.mark(Distinct::Blocks, facts.block.into());
        if sureness == Sureness::Verified {
            self.mark(Distinct::Verified, facts.recipient);
        }
        self.growth.add(facts.node, facts.second, share);
        self.nodes.add(facts.node, 1);
    }

    /// A page that was likely the cluster's was compared, and is.
    pub(super) fn verify(&mut self, facts: &Facts) {
        self.verified = self.verified.saturating_add(1).min(self.sightings);
        self.mark(Distinct::Verified, facts.recipient);
    }

    /// A page that was likely the cluster's was compared, and is not. What sketches hold of it stays.
    pub(super) fn deny(&mut self, facts: &Facts) {
        self.sightings = self.sightings.saturating_sub(1).max(self.verified);
        if facts.tie == Tie::Trap {
            self.traps = self.traps.saturating_sub(1);
        }
        if facts.direction == Direction::Outbound {
            self.outbound = self.outbound.saturating_sub(1);
        }
    }

    fn mark(&mut self, what: Distinct, who: u64) {
        self.distinct[what as usize].add(who);
    }

    /// About how many different ones.
    pub(super) fn count(&self, what: Distinct) -> u32 {
        self.distinct[what as usize].count()
    }

    /// Recipients as far as they count: one whose page is only likely the same a quarter, and a node for its share.
    pub(super) fn counted(&self, share: NodeShare) -> u32 {
        let verified = self.count(Distinct::Verified);
        let likely = self.count(Distinct::Recipients).saturating_sub(verified);
        let likely = likely.min(self.sightings.saturating_sub(self.verified));
        self.nodes.counted(verified.saturating_add(likely / 4), share)
    }

    /// Share of the recipients that have correspondence with who sent to them, in thousandths.
    pub(super) fn correspondence_milli(&self) -> u32 {
        let (tied, all) = (self.count(Distinct::Tied), self.count(Distinct::Recipients));
        u32::try_from(u64::from(tied) * 1_000 / u64::from(all.max(1))).unwrap_or(1_000).min(1_000)
    }

    /// Adds what was seen of another cluster.
    pub(super) fn absorb(&mut self, other: &Self) {
        self.sightings = self.sightings.saturating_add(other.sightings);
        self.verified = self.verified.saturating_add(other.verified);
        self.outbound = self.outbound.saturating_add(other.outbound);
        self.traps = self.traps.saturating_add(other.traps);
        self.first = if self.first == 0 { other.first } else { self.first.min(other.first.max(1)) };
        self.last = self.last.max(other.last);
        for (sum, weight) in self.reports.iter_mut().zip(other.reports) {
            *sum = sum.saturating_add(weight);
        }
        for (sketch, of_other) in self.distinct.iter_mut().zip(&other.distinct) {
            sketch.merge(of_other);
        }
        self.growth.absorb(&other.growth);
        self.nodes.absorb(&other.nodes);
    }

    /// Bytes on the heap.
    pub(super) fn bytes(&self) -> usize {
        self.nodes.bytes() + self.distinct.iter().map(Sketch::bytes).sum::<usize>()
    }
}
