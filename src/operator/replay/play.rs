//! Events against a server: stages pipelined over one stream at a chosen pace, everything else in its place between them.

use std::collections::VecDeque;
use std::io::BufRead;
use std::time::Duration;

use tokio::sync::mpsc::{Sender, channel};
use tokio::time::{Interval, MissedTickBehavior, interval};
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use tonic::{Status, Streaming};
use tonic_types::StatusExt as _;

use super::events::Recorded;
use super::{Counts, Journal};
use crate::bounds::STREAM_IN_FLIGHT_MAX;
use crate::operator::failure::Failure;
use crate::operator::input::Lines;
use crate::operator::verdict_line::{Answer, VerdictLine};
use crate::time::Timestamp;
use crate::wire::operator::v1::directory_service_client::DirectoryServiceClient;
use crate::wire::operator::v1::held_fax_service_client::HeldFaxServiceClient;
use crate::wire::operator::v1::list_entry_service_client::ListEntryServiceClient;
use crate::wire::operator::v1::{
    CreateListEntryRequest, DirectoryEntry, ImportDirectoryRequest, ListEntry,
};
use crate::wire::replay::v1::event::Event as What;
use crate::wire::report::v1::report_service_client::ReportServiceClient;
use crate::wire::screening::v1::screen_fax_result::Result as Screened;
use crate::wire::screening::v1::screening_service_client::ScreeningServiceClient;
use crate::wire::screening::v1::{
    ScreenFaxFault, ScreenFaxRequest, StreamScreenFaxRequest, StreamScreenFaxResponse,
};

/// Most events of one message: enough that the frame costs nothing, few enough that answers flow.
const BATCH_EVENTS: usize = 64;
/// Most bytes of lines of one message, far below what a server takes at once.
const BATCH_BYTES: usize = 1024 * 1024;
/// Messages a second that a paced replay aims at; at a lower pace each event is a message.
const MESSAGES_PER_SECOND: u32 = 100;
const RATE_MAX: u32 = 1_000_000;

/// Events a second, at most a million; 0 is as fast as it goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pace(u32);

impl Pace {
    /// Reads `250` or `250/s`.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let number = text.strip_suffix("/s").unwrap_or(text);
        match number.parse() {
            Ok(rate) if rate <= RATE_MAX => Ok(Self(rate)),
            _ => Err("write it as in `250/s`, from 0 to 1000000"),
        }
    }

    /// Events of one message.
    fn batch(self) -> usize {
        match self.0 {
            0 => BATCH_EVENTS,
            rate => {
                let even = rate.div_ceil(MESSAGES_PER_SECOND);
                usize::try_from(even).unwrap_or(BATCH_EVENTS).clamp(1, BATCH_EVENTS)
            }
        }
    }

    /// Ticks once a message.
    fn interval(self) -> Option<Interval> {
        let batch = u32::try_from(self.batch()).ok()?;
        let period = Duration::from_secs(1).checked_mul(batch)?.checked_div(self.0)?;
        let mut interval = interval(period);
        interval.set_missed_tick_behavior(MissedTickBehavior::Burst);
        Some(interval)
    }
}

/// Plays every event and returns the counts.
pub(super) async fn play<R: BufRead>(
    channel: Channel,
    pace: Pace,
    lines: &mut Lines<R>,
    journal: Journal<'_, '_>,
) -> Result<Counts, Failure> {
    let mut player = Player {
        channel,
        journal,
        stream: None,
        in_flight: 0,
        pending: VecDeque::new(),
        ticks: pace.interval(),
    };
    let mut held = None;
    while let Some(first) = held.take().or_else(|| player.journal.next(lines)) {
        let mut group = vec![first];
        let mut bytes = group.first().map_or(0, |first| first.bytes);
        while group.len() < pace.batch() && bytes < BATCH_BYTES {
            let Some(next) = player.journal.next(lines) else {
                break;
            };
            if !group.first().is_some_and(|first| travels_with(first, &next)) {
                held = Some(next);
                break;
            }
            bytes = bytes.saturating_add(next.bytes);
            group.push(next);
        }
        player.wait().await?;
        player.send(group).await?;
    }
    player.drain().await?;
    player.journal.counts()
}

