//! Campaigns on the wire: counts with their errors, decisions, and what staff asks for.

use super::fault::{Faults, InvalidField, InvalidRequest};
use super::paging::{self, Question};
use super::read::{self, time_to_wire};
use crate::api::desk::{CampaignAsk, CampaignPage, DeskEdit, etag};
use crate::api::status::Failure;
use crate::campaign::{CampaignEvidence, Decision, FormId, KnownForm, SKETCH_VALUES, Shown, State};
use crate::fax::id::CampaignId;
use crate::time::Timestamp;
use crate::wire::operator::v1 as wire;

/// Relative standard error of an estimated count, in basis points: `1 / sqrt(128 - 2)`, rounded up.
const SKETCH_ERROR_BP: u32 = 891;

/// Which campaigns are asked for, and the question their tokens belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listing {
    /// What the engine is asked.
    pub ask: CampaignAsk,
    question: Question,
}

/// Reads which campaigns are asked for.
///
/// # Errors
/// [`Failure::Invalid`], [`Failure::InvalidPageToken`].
pub fn listing(request: &wire::ListCampaignsRequest) -> Result<Listing, Failure> {
    let wire::ListCampaignsRequest { state, page_size, page_token } = request;
    let mut faults = Faults::default();
    let only = faults.keep("state", filter_of(*state));
    let limit = faults.keep("page_size", paging::size(*page_size));
    let (only, limit) = faults.finish(only.zip(limit))?;
    let question = Question::of("campaigns", &[&state.to_be_bytes()]);
    let after = question.key(page_token)?.map(|key| CampaignId(u64::from_be_bytes(key)));
    Ok(Listing { ask: CampaignAsk { state: only, after, limit }, question })
}

/// Reads which campaigns are to be watched.
///
/// # Errors
/// [`InvalidRequest`].
pub fn watched(request: &wire::WatchCampaignsRequest) -> Result<Option<State>, InvalidRequest> {
    let wire::WatchCampaignsRequest { state } = request;
    let mut faults = Faults::default();
    let only = faults.keep("state", filter_of(*state));
    faults.finish(only)
}

fn filter_of(value: i32) -> Result<Option<State>, InvalidField> {
    let state = u8::try_from(value).map_err(|_| InvalidField::UnknownValue { value })?;
    match (state, State::from_code(state)) {
        (0, _) => Ok(None),
        (_, Some(state)) => Ok(Some(state)),
        (_, None) => Err(InvalidField::UnknownValue { value }),
    }
}

/// What can be decided: to be suspected again is to take a decision back.
fn decided_of(value: i32) -> Result<State, InvalidField> {
    let state = filter_of(value)?.filter(|state| *state != State::Suspected);
    state.ok_or(InvalidField::UnknownValue { value })
}

/// Reads which campaign is asked for.
///
/// # Errors
/// [`InvalidRequest`].
pub fn asked(request: &wire::GetCampaignRequest) -> Result<CampaignId, InvalidRequest> {
    let wire::GetCampaignRequest { campaign_id } = request;
    let mut faults = Faults::default();
    let id = faults.keep("campaign_id", read::campaign(campaign_id));
    faults.finish(id)
}

fn edit(faults: &mut Faults, campaign: &str, author: &str, etag: &str) -> Option<DeskEdit> {
    let campaign = faults.keep("campaign_id", read::campaign(campaign));
    let author = faults.keep("author", read::id(author));
    let based_on = faults.keep("etag", read::optional_id(etag));
    Some(DeskEdit {
        campaign: campaign?,
        author: author?.into(),
        based_on: based_on?.map(str::to_owned),
    })
}

/// Reads a decision.
///
/// # Errors
/// [`InvalidRequest`].
pub fn decision(
    request: &wire::DecideCampaignRequest,
    now: Timestamp,
) -> Result<(DeskEdit, Decision), InvalidRequest> {
    let wire::DecideCampaignRequest { campaign_id, state, author, reason, expire_time, etag } =
        request;
    let mut faults = Faults::default();
    let on = edit(&mut faults, campaign_id, author, etag);
    let state = faults.keep("state", decided_of(*state));
    let reason = faults.keep("reason", read::required(reason));
    let until = faults.keep("expire_time", read::time(expire_time.as_ref())).flatten();
    if until.is_some_and(|until| until <= now) {
        faults.add("expire_time", InvalidField::Past);
    }
    let built = (|| {
        let (on, state, reason) = (on?, state?, reason?.to_owned());
        let author = on.author.clone();
        Some((on, Decision { state, author, reason, at: now, until }))
    })();
    faults.finish(built)
}

