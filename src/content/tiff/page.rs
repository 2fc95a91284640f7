//! One page as its directory describes it: sizes, coding and reception, and no byte of the page.

use super::directory::Directory;
use super::session::{Coding, Dcs, Resolution, SessionParams};
use super::{HostileBytes, InvalidTiff, TiffFault};

/// Most strips of one page. Fax servers write one to some twenty; this leaves room for a writer that
/// gives each of the 4,600 rows of a superfine A4 page a strip of its own.
pub const STRIPS_MAX: u32 = 8_192;

/// Tag numbers of TIFF 6.0, TIFF-F (RFC 2306) and libtiff's registered fax tags.
mod tag {
    pub(super) const IMAGE_WIDTH: u16 = 256;
    pub(super) const IMAGE_LENGTH: u16 = 257;
    pub(super) const COMPRESSION: u16 = 259;
    pub(super) const PHOTOMETRIC: u16 = 262;
    pub(super) const FILL_ORDER: u16 = 266;
    pub(super) const STRIP_OFFSETS: u16 = 273;
    pub(super) const ROWS_PER_STRIP: u16 = 278;
    pub(super) const STRIP_BYTE_COUNTS: u16 = 279;
    pub(super) const X_RESOLUTION: u16 = 282;
    pub(super) const Y_RESOLUTION: u16 = 283;
    pub(super) const T4_OPTIONS: u16 = 292;
    pub(super) const RESOLUTION_UNIT: u16 = 296;
    pub(super) const BAD_FAX_LINES: u16 = 326;
    pub(super) const CLEAN_FAX_DATA: u16 = 327;
    pub(super) const CONSECUTIVE_BAD_FAX_LINES: u16 = 328;
    pub(super) const FAX_RECV_PARAMS: u16 = 34_908;
    pub(super) const FAX_SUB_ADDRESS: u16 = 34_909;
    pub(super) const FAX_RECV_TIME: u16 = 34_910;
    pub(super) const FAX_DCS: u16 = 34_911;
}

/// Which bit of a byte comes first on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FillOrder {
    /// The most significant one.
    MostSignificantFirst,
    /// The least significant one, as T.4 sends it.
    LeastSignificantFirst,
}

/// What a zero pixel is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Photometric {
    /// White, as on every bilevel fax.
    ZeroIsWhite,
    /// Black.
    ZeroIsBlack,
    /// A colour space, by its number in TIFF.
    Other(u16),
}

/// What the receiver did about bad rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CleanFaxData {
    /// There were none.
    Clean,
    /// It replaced them.
    Regenerated,
    /// It left them.
    Unclean,
}

/// How a decoder finds the next row of a page in one dimension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowEnds {
    /// An end-of-line code is before it, as T.4 has it.
    Marked,
    /// It begins with a byte, as TIFF's compression 2 has it.
    Aligned,
}

/// What a directory says of its page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TiffPage {
    /// Pixels in a row, at least 1.
    pub width: u32,
    /// Rows, at least 1.
    pub rows: u32,
    /// Horizontal dots per inch, rounded; absent where the file gives none or nonsense.
    pub x_dpi: Option<u32>,
    /// Vertical dots per inch, rounded; absent where the file gives none or nonsense.
    pub y_dpi: Option<u32>,
    /// How the page is coded.
    pub coding: Coding,
    /// The order of bits in its bytes.
    pub fill_order: FillOrder,
    /// The meaning of its pixels.
    pub photometric: Photometric,
    /// How rows are told apart.
    pub row_ends: RowEnds,
    /// Rows of every strip but the last, at least 1.
    pub rows_per_strip: u32,
    /// Size of the coded page in bytes, at least 1 and at most the size of the file.
    pub coded_bytes: u64,
    /// Rows received in error, where the receiver counted them.
    pub bad_rows: Option<u32>,
    /// What became of them.
    pub clean_fax_data: Option<CleanFaxData>,
    /// The longest run of rows in error.
    pub consecutive_bad_rows: Option<u32>,
    /// How long the page took to receive, in seconds.
    pub receive_seconds: Option<u32>,
    /// The session's parameters as HylaFAX packs them, where they are known.
    pub params: Option<SessionParams>,
    /// The digital command signal the sender chose its parameters with, where the text is one.
    pub dcs: Option<Dcs>,
    /// The subaddress the sender asked for.
    pub sub_address: Option<HostileBytes>,
    /// Where its directory is, for who decodes it.
    pub(in crate::content) directory: u32,
}

