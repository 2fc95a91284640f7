//! Campaigns that never change.

use super::*;

pub(super) struct Desk;

fn distinct(count: u32, error_bp: u32) -> Option<DistinctCount> {
    Some(DistinctCount { count, error_bp })
}

fn campaign(last: u32, state: CampaignState, judge: CampaignJudge) -> Campaign {
    Campaign {
        campaign_id: format!("6b49d200000000{last:02x}"),
        state: state.into(),
        judge: judge.into(),
        sighting_count: 1_214,
        outbound_count: 3,
        recipients: distinct(1_180 - last, 891),
        verified_recipients: distinct(64, 0),
        counted_recipient_count: 343,
        senders: distinct(41, 0),
        idents: distinct(2, 0),
        trunks: distinct(3, 0),
        number_blocks: distinct(38, 0),
        last_hour_count: 212,
        growth_milli: 3_480,
        correspondence_milli: 12,
        trap_count: 9,
        junk_weight_milli: 4_250,
        wanted_weight_milli: 0,
        first_seen_time: time(-600),
        last_seen_time: time(0),
    }
}

fn suspected(last: u32) -> Campaign {
    campaign(last, CampaignState::Suspected, CampaignJudge::Evidence)
}

fn decided(state: CampaignState, author: &str, reason: &str) -> CampaignDecision {
    CampaignDecision {
        state: state.into(),
        author: author.into(),
        reason: reason.into(),
        decide_time: time(0),
        expire_time: (state == CampaignState::Cleared).then(|| time(1_440)).flatten(),
    }
}

fn detail(campaign: Campaign, decisions: Vec<CampaignDecision>) -> Option<CampaignDetail> {
    let representative = |index| CampaignRepresentative { index, has_map: index == 0 };
    Some(CampaignDetail {
        campaign: Some(campaign),
        decisions,
        merged_campaign_ids: vec!["6b49d2000000002b".into()],
        representatives: vec![representative(0), representative(1)],
        etag: "0123456789abcdef".into(),
    })
}

fn form(form_number: u32, author: &str, reason: &str) -> KnownForm {
    KnownForm {
        form_number,
        author: author.into(),
        reason: reason.into(),
        create_time: time(-60),
        last_seen_time: time(0),
        page_count: 77,
    }
}

#[tonic::async_trait]
impl campaign_service_server::CampaignService for Desk {
    type WatchCampaignsStream = Answers<WatchCampaignsResponse>;

    async fn list_campaigns(
        &self,
        request: Request<ListCampaignsRequest>,
    ) -> Answer<ListCampaignsResponse> {
        // A page may be empty and not the last.
        let (campaigns, next) = match request.into_inner().page_token.as_str() {
            "" => (vec![suspected(0x2a)], "more"),
            "more" => (vec![], "last"),
            _ => {
                let quiet = Campaign {
                    last_hour_count: 0,
                    recipients: distinct(7, 0),
                    ..campaign(0x29, CampaignState::Cleared, CampaignJudge::Staff)
                };
                (vec![quiet, suspected(0x2c)], "")
            }
        };
        Ok(Response::new(ListCampaignsResponse { campaigns, next_page_token: next.into() }))
    }

    async fn get_campaign(
        &self,
        request: Request<GetCampaignRequest>,
    ) -> Answer<GetCampaignResponse> {
        let campaign = Campaign {
            campaign_id: request.into_inner().campaign_id,
            ..campaign(0x2a, CampaignState::Cleared, CampaignJudge::Staff)
        };
        let decisions = vec![
            decided(CampaignState::Confirmed, "ann", "loans\u{1b}[2J, call +18005551212"),
            decided(CampaignState::Cleared, "bob", "it is the county's"),
        ];
        Ok(Response::new(GetCampaignResponse { detail: detail(campaign, decisions) }))
    }

    async fn decide_campaign(
        &self,
        request: Request<DecideCampaignRequest>,
    ) -> Answer<DecideCampaignResponse> {
        let request = request.into_inner();
        let decision = decided(request.state(), &request.author, &request.reason);
        let campaign = campaign(0x2a, request.state(), CampaignJudge::Staff);
        Ok(Response::new(DecideCampaignResponse { detail: detail(campaign, vec![decision]) }))
    }

    async fn undo_campaign_decision(
        &self,
        _: Request<UndoCampaignDecisionRequest>,
    ) -> Answer<UndoCampaignDecisionResponse> {
        let undone = Some(decided(CampaignState::Cleared, "bob", "it is the county's"));
        let detail = detail(suspected(0x2a), vec![]);
        Ok(Response::new(UndoCampaignDecisionResponse { detail, undone }))
    }

    async fn merge_campaigns(
        &self,
        _: Request<MergeCampaignsRequest>,
    ) -> Answer<MergeCampaignsResponse> {
        Ok(Response::new(MergeCampaignsResponse { detail: detail(suspected(0x2a), vec![]) }))
    }

    async fn split_campaign(
        &self,
        _: Request<SplitCampaignRequest>,
    ) -> Answer<SplitCampaignResponse> {
        Ok(Response::new(SplitCampaignResponse { detail: detail(suspected(0x2a), vec![]) }))
    }

    async fn remove_representative(
        &self,
        request: Request<RemoveRepresentativeRequest>,
    ) -> Answer<RemoveRepresentativeResponse> {
        assert_eq!(request.into_inner().index, 1);
        Ok(Response::new(RemoveRepresentativeResponse { detail: detail(suspected(0x2a), vec![]) }))
    }

    async fn watch_campaigns(
        &self,
        _: Request<WatchCampaignsRequest>,
    ) -> Answer<Self::WatchCampaignsStream> {
        let first = WatchCampaignsResponse {
            campaigns: vec![suspected(0x2a), suspected(0x2c)],
            caught_up: true,
            ..WatchCampaignsResponse::default()
        };
        let second = WatchCampaignsResponse {
            campaigns: vec![suspected(0x2d)],
            gone_campaign_ids: vec!["6b49d2000000002c".into()],
            caught_up: true,
            truncated: true,
        };
        Ok(Response::new(Box::pin(tokio_stream::iter([Ok(first), Ok(second)]))))
    }

    async fn list_known_forms(
        &self,
        _: Request<ListKnownFormsRequest>,
    ) -> Answer<ListKnownFormsResponse> {
        let forms = vec![form(1, "", ""), form(3, "ann", "referral of the county")];
        Ok(Response::new(ListKnownFormsResponse { forms, next_page_token: String::new() }))
    }

    async fn name_known_form(
        &self,
        request: Request<NameKnownFormRequest>,
    ) -> Answer<NameKnownFormResponse> {
        let NameKnownFormRequest { author, reason, .. } = request.into_inner();
        Ok(Response::new(NameKnownFormResponse { form: Some(form(4, &author, &reason)) }))
    }

    async fn forget_known_form(
        &self,
        _: Request<ForgetKnownFormRequest>,
    ) -> Answer<ForgetKnownFormResponse> {
        Ok(Response::new(ForgetKnownFormResponse {}))
    }
}
