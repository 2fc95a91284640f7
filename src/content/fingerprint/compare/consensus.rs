//! A page held against several of a cluster at once.
//!
//! Of two copies of a page each has a line of its own recipient and noise of its own, and all of that speaks against them. Laid over
//! several, a copy differs from all of them in its own line, from one of them in that one's line, and from two of them
//! next to nowhere. Another filling of a form differs in each of its places from some two of five fillings, for each place
//! divides them: what tells a form is the cluster, and not the pair. Noise that no two share counts for nothing.

use std::ops::RangeInclusive;

use super::windows::{BESIDE, DOWN};
use super::{
    Among, HEADER_ROWS, InkMap, LINE_ROWS, Likeness, NOISE_MILLI_MAX, Offset, Overlay, WIDTH,
    beyond_lines, line_of_most,
};

/// Fewest pages that can agree on anything.
pub const AGREEMENT_MIN: usize = 3;
/// The same page as so many of them by itself, and what they agree on is not asked: a filling of a form is like one other, by
/// chance, and hardly like two.
pub const ALIKE_MIN: u32 = 2;
/// Fewest of them that a page has to differ from in one place.
const DIFFERS_FROM: u8 = 2;
/// Rows of cells above and below the page's own line, which cuts through what it is put into.
const AROUND_ROWS: usize = 4;
const _: () = assert!(AROUND_ROWS.is_multiple_of(DOWN), "windows are forgiven whole");
/// Lines that are forgiven beside: two of the others may have theirs in one place.
const LINES: usize = 1;
/// Cells that differ from two of the others, and thousandths of the windows that say something else than two of them, from
/// which a page is none of the cluster: a tick of a form.
pub const APART_MAX: u32 = 6;
/// Thousandths of the windows that say something else than two of the others, from which a page is none of theirs whatever is
/// forgiven: of a sparse page three lines are most of what it says. Less by half of the noise over the one it fits best.
const CONTRARY_MILLI_MAX: u32 = 400;
/// So much noise changes nothing; of what is more, so many hundredths of its thousandths are allowed for beside, of a page that
/// is the same as one of them by itself: a scan. Another page of one letterhead fits badly too, and is the same as none.
pub const QUIET_MILLI: u32 = 100;
const NOISE_PERCENT: u32 = 75;

/// A page laid over several of a cluster, up to those by which it was settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// The noise over half of the others is at most this, in thousandths of ink.
    pub noise_milli: u32,
    /// The same over the one that it fits best.
    pub least_noise_milli: u32,
    /// How many of them were looked at.
    pub compared: usize,
    /// How many of them it is the same page as, each by itself.
    pub alike: u32,
    /// Cells that differ from two of the others or more, and thousandths of the windows, beyond the lines that are forgiven.
    pub apart: u32,
    /// Windows that say something else than two of them, whatever is forgiven but the header, in thousandths of those that say
    /// anything.
    pub contrary_milli: u32,
    /// Those that are apart in which some other is as the page is: there the cluster itself falls apart.
    pub divided: u32,
}

impl Agreement {
    /// What it comes to.
    #[must_use]
    pub const fn likeness(&self) -> Likeness {
        if self.alike >= ALIKE_MIN {
            Likeness::Same
        } else if self.noise_milli >= NOISE_MILLI_MAX {
            Likeness::Different
        } else if self.apart < self.apart_max() && self.contrary_milli < self.contrary_max() {
            Likeness::Same
        } else {
            Likeness::SameForm
        }
    }

    /// Whether the page is none of theirs, and they say different things among each other, as fillings of one form do.
    #[must_use]
    pub fn is_divided(&self) -> bool {
        self.likeness() == Likeness::SameForm && self.divided >= self.apart_max()
    }

    /// From how much on the page is apart.
    #[must_use]
    pub const fn apart_max(&self) -> u32 {
        if self.alike == 0 {
            return APART_MAX;
        }
        APART_MAX + self.least_noise_milli.saturating_sub(QUIET_MILLI) * NOISE_PERCENT / 100
    }

