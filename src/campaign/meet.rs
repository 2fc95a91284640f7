//! A page is met: looked over, held against known forms, looked for, put in, and placed.

use super::facts::{Facts, cut, second_of};
use super::index::{OWN_MAX, exact};
use super::judge::{Asked, Judged, Lead, Verdict};
use super::met::{CampaignEvidence, Met, Outcome, Sureness};
use super::place::Placed;
use super::ring::Page;
use super::sighting::{Forged, Sighting, is_blank, newest};
use super::standing::{DecidedBy, State};
use super::tally::Distinct;
use super::weight::NodeShare;
use super::{Campaigns, Shared};
use crate::content::fingerprint::{Fingerprint, InkMap};
use crate::time::Timestamp;

/// Pages of one decision that are told apart; a longer fax has been seen enough of.
pub const DECISION_PAGES_MAX: usize = 256;
/// Pages of a campaign that are all found by their keys, and of how many further ones one is: the campaign is found by
/// these, and more would only flood the chains of others.
const FOUND_BY_KEYS: (u32, u32) = (32, 64);
const _: () =
    assert!(FOUND_BY_KEYS.0 as usize * 2 < OWN_MAX, "a campaign floods its own buckets late");

fn map_of(fingerprints: &[Fingerprint]) -> Option<&InkMap> {
    fingerprints.iter().find_map(|fingerprint| fingerprint.map.as_ref())
}

impl Campaigns {
    /// Puts a page in and says what is known of it. It is found by the next one. The same page of the same decision
    /// counts once, however often it comes; coming again with its map, it is judged anew.
    ///
    /// Waits for no disk and no search of others: the index is read without a lock, and the clusters are locked for some
    /// microseconds, twice.
    pub fn meet(&self, sighting: &Sighting<'_>, now: Timestamp) -> Met {
        let page = match newest(sighting.fingerprints) {
            Ok(page) if is_blank(page) => return Met::nothing(Outcome::Blank),
            Ok(page) => page,
            Err(forged) => return Met::nothing(Outcome::Forged(forged)),
        };
        let (map, second) = (map_of(sighting.fingerprints), second_of(now));
        if let Some(known) = self.bank.consult(sighting.fingerprints, map, second) {
            let outcome = Outcome::Known(known.form);
            return Met { map_wanted: known.map_wanted, ..Met::nothing(outcome) };
        }
        self.nodes.saw(cut(sighting.node));
        let known = self.ring.of_decision(sighting.decision, DECISION_PAGES_MAX);
        let again = known.into_iter().find(|(_, facts, _)| facts.page == sighting.page);
        let own = again.as_ref().map_or(0, |(seq, ..)| *seq);
        let (fingerprints, oldest) = (sighting.fingerprints, self.oldest(second));
        let judged = self.judge(&Asked { fingerprints, map, own, oldest });
        let facts = Facts::of(sighting, page.epoch, now);
        let share = self.share();
        let placed = Placed { seq: own, facts, fingerprint: page, map, now, share };
        match again {
            Some((_, facts, cluster)) => {
                self.met_again(&Placed { facts, ..placed }, cluster, &judged)
            }
            None => self.met_first(sighting, placed, &judged),
        }
    }

    /// Puts a page in without looking for others: pages of days before, read back. It is found, and counts once it is.
    ///
    /// # Errors
    /// [`Forged`]: it is not put in. A blank page is not either, and is no error.
    pub fn insert(&self, sighting: &Sighting<'_>, now: Timestamp) -> Result<(), Forged> {
        let page = newest(sighting.fingerprints)?;
        if !is_blank(page) {
            self.nodes.saw(cut(sighting.node));
            self.ring.insert(&Page {
                facts: Facts::of(sighting, page.epoch, now),
                fingerprint: Some(page),
                decision: Some(sighting.decision),
                cluster: 0,
            });
        }
        Ok(())
    }

