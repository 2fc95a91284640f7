//! Pieces that fit badly are tried where the pieces around them lie.
//!
//! A line that was put in cuts through pieces: what is above it lies where the piece above does, what is below it where the
//! piece below does. And a table repeats its rows, so that a piece of it may be found a row off while all around it
//! are found right.

use std::iter;

use super::sheet::{Area, BLUR, COLUMNS_OFF_MAX, ROWS_OFF_MAX};
use super::{FINER, Overlay, PIECE_ACROSS, PIECE_INK_MIN, Piece, STRIP, STRIP_ACROSS, around};

/// Pieces across a page.
const ACROSS: usize = 12;
const _: () =
    assert!(PIECE_ACROSS * 12 == 108 && STRIP_ACROSS % PIECE_ACROSS == 0, "a page is cut whole");
/// Rows of cells of a piece.
const ROWS: usize = 8;
const _: () = assert!(STRIP * FINER == 8 && ROWS == 8, "they are one number");
/// A piece of which no more of the ink differs fits well, in thousandths. Lines of small print differ by no more than some 200
/// where they lie on other lines.
const WELL_MILLI: i32 = 50;
/// Another place is taken where no more than this share of the difference is left, in thousandths: a text that is another
/// one fits a little better anywhere.
const BETTER_MILLI: i32 = 800;
/// Times that whole pieces are tried before parts of them are.
const ROUNDS: usize = 2;
/// A row of pieces is moved together where no more than this share of what it says differently is left, in thousandths.
const TOGETHER_MILLI: i32 = 850;
/// Half cells within which pieces lie equally far down.
const NEAR_DOWN: i32 = 2;
/// Half cells of a square, and how many more than squares are looked at a piece may lie off: it was found by squares, cells and half
/// cells around that.
const HALVES: i32 = 2 * FINER;
const MORE: i32 = 12;
const _: () = assert!(MORE <= HALVES * 4, "four squares of white are left around");

/// A place, and by how much each row of a piece differs there; and by how much it and all below it do.
#[derive(Clone, Copy)]
struct Fit {
    found: (i32, i32),
    rows: [i32; ROWS],
    below: [i32; ROWS + 1],
}

impl Fit {
    fn of(found: (i32, i32), rows: [i32; ROWS]) -> Self {
        let mut below = [0; ROWS + 1];
        for row in (0..ROWS).rev() {
            below[row] = below[row + 1] + rows[row];
        }
        Self { found, rows, below }
    }
}

/// How a piece fits around the places that were tried: most are tried again in the next round.
#[derive(Clone, Default)]
struct Known(Vec<((i32, i32), Fit)>);

impl Known {
    fn fit(&mut self, overlay: &Overlay, area: &Area, from: (i32, i32)) -> Fit {
        if let Some((_, fit)) = self.0.iter().find(|(place, _)| *place == from) {
            return *fit;
        }
        let found = fit(overlay, area, from);
        self.0.push((from, found));
        found
    }
}

/// Tries pieces that do not fit well where those around them lie, whole first and then in two parts. They come and go in the order of
/// reading, a row of them after the other.
pub(super) fn mended(overlay: &Overlay, mut pieces: Vec<Piece>) -> Vec<Piece> {
    let mut known = vec![Known::default(); pieces.len()];
    for _ in 0..ROUNDS {
        for at in 0..pieces.len() {
            let places = places(&pieces, at);
            let found = better(overlay, &pieces[at], &mut known[at], &places, false);
            if let Some([Some(whole), _]) = found {
                pieces[at] = whole;
            }
        }
    }
    for row in 0..pieces.len() / ACROSS {
        if let Some(found) = together(overlay, &pieces, row) {
            pieces[row * ACROSS..(row + 1) * ACROSS].copy_from_slice(&found);
        }
    }
    let mut parts = Vec::with_capacity(pieces.len() + 32);
    for (at, (piece, known)) in pieces.iter().zip(&mut known).enumerate() {
        match better(overlay, piece, known, &places(&pieces, at), true) {
            Some(found) => parts.extend(found.into_iter().flatten()),
            None => parts.push(*piece),
        }
    }
    parts
}

