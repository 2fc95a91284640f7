//! The client: one screening stream with batches, and a call for everything else.

use std::collections::HashSet;

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status, Streaming};

use super::DemoError;
use crate::wire::operator::v1::directory_service_client::DirectoryServiceClient;
use crate::wire::operator::v1::held_fax_service_client::HeldFaxServiceClient;
use crate::wire::operator::v1::list_entry_service_client::ListEntryServiceClient;
use crate::wire::operator::v1::{
    CreateListEntryRequest, DirectoryEntry, ImportDirectoryRequest, ListEntry,
    ReleaseHeldFaxRequest,
};
use crate::wire::report::v1::report_service_client::ReportServiceClient;
use crate::wire::report::v1::{FileReportRequest, ReportStatus};
use crate::wire::screening::v1::screening_service_client::ScreeningServiceClient;
use crate::wire::screening::v1::{
    ScreenFaxRequest, ScreenFaxResult, StreamScreenFaxRequest, StreamScreenFaxResponse,
};

/// Most requests in one message of the stream.
const BATCH: usize = 64;
/// Entries in one message of a directory import.
const IMPORT_BATCH: usize = 5_000;

/// A request and the answer to it.
pub(super) type Answered = (ScreenFaxRequest, ScreenFaxResult);

/// A connection to the service.
pub(super) struct Player {
    channel: Channel,
    requests: mpsc::Sender<StreamScreenFaxRequest>,
    answers: Streaming<StreamScreenFaxResponse>,
    batch: Vec<ScreenFaxRequest>,
    in_batch: HashSet<(String, String)>,
    directory: Vec<DirectoryEntry>,
    list_entries: u32,
}

/// What became of a call that may be refused for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Receipt {
    /// It was taken; for a report, how it stands.
    Taken(ReportStatus),
    /// It was refused.
    Refused,
}

impl Player {
    /// Connects and opens the stream.
    pub(super) async fn connect(address: &str) -> Result<Self, DemoError> {
        let uri =
            if address.contains("://") { address.into() } else { format!("http://{address}") };
        let refused = |source| DemoError::Connect { source };
        let endpoint = Endpoint::from_shared(uri).map_err(refused)?;
        let channel = endpoint.connect().await.map_err(refused)?;
        let (requests, receiver) = mpsc::channel(1);
        let answers = ScreeningServiceClient::new(channel.clone())
            .stream_screen_fax(ReceiverStream::new(receiver))
            .await
            .map_err(failed("StreamScreenFax"))?
            .into_inner();
        Ok(Self {
            channel,
            requests,
            answers,
            batch: Vec::new(),
            in_batch: HashSet::new(),
            directory: Vec::new(),
            list_entries: 0,
        })
    }

    /// True when the batch has room for this request and no other stage of its fax, and nothing of
    /// another kind waits before it.
    pub(super) fn takes(&self, request: &ScreenFaxRequest) -> bool {
        self.batch.len() < BATCH
            && self.directory.is_empty()
            && !self.in_batch.contains(&(request.node_id.clone(), request.fax_id.clone()))
    }

    /// True when no screening waits to be sent.
    pub(super) fn is_idle(&self) -> bool {
        self.batch.is_empty()
    }

    /// Puts a request into the batch.
    pub(super) fn push(&mut self, request: ScreenFaxRequest) {
        self.in_batch.insert((request.node_id.clone(), request.fax_id.clone()));
        self.batch.push(request);
    }

    /// Sends what waits, screenings or directory entries, and waits for the answers.
    pub(super) async fn flush(&mut self) -> Result<Vec<Answered>, DemoError> {
        self.import_directory().await?;
        self.in_batch.clear();
        let batch = std::mem::take(&mut self.batch);
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let message = StreamScreenFaxRequest { requests: batch.clone() };
        self.requests.send(message).await.map_err(|_| DemoError::StreamEnded)?;
        let answer = self.answers.message().await.map_err(failed("StreamScreenFax"))?;
        let results = answer.ok_or(DemoError::StreamEnded)?.results;
        if results.len() != batch.len() {
            return Err(DemoError::AnswerCount { asked: batch.len(), answered: results.len() });
        }
        Ok(batch.into_iter().zip(results).collect())
    }

    /// Puts an entry into the next import.
    pub(super) fn directory_entry(&mut self, entry: DirectoryEntry) {
        self.directory.push(entry);
    }

    /// Imports the entries that wait, if any do.
    async fn import_directory(&mut self) -> Result<(), DemoError> {
        if self.directory.is_empty() {
            return Ok(());
        }
        let entries = std::mem::take(&mut self.directory);
        let count = entries.len().div_ceil(IMPORT_BATCH);
        let messages: Vec<_> = entries
            .chunks(IMPORT_BATCH)
            .enumerate()
            .map(|(at, chunk)| ImportDirectoryRequest {
                entries: chunk.to_vec(),
                whole: false,
                end: at + 1 == count,
            })
            .collect();
        let mut progress = DirectoryServiceClient::new(self.channel.clone())
            .import_directory(tokio_stream::iter(messages))
            .await
            .map_err(failed("ImportDirectory"))?
            .into_inner();
        while progress.message().await.map_err(failed("ImportDirectory"))?.is_some() {}
        Ok(())
    }

    /// Creates a list entry.
    pub(super) async fn create_list_entry(&mut self, entry: ListEntry) -> Result<(), DemoError> {
        self.list_entries += 1;
        let request_id = format!("l{}", self.list_entries);
        ListEntryServiceClient::new(self.channel.clone())
            .create_list_entry(CreateListEntryRequest { request_id, entry: Some(entry) })
            .await
            .map_err(failed("CreateListEntry"))?;
        Ok(())
    }

    /// Files a report.
    pub(super) async fn file_report(
        &mut self,
        report: FileReportRequest,
    ) -> Result<Receipt, DemoError> {
        let answer = ReportServiceClient::new(self.channel.clone()).file_report(report).await;
        match answer {
            Ok(receipt) => Ok(Receipt::Taken(receipt.into_inner().status())),
            Err(status) if refuses(&status) => Ok(Receipt::Refused),
            Err(status) => Err(failed("FileReport")(status)),
        }
    }

    /// Releases a held fax.
    pub(super) async fn release(
        &mut self,
        release: ReleaseHeldFaxRequest,
    ) -> Result<Receipt, DemoError> {
        let answer =
            HeldFaxServiceClient::new(self.channel.clone()).release_held_fax(release).await;
        match answer {
            Ok(_) => Ok(Receipt::Taken(ReportStatus::Unspecified)),
            Err(status) if refuses(&status) => Ok(Receipt::Refused),
            Err(status) => Err(failed("ReleaseHeldFax")(status)),
        }
    }
}

/// True when a call was refused for what it asks, not because the service is in trouble.
fn refuses(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::NotFound | Code::FailedPrecondition | Code::InvalidArgument | Code::AlreadyExists
    )
}

fn failed(method: &'static str) -> impl FnOnce(Status) -> DemoError {
    move |status| DemoError::Call { method, source: Box::new(status) }
}
