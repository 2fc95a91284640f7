//! Charges over a stream: each message spends a quota of one member and is answered at once. The hot path makes nothing on the heap and
//! looks nothing up by text: a member is named once, and then by a number.

use std::num::NonZeroU32;
use std::sync::Arc;

use tonic::{Request, Response, Status, Streaming};

use super::Edge;
use super::answers::{Answering, Answers};
use super::screening::name_of;
use crate::api::convert::charge::{self, Read};
use crate::bounds;
use crate::wire::screening::v1 as wire;
use wire::charge_service_server::ChargeService;

/// The service.
#[derive(Debug)]
pub(super) struct Charges(pub(super) Arc<Edge>);

/// Whose charges they are, where neither a certificate nor anything else says so.
const NOBODY: &str = "charges";

/// What answers the messages of a stream.
type Answer =
    Box<dyn FnMut(wire::StreamChargesRequest) -> Answering<wire::StreamChargesResponse> + Send>;

/// What a stream knows.
struct Open {
    edge: Arc<Edge>,
    caller: Option<Arc<str>>,
    /// Hot keys of members by their handles, less one; 0 is nobody.
    members: Vec<u64>,
    /// Charges that the caller still has of the unit it took last from its share.
    left: u32,
}

#[tonic::async_trait]
impl ChargeService for Charges {
    type StreamChargesStream = Answers<
        Streaming<wire::StreamChargesRequest>,
        Answer,
        wire::StreamChargesRequest,
        wire::StreamChargesResponse,
    >;

    async fn stream_charges(
        &self,
        request: Request<Streaming<wire::StreamChargesRequest>>,
    ) -> Result<Response<Self::StreamChargesStream>, Status> {
        let (edge, caller) = (Arc::clone(&self.0), name_of(&request));
        let ending = (edge.ending)();
        let mut open = Open { edge, caller, members: Vec::new(), left: 0 };
        let answer: Answer = Box::new(move |asked| Answering::Now(Ok(open.answer(&asked))));
        let one = |_: &wire::StreamChargesRequest| 1;
        let answers = Answers::new(request.into_inner(), one, answer, ending);
        Ok(Response::new(answers.with_turn(bounds::CHARGES_A_TURN)))
    }
}

impl Open {
    fn answer(&mut self, asked: &wire::StreamChargesRequest) -> wire::StreamChargesResponse {
        let told = wire::StreamChargesResponse { charge_id: asked.charge_id, ..Default::default() };
        if !self.admitted() {
            return charge::fault(told, wire::ChargeFault::OverLimit);
        }
        let engine = &*self.edge.engine;
        let read = charge::read(asked, &engine.wall(), &mut self.members);
        match read {
            Ok(Read::Named) => told,
            Ok(Read::Charge(charge)) => {
                let (now, stands) = engine.charge(&charge);
                charge::answer(told, now, stands)
            }
            Err(fault) => charge::fault(told, fault),
        }
    }

    /// Whether the caller may charge: of its share of stages it takes one for so many charges.
    fn admitted(&mut self) -> bool {
        if let Some(left) = self.left.checked_sub(1) {
            self.left = left;
            return true;
        }
        let caller = self.caller.as_deref().unwrap_or(NOBODY);
        let admitted = self.edge.guards.screening.admit(caller.as_bytes(), NonZeroU32::MIN);
        let admitted = self.edge.counted(admitted).is_ok();
        if admitted {
            self.left = bounds::CHARGES_A_STAGE - 1;
        }
        admitted
    }
}
