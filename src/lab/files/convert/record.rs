//! One record of a transfer log, as the stages it tells of.

use jiff::civil::Date;
use pbjson_types::Duration;
use thiserror::Error;

use super::{Converter, REMEMBERED_MAX};
use crate::bounds::ID_BYTES_MAX;
use crate::lab::xferfaxlog::{CivilMinute, LogText, TransferKind, XferRecord};
use crate::node::outcome::failed;
use crate::node::session::{field, handshake, name};
use crate::operator::text::to_wire;
use crate::time::{Span, Timestamp};
use crate::wire::replay::v1::Event;
use crate::wire::replay::v1::event::Event as What;
use crate::wire::screening::v1::screen_fax_request::{Parties, Stage};
use crate::wire::screening::v1::{
    CallOffered, DialOutcome, DialResult, Dialing, Handshake, InboundParties, JobSubmitted,
    OutboundParties, ReceiveOutcome, Received, ScreenFaxRequest, StageKind,
};

/// Why a record cannot become events. Nothing of the record is part of it.
#[derive(Debug, Error)]
pub(super) enum Unconvertible {
    #[error("the record's time does not exist in that zone")]
    Time,
    #[error("field 18 names no owner (an outbound fax has a member who sends)")]
    NoOwner,
    #[error("field 8 names no number")]
    NoRecipient,
    #[error("neither field 17 nor field 8 names the dialled number")]
    NoDialledNumber,
}

/// What the stages of one record share.
struct Fax<'r> {
    id: String,
    line: u64,
    parties: Parties,
    capabilities: &'r [StageKind],
}

const RECEIVE_STAGES: [StageKind; 3] =
    [StageKind::CallOffered, StageKind::Handshake, StageKind::Received];
const CALL_STAGES: [StageKind; 2] = [StageKind::CallOffered, StageKind::Received];
const SEND_STAGES: [StageKind; 3] =
    [StageKind::JobSubmitted, StageKind::Dialing, StageKind::DialResult];

impl Converter {
    /// Takes a record in.
    pub(super) fn record(&mut self, line: u64, record: &XferRecord) -> Result<(), Unconvertible> {
        let start = self.instant(record.when)?;
        match record.kind {
            TransferKind::Receive => self.receive(line, start, record),
            TransferKind::Call => self.call(line, start, record),
            TransferKind::Send => self.send(line, start, record),
            // None of these is a fax call that was screened.
            TransferKind::Poll
            | TransferKind::Page
            | TransferKind::Unsent
            | TransferKind::Proxy => {
                self.counts.passed_over += 1;
                Ok(())
            }
        }
    }

    fn instant(&self, minute: CivilMinute) -> Result<Timestamp, Unconvertible> {
        let small = |number: u8| i8::try_from(number).map_err(|_| Unconvertible::Time);
        let year = i16::try_from(minute.year).map_err(|_| Unconvertible::Time)?;
        let date = Date::new(year, small(minute.month)?, small(minute.day)?);
        let date = date.map_err(|_| Unconvertible::Time)?;
        let local = date.at(small(minute.hour)?, small(minute.minute)?, 0, 0);
        let instant = self.zone.to_timestamp(local).map_err(|_| Unconvertible::Time)?;
        Ok(Timestamp::from_micros(instant.as_microsecond()))
    }

    fn receive(
        &mut self,
        line: u64,
        start: Timestamp,
        record: &XferRecord,
    ) -> Result<(), Unconvertible> {
        let parties = inbound(record)?;
        forget_when_full(self.calls.len(), || self.calls.clear());
        let first = self.calls.insert(call_key(record));
        // A further fax of one call is a fax of its own.
        let commid = record.commid.as_ref().filter(|_| first);
        let fax =
            Fax { id: fax_id(commid, line, start), line, parties, capabilities: &RECEIVE_STAGES };
        let end = start.plus(Span::seconds(record.job_seconds.into()));
        let session = Handshake {
            tsi: told(record.station.as_ref()),
            ..handshake(record.params, record.dcs.as_ref())
        };
        self.stage(&fax, start, Stage::CallOffered(offered(record)));
        self.stage(&fax, start, Stage::Handshake(session));
        self.stage(&fax, end, Stage::Received(received(record)));
        Ok(())
    }

    fn call(
        &mut self,
        line: u64,
        start: Timestamp,
        record: &XferRecord,
    ) -> Result<(), Unconvertible> {
        if self.calls.remove(&call_key(record)) {
            self.counts.passed_over += 1;
            return Ok(());
        }
        let parties = inbound(record)?;
        let id = fax_id(record.commid.as_ref(), line, start);
        let fax = Fax { id, line, parties, capabilities: &CALL_STAGES };
        let end = start.plus(Span::seconds(record.connect_seconds.into()));
        self.stage(&fax, start, Stage::CallOffered(offered(record)));
        self.stage(&fax, end, Stage::Received(received(record)));
        Ok(())
    }

