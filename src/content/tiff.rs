//! TIFF-F as fax servers write it: the tags of every page, read without opening the page itself.

mod directory;
mod fault;
mod identity;
mod page;
mod session;

use directory::File;
pub use fault::{InvalidTiff, TiffFault};
pub use identity::{HostileBytes, HylaFaxIdentity};
pub use page::{CleanFaxData, FillOrder, Photometric, RowEnds, STRIPS_MAX, TiffPage};
pub use session::{Coding, Dcs, PageLength, PageWidth, Resolution, SessionParams};

/// What the directories of one received fax say. No byte of a page is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TiffFax {
    /// Who claims to have sent it to whom, from the first page's description.
    pub identity: HylaFaxIdentity,
    /// The good pages in the file's order; at least one.
    pub pages: Vec<TiffPage>,
    /// What ended the walk before the last page, where something did.
    pub fault: Option<InvalidTiff>,
}

/// Reads the directories of `bytes`, a whole classic TIFF file in either byte order.
///
/// Time and memory are bounded by [`TIFF_PAGES_MAX`](crate::bounds::TIFF_PAGES_MAX),
/// [`TIFF_ENTRIES_MAX`](crate::bounds::TIFF_ENTRIES_MAX) and [`STRIPS_MAX`], whatever the bytes are.
///
/// # Errors
/// [`InvalidTiff`] where the first page cannot be read. A later fault ends the walk and is
/// returned beside the pages before it.
pub fn read(bytes: &[u8]) -> Result<TiffFax, InvalidTiff> {
    let (file, first) = File::open(bytes)?;
    let mut identity = HylaFaxIdentity::default();
    let mut pages = Vec::new();
    let mut visited = Vec::new();
    let mut next = first;
    let fault = loop {
        let step = file.directory(next, &visited).and_then(|directory| {
            let page = TiffPage::read(&directory, next)?;
            if pages.is_empty() {
                identity = HylaFaxIdentity::read(&directory)?;
            }
            Ok((page, directory.next()))
        });
        match step {
            Ok((page, after)) => {
                visited.push(next);
                pages.push(page);
                if after == 0 {
                    break None;
                }
                next = after;
            }
            Err(fault) => break Some(fault),
        }
    };
    match fault {
        Some(fault) if pages.is_empty() => Err(fault),
        fault => Ok(TiffFax { identity, pages, fault }),
    }
}

