//! A screening request becomes a stage event, or every fault it has.

use super::fault::{Faults, InvalidField, InvalidRequest};
use super::wall::Wall;
use super::{member, read, stage};
use crate::fax::id::SubjectKind;
use crate::fax::number::Number;
use crate::fax::stage::{MemberClaim, Parties, StageEvent, StageKind, StageSet};
use crate::wire::screening::v1 as wire;
use wire::screen_fax_request::Parties as WireParties;

/// Most entries of `stage_capabilities`: each stage twice over is already odd.
const CAPABILITIES_MAX: usize = 14;

/// Reads one stage of one fax.
///
/// # Errors
/// [`InvalidRequest`] with every field at fault. What the far end wrote (caller, TSI, names) is never a fault but for its
/// length: it becomes a claim, or the remark that it looks hostile.
pub fn stage_event(
    request: &wire::ScreenFaxRequest,
    wall: &Wall<'_>,
) -> Result<StageEvent, InvalidRequest> {
    let wire::ScreenFaxRequest {
        request_id,
        node_id,
        fax_id,
        event_time,
        member: member_facts,
        stage_capabilities,
        unscored_count,
        parties: sent_parties,
        stage: sent_stage,
    } = request;
    let mut faults = Faults::default();
    let request_id = faults.keep("request_id", read::id(request_id));
    let node_id = faults.keep("node_id", read::id(node_id));
    let fax_id = faults.keep("fax_id", read::id(fax_id));
    let time = wall.time(&mut faults, event_time.as_ref());
    let parties = match sent_parties {
        Some(sent) => parties(&mut faults, sent, wall).map(Some),
        None => Some(None),
    };
    let claim = member_facts.as_ref().map(|sent| {
        claim(&mut faults, sent, parties.flatten().as_ref(), wall)
    });
    let stage = match sent_stage {
        Some(sent) => stage::stage(&mut faults, sent, wall),
        None => {
            faults.add("stage", InvalidField::Absent);
            None
        }
    };
    if let (Some(Some(parties)), Some(stage)) = (&parties, &stage)
        && parties.direction() != stage.kind().direction()
    {
        faults.add("stage", InvalidField::Direction);
    }
    let capabilities = capabilities(&mut faults, stage_capabilities);
    let built = (|| {
        let (node, fax, request) = (node_id?, fax_id?, request_id?);
        Some(StageEvent {
            decision: wall.keys.decision_id(node, fax),
            request: request_key(wall, node, request),
            node: wall.name(SubjectKind::Node, node),
            time: time?,
            parties: parties?,
            member: claim,
            stage: stage?,
            capabilities,
            unscored: *unscored_count,
        })
    })();
    faults.finish(built)
}

/// Request ids are unique within their node only, so the key is made of both. The decision's key serves: the
/// two are never compared.
fn request_key(wall: &Wall<'_>, node: &str, request: &str) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = wall.keys.decision_id(node, request).0;
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

/// Reads the parties. `None` only with a fault noted.
fn parties(faults: &mut Faults, sent: &WireParties, wall: &Wall<'_>) -> Option<Parties> {
    let read = match sent {
        WireParties::Inbound(sent) => {
            faults.enter("inbound.");
            inbound(faults, sent, wall)
        }
        WireParties::Outbound(sent) => {
            faults.enter("outbound.");
            outbound(faults, sent, wall)
        }
    };
    faults.enter("");
    read
}

fn inbound(faults: &mut Faults, sent: &wire::InboundParties, wall: &Wall<'_>) -> Option<Parties> {
    let wire::InboundParties { caller_number, called_number, trunk } = sent;
    let caller = faults.keep("caller_number", wall.caller(caller_number));
    let did = faults.keep("called_number", required_number(called_number, wall));
    let trunk = faults.keep("trunk", read::optional_id(trunk))?;
    let trunk = trunk.map(|trunk| wall.name(SubjectKind::Trunk, trunk));
    Some(Parties::Inbound { caller: caller?, did: did?, trunk })
}

fn outbound(faults: &mut Faults, sent: &wire::OutboundParties, wall: &Wall<'_>) -> Option<Parties> {
    let wire::OutboundParties { member_id, recipient_number, caller_number, trunk } = sent;
    let member = faults.keep("member_id", read::id(member_id));
    let recipient = faults.keep("recipient_number", required_number(recipient_number, wall));
    let shown = faults.keep("caller_number", wall.optional_number(caller_number));
    let trunk = faults.keep("trunk", read::optional_id(trunk))?;
    Some(Parties::Outbound {
        member: wall.name(SubjectKind::Member, member?),
        recipient: recipient?,
        shown: shown?,
        trunk: trunk.map(|trunk| wall.name(SubjectKind::Trunk, trunk)),
    })
}

fn required_number(text: &str, wall: &Wall<'_>) -> Result<Number, InvalidField> {
    if text.is_empty() { Err(InvalidField::Absent) } else { wall.number(text) }
}

fn claim(
    faults: &mut Faults,
    sent: &wire::MemberFacts,
    parties: Option<&Parties>,
    wall: &Wall<'_>,
) -> MemberClaim {
    let (sender, shown) = match parties {
        Some(Parties::Outbound { member, shown, .. }) => (Some(*member), *shown),
        Some(Parties::Inbound { .. }) | None => (None, None),
    };
    faults.enter("member.");
    let claim = member::facts(faults, sent, shown, wall);
    if let (Some(named), Some(sender)) = (claim.member, sender)
        && named != sender
    {
        faults.add("member_id", InvalidField::Disagrees { other: "outbound.member_id" });
    }
    faults.enter("");
    claim
}

fn capabilities(faults: &mut Faults, sent: &[i32]) -> StageSet {
    if sent.len() > CAPABILITIES_MAX {
        let (count, most) = (sent.len(), CAPABILITIES_MAX);
        faults.add("stage_capabilities", InvalidField::TooMany { count, most });
        return StageSet::default();
    }
    let mut set = StageSet::default();
    for (at, value) in sent.iter().enumerate() {
        match stage::kind(*value) {
            Ok(kind) => set = set.with(kind),
            Err(cause) => faults.add_element("stage_capabilities", at, cause),
        }
    }
    set
}
