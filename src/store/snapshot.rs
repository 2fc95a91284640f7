//! A checksummed snapshot: written and read as a stream, so that hundreds of megabytes need no second copy.
//!
//! Layout, integers little-endian: magic, version, position, BLAKE3 of these; then sections, each a mark 1,
//! its name, chunks behind their lengths, a length 0 and the BLAKE3 of name and bytes; then a mark 0, the
//! number of sections and the BLAKE3 of all their checksums. A reader checks the whole file before it
//! hands out the first byte.

use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use thiserror::Error;

const MAGIC: [u8; 8] = *b"FAXGSNAP";
const VERSION: u32 = 1;
/// Most bytes of one chunk.
const CHUNK_BYTES: usize = 64 * 1024;
/// Longest name of a section, in bytes.
pub const SECTION_NAME_BYTES_MAX: usize = 64;

/// Why a snapshot was not written, or is not used.
#[derive(Debug, Error)]
pub enum SnapshotFault {
    /// The disk failed, or the file ends early.
    #[error("snapshot could not be read or written")]
    Disk(#[from] io::Error),
    /// Not a snapshot, or bytes that are not as they were written.
    #[error("snapshot is damaged in its {part} (it is rebuilt from the ledger)")]
    Damaged {
        /// Where the damage is.
        part: &'static str,
    },
    /// A snapshot of another version.
    #[error(
        "snapshot has version {found} (this program reads {VERSION}; it is rebuilt from the ledger)"
    )]
    Version {
        /// The version found.
        found: u32,
    },
    /// A name of a section that is empty or too long.
    #[error("section name has {bytes} bytes (1 to {SECTION_NAME_BYTES_MAX})")]
    Name {
        /// Its length.
        bytes: usize,
    },
    /// The engine could not encode or decode its section.
    #[error("section `{section}` does not fit its reader (it is rebuilt from the ledger)")]
    Section {
        /// Name of the section.
        section: &'static str,
    },
}

/// Writes the sections of one snapshot.
pub struct SnapshotWriter<'a> {
    out: &'a mut dyn Write,
    sums: blake3::Hasher,
    count: u32,
    /// A rest of a millisecond or so, where the store has one.
    rest: Option<fn()>,
    /// Where it takes its time: what says when it must not any more.
    haste: Option<Arc<AtomicBool>>,
}

impl<'a> SnapshotWriter<'a> {
    pub(super) fn begin(
        out: &'a mut dyn Write,
        position: u64,
        rest: Option<fn()>,
    ) -> Result<Self, SnapshotFault> {
        let mut header = Vec::with_capacity(20);
        header.extend_from_slice(&MAGIC);
        header.extend_from_slice(&VERSION.to_le_bytes());
        header.extend_from_slice(&position.to_le_bytes());
        out.write_all(&header)?;
        out.write_all(blake3::hash(&header).as_bytes())?;
        Ok(Self { out, sums: blake3::Hasher::new(), count: 0, rest, haste: None })
    }

    /// From now on it rests after each chunk, until there is haste: a snapshot that is written as fast as can be takes a processor from
    /// calls for as long as it takes.
    pub fn take_time(&mut self, haste: Arc<AtomicBool>) {
        self.haste = Some(haste);
    }

    /// Writes one section; `fill` writes its bytes, of any number.
    ///
    /// # Errors
    /// [`SnapshotFault`], also what `fill` answers.
    pub fn section(
        &mut self,
        name: &str,
        fill: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), SnapshotFault> {
        let length = u8::try_from(name.len()).unwrap_or(0);
        if length == 0 || name.len() > SECTION_NAME_BYTES_MAX {
            return Err(SnapshotFault::Name { bytes: name.len() });
        }
        self.out.write_all(&[1, length])?;
        self.out.write_all(name.as_bytes())?;
        let mut sum = blake3::Hasher::new();
        sum.update(name.as_bytes());
        let chunk = Vec::with_capacity(CHUNK_BYTES);
        let rest = self.rest.zip(self.haste.as_deref());
        let mut section = SectionWriter { out: self.out, sum, chunk, rest };
        fill(&mut section)?;
        section.flush()?;
        let sum = section.sum.finalize();
        self.out.write_all(&0_u32.to_le_bytes())?;
        self.out.write_all(sum.as_bytes())?;
        self.sums.update(sum.as_bytes());
        self.count += 1;
        Ok(())
    }

    pub(super) fn finish(self) -> Result<(), SnapshotFault> {
        self.out.write_all(&[0])?;
        self.out.write_all(&self.count.to_le_bytes())?;
        self.out.write_all(self.sums.finalize().as_bytes())?;
        Ok(self.out.flush()?)
    }
}

