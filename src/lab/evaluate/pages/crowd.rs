//! The index as full as a provider's: of the keys that rendered pages have, with clusters of copies among them, asked for
//! pages that it never saw and for further copies.
//!
//! Ten million pages cannot be rendered. So a page of the crowd has the shape of one rendered page, and each of its marks
//! and keys is drawn from another: how often a key is met is as in the rendered ones, and no two pages of the crowd are
//! alike (resampling by parts: Efron, 1979). A key that only one rendered page has would be unlike all others on the next
//! page too, and is made anew.

use std::collections::HashMap;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::matcher::{Fingerprints, Matcher as _};
use super::sample::{Tools, copy_number, on_all_cores};
use super::{CLUSTER, Fault};
use crate::campaign::synthetic::Synthetic;
use crate::campaign::{Campaigns, Limits, Met, Sureness, Usage};
use crate::content::fingerprint::{Fingerprint, Mark};
use crate::lab::evaluate::Scale;
use crate::lab::evaluate::index::{Times, beside, times};
use crate::lab::pages::distort::Distortion;
use crate::lab::pages::interval::Share;
use crate::time::Timestamp;

/// When everything is put in.
const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
/// Sightings of copies are numbered from here, beyond all of the crowd's.
const COPIES_FROM: u64 = 1 << 41;
/// Draws of a mark whose place is taken before it is left out.
const DRAWS_MAX: usize = 8;

/// How much there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    /// Pages rendered to draw from.
    pub(super) rendered: usize,
    /// Pages in the index, copies among them.
    pub(super) indexed: u32,
    /// Pages of which five digital copies are among them, each to somebody else; a further one is looked for.
    pub(super) clusters: usize,
    /// Further pages looked for, and put in beside a search.
    pub(super) queries: usize,
    pub(super) insertions: u64,
}

impl Size {
    pub(super) const fn of(scale: Scale) -> Self {
        match scale {
            Scale::Quick => Self {
                rendered: 198,
                indexed: 50_000,
                clusters: 10,
                queries: 66,
                insertions: 100_000,
            },
            Scale::Full => Self {
                rendered: 20_000,
                indexed: 10_000_000,
                clusters: 1_000,
                queries: 4_000,
                insertions: 100_000,
            },
        }
    }
}

/// What came of it.
pub(super) struct Found {
    pub(super) size: Size,
    /// The exact tier alone, and all tiers with the comparison of maps, for pages that were never seen.
    pub(super) exact: Times,
    pub(super) all: Times,
    /// Of these, the ones that are taken for a page of a cluster of five or more.
    pub(super) touched: Share,
    /// Further copies that are found, and the time that took.
    pub(super) copies: Share,
    pub(super) copy: Times,
    /// Pages a second put in beside a search.
    pub(super) insertions: f64,
    pub(super) usage: Usage,
}

/// Fills an index and asks it.
pub(super) fn measure(matcher: &Fingerprints, size: Size, made: Synthetic) -> Result<Found, Fault> {
    let Size { rendered, clusters, queries, .. } = size;
    let numbers = |from: usize, count: usize| from..from + count;
    let pool = Pool::new(without_maps(printed(matcher, made.seed, numbers(0, rendered))?), made)?;
    let asked = printed(matcher, made.seed, numbers(rendered, queries))?;
    let campaigns = Campaigns::with_limits(Limits::of_pages(size.indexed));
    let crowd = u64::from(size.indexed).saturating_sub((clusters * CLUSTER) as u64);
    (0..crowd / 2).for_each(|number| pool.put(&campaigns, number));
    let copied = numbers(rendered + queries, clusters);
    let further = copies(matcher, &campaigns, made, copied)?;
    (crowd / 2..crowd).for_each(|number| pool.put(&campaigns, number));
    let mut touched = Share::default();
    let exact =
        times(asked.len() as u64, |at| nth(&asked, at), |print| campaigns.look_exact(print, NOW));
    let all = times(
        asked.len() as u64,
        |at| nth(&asked, at),
        |print| {
            let met = campaigns.look(print, NOW);
            touched.count(met.sureness.is_some() && is_of(&met, CLUSTER));
            met
        },
    );
    let mut found = Share::default();
    let copy = times(
        further.len() as u64,
        |at| nth(&further, at),
        |print| {
            let met = campaigns.look(print, NOW);
            found.count(is_found(&met));
            met
        },
    );
    let (insertions, _) = beside(
        crowd..crowd + size.insertions,
        |number| pool.put(&campaigns, number),
        |at| campaigns.look(nth(&asked, at), NOW),
    );
    let usage = campaigns.usage();
    Ok(Found { size, exact, all, touched, copies: found, copy, insertions, usage })
}

/// The page of a number, from the first again behind the last.
fn nth(of: &[Fingerprint], number: u64) -> &Fingerprint {
    let count = (of.len() as u64).max(1);
    &of[usize::try_from(number % count).unwrap_or_default()]
}

/// Whether so many recipients, or more, are known of the cluster that was found.
fn is_of(met: &Met, recipients: usize) -> bool {
    usize::try_from(met.recipients).is_ok_and(|known| known >= recipients)
}

/// A copy is found where its map says so, in a cluster of the others.
fn is_found(met: &Met) -> bool {
    met.sureness == Some(Sureness::Verified) && is_of(met, CLUSTER - 1)
}

