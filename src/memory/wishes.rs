//! Which share of faxes is asked for fingerprints, and of which share content was touched: over the latest faxes with
//! pages, by count and not by the clock, so that the same faxes in the same order are asked for the same.

use parking_lot::Mutex;

/// Faxes over which shares are counted.
pub const WINDOW_FAXES: usize = 1_000;

/// The latest faxes.
pub struct Wishes(Mutex<Window>);

struct Window {
    /// Of each of the latest faxes in turn: faxes asked for, and touched, since it came.
    slots: Box<[[u16; 2]; WINDOW_FAXES]>,
    at: usize,
    sums: [u32; 2],
}

/// Places of a slot.
const ASKED: usize = 0;
const TOUCHED: usize = 1;

impl Default for Wishes {
    fn default() -> Self {
        Self(Mutex::new(Window { slots: Box::new([[0; 2]; WINDOW_FAXES]), at: 0, sums: [0; 2] }))
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
        let most = u64::from(share_milli) * WINDOW_FAXES as u64 / 1_000;
        let may = u64::from(window.sums[ASKED]) < most;
        if may {
            window.note(ASKED);
        }
        may
    }

    /// A fax that was asked for before this process began.
    pub(super) fn asked(&self) {
        self.0.lock().note(ASKED);
    }

    /// Content of a fax was touched, for the first time.
    pub fn touch(&self) {
        self.0.lock().note(TOUCHED);
    }

    /// Of a thousand faxes: those asked for, and those of which content was touched.
    pub fn shares_milli(&self) -> [u32; 2] {
        let sums = self.0.lock().sums;
        sums.map(|sum| u32::try_from(u64::from(sum) * 1_000 / WINDOW_FAXES as u64).unwrap_or(1_000))
    }
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
        assert_eq!(wishes.shares_milli(), [100, 0]);
        assert!(!Wishes::default().ask(0));
        (0..WINDOW_FAXES).for_each(|_| wishes.fax());
        assert_eq!(wishes.shares_milli(), [0, 0]);
        wishes.touch();
        assert_eq!(wishes.shares_milli(), [0, 1]);
    }
}
