//! What others come to on the same pages: the file that `benches/pages/libtiff_pdq.py` writes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::Fault;

/// A file of the script.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Baseline {
    /// What it was taken with: versions of libtiff and PDQ.
    pub(super) taken_with: String,
    /// Found by PDQ at its published threshold.
    pub(super) pdq: Pdq,
    /// Times.
    pub(super) timing: Timing,
}

/// What PDQ finds.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pdq {
    /// Most bits of 256 that the same image may differ in.
    pub(super) threshold: u32,
    /// Share of the copies that is found, by distortion.
    pub(super) found: BTreeMap<String, f64>,
    /// Share of the pairs of one template with different fillings that is called the same.
    pub(super) template_pairs: Option<f64>,
    /// Share of the pairs of different pages that is called the same.
    pub(super) unrelated_pairs: Option<f64>,
}

/// Milliseconds a page, one core.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Timing {
    /// The files that were read.
    pub(super) folder: PathBuf,
    /// How many pages they have.
    pub(super) pages: u64,
    /// libtiff, to dots.
    pub(super) decode_ms: f64,
    /// The same and PDQ with its own way down to 512 dots.
    pub(super) decode_pdq_ms: f64,
    /// The same and PDQ on boxes of 8 x 8 dots.
    pub(super) decode_box_pdq_ms: f64,
}

impl Baseline {
    pub(super) fn read(path: &Path) -> Result<Self, Fault> {
        let text = std::fs::read(path).map_err(|fault| format!("{}: {fault}", path.display()))?;
        Ok(serde_json::from_slice(&text)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_the_script_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("baseline.json");
        let text = r#"{"taken_with":"libtiff 4.5.0, pdqhash 0.2.8",
            "pdq":{"threshold":31,"found":{"digital":0.1},"template_pairs":0.63,"unrelated_pairs":0.0},
            "timing":{"folder":"base","pages":60,"decode_ms":1.3,"decode_pdq_ms":7.2,"decode_box_pdq_ms":1.8}}"#;
        std::fs::write(&path, text).unwrap();
        let baseline = Baseline::read(&path).unwrap();
        assert_eq!(baseline.pdq.found["digital"], 0.1);
        std::fs::write(&path, text.replace("decode_ms", "decode")).unwrap();
        assert!(Baseline::read(&path).is_err());
    }
}