impl TiffPage {
    /// The resolution class of the page.
    #[must_use]
    pub fn resolution(&self) -> Resolution {
        self.x_dpi.zip(self.y_dpi).map_or(Resolution::Other, |(x, y)| Resolution::of_dpi(x, y))
    }

    /// Reads a page's directory.
    pub(super) fn read(directory: &Directory<'_>, at: u32) -> Result<Self, InvalidTiff> {
        let unit = Unit::of(directory.number(tag::RESOLUTION_UNIT)?);
        Ok(Self {
            width: not_zero(directory, tag::IMAGE_WIDTH)?,
            rows: not_zero(directory, tag::IMAGE_LENGTH)?,
            x_dpi: dots_per_inch(directory, tag::X_RESOLUTION, unit)?,
            y_dpi: dots_per_inch(directory, tag::Y_RESOLUTION, unit)?,
            coding: coding(directory)?,
            fill_order: fill_order(directory)?,
            photometric: photometric(directory)?,
            row_ends: row_ends(directory)?,
            rows_per_strip: directory.number(tag::ROWS_PER_STRIP)?.unwrap_or(u32::MAX).max(1),
            coded_bytes: coded_bytes(directory)?,
            bad_rows: directory.number(tag::BAD_FAX_LINES)?,
            clean_fax_data: clean_fax_data(directory)?,
            consecutive_bad_rows: directory.number(tag::CONSECUTIVE_BAD_FAX_LINES)?,
            receive_seconds: directory.number(tag::FAX_RECV_TIME)?,
            params: directory
                .number(tag::FAX_RECV_PARAMS)?
                .and_then(SessionParams::from_hylafax_word),
            dcs: directory.text(tag::FAX_DCS)?.and_then(Dcs::parse),
            sub_address: directory.text(tag::FAX_SUB_ADDRESS)?.and_then(HostileBytes::claim),
            directory: at,
        })
    }
}

/// What a resolution is counted in.
#[derive(Clone, Copy)]
enum Unit {
    Inch,
    Centimetre,
    /// A mere ratio, or a unit that does not exist.
    Unknown,
}

impl Unit {
    /// The unit of a ResolutionUnit tag, whose default is the inch.
    const fn of(number: Option<u32>) -> Self {
        match number {
            None | Some(2) => Self::Inch,
            Some(3) => Self::Centimetre,
            Some(_) => Self::Unknown,
        }
    }
}

fn not_zero(directory: &Directory<'_>, tag: u16) -> Result<u32, InvalidTiff> {
    let entry = directory.required(tag)?;
    match entry.number(0)? {
        0 => Err(entry.wrong(TiffFault::Zero { tag })),
        number => Ok(number),
    }
}

/// A resolution in dots per inch, rounded to the nearest; nonsense (a denominator of zero, a
/// result of zero or beyond 32 bits) is no resolution, since the page can be judged without.
fn dots_per_inch(
    directory: &Directory<'_>,
    tag: u16,
    unit: Unit,
) -> Result<Option<u32>, InvalidTiff> {
    let Some(entry) = directory.entry(tag)? else { return Ok(None) };
    let (numerator, denominator) = entry.rational()?;
    let (numerator, denominator) = (u64::from(numerator), u64::from(denominator));
    let (numerator, denominator) = match unit {
        Unit::Inch => (numerator, denominator),
        Unit::Centimetre => (numerator * 254, denominator * 100),
        Unit::Unknown => return Ok(None),
    };
    let rounded = (numerator + denominator / 2).checked_div(denominator);
    Ok(rounded.and_then(|dots| u32::try_from(dots).ok()).filter(|dots| *dots > 0))
}

/// A number that TIFF defines as 16 bits, or `default` where the tag is absent.
fn short(directory: &Directory<'_>, tag: u16, default: u16) -> Result<u16, InvalidTiff> {
    let Some(entry) = directory.entry(tag)? else { return Ok(default) };
    let value = entry.number(0)?;
    u16::try_from(value).map_err(|_| entry.wrong(TiffFault::Value { tag, value }))
}

