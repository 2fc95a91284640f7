//! How the strips of one page lie on the other: what follows an added line lies lower than what is above it.
//!
//! Each quarter of the page's width is cut into strips of 8 mm. By squares of 2 mm every strip is held against
//! all places around the hint, and the cheapest way from the first strip to the last is taken (dynamic programming, as Sakoe and Chiba
//! align speech, 1978): a step by one square costs little, for paper shrinks and turns; a jump costs as much as the mean strip
//! has ink, for a line was put in. A strip by itself would take the next line of text for its own.

use super::sheet::{Area, COLUMNS_OFF_MAX, ROWS_OFF_MAX, Sheet};

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

/// How much a strip differs at one place, and where that is.
type Fit = (i32, (i32, i32));

/// Where each strip of the first page lies on the second, in squares, for the strips that begin at `x`.
pub(super) fn strips(
    [first, second]: &[Sheet; 2],
    (x, across, rows): (i32, i32, i32),
    hint: (i32, i32),
) -> Vec<(i32, i32)> {
    let mut fits = Vec::new();
    let mut ink = 0;
    for y in super::starts(rows, STRIP) {
        let area = Area { x, y, across, down: STRIP.min(rows - y) };
        let own = first.ink(&area, (0, 0));
        ink += own;
        fits.push(std::array::from_fn(|place| {
            let down = (hint.1 + i32::try_from(place).unwrap_or(0) - REACH_DOWN)
                .clamp(-ROWS_OFF_MAX, ROWS_OFF_MAX);
            let fit = |aside: i32| {
                let at = ((hint.0 + aside).clamp(-COLUMNS_OFF_MAX, COLUMNS_OFF_MAX), down);
                (first.apart(second, &area, at) + aside * aside * (own / ASIDE), at)
            };
            (-REACH_ACROSS..=REACH_ACROSS).map(fit).min().unwrap_or((0, hint))
        }));
    }
    let mean = ink / i32::try_from(fits.len()).unwrap_or(1).max(1);
    cheapest(&fits, mean)
}

/// The way through the strips that differs least, jumps and steps included.
fn cheapest(fits: &[[Fit; PLACES]], jump: i32) -> Vec<(i32, i32)> {
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
            std::array::from_fn(|at| costs[way[at]] + dearer(way[at], at, step, jump) + fit[at].0);
        ways.push(way);
    }
    let mut at = least(&costs);
    let mut found = Vec::with_capacity(fits.len());
    for (fit, way) in fits.iter().zip(&ways).rev() {
        found.push(fit[at].1);
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
    fn at(places: &[Option<usize>]) -> Vec<[Fit; PLACES]> {
        let fit = |wanted: &Option<usize>| {
            std::array::from_fn(|place| {
                let apart = if wanted.is_some_and(|wanted| wanted != place) { 100 } else { 0 };
                (apart, (0, i32::try_from(place).unwrap()))
            })
        };
        places.iter().map(fit).collect()
    }

    fn ways(places: &[Option<usize>], jump: i32) -> Vec<usize> {
        let found = cheapest(&at(places), jump);
        found.into_iter().map(|(_, down)| usize::try_from(down).unwrap()).collect()
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
