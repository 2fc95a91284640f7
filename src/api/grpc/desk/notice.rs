//! The outbox: handed out until it is acknowledged.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{self, Sender};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use crate::api::convert::notice;
use crate::api::engine::Engine;
use crate::api::grpc::Edge;
use crate::api::status::Failure;
use crate::bounds;
use crate::reports::{Notice, NoticeId};
use crate::wire::notice::v1 as wire;
use wire::notice_service_server::NoticeService;

/// Messages that wait for the caller.
const WAITING_MAX: usize = 2;
/// Notices of one message.
const BATCH: usize = 100;
/// Notices that are read at once.
const PAGE: usize = 500;

/// How far back notices are looked for that became durable late, in microseconds.
const AGAIN_MICROS: u64 = 10_000_000;

type Told = Result<wire::WatchNoticesResponse, Status>;

/// The service.
#[derive(Debug)]
pub(in crate::api::grpc) struct Notices(pub(in crate::api::grpc) Arc<Edge>);

#[tonic::async_trait]
impl NoticeService for Notices {
    type WatchNoticesStream = ReceiverStream<Told>;

    async fn watch_notices(
        &self,
        request: Request<wire::WatchNoticesRequest>,
    ) -> Result<Response<Self::WatchNoticesStream>, Status> {
        self.0.admit_operator(&request)?;
        let (edge, (to, told)) = (Arc::clone(&self.0), mpsc::channel(WAITING_MAX));
        tokio::spawn(async move {
            let ending = (edge.ending)();
            tokio::select! {
                () = ending => {}
                () = to.closed() => {}
                () = tell(&edge, &to) => {}
            }
        });
        Ok(Response::new(ReceiverStream::new(told)))
    }

    async fn acknowledge_notices(
        &self,
        request: Request<wire::AcknowledgeNoticesRequest>,
    ) -> Result<Response<wire::AcknowledgeNoticesResponse>, Status> {
        self.0.admit_operator(&request)?;
        let taken = self.0.waiting(move |engine| {
            engine.acknowledge_notices(&notice::acknowledged(request.get_ref())?)
        });
        let acknowledged_count = u32::try_from(taken.await?).unwrap_or(u32::MAX);
        Ok(Response::new(wire::AcknowledgeNoticesResponse { acknowledged_count }))
    }

    async fn name_members(
        &self,
        request: Request<wire::NameMembersRequest>,
    ) -> Result<Response<wire::NameMembersResponse>, Status> {
        self.0.admit_operator(&request)?;
        let engine = Arc::clone(&self.0.engine);
        let named = notice::named(request.get_ref(), &engine.wall()).map_err(Failure::from);
        Ok(Response::new(self.0.counted(named)?))
    }
}

/// The next notices after one of them that are not among those known. However many of those wait to be acknowledged, it looks
/// behind them.
fn unsent(
    engine: &dyn Engine,
    from: Option<NoticeId>,
    known: &BTreeSet<NoticeId>,
) -> Result<Vec<Notice>, Failure> {
    let (mut after, mut unsent) = (from, Vec::new());
    loop {
        let page = engine.notices(after, PAGE)?;
        let is_last = page.len() < PAGE;
        after = page.last().map(|notice| notice.id).or(after);
        unsent.extend(page.into_iter().filter(|notice| !known.contains(&notice.id)));
        if is_last || unsent.len() >= BATCH {
            unsent.truncate(BATCH);
            return Ok(unsent);
        }
    }
}

/// Tells the caller what waits, and then what comes.
async fn tell(edge: &Edge, to: &Sender<Told>) {
    let mut after: Option<NoticeId> = None;
    // The first message is sent at once, so that who waits knows that it is heard.
    let mut begun = false;
    // One that was written a moment before another may be durable after it: those of the last seconds are looked at again.
    let mut sent: BTreeSet<NoticeId> = BTreeSet::new();
    loop {
        let texts = edge.texts.clone();
        let from = after.map(|after| after.earlier(AGAIN_MICROS));
        let known = std::mem::take(&mut sent);
        let told = edge
            .waiting(move |engine| {
                let texts = texts.ok_or(Failure::Internal)?;
                let policy = engine.policy();
                let contact = policy.policy().redress().contact();
                let notices = unsent(engine, from, &known)?;
                let ids: Vec<NoticeId> = notices.iter().map(|notice| notice.id).collect();
                let told: Vec<wire::Notice> =
                    notices.iter().map(|one| notice::to_wire(one, &texts, contact)).collect();
                Ok((told, ids, known))
            })
            .await;
        let (notices, ids) = match told {
            Ok((told, ids, known)) => {
                sent = known;
                (told, ids)
            }
            Err(failure) => {
                // A caller that has gone needs no reason.
                let _ = to.send(Err(failure.into())).await;
                return;
            }
        };
        if notices.is_empty() && begun {
            tokio::time::sleep(Duration::from_millis(bounds::NOTICE_WATCH_MS)).await;
        } else if to.send(Ok(wire::WatchNoticesResponse { notices })).await.is_err() {
            return;
        }
        begun = true;
        after = ids.iter().copied().max().max(after);
        sent.extend(ids);
        if let Some(after) = after {
            sent = sent.split_off(&after.earlier(AGAIN_MICROS));
        }
    }
}
