//! The fingerprint of one page: keyed, expiring digests by which near-identical pages find each other.

/// Most chunk keys of a page.
pub const CHUNK_KEYS_MAX: usize = 8;
/// Most marks of a page.
pub const MARKS_MAX: usize = 32;
/// Bits of a mark that decide its bucket: the lowest ones of `bits`.
pub const BUCKET_BITS: u32 = 24;
/// Bits of a mark that are compared.
pub const MARK_BITS: u32 = 48;
/// Least sure bits named with a mark.
pub const WEAK_BITS: usize = 6;

/// A place that stands out on a page, and keyed bits of what is around it: near-identical pages have marks of small
/// Hamming distance at places that differ by one shift.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Place from the left, in cells of 2 mm.
    pub column: u8,
    /// Place from the top, in cells of 2 mm.
    pub row: u16,
    /// Keyed bits of what is around it, the lowest [`MARK_BITS`].
    pub bits: u64,
    /// Positions below [`BUCKET_BITS`], least sure first.
    pub weak: [u8; WEAK_BITS],
}

/// Fingerprint of one page. No Debug: it is personal data.
pub struct Fingerprint {
    /// Which secret it is keyed with.
    pub epoch: u32,
    /// Keys of row chunks, at most [`CHUNK_KEYS_MAX`].
    pub chunks: Vec<u64>,
    /// Marks, at most [`MARKS_MAX`].
    pub marks: Vec<Mark>,
    /// The ink map, where it was asked for.
    pub map: Option<InkMap>,
}

/// Cells in a row of an ink map.
const MAP_COLUMNS: usize = 108;
/// Most rows of an ink map.
const MAP_ROWS_MAX: usize = 512;

/// 4-bit ink map, `rows` rows of 108 cells of 2 mm.
#[derive(Clone)]
pub struct InkMap {
    packed: Box<[u8]>,
}

impl InkMap {
    /// The packed cells: two a byte, row by row.
    #[must_use]
    pub fn packed(&self) -> &[u8] {
        &self.packed
    }

    /// A map of packed cells; `None` where they are no whole rows, or too many.
    #[must_use]
    pub fn from_packed(packed: &[u8]) -> Option<Self> {
        let rows = packed.len() / (MAP_COLUMNS / 2);
        let whole = packed.len().is_multiple_of(MAP_COLUMNS / 2);
        (whole && (1..=MAP_ROWS_MAX).contains(&rows)).then(|| Self { packed: packed.into() })
    }
}

/// How far one page is shifted against another, in cells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offset {
    /// To the right.
    pub columns: i16,
    /// Down.
    pub rows: i16,
}

/// What a comparison of two maps says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Likeness {
    /// One page.
    Same,
    /// Two pages.
    Different,
    /// It cannot be told.
    Undecided,
}

/// Compares two maps, of which one is shifted by about `hint`.
#[must_use]
pub fn compare(a: &InkMap, b: &InkMap, _hint: Offset) -> Likeness {
    let differing = a.packed.iter().zip(&b.packed).filter(|(one, other)| one != other).count();
    match differing * 100 / a.packed.len().max(1) {
        0..=2 => Likeness::Same,
        3..=5 => Likeness::Undecided,
        _ => Likeness::Different,
    }
}
