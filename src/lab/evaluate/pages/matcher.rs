//! Whoever tells copies from other pages, as the measurement sees it; and the least of them, for a comparison.

use std::hash::{Hash as _, Hasher as _};

use crate::content::fingerprint::{
    AGREEMENT_MIN, DIFFERING_MAX, Fingerprint, FingerprintKey, InkMap, KEY_BYTES, Likeness, Maps,
    Offset, agreement, compare, likeness, offset,
};
use crate::content::grant::Grant;
use crate::content::journal::{Journal, JournalFault, Opening};
use crate::content::sealed::SealedFax;
use crate::fax::id::DecisionId;
use crate::lab::pages::bitmap::Bitmap;
use crate::lab::pages::write::{Form, tiff};
use crate::time::Timestamp;
use crate::verdict::ContentPurpose;

/// Tells copies of a page from other pages.
pub trait Matcher: Sync {
    /// What is kept of a page.
    type Print: Send + Sync;

    /// What it is called in the table.
    fn name(&self) -> &'static str;

    /// What is kept of this page; nothing of one that says too little to be known again.
    fn print(&self, page: &Bitmap) -> Option<Self::Print>;

    /// How far apart two pages are, from 0 on; nothing where nothing speaks for their being one. Asked for millions of
    /// pairs: say so early.
    fn distance(&self, one: &Self::Print, two: &Self::Print) -> Option<f64>;

    /// Up to which distance two pages are the same; where absent it is chosen on the even half.
    fn threshold(&self) -> Option<f64> {
        None
    }

    /// Of a cluster's five members, how many a page must be the same as to join it.
    fn needed(&self) -> usize {
        2
    }

    /// Whether a page joins a cluster of those members, of which some may have no print; nothing where it does as
    /// [`Matcher::needed`] of the distances say.
    fn joins(&self, _page: &Self::Print, _members: &[Option<&Self::Print>]) -> Option<bool> {
        None
    }

    /// In the table: how a page is held against a cluster.
    fn rule(&self) -> String {
        format!("same as {} of", self.needed())
    }

    /// Reads every page of a TIFF file, whole print included, and gives how many there were; nothing where this reads no
    /// files. What the time of reading is taken by.
    fn read(&self, _file: &[u8]) -> Option<usize> {
        None
    }
}

/// Fewest marks that must agree on how two pages lie to each other, where they have no stretch of rows in common.
const VOTES_MIN: usize = 2;

/// The product's own: each page is written as a fax server does, read through the gate, and two pages are the same where
/// they would be found by each other and their maps say so.
pub struct Fingerprints {
    key: [FingerprintKey; 1],
}

impl Default for Fingerprints {
    fn default() -> Self {
        Self { key: [FingerprintKey::new(1, [7; KEY_BYTES])] }
    }
}

/// Pages of our own making, or of who gave us their folder, are looked at without a journal.
struct NoJournal;

impl Journal for NoJournal {
    fn write(&self, _: &Opening) -> Result<(), JournalFault> {
        Ok(())
    }
}

impl Fingerprints {
    /// The fingerprint of each page of a file, nothing for one without; `None` where the file cannot be read.
    fn of_file(&self, file: &[u8]) -> Option<Vec<Option<Fingerprint>>> {
        let decision = DecisionId([0; 16]);
        let opening = Opening {
            decision,
            purpose: ContentPurpose::PreventDisruption,
            actor: "evaluate".to_owned(),
            generation: 0,
            time: Timestamp::from_seconds(0),
        };
        let grant = Grant::request(&NoJournal, &opening).ok()?;
        let fax = SealedFax::new(decision, file.to_vec());
        let pages = fax.fingerprints(grant, &self.key, Maps::With).ok()?;
        let first = |reading: Vec<Fingerprint>| reading.into_iter().next();
        let of_page = pages.into_iter().map(|page| page.ok()?.fingerprints.ok().and_then(first));
        Some(of_page.collect())
    }
}

/// How the second page lies to the first, and how many marks say so; nothing where the one is not found by the other.
fn found(one: &Fingerprint, two: &Fingerprint) -> Option<(Offset, usize)> {
    let met = one.met_by(two) >= VOTES_MIN;
    let shared = || one.chunks.iter().any(|chunk| two.chunks.contains(chunk));
    if met || shared() { offset(&one.marks, &two.marks) } else { None }
}

impl Matcher for Fingerprints {
    type Print = Fingerprint;

    fn name(&self) -> &'static str {
        "fingerprint"
    }

    fn print(&self, page: &Bitmap) -> Option<Fingerprint> {
        self.of_file(&tiff(&[page], Form::PLAIN))?.into_iter().next()?
    }

    fn distance(&self, one: &Fingerprint, two: &Fingerprint) -> Option<f64> {
        let (hint, _) = found(one, two)?;
        let comparison = compare(one.map.as_ref()?, two.map.as_ref()?, hint);
        let one_form = comparison.likeness() != Likeness::Different;
        (one_form && comparison.says_the_same()).then(|| comparison.differing.into())
    }

    fn threshold(&self) -> Option<f64> {
        Some(f64::from(DIFFERING_MAX - 1))
    }

    fn needed(&self) -> usize {
        1
    }

    fn rule(&self) -> String {
        "held against all of".to_owned()
    }

    /// As the service does: by what three maps or more agree on, and else where it is the same as one of them.
    fn joins(&self, page: &Fingerprint, members: &[Option<&Fingerprint>]) -> Option<bool> {
        let map = page.map.as_ref()?;
        let members: Vec<&Fingerprint> = members.iter().copied().flatten().collect();
        let found: Vec<_> = members.iter().map(|member| found(page, member)).collect();
        // Who is found by none of the members looks at none; by one, and the others lie as it does where marks do not say.
        let Some((lead, _)) = found.iter().copied().flatten().max_by_key(|(_, votes)| *votes)
        else {
            return Some(false);
        };
        let hints = found.iter().map(|found| found.map_or(lead, |(hint, _)| hint));
        let maps: Vec<(&InkMap, Offset)> = members
            .iter()
            .zip(hints)
            .filter_map(|(one, hint)| Some((one.map.as_ref()?, hint)))
            .collect();
        if maps.len() < AGREEMENT_MIN {
            let same =
                |(one, hint): &(&InkMap, Offset)| likeness(map, one, *hint) == Likeness::Same;
            return Some(maps.iter().any(same));
        }
        Some(agreement(map, &maps).likeness() == Likeness::Same)
    }

    fn read(&self, file: &[u8]) -> Option<usize> {
        self.of_file(file).map(|pages| pages.len())
    }
}

/// Calls those pages the same whose rows are, dot by dot: what a checksum of the page does.
pub struct Identical;

/// Most of a page that [`Identical`] calls empty, as a share of ink; and least of one it calls full.
const EMPTY: [f64; 2] = [0.002, 0.95];

impl Matcher for Identical {
    type Print = u64;

    fn name(&self) -> &'static str {
        "identical rows"
    }

    fn print(&self, page: &Bitmap) -> Option<u64> {
        let share = page.ink_share();
        let mut hasher = std::hash::DefaultHasher::new();
        let mut changes = Vec::new();
        for y in 0..page.rows() {
            page.changes(y, &mut changes);
            changes.hash(&mut hasher);
        }
        (share > EMPTY[0] && share < EMPTY[1]).then(|| hasher.finish())
    }

    fn distance(&self, one: &u64, two: &u64) -> Option<f64> {
        (one == two).then_some(0.0)
    }
}
