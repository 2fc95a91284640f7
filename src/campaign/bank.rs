//! Known forms: pages that are no campaign however many get them, consulted before anything else.
//!
//! Fingerprints are keyed by a secret that changes. A known form passes from one secret to the next with the first page
//! of it that carries the fingerprints of both; one that nobody sends while both count is forgotten, and has to be
//! learned or named anew.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::cluster::Representative;
use super::facts::Facts;
use super::index::{Candidate, exact, near};
use super::ring::{Page, Ring};
use super::sighting::Tie;
use super::votes::between;
use crate::content::fingerprint::{Fingerprint, InkMap, Likeness, likeness};
use crate::fax::stage::Direction;

/// Candidates that are looked at more closely.
const LOOKS_MAX: usize = 4;

/// A known form, numbered from 1 and never again the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FormId(pub u32);

/// A known form.
#[derive(Clone)]
pub(super) struct Form {
    pub(super) representative: Arc<Representative>,
    /// Who named it; empty where it was learned.
    pub(super) author: String,
    pub(super) reason: String,
    /// Seconds since 1970.
    pub(super) since: u32,
    pub(super) last: u32,
    pub(super) pages: u32,
}

/// The known forms.
pub(super) struct Bank {
    ring: Ring,
    forms: Mutex<Forms>,
    most: usize,
}

#[derive(Default)]
struct Forms {
    of_number: HashMap<u32, Form>,
    last_number: u32,
    /// Forms that changed since that was asked.
    changed: Vec<u32>,
}

/// A page is a known form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) form: FormId,
    /// Its map would tell for sure.
    pub(super) map_wanted: bool,
}

impl Bank {
    /// A bank of at most so many forms.
    pub(super) fn with_forms(most: u32) -> Self {
        // Twice as many pages: a form that is renewed leaves its older self behind.
        let ring = Ring::with_capacity(most.saturating_mul(2).max(2));
        Self { ring, forms: Mutex::default(), most: most as usize }
    }

    pub(super) fn bytes(&self) -> usize {
        let forms = self.forms.lock();
        let forms = forms.of_number.values().map(|form| form.representative.bytes());
        self.ring.bytes() + forms.sum::<usize>()
    }

    /// Looks for a page among the forms. What carries two fingerprints renews the form's.
    pub(super) fn consult(
        &self,
        fingerprints: &[Fingerprint],
        map: Option<&InkMap>,
        second: u32,
    ) -> Option<Known> {
        if self.ring.len() == 0 {
            return None;
        }
        let (known, number) = fingerprints.iter().find_map(|fingerprint| {
            let shared = exact(&self.ring, fingerprint);
            let found = shared.found(&self.ring);
            let first = self.judge(fingerprint, map, &found.candidates);
            first.or_else(|| {
                let found = near(&self.ring, fingerprint, &shared);
                self.judge(fingerprint, map, &found.candidates)
            })
        })?;
        let newest = fingerprints.iter().max_by_key(|fingerprint| fingerprint.epoch)?;
        self.note(number, newest, second);
        Some(known)
    }

    fn judge(
        &self,
        page: &Fingerprint,
        map: Option<&InkMap>,
        candidates: &[Candidate],
    ) -> Option<(Known, u32)> {
        candidates.iter().take(LOOKS_MAX).find_map(|candidate| {
            let (_, number) = candidate.known(&self.ring, page.epoch)?;
            let form = self.forms.lock().of_number.get(&number)?.representative.clone();
            let evidence = between(page, &form.fingerprint);
            let known = |map_wanted| Some((Known { form: FormId(number), map_wanted }, number));
            match (form.map(), map) {
                (Some(older), Some(newer)) => {
                    let same = likeness(older, newer, evidence.offset) == Likeness::Same;
                    if same { known(false) } else { None }
                }
                (older, _) if evidence.is_likely() => known(older.is_some()),
                _ => None,
            }
        })
    }

    fn note(&self, number: u32, newest: &Fingerprint, second: u32) {
        let mut forms = self.forms.lock();
        let Some(form) = forms.of_number.get_mut(&number) else { return };
        form.pages = form.pages.saturating_add(1);
        form.last = form.last.max(second);
        if form.representative.fingerprint.epoch < newest.epoch {
            let renewed = Representative::of(newest, form.representative.map());
            form.representative = Arc::new(renewed);
            self.index(number, form);
            forms.changed.push(number);
        }
    }

    fn index(&self, number: u32, form: &Form) {
        let fingerprint = &form.representative.fingerprint;
        let facts = nobody(fingerprint.epoch, form.last);
        let fingerprint = Some(fingerprint);
        self.ring.insert(&Page { facts, fingerprint, decision: None, cluster: number });
    }

    /// Takes a form in; where the bank is full, in place of the one not seen for longest.
    pub(super) fn add(&self, form: Form) -> FormId {
        let mut forms = self.forms.lock();
        if forms.of_number.len() >= self.most.max(1) {
            let oldest = forms.of_number.iter().min_by_key(|(number, form)| (form.last, **number));
            if let Some(oldest) = oldest.map(|(number, _)| *number) {
                forms.of_number.remove(&oldest);
                forms.changed.push(oldest);
            }
        }
        let number = forms.last_number.saturating_add(1);
        forms.last_number = number;
        self.index(number, &form);
        forms.of_number.insert(number, form);
        forms.changed.push(number);
        FormId(number)
    }

    /// Puts a form in that was kept elsewhere; false where its number is taken or the bank is full.
    pub(super) fn restore(&self, id: FormId, form: Form) -> bool {
        let mut forms = self.forms.lock();
        let free = !forms.of_number.contains_key(&id.0) && forms.of_number.len() < self.most;
        if id.0 == 0 || !free {
            return false;
        }
        forms.last_number = forms.last_number.max(id.0);
        self.index(id.0, &form);
        forms.of_number.insert(id.0, form);
        true
    }

    /// Takes a form out; false where there is none of that number.
    pub(super) fn remove(&self, id: FormId) -> bool {
        let mut forms = self.forms.lock();
        let gone = forms.of_number.remove(&id.0).is_some();
        if gone {
            forms.changed.push(id.0);
        }
        gone
    }

    /// A form.
    pub(super) fn get(&self, id: FormId) -> Option<Form> {
        self.forms.lock().of_number.get(&id.0).cloned()
    }

    /// All forms, by number.
    pub(super) fn list(&self) -> Vec<(FormId, Form)> {
        let forms = self.forms.lock();
        let mut list: Vec<_> =
            forms.of_number.iter().map(|(number, form)| (FormId(*number), form.clone())).collect();
        list.sort_unstable_by_key(|(id, _)| *id);
        list
    }

    /// Up to `most` forms that changed or went since that was asked.
    pub(super) fn take_changed(&self, most: usize) -> Vec<FormId> {
        let mut forms = self.forms.lock();
        forms.changed.sort_unstable();
        forms.changed.dedup();
        let most = most.min(forms.changed.len());
        forms.changed.drain(..most).map(FormId).collect()
    }
}

/// What stands with a page that is a representative and nobody's fax.
pub(super) const fn nobody(epoch: u32, second: u32) -> Facts {
    Facts {
        recipient: 0,
        sender: 0,
        ident: 0,
        block: 0,
        trunk: 0,
        node: 0,
        second,
        epoch,
        page: 0,
        tie: Tie::Stranger,
        direction: Direction::Inbound,
        verified: true,
        reports: [0; 2],
    }
}