    fn send(
        &mut self,
        line: u64,
        start: Timestamp,
        record: &XferRecord,
    ) -> Result<(), Unconvertible> {
        let owner = record.owner.as_ref().ok_or(Unconvertible::NoOwner)?;
        let recipient = record.destination.as_ref().ok_or(Unconvertible::NoRecipient)?;
        let parties = Parties::Outbound(OutboundParties {
            member_id: name(owner.as_str()),
            recipient_number: field(recipient.as_str()),
            trunk: record.device.as_ref().map_or_else(String::new, |device| name(device.as_str())),
            ..OutboundParties::default()
        });
        let job = record.job.as_ref().map_or_else(String::new, |job| job.as_str().to_owned());
        let id = match job.as_str() {
            "" => fax_id(None, line, start),
            _ => format!("job-{}", fax_id(record.job.as_ref(), line, start)),
        };
        let fax = Fax { id, line, parties, capabilities: &SEND_STAGES };
        forget_when_full(self.attempts.len(), || self.attempts.clear());
        // An attempt of a job without an id cannot be told from a job of its own.
        let counted = match job.as_str() {
            "" => 1,
            _ => {
                let counted = self.attempts.entry(job).or_insert(0);
                *counted = counted.saturating_add(1);
                *counted
            }
        };
        let info = record.job_info;
        let attempt = info.map_or(counted, |info| info.total_dials.max(1));
        let page_count = info.map_or(0, |info| info.total_pages);
        if counted == 1 {
            self.stage(
                &fax,
                start,
                Stage::JobSubmitted(JobSubmitted { page_count, ..JobSubmitted::default() }),
            );
        }
        self.stage(
            &fax,
            start,
            Stage::Dialing(Dialing { attempt, page_count, ..Dialing::default() }),
        );
        let end = start.plus(Span::seconds(record.job_seconds.into()));
        let outcome = dial_outcome(record);
        let result = DialResult {
            attempt,
            outcome: outcome.into(),
            page_count: record.pages,
            duration: Some(seconds(record.connect_seconds)),
            csi: told(record.station.as_ref()),
            r#final: outcome == DialOutcome::Sent || says(record, "too many attempts"),
        };
        self.stage(&fax, end, Stage::DialResult(result));
        Ok(())
    }

    fn stage(&mut self, fax: &Fax<'_>, time: Timestamp, stage: Stage) {
        let request_id = format!("{:x}-{:x}-{}", time.as_seconds(), fax.line, stage_word(&stage));
        let event_time = Some(to_wire(time));
        let request = ScreenFaxRequest {
            request_id,
            node_id: self.node.clone(),
            fax_id: fax.id.clone(),
            event_time,
            parties: Some(fax.parties.clone()),
            stage: Some(stage),
            stage_capabilities: fax.capabilities.iter().map(|kind| (*kind).into()).collect(),
            ..ScreenFaxRequest::default()
        };
        let event =
            Event { event_time, event: Some(What::ScreenFax(request)), note: String::new() };
        self.keep(time, event);
    }
}

fn forget_when_full(count: usize, forget: impl FnOnce()) {
    if count >= REMEMBERED_MAX {
        forget();
    }
}

fn stage_word(stage: &Stage) -> &'static str {
    match stage {
        Stage::CallOffered(_) => "offered",
        Stage::Handshake(_) => "handshake",
        Stage::Page(_) => "page",
        Stage::Received(_) => "received",
        Stage::JobSubmitted(_) => "submitted",
        Stage::Dialing(_) => "dialing",
        Stage::DialResult(_) => "result",
    }
}

/// The node's name of the fax: its id in the log where it is plain and short, else time and line.
fn fax_id(id: Option<&LogText>, line: u64, start: Timestamp) -> String {
    let plain = |text: &&str| {
        text.len() <= ID_BYTES_MAX / 2 && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    match id.map(LogText::as_str).filter(plain) {
        Some(id) => id.to_owned(),
        None => format!("{:x}-{line:x}", start.as_seconds()),
    }
}

/// What the records of one call have in common: the id, or where the server gave none, line and parties.
fn call_key(record: &XferRecord) -> String {
    match &record.commid {
        Some(commid) => commid.as_str().to_owned(),
        None => {
            let parts = [&record.device, &record.cid_number, &record.did().cloned()];
            let parts = parts.map(|part| part.as_ref().map_or("", LogText::as_str));
            parts.join("\t")
        }
    }
}

fn told(text: Option<&LogText>) -> String {
    text.map_or_else(String::new, |text| field(text.as_str()))
}

fn inbound(record: &XferRecord) -> Result<Parties, Unconvertible> {
    let called = record.did().or(record.destination.as_ref());
    Ok(Parties::Inbound(InboundParties {
        caller_number: told(record.cid_number.as_ref()),
        called_number: told(Some(called.ok_or(Unconvertible::NoDialledNumber)?)),
        trunk: record.device.as_ref().map_or_else(String::new, |device| name(device.as_str())),
    }))
}

fn offered(record: &XferRecord) -> CallOffered {
    CallOffered { caller_name: told(record.cid_name.as_ref()), ..CallOffered::default() }
}

fn received(record: &XferRecord) -> Received {
    let outcome = if says(record, "call rejected") {
        ReceiveOutcome::Refused
    } else if record.pages == 0 {
        ReceiveOutcome::NoPages
    } else if succeeded(record) {
        ReceiveOutcome::Complete
    } else {
        ReceiveOutcome::Partial
    };
    Received {
        outcome: outcome.into(),
        page_count: record.pages,
        duration: Some(seconds(record.connect_seconds)),
        ..Received::default()
    }
}

fn seconds(count: u32) -> Duration {
    Duration { seconds: count.into(), nanos: 0 }
}

/// True where the log gives no reason for failure; gofaxip writes `OK` there.
fn succeeded(record: &XferRecord) -> bool {
    record.reason.as_ref().is_none_or(|reason| reason.as_str().eq_ignore_ascii_case("ok"))
}

/// True when the reason has those words, given in lower case.
fn says(record: &XferRecord, words: &str) -> bool {
    let reason = record.reason.as_ref().map_or("", LogText::as_str);
    reason.to_ascii_lowercase().contains(words)
}

fn dial_outcome(record: &XferRecord) -> DialOutcome {
    if succeeded(record) {
        return DialOutcome::Sent;
    }
    if record.pages > 0 {
        return DialOutcome::Partial;
    }
    failed(record.reason.as_ref().map_or("", LogText::as_str))
}
