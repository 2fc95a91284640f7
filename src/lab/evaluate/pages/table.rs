//! What was found as rows.

use super::baseline::Baseline;
use super::crowd;
use super::matcher::Matcher;
use super::measure::Found;
use super::sample::Sample;
use super::{CLUSTER, SEED};
use crate::lab::evaluate::index::Times;
use crate::lab::evaluate::screening::engine::rounded;
use crate::lab::evaluate::{Measured, Run, Scale};
use crate::lab::pages::distort::Distortion;
use crate::lab::pages::interval::Share;
use crate::lab::pages::layout::LAYOUTS;

/// The scale of the bars.
const FULL: &str = "5,000 made pages, 24 templates x 14 fillings";
/// The scale of the bars of the index.
const INDEX: &str = "10 million pages";
const INDEX_PAGES: u32 = 10_000_000;
/// Bytes of a GiB.
const GIB: f64 = 1_073_741_824.0;

/// Every row.
pub(super) const IDS: &[&str] = &[
    "pages.digital_found",
    "pages.digital_cluster",
    "pages.tti_found",
    "pages.standard_fine_found",
    "pages.scale_found",
    "pages.rescan_found",
    "pages.rescan_cluster",
    "pages.two_lines_found",
    "pages.skew_found",
    "pages.personal_line_found",
    "pages.superfine_found",
    "pages.bad_rows_found",
    "pages.shift_found",
    "pages.pepper_found",
    "pages.unrelated_pair_rate",
    "pages.unrelated_touch_rate",
    "pages.template_pair_rate",
    "pages.template_cluster_rate",
    "pages.without_key",
    "pages.empty_with_key",
    "pages.read_ms",
    "pages.faster_than_pdq",
    "pages.faster_than_box_pdq",
    "pages.share_of_decode",
    "pages.compare_ms",
    "pages.query_exact_us",
    "pages.query_median_ms",
    "pages.query_p99_ms",
    "pages.index_gib",
    "pages.inserts_per_second",
    "pages.found_in_index",
    "pages.found_in_index_ms",
];

/// One of the times of a baseline.
type Milliseconds = fn(&Baseline) -> f64;

/// What the rows are made of.
pub(super) struct Table<'t> {
    pub(super) run: Run,
    pub(super) sample: &'t Sample,
    pub(super) found: &'t Found,
    pub(super) baseline: Option<&'t Baseline>,
    /// Milliseconds that reading took a page.
    pub(super) timed: Option<f64>,
    /// Milliseconds that comparing two pages took.
    pub(super) compared: Option<f64>,
    /// What a full index came to.
    pub(super) crowd: crowd::Found,
}

/// The row of copies of a kind: its own id, and that of its cluster.
const fn id(what: Distortion) -> &'static str {
    match what {
        Distortion::None => "pages.original_found",
        Distortion::Tti => "pages.tti_found",
        Distortion::StandardFine => "pages.standard_fine_found",
        Distortion::Superfine => "pages.superfine_found",
        Distortion::PersonalLine => "pages.personal_line_found",
        Distortion::Digital => "pages.digital_found",
        Distortion::TwoLines => "pages.two_lines_found",
        Distortion::BadRows => "pages.bad_rows_found",
        Distortion::Shift => "pages.shift_found",
        Distortion::Scale => "pages.scale_found",
        Distortion::Skew => "pages.skew_found",
        Distortion::Rescan => "pages.rescan_found",
        Distortion::Pepper => "pages.pepper_found",
    }
}

/// A share and how sure it is.
fn told(share: Share) -> String {
    let [low, high] = share.wilson();
    format!("{} of {}, 95 % Wilson {low:.6} to {high:.6}", share.hits, share.of)
}

