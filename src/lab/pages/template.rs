//! Forms: one template filled in for many people, the hard negative of whoever looks for copies.
//!
//! Everything printed is drawn from the template's seed alone; a filling writes names, dates, amounts, ticks and hands
//! into its places. By ink the filling is a few to some twenty percent of the page.

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::canvas::{Area, Canvas, Stand};
use super::face::{Face, Style};
use super::layout::mixed;
use super::words;

/// Templates that a full evaluation uses.
pub const TEMPLATES: usize = 24;
/// Fillings of each.
pub const FILLS: usize = 14;

/// Something to be filled in.
struct Blank {
    area: Area,
    what: What,
}

#[derive(Clone, Copy)]
enum What {
    Name,
    Date,
    Code,
    Phone,
    Address,
    Money,
    Measure,
    Tick,
    Remark,
    Signature,
}

/// How the printed part is set.
struct Set {
    rng: StdRng,
    margin: usize,
    title: Style,
    label: Style,
    /// What forms are filled with: a machine's type, or a hand.
    typed: Style,
    by_hand: bool,
    boxed: bool,
    /// Share of the places that whoever fills it in leaves empty.
    left_empty: f64,
    /// Share of the fields that take words and not digits.
    wordy: f64,
    blanks: Vec<Blank>,
}

impl Set {
    fn new(seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let face = Face::ALL[rng.random_range(0..Face::ALL.len())];
        let typed = if rng.random_bool(0.5) { Face::Mono } else { Face::Sans };
        Self {
            margin: rng.random_range(70..150),
            title: Style { face: face.bold(), size: rng.random_range(44..72) },
            label: Style { face, size: rng.random_range(24..32) },
            typed: Style { face: typed, size: rng.random_range(26..34) },
            by_hand: rng.random_bool(0.25),
            boxed: rng.random_bool(0.5),
            left_empty: rng.random_range(0.0..0.3),
            wordy: rng.random_range(0.2..0.8),
            blanks: Vec::new(),
            rng,
        }
    }
}

/// What is filled in with digits: one filling differs from another in which, hardly in where.
const DIGITS: [What; 5] = [What::Date, What::Code, What::Phone, What::Money, What::Measure];

impl Set {
    /// What a place takes: one of the words or one of the digits.
    fn what(&mut self, words: &[What], digits: &[What]) -> What {
        let of = if self.rng.random_bool(self.wordy) { words } else { digits };
        of[self.rng.random_range(0..of.len())]
    }
}

/// Draws template and filling onto a white page.
pub(super) fn draw(canvas: &mut Canvas<'_>, seed: u64, fill: usize) {
    let mut set = Set::new(seed);
    printed(canvas, &mut set);
    let mut rng = StdRng::seed_from_u64(mixed(seed, fill + 1));
    for blank in &set.blanks {
        if !rng.random_bool(set.left_empty) {
            filled(canvas, &set, blank, &mut rng);
        }
    }
}

/// Everything that is the same whoever fills it in.
fn printed(canvas: &mut Canvas<'_>, set: &mut Set) {
    let area = canvas.body(set.margin);
    let firm = words::firm(&mut set.rng);
    let mut y = canvas.line(area, set.title, Stand::Left, &firm);
    let address = words::address(&mut set.rng);
    y = canvas.line(area.below(y), set.label, Stand::Left, &address) + 10;
    let title = words::phrase(&mut set.rng, 3).to_uppercase();
    canvas.banner(Area { height: set.title.line() + 10, ..area.below(y) }, set.title, &title);
    y += set.title.line() + 40;
    // The last of the page is for the signature.
    let body = Area { height: area.height.saturating_sub(160), ..area };
    while y + 260 < body.bottom() {
        let place = body.below(y);
        y = 24
            + match set.rng.random_range(0..4) {
                0 => fields(canvas, set, place),
                1 => ticks(canvas, set, place),
                2 => rows(canvas, set, place),
                _ => print(canvas, set, place),
            };
    }
    let sign = Area { height: 70, width: 500, ..area.below(area.bottom() - 130) };
    canvas.rule(sign, sign.bottom(), 2);
    canvas.line(sign.below(sign.bottom() + 4), set.label, Stand::Left, "Signature");
    set.blanks.push(Blank { area: sign, what: What::Signature });
    let day = Area { x: area.right() - 320, width: 320, ..sign };
    canvas.rule(day, day.bottom(), 2);
    canvas.line(day.below(day.bottom() + 4), set.label, Stand::Left, "Date");
    set.blanks.push(Blank { area: Area { y: day.y + 24, ..day }, what: What::Date });
}

/// Labels with a line or a box behind each.
fn fields(canvas: &mut Canvas<'_>, set: &mut Set, area: Area) -> usize {
    let high = set.typed.line() + 22;
    let rows = set.rng.random_range(2..6).min(area.height / high);
    for row in 0..rows {
        let band = Area { y: area.y + row * high, height: high - 10, ..area };
        for cell in band.columns(set.rng.random_range(1..3), 40) {
            let label = words::phrase(&mut set.rng, 1);
            let from = canvas.text(cell.x, cell.y + 6, set.label, &format!("{label}:")) + 12;
            let place = Area { x: from, width: cell.right().saturating_sub(from), ..cell };
            if set.boxed {
                canvas.frame(place, 2);
            } else {
                canvas.rule(place, place.bottom(), 2);
            }
            let what = set.what(&[What::Name, What::Address], &DIGITS);
            set.blanks.push(Blank { area: place.inside(4), what });
        }
    }
    area.y + rows * high
}

