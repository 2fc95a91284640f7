//! Who claims to have sent a fax: the ImageDescription that HylaFAX writes into a received TIFF.

use std::fmt;

use super::InvalidTiff;
use super::directory::Directory;

const IMAGE_DESCRIPTION: u16 = 270;
/// What HylaFAX writes where a call identification is absent.
const NONE: &[u8] = b"<NONE>";

/// Bytes the far end chose: any bytes but NUL, at most [`crate::bounds::TIFF_TEXT_BYTES_MAX`]. Not
/// text, not escaped, never shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct HostileBytes(Vec<u8>);

impl HostileBytes {
    /// Takes `bytes` over as they are; empty ones and the `<NONE>` of HylaFAX stand for nothing.
    pub(super) fn claim(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.trim_ascii();
        (!bytes.is_empty() && bytes != NONE).then(|| Self(bytes.to_vec()))
    }

    /// What the far end said.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for HostileBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HostileBytes({} bytes, masked)", self.0.len())
    }
}

/// The first page's description in the order of HylaFAX's `CallIDPattern` numbering: the TSI, then
/// one line a call identification, the first two of which are the caller's number and name. All of
/// it is claimed, nothing checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HylaFaxIdentity {
    /// The transmitting station's identity.
    pub tsi: Option<HostileBytes>,
    /// The caller's number, CALLID1.
    pub caller_number: Option<HostileBytes>,
    /// The caller's name, CALLID2.
    pub caller_name: Option<HostileBytes>,
    /// The call identifications between the caller's name and the dialled number.
    pub more: Vec<HostileBytes>,
    /// The dialled number: the last call identification after the caller's name.
    pub dialled: Option<HostileBytes>,
}

impl HylaFaxIdentity {
    /// Reads the description of `directory`; one that is absent identifies nobody.
    pub(super) fn read(directory: &Directory<'_>) -> Result<Self, InvalidTiff> {
        Ok(directory.text(IMAGE_DESCRIPTION)?.map(Self::parse).unwrap_or_default())
    }

    fn parse(description: &[u8]) -> Self {
        let mut lines = description
            .strip_suffix(b"\n")
            .unwrap_or(description)
            .split(|byte| *byte == b'\n')
            .map(HostileBytes::claim);
        let mut line = || lines.next().flatten();
        let (tsi, caller_number, caller_name) = (line(), line(), line());
        let mut rest: Vec<_> = lines.collect();
        let dialled = rest.pop().flatten();
        Self {
            tsi,
            caller_number,
            caller_name,
            more: rest.into_iter().flatten().collect(),
            dialled,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_told_apart_and_never_shown() {
        for (description, expected) in [
            ("", [None, None, None, None]),
            ("TSI", [Some("TSI"), None, None, None]),
            ("\n800\nA B\n<NONE>\n555\n", [None, Some("800"), Some("A B"), Some("555")]),
            ("<NONE>\n<NONE>\n<NONE>\n<NONE>", [None; 4]),
            ("T\n1\nN\n2", [Some("T"), Some("1"), Some("N"), Some("2")]),
            ("T\n1\nN\nvia\n<NONE>", [Some("T"), Some("1"), Some("N"), None]),
        ] {
            let read = HylaFaxIdentity::parse(description.as_bytes());
            let told = [&read.tsi, &read.caller_number, &read.caller_name, &read.dialled]
                .map(|part| part.as_ref().map(HostileBytes::bytes));
            assert_eq!(told, expected.map(|part| part.map(str::as_bytes)), "{description:?}");
        }
        let read = HylaFaxIdentity::parse(b"SECRET\n123\nNAME\nvia\xFF\n456");
        assert_eq!(read.more.iter().map(HostileBytes::bytes).collect::<Vec<_>>(), [b"via\xFF"]);
        let shown = format!("{read:?}");
        for personal in ["SECRET", "123", "NAME", "via", "456"] {
            assert!(!shown.contains(personal), "{shown}");
        }
    }
}