/// A row of pieces that all lie as far down as some of them, or of those beside them, where they say more of the same so: one
/// amount of a table fits over the one above it nearly as well, all that a row of it says does not.
fn together(overlay: &Overlay, pieces: &[Piece], row: usize) -> Option<Vec<Piece>> {
    let of_row = |row: usize| pieces.get(row * ACROSS..(row + 1) * ACROSS).unwrap_or_default();
    let own = of_row(row);
    let mut downs: Vec<i32> = Vec::with_capacity(4);
    for piece in (row.saturating_sub(1)..=row + 1).flat_map(of_row) {
        if downs.iter().all(|down| (down - piece.found.1).abs() > NEAR_DOWN) {
            downs.push(piece.found.1);
        }
    }
    if downs.len() < 2 {
        return None;
    }
    let mut asides: Vec<i32> = own.iter().map(|piece| piece.found.0).collect();
    asides.sort_unstable();
    let aside = asides.get(ACROSS / 2).copied().unwrap_or_default();
    let fit = |piece: &Piece, down: i32| {
        let other = (aside != piece.found.0).then_some(aside);
        let fits = iter::once(piece.found.0).chain(other).flat_map(|aside| beside((aside, down)));
        let fits = fits.map(|found| (unlike(overlay, &piece.area, found), found));
        fits.min_by_key(|(unlike, _)| *unlike).unwrap_or((0, piece.found))
    };
    let now: i32 = own.iter().map(|piece| unlike(overlay, &piece.area, piece.found)).sum();
    let mut best = (now / 1_000 * TOGETHER_MILLI, None);
    for down in downs {
        let (mut all, mut fits) = (0, Vec::with_capacity(ACROSS));
        for piece in own {
            let (unlike, found) = fit(piece, down);
            all += unlike;
            fits.push(found);
            if all >= best.0 {
                break;
            }
        }
        if all < best.0 {
            best = (all, Some(fits));
        }
    }
    let fits = own.iter().zip(best.1?);
    Some(fits.map(|(piece, found)| overlay.laid(piece.area, found)).collect())
}

/// How much of what is written on a piece differs at a place: of each row what is off its mean, so that rules across say nothing.
fn unlike(overlay: &Overlay, area: &Area, found: (i32, i32)) -> i32 {
    const WIDTH: usize = 18;
    const _: () = assert!(PIECE_ACROSS * FINER == 18 && WIDTH == 18, "a piece is as wide");
    let (sheet, at) = overlay.halved(found);
    // In 16 bits, of which a machine takes eight at once; no blurred cell has more than 14.
    let mean = |cells: &[u16; WIDTH]| {
        let mean = cells.iter().map(|cell| i32::from(*cell)).sum::<i32>() / (PIECE_ACROSS * FINER);
        i16::try_from(mean).unwrap_or(i16::MAX)
    };
    let of_row = |(own, other): (&[u16; WIDTH], &[u16; WIDTH])| {
        let off = mean(own) - mean(other);
        let mut apart = [0; WIDTH];
        for (apart, (own, other)) in apart.iter_mut().zip(own.iter().zip(other)) {
            *apart = own.cast_signed().wrapping_sub(other.cast_signed()).wrapping_sub(off);
        }
        apart.iter().map(|apart| i32::from(apart.unsigned_abs())).sum::<i32>()
    };
    overlay.cells.pairs(sheet, area, at).map(of_row).sum()
}

/// Where a piece and those around it were found; places within half a cell are one.
fn places(pieces: &[Piece], at: usize) -> Vec<(i32, i32)> {
    let (row, column) = (at / ACROSS, at % ACROSS);
    let mut places: Vec<(i32, i32)> = Vec::with_capacity(4);
    let rows = row.saturating_sub(1)..=row + 1;
    let columns = column.saturating_sub(1)..=(column + 1).min(ACROSS - 1);
    let around = rows.flat_map(|row| columns.clone().map(move |column| row * ACROSS + column));
    for other in iter::once(at).chain(around) {
        let (Some(own), Some(piece)) = (pieces.get(at), pieces.get(other)) else { continue };
        let (x, y) = piece.found;
        // Where there is nothing but rules, how far aside a piece lies is anything.
        for (x, y) in [(x, y), (own.found.0, y)] {
            if places.iter().all(|near| (near.0 - x).abs() > 1 || (near.1 - y).abs() > 1) {
                places.push((x, y));
            }
        }
    }
    places
}

/// The parts of a piece that fit better elsewhere.
fn better(
    overlay: &Overlay,
    piece: &Piece,
    known: &mut Known,
    places: &[(i32, i32)],
    in_parts: bool,
) -> Option<[Option<Piece>; 2]> {
    let area = piece.area;
    let (sheet, at) = overlay.halved(piece.found);
    let ink = overlay.cells.ink(&area, (0, 0)).max(sheet.ink(&area, at));
    let apart = overlay.cells.apart(sheet, &area, at);
    let least = area.across * area.down * BLUR * PIECE_INK_MIN;
    if ink <= least || apart <= WELL_MILLI * (ink / 1_000) || places.len() < 2 {
        return None;
    }
    let fits: Vec<Fit> = places.iter().map(|from| known.fit(overlay, &area, *from)).collect();
    let down = usize::try_from(area.down).unwrap_or(0).min(ROWS);
    let mut best = (apart / 1_000 * BETTER_MILLI, None);
    for upper in &fits {
        let mut above = 0;
        for cut in 0..=down {
            let whole = cut == down;
            let may_follow = |lower: &&Fit| whole == (lower.found == upper.found);
            for lower in fits.iter().filter(may_follow).filter(|_| whole || in_parts) {
                let all = above + lower.below[cut];
                if all < best.0 {
                    best = (all, Some((upper.found, cut, lower.found)));
                }
            }
            above += upper.rows.get(cut).copied().unwrap_or(0);
        }
    }
    let (upper, cut, lower) = best.1?;
    let cut = i32::try_from(cut).unwrap_or(0);
    let part = |y: i32, down: i32, found: (i32, i32)| {
        let area = Area { y, down, ..area };
        (down > 0).then(|| overlay.laid(area, found))
    };
    Some([part(area.y, cut, upper), part(area.y + cut, area.down - cut, lower)])
}

