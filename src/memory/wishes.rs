//! Which share of faxes is asked for fingerprints, and of which share content was touched: over the latest faxes with
//! pages, by count and not by the clock, so that the same faxes in the same order are asked for the same.

use parking_lot::Mutex;

/// Faxes over which shares are counted.
pub const WINDOW_FAXES: usize = 1_000;
/// What [`Feature::FingerprintAsked`](crate::features::Feature) is of a fax that was asked for by lot.
pub const BY_LOT: i32 = 2;

/// The latest faxes.
pub struct Wishes(Mutex<Window>);

struct Window {
    /// Of each of the latest faxes in turn: faxes asked for, touched, and asked for by lot, since it came.
    slots: Box<[[u16; 3]; WINDOW_FAXES]>,
    at: usize,
    sums: [u32; 3],
}

/// Places of a slot.
const ASKED: usize = 0;
const TOUCHED: usize = 1;
const DRAWN: usize = 2;

impl Default for Wishes {
    fn default() -> Self {
        Self(Mutex::new(Window { slots: Box::new([[0; 3]; WINDOW_FAXES]), at: 0, sums: [0; 3] }))
    }
}

impl Window {
    fn note(&mut self, what: usize) {
        self.slots[self.at][what] = self.slots[self.at][what].saturating_add(1);
        self.sums[what] = self.sums[what].saturating_add(1);
    }
}

impl Wishes {
    /// A fax whose pages have begun to come, once.
    pub fn fax(&self) {
        let mut window = self.0.lock();
        window.at = (window.at + 1) % WINDOW_FAXES;
        let at = window.at;
        let gone = std::mem::take(&mut window.slots[at]);
        for (sum, gone) in window.sums.iter_mut().zip(gone) {
            *sum = sum.saturating_sub(gone.into());
        }
    }

    /// Asks for the fingerprints of a fax that was not asked for, unless so many of a thousand were already; true where it
    /// may.
    pub fn ask(&self, share_milli: u32) -> bool {
        let mut window = self.0.lock();
        let may = window.sums[ASKED] < faxes(share_milli);
        if may {
            window.note(ASKED);
        }
        may
    }

    /// Asks for a fax on which the lot fell, out of what doubt leaves: doubt has as many of the share to itself as the lot
    /// may take, or half of it where that is less.
    pub fn ask_by_lot(&self, share_milli: u32, lot_milli: u32) -> bool {
        let spare = share_milli.saturating_sub(lot_milli).max(share_milli / 2);
        let mut window = self.0.lock();
        let may = window.sums[ASKED] < faxes(spare);
        if may {
            window.note(ASKED);
            window.note(DRAWN);
        }
        may
    }

    /// A fax that was asked for before this process began.
    pub(super) fn asked(&self) {
        self.0.lock().note(ASKED);
    }

    /// The same by lot.
    pub(super) fn asked_by_lot(&self) {
        let mut window = self.0.lock();
        window.note(ASKED);
        window.note(DRAWN);
    }

    /// Content of a fax was touched, for the first time.
    pub fn touch(&self) {
        self.0.lock().note(TOUCHED);
    }

    /// Of a thousand faxes: those asked for, and those of which content was touched.
    pub fn shares_milli(&self) -> [u32; 2] {
        let [asked, touched, _] = self.0.lock().sums;
        [asked, touched].map(milli)
    }

    /// Of a thousand faxes: those asked for by lot.
    pub fn drawn_milli(&self) -> u32 {
        milli(self.0.lock().sums[DRAWN])
    }
}

/// So many of a thousand, in faxes of the window.
fn faxes(share_milli: u32) -> u32 {
    u32::try_from(u64::from(share_milli) * WINDOW_FAXES as u64 / 1_000).unwrap_or(u32::MAX)
}

/// So many faxes of the window, of a thousand.
fn milli(faxes: u32) -> u32 {
    u32::try_from(u64::from(faxes) * 1_000 / WINDOW_FAXES as u64).unwrap_or(1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_asked_and_no_more() {
        let wishes = Wishes::default();
        let mut asked = 0;
        for _ in 0..5_000 {
            wishes.fax();
            asked += u32::from(wishes.ask(100));
        }
        assert_eq!(asked, 500);
        assert_eq!((wishes.shares_milli(), wishes.drawn_milli()), ([100, 0], 0));
        assert!(!Wishes::default().ask(0));
        (0..WINDOW_FAXES).for_each(|_| wishes.fax());
        assert_eq!(wishes.shares_milli(), [0, 0]);
        wishes.touch();
        assert_eq!(wishes.shares_milli(), [0, 1]);
    }

    #[test]
    fn the_lot_takes_what_doubt_leaves_and_no_more() {
        for (doubted, drawn) in [(0, 20), (50, 20), (80, 0), (100, 0)] {
            let wishes = Wishes::default();
            for fax in 0..5_000 {
                wishes.fax();
                // Doubt is spread evenly over the faxes, and so is the lot.
                let at = fax % 1_000;
                if at * doubted / 1_000 != (at + 1) * doubted / 1_000 {
                    wishes.ask(100);
                } else if fax % 50 == 0 {
                    wishes.ask_by_lot(100, 20);
                }
            }
            let told = (wishes.shares_milli()[0], wishes.drawn_milli());
            assert_eq!(told, (doubted + drawn, drawn), "{doubted}");
        }
        let wishes = Wishes::default();
        let taken = (0..100).filter(|_| wishes.ask_by_lot(20, 500)).count();
        assert_eq!((taken, wishes.ask_by_lot(0, 500)), (10, false));
    }
}
