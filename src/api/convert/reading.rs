//! A fax from the wire, under seal as soon as it is there, and what was made of it.

use super::fault::{Faults, InvalidField, InvalidRequest};
use super::read;
use super::wall::Wall;
use crate::bounds::READ_FAX_BYTES_MAX;
use crate::content::fingerprint::Mark;
use crate::content::sealed::SealedFax;
use crate::fax::id::DecisionId;
use crate::screening::SeenPage;
use crate::wire::screening::v1 as wire;

/// Reads a request: its file is under seal whatever else is wrong with it, and so is wiped.
///
/// # Errors
/// [`InvalidRequest`] with every field at fault.
pub fn asked(
    request: wire::FingerprintFaxRequest,
    wall: &Wall<'_>,
) -> Result<SealedFax, InvalidRequest> {
    let wire::FingerprintFaxRequest { node_id, fax_id, tiff } = request;
    let (bytes, most) = (tiff.len(), READ_FAX_BYTES_MAX);
    let mut faults = Faults::default();
    let node = faults.keep("node_id", read::id(&node_id));
    let fax = faults.keep("fax_id", read::id(&fax_id));
    let decision = node.zip(fax).map(|(node, fax)| wall.keys.decision_id(node, fax));
    let sealed = SealedFax::new(decision.unwrap_or(DecisionId([0; 16])), tiff);
    match bytes {
        0 => faults.add("tiff", InvalidField::Absent),
        _ if bytes > most => faults.add("tiff", InvalidField::TooManyBytes { bytes, most }),
        _ => {}
    }
    faults.finish(decision.map(|_| sealed))
}

/// The fingerprints of pages, as a node brings them.
#[must_use]
pub fn response(pages: &[SeenPage]) -> wire::FingerprintFaxResponse {
    wire::FingerprintFaxResponse { fingerprints: pages.iter().map(page).collect() }
}

fn page(page: &SeenPage) -> wire::PageFingerprint {
    let SeenPage { number, fingerprints } = page;
    let map = fingerprints.iter().find_map(|fingerprint| fingerprint.map.as_ref());
    wire::PageFingerprint {
        page_number: *number,
        fingerprints: fingerprints
            .iter()
            .map(|one| wire::Fingerprint {
                epoch: one.epoch,
                chunk_keys: one.chunks.clone(),
                marks: one.marks.iter().map(mark).collect(),
            })
            .collect(),
        ink_map: map.map_or_else(Vec::new, |map| map.packed().to_vec()),
    }
}

fn mark(mark: &Mark) -> wire::FingerprintMark {
    let Mark { column, row, bits, weak } = *mark;
    wire::FingerprintMark { column: column.into(), row: row.into(), bits, weak_bits: weak.to_vec() }
}

#[cfg(test)]
mod tests {
    use super::super::wall::tests::with_wall;
    use super::*;

    fn told(request: wire::FingerprintFaxRequest) -> Result<DecisionId, String> {
        let read = with_wall(|wall| asked(request, wall));
        read.map(|sealed| sealed.decision()).map_err(|faults| faults.to_string())
    }

    #[test]
    fn a_fax_is_of_the_decision_of_its_node_and_name() {
        let sent = |bytes: usize| wire::FingerprintFaxRequest {
            node_id: "gw-1".into(),
            fax_id: "call-1".into(),
            tiff: vec![7; bytes],
        };
        let decision = with_wall(|wall| wall.keys.decision_id("gw-1", "call-1"));
        assert_eq!(told(sent(1)), Ok(decision));
        assert_eq!(told(sent(READ_FAX_BYTES_MAX)), Ok(decision));
        let large = told(sent(READ_FAX_BYTES_MAX + 1)).unwrap_err();
        assert_eq!(large, "`tiff`: field has 3145729 bytes (at most 3145728)");
        let empty = told(wire::FingerprintFaxRequest::default()).unwrap_err();
        assert_eq!(empty.matches("field is required").count(), 3, "{empty}");
    }
}