/// Places within half a cell of one, and no farther than white was put around pages.
fn beside(from: (i32, i32)) -> impl Iterator<Item = (i32, i32)> {
    let (aside, down) = (HALVES * COLUMNS_OFF_MAX + MORE, HALVES * ROWS_OFF_MAX + MORE);
    around(1, 1)
        .map(move |(x, y)| ((from.0 + x).clamp(-aside, aside), (from.1 + y).clamp(-down, down)))
}

/// How a piece fits around a place, within half a cell.
fn fit(overlay: &Overlay, area: &Area, from: (i32, i32)) -> Fit {
    let rows = |found: (i32, i32)| {
        let (sheet, at) = overlay.halved(found);
        let row = |row: usize| {
            let y = area.y + i32::try_from(row).unwrap_or(0);
            let inside = y < area.y + area.down;
            if inside { overlay.cells.apart(sheet, &Area { y, down: 1, ..*area }, at) } else { 0 }
        };
        Fit::of(found, std::array::from_fn(row))
    };
    let fits = beside(from).map(rows);
    fits.min_by_key(|fit| fit.below[0]).unwrap_or_else(|| rows(from))
}

#[cfg(test)]
mod tests {
    use super::super::sheet::whole;
    use super::*;
    use crate::content::fingerprint::ink::{CELLS_ACROSS, Ink};

    /// Rows of cells with words of their own, so that no row is like another.
    fn rows(count: usize) -> Vec<Vec<u8>> {
        let mut state = 7_u64;
        let mut row = |_| {
            let mut cells = vec![0; CELLS_ACROSS];
            for word in cells.chunks_mut(3) {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                word.fill(if state >> 62 == 0 { 200 } else { 0 });
            }
            cells
        };
        (0..count).map(&mut row).collect()
    }

    fn ink(rows: &[Vec<u8>]) -> Ink {
        Ink::of_cells(rows.concat())
    }

    #[test]
    fn a_line_that_was_put_in_cuts_the_pieces_it_goes_through() {
        let page = rows(160);
        let mut copy = page.clone();
        copy.splice(83..83, vec![vec![0; CELLS_ACROSS]; 6]);
        let pieces = Overlay::of(&ink(&page), &ink(&copy)).register((0, 0));
        let uncut = |piece: &&Piece| piece.area.down == 8;
        let (mut above, mut below) = (0, 0);
        for Piece { area, found, .. } in pieces.iter().filter(uncut).filter(|it| it.area.y != 80) {
            let lower = i32::from(area.y > 80) * 12;
            assert_eq!(*found, (0, lower), "row {}", area.y);
            (above, below) = (above + i32::from(lower == 0), below + i32::from(lower != 0));
        }
        assert_eq!((above, below), (10 * 12, 9 * 12));
        let cut: Vec<_> = pieces.iter().filter(|piece| !uncut(piece)).collect();
        assert_eq!(cut.len(), 2 * 12, "every piece of that row, and no other");
        for pair in cut.chunks(2) {
            let [upper, lower] = [pair[0], pair[1]];
            assert_eq!((upper.area.y, upper.found, lower.found), (80, (0, 0), (0, 12)));
            // The rows beside the cut are blurred, and may be of either part.
            assert!((2..=4).contains(&upper.area.down), "{}", upper.area.down);
            assert_eq!(upper.area.down + lower.area.down, 8);
        }
    }

    #[test]
    fn a_row_of_a_table_lies_where_all_of_it_says_the_same() {
        let page = rows(160);
        let overlay = Overlay::of(&ink(&page), &ink(&page));
        let mut pieces = overlay.register((0, 0));
        assert!(together(&overlay, &pieces, 5).is_none(), "all lie equally far down");
        pieces[5 * ACROSS..6 * ACROSS - 2].iter_mut().for_each(|piece| piece.found = (1, 24));
        let found = together(&overlay, &pieces, 5).unwrap();
        assert!(found.iter().all(|piece| piece.found == (0, 0)), "though most of it lay elsewhere");
        let far = beside((i32::MAX / 2, i32::MIN / 2));
        assert!(far.into_iter().all(|found| found == (76, -108)), "white is around no farther");
    }

    #[test]
    fn places_around_are_tried_once() {
        let piece = |at: usize, found| {
            let (x, y) = (whole(at % ACROSS) * 18, whole(at / ACROSS) * 8);
            Piece { area: Area { x, y, across: 18, down: 8 }, found, gain: 256 }
        };
        let mut pieces: Vec<Piece> = (0..3 * ACROSS).map(|at| piece(at, (0, 0))).collect();
        pieces[ACROSS].found = (4, 0);
        pieces[2 * ACROSS + 1].found = (1, 9);
        assert_eq!(places(&pieces, 0), [(0, 0), (4, 0)]);
        assert_eq!(places(&pieces, ACROSS), [(4, 0), (0, 0), (1, 9), (4, 9)]);
        assert_eq!(places(&pieces, ACROSS - 1), [(0, 0)], "nothing of the row below is beside it");
    }
}
