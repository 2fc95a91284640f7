//! Pieces that fit badly are tried where the pieces around them lie.
//!
//! A line that was put in cuts through pieces: what is above it lies where the piece above does, what is below it where the
//! piece below does. And a table repeats its rows, so that a piece of it may be found a row off while all around it
//! are found right.

use super::sheet::{Area, BLUR};
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

/// A place, and by how much each row of a piece differs there.
struct Fit {
    found: (i32, i32),
    rows: [i32; ROWS],
}

/// Tries pieces that do not fit well where those around them lie, whole first and then in two parts. They come and go in the order of
/// reading, a row of them after the other.
pub(super) fn mended(overlay: &Overlay, mut pieces: Vec<Piece>) -> Vec<Piece> {
    for _ in 0..ROUNDS {
        for at in 0..pieces.len() {
            let places = places(&pieces, at);
            if let Some([Some(whole), _]) = better(overlay, &pieces[at], &places, false) {
                pieces[at] = whole;
            }
        }
    }
    let mut parts = Vec::with_capacity(pieces.len() + 32);
    for (at, piece) in pieces.iter().enumerate() {
        match better(overlay, piece, &places(&pieces, at), true) {
            Some(found) => parts.extend(found.into_iter().flatten()),
            None => parts.push(*piece),
        }
    }
    parts
}

/// Where a piece and those around it were found; places within half a cell are one.
fn places(pieces: &[Piece], at: usize) -> Vec<(i32, i32)> {
    let (row, column) = (at / ACROSS, at % ACROSS);
    let mut places: Vec<(i32, i32)> = Vec::with_capacity(4);
    let rows = row.saturating_sub(1)..=row + 1;
    let columns = column.saturating_sub(1)..=(column + 1).min(ACROSS - 1);
    let around = rows.flat_map(|row| columns.clone().map(move |column| row * ACROSS + column));
    for other in std::iter::once(at).chain(around) {
        let Some((x, y)) = pieces.get(other).map(|piece| piece.found) else { continue };
        if places.iter().all(|near| (near.0 - x).abs() > 1 || (near.1 - y).abs() > 1) {
            places.push((x, y));
        }
    }
    places
}

/// The parts of a piece that fit better elsewhere.
fn better(
    overlay: &Overlay,
    piece: &Piece,
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
    let fits: Vec<Fit> = places.iter().map(|from| fit(overlay, &area, *from)).collect();
    let down = usize::try_from(area.down).unwrap_or(0).min(ROWS);
    let mut best = (apart / 1_000 * BETTER_MILLI, None);
    for upper in &fits {
        let mut above = 0;
        for cut in 0..=down {
            let whole = cut == down;
            let may_follow = |lower: &&Fit| whole == (lower.found == upper.found);
            for lower in fits.iter().filter(may_follow).filter(|_| whole || in_parts) {
                let all = above + lower.rows[cut..down].iter().sum::<i32>();
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

/// How a piece fits around a place, within half a cell.
fn fit(overlay: &Overlay, area: &Area, from: (i32, i32)) -> Fit {
    let places = around(1, 1).map(|(across, down)| (from.0 + across, from.1 + down));
    let rows = |found: (i32, i32)| {
        let (sheet, at) = overlay.halved(found);
        let row = |row: usize| {
            let y = area.y + i32::try_from(row).unwrap_or(0);
            let inside = y < area.y + area.down;
            if inside { overlay.cells.apart(sheet, &Area { y, down: 1, ..*area }, at) } else { 0 }
        };
        Fit { found, rows: std::array::from_fn(row) }
    };
    let fits = places.map(rows);
    fits.min_by_key(|fit| fit.rows.iter().sum::<i32>()).unwrap_or_else(|| rows(from))
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
    fn places_around_are_tried_once() {
        let piece = |at: usize, found| {
            let (x, y) = (whole(at % ACROSS) * 18, whole(at / ACROSS) * 8);
            Piece { area: Area { x, y, across: 18, down: 8 }, found, gain: 256 }
        };
        let mut pieces: Vec<Piece> = (0..3 * ACROSS).map(|at| piece(at, (0, 0))).collect();
        pieces[ACROSS].found = (4, 0);
        pieces[2 * ACROSS + 1].found = (1, 9);
        assert_eq!(places(&pieces, 0), [(0, 0), (4, 0)]);
        assert_eq!(places(&pieces, ACROSS), [(4, 0), (0, 0), (1, 9)]);
        assert_eq!(places(&pieces, ACROSS - 1), [(0, 0)], "nothing of the row below is beside it");
    }
}
