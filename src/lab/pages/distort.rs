//! What happens to a page between two readings: header lines, a recipient's own lines, other resolutions, bad rows, and
//! the way through a printer and a scanner. Made, not recorded; each from a seed, its parameters written at its place.

mod lines;
mod raster;
mod scan;

use ab_glyph::InvalidFont;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::bitmap::{Bitmap, Grain};
use super::face::Faces;
use super::layout::mixed;

/// Something that happens to a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Distortion {
    /// Nothing.
    None,
    /// A transmit terminal identification: in half of the cases 24 to 43 rows are put above the page and the line written
    /// there, in the other half the top 30 rows are cleared and it is written over them.
    Tti,
    /// The other of standard and fine: see [`Distortion::Digital`] for the ways.
    StandardFine,
    /// Superfine: each row twice, and back in half of the cases by dropping.
    Superfine,
    /// One line of the recipient's anywhere: half written over with its place cleared, half put in at the next white row
    /// within an inch, with all below moved down.
    PersonalLine,
    /// A TTI, one personal line, in 40 % of the cases another resolution (of these a third by dropping every second row, a
    /// third by the OR of pairs, a third so and back by doubling), 0.5 % bad rows (four fifths show the row above again, one
    /// fifth is gone).
    Digital,
    /// As digital, with two personal lines.
    TwoLines,
    /// 0.5 % bad rows alone.
    BadRows,
    /// Moved by up to 15 dots across and 40 rows down.
    Shift,
    /// 2 % larger or smaller about the middle.
    Scale,
    /// Turned by 1 degree either way.
    Skew,
    /// A personal line and a TTI, then print and scan: up to 2 % scale, 0.4 degrees, 15 dots shift, blur of 3 x 3, a
    /// threshold of 3 to 6 of 9 dots, ragged edges, 0.1 % noise; and another TTI of the second sending.
    Rescan,
    /// 1 % of all dots turned over.
    Pepper,
}

impl Distortion {
    /// All but the first, in the order of tables.
    pub const ALL: [Self; 12] = [
        Self::Digital,
        Self::Tti,
        Self::StandardFine,
        Self::Superfine,
        Self::PersonalLine,
        Self::TwoLines,
        Self::BadRows,
        Self::Shift,
        Self::Scale,
        Self::Skew,
        Self::Rescan,
        Self::Pepper,
    ];

    /// Its name in tables and files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "original",
            Self::Tti => "tti",
            Self::StandardFine => "standard_fine",
            Self::Superfine => "superfine",
            Self::PersonalLine => "personal_line",
            Self::Digital => "digital",
            Self::TwoLines => "two_lines",
            Self::BadRows => "bad_rows",
            Self::Shift => "shift",
            Self::Scale => "scale",
            Self::Skew => "skew",
            Self::Rescan => "rescan",
            Self::Pepper => "pepper",
        }
    }
}

/// Share of rows that are bad.
const BAD_ROWS: f64 = 0.005;
/// Share of digital copies in another resolution.
const MIXED: f64 = 0.4;
/// Share of dots that salt and pepper turn over.
const PEPPER: f64 = 0.01;

/// Whoever spoils pages: holds the type for lines.
pub struct Spoiler {
    faces: Faces,
}

impl Spoiler {
    /// Opens the type.
    ///
    /// # Errors
    /// The faces this is built with are not what they were.
    pub fn new() -> Result<Self, InvalidFont> {
        Ok(Self { faces: Faces::new()? })
    }

