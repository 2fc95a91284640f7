//! What a node says of its lines, dials and cores, and what it is told of them.

use super::fault::{Faults, InvalidField, InvalidRequest};
use super::read;
use super::wall::Wall;
use crate::fax::id::{Pseudonym, SubjectKind};
use crate::limiter::share::Usage;
use crate::verdict::{WATCHED, Watched};
use crate::wire::screening::v1 as wire;

/// Most units of a resource that a node is believed to have, to use or to wait for.
const UNITS_MAX: u64 = 1_000_000_000;

/// What a node said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The node.
    pub node: Pseudonym,
    /// Of each resource.
    pub usages: Vec<(Watched, Usage)>,
}

/// Reads what a node says.
///
/// # Errors
/// [`InvalidRequest`] with every field at fault.
pub fn said(request: &wire::ReportUsageRequest, wall: &Wall<'_>) -> Result<Said, InvalidRequest> {
    let wire::ReportUsageRequest { node_id, usages } = request;
    let mut faults = Faults::default();
    let node = faults.keep("node_id", read::id(node_id));
    if usages.is_empty() {
        faults.add("usages", InvalidField::Absent);
    } else if usages.len() > WATCHED {
        faults.add("usages", InvalidField::TooMany { count: usages.len(), most: WATCHED });
    }
    let mut read = Vec::new();
    for sent in usages.iter().take(WATCHED) {
        let wire::ResourceUsage { resource, capacity, in_use, queued } = sent;
        let known = Watched::ALL.into_iter().find(|known| known.name() == resource);
        let resource = faults.keep("usages.resource", known.ok_or(InvalidField::Shared));
        for (path, value) in
            [("usages.capacity", *capacity), ("usages.in_use", *in_use), ("usages.queued", *queued)]
        {
            if value > UNITS_MAX {
                let most = UNITS_MAX;
                faults.add(path, InvalidField::OutOfRange { value, least: 0, most });
            }
        }
        let usage = Usage { capacity: *capacity, in_use: *in_use, queued: *queued };
        read.extend(resource.map(|resource| (resource, usage)));
    }
    let built = node.map(|name| Said { node: wall.name(SubjectKind::Node, name), usages: read });
    faults.finish(built)
}

/// What a node is told.
#[must_use]
pub fn contended(resources: &[Watched]) -> wire::ReportUsageResponse {
    let names = resources.iter().map(|resource| resource.name().to_owned());
    wire::ReportUsageResponse { contended_resources: names.collect() }
}
