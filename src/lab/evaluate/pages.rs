//! `evaluate pages`: how many copies of a page are found, how many others are taken for copies, and what reading costs.
//!
//! Pages are of the project's own making unless folders are given; copies are always made, never recorded, from a seed that
//! each row names. The pages are halved: a threshold is chosen on the even ones and everything is reported on the odd.

mod baseline;
mod crowd;
mod matcher;
mod measure;
mod sample;
mod table;

use std::path::Path;

use super::{Evaluation, Files, Measured, Run, Scale};
use crate::campaign::synthetic::Synthetic;
use crate::lab::pages::distort::Distortion;
pub use matcher::{Fingerprints, Identical, Matcher};

/// Why a measurement was not taken.
type Fault = Box<dyn std::error::Error + Send + Sync>;

const NAME: &str = "pages";
/// The seed of the bars.
const SEED: u64 = 1;
/// The part that writes pages and copies for others to measure with.
const WRITE: &str = "write";

/// The evaluation.
pub(super) struct Pages;

/// How much is measured.
#[derive(Clone, Copy, Debug)]
struct Size {
    /// Pages made, of both halves.
    pages: usize,
    /// Form templates, of both halves, and how often each is filled in.
    templates: usize,
    fills: usize,
    /// Pages of the odd half that are copied; and those of them that are copied for a cluster too.
    copied: usize,
    clustered: usize,
}

impl Size {
    const fn of(scale: Scale) -> Self {
        match scale {
            Scale::Quick => Self { pages: 132, templates: 4, fills: 6, copied: 66, clustered: 8 },
            Scale::Full => {
                Self { pages: 5_000, templates: 24, fills: 14, copied: 2_500, clustered: 1_000 }
            }
        }
    }
}

impl Evaluation for Pages {
    fn name(&self) -> &'static str {
        NAME
    }

    fn ids(&self) -> &'static [&'static str] {
        table::IDS
    }

    fn rows(&self, run: Run) -> Result<Vec<Measured>, Fault> {
        self.rows_with(run, &Files::default())
    }

    fn rows_with(&self, run: Run, files: &Files) -> Result<Vec<Measured>, Fault> {
        let matcher = Fingerprints::default();
        let size = Size::of(run.scale);
        let seed = run.seed.unwrap_or(SEED);
        let baseline = files.baseline.as_deref().map(baseline::Baseline::read).transpose()?;
        let sample = sample::Sample::open(size, seed, files)?;
        let found = measure::measure(&matcher, &sample)?;
        let timed = baseline
            .as_ref()
            .map(|baseline| measure::time(&matcher, &baseline.timing.folder))
            .transpose()?
            .flatten();
        let compared = measure::time_comparison(&matcher, &sample)?;
        // Of what is made up, only who sends to whom.
        let made = Synthetic { seed, common_milli: 0 };
        let crowd = crowd::measure(&matcher, crowd::Size::of(run.scale), made)?;
        let baseline = baseline.as_ref();
        let (sample, found) = (&sample, &found);
        let table = table::Table { run, sample, found, baseline, timed, compared, crowd };
        Ok(table.rows(&matcher))
    }

    fn part(&self, name: &str, run: Run, folder: &Path) -> Result<(), Fault> {
        match name {
            WRITE => sample::write(Size::of(run.scale), run.seed.unwrap_or(SEED), folder),
            _ => Err(format!("there is no part `{name}`").into()),
        }
    }
}

/// Copies whose recall has a bar for clusters too.
const CLUSTERED: [Distortion; 2] = [Distortion::Digital, Distortion::Rescan];
/// Copies that make a cluster.
const CLUSTER: usize = 5;