/// True when both may be in one message.
fn travels_with(first: &Recorded, next: &Recorded) -> bool {
    let stage = |event: &Recorded| matches!(event.event.event, Some(What::ScreenFax(_)));
    let entry = |event: &Recorded| matches!(event.event.event, Some(What::DirectoryEntry(_)));
    (stage(first) && stage(next)) || (entry(first) && entry(next))
}

/// Line and time of a request that is not answered yet.
type Place = (u64, Timestamp);

struct Stream {
    requests: Sender<StreamScreenFaxRequest>,
    answers: Streaming<StreamScreenFaxResponse>,
}

struct Player<'j, 'o> {
    channel: Channel,
    journal: Journal<'j, 'o>,
    stream: Option<Stream>,
    in_flight: usize,
    /// The messages that are not answered yet, in their order.
    pending: VecDeque<Vec<Place>>,
    ticks: Option<Interval>,
}

impl Player<'_, '_> {
    /// Waits for the next tick and writes the answers that come meanwhile.
    async fn wait(&mut self) -> Result<(), Failure> {
        let Some(mut ticks) = self.ticks.take() else {
            return Ok(());
        };
        loop {
            let Some(stream) = self.stream.as_mut().filter(|_| self.in_flight > 0) else {
                ticks.tick().await;
                break;
            };
            tokio::select! {
                _ = ticks.tick() => break,
                message = stream.answers.message() => self.take(message?)?,
            }
        }
        self.ticks = Some(ticks);
        Ok(())
    }

    async fn send(&mut self, group: Vec<Recorded>) -> Result<(), Failure> {
        let mut stages = Vec::new();
        let mut entries = Vec::new();
        let mut places = Vec::new();
        for recorded in group {
            let place = (recorded.line, recorded.time);
            let time = recorded.event.event_time;
            match recorded.event.event {
                Some(What::ScreenFax(request)) => {
                    stages.push(ScreenFaxRequest { event_time: time, ..request });
                }
                Some(What::DirectoryEntry(entry)) => entries.push(entry),
                Some(What::FileReport(mut request)) => {
                    request.event_time = time;
                    self.alone(place, What::FileReport(request)).await?;
                }
                Some(other) => self.alone(place, other).await?,
                None => {}
            }
            places.push(place);
        }
        if !stages.is_empty() {
            return self.screen(stages, places).await;
        }
        match places.first() {
            Some(place) if !entries.is_empty() => self.import(*place, entries).await,
            _ => Ok(()),
        }
    }

    async fn screen(
        &mut self,
        requests: Vec<ScreenFaxRequest>,
        places: Vec<Place>,
    ) -> Result<(), Failure> {
        while self.in_flight.saturating_add(requests.len()) > STREAM_IN_FLIGHT_MAX {
            self.receive().await?;
        }
        self.in_flight = self.in_flight.saturating_add(places.len());
        self.pending.push_back(places);
        let message = StreamScreenFaxRequest { requests };
        match &self.stream {
            // There is room: no more messages are in flight than the channel has places.
            Some(stream) => {
                stream.requests.send(message).await.map_err(|_| Failure::StreamEnded)?;
                // Lets the connection write before the next line is read.
                tokio::task::yield_now().await;
            }
            None => {
                // The first message is there before the call, for servers that wait for it.
                let (requests, receiver) = channel(STREAM_IN_FLIGHT_MAX);
                requests.send(message).await.map_err(|_| Failure::StreamEnded)?;
                let mut client = ScreeningServiceClient::new(self.channel.clone());
                let call = client.stream_screen_fax(ReceiverStream::new(receiver)).await?;
                self.stream = Some(Stream { requests, answers: call.into_inner() });
            }
        }
        Ok(())
    }

    async fn receive(&mut self) -> Result<(), Failure> {
        let stream = self.stream.as_mut().ok_or(Failure::StreamEnded)?;
        let message = stream.answers.message().await?;
        self.take(message)
    }

    /// Waits until everything in flight is answered.
    async fn drain(&mut self) -> Result<(), Failure> {
        while self.in_flight > 0 {
            self.receive().await?;
        }
        Ok(())
    }

