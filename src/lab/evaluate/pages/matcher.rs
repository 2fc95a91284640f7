//! Whoever tells copies from other pages, as the measurement sees it; and the least of them, for a comparison.

use std::hash::{Hash as _, Hasher as _};

use crate::lab::pages::bitmap::Bitmap;

/// Tells copies of a page from other pages.
pub trait Matcher: Sync {
    /// What is kept of a page.
    type Print: Send + Sync;

    /// What it is called in the table.
    fn name(&self) -> &'static str;

    /// What is kept of this page; nothing of one that says too little to be known again.
    fn print(&self, page: &Bitmap) -> Option<Self::Print>;

    /// How far apart two pages are, from 0 on; nothing where nothing speaks for their being one. Asked for millions of
    /// pairs: say so early.
    fn distance(&self, one: &Self::Print, two: &Self::Print) -> Option<f64>;

    /// Up to which distance two pages are the same; where absent it is chosen on the even half.
    fn threshold(&self) -> Option<f64> {
        None
    }

    /// Of a cluster's five members, how many a page must be the same as to join it.
    fn needed(&self) -> usize {
        2
    }

    /// Reads every page of a TIFF file, whole print included, and gives how many there were; nothing where this reads no
    /// files. What the time of reading is taken by.
    fn read(&self, _file: &[u8]) -> Option<usize> {
        None
    }
}

/// Calls those pages the same whose rows are, dot by dot: what a checksum of the page does.
pub struct Identical;

/// Most of a page that [`Identical`] calls empty, as a share of ink; and least of one it calls full.
const EMPTY: [f64; 2] = [0.002, 0.95];

impl Matcher for Identical {
    type Print = u64;

    fn name(&self) -> &'static str {
        "identical rows"
    }

    fn print(&self, page: &Bitmap) -> Option<u64> {
        let share = page.ink_share();
        let mut hasher = std::hash::DefaultHasher::new();
        let mut changes = Vec::new();
        for y in 0..page.rows() {
            page.changes(y, &mut changes);
            changes.hash(&mut hasher);
        }
        (share > EMPTY[0] && share < EMPTY[1]).then(|| hasher.finish())
    }

    fn distance(&self, one: &u64, two: &u64) -> Option<f64> {
        (one == two).then_some(0.0)
    }
}
