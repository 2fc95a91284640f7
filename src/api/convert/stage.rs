//! The facts of each stage, from the wire. Fingerprints of pages are read beside them.

use super::fault::{Faults, InvalidField};
use super::read;
use super::wall::Wall;
use crate::bounds;
use crate::fax::id::SubjectKind;
use crate::fax::ident::Ident;
use crate::fax::number::Claimed;
use crate::fax::stage::{
    Attestation, DialOutcome, JobFacts, PageCoding, PageFacts, ReceiveOutcome, ReceivedFacts,
    Session, Stage, StageKind,
};
use crate::wire::screening::v1 as wire;
use wire::screen_fax_request::Stage as WireStage;

/// Reads the stage. `None` only with a fault noted.
pub(super) fn stage(faults: &mut Faults, sent: &WireStage, wall: &Wall<'_>) -> Option<Stage> {
    let read = match sent {
        WireStage::CallOffered(offered) => call_offered(faults, offered),
        WireStage::Handshake(sent) => {
            faults.enter("handshake.");
            Some(Stage::Handshake(session(faults, sent)))
        }
        WireStage::Page(sent) => Some(Stage::Page(page(faults, sent))),
        WireStage::Received(sent) => Some(Stage::Received(received(faults, sent))),
        WireStage::JobSubmitted(sent) => Some(Stage::JobSubmitted(job(faults, sent, wall))),
        WireStage::Dialing(sent) => Some(dialing(faults, sent)),
        WireStage::DialResult(sent) => Some(dial_result(faults, sent)),
    };
    faults.enter("");
    read
}

/// A stage by its number in the contract.
pub(super) fn kind(value: i32) -> Result<StageKind, InvalidField> {
    match wire::StageKind::try_from(value) {
        Ok(wire::StageKind::CallOffered) => Ok(StageKind::CallOffered),
        Ok(wire::StageKind::Handshake) => Ok(StageKind::Handshake),
        Ok(wire::StageKind::Page) => Ok(StageKind::Page),
        Ok(wire::StageKind::Received) => Ok(StageKind::Received),
        Ok(wire::StageKind::JobSubmitted) => Ok(StageKind::JobSubmitted),
        Ok(wire::StageKind::Dialing) => Ok(StageKind::Dialing),
        Ok(wire::StageKind::DialResult) => Ok(StageKind::DialResult),
        Ok(wire::StageKind::Unspecified) | Err(_) => Err(InvalidField::UnknownValue { value }),
    }
}

fn call_offered(faults: &mut Faults, sent: &wire::CallOffered) -> Option<Stage> {
    let wire::CallOffered { caller_name, attestation, diverting_number, presentation_restricted } =
        sent;
    faults.enter("call_offered.");
    let caller_name = read::look(caller_name);
    let attestation = faults.keep("attestation", attestation_of(*attestation));
    Some(Stage::CallOffered {
        caller_name,
        attestation: attestation?,
        diverted: !diverting_number.trim_ascii().is_empty(),
        restricted: *presentation_restricted,
    })
}

fn attestation_of(value: i32) -> Result<Attestation, InvalidField> {
    match wire::Attestation::try_from(value) {
        Ok(wire::Attestation::Unspecified) => Ok(Attestation::Unknown),
        Ok(wire::Attestation::A) => Ok(Attestation::A),
        Ok(wire::Attestation::B) => Ok(Attestation::B),
        Ok(wire::Attestation::C) => Ok(Attestation::C),
        Ok(wire::Attestation::Failed) => Ok(Attestation::Failed),
        Ok(wire::Attestation::Absent) => Ok(Attestation::Absent),
        Err(_) => Err(InvalidField::UnknownValue { value }),
    }
}

