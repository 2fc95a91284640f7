//! What is known of a page after it was met, in plain numbers for signals.

use super::bank::FormId;
use super::sighting::Forged;
use super::standing::{DecidedBy, State};
pub use super::weight::Sureness;
use crate::fax::id::CampaignId;
use crate::time::Timestamp;

/// What became of a page that was met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was put in; it is found from now on.
    Inserted,
    /// It was only looked for.
    Looked,
    /// That page of that decision was met before: nothing counts twice.
    Replayed,
    /// It is a known form, no campaign, and was not put in.
    Known(FormId),
    /// It has nothing to be found by: blank, black or nearly so.
    Blank,
    /// No page has such a fingerprint.
    Forged(Forged),
}

/// What is known of a campaign. Counts of different ones are exact up to 128 and have a standard error of 8.9 % beyond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CampaignEvidence {
    /// Which.
    pub id: CampaignId,
    /// Where it stands.
    pub state: State,
    /// Who says so.
    pub decided_by: DecidedBy,
    /// Pages seen, each page of each decision once.
    pub sightings: u32,
    /// Those that members sent.
    pub outbound: u32,
    /// Distinct recipients.
    pub recipients: u32,
    /// Distinct recipients whose page was compared with the campaign's.
    pub verified: u32,
    /// Recipients as they count: those that are only likely a quarter each, and those of one node for its share.
    pub counted: u32,
    /// Distinct caller numbers and sending members.
    pub senders: u32,
    /// Distinct TSIs.
    pub idents: u32,
    /// Distinct trunks.
    pub trunks: u32,
    /// Distinct blocks of a hundred caller numbers.
    pub blocks: u32,
    /// Sightings of the last 45 to 60 minutes, those of one node for its share.
    pub last_hour: u32,
    /// The last hour over the mean of up to 23 hours before it, in thousandths.
    pub growth_milli: u32,
    /// Share of recipients with correspondence with who sent to them, in thousandths.
    pub correspondence_milli: u32,
    /// Pages that came to traps.
    pub traps: u32,
    /// Weight of reports that it is junk, in thousandths.
    pub junk_milli: u32,
    /// Weight of reports that it is not, in thousandths.
    pub wanted_milli: u32,
    /// When it was first seen, to the second.
    pub first_seen: Timestamp,
    /// When it was last seen, to the second.
    pub last_seen: Timestamp,
}

/// What is known of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Met {
    /// What became of it.
    pub outcome: Outcome,
    /// How sure it is that the page is one of a cluster; `None` where it is of none.
    pub sureness: Option<Sureness>,
    /// The campaign it is of.
    pub campaign: Option<CampaignEvidence>,
    /// Distinct recipients of the cluster it is of, campaign or not; 0 where it is of none.
    pub recipients: u32,
    /// Whether the page's map would tell more.
    pub map_wanted: bool,
    /// Keys and marks of the page that half the world shares.
    pub floods: u32,
}

impl Met {
    /// Nothing is known.
    pub(super) const fn nothing(outcome: Outcome) -> Self {
        Self {
            outcome,
            sureness: None,
            campaign: None,
            recipients: 0,
            map_wanted: false,
            floods: 0,
        }
    }
}
