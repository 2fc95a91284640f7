//! List entries: made, deleted, listed.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use crate::api::convert::list;
use crate::api::grpc::Edge;
use crate::wire::operator::v1 as wire;
use wire::list_entry_service_server::ListEntryService;

/// The service.
#[derive(Debug)]
pub(in crate::api::grpc) struct ListEntries(pub(in crate::api::grpc) Arc<Edge>);

#[tonic::async_trait]
impl ListEntryService for ListEntries {
    async fn create_list_entry(
        &self,
        request: Request<wire::CreateListEntryRequest>,
    ) -> Result<Response<wire::CreateListEntryResponse>, Status> {
        self.0.admit_operator(&request)?;
        let entry = self.0.waiting(move |engine| {
            let entry = list::entry(request.get_ref(), &engine.wall())?;
            Ok(list::to_wire(engine.put_list_entry(&entry)?, &entry))
        });
        Ok(Response::new(wire::CreateListEntryResponse { entry: Some(entry.await?) }))
    }

    async fn delete_list_entry(
        &self,
        request: Request<wire::DeleteListEntryRequest>,
    ) -> Result<Response<wire::DeleteListEntryResponse>, Status> {
        self.0.admit_operator(&request)?;
        let deleted = self.0.waiting(move |engine| {
            let (entry, author) = list::deletion(request.get_ref())?;
            engine.delete_list_entry(entry, &author)
        });
        deleted.await?;
        Ok(Response::new(wire::DeleteListEntryResponse {}))
    }

    async fn list_list_entries(
        &self,
        request: Request<wire::ListListEntriesRequest>,
    ) -> Result<Response<wire::ListListEntriesResponse>, Status> {
        self.0.admit_operator(&request)?;
        let page = self.0.waiting(move |engine| {
            let listing = list::listing(request.get_ref(), &engine.wall())?;
            let page = engine.list_entries(&listing.filter, listing.after, listing.limit)?;
            Ok(list::page(&listing, &page))
        });
        Ok(Response::new(page.await?))
    }
}
