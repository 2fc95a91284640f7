//! Complaints of other systems, one at a time or as files: read, filed as any report is, and counted.

use std::collections::HashSet;
use std::num::NonZeroU32;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::task::JoinSet;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::Edge;
use crate::api::convert;
use crate::api::convert::complaint::{self, Importer};
use crate::api::engine::Engine;
use crate::api::status::Failure;
use crate::bounds;
use crate::complaint::bulk::{Feed, Row, Table};
use crate::reports::{Filing, Receipt, Standing, report_of};
use crate::wire::report::v1 as wire;
use wire::complaint_service_server::ComplaintService;

/// The service.
#[derive(Debug)]
pub(super) struct Complaints(pub(super) Arc<Edge>);

type Told = Result<wire::ImportComplaintsResponse, Status>;

#[tonic::async_trait]
impl ComplaintService for Complaints {
    type ImportComplaintsStream = ReceiverStream<Told>;

    async fn file_complaint(
        &self,
        request: Request<wire::FileComplaintRequest>,
    ) -> Result<Response<wire::FileComplaintResponse>, Status> {
        let receipt = Some(self.0.file_complaint(request.into_inner()).await?);
        Ok(Response::new(wire::FileComplaintResponse { receipt }))
    }

    async fn import_complaints(
        &self,
        request: Request<Streaming<wire::ImportComplaintsRequest>>,
    ) -> Result<Response<Self::ImportComplaintsStream>, Status> {
        let (edge, parts) = (Arc::clone(&self.0), request.into_inner());
        let (to, told) = mpsc::channel(1);
        tokio::spawn(async move {
            let ending = (edge.ending)();
            tokio::select! {
                () = ending => {}
                () = to.closed() => {}
                ended = take_in(&edge, parts, &to) => {
                    if let Err(refused) = ended {
                        let _ = to.send(Err(refused)).await;
                    }
                }
            }
        });
        Ok(Response::new(ReceiverStream::new(told)))
    }
}

/// Takes a file in, and tells how far it is.
async fn take_in(
    edge: &Arc<Edge>,
    mut parts: Streaming<wire::ImportComplaintsRequest>,
    to: &mpsc::Sender<Told>,
) -> Result<(), Status> {
    let first = parts.message().await?.unwrap_or_default();
    let mut importing = Importing::begin(edge, &first, None)?;
    let mut part = Some(first);
    loop {
        match &part {
            Some(part) => importing.push(&part.chunk)?,
            None => importing.end(),
        }
        while let Some(progress) = importing.step().await? {
            let ended = progress.end;
            if to.send(Ok(progress)).await.is_err() || ended {
                return Ok(());
            }
        }
        part = parts.message().await?;
    }
}

impl Edge {
    /// Files one complaint, whichever way it came: durable when this is done.
    ///
    /// # Errors
    /// Those of [`crate::api::engine::Engine::file_report`], faults of the complaint, the reporter's limit, and
    /// [`Failure::Overloaded`] where too many are being read.
    pub(in crate::api) async fn file_complaint(
        self: &Arc<Self>,
        request: wire::FileComplaintRequest,
    ) -> Result<wire::FileReportResponse, Failure> {
        let _place = self.counted(self.complaint_place())?;
        let edge = Arc::clone(self);
        self.waiting(move |engine| {
            let named = request.reporter_contact.trim();
            let mut many = false;
            if !named.is_empty() {
                many = edge.guards.report(named.as_bytes())?;
            }
            let read = complaint::filing(&request, &engine.wall());
            let (mut filing, format) = read.inspect_err(|_| {
                edge.count_complaint(complaint::format_name(request.format()), "faulty");
            })?;
            if named.is_empty() {
                many = edge.guards.report(&filing.reporter.pseudonym().0)?;
            }
            filing.circumstances.many = many;
            let known = is_known(engine, &filing)?;
            let receipt = engine.file_report(&filing)?;
            Ok(edge.count_filed(&receipt, format.name(), known))
        })
        .await
    }

    /// A place among the complaints that are read at once.
    fn complaint_place(&self) -> Result<OwnedSemaphorePermit, Failure> {
        Arc::clone(&self.complaints).try_acquire_owned().map_err(|_| Failure::Overloaded)
    }

