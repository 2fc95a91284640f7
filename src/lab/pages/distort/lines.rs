//! Lines that are not the page's own: the sender's header line and what is written for one recipient.

use rand::RngExt as _;
use rand::rngs::StdRng;

use super::rows_of;
use crate::lab::pages::bitmap::{Bitmap, Grain};
use crate::lab::pages::canvas::Canvas;
use crate::lab::pages::face::{Face, Faces, Style};
use crate::lab::pages::words;

/// A TTI: date, names, numbers, page, in a machine's type of 20 to 30 rows; see `Distortion::Tti`.
pub(super) fn tti(page: &mut Bitmap, faces: &mut Faces, rng: &mut StdRng) {
    let [hour, minute, pages] = [24, 60, 9].map(|below| rng.random_range(0..below));
    let count = rng.random_range(1..=pages + 1);
    let text = format!(
        "{} {hour:02}:{minute:02}  {}  {} -> {}  P.{count:02}/{:02}",
        words::date(rng),
        words::firm(rng),
        words::phone(rng),
        words::phone(rng),
        pages + 1
    );
    let face = if rng.random_bool(0.7) { Face::Mono } else { Face::Sans };
    let style = Style { face, size: rng.random_range(20..30) };
    if rng.random_bool(0.5) {
        page.insert_white(0, rows_of(page.grain(), rng.random_range(24..44)));
    } else {
        for y in 0..rows_of(page.grain(), 30) {
            page.clear(y, 0..usize::from(page.width()));
        }
    }
    let x = rng.random_range(30..110);
    written(page, faces, Placed { x, y: 1, style }, &text);
}

/// A recipient's line: a name, an address or a few words, 26 to 44 rows high, anywhere; see `Distortion::PersonalLine`.
pub(super) fn personal(page: &mut Bitmap, faces: &mut Faces, rng: &mut StdRng) {
    let text = match rng.random_range(0..4) {
        0 => format!("Attention: {}", words::name(rng)),
        1 => format!("{}, {}", words::name(rng), words::address(rng)),
        2 => format!("Dear {}, {}", words::name(rng), words::phrase(rng, 4)),
        _ => format!("Ref {}  {}", words::code(rng), words::phone(rng)),
    };
    let face = Face::ALL[rng.random_range(0..Face::ALL.len())];
    let style = Style { face, size: rng.random_range(26..44) };
    let grain = page.grain();
    let high = rows_of(grain, style.line() + 12);
    let mut y = rng.random_range(0..page.rows().saturating_sub(high + 20).max(1));
    let x = rng.random_range(40..600);
    if rng.random_bool(0.5) {
        // Between two lines, as whoever merges names into a letter would, where there is a between.
        let below = y..(y + rows_of(grain, 196)).min(page.rows());
        y = below.into_iter().find(|row| page.row(*row).iter().all(|word| *word == 0)).unwrap_or(y);
        page.insert_white(y, high);
    } else {
        let width = faces.width(style, &text);
        for row in y..(y + high).min(page.rows()) {
            page.clear(row, x - 10..x + width + 10);
        }
    }
    written(page, faces, Placed { x, y: y + rows_of(grain, 6), style }, &text);
}

/// Where a line is written, and in what.
#[derive(Clone, Copy)]
struct Placed {
    x: usize,
    y: usize,
    style: Style,
}

fn written(page: &mut Bitmap, faces: &mut Faces, at: Placed, text: &str) {
    let strip = Bitmap::white(page.width(), at.style.line() + 2, Grain::Fine);
    let mut canvas = Canvas::new(strip, faces);
    canvas.text(at.x, 0, at.style, text);
    let strip = canvas.page;
    let strip = match page.grain() {
        Grain::Fine => strip,
        Grain::Standard => super::raster::dropped(&strip, 0),
        Grain::Superfine => super::raster::doubled(&strip, Grain::Superfine),
    };
    page.stamp(&strip, 0, at.y);
}
