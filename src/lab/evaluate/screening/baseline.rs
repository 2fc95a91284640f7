//! What it is compared with: the volume signals alone, kept the usual way. Each caller, TSI and block has a log of
//! its calls under its name in a shared map; a verdict walks the log and counts distinct numbers in three windows.

use std::collections::HashSet;

use dashmap::DashMap;

use crate::fax::stage::{Parties, Stage, StageEvent};
use crate::time::{DAY_SECONDS, HOUR_SECONDS};

/// Calls of one subject: second and called number.
type Log = Vec<(i64, String)>;

/// The log of everybody.
#[derive(Default)]
pub struct Naive {
    logs: DashMap<String, Log>,
}

impl Naive {
    /// Notes a stage, and counts: callers and their blocks when the call is offered, the TSI at the
    /// handshake. `called` is the number of the call, which a handshake does not repeat.
    pub fn note(&self, event: &StageEvent, called: &str) -> u64 {
        let second = event.time.as_seconds();
        match (&event.parties, &event.stage) {
            (Some(Parties::Inbound { caller, .. }), _) => {
                let Some(number) = caller.number() else { return 0 };
                let number = number.e164();
                let (ten, hundred) = (&number[..number.len() - 1], &number[..number.len() - 2]);
                self.count(&number, second, called)
                    + self.count(ten, second, called)
                    + self.count(hundred, second, called)
            }
            (_, Stage::Handshake(session)) => {
                let key =
                    format!("tsi {}", String::from_utf8_lossy(session.tsi.claim().canonical()));
                self.count(&key, second, called)
            }
            _ => 0,
        }
    }

    /// Bytes of all logs and their names: what they take for themselves, without the map's vacant places.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let texts = |log: &Log| log.iter().map(|(_, number)| number.capacity()).sum::<usize>();
        let logs = self.logs.iter().map(|log| {
            let rows = log.value().capacity() * size_of::<(i64, String)>();
            log.key().capacity() + size_of::<(String, Log)>() + rows + texts(log.value())
        });
        logs.sum()
    }

    /// The sum of the three counts, so that no work can be left out.
    fn count(&self, key: &str, second: i64, called: &str) -> u64 {
        let mut log = self.logs.entry(key.to_owned()).or_default();
        let since = |seconds: u64| second - i64::try_from(seconds).unwrap_or(0);
        log.retain(|(at, _)| *at > since(DAY_SECONDS));
        log.push((second, called.to_owned()));
        [300, HOUR_SECONDS, DAY_SECONDS]
            .into_iter()
            .map(|window| {
                let recent = log.iter().filter(|(at, _)| *at > since(window));
                let distinct: HashSet<&str> = recent.map(|(_, number)| number.as_str()).collect();
                u64::try_from(distinct.len()).unwrap_or(0)
            })
            .sum()
    }
}