/// The coding, from Compression and, for Group 3, bit 0 of T4Options (two-dimensional).
fn coding(directory: &Directory<'_>) -> Result<Coding, InvalidTiff> {
    let two_dimensional = directory.number(tag::T4_OPTIONS)?.is_some_and(|bits| bits & 1 != 0);
    Ok(match short(directory, tag::COMPRESSION, 1)? {
        1 => Coding::Uncompressed,
        3 if two_dimensional => Coding::Mr,
        2 | 3 => Coding::Mh,
        4 => Coding::Mmr,
        9 | 10 | 34_661 => Coding::Jbig,
        6 | 7 => Coding::Jpeg,
        other => Coding::Other(other),
    })
}

fn row_ends(directory: &Directory<'_>) -> Result<RowEnds, InvalidTiff> {
    let aligned = short(directory, tag::COMPRESSION, 1)? == 2;
    Ok(if aligned { RowEnds::Aligned } else { RowEnds::Marked })
}

/// The strips of a page: offset and size in bytes, every one of them inside the file.
pub(super) fn strips<'a>(
    directory: &Directory<'a>,
) -> Result<impl Iterator<Item = (u32, u32)> + use<'a>, InvalidTiff> {
    // Counts them, and finds each in the file.
    coded_bytes(directory)?;
    let sizes = directory.required(tag::STRIP_BYTE_COUNTS)?;
    let offsets = directory.required(tag::STRIP_OFFSETS)?;
    Ok((0..sizes.count())
        .map_while(move |at| Some((offsets.number(at).ok()?, sizes.number(at).ok()?))))
}

fn fill_order(directory: &Directory<'_>) -> Result<FillOrder, InvalidTiff> {
    match short(directory, tag::FILL_ORDER, 1)? {
        1 => Ok(FillOrder::MostSignificantFirst),
        2 => Ok(FillOrder::LeastSignificantFirst),
        other => {
            Err(directory.wrong(TiffFault::Value { tag: tag::FILL_ORDER, value: u32::from(other) }))
        }
    }
}

fn photometric(directory: &Directory<'_>) -> Result<Photometric, InvalidTiff> {
    Ok(match short(directory, tag::PHOTOMETRIC, 0)? {
        0 => Photometric::ZeroIsWhite,
        1 => Photometric::ZeroIsBlack,
        other => Photometric::Other(other),
    })
}

fn clean_fax_data(directory: &Directory<'_>) -> Result<Option<CleanFaxData>, InvalidTiff> {
    let tag = tag::CLEAN_FAX_DATA;
    match directory.number(tag)? {
        None => Ok(None),
        Some(0) => Ok(Some(CleanFaxData::Clean)),
        Some(1) => Ok(Some(CleanFaxData::Regenerated)),
        Some(2) => Ok(Some(CleanFaxData::Unclean)),
        Some(value) => Err(directory.wrong(TiffFault::Value { tag, value })),
    }
}

/// The sum of the strips' sizes, every strip being in the file. The sum is held against the file's
/// size too: strips that overlap would make a page appear as large as the sender likes.
fn coded_bytes(directory: &Directory<'_>) -> Result<u64, InvalidTiff> {
    let sizes = directory.required(tag::STRIP_BYTE_COUNTS)?;
    let offsets = directory.required(tag::STRIP_OFFSETS)?;
    if sizes.count() > STRIPS_MAX {
        return Err(sizes.wrong(TiffFault::TooManyStrips { strips: sizes.count() }));
    }
    if sizes.count() != offsets.count() {
        let fault = TiffFault::StripCount { offsets: offsets.count(), sizes: sizes.count() };
        return Err(sizes.wrong(fault));
    }
    let mut sum: u64 = 0;
    for index in 0..sizes.count() {
        let size = sizes.number(index)?;
        if !directory.file_holds(offsets.number(index)?, size) {
            return Err(offsets.wrong(TiffFault::StripOutside));
        }
        sum = sum
            .checked_add(u64::from(size))
            .filter(|sum| *sum <= directory.file_bytes())
            .ok_or_else(|| sizes.wrong(TiffFault::StripBytes))?;
    }
    if sum == 0 {
        return Err(sizes.wrong(TiffFault::Zero { tag: tag::STRIP_BYTE_COUNTS }));
    }
    Ok(sum)
}
