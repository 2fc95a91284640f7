//! What one node may contribute: forged fingerprints must not make a campaign, nor ruin one, beyond the node's own weight.

/// Distinct recipients that make a cluster a campaign; never a pair.
pub const CAMPAIGN_RECIPIENTS: u32 = 5;
/// What a recipient counts whose page was compared, and one whose page is only likely the same.
const UNITS: (u8, u8) = (4, 1);
/// Units that make a campaign.
const CAMPAIGN_UNITS: u32 = CAMPAIGN_RECIPIENTS * UNITS.0 as u32;
/// Most recipients that are told apart on the way to a campaign.
pub(super) const FOUNDERS_MAX: usize = 64;
/// Most of them of one node: as many as could ever count.
const NODE_FOUNDERS_MAX: usize = CAMPAIGN_UNITS as usize;
/// Nodes told apart in a cluster; the last place is for all others together.
pub(super) const NODES_MAX: usize = 16;

/// How much of a count one node may make up, in thousandths of the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NodeShare(u32);

impl NodeShare {
    /// A node may make up all of it: there is one node.
    pub(super) const ALL: Self = Self(1_000);

    /// That share, 1 to 1,000 thousandths.
    pub(super) fn of_milli(milli: u32) -> Self {
        Self(milli.clamp(1, 1_000))
    }

    /// Most that a node counts beside so much of the others.
    pub(super) fn beside(self, others: u32) -> u32 {
        match 1_000 - self.0 {
            0 => u32::MAX,
            rest => {
                let most = u64::from(others) * u64::from(self.0) / u64::from(rest);
                u32::try_from(most).unwrap_or(u32::MAX)
            }
        }
    }

    /// That share of a count.
    fn part(self, whole: u32) -> u32 {
        u32::try_from(u64::from(whole) * u64::from(self.0) / 1_000).unwrap_or(whole)
    }
}

/// How sure it is that a page is one of the cluster's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sureness {
    /// Its keys and marks say so.
    Likely,
    /// Its map was compared.
    Verified,
}

/// A recipient on the way to a campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Founder {
    pub(super) recipient: u64,
    pub(super) node: u32,
    pub(super) sureness: Sureness,
}

impl Founder {
    const fn units(self) -> u32 {
        match self.sureness {
            Sureness::Verified => UNITS.0 as u32,
            Sureness::Likely => UNITS.1 as u32,
        }
    }
}

/// The first distinct recipients of a cluster, until it is a campaign.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Founders(Vec<Founder>);

impl Founders {
    /// Notes a recipient, once; the surer of two sightings counts.
    pub(super) fn add(&mut self, founder: Founder) {
        if founder.recipient == 0 {
            return;
        }
        if let Some(known) = self.0.iter_mut().find(|known| known.recipient == founder.recipient) {
            known.sureness = known.sureness.max(founder.sureness);
            return;
        }
        let of_node = self.0.iter().filter(|known| known.node == founder.node).count();
        if of_node < NODE_FOUNDERS_MAX && self.0.len() < FOUNDERS_MAX {
            self.0.push(founder);
        }
    }

    /// Takes a recipient out whose page turned out to be another.
    pub(super) fn remove(&mut self, recipient: u64) {
        self.0.retain(|known| known.recipient != recipient || known.sureness == Sureness::Verified);
    }

    /// Adds those of another cluster.
    pub(super) fn absorb(&mut self, other: &Self) {
        other.0.iter().for_each(|founder| self.add(*founder));
    }

    /// Whether they make a campaign, no node counting for more than its share.
    pub(super) fn suffice(&self, share: NodeShare) -> bool {
        let most = share.part(CAMPAIGN_UNITS);
        let mut nodes: Vec<u32> = self.0.iter().map(|founder| founder.node).collect();
        nodes.sort_unstable();
        nodes.dedup();
        let of_node = |node: &u32| {
            let own = self.0.iter().filter(|founder| founder.node == *node);
            own.map(|founder| founder.units()).sum::<u32>().min(most)
        };
        nodes.iter().map(of_node).sum::<u32>() >= CAMPAIGN_UNITS
    }

    /// Bytes on the heap.
    pub(super) fn bytes(&self) -> usize {
        self.0.capacity() * size_of::<Founder>()
    }