    /// Writes the answers of one message.
    fn take(&mut self, message: Option<StreamScreenFaxResponse>) -> Result<(), Failure> {
        let message = message.ok_or(Failure::StreamEnded)?;
        let places = self.pending.pop_front().ok_or(Failure::StreamEnded)?;
        if places.len() != message.results.len() {
            return Err(Failure::StreamEnded);
        }
        self.in_flight = self.in_flight.saturating_sub(places.len());
        for (place, result) in places.into_iter().zip(message.results) {
            let answer = match result.result {
                Some(Screened::Response(response)) => Answer::Screened(Box::new(response)),
                Some(Screened::Fault(fault)) => Answer::Fault(Box::new(fault)),
                None => Answer::Fault(Box::default()),
            };
            self.write(place, answer);
        }
        Ok(())
    }

    fn write(&mut self, (line, time): Place, answer: Answer) {
        self.journal.answer(&VerdictLine { line, time, answer });
    }

    /// An event that is a call of its own: everything before it is answered first, so that order holds.
    async fn alone(&mut self, place: Place, event: What) -> Result<(), Failure> {
        self.drain().await?;
        let channel = self.channel.clone();
        let called = match event {
            What::FileReport(request) => ReportServiceClient::new(channel)
                .file_report(request)
                .await
                .map(|response| Answer::Reported(Box::new(response.into_inner()))),
            What::ListEntry(entry) => ListEntryServiceClient::new(channel)
                .create_list_entry(list_request(place.0, entry))
                .await
                .map(|response| Answer::Listed(Box::new(response.into_inner()))),
            What::ReleaseHeldFax(request) => HeldFaxServiceClient::new(channel)
                .release_held_fax(request)
                .await
                .map(|response| Answer::Released(Box::new(response.into_inner()))),
            // These two travel in groups and never come here.
            What::ScreenFax(_) | What::DirectoryEntry(_) => return Ok(()),
        };
        self.settle(place, called)
    }

    /// Directory entries that follow each other, in one incremental import.
    async fn import(&mut self, place: Place, entries: Vec<DirectoryEntry>) -> Result<(), Failure> {
        self.drain().await?;
        let request = ImportDirectoryRequest { entries, whole: false, end: true };
        let mut client = DirectoryServiceClient::new(self.channel.clone());
        let called = match client.import_directory(tokio_stream::once(request)).await {
            Ok(call) => call.into_inner().message().await,
            Err(status) => Err(status),
        };
        let called = called.map(|answer| Answer::Imported(Box::new(answer.unwrap_or_default())));
        self.settle(place, called)
    }

    /// Writes what was answered. A refusal is an answer; a server that is gone ends the replay.
    fn settle(&mut self, place: Place, called: Result<Answer, Status>) -> Result<(), Failure> {
        let answer = match called {
            Ok(answer) => answer,
            Err(status) => match status.get_details_error_info() {
                Some(info) => Answer::Fault(Box::new(ScreenFaxFault {
                    code: status.code().into(),
                    reason: info.reason,
                    message: status.message().to_owned(),
                    ..ScreenFaxFault::default()
                })),
                None => return Err(status.into()),
            },
        };
        self.write(place, answer);
        Ok(())
    }
}

/// The line number keeps the request ids of one file apart and is the same when it is played again.
fn list_request(line: u64, entry: ListEntry) -> CreateListEntryRequest {
    let (author, entry) = (entry.author.clone(), Some(entry));
    let head: String = author.chars().take(8).filter(char::is_ascii_alphanumeric).collect();
    CreateListEntryRequest { request_id: format!("replay-{head}-{line}"), entry }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_is_read_and_cut_into_messages() {
        for (text, batch) in [("0", 64), ("1/s", 1), ("100", 1), ("1000/s", 10), ("1000000", 64)] {
            assert_eq!(Pace::parse(text).map(Pace::batch), Ok(batch), "{text}");
        }
        for bad in ["", "-1", "1.5", "10/m", "1000001"] {
            assert!(Pace::parse(bad).is_err(), "{bad}");
        }
    }
}
