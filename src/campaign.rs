//! Campaigns: near-identical pages to many recipients, whatever numbers they come from, found without keeping a page.
//!
//! [`Campaigns::meet`] takes a page's fingerprint in and says what is known of it. First the known forms (`bank`), then
//! the pages of the last two days: shared chunk keys, then marks that are near (`index`, over the `ring`), then the maps
//! of what was found (`judge`). A page that is one with another joins its cluster (`place`, `table`), and a cluster of at
//! least [`CAMPAIGN_RECIPIENTS`] distinct recipients is a campaign, never a pair: a form that two patients fill in looks
//! like one page, and only who sends to whom tells. A campaign says what it is in plain numbers ([`CampaignEvidence`]);
//! what they weigh is for others to say.
//!
//! Everything is in memory, bounded by [`Limits`], and keyed: no number, no text and no page. Time is an argument.
//! Nothing here is ever an error on the verdict path: what there is no room for lets the oldest go.

mod bank;
mod bits;
mod cluster;
mod codec;
mod desk;
mod facts;
mod growth;
mod index;
mod judge;
mod keep;
mod maps;
mod meet;
mod met;
mod place;
mod plausible;
mod ring;
mod row;
mod sighting;
mod sketch;
mod standing;
pub mod synthetic;
mod table;
mod tally;
mod votes;
mod weight;

use std::sync::atomic::{AtomicU32, Ordering};

use parking_lot::Mutex;

pub use bank::FormId;
pub use cluster::{MERGED_MAX, REPRESENTATIVES_MAX};
pub use desk::{DeskFault, KnownForm, Opinion, Shown};
pub use index::{CANDIDATES_MAX, CHAIN_MAX, PROBES};
pub use judge::{COMPARES_MAX, LEADS_MAX};
pub use keep::Imported;
pub use meet::DECISION_PAGES_MAX;
pub use met::{CampaignEvidence, Met, Outcome, Sureness};
pub use ring::{PAGE_BYTES, PAGES_MAX};
pub use row::{Row, RowKey};
pub use sighting::{EPOCHS_MAX, Forged, Sighting, Tie};
pub use sketch::SKETCH_VALUES;
pub use standing::{DECISIONS_MAX, DecidedBy, Decision, State};
pub use votes::{Evidence, between};
pub use weight::CAMPAIGN_RECIPIENTS;

use crate::time::Timestamp;
use bank::Bank;
use facts::{cut, second_of};
use maps::Maps;
use plausible::Plausible;
use ring::Ring;
use table::Table;

/// Seconds of a day.
const DAY: u32 = 86_400;

/// How much is kept, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Pages that can be found, 1 to [`PAGES_MAX`]; [`PAGE_BYTES`] each as they come, and up to 400 MB of heads at once
    /// for ten million.
    pub pages: u32,
    /// Most bytes of clusters and campaigns, their representatives and maps included.
    pub cluster_bytes: usize,
    /// Most bytes of the maps of single pages.
    pub map_bytes: usize,
    /// Most known forms.
    pub forms: u32,
    /// Seconds that a page can be found.
    pub window_seconds: u32,
    /// Seconds that a campaign is kept for the desk after its last page.
    pub campaign_seconds: u32,
    /// Most that one node makes up of what makes a campaign, in thousandths, where there are several nodes.
    pub node_share_milli: u32,
}

impl Limits {
    /// Limits with room for so many pages, and as much for everything else as they ask for.
    #[must_use]
    pub const fn of_pages(pages: u32) -> Self {
        Self {
            pages,
            cluster_bytes: (64 << 20) + pages as usize * 112,
            map_bytes: (16 << 20) + pages as usize * 64,
            forms: 4_096,
            window_seconds: 2 * DAY,
            campaign_seconds: 7 * DAY,
            node_share_milli: 600,
        }
    }
}

/// What is in use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Pages that can be found.
    pub pages: u64,
    /// Clusters, campaigns among them.
    pub clusters: usize,
    /// Bytes of the index.
    pub index_bytes: usize,
    /// Most bytes the index will ever take.
    pub index_bytes_max: usize,
    /// Bytes of clusters and campaigns.
    pub cluster_bytes: usize,
    /// Bytes of the maps of single pages.
    pub map_bytes: usize,
    /// Bytes of known forms.
    pub form_bytes: usize,
    /// Clusters that made room for others since the start.
    pub evicted: u64,
}

/// Every campaign, and every page by which one could be found.
pub struct Campaigns {
    limits: Limits,
    ring: Ring,
    bank: Bank,
    plausible: Plausible,
    nodes: NodesSeen,
    /// Locked for microseconds, and before the ring's writer.
    shared: Mutex<Shared>,
}

/// What changes together.
struct Shared {
    table: Table,
    maps: Maps,
}

/// Whether there is one node or several: where there is one, it is all of the evidence.
#[derive(Default)]
struct NodesSeen {
    first: AtomicU32,
    other: AtomicU32,
}

impl NodesSeen {
    /// Notes a node, by its key as facts keep it.
    fn saw(&self, node: u32) {
        let first = self.first.compare_exchange(0, node, Ordering::Relaxed, Ordering::Relaxed);
        if first.is_err_and(|first| first != node) {
            self.other.store(node, Ordering::Relaxed);
        }
    }

    fn are_several(&self) -> bool {
        self.other.load(Ordering::Relaxed) != 0
    }
}

/// The names a fax may be known by before its page is: hot keys, 0 for none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Names {
    /// Who sends: the caller number inbound, the member outbound.
    pub sender: u64,
    /// The TSI.
    pub ident: u64,
    /// The block of a hundred numbers.
    pub block: u64,
}

impl Campaigns {
    /// No campaigns yet, within these limits.
    #[must_use]
    pub fn with_limits(limits: Limits) -> Self {
        Self {
            limits,
            ring: Ring::with_capacity(limits.pages),
            bank: Bank::with_forms(limits.forms),
            plausible: Plausible::new(),
            nodes: NodesSeen::default(),
            shared: Mutex::new(Shared {
                table: Table::with_bytes(limits.cluster_bytes),
                maps: Maps::with_bytes(limits.map_bytes),
            }),
        }
    }

    /// Whether a fingerprint is worth asking for, by metadata alone: one of the names was in a campaign lately that is
    /// not cleared, or sent what was reported. About one fax too many in 26 is said to be where ten thousand names are
    /// in campaigns. Takes no lock.
    #[must_use]
    pub fn would_be_plausible(&self, names: Names, now: Timestamp) -> bool {
        let names = [names.sender, names.ident, names.block].map(cut);
        self.plausible.is_stamped(names, self.oldest(second_of(now)))
    }

    /// Pages that can be found.
    #[must_use]
    pub fn pages(&self) -> u64 {
        self.ring.len()
    }

    /// What is in use. Looks at everything once: for a gauge, not for a verdict.
    #[must_use]
    pub fn usage(&self) -> Usage {
        let (clusters, cluster_bytes, evicted, map_bytes) = {
            let shared = self.shared.lock();
            let table = &shared.table;
            (table.len(), table.bytes(), table.evicted(), shared.maps.bytes())
        };
        Usage {
            pages: self.ring.len(),
            clusters,
            index_bytes: self.ring.bytes(),
            index_bytes_max: self.ring.bytes_max(),
            cluster_bytes,
            map_bytes,
            form_bytes: self.bank.bytes(),
            evicted,
        }
    }
}

#[cfg(test)]
mod tests;