    fn count_complaint(&self, format: &'static str, outcome: &'static str) {
        let labels = [("format", format), ("outcome", outcome)];
        self.metrics.complaints.get_or_create(&labels).inc();
    }

    fn count_filed(
        &self,
        receipt: &Receipt,
        format: &'static str,
        known: bool,
    ) -> wire::FileReportResponse {
        self.count_complaint(format, if known { "known" } else { "filed" });
        let told = convert::report::receipt(receipt);
        self.count_report(&told);
        told
    }
}

/// Whether the report of a request was filed before.
fn is_known(engine: &dyn Engine, filing: &Filing) -> Result<bool, Failure> {
    match engine.report(report_of(filing.request)) {
        Ok(_) => Ok(true),
        Err(Failure::NotFound { .. }) => Ok(false),
        Err(failure) => Err(failure),
    }
}

/// A row that was read: its place, and the report that it is where there is none yet.
struct Read {
    number: usize,
    line: u64,
    became: Became,
}

enum Became {
    New(Box<Filing>),
    Known,
    Faulty(wire::FaultyComplaint),
}

/// A file that is being taken in. It has one of the places of complaints as long as it is.
pub(in crate::api) struct Importing {
    edge: Arc<Edge>,
    importer: Arc<Importer>,
    feed: Feed,
    progress: wire::ImportComplaintsResponse,
    /// The network whose share new rows count against.
    network: Option<[u8; 16]>,
    ended: bool,
    _place: OwnedSemaphorePermit,
}

impl Importing {
    /// Begins with what the first part says.
    ///
    /// # Errors
    /// Faults of it, the importer's limit, and [`Failure::Overloaded`].
    pub(in crate::api) fn begin(
        edge: &Arc<Edge>,
        first: &wire::ImportComplaintsRequest,
        network: Option<[u8; 16]>,
    ) -> Result<Self, Failure> {
        let place = edge.counted(edge.complaint_place())?;
        let now = edge.engine.wall().now;
        let read = complaint::importer(first, &edge.engine.wall()).map_err(Failure::from);
        let importer = edge.counted(read)?;
        edge.counted(edge.guards.reports.admit(importer.bytes(), NonZeroU32::MIN))?;
        Ok(Self {
            edge: Arc::clone(edge),
            feed: Feed::new(importer.table, now),
            importer: Arc::new(importer),
            progress: wire::ImportComplaintsResponse::default(),
            network,
            ended: false,
            _place: place,
        })
    }

    /// Takes the next part.
    ///
    /// # Errors
    /// [`Failure::Invalid`]: the part or the file is too large.
    pub(in crate::api) fn push(&mut self, part: &[u8]) -> Result<(), Failure> {
        let taken = complaint::part(part).map_err(Failure::from);
        let part = self.edge.counted(taken)?;
        let pushed = self.feed.push(part);
        self.edge.counted(pushed.map_err(|faults| Failure::Invalid(complaint::refused(&faults))))
    }

    /// Says that nothing follows.
    pub(in crate::api) fn end(&mut self) {
        self.feed.end();
        self.ended = true;
    }

    /// Files the next rows of what has come, and tells how far the import is; none before the next part. After
    /// [`Self::end`] the last answer says that it is the last.
    ///
    /// # Errors
    /// [`Failure::Invalid`] where the file as a whole cannot be read, and those of [`Engine::file_report`]: the rows before
    /// are filed.
    pub(in crate::api) async fn step(
        &mut self,
    ) -> Result<Option<wire::ImportComplaintsResponse>, Failure> {
        let rows = self.rows()?;
        let done = rows.len() < bounds::COMPLAINT_ROWS_TOGETHER;
        let last = self.ended && done;
        if rows.is_empty() && !last {
            return Ok(None);
        }
        let read = self.read(rows).await?;
        self.file(read).await?;
        self.progress.consumed_bytes = count(self.feed.consumed());
        self.progress.end = last;
        let mut told = self.progress.clone();
        told.faulty = std::mem::take(&mut self.progress.faulty);
        told.faulty.sort_by_key(|faulty| faulty.row);
        Ok(Some(told))
    }

