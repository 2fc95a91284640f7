//! The parameters of a T.30 session in the two forms servers record them: HylaFAX's packed word
//! and the octets of the DCS.

/// How a page is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Coding {
    /// Modified Huffman, T.4 one-dimensional.
    Mh,
    /// Modified READ, T.4 two-dimensional.
    Mr,
    /// Modified modified READ, T.6.
    Mmr,
    /// JBIG, T.85 or T.43.
    Jbig,
    /// JPEG, T.81: grey or colour.
    Jpeg,
    /// Not at all.
    Uncompressed,
    /// Another one, by TIFF's number for it.
    Other(u16),
}

/// The resolution classes of Group 3, metric and inch forms taken together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resolution {
    /// 204 × 98 dots per inch (R8 × 3.85 lines/mm), or 200 × 100.
    Standard,
    /// 204 × 196 dots per inch (R8 × 7.7 lines/mm), or 200 × 200.
    Fine,
    /// 204 × 391 dots per inch (R8 × 15.4 lines/mm), or 200 × 400.
    Superfine,
    /// Any other, or an unknown one.
    Other,
}

impl Resolution {
    /// The class of a resolution in dots per inch, a few dots off allowed for servers that round.
    #[must_use]
    pub const fn of_dpi(x: u32, y: u32) -> Self {
        match (x, y) {
            (196..=212, 94..=104) => Self::Standard,
            (196..=212, 188..=208) => Self::Fine,
            (196..=212, 380..=408) => Self::Superfine,
            _ => Self::Other,
        }
    }
}

/// The widths of Group 3 paper, in pixels a row at 204 dots per inch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PageWidth {
    /// 1728 pixels in 215 mm.
    A4,
    /// 2048 pixels in 255 mm.
    B4,
    /// 2432 pixels in 303 mm.
    A3,
}

/// The lengths of Group 3 paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PageLength {
    /// 297 mm.
    A4,
    /// 364 mm.
    B4,
    /// Whatever the sender sends.
    Unlimited,
}

/// What the two ends agreed on, as far as the record tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionParams {
    /// Signalling rate in bit/s, 2400 to 33600.
    pub rate_bit_s: Option<u32>,
    /// Whether error correction was on.
    pub ecm: bool,
    /// The resolution class.
    pub resolution: Option<Resolution>,
    /// The width of the paper.
    pub width: Option<PageWidth>,
    /// The length of the paper.
    pub length: Option<PageLength>,
    /// The coding. HylaFAX has two bits for it and packs JBIG and JPEG as `Mh`; the DCS tells.
    pub coding: Option<Coding>,
    /// Minimum time of a scan line at that resolution, in milliseconds.
    pub scan_ms: Option<u8>,
}

impl SessionParams {
    /// Reads the word that HylaFAX and HylaFAX+ write (`Class2Params::encode`): from bit 0 on 3
    /// bits of resolution, 4 of rate, 2 unused, 3 of width, 2 of length, 2 of coding, 1 of ECM, 1 of file transfer, 3 of
    /// scan time, then the version, 1. Absent for another version, which is also the 0 of CALL
    /// records, and for parameters that were never set, which are all ones.
    #[must_use]
    pub fn from_hylafax_word(word: u32) -> Option<Self> {
        const VERSION: u32 = 1;
        const NEVER_SET: u32 = 4_193_919;
        if word >> 21 != VERSION || word == NEVER_SET {
            return None;
        }
        Some(Self {
            rate_bit_s: rate_of_code((word >> 3) & 15),
            ecm: (word >> 16) & 1 == 1,
            resolution: match word & 7 {
                0 => Some(Resolution::Standard),
                1 => Some(Resolution::Fine),
                2 => Some(Resolution::Superfine),
                4 => Some(Resolution::Other),
                _ => None,
            },
            width: match (word >> 9) & 7 {
                0 => Some(PageWidth::A4),
                1 => Some(PageWidth::B4),
                2 => Some(PageWidth::A3),
                _ => None,
            },
            length: match (word >> 12) & 3 {
                0 => Some(PageLength::A4),
                1 => Some(PageLength::B4),
                2 => Some(PageLength::Unlimited),
                _ => None,
            },
            coding: match (word >> 14) & 3 {
                0 => Some(Coding::Mh),
                3 => Some(Coding::Mmr),
                _ => Some(Coding::Mr),
            },
            scan_ms: Some(scan_ms((word >> 18) & 7, word & 7 != 0)),
        })
    }