/// Fingerprints of made pages, of those that have one.
fn printed(
    matcher: &Fingerprints,
    seed: u64,
    numbers: std::ops::Range<usize>,
) -> Result<Vec<Fingerprint>, Fault> {
    let print =
        |tools: &mut Tools, at| Ok(matcher.print(&tools.press.page(seed, numbers.start + at)));
    let prints = on_all_cores(numbers.len(), print)?;
    Ok(prints.into_iter().flatten().collect())
}

fn without_maps(prints: Vec<Fingerprint>) -> Vec<Fingerprint> {
    prints.into_iter().map(|print| Fingerprint { map: None, ..print }).collect()
}

/// Lets five copies of each page come as faxes do, and gives a further one of each.
fn copies(
    matcher: &Fingerprints,
    campaigns: &Campaigns,
    made: Synthetic,
    numbers: std::ops::Range<usize>,
) -> Result<Vec<Fingerprint>, Fault> {
    let further = on_all_cores(numbers.len(), |tools, at| {
        let number = numbers.start + at;
        let page = tools.press.page(made.seed, number);
        let mut copy = |copy| {
            let number = copy_number(number, copy);
            matcher.print(&tools.spoiler.copy(&page, Distortion::Digital, made.seed, number))
        };
        for sent in 0..CLUSTER {
            let Some(print) = copy(sent) else { continue };
            let number = COPIES_FROM + copy_number(number, sent) as u64;
            campaigns.meet(&made.sighting(number, &[print]), NOW);
        }
        Ok(copy(CLUSTER))
    })?;
    Ok(further.into_iter().flatten().collect())
}

/// Rendered pages, to draw from.
struct Pool {
    prints: Vec<Fingerprint>,
    made: Synthetic,
    /// On how many of them a key of rows is.
    pages_of_key: HashMap<u64, u32>,
}

impl Pool {
    fn new(prints: Vec<Fingerprint>, made: Synthetic) -> Result<Self, Fault> {
        if prints.iter().all(|print| print.marks.is_empty()) {
            return Err("no rendered page has a mark".into());
        }
        let mut pages_of_key = HashMap::new();
        for key in prints.iter().flat_map(|print| &print.chunks) {
            *pages_of_key.entry(*key).or_default() += 1;
        }
        Ok(Self { prints, made, pages_of_key })
    }

    fn drawn<'p>(&'p self, rng: &mut StdRng) -> &'p Fingerprint {
        &self.prints[rng.random_range(0..self.prints.len())]
    }

    /// A mark of any page, at a place that none of these has.
    fn mark(&self, rng: &mut StdRng, marks: &[Mark]) -> Option<Mark> {
        let place = |mark: &Mark| (mark.column, mark.row);
        (0..DRAWS_MAX).find_map(|_| {
            let from = &self.drawn(rng).marks;
            let mark = from.get(rng.random_range(0..from.len().max(1)))?;
            marks.iter().all(|other| place(other) != place(mark)).then_some(*mark)
        })
    }

    /// A key of any page, or one of its own.
    fn key(&self, rng: &mut StdRng) -> Option<u64> {
        let from = &self.drawn(rng).chunks;
        let key = from.get(rng.random_range(0..from.len().max(1)))?;
        let common = self.pages_of_key.get(key).is_some_and(|pages| *pages > 1);
        Some(if common { *key } else { rng.random::<u64>() | 1 })
    }

    /// The page of a number.
    fn page(&self, number: u64) -> Fingerprint {
        let mut rng = StdRng::seed_from_u64(self.made.seed ^ number.rotate_left(32));
        let shape = self.drawn(&mut rng);
        let mut marks: Vec<Mark> = Vec::with_capacity(shape.marks.len());
        for _ in 0..shape.marks.len() {
            marks.extend(self.mark(&mut rng, &marks));
        }
        let mut chunks: Vec<u64> =
            (0..shape.chunks.len()).filter_map(|_| self.key(&mut rng)).collect();
        chunks.sort_unstable();
        chunks.dedup();
        Fingerprint { epoch: shape.epoch, chunks, marks, map: None }
    }

    fn put(&self, campaigns: &Campaigns, number: u64) {
        let prints = [self.page(number)];
        // A page without marks is blank, and is not put in; all else is sound.
        let _ = campaigns.insert(&self.made.sighting(number, &prints), NOW);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowd_is_sound_and_copies_are_found_in_it() {
        let made = Synthetic { seed: 3, common_milli: 0 };
        let size = Size { rendered: 20, indexed: 2_000, clusters: 2, queries: 2, insertions: 100 };
        let found = measure(&Fingerprints::default(), size, made).unwrap();
        assert!(found.usage.pages > 1_900, "{:?}", found.usage);
        assert_eq!((found.copies.hits, found.copies.of), (2, 2));
        assert_eq!(found.touched.hits, 0);
    }

    #[test]
    fn pages_of_a_crowd_have_keys_of_the_rendered_and_no_two_places_alike() {
        let made = Synthetic { seed: 4, common_milli: 0 };
        let prints = printed(&Fingerprints::default(), 4, 0..12).unwrap();
        let pool = Pool::new(without_maps(prints), made).unwrap();
        let bits =
            |print: &Fingerprint| print.marks.iter().map(|mark| mark.bits).collect::<Vec<_>>();
        let all: Vec<u64> = pool.prints.iter().flat_map(bits).collect();
        for number in 0..200 {
            let page = pool.page(number);
            page.check().unwrap();
            assert!(bits(&page).iter().all(|bits| all.contains(bits)));
            assert_eq!(bits(&page), bits(&pool.page(number)));
        }
    }
}
