//! How the strips of one page lie on the other: what follows an added line lies lower than what is above it.
//!
//! Each quarter of the page's width is cut into strips of 8 mm. By squares of 2 mm every strip is held against
//! all places around the hint, and the cheapest way from the first strip to the last is taken (dynamic programming, as Sakoe and Chiba
//! align speech, 1978): a step by one square costs little, for paper shrinks and turns; a jump costs as much as the mean strip
//! that is written on has ink, for a line was put in. A strip by itself would take the next line of text for its own.

use super::sheet::{Area, COLUMNS_OFF_MAX, ROWS_OFF_MAX, Sheet};
use super::{RIGHT, tells};

/// Height of a strip, in squares.
pub(super) const STRIP: i32 = 4;
/// How far from the hint strips are looked for, in squares: two header lines and two added lines are some ten.
const REACH_DOWN: i32 = 12;
const REACH_ACROSS: i32 = 3;
/// Places down the page that are tried.
const PLACES: usize = 25;
const _: () = assert!(2 * REACH_DOWN + 1 == 25 && PLACES == 25, "they are one number");
/// What a step costs, in hundredths of the ink of the mean strip.
const STEP_PERCENT: i32 = 5;
/// What lies aside is taken for it, by this part of its ink, when it fits as well: a text repeats its letters.
const ASIDE: i32 = 1_500;

/// A part of the width that lies more squares off the way of the whole page than skew explains costs so much more a strip, in
/// hundredths of the ink of the mean strip: amounts of a table fit nearly as well a row off.
const STRAY: usize = 2;
const STRAY_PERCENT: i32 = 10;

/// The first page, and the second one moved up by quarters of a square: a table that lies half a square off fits as well
/// on squares where it lies a row farther.
type Sheets<'s> = (&'s Sheet, &'s [Sheet; 4]);

/// How much a strip differs at one place, and where that is.
type Fit = (i32, (i32, i32));

/// How the strips of a part of the page's width fit at all places, from the top.
struct Part {
    fits: Vec<[Fit; PLACES]>,
    /// Ink of the mean strip that is written on.
    mean: i32,
}

impl Part {
    fn of(sheets: Sheets<'_>, (x, across, rows): (i32, i32, i32), hint: (i32, i32)) -> Self {
        let mut fits = Vec::new();
        let (mut ink, mut inked) = (0, 0);
        for y in super::starts(rows, STRIP) {
            let area = Area { x, y, across, down: STRIP.min(rows - y) };
            let own = sheets.0.ink(&area, (0, 0));
            if tells(&area, own) {
                (ink, inked) = (ink + own, inked + 1);
            }
            let down = |place: i32| hint.1 + place - REACH_DOWN;
            fits.push(std::array::from_fn(|place| {
                let place = i32::try_from(place).unwrap_or(0);
                fit(sheets, &area, (hint.0, down(place).clamp(-ROWS_OFF_MAX, ROWS_OFF_MAX)), own)
            }));
        }
        Self { fits, mean: ink / inked.max(1) }
    }

    /// What each strip differs at each place, and `stray` more for places off the way of the page.
    fn costs(&self, page: &[usize], stray: i32) -> Vec<[i32; PLACES]> {
        let mut costs: Vec<_> = self.fits.iter().map(|fits| fits.map(|(cost, _)| cost)).collect();
        for (costs, page) in costs.iter_mut().zip(page) {
            for (at, cost) in costs.iter_mut().enumerate() {
                *cost += if at.abs_diff(*page) > STRAY { stray } else { 0 };
            }
        }
        costs
    }
}

/// Where each strip of the first page lies on the second, in squares, for each part of its width.
pub(super) fn strips(
    sheets: Sheets<'_>,
    (across, rows): (i32, i32),
    hint: (i32, i32),
) -> Vec<Vec<(i32, i32)>> {
    let parts: Vec<Part> =
        super::starts(RIGHT, across).map(|x| Part::of(sheets, (x, across, rows), hint)).collect();
    let page = of_page(&parts);
    let of_part = |part: &Part| {
        let ways = cheapest(&part.costs(&page, part.mean * STRAY_PERCENT / 100), part.mean);
        part.fits.iter().zip(ways).map(|(fits, at)| fits[at].1).collect()
    };
    parts.iter().map(of_part).collect()
}