    /// Looks in the exact tier alone, some microseconds: whether pages that share chunk keys are of a campaign. Nothing is
    /// compared, and so nothing is sure.
    pub fn look_exact(&self, fingerprint: &Fingerprint, now: Timestamp) -> Met {
        let found = exact(&self.ring, fingerprint).found(&self.ring);
        let oldest = self.oldest(second_of(now));
        let likely = found.candidates.iter().filter(|candidate| candidate.evidence.is_likely());
        let young = likely.filter_map(|candidate| {
            let (facts, cluster) = candidate.known(&self.ring, fingerprint.epoch)?;
            (facts.second >= oldest).then_some((cluster, candidate.seq))
        });
        let Some((cluster, _)) = young.max_by_key(|(cluster, seq)| (*cluster != 0, *seq)) else {
            return Met::nothing(Outcome::Looked);
        };
        let cluster = Some(cluster).filter(|cluster| *cluster != 0);
        let judged = Judged { leads: Vec::new(), floods: found.floods };
        let met = self.tell(&self.shared.lock(), cluster, (now, self.share()), &judged);
        Met { sureness: Some(Sureness::Likely), ..met }
    }

    fn met_first(&self, sighting: &Sighting<'_>, placed: Placed<'_>, judged: &Judged) -> Met {
        let mut shared = self.shared.lock();
        let in_full = shared.is_found_by_keys(&judged.leads);
        let seq = self.ring.insert(&Page {
            facts: placed.facts,
            fingerprint: in_full.then_some(placed.fingerprint),
            decision: Some(sighting.decision),
            cluster: 0,
        });
        let placed = Placed { seq, ..placed };
        shared.dispute(&placed, &judged.leads);
        let cluster = shared.place(&self.ring, &placed, &judged.leads);
        self.answer(&shared, &placed, cluster, (Outcome::Inserted, judged))
    }

    fn met_again(&self, placed: &Placed<'_>, cluster: u32, judged: &Judged) -> Met {
        let mut shared = self.shared.lock();
        shared.dispute(placed, &judged.leads);
        let cluster = if placed.map.is_some() || cluster == 0 {
            match cluster {
                0 => shared.place(&self.ring, placed, &judged.leads),
                of => shared.replace(&self.ring, placed, of, &judged.leads),
            }
        } else {
            shared.table.find(cluster).map(|found| found.leaf)
        };
        self.answer(&shared, placed, cluster, (Outcome::Replayed, judged))
    }

    /// Looks for a page that is not put in.
    pub fn look(&self, fingerprint: &Fingerprint, now: Timestamp) -> Met {
        let fingerprints = std::slice::from_ref(fingerprint);
        match newest(fingerprints) {
            Ok(page) if is_blank(page) => return Met::nothing(Outcome::Blank),
            Ok(_) => {}
            Err(forged) => return Met::nothing(Outcome::Forged(forged)),
        }
        let (map, second) = (map_of(fingerprints), second_of(now));
        if let Some(known) = self.bank.consult(fingerprints, map, second) {
            let outcome = Outcome::Known(known.form);
            return Met { map_wanted: known.map_wanted, ..Met::nothing(outcome) };
        }
        let oldest = self.oldest(second);
        let judged = self.judge(&Asked { fingerprints, map, own: 0, oldest });
        let shared = self.shared.lock();
        let best = judged.leads.first().filter(|lead| lead.verdict >= Verdict::Likely);
        let cluster = best.map(|lead| lead.cluster).filter(|cluster| *cluster != 0);
        let sureness = best.map(|lead| sureness_of(lead.verdict));
        let met = self.tell(&shared, cluster, (now, self.share()), &judged);
        Met {
            outcome: Outcome::Looked,
            sureness,
            map_wanted: met.map_wanted && map.is_none(),
            ..met
        }
    }

