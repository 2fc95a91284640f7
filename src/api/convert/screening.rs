//! A screening request becomes a stage event, or every fault it has.

use super::fault::{Faults, InvalidField, InvalidRequest};
use super::wall::Wall;
use super::{fingerprint, member, read, stage};
use crate::fax::id::SubjectKind;
use crate::fax::stage::{MemberClaim, Parties, StageEvent, StageSet};
use crate::screening::SeenPage;
use crate::wire::screening::v1 as wire;
use wire::screen_fax_request::Parties as WireParties;

/// Most entries of `stage_capabilities`: each stage twice over is already odd.
const CAPABILITIES_MAX: usize = 14;

/// One stage of one fax, and the fingerprints of pages that came with it.
pub struct Asked {
    /// The stage.
    pub event: StageEvent,
    /// The pages.
    pub pages: Vec<SeenPage>,
}

/// Reads one stage of one fax.
///
/// # Errors
/// [`InvalidRequest`] with every field at fault. What the far end wrote (caller, TSI, names) is never a fault but for its
/// length: it becomes a claim, or the remark that it looks hostile.
pub fn asked(request: &wire::ScreenFaxRequest, wall: &Wall<'_>) -> Result<Asked, InvalidRequest> {
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
    let claim = member_facts
        .as_ref()
        .map(|sent| claim(&mut faults, sent, parties.flatten().as_ref(), wall));
    let claim = match api_key(&mut faults, sent_parties.as_ref(), wall) {
        Some(api_key) => Some(MemberClaim { api_key, ..claim.unwrap_or_default() }),
        None => claim,
    };
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
    let pages = match (sent_stage, time) {
        (Some(sent), Some(at)) => fingerprint::of_stage(&mut faults, sent, at),
        _ => Vec::new(),
    };
    let capabilities = capabilities(&mut faults, stage_capabilities);
    let built = (|| {
        let (node, fax, request) = (node_id?, fax_id?, request_id?);
        let event = StageEvent {
            decision: wall.keys.decision_id(node, fax),
            request: wall.keys.request_key(request),
            node: wall.keys.node(node),
            time: time?,
            parties: parties?,
            member: claim,
            stage: stage?,
            capabilities,
            unscored: *unscored_count,
        };
        Some(Asked { event, pages })
    })();
    faults.finish(built)
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
    let caller = wall.caller(caller_number);
    let did = faults.keep("called_number", wall.required_number(called_number));
    let trunk = faults.keep("trunk", read::optional_id(trunk))?;
    let trunk = trunk.map(|trunk| wall.keys.trunk(trunk));
    Some(Parties::Inbound { caller, did: did?, trunk })
}

fn outbound(faults: &mut Faults, sent: &wire::OutboundParties, wall: &Wall<'_>) -> Option<Parties> {
    let wire::OutboundParties { member_id, recipient_number, caller_number, trunk, api_key_id: _ } =
        sent;
    let member = faults.keep("member_id", read::id(member_id));
    let recipient = faults.keep("recipient_number", wall.required_number(recipient_number));
    let shown = faults.keep("caller_number", wall.optional_number(caller_number));
    let trunk = faults.keep("trunk", read::optional_id(trunk))?;
    Some(Parties::Outbound {
        member: wall.name(SubjectKind::Member, member?),
        recipient: recipient?,
        shown: shown?,
        trunk: trunk.map(|trunk| wall.keys.trunk(trunk)),
    })
}

