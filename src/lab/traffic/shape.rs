//! What faxes look like on the line: sizes of pages, times and session parameters.
//!
//! Sizes come from whole T.30 calls measured with a software modem at 14,400 bit/s in standard
//! resolution unless said: blank page 588 bytes in 6.4 s; black 726 in 6.4; sparse advertisement 530
//! to 2,030 in 6.4 to 7.2; ITU-T chart 1 fine 18.7 kB in 17 s; chart 5 fine 32.8 kB in 25 s; random
//! dots 490 kB in 309 s. Times follow from sizes by a line through that table, within 6 %.

use rand::RngExt;
use rand::rngs::StdRng;

use crate::wire::screening::v1::{Coding, Handshake};

/// What is on a page.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// Nothing.
    Blank,
    /// All black.
    Black,
    /// A sparse advertisement, standard resolution.
    Ad,
    /// A letter, standard resolution: half the rows of chart 1 and so about half its bytes.
    Letter,
    /// A letter, fine resolution.
    FineLetter,
    /// A dense form, fine resolution.
    Form,
    /// Dither that no coding compresses.
    Noise,
}

impl Look {
    const fn bytes(self) -> std::ops::RangeInclusive<u32> {
        match self {
            Self::Blank => 588..=588,
            Self::Black => 726..=726,
            Self::Ad => 1_030..=2_030,
            Self::Letter => 7_500..=12_500,
            Self::FineLetter => 15_000..=22_000,
            Self::Form => 27_000..=36_000,
            Self::Noise => 460_000..=500_000,
        }
    }
}

/// Rows of a page of A4 or letter size in standard resolution.
const ROWS_STANDARD: u32 = 1_146;
/// The same in fine resolution.
const ROWS_FINE: u32 = 2_292;

/// A document as the line sees it.
#[derive(Clone)]
pub(super) struct Document {
    /// Coded bytes of each page.
    pub(super) pages: Vec<u32>,
    /// Rows of each page.
    pub(super) rows: u32,
    resolution: Resolution,
}

/// How fine the rows are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Resolution {
    /// 98 rows an inch.
    Standard,
    /// 196 rows an inch.
    Fine,
}

impl Document {
    /// Pages of one look.
    pub(super) fn new(rng: &mut StdRng, look: Look, pages: usize) -> Self {
        let fine = matches!(look, Look::FineLetter | Look::Form);
        Self {
            pages: (0..pages).map(|_| rng.random_range(look.bytes())).collect(),
            rows: if fine { ROWS_FINE } else { ROWS_STANDARD },
            resolution: if fine { Resolution::Fine } else { Resolution::Standard },
        }
    }

    /// The pages of a received file.
    pub(super) const fn recorded(pages: Vec<u32>, rows: u32, resolution: Resolution) -> Self {
        Self { pages, rows, resolution }
    }

    /// What offices send: mostly letters and forms of one to six pages.
    pub(super) fn office(rng: &mut StdRng) -> Self {
        let look = match rng.random_range(0..10) {
            0..4 => Look::Letter,
            4..8 => Look::FineLetter,
            _ => Look::Form,
        };
        let counts = [1, 1, 1, 1, 2, 2, 2, 3, 5];
        let pages = counts[rng.random_range(0..counts.len())];
        Self::new(rng, look, pages)
    }

    /// The same page over and over.
    pub(super) fn repeated(mut self, pages: usize) -> Self {
        let page = self.pages[0];
        self.pages = vec![page; pages];
        self
    }

    /// The same document with other words in it: each page a few per cent larger or smaller.
    pub(super) fn varied(&self, rng: &mut StdRng) -> Self {
        let vary = |bytes: &u32| bytes * rng.random_range(97..=103) / 100;
        Self { pages: self.pages.iter().map(vary).collect(), ..self.clone() }
    }

    /// A document with that many rows a page.
    pub(super) fn rows(mut self, rows: u32) -> Self {
        self.rows = rows;
        self
    }

    /// Coded bytes of all pages.
    pub(super) fn bytes(&self) -> u64 {
        self.pages.iter().map(|bytes| u64::from(*bytes)).sum()
    }

    /// Pages.
    pub(super) fn page_count(&self) -> u32 {
        u32::try_from(self.pages.len()).unwrap_or(u32::MAX)
    }
}

/// Milliseconds a page of that size takes at that rate.
pub(super) fn page_millis(bytes: u32, rate_bps: u32) -> u64 {
    6_000 + u64::from(bytes) * 14_400 * 10 / (u64::from(rate_bps.max(2_400)) * 17)
}

/// What the DCS says.
#[derive(Clone, Copy)]
pub(super) struct Session {
    /// bit/s.
    pub(super) rate_bps: u32,
    /// Error correction.
    pub(super) ecm: bool,
    /// Page coding.
    pub(super) coding: Coding,
    /// Colour asked for.
    pub(super) color: bool,
    /// Unlimited length announced.
    pub(super) unlimited: bool,
    /// Repeated trainings.
    pub(super) retrains: u32,
}

impl Session {
    /// What most machines agree on.
    pub(super) const PLAIN: Self = Self {
        rate_bps: 14_400,
        ecm: true,
        coding: Coding::Mmr,
        color: false,
        unlimited: false,
        retrains: 0,
    };

    /// The variety of machines in use.
    pub(super) fn drawn(rng: &mut StdRng) -> Self {
        match rng.random_range(0..10) {
            0 => Self { rate_bps: 33_600, coding: Coding::Jbig, ..Self::PLAIN },
            1 | 2 => Self { rate_bps: 9_600, ecm: false, coding: Coding::Mh, ..Self::PLAIN },
            3 => Self { ecm: false, coding: Coding::Mr, retrains: 1, ..Self::PLAIN },
            _ => Self::PLAIN,
        }
    }

    /// The stage's facts.
    pub(super) fn handshake(&self, tsi: String, document: &Document) -> Handshake {
        Handshake {
            tsi,
            rate_bps: self.rate_bps,
            ecm: self.ecm,
            horizontal_dpi: 204,
            vertical_dpi: if document.resolution == Resolution::Fine { 196 } else { 98 },
            width_px: 1_728,
            coding: self.coding as i32,
            color: self.color,
            unlimited_length: self.unlimited,
            retrain_count: self.retrains,
            ..Handshake::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_keep_to_the_measured_table() {
        for (bytes, millis) in
            [(588, 6_400), (726, 6_400), (2_030, 7_200), (18_700, 17_000), (32_800, 25_000)]
        {
            let told = page_millis(bytes, 14_400);
            assert!(told.abs_diff(millis) * 100 <= millis * 6, "{bytes}: {told}");
        }
        assert!(page_millis(490_000, 14_400).abs_diff(309_000) * 100 <= 309_000 * 6);
        assert!(page_millis(10_000, 2_400) > 4 * page_millis(10_000, 14_400) / 2);
    }
}
