//! Campaigns behind the service: the one place that edits them.

use super::Live;
use crate::api::desk::{CampaignAsk, CampaignDesk, CampaignPage, DeskEdit, etag};
use crate::api::status::Failure;
use crate::bounds::CAMPAIGNS_LOOKED_AT_MAX;
use crate::campaign::{Campaigns, Decision, DeskFault, FormId, KnownForm, Shown};
use crate::fax::id::CampaignId;
use crate::memory::{CampaignFault, Memory};
use crate::time::Timestamp;

/// Campaigns that are read at once: what is in between is a chance for who screens.
const READ_AT_ONCE: usize = 64;

impl Live {
    fn known(&self) -> &Campaigns {
        self.memory.campaigns()
    }

    fn shown(&self, campaign: CampaignId) -> Result<Shown, Failure> {
        let shown = self.known().show(campaign, self.now());
        shown.ok_or(Failure::NotFound { what: CAMPAIGN })
    }

    /// Edits one after the other, each over the version that it names.
    fn edited<T>(
        &self,
        on: &DeskEdit,
        edit: impl FnOnce(&Memory, Timestamp) -> Result<T, CampaignFault>,
    ) -> Result<(Shown, T), Failure> {
        let _others_wait = self.desk.lock();
        if let Some(version) = &on.based_on
            && *version != etag(&self.shown(on.campaign)?)
        {
            return Err(Failure::StaleEtag);
        }
        let done = edit(&self.memory, self.now()).map_err(|fault| self.unsaid(&fault))?;
        Ok((self.shown(on.campaign)?, done))
    }

    fn unsaid(&self, fault: &CampaignFault) -> Failure {
        match fault {
            CampaignFault::Desk(fault) => self.refused(fault),
            CampaignFault::NoForm(_) => Failure::NotFound { what: FORM },
            CampaignFault::Unkept(fault) => super::of_edit(fault),
        }
    }

    fn refused(&self, fault: &DeskFault) -> Failure {
        match fault {
            DeskFault::NoCampaign { .. } => Failure::NotFound { what: CAMPAIGN },
            DeskFault::PartOf { of, .. } => Failure::CampaignMerged { of: *of },
            DeskFault::NotPart { .. } => Failure::NothingToDo { what: "campaign it is part of" },
            DeskFault::NoDecision { .. } => Failure::NothingToDo { what: "decision left" },
            DeskFault::NoRepresentative { id, index } => {
                let known = self.known().show(*id, self.now());
                let last = known.is_some_and(|shown| *index < shown.representatives.len());
                if last {
                    Failure::NothingToDo { what: "other representative" }
                } else {
                    Failure::NotFound { what: "representative" }
                }
            }
            // The wall has read author, reason and end already.
            DeskFault::Unsound => Failure::Internal,
        }
    }
}

const CAMPAIGN: &str = "campaign";

impl CampaignDesk for Live {
    fn campaigns(&self, ask: &CampaignAsk) -> CampaignPage {
        let CampaignAsk { state, mut after, limit } = *ask;
        let mut campaigns = Vec::new();
        for _ in 0..CAMPAIGNS_LOOKED_AT_MAX / READ_AT_ONCE {
            let some = self.known().list(after, READ_AT_ONCE, self.now());
            let last = some.len() < READ_AT_ONCE;
            for campaign in some {
                after = Some(campaign.id);
                if state.is_none_or(|state| state == campaign.state) {
                    campaigns.push(campaign);
                    if campaigns.len() >= limit {
                        return CampaignPage { campaigns, next: after };
                    }
                }
            }
            if last {
                return CampaignPage { campaigns, next: None };
            }
        }
        CampaignPage { campaigns, next: after }
    }

    fn campaign(&self, campaign: CampaignId) -> Result<Shown, Failure> {
        self.shown(campaign)
    }

    fn decide_campaign(&self, on: &DeskEdit, decision: Decision) -> Result<Shown, Failure> {
        let done = self.edited(on, |memory, _| memory.decide_campaign(on.campaign, decision));
        done.map(|(shown, ())| shown)
    }

    fn undo_campaign_decision(&self, on: &DeskEdit) -> Result<(Shown, Decision), Failure> {
        self.edited(on, |memory, now| memory.undo_campaign(on.campaign, &on.author, now))
    }

    fn merge_campaigns(&self, on: &DeskEdit, other: CampaignId) -> Result<Shown, Failure> {
        let done = self
            .edited(on, |memory, now| memory.merge_campaigns(on.campaign, other, &on.author, now));
        done.map(|(shown, _)| shown)
    }

    fn split_campaign(&self, on: &DeskEdit) -> Result<Shown, Failure> {
        self.edited(on, |memory, now| memory.split_campaign(on.campaign, &on.author, now))
            .map(|(shown, ())| shown)
    }

    fn remove_representative(&self, on: &DeskEdit, index: usize) -> Result<Shown, Failure> {
        let done = self.edited(on, |memory, now| {
            memory.take_out_representative(on.campaign, index, &on.author, now)
        });
        done.map(|(shown, ())| shown)
    }

    fn known_forms(&self) -> Vec<KnownForm> {
        self.known().forms()
    }

    fn name_known_form(&self, on: &DeskEdit, reason: &str) -> Result<KnownForm, Failure> {
        let (_, named) =
            self.edited(on, |memory, now| memory.name_form(on.campaign, &on.author, reason, now))?;
        let form = self.known().forms().into_iter().find(|form| form.id == named);
        form.ok_or(Failure::NotFound { what: FORM })
    }

    fn forget_known_form(&self, form: FormId, author: &str) -> Result<(), Failure> {
        let _others_wait = self.desk.lock();
        let done = self.memory.forget_form(form, author, self.now());
        done.map_err(|fault| self.unsaid(&fault))
    }
}

const FORM: &str = "known form";