    /// Reads the word that gofaxip writes (`EncodeParams`): the rate code from bit 3 on, ECM in
    /// bit 16, nothing else. Absent for 0, which it also writes where nothing was agreed on.
    #[must_use]
    pub fn from_gofaxip_word(word: u32, coding: Option<Coding>) -> Option<Self> {
        const RATE_AND_ECM: u32 = (7 << 3) | (1 << 16);
        if word == 0 || word & !RATE_AND_ECM != 0 {
            return None;
        }
        Some(Self {
            rate_bit_s: rate_of_code((word >> 3) & 7),
            ecm: word >> 16 == 1,
            resolution: None,
            width: None,
            length: None,
            coding,
            scan_ms: None,
        })
    }
}

/// The rate of a Class 2 rate code, in bit/s: 2400 a step, and no code beyond 13 (33600).
const fn rate_of_code(code: u32) -> Option<u32> {
    if code <= 13 { Some((code + 1) * 2_400) } else { None }
}

/// The scan time of a Class 2 code; even codes halve it above standard resolution.
const fn scan_ms(code: u32, finer: bool) -> u8 {
    match (code, finer) {
        (0, _) => 0,
        (1, _) | (2, true) => 5,
        (2, false) | (3, _) | (4, true) => 10,
        (4, false) | (5, _) | (6, true) => 20,
        _ => 40,
    }
}

/// The facsimile information field of a digital command signal (ITU-T T.30 table 2), first octet
/// first and bit 1 of the table in the highest place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dcs {
    octets: [u8; DCS_OCTETS_MAX],
    length: usize,
}

/// Most octets of a DCS: T.30 defines 128 bits.
const DCS_OCTETS_MAX: usize = 16;

