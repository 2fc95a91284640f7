//! Fingerprints of pages from the wire, and the keys they are wanted under. Nothing of either is ever in a fault.

use super::fault::{Faults, InvalidField};
use super::read;
use super::wall::Wall;
use crate::bounds;
use crate::campaign::EPOCHS_MAX;
use crate::content::fingerprint::{
    Fingerprint, InkMap, InvalidFingerprint, Mark, epoch_of, epochs_at,
};
use crate::screening::SeenPage;
use crate::time::Timestamp;
use crate::wire::screening::v1 as wire;
use wire::screen_fax_request::Stage as WireStage;

/// Epochs before the present one whose fingerprints are taken: a node may have been told the keys just before the present
/// epoch began.
const EPOCHS_BACK: u32 = 2;

/// Reads the fingerprints that a stage brings, as of that time. Whatever is wrong with one is noted.
pub(super) fn of_stage(faults: &mut Faults, sent: &WireStage, at: Timestamp) -> Vec<SeenPage> {
    let (scope, field, sent, own) = match sent {
        WireStage::Page(page) => {
            ("page.", "fingerprint", page.fingerprint.as_slice(), Some(page.page_number))
        }
        WireStage::Received(received) => {
            ("received.", "fingerprints", received.fingerprints.as_slice(), None)
        }
        WireStage::JobSubmitted(job) => {
            ("job_submitted.", "fingerprints", job.fingerprints.as_slice(), None)
        }
        WireStage::Dialing(dialing) => {
            ("dialing.", "fingerprints", dialing.fingerprints.as_slice(), None)
        }
        WireStage::CallOffered(_) | WireStage::Handshake(_) | WireStage::DialResult(_) => {
            return Vec::new();
        }
    };
    if sent.is_empty() {
        return Vec::new();
    }
    faults.enter(scope);
    let pages = pages(faults, field, sent, (at, own));
    faults.enter("");
    pages
}

fn pages(
    faults: &mut Faults,
    field: &'static str,
    sent: &[wire::PageFingerprint],
    (at, own): (Timestamp, Option<u32>),
) -> Vec<SeenPage> {
    let (count, most) = (sent.len(), bounds::FINGERPRINT_PAGES_MAX);
    if count > most {
        faults.add(field, InvalidField::TooMany { count, most });
        return Vec::new();
    }
    let mut pages: Vec<SeenPage> = Vec::with_capacity(count);
    for (place, sent) in sent.iter().enumerate() {
        let read = page(sent, at).and_then(|page| {
            let twice = pages.iter().any(|other| other.number == page.number);
            match own {
                Some(own) if own != page.number => {
                    Err(InvalidField::Disagrees { other: "page.page_number" })
                }
                _ if twice => Err(InvalidField::Twice),
                _ => Ok(page),
            }
        });
        match read {
            Ok(page) => pages.push(page),
            Err(cause) if own.is_some() => faults.add(field, cause),
            Err(cause) => faults.add_element(field, place, cause),
        }
    }
    pages
}

fn page(sent: &wire::PageFingerprint, at: Timestamp) -> Result<SeenPage, InvalidField> {
    let wire::PageFingerprint { page_number, fingerprints, ink_map } = sent;
    let number = read::count(*page_number, 1, bounds::PAGES_MAX)?;
    let count = fingerprints.len();
    let adjacent = match fingerprints.as_slice() {
        [_] => true,
        [one, other] => one.epoch.abs_diff(other.epoch) == 1,
        _ => false,
    };
    if !adjacent {
        return Err(InvalidField::Epochs { count, most: EPOCHS_MAX });
    }
    let mut fingerprints =
        fingerprints.iter().map(|sent| fingerprint(sent, at)).collect::<Result<Vec<_>, _>>()?;
    if !ink_map.is_empty() {
        let map = InkMap::from_packed(ink_map).ok_or(InvalidField::InkMap)?;
        if let Some(first) = fingerprints.first_mut() {
            first.map = Some(map);
        }
    }
    Ok(SeenPage { number, fingerprints })
}

fn fingerprint(sent: &wire::Fingerprint, at: Timestamp) -> Result<Fingerprint, InvalidField> {
    let wire::Fingerprint { epoch, chunk_keys, marks } = sent;
    let present = epoch_of(at);
    read::count(*epoch, present.saturating_sub(EPOCHS_BACK), present)?;
    let count = marks.len();
    if count > crate::content::fingerprint::MARKS_MAX {
        return Err(InvalidField::Fingerprint(InvalidFingerprint::Marks { count }));
    }
    let marks =
        (1..).zip(marks).map(|(at, sent)| mark(sent).ok_or(InvalidFingerprint::Mark { at }));
    let marks = marks.collect::<Result<_, _>>().map_err(InvalidField::Fingerprint)?;
    let read = Fingerprint { epoch: *epoch, chunks: chunk_keys.clone(), marks, map: None };
    read.check().map_err(InvalidField::Fingerprint)?;
    Ok(read)
}

