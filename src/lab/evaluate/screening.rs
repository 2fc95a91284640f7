//! `evaluate screening`: what a decision costs, what a sender costs, and how a killed process comes back.

mod baseline;
mod decision;
mod engine;

use super::{Evaluation, Measured, Run, Scale};
use decision::{Size, micros};
use engine::{Fault, rounded};

/// The evaluation.
pub struct Screening;

impl Evaluation for Screening {
    fn name(&self) -> &'static str {
        "screening"
    }

    fn ids(&self) -> &'static [&'static str] {
        &[]
    }

    fn rows(&self, run: Run) -> Result<Vec<Measured>, Fault> {
        let size = match run.scale {
            Scale::Quick => Size { senders: 50_000, dids: 50_000, measured: 200_000 },
            Scale::Full => Size { senders: 1_000_000, dids: 1_000_000, measured: 1_000_000 },
        };
        let found = decision::measure(size, 1)?;
        let show = |name: &str, h: &hdrhistogram::Histogram<u64>| {
            tracing::debug!("x");
            format!("{name}: p50 {} p99 {} p999 {} mean {}", micros(h, 0.5), micros(h, 0.99), micros(h, 0.999), rounded(h.mean() / 1000.0, 2))
        };
        let text = [
            show("all", &found.all),
            show("call", &found.stages[0]),
            show("hand", &found.stages[1]),
            show("recv", &found.stages[2]),
            show("naive", &found.naive),
            format!("alloc {:?} rss/sender {} counters/sender {} profiles {} naive/sender {} dropped {}", found.allocations, found.sender_resident, found.sender_counters, found.profile_bytes, found.naive_sender, found.dropped),
        ].join("\n");
        Err(text.into())
    }
}