    /// Copy `number` of a page: the same seed and number, the same copy.
    pub fn copy(&mut self, page: &Bitmap, what: Distortion, seed: u64, number: usize) -> Bitmap {
        let kind = Self::kind(what);
        let mut rng = StdRng::seed_from_u64(mixed(mixed(seed ^ 0xD157, kind), number));
        let mut page = page.clone();
        let rng = &mut rng;
        match what {
            Distortion::None => {}
            Distortion::Tti => lines::tti(&mut page, &mut self.faces, rng),
            Distortion::StandardFine => page = raster::standard_fine(&page, rng),
            Distortion::Superfine => page = raster::superfine(&page, rng),
            Distortion::PersonalLine => lines::personal(&mut page, &mut self.faces, rng),
            Distortion::Digital => page = self.digital(page, 1, rng),
            Distortion::TwoLines => page = self.digital(page, 2, rng),
            Distortion::BadRows => raster::bad_rows(&mut page, BAD_ROWS, rng),
            Distortion::Shift => page = raster::shift(&page, rng),
            Distortion::Scale => {
                let scale = if rng.random_bool(0.5) { 0.98 } else { 1.02 };
                page = scan::warp(&page, scan::Motion { scale, ..scan::Motion::STILL });
            }
            Distortion::Skew => {
                let degrees = if rng.random_bool(0.5) { 1.0 } else { -1.0 };
                page = scan::warp(&page, scan::Motion { degrees, ..scan::Motion::STILL });
            }
            Distortion::Rescan => {
                lines::personal(&mut page, &mut self.faces, rng);
                lines::tti(&mut page, &mut self.faces, rng);
                page = scan::rescan(&page, rng);
                lines::tti(&mut page, &mut self.faces, rng);
            }
            Distortion::Pepper => raster::pepper(&mut page, PEPPER, rng),
        }
        page
    }

    /// So that two kinds of copies of one page have not the same lines.
    fn kind(what: Distortion) -> usize {
        Distortion::ALL.iter().position(|kind| *kind == what).unwrap_or(Distortion::ALL.len())
    }

    fn digital(&mut self, mut page: Bitmap, personal: usize, rng: &mut StdRng) -> Bitmap {
        for _ in 0..personal {
            lines::personal(&mut page, &mut self.faces, rng);
        }
        lines::tti(&mut page, &mut self.faces, rng);
        if rng.random_bool(MIXED) {
            page = raster::standard_fine(&page, rng);
        }
        raster::bad_rows(&mut page, BAD_ROWS, rng);
        page
    }
}

/// Rows of a page for each of a page in fine resolution, for lengths that are stated in fine rows.
fn rows_of(grain: Grain, fine: usize) -> usize {
    match grain {
        Grain::Standard => fine.div_ceil(2),
        Grain::Fine => fine,
        Grain::Superfine => fine * 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::pages::layout::Press;

    #[test]
    fn every_copy_is_the_same_from_a_seed_and_keeps_its_size() {
        let mut press = Press::new().unwrap();
        let page = press.page(1, 6);
        let mut spoiler = Spoiler::new().unwrap();
        for what in Distortion::ALL {
            let copy = spoiler.copy(&page, what, 1, 3);
            assert_eq!(copy, spoiler.copy(&page, what, 1, 3), "{what:?}");
            assert_ne!(copy, page, "{what:?}");
            assert_eq!(copy.width(), page.width(), "{what:?}");
            let inches = |page: &Bitmap| page.rows() as f64 / page.grain().per_fine_row() / 196.0;
            let longer = inches(&copy) - inches(&page);
            // Header lines and a recipient's own make it longer, lost rows shorter.
            assert!((-0.15..1.3).contains(&longer), "{what:?}: {longer}");
            let ink = |page: &Bitmap| page.ink() as f64 / page.grain().per_fine_row();
            assert!((0.4..2.5).contains(&(ink(&copy) / ink(&page))), "{what:?}");
        }
        assert_eq!(spoiler.copy(&page, Distortion::None, 1, 3), page);
    }

    #[test]
    fn other_copies_are_other_pages() {
        let page = Press::new().unwrap().page(1, 0);
        let mut spoiler = Spoiler::new().unwrap();
        let first = spoiler.copy(&page, Distortion::Digital, 1, 0);
        assert_ne!(first, spoiler.copy(&page, Distortion::Digital, 1, 1));
        assert_ne!(first, spoiler.copy(&page, Distortion::Digital, 2, 0));
    }
}