impl Table<'_> {
    /// One row an id.
    pub(super) fn rows(&self, matcher: &impl Matcher) -> Vec<Measured> {
        let mut rows = self.copies(matcher);
        rows.extend(self.others(matcher));
        rows.extend(self.times());
        rows.extend(self.index());
        rows
    }

    fn scale(&self) -> String {
        let size = self.sample.size;
        let base = self.sample.base.is_some();
        let forms = self.sample.templates.is_some();
        match self.run.scale {
            Scale::Full if !base && !forms => FULL.to_owned(),
            Scale::Full | Scale::Quick => format!(
                "{} {} pages, {} {}templates x {} fillings",
                size.pages,
                if base { "given" } else { "made" },
                size.templates,
                if forms { "given " } else { "" },
                size.fills
            ),
        }
    }

    fn row(&self, id: &'static str, value: Option<f64>, baseline: String, how: String) -> Measured {
        let seed = self.run.seed.unwrap_or(SEED);
        Measured { id, value, scale: self.scale(), seed, baseline, how }
    }

    /// A few pages by name, for whoever wants to look at them.
    fn named(&self, what: &str, pages: impl Iterator<Item = usize>) -> String {
        let names: Vec<String> = pages.take(4).map(|page| self.sample.name(page)).collect();
        if names.is_empty() { String::new() } else { format!("; {what} {}", names.join(", ")) }
    }

    fn copies(&self, matcher: &impl Matcher) -> Vec<Measured> {
        let Found { threshold, chosen, .. } = self.found;
        let by = match matcher.threshold() {
            Some(_) => format!("own threshold {threshold:.4}, even half {chosen:.4}"),
            None => format!("threshold {threshold:.4} of the even half"),
        };
        let name = matcher.name();
        let pdq = |what: Distortion| {
            let baseline = self.baseline?;
            let share = baseline.pdq.found.get(what.name())?;
            Some(format!("{} PDQ at {}", rounded(*share, 4), baseline.pdq.threshold))
        };
        let mut rows = Vec::new();
        for (what, share, missed) in &self.found.found {
            let told = told(*share);
            let missed = self.named("missed", missed.iter().copied());
            let how = format!("{name}, {by}; made copies against their pages, {told}{missed}");
            let value = share.value().map(|value| rounded(value, 5));
            rows.push(self.row(id(*what), value, pdq(*what).unwrap_or_default(), how));
        }
        for (what, share) in &self.found.joined {
            let rescan = *what == Distortion::Rescan;
            let id = if rescan { "pages.rescan_cluster" } else { "pages.digital_cluster" };
            let rule = matcher.rule();
            let how = format!("{name}; {rule} {CLUSTER} other copies, {}", told(*share));
            let value = share.value().map(|value| rounded(value, 5));
            rows.push(self.row(id, value, String::new(), how));
        }
        rows
    }

    fn others(&self, matcher: &impl Matcher) -> Vec<Measured> {
        let found = self.found;
        let rate = |share: Share| share.value().map(|value| rounded(value, 9));
        let [low, high] = found.unrelated_interval;
        let pairs = found.unrelated_pairs.iter().flat_map(|(one, two)| [*one, *two]);
        let some = self.named("as", pairs);
        let layouts = match self.sample.base {
            Some(_) => format!(" without {} of versions of one page", found.versions),
            None => format!(" of {} layouts", LAYOUTS.min(self.sample.size.pages / 2)),
        };
        let unrelated = format!(
            "pairs of the odd half{layouts}, {}, bootstrap over pages {low:.2e} to {high:.2e}{some}",
            told(found.unrelated)
        );
        let pdq = |share: Option<f64>| {
            share.map_or_else(String::new, |share| format!("{} PDQ at 31", rounded(share, 7)))
        };
        let baseline = self.baseline.map(|baseline| &baseline.pdq);
        let rule = matcher.rule();
        vec![
            self.row(
                "pages.unrelated_pair_rate",
                rate(found.unrelated),
                pdq(baseline.and_then(|pdq| pdq.unrelated_pairs)),
                unrelated,
            ),
            self.row(
                "pages.template_pair_rate",
                rate(found.template_pairs),
                pdq(baseline.and_then(|pdq| pdq.template_pairs)),
                format!("clean and digital copies, {}", told(found.template_pairs)),
            ),
            self.row(
                "pages.template_cluster_rate",
                rate(found.template_clusters),
                String::new(),
                format!(
                    "{rule} {CLUSTER} copies of other fillings, {}",
                    told(found.template_clusters)
                ),
            ),
            self.row(
                "pages.without_key",
                rate(found.without),
                String::new(),
                format!("pages that say too little, {}", told(found.without)),
            ),
            self.row(
                "pages.empty_with_key",
                Some(found.empty_with_key.len() as f64),
                String::new(),
                format!(
                    "of white, black, specks, a header line, a border: {}",
                    match found.empty_with_key.join(", ") {
                        none if none.is_empty() => "none".to_owned(),
                        some => some,
                    }
                ),
            ),
        ]
    }

    fn times(&self) -> Vec<Measured> {
        let how = match (self.baseline, self.timed) {
            (None, _) => "not taken: needs --baseline".to_owned(),
            (Some(_), None) => "not taken: this matcher reads no files".to_owned(),
            (Some(baseline), Some(_)) => {
                format!("{} pages of {}", baseline.timing.pages, baseline.timing.folder.display())
            }
        };
        let times = |of: Milliseconds| {
            self.baseline.map(of).zip(self.timed).map(|(theirs, ours)| rounded(theirs / ours, 2))
        };
        let said = |of: Milliseconds| {
            let told =
                |baseline| format!("{} ms {}", rounded(of(baseline), 3), baseline.taken_with);
            self.baseline.map_or_else(String::new, told)
        };
        let share = self.baseline.zip(self.timed);
        let share = share.map(|(theirs, ours)| rounded(ours / theirs.timing.decode_ms, 2));
        let read = self.timed.map(|ours| rounded(ours, 3));
        let pdq: Milliseconds = |baseline| baseline.timing.decode_pdq_ms;
        let boxed: Milliseconds = |baseline| baseline.timing.decode_box_pdq_ms;
        let decode: Milliseconds = |baseline| baseline.timing.decode_ms;
        vec![
            self.row("pages.read_ms", read, said(decode), how.clone()),
            self.row("pages.faster_than_pdq", times(pdq), said(pdq), how.clone()),
            self.row("pages.faster_than_box_pdq", times(boxed), said(boxed), how.clone()),
            self.row("pages.share_of_decode", share, said(decode), how),
            self.row(
                "pages.compare_ms",
                self.compared.map(|milliseconds| rounded(milliseconds, 2)),
                String::new(),
                "median; fillings against copies of others, one core".to_owned(),
            ),
        ]
    }

    /// The full index: how long a search takes in it, what it finds and what it should not.
    fn index(&self) -> Vec<Measured> {
        let crowd::Found { size, exact, all, copy, touched, copies, insertions, usage } =
            &self.crowd;
        let scale = match size.indexed {
            INDEX_PAGES => INDEX.to_owned(),
            pages => format!("{pages} pages"),
        };
        let milliseconds = |nanos: u64| Some(rounded(nanos as f64 / 1e6, 3));
        let within = |times: &Times| {
            let [half, most] = [times.p50_nanos, times.p99_nanos].map(|nanos| nanos as f64 / 1e6);
            format!("pages never seen, with the comparison of maps; {half:.2} / {most:.2} ms")
        };
        let bytes = usage.index_bytes + usage.cluster_bytes + usage.map_bytes;
        let rate = |share: &Share| share.value().map(|value| rounded(value, 5));
        let p99_us = exact.p99_nanos as f64 / 1e3;
        let rows = [
            (
                "pages.unrelated_touch_rate",
                rate(touched),
                format!(
                    "{} clusters of {CLUSTER} copies among them, {}",
                    size.clusters,
                    told(*touched)
                ),
            ),
            (
                "pages.query_exact_us",
                Some(rounded(exact.p50_nanos as f64 / 1e3, 2)),
                format!("median, pages never seen; p99 {p99_us:.2} us"),
            ),
            ("pages.query_median_ms", milliseconds(all.p50_nanos), within(all)),
            ("pages.query_p99_ms", milliseconds(all.p99_nanos), within(all)),
            (
                "pages.index_gib",
                Some(rounded(bytes as f64 / GIB, 2)),
                "by its own account, maps included".to_owned(),
            ),
            (
                "pages.inserts_per_second",
                Some(rounded(*insertions, 0)),
                "beside one thread that searches".to_owned(),
            ),
            (
                "pages.found_in_index",
                rate(copies),
                format!("sixth digital copies that join the other five, {}", told(*copies)),
            ),
            ("pages.found_in_index_ms", milliseconds(copy.p50_nanos), "median of these".to_owned()),
        ];
        let row = |(id, value, what): (&'static str, Option<f64>, String)| {
            let how = format!("{what}; marks and keys drawn from {} rendered pages", size.rendered);
            Measured { scale: scale.clone(), ..self.row(id, value, String::new(), how) }
        };
        rows.into_iter().map(row).collect()
    }
}
