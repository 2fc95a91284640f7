//! What gateways and bad lines do to rows and dots.

use rand::RngExt as _;
use rand::rngs::StdRng;

use crate::lab::pages::bitmap::{Bitmap, Grain, whole};

/// The other of standard and fine, by one of three ways; see `Distortion::Digital`.
pub(super) fn standard_fine(page: &Bitmap, rng: &mut StdRng) -> Bitmap {
    let fine = match page.grain() {
        Grain::Fine => page.clone(),
        Grain::Superfine => regrained(&dropped(page, 0), Grain::Fine),
        Grain::Standard => return doubled(page, Grain::Fine),
    };
    let phase = rng.random_range(0..2);
    match rng.random_range(0..3) {
        0 => dropped(&fine, phase),
        1 => joined(&fine, phase),
        _ => {
            let half =
                if rng.random_bool(0.5) { dropped(&fine, phase) } else { joined(&fine, phase) };
            doubled(&half, Grain::Fine)
        }
    }
}

/// Superfine, in half of the cases from a page whose odd rows differ a little, as a second scan would see them.
pub(super) fn superfine(page: &Bitmap, rng: &mut StdRng) -> Bitmap {
    let mut fine = doubled(page, Grain::Superfine);
    if rng.random_bool(0.5) {
        for y in (1..fine.rows()).step_by(2) {
            if rng.random_bool(0.2) && y + 1 < fine.rows() {
                fine.copy_row(y + 1, y);
            }
        }
    }
    fine
}

/// Every second row, in half the resolution.
pub(super) fn dropped(page: &Bitmap, phase: usize) -> Bitmap {
    let mut half = page.regrained(Grain::Standard);
    for y in (phase..page.rows()).step_by(2) {
        half.push_words(page.row(y).iter().copied());
    }
    half
}

/// Each two rows laid over each other, in half the resolution.
fn joined(page: &Bitmap, phase: usize) -> Bitmap {
    let mut half = page.regrained(Grain::Standard);
    for y in (phase..page.rows()).step_by(2) {
        let below = page.row((y + 1).min(page.rows() - 1));
        half.push_words(page.row(y).iter().zip(below).map(|(one, two)| one | two));
    }
    half
}

/// Each row twice.
pub(super) fn doubled(page: &Bitmap, grain: Grain) -> Bitmap {
    let mut double = page.regrained(grain);
    for y in 0..page.rows() {
        for _ in 0..2 {
            double.push_words(page.row(y).iter().copied());
        }
    }
    double
}

fn regrained(page: &Bitmap, grain: Grain) -> Bitmap {
    let mut other = page.regrained(grain);
    for y in 0..page.rows() {
        other.push_words(page.row(y).iter().copied());
    }
    other
}

/// Bad rows: four fifths show the row above again, one fifth is gone.
pub(super) fn bad_rows(page: &mut Bitmap, share: f64, rng: &mut StdRng) {
    let mut y = 1;
    while y < page.rows() {
        if rng.random_bool(share) {
            if rng.random_bool(0.2) {
                page.remove_rows(y..y + 1);
                continue;
            }
            page.copy_row(y - 1, y);
        }
        y += 1;
    }
}

/// Moved by up to 15 dots across and 40 fine rows down, either way.
pub(super) fn shift(page: &Bitmap, rng: &mut StdRng) -> Bitmap {
    let mut moved = page.clone();
    let rows = super::rows_of(page.grain(), rng.random_range(1..41));
    if rng.random_bool(0.5) {
        moved.insert_white(0, rows);
        moved.remove_rows(page.rows()..usize::MAX);
    } else {
        moved.remove_rows(0..rows);
        moved.insert_white(moved.rows(), rows);
    }
    let by = rng.random_range(1..16);
    let left = rng.random_bool(0.5);
    let mut aside = page.same_white(0);
    for y in 0..moved.rows() {
        let row = moved.row(y);
        let neighbour = |at: Option<usize>| at.and_then(|at| row.get(at)).copied().unwrap_or(0);
        aside.push_words(row.iter().enumerate().map(|(at, word)| match left {
            true => word >> by | neighbour(at.checked_add(1)) << (64 - by),
            false => word << by | neighbour(at.checked_sub(1)) >> (64 - by),
        }));
    }
    aside
}

/// Dots turned over, anywhere.
pub(super) fn pepper(page: &mut Bitmap, share: f64, rng: &mut StdRng) {
    let (width, rows) = (usize::from(page.width()), page.rows());
    let count = whole((width * rows) as f64 * share);
    for _ in 0..count {
        let (x, y) = (rng.random_range(0..width), rng.random_range(0..rows));
        page.flip(x, y);
    }
}
