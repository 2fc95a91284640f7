//! The measurement: every page printed and copied, every pair compared, the threshold chosen on the even half and all else
//! counted on the odd.

use std::path::Path;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::matcher::Matcher;
use super::sample::{Sample, Tools, copy_number, on_all_cores};
use super::{CLUSTER, CLUSTERED, Fault};
use crate::lab::evaluate::screening::engine::now;
use crate::lab::pages::distort::Distortion;
use crate::lab::pages::interval::{Share, bootstrap_pairs};
use crate::lab::pages::read::files;

/// Template pairs of the even half that the chosen threshold may call the same: half of the bar.
const TEMPLATE_SHARE: f64 = 0.001;
/// The chosen threshold lies so much below the first distance that is too many.
const MARGIN: f64 = 0.9;
/// Clusters drawn for each filling of a template.
const CLUSTER_DRAWS: usize = 50;
/// Rounds of the bootstrap.
const ROUNDS: usize = 1_000;
/// Rounds that reading is timed in; the fastest counts, for whatever else ran only slows it.
const TIMED_ROUNDS: usize = 5;
/// Templates whose fillings are compared for the time of it.
const TIMED_TEMPLATES: usize = 3;

/// Distances of one page's copies of one kind.
struct Copies {
    what: Distortion,
    /// From the page itself.
    to_page: Option<f64>,
    /// How it stands to a cluster of five others, where they were made.
    to_cluster: Option<ToCluster>,
}

/// How a page stands to the members of a cluster.
enum ToCluster {
    /// From each of them.
    Distances(Vec<Option<f64>>),
    /// Whether it joins.
    Judged(bool),
}

impl ToCluster {
    fn of<M: Matcher>(matcher: &M, page: Option<&M::Print>, members: &[Option<&M::Print>]) -> Self {
        let Some(page) = page else { return Self::Judged(false) };
        match matcher.joins(page, members) {
            Some(joins) => Self::Judged(joins),
            None => Self::Distances(
                members.iter().map(|member| matcher.distance(page, (*member)?)).collect(),
            ),
        }
    }

    /// Whether so many of the members are the same page.
    fn joins(&self, matcher: &impl Matcher, most: f64) -> bool {
        match self {
            Self::Judged(joins) => *joins,
            Self::Distances(members) => {
                let same = |distance: &&Option<f64>| distance.is_some_and(|it| it <= most);
                members.iter().filter(same).count() >= matcher.needed()
            }
        }
    }
}

/// A page and how far its copies are.
struct Page<P> {
    print: Option<P>,
    copies: Vec<Copies>,
}

/// A template's fillings among each other.
struct Template {
    /// Distances of every two clean fillings and of every clean one to every copied one.
    pairs: Vec<Option<f64>>,
    /// For each clean filling, how it stands to five digital copies of others, drawn at random.
    to_clusters: Vec<Vec<ToCluster>>,
}

/// What was found.
pub(super) struct Found {
    /// Up to which distance pages count as the same, and what would have been chosen.
    pub(super) threshold: f64,
    pub(super) chosen: f64,
    /// For each distortion: copies found, and the pages of those that were not.
    pub(super) found: Vec<(Distortion, Share, Vec<usize>)>,
    /// For each that is asked in clusters: copies that join the cluster of five others.
    pub(super) joined: Vec<(Distortion, Share)>,
    /// Pairs of different pages called the same, their interval, and a few of them by number.
    pub(super) unrelated: Share,
    pub(super) unrelated_interval: [f64; 2],
    pub(super) unrelated_pairs: Vec<(usize, usize)>,
    /// Pairs called the same that are versions of one page, and not counted.
    pub(super) versions: u64,
    /// Pairs of fillings called the same; fillings that join five others.
    pub(super) template_pairs: Share,
    pub(super) template_clusters: Share,
    /// Pages without a print, and empty ones with one.
    pub(super) without: Share,
    pub(super) empty_with_key: Vec<&'static str>,
}

