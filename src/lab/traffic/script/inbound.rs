//! A fax that arrives: one call, told in the stages and the words of the node that took it.

use rand::RngExt;

use super::super::shape::{Document, Session, page_millis};
use super::super::world::{AREAS, Dialect, Node, World, e164};
use super::{Fax, Head, Script, length};
use crate::wire::screening::v1::screen_fax_request::{Parties, Stage};
use crate::wire::screening::v1::{
    Attestation, CallOffered, InboundParties, Page, ReceiveOutcome, Received, StageKind,
};

/// What the network shows of the caller.
#[derive(Clone)]
pub(in super::super) enum Cli {
    /// A number.
    Number(u64),
    /// Nothing, on request.
    Withheld,
    /// Anything else.
    Text(&'static str),
}

/// How a call ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Ending {
    /// All pages arrive.
    Complete,
    /// The pages of the document arrive, then the line breaks while more are announced.
    Broken,
    /// The caller hangs up after so many seconds, before it says who it is.
    HungUp(i64),
}

/// A call.
#[derive(Clone)]
pub(in super::super) struct Call {
    /// When it is offered, seconds since the epoch.
    pub(in super::super) at: i64,
    /// What the network shows of the caller.
    pub(in super::super) caller: Cli,
    /// The dialled number.
    pub(in super::super) did: u64,
    /// The trunk it comes on.
    pub(in super::super) trunk: &'static str,
    /// Calling name.
    pub(in super::super) name: String,
    /// Attestation.
    pub(in super::super) attestation: Attestation,
    /// Who forwarded it.
    pub(in super::super) diverting: Option<u64>,
    /// What the machine calls itself.
    pub(in super::super) tsi: String,
    /// The session.
    pub(in super::super) session: Session,
    /// The document.
    pub(in super::super) document: Document,
    /// How it ends.
    pub(in super::super) ending: Ending,
}

const FREESWITCH: [i32; 4] = [
    StageKind::CallOffered as i32,
    StageKind::Handshake as i32,
    StageKind::Page as i32,
    StageKind::Received as i32,
];
const ENDS: [i32; 2] = [StageKind::CallOffered as i32, StageKind::Received as i32];
const WEBHOOK: [i32; 1] = [StageKind::Received as i32];

const fn capabilities(dialect: Dialect) -> &'static [i32] {
    match dialect {
        Dialect::FreeSwitch => &FREESWITCH,
        Dialect::HylaFax | Dialect::Asterisk => &ENDS,
        Dialect::Webhook => &WEBHOOK,
    }
}

/// Seconds from the ring to the DCS, as measured.
const ANSWER_TO_DCS: i64 = 8;

