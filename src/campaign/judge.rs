//! Candidates looked at more closely: each is held against its cluster's representatives, and maps decide where there
//! are any: what three of them or more agree on, and each by itself where there are fewer. No lock is held while maps are compared.

use std::cmp::Reverse;
use std::sync::Arc;

use super::cluster::{Cluster, Representative};
use super::index::{Candidate, Found, exact, near};
use super::votes::{Evidence, between};
use super::{Campaigns, Shared};
use crate::content::fingerprint::{
    AGREEMENT_MIN, Fingerprint, InkMap, Likeness, Offset, agreement, likeness,
};

/// Clusters and single pages that are held against a page.
pub const LEADS_MAX: usize = 8;
/// Maps that are compared with that of a page, for each of its fingerprints.
pub const COMPARES_MAX: usize = 8;

/// Whether a page is one with a lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verdict {
    /// Maps say no.
    Different,
    /// It cannot be told.
    Unsure,
    /// Keys and marks say so; no maps to compare.
    Likely,
    /// Maps say so.
    Same,
}

/// A cluster, or a page that is in none, that a page may be one with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lead {
    /// The page that led here.
    pub(super) seq: u64,
    /// The cluster that counts that page, or 0.
    pub(super) cluster: u32,
    /// Whether that is a campaign.
    pub(super) campaign: bool,
    pub(super) verdict: Verdict,
    /// Whether the cluster's own pages say different things where this one tells them apart.
    pub(super) divides: bool,
}

/// What is looked for.
pub(super) struct Asked<'a> {
    pub(super) fingerprints: &'a [Fingerprint],
    /// The page's map, if any fingerprint has it: maps are not keyed.
    pub(super) map: Option<&'a InkMap>,
    /// The page itself where it is in the ring, or 0.
    pub(super) own: u64,
    /// Pages seen before that second are too old.
    pub(super) oldest: u32,
}

/// What came of it.
#[derive(Default)]
pub(super) struct Judged {
    /// One a cluster, best first.
    pub(super) leads: Vec<Lead>,
    pub(super) floods: u32,
}

/// What a lead can be compared with.
struct Known {
    lead: Lead,
    evidence: Evidence,
    representatives: Vec<Arc<Representative>>,
    map: Option<Arc<InkMap>>,
}

impl Campaigns {
    /// Looks for what a page may be one with: the exact tier first, and marks where that does not settle it.
    pub(super) fn judge(&self, asked: &Asked<'_>) -> Judged {
        let mut judged = Judged::default();
        for fingerprint in asked.fingerprints {
            let shared = exact(&self.ring, fingerprint);
            self.weigh(asked, fingerprint, shared.found(&self.ring), &mut judged);
            if judged.is_settled(asked.map.is_some()) {
                break;
            }
            let found = near(&self.ring, fingerprint, &shared);
            self.weigh(asked, fingerprint, found, &mut judged);
            if judged.is_settled(asked.map.is_some()) {
                break;
            }
        }
        // Among equals a campaign leads, then a cluster; then the better evidence, which came first.
        let rank = |lead: &Lead| (lead.verdict, lead.campaign, lead.cluster != 0);
        judged.leads.sort_by_key(|lead| Reverse(rank(lead)));
        judged
    }

    fn weigh(
        &self,
        asked: &Asked<'_>,
        fingerprint: &Fingerprint,
        found: Found,
        judged: &mut Judged,
    ) {
        judged.floods = judged.floods.max(found.floods);
        let known = self.known(asked, (fingerprint.epoch, &found.candidates));
        let mut budget = COMPARES_MAX;
        for mut known in known {
            known.judge(fingerprint, asked.map, &mut budget);
            judged.put(known.lead);
        }
    }

    /// What each candidate can be compared with, one a cluster.
    fn known(&self, asked: &Asked<'_>, (epoch, candidates): (u32, &[Candidate])) -> Vec<Known> {
        let young = candidates.iter().filter_map(|candidate| {
            let (facts, cluster) = candidate.known(&self.ring, epoch)?;
            let young = candidate.seq != asked.own && facts.second >= asked.oldest;
            young.then_some((candidate, cluster))
        });
        // Read from far memory, and so before the lock is taken.
        let young: Vec<(&Candidate, u32)> = young.collect();
        let shared = self.shared.lock();
        let mut known: Vec<Known> = Vec::new();
        for (candidate, cluster) in young {
            let cluster = shared.table.find(cluster).map_or(0, |found| found.leaf);
            if cluster != 0 && known.iter().any(|known| known.lead.cluster == cluster) {
                continue;
            }
            known.push(shared.compared_with(candidate, cluster));
            if known.len() == LEADS_MAX {
                break;
            }
        }
        known
    }
}

