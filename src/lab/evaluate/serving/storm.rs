//! Ten times more than can be answered: from nodes that know how much they may have open, and from a flood of callers that
//! only do as they are told once they are refused.

use std::sync::Arc;
use std::time::Duration;

use hdrhistogram::Histogram;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::Fault;
use super::load::{CONNECTIONS, Client, IN_FLIGHT, Target, p99_ms, refused};
use crate::lab::evaluate::screening::engine::now;

/// How much more is asked for than can be answered.
pub(super) const TIMES: f64 = 10.0;
/// How many more callers than at the peak a flood has.
const FLOOD_TIMES: usize = 10;
/// Calls of the open loop are begun together once in this time.
const BEAT: Duration = Duration::from_millis(1);

/// What it came to.
pub(super) struct Storm {
    /// Verdicts a second.
    pub(super) goodput: f64,
    /// Of the calls that got one, from when they should have begun.
    pub(super) p99_ms: f64,
    /// Calls that should have begun.
    pub(super) offered: u64,
    /// Calls that a node did without, since it had as many open as it may.
    pub(super) done_without: u64,
    /// Calls that the server refused.
    pub(super) refused: u64,
}

impl Storm {
    /// In words.
    pub(super) fn told(&self) -> String {
        let Self { offered, done_without, refused, .. } = self;
        format!(
            "{offered} offered, {done_without} done without at the node, {refused} refused by the server"
        )
    }
}

/// How one call ended.
enum End {
    /// With a verdict, after so many microseconds.
    Served(u64),
    /// Refused, with the time to wait before the next.
    Refused(Duration),
}

impl Client {
    /// Calls begun on time, so many a second, by nodes that hold no more than so many open on a connection and do without
    /// a verdict beyond that, at once.
    pub(super) async fn storm(
        &mut self,
        target: &Target,
        per_second: f64,
        span: Duration,
    ) -> Result<Storm, Fault> {
        let clients = target.connections(CONNECTIONS).await?;
        let places: Vec<_> = clients.iter().map(|_| Arc::new(Semaphore::new(IN_FLIGHT))).collect();
        let requests = self.requests();
        let mut tasks: JoinSet<Result<End, Fault>> = JoinSet::new();
        let (began, mut beat) = (now(), tokio::time::interval(BEAT));
        let (mut offered, mut done_without) = (0_u32, 0);
        let mut ends = Ends::new()?;
        while began.elapsed() < span {
            beat.tick().await;
            while f64::from(offered) / per_second <= began.elapsed().as_secs_f64() {
                let due = Duration::from_secs_f64(f64::from(offered) / per_second);
                let turn = offered as usize % CONNECTIONS;
                offered += 1;
                let Ok(place) = Arc::clone(&places[turn]).try_acquire_owned() else {
                    done_without += 1;
                    continue;
                };
                let (mut client, request) = (clients[turn].clone(), requests.one());
                tasks.spawn(async move {
                    let _place = place;
                    let told = client.screen_fax(request).await;
                    end(told.err(), began.elapsed().saturating_sub(due))
                });
            }
            while let Some(done) = tasks.try_join_next() {
                ends.count(done??)?;
            }
        }
        while let Some(done) = tasks.join_next().await {
            ends.count(done??)?;
        }
        Ok(ends.storm(began.elapsed(), offered.into(), done_without))
    }

    /// Ten times the callers of the peak, on ten times the connections, that wait as long as they are told after a refusal
    /// and for nothing else.
    pub(super) async fn flood(&mut self, target: &Target, span: Duration) -> Result<Storm, Fault> {
        let clients = target.connections(CONNECTIONS * FLOOD_TIMES).await?;
        let mut tasks: JoinSet<Result<Ends, Fault>> = JoinSet::new();
        let began = now();
        for client in clients {
            for _ in 0..IN_FLIGHT {
                let (mut client, requests) = (client.clone(), self.requests());
                tasks.spawn(async move {
                    let mut ends = Ends::new()?;
                    while began.elapsed() < span {
                        let asked = now();
                        let told = client.screen_fax(requests.one()).await;
                        let end = end(told.err(), asked.elapsed())?;
                        if let End::Refused(wait) = end {
                            tokio::time::sleep(wait).await;
                        }
                        ends.count(end)?;
                    }
                    Ok(ends)
                });
            }
        }
        let mut all = Ends::new()?;
        while let Some(done) = tasks.join_next().await {
            let Ends { served, refused } = done??;
            all.served.add(served)?;
            all.refused += refused;
        }
        let offered = all.served.len() + all.refused;
        Ok(all.storm(began.elapsed(), offered, 0))
    }
}

/// How a call ended, by the fault it ended with.
fn end(fault: Option<tonic::Status>, late: Duration) -> Result<End, Fault> {
    Ok(match fault {
        None => End::Served(u64::try_from(late.as_micros())?),
        Some(status) => End::Refused(refused(status)?),
    })
}

/// How calls ended.
struct Ends {
    served: Histogram<u64>,
    refused: u64,
}

impl Ends {
    fn new() -> Result<Self, Fault> {
        Ok(Self { served: Histogram::new(2)?, refused: 0 })
    }

    fn count(&mut self, end: End) -> Result<(), Fault> {
        match end {
            End::Served(micros) => self.served.record(micros)?,
            End::Refused(_) => self.refused += 1,
        }
        Ok(())
    }

    fn storm(&self, took: Duration, offered: u64, done_without: u64) -> Storm {
        Storm {
            goodput: self.served.len() as f64 / took.as_secs_f64(),
            p99_ms: p99_ms(&self.served),
            offered,
            done_without,
            refused: self.refused,
        }
    }
}