struct SectionWriter<'a> {
    out: &'a mut dyn Write,
    sum: blake3::Hasher,
    chunk: Vec<u8>,
    /// How it rests, and what says when it must not any more.
    rest: Option<(fn(), &'a AtomicBool)>,
}

impl Write for SectionWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.chunk.len() == CHUNK_BYTES {
            self.flush()?;
        }
        let room = bytes.len().min(CHUNK_BYTES - self.chunk.len());
        self.chunk.extend_from_slice(&bytes[..room]);
        Ok(room)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.chunk.is_empty() {
            return Ok(());
        }
        let length = u32::try_from(self.chunk.len()).map_err(io::Error::other)?;
        self.sum.update(&self.chunk);
        self.out.write_all(&length.to_le_bytes())?;
        self.out.write_all(&self.chunk)?;
        self.chunk.clear();
        if let Some((rest, haste)) = self.rest
            && !haste.load(Ordering::Relaxed)
        {
            rest();
        }
        Ok(())
    }
}

trait Source: Read + Seek + Send {}
impl<T: Read + Seek + Send> Source for T {}

/// Reads the sections of a snapshot that was checked whole.
pub struct SnapshotReader {
    input: Box<dyn Source>,
    position: u64,
    chunk_left: usize,
    in_section: bool,
}

/// The bytes of one section.
pub struct SectionReader<'a> {
    name: String,
    of: &'a mut SnapshotReader,
}

impl SnapshotReader {
    /// Checks everything, then stands before the first section.
    pub(super) fn open(source: impl Read + Seek + Send + 'static) -> Result<Self, SnapshotFault> {
        let mut input: Box<dyn Source> = Box::new(BufReader::with_capacity(CHUNK_BYTES, source));
        let position = header(&mut input)?;
        let first = input.stream_position()?;
        check_sections(&mut input)?;
        input.seek(SeekFrom::Start(first))?;
        Ok(Self { input, position, chunk_left: 0, in_section: false })
    }

    /// The seq that replay starts after.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.position
    }

    /// The next section, or `None` after the last; what was left of the one before is skipped.
    ///
    /// # Errors
    /// [`SnapshotFault::Disk`].
    pub fn next_section(&mut self) -> Result<Option<SectionReader<'_>>, SnapshotFault> {
        if self.in_section {
            let mut rest = SectionReader { name: String::new(), of: self };
            io::copy(&mut rest, &mut io::sink())?;
            let _sum: [u8; 32] = exactly(&mut self.input)?;
            self.in_section = false;
        }
        let Some(name) = section_name(&mut self.input)? else {
            self.input.seek(SeekFrom::Current(-1))?;
            return Ok(None);
        };
        self.in_section = true;
        self.chunk_left = chunk_length(&mut self.input)?;
        Ok(Some(SectionReader { name, of: self }))
    }
}

impl SectionReader<'_> {
    /// The name it was written under.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Read for SectionReader<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if self.of.chunk_left == 0 || to.is_empty() {
            return Ok(0);
        }
        let most = to.len().min(self.of.chunk_left);
        let got = self.of.input.read(&mut to[..most])?;
        if got == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.of.chunk_left -= got;
        if self.of.chunk_left == 0 {
            self.of.chunk_left = chunk_length(&mut self.of.input).map_err(io::Error::other)?;
        }
        Ok(got)
    }
}