    /// The next rows, no more than are filed together.
    fn rows(&mut self) -> Result<Vec<Row>, Failure> {
        let mut rows = Vec::new();
        while rows.len() < bounds::COMPLAINT_ROWS_TOGETHER {
            let row = self.feed.next_row();
            let row = row.map_err(|faults| Failure::Invalid(complaint::refused(&faults)));
            match self.edge.counted(row)? {
                Some(row) => rows.push(row),
                None => break,
            }
        }
        Ok(rows)
    }

    /// Makes reports of rows, and sees which there are already.
    async fn read(&self, rows: Vec<Row>) -> Result<Vec<Read>, Failure> {
        let importer = Arc::clone(&self.importer);
        self.edge
            .waiting(move |engine| {
                let wall = engine.wall();
                let mut seen = HashSet::new();
                let mut read = Vec::with_capacity(rows.len());
                for Row { number, line, read: row } in rows {
                    let filing = match row {
                        Ok(complaint) => importer.filing(&complaint, &wall),
                        Err(faults) => Err(complaint::refused(&faults)),
                    };
                    let became = match filing {
                        Err(invalid) => Became::Faulty(complaint::faulty(number, line, &invalid)),
                        // The same row twice is one report, also among those that are filed together.
                        Ok(filing) if !seen.insert(filing.request) => Became::Known,
                        Ok(filing) if is_known(engine, &filing)? => Became::Known,
                        Ok(filing) => Became::New(Box::new(filing)),
                    };
                    read.push(Read { number, line, became });
                }
                Ok(read)
            })
            .await
    }

    async fn file(&mut self, read: Vec<Read>) -> Result<(), Failure> {
        let new = read.iter().filter(|row| matches!(row.became, Became::New(_))).count();
        let units = u32::try_from(new).ok().and_then(NonZeroU32::new);
        if let (Some(network), Some(units)) = (self.network, units) {
            self.edge.counted(self.edge.guards.rows.admit(&network, units))?;
        }
        let format = self.format();
        let mut filing = JoinSet::new();
        for Read { number, line, became } in read {
            match became {
                Became::Known => {
                    self.progress.row_count += 1;
                    self.progress.known_count += 1;
                    self.edge.count_complaint(format, "known");
                }
                Became::Faulty(faulty) => self.refuse(faulty),
                Became::New(report) => {
                    let edge = Arc::clone(&self.edge);
                    filing.spawn(async move {
                        let filed = edge.waiting(move |engine| engine.file_report(&report)).await;
                        (number, line, filed)
                    });
                }
            }
        }
        let mut failed = None;
        while let Some(joined) = filing.join_next().await {
            match joined {
                Ok((_, _, Ok(receipt))) => self.filed(&receipt),
                Ok((number, line, Err(failure))) => {
                    if matches!(failure, Failure::NotFound { .. } | Failure::FaxNotReceived) {
                        self.refuse(complaint::of_no_fax(number, line, failure.sentence()));
                    } else {
                        failed = Some(failure);
                    }
                }
                Err(_) => failed = Some(Failure::Internal),
            }
        }
        failed.map_or(Ok(()), Err)
    }

    fn filed(&mut self, receipt: &Receipt) {
        self.edge.count_filed(receipt, self.format(), false);
        self.progress.row_count += 1;
        self.progress.filed_count += 1;
        match receipt.standing {
            Standing::Unverified => self.progress.unverified_count += 1,
            Standing::Duplicate => self.progress.duplicate_count += 1,
            Standing::Counted | Standing::Suspended | Standing::Merged => {}
        }
    }

    fn refuse(&mut self, faulty: wire::FaultyComplaint) {
        self.edge.count_complaint(self.format(), "faulty");
        self.progress.row_count += 1;
        self.progress.faulty_count += 1;
        self.progress.faulty.push(faulty);
    }

    fn format(&self) -> &'static str {
        match self.importer.table {
            Table::Csv => crate::complaint::Format::Csv.name(),
            Table::Jsonl => crate::complaint::Format::Jsonl.name(),
        }
    }
}

fn count(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