    fn answer(
        &self,
        shared: &Shared,
        placed: &Placed<'_>,
        cluster: Option<u32>,
        said: (Outcome, &Judged),
    ) -> Met {
        let (outcome, judged) = said;
        let met = self.tell(shared, cluster, (placed.now, placed.share), judged);
        if met.campaign.is_some_and(|campaign| campaign.state <= State::Confirmed) {
            let Facts { ident, block, second, .. } = placed.facts;
            self.plausible.stamp([placed.facts.sender_name(), ident, block], second);
        }
        let verified = self.ring.facts(placed.seq).is_some_and(|(facts, _)| facts.verified);
        let sureness = if verified { Sureness::Verified } else { Sureness::Likely };
        Met {
            outcome,
            sureness: cluster.map(|_| sureness),
            map_wanted: met.map_wanted && placed.map.is_none() && !verified,
            ..met
        }
    }

    /// What is known of a cluster.
    fn tell(
        &self,
        shared: &Shared,
        cluster: Option<u32>,
        at: (Timestamp, NodeShare),
        judged: &Judged,
    ) -> Met {
        let (now, share) = at;
        let likely = |lead: &Lead| {
            lead.verdict == Verdict::Likely || (lead.verdict == Verdict::Unsure && lead.campaign)
        };
        let mut met = Met::nothing(Outcome::Looked);
        met.floods = judged.floods;
        met.map_wanted = judged.leads.iter().any(likely);
        if let Some(found) = cluster.and_then(|cluster| shared.table.find(cluster)) {
            let tally = shared.table.tally(found.root);
            met.recipients = tally.map_or(0, |tally| tally.count(Distinct::Recipients));
            met.campaign = shared.evidence(found.root, now, share);
        }
        met
    }

    /// Seconds since 1970 before which a page is too old.
    pub(super) fn oldest(&self, second: u32) -> u32 {
        second.saturating_sub(self.limits.window_seconds)
    }

    /// How much one node counts.
    pub(super) fn share(&self) -> NodeShare {
        if self.nodes.are_several() {
            NodeShare::of_milli(self.limits.node_share_milli)
        } else {
            NodeShare::ALL
        }
    }
}

const fn sureness_of(verdict: Verdict) -> Sureness {
    match verdict {
        Verdict::Same => Sureness::Verified,
        Verdict::Likely | Verdict::Unsure | Verdict::Different => Sureness::Likely,
    }
}

impl Shared {
    /// Whether a page is to be found by its keys: unless its campaign is by enough others.
    fn is_found_by_keys(&self, leads: &[Lead]) -> bool {
        let (first, one_in) = FOUND_BY_KEYS;
        let sure = leads.iter().find(|lead| lead.verdict == Verdict::Same);
        let known = sure.and_then(|lead| self.table.get(lead.cluster));
        known.is_none_or(|cluster| {
            let seen = cluster.tally.sightings;
            seen < first || seen.is_multiple_of(one_in)
        })
    }

    /// What is known of a campaign; `None` where it is none.
    pub(super) fn evidence(
        &self,
        root: u32,
        now: Timestamp,
        share: NodeShare,
    ) -> Option<CampaignEvidence> {
        let campaign = self.table.get(root).filter(|cluster| cluster.is_campaign())?;
        let tally = self.table.tally(root)?;
        let second = second_of(now);
        let staff = self.table.decision(root, now).is_some();
        let [junk_milli, wanted_milli] = tally.reports;
        let seen = |second: u32| Timestamp::from_seconds(second.into());
        Some(CampaignEvidence {
            id: campaign.id,
            state: self.table.state(root, &tally, now),
            decided_by: if staff { DecidedBy::Staff } else { DecidedBy::Evidence },
            sightings: tally.sightings,
            outbound: tally.outbound,
            recipients: tally.count(Distinct::Recipients),
            verified: tally.count(Distinct::Verified),
            counted: tally.counted(share),
            senders: tally.count(Distinct::Senders),
            idents: tally.count(Distinct::Idents),
            trunks: tally.count(Distinct::Trunks),
            blocks: tally.count(Distinct::Blocks),
            last_hour: tally.growth.last_hour(second),
            growth_milli: tally.growth.growth_milli(second, tally.first),
            correspondence_milli: tally.correspondence_milli(),
            traps: tally.traps,
            junk_milli,
            wanted_milli,
            first_seen: seen(tally.first),
            last_seen: seen(tally.last),
        })
    }
}