impl Dcs {
    /// Reads pairs of hexadecimal digits with single spaces between them, as HylaFAX writes a DCS.
    /// Absent for any other text, and for octets that are all zero, which stand for a session that
    /// never came to a DCS.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let mut octets = [0; DCS_OCTETS_MAX];
        let mut length = 0;
        for pair in text.trim_ascii().split(|byte| *byte == b' ') {
            let [high, low] = pair else { return None };
            let octet = octets.get_mut(length)?;
            *octet = (hex(*high)? << 4) | hex(*low)?;
            length += 1;
        }
        octets.iter().any(|octet| *octet != 0).then_some(Self { octets, length })
    }

    /// The octets, 1 to 16 of them.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        self.octets.get(..self.length).unwrap_or_default()
    }

    /// Signalling rate in bit/s, from bits 11 to 14; absent where the code is not assigned. A V.34
    /// session has all of them zero, so 2400 there means that the DCS does not tell.
    #[must_use]
    pub fn rate_bit_s(&self) -> Option<u32> {
        match (self.bit(11), self.bit(12), self.bit(13), self.bit(14)) {
            (false, false, false, false) => Some(2_400),
            (false, true, false, false) => Some(4_800),
            (true, true, false, false) | (true, true, false, true) => Some(7_200),
            (true, false, false, false) | (true, false, false, true) => Some(9_600),
            (false, true, false, true) => Some(12_000),
            (false, false, false, true) => Some(14_400),
            (true, true, true, false) => Some(7_200),
            (true, false, true, false) => Some(9_600),
            (false, true, true, false) => Some(12_000),
            (false, false, true, false) => Some(14_400),
            (_, _, true, true) => None,
        }
    }

    /// Whether error correction is on: bit 27.
    #[must_use]
    pub fn ecm(&self) -> bool {
        self.bit(27)
    }

    /// The coding: JPEG bit 68, JBIG bits 36, 78 and 79, T.6 bit 31, two-dimensional bit 16.
    #[must_use]
    pub fn coding(&self) -> Coding {
        if self.bit(68) {
            Coding::Jpeg
        } else if self.bit(36) || self.bit(78) || self.bit(79) {
            Coding::Jbig
        } else if self.bit(31) {
            Coding::Mmr
        } else if self.bit(16) {
            Coding::Mr
        } else {
            Coding::Mh
        }
    }

    /// Whether the page is in full colour: bit 69.
    #[must_use]
    pub fn full_colour(&self) -> bool {
        self.bit(69)
    }

    /// The resolution class: bits 42 and 43 for the ones beyond 204, 41 for superfine, 15 for fine.
    #[must_use]
    pub fn resolution(&self) -> Resolution {
        if self.bit(42) || self.bit(43) {
            Resolution::Other
        } else if self.bit(41) {
            Resolution::Superfine
        } else if self.bit(15) {
            Resolution::Fine
        } else {
            Resolution::Standard
        }
    }

    /// The length of the paper: bits 19 and 20.
    #[must_use]
    pub fn length(&self) -> PageLength {
        match (self.bit(19), self.bit(20)) {
            (true, false) => PageLength::B4,
            (false, true) => PageLength::Unlimited,
            _ => PageLength::A4,
        }
    }

    /// A bit by its number in T.30 table 2, from 1 on.
    fn bit(&self, number: usize) -> bool {
        let index = number - 1;
        self.octets.get(index / 8).is_some_and(|octet| (octet >> (7 - index % 8)) & 1 == 1)
    }
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hylafax_words_unpack() {
        let recorded = SessionParams {
            rate_bit_s: Some(14_400),
            ecm: true,
            resolution: Some(Resolution::Standard),
            width: Some(PageWidth::A4),
            length: Some(PageLength::Unlimited),
            coding: Some(Coding::Mmr),
            scan_ms: Some(0),
        };
        let plain = SessionParams { ecm: false, coding: Some(Coding::Mh), ..recorded };
        let slow = SessionParams {
            rate_bit_s: Some(2_400),
            resolution: Some(Resolution::Fine),
            width: Some(PageWidth::A3),
            length: Some(PageLength::B4),
            coding: Some(Coding::Mr),
            scan_ms: Some(20),
            ..plain
        };
        let slow_word = 1 | 2 << 9 | 1 << 12 | 1 << 14 | 6 << 18 | 1 << 21;
        for (word, expected) in [
            (2_220_072, Some(recorded)),
            (2_105_384, Some(plain)),
            (slow_word, Some(slow)),
            (4_193_919, None),
            (0, None),
            (u32::MAX, None),
            (2 << 21, None),
        ] {
            assert_eq!(SessionParams::from_hylafax_word(word), expected, "{word}");
        }
        for word in ((1 << 21)..(2 << 21)).step_by(61) {
            let rate = SessionParams::from_hylafax_word(word).and_then(|params| params.rate_bit_s);
            assert!(rate.is_none_or(|rate| (2_400..=33_600).contains(&rate)), "{word}");
        }
    }

    #[test]
    fn gofaxip_words_unpack() {
        for (word, expected) in [
            (0, None),
            (5 << 3 | 1 << 16, Some((Some(14_400), true))),
            (3 << 3, Some((Some(9_600), false))),
            (1 << 16, Some((Some(2_400), true))),
            (2_220_072, None),
        ] {
            let read = SessionParams::from_gofaxip_word(word, Some(Coding::Mmr));
            assert_eq!(read.map(|params| (params.rate_bit_s, params.ecm)), expected, "{word}");
        }
    }

    #[test]
    fn dcs_octets_decode() {
        use Coding::{Jbig, Jpeg, Mh, Mmr, Mr};
        use Resolution::{Fine, Standard, Superfine};
        for (text, rate, ecm, coding, resolution) in [
            ("00 44 1F 22", Some(14_400), true, Mmr, Standard),
            ("00 44 1E", Some(14_400), false, Mh, Standard),
            ("00 63 1e", Some(9_600), false, Mr, Fine),
            ("00 51 1F 21 01 80", Some(4_800), true, Mr, Superfine),
            ("00 44 1F 21 01 01 01 01 10", Some(14_400), true, Jpeg, Standard),
            ("00 44 1F 21 01 01 01 01 01 04", Some(14_400), true, Jbig, Standard),
            ("00 4C 00", None, false, Mh, Standard),
        ] {
            let dcs = Dcs::parse(text.as_bytes()).unwrap();
            let read = (dcs.rate_bit_s(), dcs.ecm(), dcs.coding(), dcs.resolution());
            assert_eq!(read, (rate, ecm, coding, resolution), "{text}");
            assert_eq!(dcs.octets().len(), text.len().div_ceil(3));
        }
        for not_one in ["", "00 00 00", "T.6", "0", "000", "00  44", "00 4G", "+1 +2", "é0"] {
            assert_eq!(Dcs::parse(not_one.as_bytes()), None, "{not_one}");
        }
        assert_eq!(Dcs::parse("01 ".repeat(17).as_bytes()), None);
    }
}