fn mark(sent: &wire::FingerprintMark) -> Option<Mark> {
    let wire::FingerprintMark { column, row, bits, weak_bits } = sent;
    Some(Mark {
        column: u8::try_from(*column).ok()?,
        row: u16::try_from(*row).ok()?,
        bits: *bits,
        weak: weak_bits.as_slice().try_into().ok()?,
    })
}

/// The keys that a node is to use, where a verdict of that time wants fingerprints.
#[must_use]
pub fn keys(wall: &Wall<'_>, at: Timestamp) -> Vec<wire::FingerprintKey> {
    let key = |epoch| wire::FingerprintKey { epoch, secret: wall.keys.page_secret(epoch).into() };
    epochs_at(at).map(key).into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::screening::asked;
    use super::super::wall::tests::with_wall;
    use super::*;
    use wire::screen_fax_request::Parties as WireParties;

    /// The epoch of the tests' wall.
    fn present() -> u32 {
        with_wall(|wall| epoch_of(wall.now))
    }

    fn marks() -> Vec<wire::FingerprintMark> {
        let mark = |at| wire::FingerprintMark {
            column: at,
            row: at * 3,
            bits: 0x1234_5678 + u64::from(at),
            weak_bits: vec![0, 1, 2, 3, 4, 5, 6, 7],
        };
        (1..=12).map(mark).collect()
    }

    fn print(epoch: u32) -> wire::Fingerprint {
        wire::Fingerprint { epoch, chunk_keys: vec![5, 6, 7], marks: marks() }
    }

    fn sent(number: u32) -> wire::PageFingerprint {
        let fingerprints = vec![print(present()), print(present() - 1)];
        wire::PageFingerprint { page_number: number, fingerprints, ink_map: vec![0x12; 216] }
    }

    fn request(stage: WireStage) -> wire::ScreenFaxRequest {
        wire::ScreenFaxRequest {
            request_id: "r".into(),
            node_id: "n".into(),
            fax_id: "f".into(),
            parties: Some(WireParties::Inbound(wire::InboundParties {
                called_number: "+18005550199".into(),
                ..Default::default()
            })),
            stage: Some(stage),
            ..Default::default()
        }
    }

    fn received(pages: Vec<wire::PageFingerprint>) -> wire::ScreenFaxRequest {
        request(WireStage::Received(wire::Received {
            outcome: 1,
            fingerprints: pages,
            ..Default::default()
        }))
    }

    fn told(request: &wire::ScreenFaxRequest) -> String {
        match with_wall(|wall| asked(request, wall)) {
            Ok(asked) => format!("{} pages", asked.pages.len()),
            Err(faults) => faults.to_string(),
        }
    }

    #[test]
    fn pages_are_read_with_their_maps() {
        let read = with_wall(|wall| asked(&received(vec![sent(1), sent(3)]), wall)).unwrap();
        let numbers: Vec<u32> = read.pages.iter().map(|page| page.number).collect();
        assert_eq!(numbers, [1, 3]);
        let [newest, older] = read.pages[0].fingerprints.as_slice() else { panic!("not two") };
        assert_eq!((newest.epoch, older.epoch), (present(), present() - 1));
        assert_eq!((newest.chunks.len(), newest.marks.len()), (3, 12));
        assert!(newest.map.as_ref().is_some_and(|map| map.rows() == 2) && older.map.is_none());
    }

    #[test]
    fn what_no_page_gives_is_refused_by_its_place_and_nothing_is_echoed() {
        type Forge = fn(&mut wire::PageFingerprint);
        let cases: &[(Forge, &str)] = &[
            (|page| page.page_number = 0, "value is 0 (must be 1 to 10000)"),
            (|page| page.fingerprints.clear(), "has 0 fingerprints"),
            (|page| page.fingerprints.push(print(present())), "has 3 fingerprints"),
            (|page| page.fingerprints[1].epoch = present(), "has 2 fingerprints"),
            (|page| page.fingerprints.truncate(1), ""),
            (
                |page| {
                    page.fingerprints.truncate(1);
                    page.fingerprints[0].epoch = present() + 1;
                },
                "must be",
            ),
            (
                |page| {
                    page.fingerprints.truncate(1);
                    page.fingerprints[0].epoch = present() - 3;
                },
                "must be",
            ),
            (|page| page.fingerprints[0].chunk_keys = (1..10).collect(), "9 chunk keys"),
            (|page| page.fingerprints[0].chunk_keys[1] = 0, "repeated or constant"),
            (|page| page.fingerprints[0].chunk_keys[1] = u64::MAX, "repeated or constant"),
            (|page| page.fingerprints[0].chunk_keys[1] = 5, "repeated or constant"),
            (
                |page| {
                    page.fingerprints[0] =
                        wire::Fingerprint { epoch: present(), ..Default::default() }
                },
                "empty",
            ),
            (|page| page.fingerprints[0].marks[2].column = 108, "mark 3"),
            (|page| page.fingerprints[0].marks[2].column = 300, "mark 3"),
            (|page| page.fingerprints[0].marks[2].row = 200, "mark 3"),
            (|page| page.fingerprints[0].marks[2].bits = 1 << 48, "mark 3"),
            (|page| page.fingerprints[0].marks[2].bits = 0, "mark 3"),
            (|page| page.fingerprints[0].marks[2].bits = (1 << 48) - 1, "mark 3"),
            (|page| page.fingerprints[0].marks[2].weak_bits = vec![1; 7], "mark 3"),
            (|page| page.fingerprints[0].marks[2].weak_bits = vec![24; 8], "mark 3"),
            (|page| page.fingerprints[0].marks[2] = marks()[1].clone(), "repeated"),
            (|page| page.ink_map = vec![1; 109], "ink map"),
            (|page| page.ink_map = vec![1; 108 * 402], "ink map"),
            (|page| page.ink_map.clear(), ""),
        ];
        for (at, (forge, why)) in cases.iter().enumerate() {
            let mut page = sent(1);
            forge(&mut page);
            let told = told(&received(vec![sent(2), page]));
            if why.is_empty() {
                assert_eq!(told, "2 pages", "{at}");
            } else {
                let here = told.starts_with("`received.fingerprints[1]`: ");
                assert!(here && told.contains(why), "{at}: {told}");
            }
        }
    }

    #[test]
    fn pages_are_few_each_once_and_of_their_stage() {
        let many = told(&received((1..=5).map(sent).collect()));
        assert_eq!(many, "`received.fingerprints`: list has 5 elements (at most 4)");
        assert!(told(&received(vec![sent(1), sent(1)])).starts_with("`received.fingerprints[1]`"));
        let page = |number| {
            let fingerprint = Some(sent(2));
            WireStage::Page(wire::Page { page_number: number, fingerprint, ..Default::default() })
        };
        assert_eq!(told(&request(page(2))), "1 pages");
        let other = told(&request(page(3)));
        assert_eq!(other, "`page.fingerprint`: field disagrees with `page.page_number`");
    }

    #[test]
    fn the_largest_page_is_within_its_bound() {
        use prost::Message as _;
        let mark = |at: u32| wire::FingerprintMark {
            column: 107,
            row: 199,
            bits: (1 << 48) - 2 - u64::from(at),
            weak_bits: vec![23; 8],
        };
        let print = |epoch| wire::Fingerprint {
            epoch,
            chunk_keys: vec![u64::MAX - 1; 8],
            marks: (0..32).map(mark).collect(),
        };
        let page = wire::PageFingerprint {
            page_number: bounds::PAGES_MAX,
            fingerprints: vec![print(u32::MAX), print(u32::MAX - 1)],
            ink_map: vec![0xFF; 108 * 400],
        };
        let bytes = page.encoded_len();
        assert!(bytes <= bounds::FINGERPRINT_BYTES_MAX, "{bytes}");
    }

    proptest! {
        #[test]
        fn any_fingerprint_is_answered(
            numbers: [u32; 4],
            chunks in prop::collection::vec(any::<u64>(), 0..12),
            places in prop::collection::vec(any::<(u32, u32, u64)>(), 0..40),
            bytes in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            let marks = places.into_iter().map(|(column, row, bits)| wire::FingerprintMark {
                column: column % 200, row: row % 500, bits, weak_bits: bytes.iter().copied().take(8).collect(),
            });
            let print = wire::Fingerprint {
                epoch: present().wrapping_sub(numbers[0] % 4), chunk_keys: chunks, marks: marks.collect(),
            };
            let page = wire::PageFingerprint {
                page_number: numbers[1] % 5, fingerprints: vec![print], ink_map: bytes,
            };
            let _ = told(&received(vec![page]));
        }
    }
}