impl Script<'_> {
    /// A call of an ordinary wanted sender: its own number, an honest TSI, a document of an office.
    pub(in super::super) fn call(&mut self, at: i64, caller: u64, did: u64) -> Call {
        let tsi = self.honest_tsi(caller);
        let in_america = caller < 20_000_000_000;
        let attestation = match self.rng.random_range(0..20) {
            _ if !in_america => Attestation::Unspecified,
            0..12 => Attestation::A,
            12..16 => Attestation::B,
            16 | 17 => Attestation::C,
            _ => Attestation::Absent,
        };
        Call {
            at,
            caller: Cli::Number(caller),
            did,
            trunk: ["carrier-a", "carrier-b", "carrier-a", "carrier-b", "carrier-c"]
                [usize::try_from(caller / 7 % 5).unwrap_or(0)],
            name: String::new(),
            attestation,
            diverting: None,
            tsi,
            session: Session::drawn(&mut self.rng),
            document: Document::office(&mut self.rng),
            ending: Ending::Complete,
        }
    }

    /// What machines in offices call themselves: mostly their number, some nothing or a default.
    fn honest_tsi(&mut self, caller: u64) -> String {
        let digits = caller.to_string();
        match self.rng.random_range(0..100) {
            0..6 => String::new(),
            6..9 => "FAX".into(),
            9..25 => digits,
            25..45 if digits.len() == 11 => {
                format!("{} {} {}", &digits[1..4], &digits[4..7], &digits[7..])
            }
            _ if digits.len() == 11 => {
                format!("+1 {} {} {}", &digits[1..4], &digits[4..7], &digits[7..])
            }
            _ => format!("+{digits}"),
        }
    }

    /// Writes a call and what follows it.
    pub(in super::super) fn receive(&mut self, call: Call) -> Fax {
        let node = AREAS[World::area_of(call.did)].node;
        let serial = self.next_serial();
        let mut head = Head {
            node: node.id,
            serial,
            parties: Some(Parties::Inbound(parties(&call, node.dialect))),
            capabilities: capabilities(node.dialect),
        };
        if node.dialect != Dialect::Webhook {
            self.stage(call.at, &mut head, "o", Stage::CallOffered(offered(&call)));
        }
        let end = match call.ending {
            Ending::HungUp(seconds) => call.at + seconds,
            Ending::Complete | Ending::Broken => self.pages(&call, node, &mut head),
        };
        let received = received(&call, node.dialect, end);
        self.stage(end, &mut head, "r", Stage::Received(received));
        let other = match call.caller {
            Cli::Number(number) => Some(number),
            Cli::Withheld | Cli::Text(_) => None,
        };
        Fax { node: node.id, serial, number: call.did, other, end }
    }

    /// Writes handshake and pages where the node reports them, and says when the call is over.
    fn pages(&mut self, call: &Call, node: &Node, head: &mut Head) -> i64 {
        let reports = node.dialect == Dialect::FreeSwitch;
        let dcs = call.at + ANSWER_TO_DCS + 3 * i64::from(call.session.retrains);
        if reports {
            let handshake = call.session.handshake(call.tsi.clone(), &call.document);
            self.stage(dcs, head, "h", Stage::Handshake(handshake));
        }
        let mut line_millis = 3_000;
        for (page_number, size_bytes) in (1..).zip(&call.document.pages) {
            let millis = page_millis(*size_bytes, call.session.rate_bps);
            line_millis += millis;
            if reports {
                let more = page_number < call.document.page_count();
                let page = Page {
                    page_number,
                    row_count: call.document.rows,
                    size_bytes: *size_bytes,
                    duration: Some(length(millis)),
                    more_follow: more || call.ending == Ending::Broken,
                    ..Page::default()
                };
                let at = dcs + seconds(line_millis);
                self.stage(at, head, &format!("p{page_number}"), Stage::Page(page));
            }
        }
        dcs + seconds(line_millis) + 3
    }
}

fn seconds(millis: u64) -> i64 {
    i64::try_from(millis / 1_000).unwrap_or(i64::MAX)
}

/// HylaFAX hands numbers on as the modem said them: ten digits within North America.
fn written(number: u64, dialect: Dialect) -> String {
    match (dialect, number) {
        (Dialect::HylaFax, 10_000_000_000..20_000_000_000) => (number - 10_000_000_000).to_string(),
        _ => e164(number),
    }
}

fn parties(call: &Call, dialect: Dialect) -> InboundParties {
    let caller_number = match &call.caller {
        Cli::Number(number) => written(*number, dialect),
        Cli::Withheld => String::new(),
        Cli::Text(text) => (*text).into(),
    };
    let trunk = if dialect == Dialect::Webhook { "" } else { call.trunk };
    let called_number = written(call.did, dialect);
    InboundParties { caller_number, called_number, trunk: trunk.into() }
}

fn offered(call: &Call) -> CallOffered {
    CallOffered {
        caller_name: call.name.clone(),
        attestation: call.attestation as i32,
        diverting_number: call.diverting.map(e164).unwrap_or_default(),
        presentation_restricted: matches!(call.caller, Cli::Withheld),
    }
}

fn received(call: &Call, dialect: Dialect, end: i64) -> Received {
    let millis = u64::try_from(end - call.at).unwrap_or(0) * 1_000;
    let outcome = match call.ending {
        Ending::Complete => ReceiveOutcome::Complete,
        Ending::Broken => ReceiveOutcome::Partial,
        Ending::HungUp(_) => ReceiveOutcome::NoPages,
    };
    let mut received =
        Received { outcome: outcome as i32, duration: Some(length(millis)), ..Received::default() };
    if matches!(call.ending, Ending::HungUp(_)) {
        return received;
    }
    received.page_count = call.document.page_count();
    received.size_bytes = call.document.bytes();
    match dialect {
        Dialect::FreeSwitch | Dialect::Webhook => {}
        Dialect::HylaFax => {
            received.handshake = Some(call.session.handshake(call.tsi.clone(), &call.document));
            received.page_sizes_bytes.clone_from(&call.document.pages);
            received.row_count_max = call.document.rows;
        }
        Dialect::Asterisk => {
            received.handshake = Some(call.session.handshake(call.tsi.clone(), &call.document));
        }
    }
    received
}
