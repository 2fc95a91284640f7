//! Who watches campaigns is told what is new: the state is looked at again and again, and held against what was told.
//! A caller that reads slowly gets fewer and later states, and nothing piles up.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tonic::Status;

use crate::api::convert::campaign;
use crate::api::desk::CampaignAsk;
use crate::api::engine::Engine;
use crate::api::grpc::Edge;
use crate::bounds::{CAMPAIGN_BATCH_MAX, CAMPAIGNS_WATCHED_MAX};
use crate::campaign::{CampaignEvidence, State};
use crate::fax::id::CampaignId;
use crate::wire::operator::v1 as wire;

/// Messages that wait for the caller.
const WAITING_MAX: usize = 2;

type Told = Result<wire::WatchCampaignsResponse, Status>;

/// What the caller is told, until it goes or the server stops. The place is given back then.
pub(super) fn told(
    edge: Arc<Edge>,
    state: Option<State>,
    place: OwnedSemaphorePermit,
) -> Receiver<Told> {
    let (to, told) = mpsc::channel(WAITING_MAX);
    tokio::spawn(async move {
        let _place = place;
        let ending = (edge.ending)();
        tokio::select! {
            () = ending => {}
            () = to.closed() => {}
            () = look_on(&edge, state, &to) => {}
        }
    });
    told
}

async fn look_on(edge: &Edge, state: Option<State>, to: &Sender<Told>) {
    let mut watch = Watch::default();
    loop {
        let seen = match edge.waiting(move |engine| Ok(Seen::by(engine, state))).await {
            Ok(seen) => seen,
            Err(failure) => {
                // A caller that has gone needs no reason.
                let _ = to.send(Err(failure.into())).await;
                return;
            }
        };
        for message in watch.news(&seen) {
            if to.send(Ok(message)).await.is_err() {
                return;
            }
        }
        tokio::time::sleep(edge.watch_wait).await;
    }
}

/// The campaigns there are, the newest of them where there are more than are told.
#[derive(Default)]
struct Seen {
    campaigns: VecDeque<CampaignEvidence>,
    truncated: bool,
}

impl Seen {
    fn by(engine: &dyn Engine, state: Option<State>) -> Self {
        let mut seen = Self::default();
        let mut ask = CampaignAsk { state, after: None, limit: CAMPAIGN_BATCH_MAX };
        loop {
            let page = engine.campaigns(&ask);
            for campaign in page.campaigns {
                if seen.campaigns.len() == CAMPAIGNS_WATCHED_MAX {
                    seen.campaigns.pop_front();
                    seen.truncated = true;
                }
                seen.campaigns.push_back(campaign);
            }
            match page.next {
                Some(_) => ask.after = page.next,
                None => return seen,
            }
        }
    }
}

/// What a caller was told last.
#[derive(Default)]
struct Watch {
    told: HashMap<CampaignId, CampaignEvidence>,
    begun: bool,
}

impl Watch {
    /// What is new, in messages; none where nothing is. The first time there is one at least.
    fn news(&mut self, seen: &Seen) -> Vec<wire::WatchCampaignsResponse> {
        let Self { told, begun } = self;
        let new = seen.campaigns.iter().filter(|now| told.get(&now.id) != Some(*now));
        let new: Vec<wire::Campaign> = new.map(campaign::to_wire).collect();
        let now: HashMap<CampaignId, CampaignEvidence> =
            seen.campaigns.iter().map(|campaign| (campaign.id, *campaign)).collect();
        let mut gone: Vec<CampaignId> =
            told.keys().filter(|id| !now.contains_key(*id)).copied().collect();
        gone.sort_unstable();
        *told = now;
        let (mut new, mut gone) = (new.chunks(CAMPAIGN_BATCH_MAX), gone.chunks(CAMPAIGN_BATCH_MAX));
        let mut messages = Vec::new();
        while new.len() + gone.len() > 0 || (!*begun && messages.is_empty()) {
            let gone = gone.next().unwrap_or_default().iter();
            messages.push(wire::WatchCampaignsResponse {
                campaigns: new.next().unwrap_or_default().to_vec(),
                gone_campaign_ids: gone.map(ToString::to_string).collect(),
                caught_up: *begun,
                truncated: seen.truncated,
            });
        }
        if let Some(last) = messages.last_mut() {
            last.caught_up = true;
        }
        *begun = true;
        messages
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::DecidedBy;
    use crate::time::Timestamp;

    fn campaign(id: u64, sightings: u32) -> CampaignEvidence {
        CampaignEvidence {
            id: CampaignId(id),
            state: State::Suspected,
            decided_by: DecidedBy::Evidence,
            sightings,
            outbound: 0,
            recipients: sightings,
            verified: 0,
            counted: 0,
            senders: 0,
            idents: 0,
            trunks: 0,
            blocks: 0,
            last_hour: 0,
            growth_milli: 0,
            correspondence_milli: 0,
            traps: 0,
            junk_milli: 0,
            wanted_milli: 0,
            first_seen: Timestamp::from_seconds(1),
            last_seen: Timestamp::from_seconds(2),
        }
    }

    fn seen(campaigns: impl IntoIterator<Item = CampaignEvidence>) -> Seen {
        Seen { campaigns: campaigns.into_iter().collect(), truncated: false }
    }

    #[test]
    fn only_what_is_new_is_told() {
        let mut watch = Watch::default();
        let first = watch.news(&seen([]));
        assert!(first.len() == 1 && first[0].caught_up && first[0].campaigns.is_empty());
        let told = watch.news(&seen([campaign(1, 5), campaign(2, 6)]));
        assert_eq!(told[0].campaigns.len(), 2);
        assert!(watch.news(&seen([campaign(1, 5), campaign(2, 6)])).is_empty());
        let told = watch.news(&seen([campaign(2, 7)]));
        assert_eq!(told[0].campaigns[0].sighting_count, 7);
        assert_eq!(told[0].gone_campaign_ids, ["0000000000000001"]);
    }

    #[test]
    fn much_comes_in_several_messages() {
        let mut watch = Watch::default();
        let told = watch.news(&seen((1..=1_201).map(|id| campaign(id, 5))));
        let counts: Vec<usize> = told.iter().map(|told| told.campaigns.len()).collect();
        assert_eq!(counts, [500, 500, 201]);
        let caught_up: Vec<bool> = told.iter().map(|told| told.caught_up).collect();
        assert_eq!(caught_up, [false, false, true]);
        let gone = watch.news(&seen([]));
        assert_eq!((gone.len(), gone[2].gone_campaign_ids.len()), (3, 201));
    }
}