/// Reads what is to be taken back.
///
/// # Errors
/// [`InvalidRequest`].
pub fn undo(request: &wire::UndoCampaignDecisionRequest) -> Result<DeskEdit, InvalidRequest> {
    let wire::UndoCampaignDecisionRequest { campaign_id, author, etag } = request;
    let mut faults = Faults::default();
    let on = edit(&mut faults, campaign_id, author, etag);
    faults.finish(on)
}

/// Reads what is to be merged.
///
/// # Errors
/// [`InvalidRequest`].
pub fn merging(
    request: &wire::MergeCampaignsRequest,
) -> Result<(DeskEdit, CampaignId), InvalidRequest> {
    let wire::MergeCampaignsRequest { campaign_id, other_campaign_id, author, etag } = request;
    let mut faults = Faults::default();
    let on = edit(&mut faults, campaign_id, author, etag);
    let other = faults.keep("other_campaign_id", read::campaign(other_campaign_id));
    if let (Some(on), Some(other)) = (&on, other)
        && on.campaign == other
    {
        faults.add("other_campaign_id", InvalidField::Disagrees { other: "campaign_id" });
    }
    faults.finish(on.zip(other))
}

/// Reads what is to be split.
///
/// # Errors
/// [`InvalidRequest`].
pub fn split(request: &wire::SplitCampaignRequest) -> Result<DeskEdit, InvalidRequest> {
    let wire::SplitCampaignRequest { campaign_id, author } = request;
    let mut faults = Faults::default();
    let on = edit(&mut faults, campaign_id, author, "");
    faults.finish(on)
}

/// Reads which representative is to be taken out.
///
/// # Errors
/// [`InvalidRequest`].
pub fn removal(
    request: &wire::RemoveRepresentativeRequest,
) -> Result<(DeskEdit, usize), InvalidRequest> {
    let wire::RemoveRepresentativeRequest { campaign_id, index, author } = request;
    let mut faults = Faults::default();
    let on = edit(&mut faults, campaign_id, author, "");
    let index = usize::try_from(*index).unwrap_or(usize::MAX);
    faults.finish(on.map(|on| (on, index)))
}

/// Reads which page is to be a known form, and why.
///
/// # Errors
/// [`InvalidRequest`].
pub fn naming(request: &wire::NameKnownFormRequest) -> Result<(DeskEdit, String), InvalidRequest> {
    let wire::NameKnownFormRequest { campaign_id, author, reason } = request;
    let mut faults = Faults::default();
    let on = edit(&mut faults, campaign_id, author, "");
    let reason = faults.keep("reason", read::required(reason));
    faults.finish(on.zip(reason.map(str::to_owned)))
}

/// Reads which form is to be forgotten, and by whom.
///
/// # Errors
/// [`InvalidRequest`].
pub fn forgetting(
    request: &wire::ForgetKnownFormRequest,
) -> Result<(FormId, String), InvalidRequest> {
    let wire::ForgetKnownFormRequest { form_number, author } = request;
    let mut faults = Faults::default();
    let form = faults.keep("form_number", read::count(*form_number, 1, u32::MAX));
    let author = faults.keep("author", read::id(author));
    faults.finish(form.map(FormId).zip(author.map(str::to_owned)))
}

/// A count with its error: the sketch is exact as long as it is not full.
fn distinct(count: u32) -> Option<wire::DistinctCount> {
    let exact = usize::try_from(count).is_ok_and(|count| count < SKETCH_VALUES - 1);
    Some(wire::DistinctCount { count, error_bp: if exact { 0 } else { SKETCH_ERROR_BP } })
}

