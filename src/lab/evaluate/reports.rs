//! `evaluate reports`: what reports come to when those who file them are honest, idle, new, many or malicious; how many are
//! taken in a second; and whether any is lost or counted twice when the process is killed.

mod adversaries;
mod intake;
mod kills;
mod world;

use std::path::Path;

use super::screening::engine::Fault;
use super::{Evaluation, Measured, Run, Scale};

const NAME: &str = "reports";
/// The seed of the bars.
const SEED: u64 = 1;

/// The evaluation.
pub(super) struct Reports;

impl Evaluation for Reports {
    fn name(&self) -> &'static str {
        NAME
    }

    fn ids(&self) -> &'static [&'static str] {
        &[
            "reports.fresh_measures",
            "reports.outsider_measures",
            "reports.long_con_measures",
            "reports.honest_median",
            "reports.fresh_honest_measures",
            "reports.retracted_weight",
            "reports.mob_cleared",
            "reports.oscillating_gain",
            "reports.whitewash_gain",
            "reports.intake_p99_ms",
            "reports.intake_per_second",
            "reports.kills_lost",
            "reports.kills_doubled",
        ]
    }

    fn rows(&self, run: Run) -> Result<Vec<Measured>, Fault> {
        let asked = |ids: &[&str]| run.only.is_none_or(|id| ids.contains(&id));
        let mut rows = Vec::new();
        if run.only.is_none_or(|id| !intake::IDS.contains(&id) && !kills::IDS.contains(&id)) {
            rows.extend(adversaries::measure(run)?);
        }
        if asked(&intake::IDS) {
            rows.extend(intake::measure(run)?);
        }
        if asked(&kills::IDS) {
            rows.extend(kills::measure(run)?);
        }
        Ok(rows)
    }

    fn part(&self, name: &str, run: Run, folder: &Path) -> Result<(), Fault> {
        match name {
            kills::PART => kills::load(run, folder),
            _ => Err(format!("there is no part `{name}`").into()),
        }
    }
}

/// A row of this evaluation, at the scale it was taken.
fn row(
    run: Run,
    id: &'static str,
    value: Option<f64>,
    (full, quick): (&str, &str),
    how: String,
) -> Measured {
    let scale = if run.scale == Scale::Full { full } else { quick };
    Measured {
        id,
        value,
        scale: scale.to_owned(),
        seed: run.seed.unwrap_or(SEED),
        baseline: String::new(),
        how,
    }
}