    /// Forgets them: the campaign is made.
    pub(super) fn clear(&mut self) {
        self.0 = Vec::new();
    }
}

/// Who saw the sightings of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Nodes(Vec<(u32, u32)>);

impl Nodes {
    /// Counts so many sightings of a node.
    pub(super) fn add(&mut self, node: u32, count: u32) {
        let known = self.0.iter().position(|(known, _)| *known == node);
        match known.or((self.0.len() == NODES_MAX).then_some(NODES_MAX - 1)) {
            Some(at) => self.0[at].1 = self.0[at].1.saturating_add(count),
            None => self.0.push((node, count)),
        }
    }

    /// Adds those of another.
    pub(super) fn absorb(&mut self, other: &Self) {
        other.0.iter().for_each(|(node, count)| self.add(*node, *count));
    }

    /// How many of so many recipients count: the node with most sightings for its share of them at most, and alone for
    /// its share of what makes a campaign.
    pub(super) fn counted(&self, recipients: u32, share: NodeShare) -> u32 {
        let all: u64 = self.0.iter().map(|(_, count)| u64::from(*count)).sum();
        let most = self.0.iter().map(|(_, count)| *count).max().unwrap_or(0);
        let others = u32::try_from(all - u64::from(most)).unwrap_or(u32::MAX);
        let counts = u64::from(others) + u64::from(share.beside(others).min(most));
        let part = u64::from(recipients) * counts / all.max(1);
        let alone = share.part(CAMPAIGN_RECIPIENTS).min(recipients);
        u32::try_from(part).unwrap_or(recipients).max(alone)
    }

    /// All of them.
    pub(super) fn list(&self) -> &[(u32, u32)] {
        &self.0
    }

    /// Bytes on the heap.
    pub(super) fn bytes(&self) -> usize {
        self.0.capacity() * size_of::<(u32, u32)>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn founders(of: &[(u64, u32, Sureness)]) -> Founders {
        let mut founders = Founders::default();
        for (recipient, node, sureness) in of {
            founders.add(Founder { recipient: *recipient, node: *node, sureness: *sureness });
        }
        founders
    }

    #[test]
    fn five_recipients_and_never_one_node_alone() {
        let share = NodeShare::of_milli(600);
        let sure = |node: fn(u64) -> u32, count: u64| {
            founders(&(1..=count).map(|at| (at, node(at), Sureness::Verified)).collect::<Vec<_>>())
        };
        assert!(!sure(|at| u32::from(at > 2), 4).suffice(share));
        assert!(sure(|at| u32::from(at > 2), 5).suffice(share));
        assert!(!sure(|_| 1, 5_000).suffice(share));
        assert!(sure(|_| 1, 5).suffice(NodeShare::ALL));
        let twice = founders(&[(1, 1, Sureness::Verified); 9]);
        assert!(!twice.suffice(NodeShare::ALL));
        let likely: Vec<_> = (1..=20)
            .zip([1, 2, 3].into_iter().cycle())
            .map(|(at, node)| (at, node, Sureness::Likely))
            .collect();
        assert!(founders(&likely).suffice(share));
        assert!(!founders(&likely[1..]).suffice(share));
    }

    #[test]
    fn a_recipient_whose_page_was_another_goes() {
        let mut of = founders(&[
            (1, 1, Sureness::Likely),
            (2, 1, Sureness::Likely),
            (2, 1, Sureness::Verified),
        ]);
        of.remove(1);
        of.remove(2);
        assert_eq!(of.0.len(), 1);
    }

    #[test]
    fn a_node_counts_beside_others() {
        let share = NodeShare::of_milli(600);
        let mut nodes = Nodes::default();
        nodes.add(1, 1_000);
        assert_eq!(nodes.counted(1_000, share), 3);
        assert_eq!(nodes.counted(1_000, NodeShare::ALL), 1_000);
        nodes.add(2, 10);
        assert_eq!(nodes.counted(1_010, share), 25);
        nodes.add(3, 1_000);
        assert_eq!(nodes.counted(2_010, share), 2_010);
        (4..40).for_each(|node| nodes.add(node, 1));
        assert_eq!(nodes.list().len(), NODES_MAX);
    }
}
