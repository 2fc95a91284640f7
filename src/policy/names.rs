//! Names from policy files that verdicts carry for the life of the process. A hit names its composite by a
//! `&'static str`, since it is made on the hot path; each different name is therefore kept once and for good.

use std::collections::BTreeSet;

use parking_lot::Mutex;

/// Most different names in the life of a process; beyond it a policy with a new one is refused.
const NAMES_MAX: usize = 4_096;

static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());

/// The kept name, or nothing where there are too many. The caller bounds the length of the name.
pub(super) fn keep(name: &str) -> Option<&'static str> {
    let mut names = NAMES.lock();
    if let Some(kept) = names.get(name) {
        return Some(kept);
    }
    if names.len() >= NAMES_MAX {
        return None;
    }
    let kept: &'static str = Box::leak(Box::from(name));
    names.insert(kept);
    Some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_kept_once() {
        let first = keep("names-test").unwrap();
        let second = keep(&["names", "test"].join("-")).unwrap();
        assert!(std::ptr::eq(first, second));
    }
}
