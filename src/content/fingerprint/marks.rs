//! Marks: places of a page that stand out from what is around them, and what is around them as 48 bits.
//!
//! A mark is an extremum of the difference of two box filters (Lowe's difference of Gaussians, IJCV 2004, with Bay's
//! boxes, SURF, 2006) at one scale, since a fax has but one. Around it ink is sampled on a grid of 8 by 8, 6 mm apart, and the
//! signs of the lowest coefficients of its cosine transform are its bits (as PDQ and pHash do for a whole page). A line that
//! is added somewhere, a shift, a little skew or scale leave most marks as they are. All in whole numbers, so that
//! every machine finds the same. A cell is a square of 2 mm here.

use std::sync::LazyLock;

use super::ink::{COLUMNS, INK_ROWS_MAX, Ink};
use super::{BUCKET_BITS, MARK_BITS, MARKS_MAX, Mark, WEAK_BITS};

/// Half sides of the two boxes, in cells: 10 mm and 22 mm.
const SMALL: usize = 2;
const LARGE: usize = 5;
/// Cells of the two boxes.
const SMALL_CELLS: i32 = 5 * 5;
const LARGE_CELLS: i32 = 11 * 11;
const _: () = assert!(SMALL == 2 && LARGE == 5, "their cells are counted above");
/// A mark stands out most within so many cells.
const APART: usize = 3;
/// Least difference of the means of the boxes: 1.5 of 255.
const CONTRAST_MIN: i32 = SMALL_CELLS * LARGE_CELLS * 3 / 2;
/// Largest ratio of squared trace to determinant of the second differences: beyond it is an edge, along which a mark slides.
const EDGE_MAX: i64 = 20;
/// Distance of the second differences, in cells.
const STEP: usize = 2;
const _: () = assert!(STEP <= APART, "there are so many values around the page");
/// Distance of samples around a mark, in cells; the grid is placed half way between cells.
const SPACING: usize = 3;
/// Half side of the box of a sample, in cells.
const SAMPLE: usize = 2;
/// Marks that look like a corner, an edge or a dot say little; they are taken where there are fewer than so many others.
const PLAIN_UNTIL: usize = 20;
/// Most bits of its bucket by which such a mark differs from one of those shapes.
const PLAIN_BITS: u32 = 2;

/// An extremum: how much it stands out, and where.
#[derive(Clone, Copy)]
struct Extremum {
    response: i32,
    x: usize,
    y: usize,
}

/// The marks of a page, those that stand out most first; at most [`MARKS_MAX`].
pub(super) fn marks(ink: &Ink) -> Vec<Mark> {
    let sums = Sums::of(ink);
    let mut extrema = Responses::of(&sums).extrema();
    extrema.sort_unstable_by_key(|extremum| (-extremum.response.abs(), extremum.y, extremum.x));
    let (mut marks, mut plain) = (Vec::with_capacity(MARKS_MAX), Vec::new());
    for Extremum { x, y, .. } in extrema {
        if marks.len() == MARKS_MAX {
            break;
        }
        let (bits, weak) = describe(&sums.grid(x, y));
        let (Ok(column), Ok(row)) = (u8::try_from(x), u16::try_from(y)) else { continue };
        let mark = Mark { column, row, bits, weak };
        if is_plain(bits) {
            plain.push(mark);
        } else {
            marks.push(mark);
        }
    }
    let room = PLAIN_UNTIL.saturating_sub(marks.len());
    marks.extend(plain.into_iter().take(room));
    marks
}

/// Sums of ink over everything above and to the left of a corner (Crow 1984), so that a box takes four reads.
struct Sums {
    rows: usize,
    /// Rows of corners from the top, [`CORNERS`] each.
    sums: Vec<i32>,
}

/// Corners across.
const CORNERS: usize = COLUMNS + 1;
const _: () = assert!(COLUMNS < 256 && INK_ROWS_MAX < 512, "a place has 8 and 9 bits");
const _: () = assert!(COLUMNS * INK_ROWS_MAX * 255 < 1 << 31, "no sum has more than 31 bits");

impl Sums {
    fn of(ink: &Ink) -> Self {
        let rows = ink.rows();
        let mut sums = vec![0_i32; CORNERS * (rows + 1)];
        for (row, line) in ink.lines().enumerate() {
            let (above, below) = sums[CORNERS * row..].split_at_mut(CORNERS);
            let mut sum = 0;
            for ((below, above), cell) in below[1..].iter_mut().zip(&above[1..]).zip(line) {
                sum += i32::from(*cell);
                *below = above + sum;
            }
        }
        Self { rows, sums }
    }

    /// The corners of a row.
    fn line(&self, row: usize) -> &[i32] {
        &self.sums[CORNERS * row..CORNERS * (row + 1)]
    }

