//! `evaluate limits`: what a charge costs and holds in memory, what those who flood do to everybody else, how long it takes to
//! tell what a limit would have done, and what a question to the rate limit service costs.

mod attack;
mod charge;
mod housekeeping;
mod own;
mod sides;
mod spray;
mod what_if;

use std::path::Path;

use super::screening::engine::Fault;
use super::{Evaluation, Measured, Run, Scale, serving};

const NAME: &str = "limits";
/// The seed of the bars.
const SEED: u64 = 1;
/// The part that measures charges on streams alone.
const CHARGES_PART: &str = "charges";
/// The file of a part that is measured alone.
const PART_RESULT: &str = "rows.txt";
const MIB: f64 = 1_048_576.0;

/// The evaluation.
pub(super) struct Limits;

impl Evaluation for Limits {
    fn name(&self) -> &'static str {
        NAME
    }

    fn ids(&self) -> &'static [&'static str] {
        &[
            "limits.charge_ns",
            "limits.charge_all_ns",
            "limits.charge_contended_ns",
            "limits.charge_large_ns",
            "limits.charge_all_large_ns",
            "limits.member_bytes",
            "limits.members_mib",
            "limits.hand_p999_share",
            "limits.own_cost_percent",
            "limits.spray_freed",
            "limits.spray_memory_share",
            "limits.dials_normal",
            "limits.dials_bulk",
            "limits.dials_bulk_settled",
            "limits.dials_used",
            "limits.dials_settled_seconds",
            "limits.dials_idle_slowed",
            "limits.dials_sybils_normal",
            "limits.lines_normal",
            "limits.lines_bulk",
            "limits.lines_bulk_settled",
            "limits.lines_used",
            "limits.lines_settled_seconds",
            "limits.lines_idle_slowed",
            "limits.lines_sybils_normal",
            "limits.what_if_seconds",
            "limits.use_bytes",
            "limits.rate_processor_share",
            "limits.rate_processor_us",
            "limits.rate_per_second",
            "limits.charges_per_second",
            "limits.charges_p99_ms",
            "limits.charge_message_bytes",
        ]
    }

    fn rows(&self, run: Run) -> Result<Vec<Measured>, Fault> {
        // Who asks for the resident set comes before anybody whose memory could be used again.
        let mut rows = spray::rows(run)?;
        rows.extend(charge::rows(run)?);
        rows.extend(attack::rows(run));
        rows.extend(own::rows(run)?);
        rows.extend(what_if::rows(run)?);
        rows.extend(serving::rates(run)?);
        rows.extend(serving::charges(run)?);
        Ok(rows)
    }

    fn part(&self, name: &str, run: Run, folder: &Path) -> Result<(), Fault> {
        match name {
            charge::PART => charge::fill(run, folder),
            own::PART => write(folder, &own::rows(run)?),
            CHARGES_PART => write(folder, &serving::charges(run)?),
            what_if::PART => write(folder, &what_if::rows(run)?),
            _ => Err(format!("there is no part `{name}`").into()),
        }
    }
}

/// Leaves in a folder what one part of it found, for who measures that alone.
fn write(folder: &Path, rows: &[Measured]) -> Result<(), Fault> {
    let mut text = String::new();
    for Measured { id, value, baseline, how, .. } in rows {
        text += &format!("{id} {value:?}; {baseline}; {how}\n");
    }
    Ok(std::fs::write(folder.join(PART_RESULT), text)?)
}

/// A row at the scale of its bar or at the small one: what was found, and of the baseline and how in words.
fn row(
    (run, [full, quick]): (Run, [&str; 2]),
    (id, value): (&'static str, f64),
    (baseline, how): (impl Into<String>, impl Into<String>),
) -> Measured {
    let scale = match run.scale {
        Scale::Full => full,
        Scale::Quick => quick,
    };
    Measured {
        id,
        value: Some(value),
        scale: scale.to_owned(),
        seed: run.seed.unwrap_or(SEED),
        baseline: baseline.into(),
        how: how.into(),
    }
}