/// A campaign for the wire: counts and ids.
#[must_use]
pub fn to_wire(known: &CampaignEvidence) -> wire::Campaign {
    wire::Campaign {
        campaign_id: known.id.to_string(),
        state: i32::from(known.state as u8),
        judge: match known.decided_by {
            crate::campaign::DecidedBy::Evidence => wire::CampaignJudge::Evidence.into(),
            crate::campaign::DecidedBy::Staff => wire::CampaignJudge::Staff.into(),
        },
        sighting_count: known.sightings,
        outbound_count: known.outbound,
        recipients: distinct(known.recipients),
        verified_recipients: distinct(known.verified),
        counted_recipient_count: known.counted,
        senders: distinct(known.senders),
        idents: distinct(known.idents),
        trunks: distinct(known.trunks),
        number_blocks: distinct(known.blocks),
        last_hour_count: known.last_hour,
        growth_milli: known.growth_milli,
        correspondence_milli: known.correspondence_milli,
        trap_count: known.traps,
        junk_weight_milli: known.junk_milli,
        wanted_weight_milli: known.wanted_milli,
        first_seen_time: Some(time_to_wire(known.first_seen)),
        last_seen_time: Some(time_to_wire(known.last_seen)),
    }
}

/// A decision for the wire.
#[must_use]
pub fn decision_to_wire(decision: &Decision) -> wire::CampaignDecision {
    let Decision { state, author, reason, at, until } = decision;
    wire::CampaignDecision {
        state: i32::from(*state as u8),
        author: author.clone(),
        reason: reason.clone(),
        decide_time: Some(time_to_wire(*at)),
        expire_time: until.map(time_to_wire),
    }
}

/// A campaign with what was decided on it, for the wire.
#[must_use]
pub fn detail(shown: &Shown) -> wire::CampaignDetail {
    let Shown { evidence, decisions, merged, representatives } = shown;
    let representatives = (0..).zip(representatives);
    wire::CampaignDetail {
        campaign: Some(to_wire(evidence)),
        decisions: decisions.iter().map(decision_to_wire).collect(),
        merged_campaign_ids: merged.iter().map(ToString::to_string).collect(),
        representatives: representatives
            .map(|(index, has_map)| wire::CampaignRepresentative { index, has_map: *has_map })
            .collect(),
        etag: etag(shown),
    }
}

/// A page for the wire.
#[must_use]
pub fn page(listing: &Listing, page: &CampaignPage) -> wire::ListCampaignsResponse {
    let CampaignPage { campaigns, next } = page;
    let token = next.map(|next| listing.question.token(&next.0.to_be_bytes()));
    wire::ListCampaignsResponse {
        campaigns: campaigns.iter().map(to_wire).collect(),
        next_page_token: token.unwrap_or_default(),
    }
}

/// A known form for the wire.
#[must_use]
pub fn form(known: &KnownForm) -> wire::KnownForm {
    let KnownForm { id, author, reason, since, last_seen, pages } = known;
    wire::KnownForm {
        form_number: id.0,
        author: author.clone(),
        reason: reason.clone(),
        create_time: Some(time_to_wire(*since)),
        last_seen_time: Some(time_to_wire(*last_seen)),
        page_count: *pages,
    }
}