/// The coded bytes of a page of this file, strip by strip. Who asks is about to look at the page.
pub(super) fn strips<'a>(
    bytes: &'a [u8],
    page: &TiffPage,
) -> Result<impl Iterator<Item = &'a [u8]>, InvalidTiff> {
    let (file, _) = File::open(bytes)?;
    let strips = page::strips(&file.directory(page.directory, &[])?)?;
    Ok(strips.filter_map(|(at, size)| {
        let (at, size) = (usize::try_from(at).ok()?, usize::try_from(size).ok()?);
        bytes.get(at..at.checked_add(size)?)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bounds::TIFF_PAGES_MAX;
    use proptest::prelude::*;

    const SMALL: &[u8] = include_bytes!("../../tests/fixtures/hylafax/fax000000003.tif");

    fn fixture(name: &str) -> Vec<u8> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/hylafax/");
        std::fs::read(format!("{folder}{name}")).unwrap()
    }

    /// A TIFF writer for tests: one directory, right behind the header, and its values behind it.
    #[derive(Clone, Copy)]
    enum Order {
        Little,
        Big,
    }

    impl Order {
        fn two(self, value: u16) -> [u8; 2] {
            match self {
                Self::Little => value.to_le_bytes(),
                Self::Big => value.to_be_bytes(),
            }
        }

        fn four(self, value: u32) -> [u8; 4] {
            match self {
                Self::Little => value.to_le_bytes(),
                Self::Big => value.to_be_bytes(),
            }
        }

        /// Entries are tag, field type, count and value or offset; `tail` lies at byte 400.
        fn file(self, entries: &[(u16, u16, u32, u32)], next: u32, tail: &[u8]) -> Vec<u8> {
            let mut bytes = match self {
                Self::Little => b"II".to_vec(),
                Self::Big => b"MM".to_vec(),
            };
            bytes.extend(self.two(42));
            bytes.extend(self.four(8));
            bytes.extend(self.two(entries.len().try_into().unwrap()));
            for (tag, field_type, count, value) in entries {
                bytes.extend(self.two(*tag));
                bytes.extend(self.two(*field_type));
                bytes.extend(self.four(*count));
                if *field_type == 3 && *count == 1 {
                    bytes.extend(self.two((*value).try_into().unwrap()));
                    bytes.extend([0, 0]);
                } else {
                    bytes.extend(self.four(*value));
                }
            }
            bytes.extend(self.four(next));
            bytes.resize(400, 0);
            bytes.extend(tail);
            bytes
        }
    }

    /// The entries no page is without: 1728 × 10, MMR, one strip of 9 bytes at 400.
    const PAGE: [(u16, u16, u32, u32); 5] =
        [(256, 4, 1, 1728), (257, 3, 1, 10), (259, 3, 1, 4), (273, 4, 1, 400), (279, 3, 1, 9)];

    fn page_with(entries: &[(u16, u16, u32, u32)], next: u32) -> Vec<u8> {
        let kept = PAGE.iter().filter(|own| entries.iter().all(|entry| entry.0 != own.0));
        let all: Vec<_> = kept.chain(entries).copied().collect();
        Order::Little.file(&all, next, &[1; 40])
    }

    /// File, caller, dialled number, resolution; then rows, coding, bytes and seconds of each page.
    const RECORDED: &str = "\
        000000001 8005551212 5550001 Standard | 1146 Mmr 2045 12 | 208 Mmr 666 4
        000000002 8005551212 5550666 Standard | 1146 Mmr 2041 12 | 208 Mmr 662 4
        000000003 8005551212 5550003 Standard | 1146 Mmr 714 12 | 1146 Mmr 746 3
        000000006 9005550001 5551001 Standard | 2195 Mh 11059 15 | 1083 Mh 4607 7
        000000007 9001110000 5552001 Standard | 2195 Mh 11022 16 | 1083 Mh 4570 6
        000000008 9001120000 5552002 Standard | 2195 Mh 11023 16 | 1083 Mh 4571 6
        000000009 9005557777 5557001 Standard | 2195 Mh 11048 16
        000000010 9005557771 5557001 Standard | 2195 Mh 11049 16 | 1083 Mh 4598 6
        000000011 9005557772 5557002 Standard | 2195 Mh 11047 16 | 1083 Mh 4595 6
        000000012 9005557773 5557003 Standard | 2195 Mh 11047 15 | 1083 Mh 4595 7
        000000900 9005550007 5559007 Fine | 2156 Mmr 2273 0 | 2156 Mmr 567 0";

    #[test]
    fn every_recorded_fax_is_read() {
        for expected in RECORDED.lines().map(str::trim) {
            let name = expected.split(' ').next().unwrap();
            let fax = read(&fixture(&format!("fax{name}.tif"))).unwrap();
            let claim = |part: &Option<HostileBytes>| {
                String::from_utf8(part.as_ref().unwrap().bytes().to_vec()).unwrap()
            };
            let (caller, dialled) = (&fax.identity.caller_number, &fax.identity.dialled);
            let resolution = fax.pages[0].resolution();
            let mut told = format!("{name} {} {} {resolution:?}", claim(caller), claim(dialled));
            for page in &fax.pages {
                let seconds = page.receive_seconds.unwrap_or(0);
                let (coding, bytes) = (page.coding, page.coded_bytes);
                told += &format!(" | {} {coding:?} {bytes} {seconds}", page.rows);
                assert_eq!((page.width, page.resolution()), (1728, resolution), "{name}");
                assert_eq!(page.dcs.map(|dcs| dcs.coding()), page.params.and(Some(coding)));
                assert_eq!(
                    page.params.and_then(|params| params.coding),
                    page.dcs.and(Some(coding))
                );
            }
            assert_eq!(told, expected);
        }
    }

    #[test]
    fn the_tags_of_a_page_are_all_read() {
        let fax = read(&fixture("fax000000006.tif")).unwrap();
        assert_eq!(fax.fault, None);
        assert_eq!(fax.identity.tsi.as_ref().unwrap().bytes(), b"+19005550001");
        assert_eq!(fax.identity.caller_name.as_ref().unwrap().bytes(), b"X1");
        assert!(fax.identity.more.is_empty());
        let page = &fax.pages[0];
        assert_eq!((page.x_dpi, page.y_dpi), (Some(204), Some(98)));
        assert_eq!(page.fill_order, FillOrder::LeastSignificantFirst);
        assert_eq!(page.photometric, Photometric::ZeroIsWhite);
        assert_eq!(page.clean_fax_data, Some(CleanFaxData::Clean));
        assert_eq!((page.bad_rows, page.consecutive_bad_rows), (None, None));
        assert_eq!(page.dcs.unwrap().octets(), [0x00, 0x44, 0x1E]);
        assert_eq!(page.params.unwrap().rate_bit_s, Some(14_400));
        assert_eq!(page.sub_address, None);

        let more =
            [(34_909, 2, 3, u32::from_le_bytes(*b"124\0")), (326, 3, 1, 7), (328, 4, 1, 70_000)];
        let fax = read(&page_with(&more, 0)).unwrap();
        let page = &fax.pages[0];
        assert_eq!((page.bad_rows, page.consecutive_bad_rows), (Some(7), Some(70_000)));
        assert_eq!(page.sub_address.as_ref().unwrap().bytes(), b"124");
    }

    #[test]
    fn a_damaged_fax_gives_its_good_pages_and_the_fault() {
        let fax = read(&fixture("fax000000009.tif")).unwrap();
        let fault = fax.fault.unwrap();
        assert_eq!(fault.fault(), TiffFault::Zero { tag: 257 });
        assert_eq!(fault.at(), 11_656 + 2 + 2 * 12);
        assert_eq!(fault.to_string(), "value of tag 257 is zero at byte 11682");

        let ring = read(&page_with(&[], 8)).unwrap();
        assert_eq!((ring.pages.len(), ring.fault.unwrap().fault()), (1, TiffFault::Ring));
        let beyond = read(&page_with(&[], u32::MAX)).unwrap();
        assert_eq!(beyond.fault.unwrap().fault(), TiffFault::DirectoryOutside);
    }

    #[test]
    fn a_chain_of_directories_has_an_end() {
        let one = &page_with(&[], 0)[8..74];
        let mut bytes = page_with(&[], 1000);
        let last = 1000 + 100 * (TIFF_PAGES_MAX + 5);
        bytes.resize(last + 100, 0);
        for at in (1000..=last).step_by(100) {
            bytes[at..at + 66].copy_from_slice(one);
            let next = u32::try_from(at + 100).unwrap();
            bytes[at + 62..at + 66].copy_from_slice(&next.to_le_bytes());
        }
        let fax = read(&bytes).unwrap();
        assert_eq!(fax.pages.len(), TIFF_PAGES_MAX);
        assert_eq!(fax.fault.unwrap().fault(), TiffFault::TooManyPages);
    }

    #[test]
    fn resolutions_in_every_unit() {
        use Resolution::{Fine, Other, Standard, Superfine};
        for order in [Order::Little, Order::Big] {
            for (unit, x, y, dpi, class) in [
                (2, (204, 1), (98, 1), (Some(204), Some(98)), Standard),
                (2, (204, 1), (196, 1), (Some(204), Some(196)), Fine),
                (2, (200, 1), (400, 1), (Some(200), Some(400)), Superfine),
                (3, (8031, 100), (385, 10), (Some(204), Some(98)), Standard),
                (3, (8031, 100), (154, 1), (Some(204), Some(391)), Superfine),
                (2, (300, 1), (300, 1), (Some(300), Some(300)), Other),
                (1, (204, 1), (98, 1), (None, None), Other),
                (9, (204, 1), (98, 1), (None, None), Other),
                (2, (204, 0), (0, 1), (None, None), Other),
                (3, (u32::MAX, 1), (u32::MAX, u32::MAX), (None, Some(3)), Other),
            ] {
                let mut entries = PAGE.to_vec();
                entries.extend([(282, 5, 1, 409), (283, 5, 1, 417), (296, 3, 1, unit)]);
                let mut tail = vec![1; 9];
                for part in [x.0, x.1, y.0, y.1] {
                    tail.extend(order.four(part));
                }
                let fax = read(&order.file(&entries, 0, &tail)).unwrap();
                let page = &fax.pages[0];
                assert_eq!((page.x_dpi, page.y_dpi), dpi, "{unit} {x:?} {y:?}");
                assert_eq!(page.resolution(), class, "{unit} {x:?} {y:?}");
            }
        }
    }

    #[test]
    fn codings_are_told_apart() {
        for (compression, options, coding) in [
            (1, 0, Coding::Uncompressed),
            (2, 1, Coding::Mh),
            (3, 0, Coding::Mh),
            (3, 4, Coding::Mh),
            (3, 5, Coding::Mr),
            (4, 1, Coding::Mmr),
            (7, 0, Coding::Jpeg),
            (9, 0, Coding::Jbig),
            (34_661, 0, Coding::Jbig),
            (5, 0, Coding::Other(5)),
        ] {
            let bytes = page_with(&[(259, 3, 1, compression), (292, 4, 1, options)], 0);
            assert_eq!(read(&bytes).unwrap().pages[0].coding, coding, "{compression} {options}");
        }
    }

    #[test]
    fn faults_of_the_first_page_are_named() {
        use TiffFault as F;
        for (bytes, fault, at) in [
            (vec![], F::HeaderCut, 0),
            (b"II*\0\x08".to_vec(), F::HeaderCut, 5),
            (b"%PDF-1.4".to_vec(), F::NotTiff, 0),
            (b"II\x2B\0\x08\0\0\0".to_vec(), F::BigTiff, 2),
            (b"MM\0\x2A\0\0\0\0".to_vec(), F::NoPage, 4),
            (b"MM\x2A\0\0\0\0\x08".to_vec(), F::Version { version: 0x2A00 }, 2),
            (b"II*\0\x08\0\0\0".to_vec(), F::DirectoryOutside, 8),
            (b"II*\0\x04\0\0\0".to_vec(), F::DirectoryOutside, 4),
            (b"II*\0\x08\0\0\0\x01".to_vec(), F::DirectoryCut, 8),
            (b"II*\0\x08\0\0\0\0\0".to_vec(), F::DirectoryEmpty, 8),
            (b"II*\0\x08\0\0\0\xFF\xFF".to_vec(), F::TooManyEntries { entries: 65_535 }, 8),
            (b"II*\0\x08\0\0\0\x01\0zz".to_vec(), F::DirectoryCut, 8),
            (Order::Big.file(&PAGE[1..], 0, &[1; 9]), F::TagMissing { tag: 256 }, 8),
            (Order::Big.file(&PAGE[..4], 0, &[1; 9]), F::TagMissing { tag: 279 }, 8),
            (Order::Big.file(&PAGE, 0, &[1; 8]), F::StripOutside, 46),
            (page_with(&[(257, 3, 1, 0)], 0), F::Zero { tag: 257 }, 58),
            (page_with(&[(257, 3, 0, 9)], 0), F::NoValue { tag: 257 }, 58),
            (page_with(&[(257, 2, 1, 9)], 0), F::FieldType { tag: 257, field_type: 2 }, 58),
            (page_with(&[(257, 99, 1, 9)], 0), F::FieldType { tag: 257, field_type: 99 }, 58),
            (page_with(&[(257, 4, u32::MAX, 9)], 0), F::ValueOutside { tag: 257 }, 58),
            (page_with(&[(266, 3, 1, 3)], 0), F::Value { tag: 266, value: 3 }, 8),
            (page_with(&[(259, 4, 1, 65_536)], 0), F::Value { tag: 259, value: 65_536 }, 58),
            (page_with(&[(270, 2, 2_000, 0)], 0), F::ValueOutside { tag: 270 }, 70),
            (page_with(&[(279, 3, 1, 0)], 0), F::Zero { tag: 279 }, 58),
            (page_with(&[(279, 4, 1, u32::MAX)], 0), F::StripOutside, 46),
            (page_with(&[(279, 3, 2, 9)], 0), F::StripCount { offsets: 1, sizes: 2 }, 58),
        ] {
            assert_eq!(read(&bytes), Err(InvalidTiff::new(fault, at)));
            let said = InvalidTiff::new(fault, at).to_string();
            assert!(said.ends_with(&format!(" at byte {at}")), "{said}");
        }
    }

    #[test]
    fn texts_and_strips_are_bounded() {
        let mut bytes = page_with(&[(270, 2, 2_000, 400)], 0);
        bytes.resize(4_000, b'A');
        let fault = TiffFault::TextTooLong { tag: 270, bytes: 2_000 };
        assert_eq!(read(&bytes).unwrap_err().fault(), fault);

        let strips = STRIPS_MAX + 1;
        let mut bytes = page_with(&[(273, 4, strips, 400), (279, 4, strips, 400)], 0);
        bytes.resize(400_000, 0);
        assert_eq!(read(&bytes).unwrap_err().fault(), TiffFault::TooManyStrips { strips });

        let mut bytes = page_with(&[(273, 4, 3, 460), (279, 4, 3, 480)], 0);
        bytes.resize(600, 0);
        for at in [480, 484, 488] {
            bytes[at..at + 4].copy_from_slice(&300_u32.to_le_bytes());
        }
        assert_eq!(read(&bytes).unwrap_err().fault(), TiffFault::StripBytes);
    }

    #[test]
    fn every_truncation_is_answered() {
        let whole = read(SMALL).unwrap();
        for length in 0..SMALL.len() {
            match read(&SMALL[..length]) {
                Ok(fax) => {
                    assert_eq!(fax.pages, whole.pages[..fax.pages.len()], "{length}");
                    assert!(fax.fault.is_some() || length >= 2_376, "{length}");
                }
                Err(fault) => assert!(!fault.to_string().is_empty(), "{length}"),
            }
        }
    }

    #[test]
    fn every_corrupted_byte_of_a_directory_is_answered() {
        let mut bytes = SMALL.to_vec();
        for at in (0..8).chain(722..1_184).chain(1_930..SMALL.len()) {
            let good = bytes[at];
            for bad in (0..8).map(|bit| good ^ (1 << bit)).chain([0, 1, 0x7F, 0xFF]) {
                bytes[at] = bad;
                if let Ok(fax) = read(&bytes) {
                    assert!(!fax.pages.is_empty() && fax.pages.len() <= TIFF_PAGES_MAX);
                }
            }
            bytes[at] = good;
        }
        assert_eq!(read(&bytes), read(SMALL));
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let _ = read(&bytes);
        }

        #[test]
        fn any_directory_is_answered(
            entries in proptest::collection::vec(
                (
                    prop_oneof![254_u16..330, 34_905_u16..34_915],
                    0_u16..14,
                    prop_oneof![0_u32..5, any::<u32>()],
                    prop_oneof![0_u32..900, any::<u32>()],
                ),
                0..24,
            ),
            next in prop_oneof![0_u32..900, any::<u32>()],
            tail in proptest::collection::vec(any::<u8>(), 0..500),
        ) {
            let fitting: Vec<_> = entries
                .into_iter()
                .map(|(tag, kind, count, value)| (tag, kind, count, if kind == 3 { value & 0xFFFF } else { value }))
                .chain(PAGE)
                .collect();
            if let Ok(fax) = read(&Order::Big.file(&fitting, next, &tail)) {
                prop_assert!(fax.pages.iter().all(|page| page.coded_bytes > 0));
            }
        }
    }
}
