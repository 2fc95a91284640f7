//! Marks: places of a page that stand out from what is around them, and what is around them as 48 bits.
//!
//! A mark is an extremum of the difference of two box filters (Lowe's difference of Gaussians, IJCV 2004, with Bay's
//! boxes, SURF, 2006) at one scale, since a fax has but one. Around it ink is sampled on a grid of 8 by 8, 6 mm apart, and the
//! signs of the lowest coefficients of its cosine transform are its bits (as PDQ and pHash do for a whole page). A line that
//! is added somewhere, a shift, a little skew or scale leave most marks as they are. All in whole numbers, so that
//! every machine finds the same. A cell is a square of 2 mm here.

use std::sync::LazyLock;

use super::ink::{COLUMNS, INK_ROWS_MAX, Ink, RIGHT};
use super::{BUCKET_BITS, MARK_BITS, MARKS_MAX, Mark, WEAK_BITS};

/// Half sides of the two boxes, in cells: 10 mm and 22 mm.
const SMALL: i32 = 2;
const LARGE: i32 = 5;
/// Cells of the two boxes.
const SMALL_CELLS: i32 = (2 * SMALL + 1) * (2 * SMALL + 1);
const LARGE_CELLS: i32 = (2 * LARGE + 1) * (2 * LARGE + 1);
/// A mark stands out most within so many cells.
const APART: i32 = 3;
/// Least difference of the means of the boxes: 1.5 of 255.
const CONTRAST_MIN: i32 = SMALL_CELLS * LARGE_CELLS * 3 / 2;
/// Largest ratio of squared trace to determinant of the second differences: beyond it is an edge, along which a mark slides.
const EDGE_MAX: i64 = 20;
/// Distance of the second differences, in cells.
const STEP: i32 = 2;
/// Distance of samples around a mark, in cells; the grid is placed half way between cells.
const SPACING: i32 = 3;
/// Half side of the box of a sample, in cells.
const SAMPLE: i32 = 2;
/// Marks that look like a corner, an edge or a dot say little; they are taken where there are fewer than so many others.
const PLAIN_UNTIL: usize = 20;
/// Most bits of its bucket by which such a mark differs from one of those shapes.
const PLAIN_BITS: u32 = 2;

/// An extremum: how much it stands out, and where.
#[derive(Clone, Copy)]
struct Extremum {
    response: i32,
    x: i32,
    y: i32,
}

/// The marks of a page, those that stand out most first; at most [`MARKS_MAX`].
pub(super) fn marks(ink: &Ink) -> Vec<Mark> {
    let sums = Sums::of(ink);
    let mut extrema = Responses::of(&sums).extrema();
    extrema.sort_by_key(|extremum| (-extremum.response.abs(), extremum.y, extremum.x));
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
    rows: i32,
    sums: Vec<u32>,
}

/// Corners across, and the last of them.
const CORNERS: usize = COLUMNS + 1;
const _: () = assert!(COLUMNS < 256 && INK_ROWS_MAX < 512, "a place has 8 and 9 bits");

impl Sums {
    fn of(ink: &Ink) -> Self {
        let mut sums = vec![0_u32; CORNERS * (ink.rows() + 1)];
        let mut above = 0;
        for line in ink.lines() {
            let mut sum = 0;
            for (column, cell) in line.iter().enumerate() {
                sum += u32::from(*cell);
                sums[above + CORNERS + column + 1] = sums[above + column + 1] + sum;
            }
            above += CORNERS;
        }
        Self { rows: i32::try_from(ink.rows()).unwrap_or(0), sums }
    }

    /// Ink of the cells within `half` of a place; there is none outside the page.
    fn around(&self, x: i32, y: i32, half: i32) -> i32 {
        let column = |x: i32| usize::try_from(x.clamp(0, RIGHT)).unwrap_or(0);
        let line = |y: i32| CORNERS * usize::try_from(y.clamp(0, self.rows)).unwrap_or(0);
        let (left, right) = (column(x - half), column(x + half + 1));
        let (top, bottom) = (line(y - half), line(y + half + 1));
        let within = self.sums[bottom + right] + self.sums[top + left]
            - self.sums[top + right]
            - self.sums[bottom + left];
        i32::try_from(within).unwrap_or(i32::MAX)
    }

    /// Samples around a place.
    fn grid(&self, x: i32, y: i32) -> Grid {
        // 3.5 spacings to the left of the place, rounded away from it as the right side is.
        let place = |at: usize| {
            let twice = (2 * i32::try_from(at).unwrap_or(0) - 7) * SPACING;
            (twice + twice.signum()) / 2
        };
        std::array::from_fn(|j| {
            std::array::from_fn(|i| self.around(x + place(i), y + place(j), SAMPLE))
        })
    }
}

/// How much each cell stands out.
struct Responses {
    rows: i32,
    values: Vec<i32>,
}

impl Responses {
    fn of(sums: &Sums) -> Self {
        let mut values = Vec::with_capacity(sums.sums.len());
        for y in 0..sums.rows {
            values.extend((0..RIGHT).map(|x| {
                sums.around(x, y, SMALL) * LARGE_CELLS - sums.around(x, y, LARGE) * SMALL_CELLS
            }));
        }
        Self { rows: sums.rows, values }
    }

    fn at(&self, x: i32, y: i32) -> i32 {
        if !(0..RIGHT).contains(&x) || !(0..self.rows).contains(&y) {
            return 0;
        }
        usize::try_from(y * RIGHT + x)
            .ok()
            .and_then(|at| self.values.get(at))
            .map_or(0, |value| *value)
    }

    fn extrema(&self) -> Vec<Extremum> {
        let mut found = Vec::new();
        for y in 0..self.rows {
            for x in 0..RIGHT {
                let response = self.at(x, y);
                if response.abs() >= CONTRAST_MIN
                    && self.is_extremum(x, y, response)
                    && self.is_no_edge(x, y, response)
                {
                    found.push(Extremum { response, x, y });
                }
            }
        }
        found
    }

    /// Whether none around stands out more the same way; of equals the first is taken.
    fn is_extremum(&self, x: i32, y: i32, response: i32) -> bool {
        let sign = response.signum();
        (-APART..=APART).all(|dy| {
            (-APART..=APART).all(|dx| {
                let other = self.at(x + dx, y + dy) * sign;
                let earlier = dy < 0 || (dy == 0 && dx < 0);
                if earlier { other < response * sign } else { other <= response * sign }
            })
        })
    }

    fn is_no_edge(&self, x: i32, y: i32, response: i32) -> bool {
        let at = |dx: i32, dy: i32| i64::from(self.at(x + dx * STEP, y + dy * STEP));
        let twice = 2 * i64::from(response);
        let (across, down) = (at(1, 0) + at(-1, 0) - twice, at(0, 1) + at(0, -1) - twice);
        let slant = (at(1, 1) + at(-1, -1) - at(1, -1) - at(-1, 1)) / 4;
        let (trace, determinant) = (across + down, across * down - slant * slant);
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