impl Shared {
    fn compared_with(&self, candidate: &Candidate, cluster: u32) -> Known {
        let Candidate { seq, evidence } = *candidate;
        let known = self.table.get(cluster);
        let representatives = known.map(|cluster| &cluster.representatives);
        let campaign = known.is_some_and(Cluster::is_campaign);
        let lead = Lead { seq, cluster, campaign, verdict: Verdict::Unsure, divides: false };
        let map = if cluster == 0 { self.maps.get(seq) } else { None };
        let representatives = representatives.cloned().unwrap_or_default();
        Known { lead, evidence, representatives, map }
    }
}

impl Known {
    fn judge(&mut self, page: &Fingerprint, map: Option<&InkMap>, budget: &mut usize) {
        let evidence = |known: &Arc<Representative>| between(page, &known.fingerprint);
        let evidence: Vec<Evidence> = self.representatives.iter().map(evidence).collect();
        let likely = self.evidence.is_likely() || evidence.iter().any(|one| one.is_likely());
        // Another epoch, another resolution: the page that led here says best how far it is shifted.
        let offset = |one: &Evidence| {
            if one.is_candidate() { one.offset } else { self.evidence.offset }
        };
        let maps = self.representatives.iter().zip(&evidence);
        let maps = maps.filter_map(|(known, one)| Some((known.map()?, offset(one))));
        let own = self.map.iter().map(|map| (&**map, self.evidence.offset));
        let mut known: Vec<(&InkMap, Offset)> = maps.chain(own).collect();
        let has_maps = !known.is_empty();
        // A cluster that agrees on something is asked for that or for nothing: a few of its pairs would let a filling pass.
        let agrees = known.len() >= AGREEMENT_MIN;
        known.truncate(if agrees && *budget < AGREEMENT_MIN { 0 } else { *budget });
        // What could be told by maps and is not, since others were compared first, is not told by keys either: pages of one
        // letterhead have as many in common.
        let untold = map.is_some() && has_maps && known.is_empty();
        let likely = likely && !untold;
        self.lead.verdict = if likely { Verdict::Likely } else { Verdict::Unsure };
        let Some(map) = map.filter(|_| !known.is_empty()) else { return };
        let (verdict, divides, compared) = told(map, &known);
        *budget -= compared;
        (self.lead.verdict, self.lead.divides) = (verdict, divides);
    }
}

/// What maps say of a page, whether they fall apart over it, and how many were compared. `known` are older ones, and how
/// the page lies to each.
fn told(map: &InkMap, known: &[(&InkMap, Offset)]) -> (Verdict, bool, usize) {
    if known.len() >= AGREEMENT_MIN {
        let known: Vec<_> = known.iter().map(|(older, to)| (*older, to.back())).collect();
        let agreement = agreement(map, &known);
        return (verdict(agreement.likeness()), agreement.is_divided(), agreement.compared);
    }
    let mut compared = 0;
    for (older, offset) in known {
        compared += 1;
        // None says more than that it is the same page.
        if likeness(older, map, *offset) == Likeness::Same {
            return (Verdict::Same, false, compared);
        }
    }
    (Verdict::Different, false, compared)
}

const fn verdict(likeness: Likeness) -> Verdict {
    match likeness {
        Likeness::Same => Verdict::Same,
        Likeness::SameForm | Likeness::Different => Verdict::Different,
    }
}

impl Judged {
    /// Whether looking further would change nothing. A cluster that is no campaign may still find its other half.
    fn is_settled(&self, has_map: bool) -> bool {
        self.leads.iter().any(|lead| match lead.verdict {
            Verdict::Same => lead.campaign,
            Verdict::Likely => !has_map && lead.campaign,
            Verdict::Unsure | Verdict::Different => false,
        })
    }

    fn put(&mut self, lead: Lead) {
        let same = |known: &&mut Lead| {
            known.seq == lead.seq || (lead.cluster != 0 && known.cluster == lead.cluster)
        };
        match self.leads.iter_mut().find(same) {
            Some(known) => {
                known.verdict = known.verdict.max(lead.verdict);
                known.divides |= lead.divides;
            }
            None => self.leads.push(lead),
        }
    }
}