/// Boxes to tick.
fn ticks(canvas: &mut Canvas<'_>, set: &mut Set, area: Area) -> usize {
    let heading = words::phrase(&mut set.rng, 2);
    let y = canvas.line(area, set.label.bold(), Stand::Left, &heading);
    let high = set.label.line() + 14;
    let rows = set.rng.random_range(2..5).min(area.below(y).height / high);
    for row in 0..rows {
        let band = Area { y: y + row * high, height: high, ..area };
        for cell in band.columns(3, 20) {
            let tick = Area { width: 30, height: 30, ..cell };
            canvas.frame(tick, 2);
            let words_of_label = set.rng.random_range(1..4);
            let label = words::phrase(&mut set.rng, words_of_label);
            canvas.text(cell.x + 44, cell.y, set.label, &label);
            set.blanks.push(Blank { area: tick, what: What::Tick });
        }
    }
    y + rows * high
}

/// A ruled table with printed headings and first column.
fn rows(canvas: &mut Canvas<'_>, set: &mut Set, area: Area) -> usize {
    let high = set.typed.line() + 14;
    let columns = set.rng.random_range(3..5);
    let rows = set.rng.random_range(3..9).min((area.height / high).saturating_sub(1));
    let chosen: Vec<What> =
        (0..columns).map(|_| set.what(&[What::Name, What::Remark], &DIGITS)).collect();
    for row in 0..=rows {
        let band = Area { y: area.y + row * high, height: high, ..area };
        for (at, cell) in band.columns(columns, 0).enumerate() {
            canvas.frame(cell, 2);
            if row == 0 || at == 0 {
                let words_of_label = set.rng.random_range(1..3);
                let label = words::phrase(&mut set.rng, words_of_label);
                canvas.line(cell.inside(8), set.label, Stand::Left, &label);
            } else {
                set.blanks.push(Blank { area: cell.inside(6), what: chosen[at] });
            }
        }
    }
    area.y + (rows + 1) * high
}

/// Printed text, and sometimes room for a remark.
fn print(canvas: &mut Canvas<'_>, set: &mut Set, area: Area) -> usize {
    let count = set.rng.random_range(20..80);
    let text = words::prose(&mut set.rng, count);
    let y = canvas.paragraph(area, set.label, &text) + 10;
    if set.rng.random_bool(0.4) && y + 180 < area.bottom() {
        let room = Area { height: 130, ..area.below(y) };
        canvas.frame(room, 2);
        set.blanks.push(Blank { area: room.inside(14), what: What::Remark });
        return room.bottom();
    }
    y
}

fn filled(canvas: &mut Canvas<'_>, set: &Set, blank: &Blank, rng: &mut StdRng) {
    let area = blank.area;
    let text = match blank.what {
        What::Signature => return canvas.handwriting(area, rng),
        What::Tick if rng.random_bool(0.4) => {
            canvas.text(area.x + 5, area.y, set.typed, "X");
            return;
        }
        What::Tick => return,
        What::Name => words::name(rng),
        What::Date => words::date(rng),
        What::Code => words::code(rng),
        What::Phone => words::phone(rng),
        What::Address => words::address(rng),
        What::Money => words::money(rng),
        What::Measure => words::measure(rng),
        What::Remark => {
            let count = rng.random_range(4..30);
            words::prose(rng, count)
        }
    };
    if set.by_hand {
        let width = canvas.width(set.typed, &text).max(120).min(area.width);
        let hand = Area { width, height: area.height.min(44), ..area };
        return canvas.handwriting(hand, rng);
    }
    canvas.paragraph(Area { height: area.height.max(set.typed.line()), ..area }, set.typed, &text);
}

#[cfg(test)]
mod tests {
    use crate::lab::pages::bitmap::Bitmap;
    use crate::lab::pages::layout::Press;

    fn shared(one: &Bitmap, two: &Bitmap) -> u64 {
        let both =
            |y| one.row(y).iter().zip(two.row(y)).map(|(a, b)| u64::from((a & b).count_ones()));
        (0..one.rows()).flat_map(both).sum()
    }

    #[test]
    fn a_filling_is_a_small_part_of_its_form() {
        let mut press = Press::new().unwrap();
        for template in 0..super::TEMPLATES {
            let fills: Vec<Bitmap> = (0..3).map(|fill| press.form(1, template, fill)).collect();
            assert_eq!(fills[0], press.form(1, template, 0));
            for pair in [[0, 1], [1, 2]] {
                let [one, two] = pair.map(|at| &fills[at]);
                let own = 1.0 - shared(one, two) as f64 / one.ink() as f64;
                assert!((0.01..0.35).contains(&own), "{template}: {own}");
            }
        }
    }
}
