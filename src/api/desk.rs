//! What the campaign service asks of the engine: what is known of campaigns and forms, and staff's word on them.

use super::status::Failure;
use crate::campaign::{CampaignEvidence, Decision, FormId, KnownForm, Shown, State};
use crate::fax::id::CampaignId;

/// Campaigns, as the abuse desk sees them. An edit is in force when it is answered.
pub trait CampaignDesk {
    /// Campaigns in the order of their ids.
    fn campaigns(&self, ask: &CampaignAsk) -> CampaignPage;

    /// One campaign, or the one it is part of.
    ///
    /// # Errors
    /// [`Failure::NotFound`].
    fn campaign(&self, campaign: CampaignId) -> Result<Shown, Failure>;

    /// Decides what a campaign is.
    ///
    /// # Errors
    /// [`Failure::NotFound`], [`Failure::CampaignMerged`], [`Failure::StaleEtag`].
    fn decide_campaign(&self, on: &DeskEdit, decision: Decision) -> Result<Shown, Failure>;

    /// Takes the last decision back, and says which it was.
    ///
    /// # Errors
    /// Those of [`CampaignDesk::decide_campaign`], and [`Failure::NothingToDo`].
    fn undo_campaign_decision(&self, on: &DeskEdit) -> Result<(Shown, Decision), Failure>;

    /// Merges two; answers with the older one.
    ///
    /// # Errors
    /// Those of [`CampaignDesk::decide_campaign`].
    fn merge_campaigns(&self, on: &DeskEdit, other: CampaignId) -> Result<Shown, Failure>;

    /// Takes a campaign out of the one it is part of.
    ///
    /// # Errors
    /// [`Failure::NotFound`], [`Failure::NothingToDo`].
    fn split_campaign(&self, on: &DeskEdit) -> Result<Shown, Failure>;

    /// Takes a representative out, where there are others.
    ///
    /// # Errors
    /// Those of [`CampaignDesk::decide_campaign`], and [`Failure::NothingToDo`].
    fn remove_representative(&self, on: &DeskEdit, index: usize) -> Result<Shown, Failure>;

    /// Known forms, by number.
    fn known_forms(&self) -> Vec<KnownForm>;

    /// Names the page of a campaign a known form.
    ///
    /// # Errors
    /// [`Failure::NotFound`], [`Failure::NothingToDo`].
    fn name_known_form(&self, on: &DeskEdit, reason: &str) -> Result<KnownForm, Failure>;

    /// Forgets a known form.
    ///
    /// # Errors
    /// [`Failure::NotFound`].
    fn forget_known_form(&self, form: FormId, author: &str) -> Result<(), Failure>;
}

/// Which campaigns are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CampaignAsk {
    /// Only this state.
    pub state: Option<State>,
    /// After this campaign.
    pub after: Option<CampaignId>,
    /// At most so many.
    pub limit: usize,
}

/// Campaigns, and where the next ones begin; `None` at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CampaignPage {
    /// In the order of their ids.
    pub campaigns: Vec<CampaignEvidence>,
    /// The last one that was looked at.
    pub next: Option<CampaignId>,
}

/// What every edit of a campaign says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeskEdit {
    /// Which campaign.
    pub campaign: CampaignId,
    /// Who edits.
    pub author: String,
    /// The version the edit is based on, where it names one.
    pub based_on: Option<String>,
}

/// The version of what staff can change about a campaign: decisions, and what is part of it. Traffic changes none of it
/// but by merging.
#[must_use]
pub fn etag(shown: &Shown) -> String {
    let Shown { evidence, decisions, merged, representatives: _ } = shown;
    let mut hash = blake3::Hasher::new_derive_key("faxguard 2026 version of a campaign");
    hash.update(&evidence.id.0.to_be_bytes());
    for Decision { state, author, reason, at, until } in decisions {
        hash.update(&[*state as u8]);
        for text in [author, reason] {
            hash.update(&u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(text.as_bytes());
        }
        let until = until.map_or(i64::MIN, crate::time::Timestamp::as_micros);
        hash.update(&at.as_micros().to_be_bytes()).update(&until.to_be_bytes());
    }
    hash.update(b"parts");
    for part in merged {
        hash.update(&part.0.to_be_bytes());
    }
    hash.finalize().to_hex().chars().take(16).collect()
}
