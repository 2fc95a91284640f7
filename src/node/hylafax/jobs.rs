//! How often hooks asked about each job. A job that waits is asked about again without a dial in between; the service
//! takes a stage that comes twice for the same question, so each is an attempt of its own.

use serde::{Deserialize, Serialize};

use crate::bounds::HOOK_KEPT_MAX;

/// The file of all jobs.
pub(super) const FILE: &str = "jobs.json";

/// The jobs asked about last, at most [`HOOK_KEPT_MAX`]; of one that was forgotten the queue file's dials count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Jobs(Vec<Asked>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    job: u64,
    times: u32,
}

impl Jobs {
    /// How often the job was asked about before this time, which counts from now on.
    pub(super) fn ask(&mut self, fax_id: &str) -> u32 {
        let job = digest(fax_id);
        let place = self.0.iter().position(|asked| asked.job == job);
        let before = place.map_or(0, |place| self.0.remove(place).times);
        let spare = (self.0.len() + 1).saturating_sub(HOOK_KEPT_MAX);
        self.0.drain(..spare);
        self.0.push(Asked { job, times: before.saturating_add(1) });
        before
    }

    /// How often it was asked about.
    pub(super) fn asked(&self, fax_id: &str) -> u32 {
        let job = digest(fax_id);
        self.0.iter().find(|asked| asked.job == job).map_or(0, |asked| asked.times)
    }
}

fn digest(fax_id: &str) -> u64 {
    let mut bytes = [0; 8];
    blake3::Hasher::new().update(fax_id.as_bytes()).finalize_xof().fill(&mut bytes);
    u64::from_le_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_job_is_counted_and_the_oldest_forgotten() {
        let mut jobs = Jobs::default();
        assert_eq!((jobs.ask("a"), jobs.ask("a"), jobs.ask("b")), (0, 1, 0));
        assert_eq!((jobs.asked("a"), jobs.asked("b"), jobs.asked("c")), (2, 1, 0));
        for number in 0..2 * HOOK_KEPT_MAX {
            jobs.ask(&number.to_string());
        }
        assert_eq!((jobs.0.len(), jobs.asked("a")), (HOOK_KEPT_MAX, 0));
    }
}
