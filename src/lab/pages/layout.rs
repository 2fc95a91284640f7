//! Pages of many layouts from a seed: what fax lines carry, set in type with words of nobody.
//!
//! A layout fixes faces, sizes, margins and columns; the page's own number draws words, amounts, pictures and how much of
//! each. So two pages of one layout look alike and say different things.

mod columns;
mod letters;
mod notices;
mod pictures;
mod tables;

use ab_glyph::InvalidFont;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::bitmap::{A4_ROWS, Bitmap, Grain, LETTER_ROWS, WIDTH};
use super::canvas::{Area, Canvas};
use super::face::{Face, Faces, Style};
use super::template;

/// Draws the rest of a page.
type Draw = fn(&mut Canvas<'_>, &mut Plan);

/// What a page is for, and who draws it.
const KINDS: [(&str, Draw); 22] = [
    ("letter", letters::letter),
    ("memo", letters::memo),
    ("cover sheet", letters::cover),
    ("referral", letters::referral),
    ("sparse note", letters::sparse),
    ("flyer", notices::flyer),
    ("flyer of boxes", notices::boxes),
    ("coupons", notices::coupons),
    ("price list", notices::prices),
    ("menu", notices::menu),
    ("two columns", columns::two),
    ("three columns", columns::three),
    ("newsletter", columns::newsletter),
    ("table", tables::table),
    ("lab results", tables::results),
    ("invoice", tables::invoice),
    ("order form", tables::order),
    ("schedule", tables::schedule),
    ("map", pictures::map),
    ("diagram", pictures::diagram),
    ("photograph", pictures::photograph),
    ("handwriting", pictures::handwriting),
];
/// Ways that each kind is set.
const SETTINGS: usize = 3;
/// Layouts there are. Two neighbours of pages, an even and the odd behind it, are of one, so that the even and the odd
/// half of the pages have the same.
pub const LAYOUTS: usize = KINDS.len() * SETTINGS;

/// How a page is set, and where its words come from.
pub(super) struct Plan {
    /// Of the layout: the same for all of its pages.
    pub(super) fixed: StdRng,
    /// Of the page.
    pub(super) rng: StdRng,
    pub(super) margin: usize,
    pub(super) title: Style,
    pub(super) body: Style,
    pub(super) small: Style,
    /// Which of the ways it is set in, from 0.
    pub(super) setting: usize,
}

impl Plan {
    fn new(layout: usize, rng: StdRng) -> Self {
        let mut fixed = StdRng::seed_from_u64(0x4C41_594F_5554_0000 + layout as u64);
        let face = Face::ALL[fixed.random_range(0..Face::ALL.len())];
        let size = fixed.random_range(28..40);
        Self {
            margin: fixed.random_range(70..190),
            title: Style { face: face.bold(), size: fixed.random_range(54..110) },
            body: Style { face, size },
            small: Style { face, size: size * 3 / 4 },
            setting: layout % SETTINGS,
            rng,
            fixed,
        }
    }

    /// What the margin leaves of the page.
    pub(super) fn area(&self, canvas: &Canvas<'_>) -> Area {
        canvas.body(self.margin)
    }
}

/// Makes pages: holds the type.
pub struct Press {
    pub(super) faces: Faces,
}

impl Press {
    /// Opens the type.
    ///
    /// # Errors
    /// The faces this is built with are not what they were.
    pub fn new() -> Result<Self, InvalidFont> {
        Ok(Self { faces: Faces::new()? })
    }

    /// Page `number` of a seed, 1728 dots wide in fine resolution.
    pub fn page(&mut self, seed: u64, number: usize) -> Bitmap {
        let layout = layout(number);
        let rng = StdRng::seed_from_u64(mixed(seed, number));
        let mut plan = Plan::new(layout, rng);
        let rows = if plan.fixed.random_bool(0.5) { LETTER_ROWS } else { A4_ROWS };
        let page = Bitmap::white(WIDTH, rows, Grain::Fine);
        let mut canvas = Canvas::new(page, &mut self.faces);
        let (_, draw) = KINDS[layout / SETTINGS];
        draw(&mut canvas, &mut plan);
        canvas.page
    }

    /// Form template `template` of a seed, with filling `fill`.
    pub fn form(&mut self, seed: u64, template: usize, fill: usize) -> Bitmap {
        let page = Bitmap::white(WIDTH, LETTER_ROWS, Grain::Fine);
        let mut canvas = Canvas::new(page, &mut self.faces);
        template::draw(&mut canvas, mixed(seed, template + (1 << 40)), fill);
        canvas.page
    }

    /// Pages that must have no key: white, black, a line of text, a few specks, a thin border.
    pub fn empty(&mut self, seed: u64) -> [(&'static str, Bitmap); 5] {
        let white = Bitmap::white(WIDTH, LETTER_ROWS, Grain::Fine);
        let mut rng = StdRng::seed_from_u64(seed);
        let mut black = white.clone();
        for y in 0..black.rows() {
            black.fill(y, 0..usize::from(WIDTH));
        }
        let mut specks = white.clone();
        for _ in 0..60 {
            let [x, y] = [usize::from(WIDTH), LETTER_ROWS].map(|below| rng.random_range(0..below));
            specks.blacken(x, y);
        }
        let mut line = Canvas::new(white.clone(), &mut self.faces);
        let style = Style { face: Face::Mono, size: 30 };
        line.text(60, 6, style, "01/02/2026 10:31 FROM: 5550100 TO: 5550199 P. 1/1");
        let line = line.page;
        let mut border = Canvas::new(white.clone(), &mut self.faces);
        let edge = border.body(20);
        border.frame(edge, 3);
        let border = border.page;
        [
            ("white", white),
            ("black", black),
            ("specks", specks),
            ("a header line", line),
            ("a border", border),
        ]
    }
}

/// What one page or template of a seed is drawn from: far apart for neighbours.
pub(super) fn mixed(seed: u64, number: usize) -> u64 {
    let mut mixed = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (number as u64);
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ mixed >> 31
}

/// The layout of a page, by its number.
const fn layout(number: usize) -> usize {
    number / 2 % LAYOUTS
}

/// What a page is for, by its number.
#[must_use]
pub fn kind(number: usize) -> &'static str {
    KINDS[layout(number) / SETTINGS].0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_page_and_another_another() {
        let (mut one, mut two) = (Press::new().unwrap(), Press::new().unwrap());
        let number = 5;
        assert_eq!(one.page(1, number), two.page(1, number));
        assert_ne!(one.page(1, number), two.page(2, number));
        assert_ne!(one.page(1, number), two.page(1, number + LAYOUTS));
    }

    #[test]
    fn every_layout_leaves_ink_and_white() {
        const { assert!(LAYOUTS >= 50) };
        let mut press = Press::new().unwrap();
        for number in (0..2 * LAYOUTS).step_by(2) {
            let page = press.page(1, number);
            assert_eq!(page.width(), WIDTH);
            let share = page.ink_share();
            assert!((0.001..0.6).contains(&share), "{} {number}: {share}", kind(number));
        }
    }

    #[test]
    fn pages_without_a_message_are_nearly_white_or_black() {
        let pages = Press::new().unwrap().empty(1);
        let shares = pages.map(|(_, page)| page.ink_share());
        assert!(shares.iter().all(|share| *share < 0.01 || *share > 0.99), "{shares:?}");
    }
}