    /// Ink within `HALF` cells of every place of a row; there is none outside the page. A row at once, so that a machine may
    /// take several places at a time.
    fn boxes<const HALF: usize>(&self, row: usize) -> [i32; COLUMNS] {
        let top = self.line(row.saturating_sub(HALF));
        let bottom = self.line((row + HALF + 1).min(self.rows));
        // What is between the two lines to the left of each corner, and of corners outside.
        let mut left = [0; CORNERS + 2 * LARGE];
        let (inside, outside) = left[HALF..].split_at_mut(CORNERS);
        for ((left, bottom), top) in inside.iter_mut().zip(bottom).zip(top) {
            *left = bottom - top;
        }
        outside.fill(inside[CORNERS - 1]);
        let mut boxes = [0; COLUMNS];
        let ends = left[..COLUMNS].iter().zip(&left[2 * HALF + 1..]);
        for (sum, (from, to)) in boxes.iter_mut().zip(ends) {
            *sum = to - from;
        }
        boxes
    }

    /// Samples around a place.
    fn grid(&self, x: usize, y: usize) -> Grid {
        let columns = sampled(x, COLUMNS);
        sampled(y, self.rows).map(|(top, bottom)| {
            let (top, bottom) = (self.line(top), self.line(bottom));
            columns.map(|(left, right)| bottom[right] + top[left] - top[right] - bottom[left])
        })
    }
}

/// The corners that the samples around a place lie between, the last of the page for what is outside.
fn sampled(place: usize, last: usize) -> [(usize, usize); 8] {
    // Half a spacing is rounded away from the place, on both sides.
    const FAR: usize = (7 * SPACING).div_ceil(2) + SAMPLE;
    // Counted from where the outermost one begins, so that nothing is below zero.
    let corner = |corner: usize| corner.saturating_sub(FAR).min(last);
    std::array::from_fn(|at| {
        let away = ((2 * at).abs_diff(7) * SPACING).div_ceil(2);
        let middle = if at < 4 { place + FAR - away } else { place + FAR + away };
        (corner(middle - SAMPLE), corner(middle + SAMPLE + 1))
    })
}

/// How much each cell stands out, with nothing that does around the page.
struct Responses {
    rows: usize,
    values: Vec<i32>,
}

/// Values of a row and of what is beside it.
const STRIDE: usize = COLUMNS + 2 * APART;

impl Responses {
    fn of(sums: &Sums) -> Self {
        let mut values = vec![0; STRIDE * (sums.rows + 2 * APART)];
        let lines = values.chunks_exact_mut(STRIDE).skip(APART).take(sums.rows);
        for (row, line) in lines.enumerate() {
            let (small, large) = (sums.boxes::<SMALL>(row), sums.boxes::<LARGE>(row));
            for ((value, small), large) in line[APART..].iter_mut().zip(small).zip(large) {
                *value = small * LARGE_CELLS - large * SMALL_CELLS;
            }
        }
        Self { rows: sums.rows, values }
    }

    fn extrema(&self) -> Vec<Extremum> {
        let mut found = Vec::new();
        for y in 0..self.rows {
            let from = STRIDE * (y + APART) + APART;
            for (x, response) in self.values[from..from + COLUMNS].iter().enumerate() {
                let at = from + x;
                let stands_out = response.abs() >= CONTRAST_MIN;
                if stands_out && self.is_extremum(at, *response) && self.is_no_edge(at, *response) {
                    found.push(Extremum { response: *response, x, y });
                }
            }
        }
        found
    }

    /// Whether none around stands out more the same way; of equals the first is taken.
    fn is_extremum(&self, at: usize, response: i32) -> bool {
        let (sign, most) = (response.signum(), response.abs());
        let below = |values: &[i32]| values.iter().all(|other| other * sign < most);
        let not_above = |values: &[i32]| values.iter().all(|other| other * sign <= most);
        // The four next to it first, in one: of most places one of them stands out more, and which is not foreseen.
        let next = |at: usize| self.values[at] * sign;
        let earlier = next(at - 1).max(next(at - STRIDE)) < most;
        let later = next(at + 1).max(next(at + STRIDE)) <= most;
        (earlier & later)
            && below(&self.values[at - APART..at])
            && not_above(&self.values[at + 1..=at + APART])
            && (1..=APART).all(|rows| {
                let (above, under) = (at - rows * STRIDE, at + rows * STRIDE);
                not_above(&self.values[under - APART..=under + APART])
                    && below(&self.values[above - APART..=above + APART])
            })
    }

    fn is_no_edge(&self, at: usize, response: i32) -> bool {
        let (up, down) = (at - STEP * STRIDE, at + STEP * STRIDE);
        let of = |at: usize| i64::from(self.values[at]);
        let twice = 2 * i64::from(response);
        let (across, down_it) = (of(at + STEP) + of(at - STEP) - twice, of(down) + of(up) - twice);
        let slant = (of(down + STEP) + of(up - STEP) - of(up + STEP) - of(down - STEP)) / 4;
        let (trace, determinant) = (across + down_it, across * down_it - slant * slant);
        determinant > 0 && trace * trace <= EDGE_MAX * determinant
    }
}