/// Measures.
pub(super) fn measure<M: Matcher>(matcher: &M, sample: &Sample) -> Result<Found, Fault> {
    let pages = on_all_cores(sample.size.pages, |tools, at| page(matcher, sample, tools, at))?;
    let templates =
        on_all_cores(sample.size.templates, |tools, at| template(matcher, sample, tools, at))?;
    let [even, odd] = [0, 1].map(|half| halved(pages.len(), half));
    let chosen = {
        let mut apart = distances(matcher, &pages, &even, f64::INFINITY)?;
        apart.sort_by(|one, two| one.2.total_cmp(&two.2));
        let mut tools = Tools::new()?;
        let mut first = None;
        for (one, two, distance) in apart {
            if !sample.are_versions(&mut tools, [one, two])? {
                first = Some(distance);
                break;
            }
        }
        choose(first, &pages, &templates)
    };
    let threshold = matcher.threshold().unwrap_or(chosen);
    let hits = distances(matcher, &pages, &odd, threshold)?;
    let are_versions =
        on_all_cores(hits.len(), |tools, at| sample.are_versions(tools, [hits[at].0, hits[at].1]))?;
    let different = hits.iter().zip(&are_versions).filter(|(_, are_versions)| !**are_versions);
    let pairs: Vec<(usize, usize)> = different.map(|((one, two, _), _)| (*one, *two)).collect();
    let versions = (hits.len() - pairs.len()) as u64;
    let printed = odd.iter().filter(|at| pages[**at].print.is_some()).count() as u64;
    let all = (printed * printed.saturating_sub(1) / 2).saturating_sub(versions);
    let unrelated = Share { hits: pairs.len() as u64, of: all };
    let places: Vec<(usize, usize)> = pairs.iter().map(|(one, two)| (one / 2, two / 2)).collect();
    let [template_pairs, template_clusters] = forms(matcher, &templates, threshold);
    let mut without = Share::default();
    for page in &pages {
        without.count(page.print.is_none());
    }
    let empty = Tools::new()?.press.empty(sample.seed);
    let keyed = empty.iter().filter(|(_, page)| matcher.print(page).is_some());
    let empty_with_key = keyed.map(|(name, _)| *name).collect();
    Ok(Found {
        threshold,
        chosen,
        found: found(&pages, threshold),
        joined: joined(matcher, &pages, threshold),
        unrelated,
        unrelated_interval: bootstrap_pairs(odd.len(), &places, ROUNDS, sample.seed),
        unrelated_pairs: pairs,
        versions,
        template_pairs,
        template_clusters,
        without,
        empty_with_key,
    })
}

/// The numbers of a half.
fn halved(pages: usize, half: usize) -> Vec<usize> {
    (half..pages).step_by(2).collect()
}

/// Prints a page, and makes and prints its copies: of all kinds in the odd half, the digital in the even.
fn page<M: Matcher>(
    matcher: &M,
    sample: &Sample,
    tools: &mut Tools,
    at: usize,
) -> Result<Page<M::Print>, Fault> {
    let page = sample.page(tools, at)?;
    let print = matcher.print(&page);
    let odd = at % 2 == 1;
    let mut copies = Vec::new();
    let Some(own) = print.as_ref().filter(|_| at / 2 < sample.size.copied) else {
        return Ok(Page { print, copies });
    };
    let kinds = Distortion::ALL.into_iter().filter(|what| odd || *what == Distortion::Digital);
    for what in kinds {
        let mut copy = |number| {
            let number = copy_number(at, number);
            matcher.print(&tools.spoiler.copy(&page, what, sample.seed, number))
        };
        let first = copy(0);
        let to_page = first.as_ref().and_then(|first| matcher.distance(own, first));
        let clustered = odd && CLUSTERED.contains(&what) && at / 2 < sample.size.clustered;
        let to_cluster = clustered.then(|| {
            let others: Vec<Option<M::Print>> = (1..=CLUSTER).map(&mut copy).collect();
            let members: Vec<Option<&M::Print>> = others.iter().map(Option::as_ref).collect();
            ToCluster::of(matcher, first.as_ref(), &members)
        });
        copies.push(Copies { what, to_page, to_cluster });
    }
    Ok(Page { print, copies })
}

/// Prints of every filling of a template, and of a digital copy of each.
fn fillings<M: Matcher>(
    matcher: &M,
    sample: &Sample,
    tools: &mut Tools,
    template: usize,
) -> Result<[Vec<Option<M::Print>>; 2], Fault> {
    let (mut clean, mut copied) = (Vec::new(), Vec::new());
    for fill in 0..sample.fills(template) {
        let form = sample.form(tools, template, fill)?;
        let number = copy_number(template * 64 + fill, 0);
        let copy = tools.spoiler.copy(&form, Distortion::Digital, sample.seed, number);
        clean.push(matcher.print(&form));
        copied.push(matcher.print(&copy));
    }
    Ok([clean, copied])
}

