//! Names in a row stand as 32-bit digests of themselves, so that catalogs may be reordered and a row stays small.

use crate::verdict::{QUOTA_RULES, SHARE_RULES, name_digest};

/// Every rule a verdict can name, but for those of quotas and shares.
const RULES: [&str; 22] = [
    "threshold.none",
    "threshold.tag",
    "threshold.quarantine",
    "threshold.defer",
    "threshold.refuse",
    "threshold.bound",
    "threshold.hold",
    "trap.unassigned",
    "list.allow",
    "list.block",
    "list.opt_out",
    "budget.spent",
    "hours.quiet",
    "held.waiting",
    "held.rejected",
    "measure.block",
    "measure.hold",
    "measure.suspend",
    "measure.close",
    "ledger.behind",
    "scorer.failed",
    "unknown",
];

const FIXED: [&str; 2] = ["prior", "calibration"];

/// Names by digest: rules, fixed lines, and whatever catalogs and policies add.
#[derive(Clone, Debug)]
pub struct Names {
    by_digest: Vec<(u32, &'static str)>,
}

impl Names {
    /// The rules and fixed lines, and these.
    ///
    /// # Panics
    /// When two names share a digest, which a test of the catalog rules out.
    pub fn with(more: impl IntoIterator<Item = &'static str>) -> Self {
        let mut names: Vec<_> = RULES
            .into_iter()
            .chain(QUOTA_RULES.into_iter().flatten())
            .chain(SHARE_RULES)
            .chain(FIXED)
            .chain(more)
            .map(|name| (name_digest(name), name))
            .collect();
        names.sort_unstable();
        names.dedup();
        assert!(names.windows(2).all(|pair| pair[0].0 != pair[1].0), "two names share a digest");
        Self { by_digest: names }
    }

    /// These and those of before: an answer given under the last policy may name what this one does not.
    #[must_use]
    pub fn and(&self, before: &Self) -> Self {
        Self::with(self.by_digest.iter().chain(&before.by_digest).map(|(_, name)| *name))
    }

    /// The name with that digest; one that is no longer known is `unknown`.
    pub fn name(&self, digest: u32) -> &'static str {
        match self.by_digest.binary_search_by_key(&digest, |(known, _)| *known) {
            Ok(place) => self.by_digest[place].1,
            Err(_) => "unknown",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_and_strangers_are_unknown() {
        let names = Names::with(["sweep.trap", "identity.own_number"]);
        for name in ["sweep.trap", "prior", "threshold.tag"] {
            assert_eq!(names.name(name_digest(name)), name);
        }
        assert_eq!(names.name(name_digest("gone")), "unknown");
    }
}