fn exactly<const N: usize>(input: &mut dyn Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    input.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn header(input: &mut dyn Read) -> Result<u64, SnapshotFault> {
    let header: [u8; 20] = exactly(input)?;
    let sum: [u8; 32] = exactly(input)?;
    let damaged = SnapshotFault::Damaged { part: "header" };
    let rest = header.strip_prefix(&MAGIC);
    let Some((version, rest)) = rest.and_then(|rest| rest.split_first_chunk::<4>()) else {
        return Err(damaged);
    };
    if blake3::hash(&header) != sum {
        return Err(damaged);
    }
    let version = u32::from_le_bytes(*version);
    if version != VERSION {
        return Err(SnapshotFault::Version { found: version });
    }
    rest.first_chunk::<8>().map(|position| u64::from_le_bytes(*position)).ok_or(damaged)
}

fn section_name(input: &mut dyn Read) -> Result<Option<String>, SnapshotFault> {
    let [mark] = exactly(input)?;
    if mark == 0 {
        return Ok(None);
    }
    let [length] = exactly(input)?;
    if mark != 1 || length == 0 || usize::from(length) > SECTION_NAME_BYTES_MAX {
        return Err(SnapshotFault::Damaged { part: "section name" });
    }
    let mut name = vec![0; usize::from(length)];
    input.read_exact(&mut name)?;
    let name = String::from_utf8(name);
    name.map(Some).map_err(|_| SnapshotFault::Damaged { part: "section name" })
}

fn chunk_length(input: &mut dyn Read) -> Result<usize, SnapshotFault> {
    let length = u32::from_le_bytes(exactly(input)?);
    match usize::try_from(length) {
        Ok(length) if length <= CHUNK_BYTES => Ok(length),
        _ => Err(SnapshotFault::Damaged { part: "chunk length" }),
    }
}

fn check_sections(input: &mut dyn Read) -> Result<(), SnapshotFault> {
    let mut sums = blake3::Hasher::new();
    let mut count = 0_u32;
    let mut chunk = vec![0; CHUNK_BYTES];
    while let Some(name) = section_name(input)? {
        let mut sum = blake3::Hasher::new();
        sum.update(name.as_bytes());
        loop {
            let length = chunk_length(input)?;
            if length == 0 {
                break;
            }
            input.read_exact(&mut chunk[..length])?;
            sum.update(&chunk[..length]);
        }
        let written: [u8; 32] = exactly(input)?;
        if sum.finalize() != written {
            return Err(SnapshotFault::Damaged { part: "section" });
        }
        sums.update(&written);
        count += 1;
    }
    let written_count = u32::from_le_bytes(exactly(input)?);
    let written: [u8; 32] = exactly(input)?;
    if written_count != count || sums.finalize() != written {
        return Err(SnapshotFault::Damaged { part: "end" });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Cursor;
    use std::sync::atomic::AtomicUsize;

    fn written(sections: &[(&str, Vec<u8>)]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut writer = SnapshotWriter::begin(&mut bytes, 77, None).unwrap();
        for (name, body) in sections {
            writer.section(name, &mut |to| to.write_all(body)).unwrap();
        }
        writer.finish().unwrap();
        bytes
    }

    #[test]
    fn sections_read_back_whole_or_in_part() {
        let long: Vec<u8> = (0..=255).cycle().take(CHUNK_BYTES * 2 + 7).collect();
        let bytes = written(&[("a", long.clone()), ("empty", vec![]), ("b", vec![1, 2])]);
        let mut reader = SnapshotReader::open(Cursor::new(bytes)).unwrap();
        assert_eq!(reader.position(), 77);
        let mut first = reader.next_section().unwrap().unwrap();
        let mut got = vec![0; 10];
        first.read_exact(&mut got).unwrap();
        assert_eq!((first.name(), &got[..]), ("a", &long[..10]));
        assert_eq!(reader.next_section().unwrap().unwrap().name(), "empty");
        let mut got = Vec::new();
        reader.next_section().unwrap().unwrap().read_to_end(&mut got).unwrap();
        assert_eq!(got, [1, 2]);
        assert!(reader.next_section().unwrap().is_none());
        assert!(reader.next_section().unwrap().is_none());
    }

    #[test]
    fn whoever_takes_its_time_rests_until_there_is_haste_and_writes_the_same() {
        static RESTS: AtomicUsize = AtomicUsize::new(0);
        let rest = || {
            RESTS.fetch_add(1, Ordering::Relaxed);
        };
        let body: Vec<u8> = (0..=255).cycle().take(CHUNK_BYTES * 3).collect();
        for (haste, rests) in [(false, 3), (true, 3)] {
            let mut bytes = Vec::new();
            let mut writer = SnapshotWriter::begin(&mut bytes, 77, Some(rest)).unwrap();
            writer.take_time(Arc::new(AtomicBool::new(haste)));
            writer.section("a", &mut |to| to.write_all(&body)).unwrap();
            writer.finish().unwrap();
            assert_eq!(bytes, written(&[("a", body.clone())]));
            assert_eq!(RESTS.load(Ordering::Relaxed), rests);
        }
    }

    proptest! {
        #[test]
        fn every_damage_is_seen(at: prop::sample::Index, flip in 1_u8.., cut: bool) {
            let mut bytes = written(&[("a", vec![5; 300]), ("b", vec![6; 10])]);
            let at = at.index(bytes.len());
            if cut { bytes.truncate(at) } else { bytes[at] ^= flip }
            prop_assert!(SnapshotReader::open(Cursor::new(bytes)).is_err());
        }
    }
}