/// How the fillings of a template stand to each other.
fn template<M: Matcher>(
    matcher: &M,
    sample: &Sample,
    tools: &mut Tools,
    template: usize,
) -> Result<Template, Fault> {
    let [clean, copied] = fillings(matcher, sample, tools, template)?;
    let apart = |one: &Option<M::Print>, two: &Option<M::Print>| {
        one.as_ref().zip(two.as_ref()).and_then(|(one, two)| matcher.distance(one, two))
    };
    let mut pairs = Vec::new();
    for one in 0..clean.len() {
        for two in (0..clean.len()).filter(|two| *two != one) {
            if one < two {
                pairs.push(apart(&clean[one], &clean[two]));
            }
            pairs.push(apart(&clean[one], &copied[two]));
        }
    }
    let to_clusters = if template % 2 == 1 {
        drawn(matcher, sample, template, [&clean, &copied])
    } else {
        Vec::new()
    };
    Ok(Template { pairs, to_clusters })
}

/// How each clean filling of a template stands to clusters of five copies of others, drawn at random.
fn drawn<M: Matcher>(
    matcher: &M,
    sample: &Sample,
    template: usize,
    [clean, copied]: [&[Option<M::Print>]; 2],
) -> Vec<Vec<ToCluster>> {
    let mut rng = StdRng::seed_from_u64(sample.seed + template as u64);
    let of_filling = |filling: usize| {
        let mut others: Vec<usize> = (0..copied.len()).filter(|other| *other != filling).collect();
        let draws = if others.len() < CLUSTER { 0 } else { CLUSTER_DRAWS };
        let draw = |_| {
            for place in 0..CLUSTER {
                let drawn = rng.random_range(place..others.len());
                others.swap(place, drawn);
            }
            let members: Vec<_> = others[..CLUSTER].iter().map(|at| copied[*at].as_ref()).collect();
            ToCluster::of(matcher, clean[filling].as_ref(), &members)
        };
        (0..draws).map(draw).collect()
    };
    (0..clean.len()).map(of_filling).collect()
}

/// Every two of those pages that are at most so far apart.
fn distances<M: Matcher>(
    matcher: &M,
    pages: &[Page<M::Print>],
    half: &[usize],
    most: f64,
) -> Result<Vec<(usize, usize, f64)>, Fault> {
    let rows = on_all_cores(half.len(), |_, at| {
        let Some(print) = &pages[half[at]].print else { return Ok(Vec::new()) };
        let near = half[at + 1..].iter().filter_map(|other| {
            let distance = matcher.distance(print, pages[*other].print.as_ref()?)?;
            (distance <= most).then_some((half[at], *other, distance))
        });
        Ok(near.collect())
    })?;
    Ok(rows.into_iter().flatten().collect())
}

/// The threshold by the even half: below the first distance at which a pair of different pages, or more pairs of fillings
/// than [`TEMPLATE_SHARE`], would be the same; where there is none, the farthest copy.
fn choose<P>(apart: Option<f64>, pages: &[Page<P>], templates: &[Template]) -> f64 {
    let mut fills: Vec<f64> = Vec::new();
    let mut all = 0;
    for template in templates.iter().step_by(2) {
        all += template.pairs.len();
        fills.extend(template.pairs.iter().flatten());
    }
    fills.sort_by(f64::total_cmp);
    let allowed = crate::lab::pages::bitmap::whole(all as f64 * TEMPLATE_SHARE);
    let first = [apart, fills.get(allowed).copied()].into_iter().flatten();
    let limit = first.fold(f64::INFINITY, f64::min);
    if limit.is_finite() {
        return limit * MARGIN;
    }
    let copies = pages.iter().step_by(2).flat_map(|page| &page.copies);
    copies.filter_map(|copies| copies.to_page).fold(0.0, f64::max)
}

/// Copies of the odd half that are found by their page.
fn found<P>(pages: &[Page<P>], threshold: f64) -> Vec<(Distortion, Share, Vec<usize>)> {
    let of = |what: Distortion| {
        let (mut share, mut missed) = (Share::default(), Vec::new());
        for (at, page) in pages.iter().enumerate().skip(1).step_by(2) {
            for copies in page.copies.iter().filter(|copies| copies.what == what) {
                let hit = copies.to_page.is_some_and(|distance| distance <= threshold);
                share.count(hit);
                missed.extend((!hit).then_some(at));
            }
        }
        (what, share, missed)
    };
    Distortion::ALL.into_iter().map(of).collect()
}

/// Copies that join the cluster of five others.
fn joined<P>(
    matcher: &impl Matcher,
    pages: &[Page<P>],
    threshold: f64,
) -> Vec<(Distortion, Share)> {
    let of = |what: Distortion| {
        let mut share = Share::default();
        let copies = pages.iter().flat_map(|page| &page.copies);
        for cluster in
            copies.filter(|copies| copies.what == what).filter_map(|it| it.to_cluster.as_ref())
        {
            share.count(cluster.joins(matcher, threshold));
        }
        (what, share)
    };
    CLUSTERED.into_iter().map(of).collect()
}