/// A page of known forms: those after the token's, of all of them by number.
///
/// # Errors
/// [`Failure::Invalid`], [`Failure::InvalidPageToken`].
pub fn forms(
    request: &wire::ListKnownFormsRequest,
    all: &[KnownForm],
) -> Result<wire::ListKnownFormsResponse, Failure> {
    let wire::ListKnownFormsRequest { page_size, page_token } = request;
    let mut faults = Faults::default();
    let limit = faults.keep("page_size", paging::size(*page_size));
    let limit = faults.finish(limit)?;
    let question = Question::of("known forms", &[]);
    let after = question.key(page_token)?.map_or(0, u32::from_be_bytes);
    let mut rest = all.iter().filter(|form| form.id.0 > after);
    let forms: Vec<&KnownForm> = rest.by_ref().take(limit).collect();
    let next = forms.last().filter(|_| rest.next().is_some());
    let token = next.map(|last| question.token(&last.id.0.to_be_bytes()));
    Ok(wire::ListKnownFormsResponse {
        forms: forms.into_iter().map(form).collect(),
        next_page_token: token.unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
    const ID: &str = "6b49d2000000002a";

    fn decide() -> wire::DecideCampaignRequest {
        wire::DecideCampaignRequest {
            campaign_id: ID.into(),
            state: 2,
            author: "desk".into(),
            reason: "offers of loans".into(),
            ..Default::default()
        }
    }

    #[test]
    fn a_decision_is_read_with_every_fault() {
        let (on, read) = decision(&decide(), NOW).unwrap();
        assert_eq!((on.campaign.to_string().as_str(), on.based_on), (ID, None));
        assert_eq!((read.state, read.at, read.until), (State::Confirmed, NOW, None));
        let past = pbjson_types::Timestamp { seconds: 1, nanos: 0 };
        let bad = wire::DecideCampaignRequest {
            campaign_id: "x".into(),
            state: 1,
            author: String::new(),
            reason: "y".repeat(257),
            expire_time: Some(past),
            etag: "z".repeat(65),
        };
        let faults = decision(&bad, NOW).unwrap_err();
        let paths: Vec<&str> = faults.faults().iter().map(super::super::FieldFault::path).collect();
        assert_eq!(paths, ["campaign_id", "author", "etag", "state", "reason", "expire_time"]);
        for state in [0, 1, 5, -1, 256 + 2] {
            assert!(decision(&wire::DecideCampaignRequest { state, ..decide() }, NOW).is_err());
        }
    }

    #[test]
    fn a_campaign_is_not_merged_with_itself() {
        let bad = wire::MergeCampaignsRequest {
            campaign_id: ID.into(),
            other_campaign_id: ID.to_uppercase(),
            author: "desk".into(),
            etag: String::new(),
        };
        assert_eq!(merging(&bad).unwrap_err().faults()[0].path(), "other_campaign_id");
    }

    #[test]
    fn pages_go_on_where_they_ended() {
        let ask = wire::ListCampaignsRequest { state: 3, page_size: 7, ..Default::default() };
        let first = listing(&ask).unwrap();
        assert_eq!((first.ask.state, first.ask.limit), (Some(State::Cleared), 7));
        let told = page(&first, &CampaignPage { campaigns: vec![], next: Some(CampaignId(9)) });
        let next = wire::ListCampaignsRequest { page_token: told.next_page_token, ..ask };
        assert_eq!(listing(&next).unwrap().ask.after, Some(CampaignId(9)));
        let other = wire::ListCampaignsRequest { state: 0, ..next };
        assert_eq!(listing(&other), Err(Failure::InvalidPageToken));
        assert!(listing(&wire::ListCampaignsRequest { state: 5, ..Default::default() }).is_err());
    }

    #[test]
    fn forms_come_in_pages() {
        let known = |number| KnownForm {
            id: FormId(number),
            author: "desk".into(),
            reason: "referral".into(),
            since: NOW,
            last_seen: NOW,
            pages: 3,
        };
        let all = [known(1), known(3), known(4)];
        let ask = wire::ListKnownFormsRequest { page_size: 2, page_token: String::new() };
        let first = forms(&ask, &all).unwrap();
        assert_eq!(first.forms.iter().map(|form| form.form_number).collect::<Vec<_>>(), [1, 3]);
        let next = wire::ListKnownFormsRequest { page_token: first.next_page_token, ..ask };
        let second = forms(&next, &all).unwrap();
        assert_eq!((second.forms[0].form_number, second.next_page_token.as_str()), (4, ""));
    }

    #[test]
    fn a_count_is_exact_until_the_sketch_is_full() {
        let error = |count| distinct(count).unwrap().error_bp;
        assert_eq!((error(0), error(126), error(127), error(9_000)), (0, 0, 891, 891));
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in any::<String>(), number in any::<u32>(), state in any::<i32>()) {
            let _ = decision(&wire::DecideCampaignRequest { campaign_id: text.clone(), author: text.clone(), reason: text.clone(), etag: text.clone(), state, expire_time: None }, NOW);
            let _ = forgetting(&wire::ForgetKnownFormRequest { form_number: number, author: text.clone() });
            let _ = listing(&wire::ListCampaignsRequest { state, page_size: 0, page_token: text.clone() });
            let _ = forms(&wire::ListKnownFormsRequest { page_size: 1, page_token: text }, &[]);
        }
    }
}