    /// From how much that is contrary on the page is apart, in thousandths of the windows that say anything.
    #[must_use]
    pub const fn contrary_max(&self) -> u32 {
        CONTRARY_MILLI_MAX.saturating_sub(self.least_noise_milli / 2)
    }
}

/// Lays a page over others of a cluster, each near to where its hint says that it lies to the page. Fewer than
/// [`AGREEMENT_MIN`] agree on nothing; beyond 255 none is looked at, and none beyond those that settle it.
#[must_use]
pub fn agreement(page: &InkMap, others: &[(&InkMap, Offset)]) -> Agreement {
    let ink = page.ink();
    let others = &others[..others.len().min(usize::from(u8::MAX))];
    let (mut noises, mut alike, mut telling) = (Vec::with_capacity(others.len()), 0, Vec::new());
    let mut cells = Votes::new(WIDTH, (HEADER_ROWS + 1, LINE_ROWS, AROUND_ROWS));
    let mut windows =
        Votes::new(BESIDE, (HEADER_ROWS / DOWN, LINE_ROWS / DOWN, AROUND_ROWS / DOWN));
    for (other, hint) in others {
        let overlay = Overlay::of(&ink, &other.ink());
        let laid = overlay.lay(*hint);
        noises.push(laid.noise_milli);
        alike += u32::from(overlay.comparison(&laid).likeness() == Likeness::Same);
        if alike == ALIKE_MIN {
            break;
        }
        cells.add(overlay.differing(&laid, Among::Several).into_iter());
        let said = &laid.windows.said;
        windows.add(said.iter().map(|said| *said == Some(true)));
        telling.resize(telling.len().max(said.len()), false);
        telling.iter_mut().zip(said).for_each(|(tells, said)| *tells |= said.is_some());
    }
    noises.sort_unstable();
    let telling = telling.iter().map(|tells| u32::from(*tells)).sum::<u32>().max(1);
    let apart =
        |from: RangeInclusive<u8>| cells.beyond(&from) + windows.beyond(&from) * 1_000 / telling;
    Agreement {
        noise_milli: noises.get(noises.len() / 2).copied().unwrap_or(1_000),
        least_noise_milli: noises.first().copied().unwrap_or(1_000),
        compared: noises.len(),
        alike,
        apart: apart(DIFFERS_FROM..=cells.others),
        contrary_milli: windows.all(&(DIFFERS_FROM..=windows.others)) * 1_000 / telling,
        divided: apart(DIFFERS_FROM..=cells.others.saturating_sub(1)),
    }
}

/// How many of the others a page differs from, place by place.
struct Votes {
    votes: Vec<u8>,
    width: usize,
    /// Rows of the header, of a line, and around the page's own one.
    header: usize,
    line: usize,
    around: usize,
    /// How many others there are.
    others: u8,
}

impl Votes {
    const fn new(width: usize, (header, line, around): (usize, usize, usize)) -> Self {
        Self { votes: Vec::new(), width, header, line, around, others: 0 }
    }

    fn add(&mut self, differing: impl ExactSizeIterator<Item = bool>) {
        // A longer one goes on where the page is white.
        self.votes.resize(self.votes.len().max(differing.len()), 0);
        let votes = self.votes.iter_mut().zip(differing);
        votes.for_each(|(votes, differs)| *votes += u8::from(differs));
        self.others += 1;
    }

    /// How many places of each row differ from so many of the others; none of the header's.
    fn rows(&self, from: &RangeInclusive<u8>) -> Vec<u32> {
        let count = |row: &[u8]| row.iter().map(|votes| u32::from(from.contains(votes))).sum();
        let mut rows: Vec<u32> = self.votes.chunks(self.width).map(count).collect();
        rows.iter_mut().take(self.header).for_each(|row| *row = 0);
        rows
    }

    /// Places that differ from so many of the others, beyond the header.
    fn all(&self, from: &RangeInclusive<u8>) -> u32 {
        self.rows(from).iter().sum()
    }

