//! Campaigns: listed, shown, decided on, merged and split; known forms.

use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio_stream::{Stream, wrappers::ReceiverStream};
use tonic::{Request, Response, Status};

use super::watch;
use crate::api::convert::campaign;
use crate::api::grpc::Edge;
use crate::api::status::Failure;
use crate::bounds::CAMPAIGN_WATCHERS_MAX;
use crate::wire::operator::v1 as wire;
use wire::campaign_service_server::CampaignService;

/// The service.
#[derive(Debug)]
pub(in crate::api::grpc) struct Campaigns {
    edge: Arc<Edge>,
    watchers: Arc<Semaphore>,
}

impl Campaigns {
    /// The service over an edge.
    pub(in crate::api::grpc) fn new(edge: Arc<Edge>) -> Self {
        Self { edge, watchers: Arc::new(Semaphore::new(CAMPAIGN_WATCHERS_MAX)) }
    }
}

#[tonic::async_trait]
impl CampaignService for Campaigns {
    type WatchCampaignsStream =
        Pin<Box<dyn Stream<Item = Result<wire::WatchCampaignsResponse, Status>> + Send>>;

    async fn list_campaigns(
        &self,
        request: Request<wire::ListCampaignsRequest>,
    ) -> Result<Response<wire::ListCampaignsResponse>, Status> {
        self.edge.admit_operator(&request)?;
        let page = self.edge.waiting(move |engine| {
            let listing = campaign::listing(request.get_ref())?;
            Ok(campaign::page(&listing, &engine.campaigns(&listing.ask)))
        });
        Ok(Response::new(page.await?))
    }

    async fn get_campaign(
        &self,
        request: Request<wire::GetCampaignRequest>,
    ) -> Result<Response<wire::GetCampaignResponse>, Status> {
        self.edge.admit_operator(&request)?;
        let shown =
            self.edge.waiting(move |engine| engine.campaign(campaign::asked(request.get_ref())?));
        let detail = Some(campaign::detail(&shown.await?));
        Ok(Response::new(wire::GetCampaignResponse { detail }))
    }

    async fn decide_campaign(
        &self,
        request: Request<wire::DecideCampaignRequest>,
    ) -> Result<Response<wire::DecideCampaignResponse>, Status> {
        self.edge.admit_operator(&request)?;
        let shown = self.edge.waiting(move |engine| {
            let (on, decision) = campaign::decision(request.get_ref(), engine.wall().now)?;
            engine.decide_campaign(&on, decision)
        });
        let detail = Some(campaign::detail(&shown.await?));
        Ok(Response::new(wire::DecideCampaignResponse { detail }))
    }

    async fn undo_campaign_decision(
        &self,
        request: Request<wire::UndoCampaignDecisionRequest>,
    ) -> Result<Response<wire::UndoCampaignDecisionResponse>, Status> {
        self.edge.admit_operator(&request)?;
        let undone = self.edge.waiting(move |engine| {
            engine.undo_campaign_decision(&campaign::undo(request.get_ref())?)
        });
        let (shown, undone) = undone.await?;
        let detail = Some(campaign::detail(&shown));
        let undone = Some(campaign::decision_to_wire(&undone));
        Ok(Response::new(wire::UndoCampaignDecisionResponse { detail, undone }))
    }

    async fn merge_campaigns(
        &self,
        request: Request<wire::MergeCampaignsRequest>,
    ) -> Result<Response<wire::MergeCampaignsResponse>, Status> {
        self.edge.admit_operator(&request)?;
        let shown = self.edge.waiting(move |engine| {
            let (on, other) = campaign::merging(request.get_ref())?;
            engine.merge_campaigns(&on, other)
        });
        let detail = Some(campaign::detail(&shown.await?));
        Ok(Response::new(wire::MergeCampaignsResponse { detail }))
    }

    async fn split_campaign(
        &self,
        request: Request<wire::SplitCampaignRequest>,
    ) -> Result<Response<wire::SplitCampaignResponse>, Status> {
        self.edge.admit_operator(&request)?;
        let shown = self
            .edge
            .waiting(move |engine| engine.split_campaign(&campaign::split(request.get_ref())?));
        let detail = Some(campaign::detail(&shown.await?));
        Ok(Response::new(wire::SplitCampaignResponse { detail }))
    }

    async fn remove_representative(
        &self,
        request: Request<wire::RemoveRepresentativeRequest>,
    ) -> Result<Response<wire::RemoveRepresentativeResponse>, Status> {
        self.edge.admit_operator(&request)?;
        let shown = self.edge.waiting(move |engine| {
            let (on, index) = campaign::removal(request.get_ref())?;
            engine.remove_representative(&on, index)
        });
        let detail = Some(campaign::detail(&shown.await?));
        Ok(Response::new(wire::RemoveRepresentativeResponse { detail }))
    }

    async fn watch_campaigns(
        &self,
        request: Request<wire::WatchCampaignsRequest>,
    ) -> Result<Response<Self::WatchCampaignsStream>, Status> {
        self.edge.admit_operator(&request)?;
        let state = campaign::watched(request.get_ref()).map_err(Failure::from);
        let state = self.edge.counted(state)?;
        let place = Arc::clone(&self.watchers).try_acquire_owned();
        let place = self.edge.counted(place.map_err(|_| Failure::Overloaded))?;
        let told = watch::told(Arc::clone(&self.edge), state, place);
        Ok(Response::new(Box::pin(ReceiverStream::new(told))))
    }

    async fn list_known_forms(
        &self,
        request: Request<wire::ListKnownFormsRequest>,
    ) -> Result<Response<wire::ListKnownFormsResponse>, Status> {
        self.edge.admit_operator(&request)?;
        let page = self
            .edge
            .waiting(move |engine| campaign::forms(request.get_ref(), &engine.known_forms()));
        Ok(Response::new(page.await?))
    }

    async fn name_known_form(
        &self,
        request: Request<wire::NameKnownFormRequest>,
    ) -> Result<Response<wire::NameKnownFormResponse>, Status> {
        self.edge.admit_operator(&request)?;
        let named = self.edge.waiting(move |engine| {
            let (on, reason) = campaign::naming(request.get_ref())?;
            engine.name_known_form(&on, &reason)
        });
        let form = Some(campaign::form(&named.await?));
        Ok(Response::new(wire::NameKnownFormResponse { form }))
    }

    async fn forget_known_form(
        &self,
        request: Request<wire::ForgetKnownFormRequest>,
    ) -> Result<Response<wire::ForgetKnownFormResponse>, Status> {
        self.edge.admit_operator(&request)?;
        let forgotten = self.edge.waiting(move |engine| {
            let (form, author) = campaign::forgetting(request.get_ref())?;
            engine.forget_known_form(form, &author)
        });
        forgotten.await?;
        Ok(Response::new(wire::ForgetKnownFormResponse {}))
    }
}