/// The key of the provider's interface that a job was submitted with.
fn api_key(faults: &mut Faults, sent: Option<&WireParties>, wall: &Wall<'_>) -> Option<u64> {
    let Some(WireParties::Outbound(sent)) = sent else { return None };
    let named = faults.keep("outbound.api_key_id", read::optional_id(&sent.api_key_id))??;
    Some(wall.name(SubjectKind::ApiKey, named).hot())
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use wire::screen_fax_request::Stage as WireStage;

    use super::super::ClockMode;
    use super::super::wall::tests::with_wall;
    use super::*;
    use crate::fax::stage::{Caller, Stage, StageKind};

    fn stage_event(
        request: &wire::ScreenFaxRequest,
        wall: &Wall<'_>,
    ) -> Result<StageEvent, InvalidRequest> {
        asked(request, wall).map(|asked| asked.event)
    }

    fn inbound(stage: WireStage) -> wire::ScreenFaxRequest {
        wire::ScreenFaxRequest {
            request_id: "r-1".into(),
            node_id: "gw-1".into(),
            fax_id: "call-1".into(),
            parties: Some(WireParties::Inbound(wire::InboundParties {
                caller_number: "(800) 555-0123".into(),
                called_number: "+1 800 555 0199".into(),
                trunk: "trunk-a".into(),
            })),
            stage: Some(stage),
            stage_capabilities: vec![1, 4],
            unscored_count: 2,
            ..Default::default()
        }
    }

    fn faults(request: &wire::ScreenFaxRequest) -> Vec<String> {
        let read = with_wall(|wall| stage_event(request, wall));
        let faults = read.err().unwrap_or_default();
        faults.faults().iter().map(|fault| fault.path().to_owned()).collect()
    }

    #[test]
    fn a_stage_is_read_whole() {
        let sent = inbound(WireStage::CallOffered(wire::CallOffered {
            caller_name: "A$(reboot)B".into(),
            attestation: 2,
            ..Default::default()
        }));
        let event = with_wall(|wall| stage_event(&sent, wall)).unwrap();
        assert_eq!(event.stage.kind(), StageKind::CallOffered);
        assert!(event.capabilities.has(StageKind::Received) && event.unscored == 2);
        let Some(Parties::Inbound { caller: Caller::Number(caller), did, trunk }) = event.parties
        else {
            panic!("not inbound: {:?}", event.parties)
        };
        assert_eq!(caller.claim().e164(), "+18005550123");
        assert_eq!(did.e164(), "+18005550199");
        assert!(trunk.is_some());
        let other_node = wire::ScreenFaxRequest { node_id: "gw-2".into(), ..sent.clone() };
        let other = with_wall(|wall| stage_event(&other_node, wall)).unwrap();
        assert_ne!((event.decision, event.request), (other.decision, other.request));
        assert_eq!(event.time.as_seconds(), 1_748_736_000);
    }

    #[test]
    fn later_stages_need_no_parties_and_hostile_idents_are_no_fault() {
        let mut sent = inbound(WireStage::Handshake(wire::Handshake {
            tsi: "\r\n`rm`\0".into(),
            sub_address: "$(id)".into(),
            width_px: u32::MAX,
            retrain_count: u32::MAX,
            ..Default::default()
        }));
        sent.parties = None;
        let event = with_wall(|wall| stage_event(&sent, wall)).unwrap();
        assert!(event.parties.is_none() && matches!(event.stage, Stage::Handshake(_)));
    }

    #[test]
    fn all_faults_are_found_at_once_and_nothing_is_echoed() {
        let secret = "secret\u{7}";
        let sent = wire::ScreenFaxRequest {
            request_id: String::new(),
            node_id: "n".repeat(65),
            fax_id: secret.into(),
            event_time: Some(pbjson_types::Timestamp { seconds: i64::MIN, nanos: -1 }),
            member: Some(wire::MemberFacts {
                member_id: "b".into(),
                plan: 7,
                ..Default::default()
            }),
            stage_capabilities: vec![1, 0, 99],
            unscored_count: u32::MAX,
            parties: Some(WireParties::Outbound(wire::OutboundParties {
                member_id: "a".into(),
                recipient_number: secret.into(),
                caller_number: "0".into(),
                trunk: secret.into(),
                api_key_id: secret.into(),
            })),
            stage: Some(WireStage::DialResult(wire::DialResult {
                attempt: 0,
                outcome: -3,
                page_count: 10_001,
                duration: Some(pbjson_types::Duration { seconds: -1, nanos: 0 }),
                csi: "x".repeat(257),
                r#final: true,
            })),
        };
        assert_eq!(
            faults(&sent),
            [
                "request_id",
                "node_id",
                "fax_id",
                "event_time",
                "outbound.recipient_number",
                "outbound.caller_number",
                "outbound.trunk",
                "member.plan",
                "outbound.api_key_id",
                "dial_result.attempt",
                "dial_result.outcome",
                "dial_result.page_count",
                "dial_result.duration",
                "stage_capabilities[1]",
                "stage_capabilities[2]",
            ]
        );
        let told = with_wall(|wall| stage_event(&sent, wall)).unwrap_err().to_string();
        assert!(!told.contains("secret"), "{told}");
    }

    #[test]
    fn single_faults_have_their_paths() {
        let page = |page| inbound(WireStage::Page(page));
        let received = |received| inbound(WireStage::Received(received));
        let job = |job| inbound(WireStage::JobSubmitted(job));
        let mut no_did = inbound(WireStage::Dialing(wire::Dialing::default()));
        no_did.parties = Some(WireParties::Inbound(wire::InboundParties::default()));
        for (sent, expected) in [
            (page(wire::Page::default()), "page.page_number"),
            (page(wire::Page { page_number: 10_001, ..Default::default() }), "page.page_number"),
            (
                received(wire::Received { page_sizes_bytes: vec![1; 1_001], ..Default::default() }),
                "received.page_sizes_bytes",
            ),
            (
                received(wire::Received {
                    handshake: Some(wire::Handshake { rate_bps: 33_601, ..Default::default() }),
                    ..Default::default()
                }),
                "received.handshake.rate_bps",
            ),
            (job(wire::JobSubmitted::default()), "stage"),
            (no_did, "inbound.called_number dialing.attempt"),
            (wire::ScreenFaxRequest { stage: None, ..page(wire::Page::default()) }, "stage"),
        ] {
            assert_eq!(faults(&sent).join(" "), expected);
        }
    }

    #[test]
    fn the_event_clock_needs_event_times() {
        let sent = inbound(WireStage::CallOffered(wire::CallOffered::default()));
        with_wall(|wall| {
            let wall = Wall { clock: ClockMode::Event, ..*wall };
            let missing = stage_event(&sent, &wall).unwrap_err();
            assert_eq!(missing.faults()[0].path(), "event_time");
            let time = pbjson_types::Timestamp { seconds: 7, nanos: 0 };
            let sent = wire::ScreenFaxRequest { event_time: Some(time), ..sent.clone() };
            assert_eq!(stage_event(&sent, &wall).unwrap().time.as_seconds(), 7);
        });
    }

    proptest! {
        #[test]
        fn any_request_is_answered(
            texts in prop::collection::vec(any::<String>(), 6),
            numbers in prop::collection::vec(any::<i32>(), 4),
        ) {
            let mut sent = inbound(WireStage::CallOffered(wire::CallOffered {
                caller_name: texts[0].clone(),
                attestation: numbers[0],
                diverting_number: texts[1].clone(),
                presentation_restricted: true,
            }));
            sent.parties = Some(WireParties::Inbound(wire::InboundParties {
                caller_number: texts[2].clone(),
                called_number: texts[3].clone(),
                trunk: texts[4].clone(),
            }));
            sent.fax_id = texts[5].clone();
            sent.stage_capabilities = numbers;
            let _ = with_wall(|wall| stage_event(&sent, wall));
        }
    }
}
