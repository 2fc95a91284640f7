//! The directory's feed: batches in, progress out, each batch answered once it is durable and in force.

use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio_stream::{Stream, StreamExt};
use tonic::{Request, Response, Status, Streaming};

use crate::api::convert::directory;
use crate::api::engine::Engine;
use crate::api::grpc::Edge;
use crate::api::status::Failure;
use crate::bounds;
use crate::directory::{Edit, Outcome};
use crate::wire::operator::v1 as wire;
use wire::directory_service_server::DirectoryService;

/// The service.
#[derive(Debug)]
pub(in crate::api::grpc) struct DirectoryFeed(pub(in crate::api::grpc) Arc<Edge>);

/// How far an import has come.
#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    seen: u64,
    accepted: u64,
    refused: u64,
    whole: bool,
}

#[tonic::async_trait]
impl DirectoryService for DirectoryFeed {
    type ImportDirectoryStream =
        Pin<Box<dyn Stream<Item = Result<wire::ImportDirectoryResponse, Status>> + Send>>;

    async fn import_directory(
        &self,
        request: Request<Streaming<wire::ImportDirectoryRequest>>,
    ) -> Result<Response<Self::ImportDirectoryStream>, Status> {
        self.0.admit_operator(&request)?;
        let edge = Arc::clone(&self.0);
        // Never contended: batches are taken in one after the other.
        let progress = Arc::new(Mutex::new(Progress::default()));
        let answers = request.into_inner().then(move |batch| {
            let (edge, progress) = (Arc::clone(&edge), Arc::clone(&progress));
            async move {
                let batch = batch?;
                let taken =
                    edge.waiting(move |engine| take_in(engine, &batch, &mut progress.lock()));
                taken.await.map_err(Status::from)
            }
        });
        Ok(Response::new(Box::pin(answers)))
    }
}

/// Takes in one batch: what is sound goes into force, the rest is named.
fn take_in(
    engine: &dyn Engine,
    batch: &wire::ImportDirectoryRequest,
    progress: &mut Progress,
) -> Result<wire::ImportDirectoryResponse, Failure> {
    let wire::ImportDirectoryRequest { entries, whole, end } = batch;
    let (count, most) = (entries.len(), bounds::IMPORT_BATCH_MAX);
    if count > most || (count == 0 && !end) {
        return Err(Failure::TooLarge { count, most });
    }
    if *whole && !progress.whole {
        progress.whole = true;
        engine.begin_whole_directory();
    }
    let wall = engine.wall();
    let (mut edits, mut refused) = (Vec::with_capacity(count), Vec::new());
    for (position, entry) in (progress.seen + 1..).zip(entries) {
        match directory::edit(entry, &wall) {
            Ok(edit) => edits.push((position, edit)),
            Err(fault) => refused.push(refusal(position, &fault)),
        }
    }
    let plain: Vec<Edit> = edits.iter().map(|(_, edit)| *edit).collect();
    let outcomes = engine.edit_directory(&plain)?;
    for ((position, _), outcome) in edits.iter().zip(&outcomes) {
        if let Outcome::Refused(fault) = outcome {
            refused.push(refusal(*position, fault));
        }
    }
    if *end && progress.whole {
        engine.end_whole_directory()?;
    }
    let faulty = u64::try_from(refused.len()).unwrap_or(u64::MAX);
    let count = u64::try_from(count).unwrap_or(u64::MAX);
    progress.seen += count;
    progress.refused += faulty;
    progress.accepted += count - faulty;
    let status = engine.status();
    refused.sort_by_key(|refused| refused.position);
    Ok(wire::ImportDirectoryResponse {
        accepted_count: progress.accepted,
        refused_count: progress.refused,
        refused,
        number_count: status.numbers,
        member_count: status.members,
    })
}

fn refusal(position: u64, fault: &dyn Error) -> wire::RefusedEntry {
    wire::RefusedEntry { position, fault: fault.to_string() }
}