/// Reads a session. What the far end's DCS says is taken at any size: it must not make the question fail.
fn session(faults: &mut Faults, sent: &wire::Handshake) -> Session {
    let wire::Handshake {
        tsi,
        sub_address,
        rate_bps,
        ecm,
        horizontal_dpi,
        vertical_dpi,
        width_px,
        coding,
        color,
        unlimited_length,
        retrain_count,
        transport,
    } = sent;
    let tsi = read::foreign(tsi);
    let sub_address = read::look(sub_address);
    let rate = read::count(*rate_bps, 0, bounds::RATE_BPS_MAX);
    let rate_bps = faults.keep("rate_bps", rate).unwrap_or_default();
    let coding = faults.keep("coding", coding_of(*coding)).unwrap_or_default();
    if wire::Transport::try_from(*transport).is_err() {
        faults.add("transport", InvalidField::UnknownValue { value: *transport });
    }
    Session {
        tsi: Claimed::new(Ident::read(tsi.as_bytes())),
        sub_address,
        rate_bps,
        horizontal_dpi: *horizontal_dpi,
        vertical_dpi: *vertical_dpi,
        width_px: *width_px,
        coding,
        ecm: *ecm,
        color: *color,
        unlimited_length: *unlimited_length,
        retrains: *retrain_count,
    }
}

fn coding_of(value: i32) -> Result<PageCoding, InvalidField> {
    match wire::Coding::try_from(value) {
        Ok(wire::Coding::Unspecified) => Ok(PageCoding::Unknown),
        Ok(wire::Coding::Mh) => Ok(PageCoding::Mh),
        Ok(wire::Coding::Mr) => Ok(PageCoding::Mr),
        Ok(wire::Coding::Mmr) => Ok(PageCoding::Mmr),
        Ok(wire::Coding::Jbig) => Ok(PageCoding::Jbig),
        Ok(wire::Coding::Jpeg) => Ok(PageCoding::Jpeg),
        Err(_) => Err(InvalidField::UnknownValue { value }),
    }
}

fn page(faults: &mut Faults, sent: &wire::Page) -> PageFacts {
    let wire::Page {
        page_number,
        row_count,
        bad_row_count,
        size_bytes,
        duration,
        more_follow,
        retrain_count,
        fingerprint: _,
    } = sent;
    faults.enter("page.");
    let number = faults.keep("page_number", read::count(*page_number, 1, bounds::PAGES_MAX));
    let duration = faults.keep("duration", read::span(duration.as_ref()));
    PageFacts {
        number: number.unwrap_or_default(),
        rows: *row_count,
        bad_rows: *bad_row_count,
        bytes: *size_bytes,
        duration: duration.unwrap_or_default(),
        more_follow: *more_follow,
        retrains: *retrain_count,
    }
}

fn received(faults: &mut Faults, sent: &wire::Received) -> ReceivedFacts {
    let wire::Received {
        outcome,
        page_count,
        size_bytes,
        duration,
        handshake,
        page_sizes_bytes,
        row_count_max,
        bad_row_count,
        fingerprints: _,
    } = sent;
    let session = handshake.as_ref().map(|sent| {
        faults.enter("received.handshake.");
        session(faults, sent)
    });
    faults.enter("received.");
    let outcome = faults.keep("outcome", receive_outcome(*outcome)).unwrap_or_default();
    let pages = faults.keep("page_count", read::count(*page_count, 0, bounds::PAGES_MAX));
    let duration = faults.keep("duration", read::span(duration.as_ref()));
    let (count, most) = (page_sizes_bytes.len(), bounds::PAGE_SIZES_MAX);
    if count > most {
        faults.add("page_sizes_bytes", InvalidField::TooMany { count, most });
    }
    ReceivedFacts {
        outcome,
        pages: pages.unwrap_or_default(),
        bytes: *size_bytes,
        duration: duration.unwrap_or_default(),
        session,
        page_bytes: page_sizes_bytes.iter().copied().take(most).collect(),
        rows_max: *row_count_max,
        bad_rows: *bad_row_count,
    }
}

fn receive_outcome(value: i32) -> Result<ReceiveOutcome, InvalidField> {
    match wire::ReceiveOutcome::try_from(value) {
        Ok(wire::ReceiveOutcome::Complete) => Ok(ReceiveOutcome::Complete),
        Ok(wire::ReceiveOutcome::Partial) => Ok(ReceiveOutcome::Partial),
        Ok(wire::ReceiveOutcome::NoPages) => Ok(ReceiveOutcome::NoPages),
        Ok(wire::ReceiveOutcome::Refused) => Ok(ReceiveOutcome::Refused),
        Ok(wire::ReceiveOutcome::Unspecified) => Ok(ReceiveOutcome::Unknown),
        Err(_) => Err(InvalidField::UnknownValue { value }),
    }
}