/// Pairs of fillings of the odd templates that are called the same; and fillings that join five others drawn at random.
fn forms(matcher: &impl Matcher, templates: &[Template], threshold: f64) -> [Share; 2] {
    let (mut pairs, mut clusters) = (Share::default(), Share::default());
    for template in templates.iter().skip(1).step_by(2) {
        for pair in &template.pairs {
            pairs.count(pair.is_some_and(|distance| distance <= threshold));
        }
        for cluster in template.to_clusters.iter().flatten() {
            clusters.count(cluster.joins(matcher, threshold));
        }
    }
    [pairs, clusters]
}

/// Milliseconds that reading takes a page of the files of a folder, whole print included; nothing where the matcher reads
/// no files.
pub(super) fn time<M: Matcher>(matcher: &M, folder: &Path) -> Result<Option<f64>, Fault> {
    let files: Result<Vec<Vec<u8>>, std::io::Error> =
        files(folder)?.iter().map(std::fs::read).collect();
    let files = files?;
    let mut best = None;
    for _ in 0..TIMED_ROUNDS {
        let start = now();
        let read: Option<usize> = files.iter().map(|file| matcher.read(file)).sum();
        let Some(pages) = read.filter(|pages| *pages > 0) else { return Ok(None) };
        let milliseconds = start.elapsed().as_secs_f64() * 1e3 / pages as f64;
        best = Some(best.map_or(milliseconds, |best: f64| best.min(milliseconds)));
    }
    Ok(best)
}

/// Milliseconds that comparing two pages takes, the median over fillings and copies of others of their template; nothing
/// where none are compared.
pub(super) fn time_comparison<M: Matcher>(
    matcher: &M,
    sample: &Sample,
) -> Result<Option<f64>, Fault> {
    let mut tools = Tools::new()?;
    let mut took = Vec::new();
    for template in (1..sample.size.templates).step_by(2).take(TIMED_TEMPLATES) {
        let [clean, copied] = fillings(matcher, sample, &mut tools, template)?;
        let of_clean = |one| copied.iter().flatten().map(move |two| (one, two));
        for (one, two) in clean.iter().flatten().flat_map(of_clean) {
            let start = now();
            std::hint::black_box(matcher.distance(one, two));
            took.push(start.elapsed().as_secs_f64() * 1e3);
        }
    }
    took.sort_by(f64::total_cmp);
    Ok(took.get(took.len() / 2).copied())
}

#[cfg(test)]
mod tests {
    use super::super::{Files, Size};
    use super::*;
    use crate::lab::pages::bitmap::Bitmap;

    /// Pages apart by the difference of their ink in thousandths.
    struct ByInk {
        threshold: Option<f64>,
    }

    impl Matcher for ByInk {
        type Print = u64;

        fn name(&self) -> &'static str {
            "by ink"
        }

        fn print(&self, page: &Bitmap) -> Option<u64> {
            (page.ink_share() > 0.001).then(|| page.ink())
        }

        fn distance(&self, one: &u64, two: &u64) -> Option<f64> {
            Some(one.abs_diff(*two) as f64 * 1_000.0 / (*one).max(*two) as f64)
        }

        fn threshold(&self) -> Option<f64> {
            self.threshold
        }
    }

    const SMALL: Size = Size { pages: 8, templates: 2, fills: 6, copied: 1, clustered: 0 };

    fn found(threshold: Option<f64>) -> Found {
        let sample = Sample::open(SMALL, 1, &Files::default()).unwrap();
        measure(&ByInk { threshold }, &sample).unwrap()
    }

    #[test]
    fn a_matcher_that_calls_all_the_same_finds_all_and_is_wrong_always() {
        let found = found(Some(1_000.0));
        assert!(found.found.iter().all(|(_, share, _)| (share.hits, share.of) == (1, 1)));
        assert_eq!((found.unrelated.hits, found.unrelated.of), (6, 6));
        // One of two templates: 15 clean pairs and 30 of a clean and a copied filling.
        assert_eq!((found.template_pairs.hits, found.template_pairs.of), (45, 45));
        assert_eq!(found.template_clusters.value(), Some(1.0));
    }

    #[test]
    fn the_threshold_is_chosen_below_the_first_wrong_pair_of_the_other_half() {
        let found = found(None);
        assert!(found.chosen.is_finite() && found.chosen < 1_000.0);
        assert_eq!(found.threshold.to_bits(), found.chosen.to_bits());
        assert_eq!(found.empty_with_key, ["black", "a border"]);
    }
}
