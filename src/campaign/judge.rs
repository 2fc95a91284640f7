//! Candidates looked at more closely: each is held against its cluster's representatives, and maps decide where there
//! are any. No lock is held while maps are compared.

use std::cmp::Reverse;
use std::sync::Arc;

use super::cluster::{Cluster, Representative};
use super::index::{Candidate, Found, exact, near};
use super::votes::{Evidence, between};
use super::{Campaigns, Shared};
use crate::content::fingerprint::{Fingerprint, InkMap, Likeness, likeness};

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
            self.weigh(asked, fingerprint, shared.found(&self.ring, fingerprint), &mut judged);
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
        let known = self.known(asked, &found.candidates);
        let mut budget = COMPARES_MAX;
        for mut known in known {
            known.judge(fingerprint, asked.map, &mut budget);
            judged.put(known.lead);
        }
    }

    /// What each candidate can be compared with, one a cluster.
    fn known(&self, asked: &Asked<'_>, candidates: &[Candidate]) -> Vec<Known> {
        let shared = self.shared.lock();
        let mut known: Vec<Known> = Vec::new();
        for candidate in candidates {
            if candidate.seq == asked.own || candidate.facts.second < asked.oldest {
                continue;
            }
            let cluster = shared.table.find(candidate.cluster).map_or(0, |found| found.leaf);
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
        let Candidate { seq, evidence, .. } = *candidate;
        let known = self.table.get(cluster);
        let representatives = known.map(|cluster| &cluster.representatives);
        let campaign = known.is_some_and(Cluster::is_campaign);
        let lead = Lead { seq, cluster, campaign, verdict: Verdict::Unsure };
        let map = if cluster == 0 { self.maps.get(seq) } else { None };
        let representatives = representatives.cloned().unwrap_or_default();
        Known { lead, evidence, representatives, map }
    }
}

impl Known {
    fn judge(&mut self, page: &Fingerprint, map: Option<&InkMap>, budget: &mut usize) {
        let mut likely = self.evidence.is_likely();
        let mut said = None;
        for representative in &self.representatives {
            // None says more than that it is the same page.
            if said == Some(Verdict::Same) {
                break;
            }
            let evidence = between(page, &representative.fingerprint);
            likely |= evidence.is_likely();
            // Another epoch, another resolution: the page that led here says best how far it is shifted.
            let offset =
                if evidence.is_candidate() { evidence.offset } else { self.evidence.offset };
            if let (Some(older), Some(newer)) = (representative.map(), map)
                && *budget > 0
            {
                *budget -= 1;
                said = said.max(Some(verdict(likeness(older, newer, offset))));
            }
        }
        if let (Some(older), Some(newer)) = (&self.map, map)
            && *budget > 0
            && said != Some(Verdict::Same)
        {
            *budget -= 1;
            said = said.max(Some(verdict(likeness(older, newer, self.evidence.offset))));
        }
        let by_keys = if likely { Verdict::Likely } else { Verdict::Unsure };
        self.lead.verdict = match said {
            Some(Verdict::Unsure) | None => by_keys,
            Some(told) => told,
        };
    }
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
            Some(known) => known.verdict = known.verdict.max(lead.verdict),
            None => self.leads.push(lead),
        }
    }
}
