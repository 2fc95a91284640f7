//! The fingerprints of a fax's pages where the verdict wants them: made here, so that no page leaves the node.

use std::path::Path;

use super::answer::{Answer, Basis};
use super::journal::NodeJournal;
use crate::bounds::{FINGERPRINT_PAGES_MAX, TIFF_BYTES_MAX};
use crate::content::fingerprint::{Fingerprint, FingerprintKey, Maps, Mark};
use crate::content::grant::Grant;
use crate::content::journal::Opening;
use crate::content::sealed::SealedFax;
use crate::fax::id::DecisionId;
use crate::operator::input;
use crate::time::Timestamp;
use crate::verdict::ContentPurpose;
use crate::wire::screening::v1 as wire;

/// Most keys of a wish that are used: of two adjacent epochs.
const KEYS_MAX: usize = 2;

/// What a verdict wants of the pages.
pub(super) struct Wish {
    decision: DecisionId,
    purpose: ContentPurpose,
    generation: u64,
    keys: Vec<FingerprintKey>,
    maps: Maps,
}

impl Wish {
    /// What an answer of the service wants; `None` where it wants nothing, or does not say for what.
    pub(super) fn of(answer: &Answer) -> Option<Self> {
        let served = answer.basis == Basis::Served;
        let wish = answer.verdict.fingerprint.as_ref().filter(|wish| wish.wanted && served)?;
        let purpose = match wish.purpose() {
            wire::ContentPurpose::Deliver => ContentPurpose::Deliver,
            wire::ContentPurpose::Connect => ContentPurpose::Connect,
            wire::ContentPurpose::PreventDisruption => ContentPurpose::PreventDisruption,
            wire::ContentPurpose::Unspecified => return None,
        };
        let key = |key: &wire::FingerprintKey| {
            let secret = key.secret.as_slice().try_into().ok()?;
            Some(FingerprintKey::new(key.epoch, secret))
        };
        let keys: Vec<FingerprintKey> = wish.keys.iter().take(KEYS_MAX).filter_map(key).collect();
        let maps = if wish.ink_map_wanted { Maps::With } else { Maps::Without };
        let decision = DecisionId::parse(&answer.decision_id)?;
        let generation = answer.verdict.policy_generation;
        (!keys.is_empty()).then_some(Self { decision, purpose, generation, keys, maps })
    }

    /// Whether the maps are wanted.
    pub(super) fn wants_maps(&self) -> bool {
        self.maps == Maps::With
    }

    /// The fingerprints of the first pages of a file, without those that have none. Nothing where the look cannot be
    /// written down first, or the file cannot be read.
    pub(super) fn pages(
        &self,
        path: &Path,
        journal: &NodeJournal,
        now: Timestamp,
    ) -> Vec<wire::PageFingerprint> {
        let opening = Opening {
            decision: self.decision,
            purpose: self.purpose,
            actor: "routing node".to_owned(),
            generation: self.generation,
            time: now,
        };
        let Ok(bytes) = input::read(path, TIFF_BYTES_MAX) else { return Vec::new() };
        let sealed = SealedFax::new(self.decision, bytes);
        let Ok(grant) = Grant::request(journal, &opening) else { return Vec::new() };
        let read = sealed.first_fingerprints(grant, &self.keys, self.maps, FINGERPRINT_PAGES_MAX);
        let pages = (1..).zip(read.unwrap_or_default());
        let made = pages.filter_map(|(number, page)| Some((number, page.ok()?.fingerprints.ok()?)));
        made.map(|(number, fingerprints)| to_wire(number, &fingerprints)).collect()
    }
}

/// As the service words it too, of which the node knows the contract and nothing else.
fn to_wire(page_number: u32, fingerprints: &[Fingerprint]) -> wire::PageFingerprint {
    let map = fingerprints.iter().find_map(|fingerprint| fingerprint.map.as_ref());
    wire::PageFingerprint {
        page_number,
        ink_map: map.map_or_else(Vec::new, |map| map.packed().to_vec()),
        fingerprints: fingerprints
            .iter()
            .map(|one| wire::Fingerprint {
                epoch: one.epoch,
                chunk_keys: one.chunks.clone(),
                marks: one.marks.iter().map(mark).collect(),
            })
            .collect(),
    }
}

fn mark(mark: &Mark) -> wire::FingerprintMark {
    let Mark { column, row, bits, weak } = *mark;
    wire::FingerprintMark { column: column.into(), row: row.into(), bits, weak_bits: weak.to_vec() }
}