/// Samples around a mark, rows from the top.
type Grid = [[i32; 8]; 8];

/// Cosines of multiples of a sixteenth of π, in 256ths.
const COSINES: [i32; 9] = [256, 251, 237, 213, 181, 142, 98, 50, 0];

/// The cosine of `sixteenths` of π.
const fn cosine(sixteenths: usize) -> i32 {
    match sixteenths % 32 {
        first @ 0..=8 => COSINES[first],
        second @ 9..=16 => -COSINES[16 - second],
        third @ 17..=24 => -COSINES[third - 16],
        fourth => COSINES[32 - fourth],
    }
}

/// `WAVES[u][x]`: the cosine wave of u half turns over eight samples.
const WAVES: [[i32; 8]; 8] = {
    let mut waves = [[0; 8]; 8];
    let mut u = 0;
    while u < 8 {
        let mut x = 0;
        while x < 8 {
            waves[u][x] = cosine((2 * x + 1) * u);
            x += 1;
        }
        u += 1;
    }
    waves
};

/// Coefficients across and down by growing frequency, the mean left out.
static ORDER: LazyLock<Vec<(usize, usize)>> = LazyLock::new(|| {
    let mut all: Vec<(usize, usize)> = (1..64).map(|at| (at % 8, at / 8)).collect();
    all.sort_by_key(|(u, v)| (u * u + v * v, *u));
    all.truncate(usize::try_from(MARK_BITS).unwrap_or(0));
    all
});

/// The signs of the lowest coefficients, and which of those in the bucket are nearest to the other sign.
fn describe(grid: &Grid) -> (u64, [u8; WEAK_BITS]) {
    let mut across = [[0; 8]; 8];
    for (samples, waves) in grid.iter().zip(&mut across) {
        for (wave, cosines) in waves.iter_mut().zip(&WAVES) {
            *wave =
                samples.iter().zip(cosines).map(|(sample, cosine)| sample * cosine).sum::<i32>()
                    >> 8;
        }
    }
    let mut bits = 0;
    let mut sizes = Vec::with_capacity(24);
    for (bit, (u, v)) in (0_u8..).zip(ORDER.iter()) {
        let coefficient: i32 =
            across.iter().zip(&WAVES[*v]).map(|(waves, cosine)| waves[*u] * cosine).sum();
        bits |= u64::from(coefficient > 0) << bit;
        if u32::from(bit) < BUCKET_BITS {
            sizes.push((coefficient.abs(), bit));
        }
    }
    sizes.sort_unstable();
    (bits, std::array::from_fn(|at| sizes.get(at).map_or(0, |(_, bit)| *bit)))
}

/// Buckets of shapes that are on every other page: the corner of a block of text or of a picture, its edge, a lone dot.
static PLAIN: LazyLock<Vec<u64>> = LazyLock::new(|| {
    let mut buckets: Vec<u64> = (-2..=2)
        .flat_map(|ox| (-2..=2).map(move |oy| (ox, oy)))
        .flat_map(|(ox, oy)| {
            (0..SHAPES).map(move |shape| bucket(describe(&ideal(shape, ox, oy)).0))
        })
        .collect();
    buckets.sort_unstable();
    buckets.dedup();
    buckets
});

const SHAPES: usize = 15;

/// A shape in black and white with its middle half a sample times `ox` and `oy` beside the mark.
fn ideal(shape: usize, ox: i32, oy: i32) -> Grid {
    let place = |at: usize, off: i32| 2 * i32::try_from(at).unwrap_or(0) - 7 - off;
    std::array::from_fn(|j| {
        std::array::from_fn(|i| {
            let (x, y) = (place(i, ox), place(j, oy));
            // Of 2: how far it is left of the middle, above it, and near it.
            let (left, above) = ((1 - x).clamp(0, 2), (1 - y).clamp(0, 2));
            let (right, below) = (2 - left, 2 - above);
            let (column, row) = ((3 - x.abs()).clamp(0, 2), (3 - y.abs()).clamp(0, 2));
            1_000
                * match shape {
                    0 => left * above,
                    1 => right * above,
                    2 => left * below,
                    3 => right * below,
                    4 => 4 - left * above,
                    5 => 4 - right * above,
                    6 => 4 - left * below,
                    7 => 4 - right * below,
                    8 => column * row,
                    9 => column * 2,
                    10 => row * 2,
                    11 => column * left.max(row),
                    12 => left * 2,
                    13 => above * 2,
                    _ => column.max(row) * 2,
                }
        })
    })
}

fn bucket(bits: u64) -> u64 {
    bits & ((1 << BUCKET_BITS) - 1)
}

fn is_plain(bits: u64) -> bool {
    PLAIN.iter().any(|plain| (plain ^ bucket(bits)).count_ones() <= PLAIN_BITS)
}