/// The way of whole strips: what is put into a page moves all of its width.
fn of_page(parts: &[Part]) -> Vec<usize> {
    let strips = parts.first().map_or(0, |part| part.fits.len());
    let mut costs = vec![[0; PLACES]; strips];
    for part in parts {
        for (costs, own) in costs.iter_mut().zip(part.costs(&[], 0)) {
            costs.iter_mut().zip(own).for_each(|(cost, own)| *cost += own);
        }
    }
    cheapest(&costs, parts.iter().map(|part| part.mean).sum())
}

/// How a strip fits so far down, wherever aside it fits best.
fn fit((first, seconds): Sheets<'_>, area: &Area, from: (i32, i32), own: i32) -> Fit {
    let fit = |aside: i32| {
        let at = ((from.0 + aside).clamp(-COLUMNS_OFF_MAX, COLUMNS_OFF_MAX), from.1);
        (first.apart(&seconds[0], area, at) + aside * aside * (own / ASIDE), at)
    };
    let (cost, at) = (-REACH_ACROSS..=REACH_ACROSS).map(fit).min().unwrap_or((0, from));
    let between = seconds[1..].iter().map(|second| first.apart(second, area, at));
    (between.fold(cost, i32::min), at)
}

/// The way through the strips that differs least, jumps and steps included: the place of each.
fn cheapest(fits: &[[i32; PLACES]], jump: i32) -> Vec<usize> {
    let step = jump * STEP_PERCENT / 100;
    let least = |costs: &[i32; PLACES]| (0..PLACES).min_by_key(|at| costs[*at]).unwrap_or(0);
    let mut costs = [0; PLACES];
    let mut ways: Vec<[usize; PLACES]> = Vec::with_capacity(fits.len());
    for fit in fits {
        let low = least(&costs);
        let way: [usize; PLACES] = std::array::from_fn(|at| {
            let cost = |from: &usize| costs[*from] + dearer(*from, at, step, jump);
            let near = at.saturating_sub(1)..=(at + 1).min(PLACES - 1);
            near.chain([low]).min_by_key(|from| (cost(from), from.abs_diff(at))).unwrap_or(at)
        });
        costs =
            std::array::from_fn(|at| costs[way[at]] + dearer(way[at], at, step, jump) + fit[at]);
        ways.push(way);
    }
    let mut at = least(&costs);
    let mut found = Vec::with_capacity(fits.len());
    for way in ways.iter().rev() {
        found.push(at);
        at = way[at];
    }
    found.reverse();
    found
}

const fn dearer(from: usize, to: usize, step: i32, jump: i32) -> i32 {
    match from.abs_diff(to) {
        0 => 0,
        1 => step,
        _ => jump,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fits of strips that have no ink but at one place each.
    fn at(places: &[Option<usize>]) -> Vec<[i32; PLACES]> {
        let fit =
            |wanted: &Option<usize>| {
                std::array::from_fn(|place| {
                    if wanted.is_some_and(|wanted| wanted != place) { 100 } else { 0 }
                })
            };
        places.iter().map(fit).collect()
    }

    fn ways(places: &[Option<usize>], jump: i32) -> Vec<usize> {
        cheapest(&at(places), jump)
    }

    fn part(places: &[Option<usize>]) -> Part {
        let fits = at(places).into_iter().map(|costs| costs.map(|cost| (cost, (0, 0))));
        Part { fits: fits.collect(), mean: 100 }
    }

    #[test]
    fn what_moves_a_page_moves_all_of_its_width() {
        let (a, b) = (Some(12), Some(16));
        let parts =
            [part(&[a, a, b, b]), part(&[a, a, b, b]), part(&[a, a, b, b]), part(&[Some(5); 4])];
        assert_eq!(of_page(&parts), [12, 12, 16, 16], "though one is a table that fits a row off");
        let costs = parts[3].costs(&[12, 12, 16, 16], 20);
        assert_eq!((costs[0][5], costs[0][14], costs[0][15]), (20, 100, 120));
    }

    #[test]
    fn an_added_line_moves_all_that_follows_and_one_odd_strip_nothing() {
        let [a, b] = [Some(12), Some(16)];
        assert_eq!(ways(&[a, a, a, b, b, b], 100), [12, 12, 12, 16, 16, 16]);
        assert_eq!(ways(&[a, a, b, a, a], 100), [12; 5], "there and back is two jumps");
        assert_eq!(ways(&[a, None, None, a], 100), [12; 4], "white lies as what is around it");
        assert_eq!(ways(&[Some(3), Some(4), Some(5)], 100), [3, 4, 5], "skew costs little");
        assert!(ways(&[], 100).is_empty());
    }
}
