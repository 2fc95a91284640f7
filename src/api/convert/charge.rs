//! Charges on the wire.

use std::cmp::Ordering;

use super::read;
use super::wall::Wall;
use crate::api::rate_desk::{Asked, Stands};
use crate::bounds;
use crate::fax::id::SubjectKind;
use crate::time::Timestamp;
use crate::verdict::{QuotaHolder, QuotaOutcome, Resource};
use crate::wire::screening::v1 as wire;

/// The name under which charges are asked for.
const NAME: &str = "charge";

/// What a message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// Nothing but whom a handle stands for.
    Named,
    /// A charge.
    Charge(Asked),
}

/// Reads a message; whom a handle stands for is noted in `members`, by the handle less one.
///
/// # Errors
/// Why it cannot be read; nothing is noted then.
pub fn read(
    asked: &wire::StreamChargesRequest,
    wall: &Wall<'_>,
    members: &mut Vec<u64>,
) -> Result<Read, wire::ChargeFault> {
    let wire::StreamChargesRequest { charge_id: _, member_handle, member_id, resource, units } =
        asked;
    let at = usize::try_from(*member_handle).ok().and_then(|handle| handle.checked_sub(1));
    let at = at.filter(|at| *at < bounds::CHARGE_HANDLES_MAX);
    let at = at.ok_or(wire::ChargeFault::Handle)?;
    let resource = match wire::ChargeResource::try_from(*resource) {
        Ok(wire::ChargeResource::Unspecified) if *units == 0 => None,
        Ok(wire::ChargeResource::Faxes) => Some(Resource::Faxes),
        Ok(wire::ChargeResource::Pages) => Some(Resource::Pages),
        Ok(wire::ChargeResource::LineSeconds) => Some(Resource::LineSeconds),
        Ok(wire::ChargeResource::Recipients) => Some(Resource::Recipients),
        Ok(wire::ChargeResource::Unspecified) | Err(_) => return Err(wire::ChargeFault::Amount),
    };
    if *units > bounds::CHARGE_UNITS_MAX {
        return Err(wire::ChargeFault::Amount);
    }
    let hot = if member_id.is_empty() {
        members.get(at).copied().filter(|hot| *hot != 0).ok_or(wire::ChargeFault::Handle)?
    } else {
        let named = read::id(member_id).map_err(|_| wire::ChargeFault::MemberId)?;
        let hot = wall.name(SubjectKind::Member, named).hot();
        // What is kept grows with what was sent.
        match at.cmp(&members.len()) {
            Ordering::Less => members[at] = hot,
            Ordering::Equal => members.push(hot),
            Ordering::Greater => return Err(wire::ChargeFault::Handle),
        }
        hot
    };
    Ok(resource.map_or(Read::Named, |resource| {
        let holder = QuotaHolder::Member;
        Read::Charge(Asked { name: NAME, holder, hot, resource, cost: (*units).into() })
    }))
}

/// The answer to a charge.
#[must_use]
pub fn answer(
    told: wire::StreamChargesResponse,
    now: Timestamp,
    stands: Option<Stands>,
) -> wire::StreamChargesResponse {
    let Some(Stands { status, .. }) = stands else { return told };
    let (outcome, retry_millis) = match status.outcome {
        QuotaOutcome::Within => (wire::QuotaOutcome::Within, 0),
        QuotaOutcome::Never => (wire::QuotaOutcome::Never, 0),
        QuotaOutcome::NotUntil(until) => {
            (wire::QuotaOutcome::NotUntil, until.since(now).as_micros().div_ceil(1_000))
        }
    };
    let remaining_count = status.remaining;
    wire::StreamChargesResponse { outcome: outcome.into(), remaining_count, retry_millis, ..told }
}

/// The answer to one that cannot be read.
#[must_use]
pub fn fault(
    told: wire::StreamChargesResponse,
    fault: wire::ChargeFault,
) -> wire::StreamChargesResponse {
    wire::StreamChargesResponse { fault: fault.into(), ..told }
}