fn job(faults: &mut Faults, sent: &wire::JobSubmitted, wall: &Wall<'_>) -> JobFacts {
    let wire::JobSubmitted {
        page_count,
        size_bytes,
        batch_recipient_count,
        tsi,
        header_text,
        document_digest,
        not_before_time,
        fingerprints: _,
    } = sent;
    faults.enter("job_submitted.");
    let pages = faults.keep("page_count", read::count(*page_count, 0, bounds::PAGES_MAX));
    let tsi = read::foreign(tsi);
    let digest = faults.keep("document_digest", read::optional_id(document_digest)).flatten();
    let not_before = faults.keep("not_before_time", read::time(not_before_time.as_ref()));
    JobFacts {
        pages: pages.unwrap_or_default(),
        bytes: *size_bytes,
        recipients: (*batch_recipient_count).max(1),
        tsi: Some(tsi)
            .filter(|tsi| !tsi.is_empty())
            .map(|tsi| Claimed::new(Ident::read(tsi.as_bytes()))),
        header: read::look(header_text),
        document: digest.map_or(0, |digest| wall.name(SubjectKind::Shape, digest).hot()),
        not_before: not_before.flatten(),
    }
}

fn dialing(faults: &mut Faults, sent: &wire::Dialing) -> Stage {
    let wire::Dialing { attempt, page_count, size_bytes, fingerprints: _ } = sent;
    faults.enter("dialing.");
    let attempt = faults.keep("attempt", read::count(*attempt, 1, bounds::ATTEMPTS_MAX));
    let pages = faults.keep("page_count", read::count(*page_count, 0, bounds::PAGES_MAX));
    Stage::Dialing {
        attempt: attempt.unwrap_or_default(),
        pages: pages.unwrap_or_default(),
        bytes: *size_bytes,
    }
}

fn dial_result(faults: &mut Faults, sent: &wire::DialResult) -> Stage {
    let wire::DialResult { attempt, outcome, page_count, duration, csi: _, r#final: last } = sent;
    faults.enter("dial_result.");
    let attempt = faults.keep("attempt", read::count(*attempt, 1, bounds::ATTEMPTS_MAX));
    let outcome = faults.keep("outcome", dial_outcome(*outcome)).unwrap_or_default();
    let pages = faults.keep("page_count", read::count(*page_count, 0, bounds::PAGES_MAX));
    let duration = faults.keep("duration", read::span(duration.as_ref()));
    Stage::DialResult {
        attempt: attempt.unwrap_or_default(),
        outcome,
        pages: pages.unwrap_or_default(),
        duration: duration.unwrap_or_default(),
        last: *last,
    }
}

fn dial_outcome(value: i32) -> Result<DialOutcome, InvalidField> {
    match wire::DialOutcome::try_from(value) {
        Ok(wire::DialOutcome::Unspecified) => Ok(DialOutcome::Unknown),
        Ok(wire::DialOutcome::Sent) => Ok(DialOutcome::Sent),
        Ok(wire::DialOutcome::Partial) => Ok(DialOutcome::Partial),
        Ok(wire::DialOutcome::Busy) => Ok(DialOutcome::Busy),
        Ok(wire::DialOutcome::NoAnswer) => Ok(DialOutcome::NoAnswer),
        Ok(wire::DialOutcome::Voice) => Ok(DialOutcome::Voice),
        Ok(wire::DialOutcome::Unallocated) => Ok(DialOutcome::Unallocated),
        Ok(wire::DialOutcome::Refused) => Ok(DialOutcome::Refused),
        Ok(wire::DialOutcome::Failed) => Ok(DialOutcome::Failed),
        Err(_) => Err(InvalidField::UnknownValue { value }),
    }
}