    /// Places that differ from so many of the others, beyond the header, the page's own line, and one more.
    fn beyond(&self, from: &RangeInclusive<u8>) -> u32 {
        let mut rows = self.rows(from);
        // What differs from all is the page's own.
        let own = self.rows(&(self.others..=self.others));
        if let Some(line) = line_of_most(&own, self.line) {
            let (from, to) = (line.start.saturating_sub(self.around), line.end + self.around);
            rows.iter_mut().take(to).skip(from).for_each(|row| *row = 0);
        }
        beyond_lines(rows, (self.header, self.line), LINES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pages of three places in each of forty rows, against which these places of others differ.
    fn beyond(others: &[&[(usize, usize)]], from: RangeInclusive<u8>) -> u32 {
        let mut votes = Votes::new(3, (2, 8, 4));
        for differing in others {
            votes.add((0..120).map(|at| differing.contains(&(at / 3, at % 3))));
        }
        votes.beyond(&from)
    }

    #[test]
    fn a_copy_has_its_own_line_and_each_other_has_its_own() {
        let own = [(20, 0), (20, 1), (21, 0), (23, 2)];
        let of_one: Vec<_> = own.iter().copied().chain([(4, 0), (5, 1)]).collect();
        let of_another: Vec<_> = own.iter().copied().chain([(34, 0), (35, 2)]).collect();
        assert_eq!(beyond(&[&own, &of_one, &of_another], 2..=3), 0);
        // Two that have theirs in one place are forgiven as one line, and the header is at any time.
        let twice: Vec<_> = of_one.iter().copied().chain([(0, 1), (1, 2)]).collect();
        assert_eq!(beyond(&[&own, &of_one, &twice], 2..=3), 0);
    }

    #[test]
    fn fillings_differ_from_two_in_many_places() {
        let fillings: [&[(usize, usize)]; 4] = [
            &[(4, 0), (14, 1), (24, 2)],
            &[(4, 0), (24, 2), (34, 0)],
            &[(14, 1), (34, 0)],
            &[(4, 0), (34, 0)],
        ];
        assert_eq!(beyond(&fillings, 2..=4), 3, "four places but for a line");
        assert_eq!(beyond(&fillings, 2..=3), 3, "and they are divided over them");
        let filling: &[(usize, usize)] = &[(4, 0), (14, 1), (24, 2), (34, 0)];
        assert_eq!(beyond(&[filling; 4], 2..=3), 0, "one filling beside four copies of another");
        assert_eq!(beyond(&[filling; 4], 2..=4), 2, "is none of them");
    }

    #[test]
    fn what_it_comes_to() {
        let copy = Agreement {
            noise_milli: 120,
            least_noise_milli: 90,
            compared: 5,
            alike: 0,
            apart: 5,
            contrary_milli: 140,
            divided: 0,
        };
        assert_eq!(copy.likeness(), Likeness::Same);
        let form = Agreement { apart: 10, divided: 10, ..copy };
        assert_eq!((form.likeness(), form.is_divided()), (Likeness::SameForm, true));
        let noisy = Agreement { least_noise_milli: 140, ..form };
        assert_eq!((noisy.apart_max(), noisy.likeness()), (6, Likeness::SameForm));
        let scanned = Agreement { alike: 1, ..noisy };
        assert_eq!((scanned.apart_max(), scanned.likeness()), (36, Likeness::Same));
        let alike = Agreement { alike: 2, apart: 300, divided: 300, ..copy };
        assert_eq!((alike.likeness(), alike.is_divided()), (Likeness::Same, false));
        let other = Agreement { noise_milli: 500, ..form };
        assert_eq!((other.likeness(), other.is_divided()), (Likeness::Different, false));
        let sparse = Agreement { contrary_milli: 355, ..copy };
        assert_eq!(sparse.contrary_max(), 355);
        assert_eq!(sparse.likeness(), Likeness::SameForm, "three lines of a note are most of it");
        let another = Agreement { apart: 500, divided: 5, ..copy };
        assert!(!another.is_divided(), "one filling beside copies of another");
    }
}
