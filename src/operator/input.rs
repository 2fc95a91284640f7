//! Files as the tool reads them: whole within a limit, or line by line with a longest line.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::Path;

use thiserror::Error;

use super::failure::Failure;
use crate::bounds::LINE_BYTES_MAX;

/// Reads the whole of `path`, which must not be larger than `limit` bytes.
///
/// # Errors
/// [`Failure::ReadFile`] and [`Failure::FileTooLarge`].
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>, Failure> {
    let failed = |source| Failure::ReadFile { path: path.into(), source };
    let file = File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
    match u64::try_from(bytes.len()) {
        Ok(size) if size <= limit => Ok(bytes),
        _ => Err(Failure::FileTooLarge { path: path.into(), limit }),
    }
}

/// Opens `path` to be read line by line; `-` is standard input.
///
/// # Errors
/// [`Failure::ReadFile`].
pub fn open(path: &Path) -> Result<Lines<Box<dyn BufRead>>, Failure> {
    let reader: Box<dyn BufRead> = if path.as_os_str() == "-" {
        Box::new(io::stdin().lock())
    } else {
        let failed = |source| Failure::ReadFile { path: path.into(), source };
        Box::new(BufReader::with_capacity(LINE_BYTES_MAX, File::open(path).map_err(failed)?))
    };
    Ok(Lines::new(reader))
}

/// Size of `path` in bytes, for a progress bar; zero where it has none.
#[must_use]
pub fn size(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |metadata| metadata.len())
}

/// The lines of a file, each at most [`LINE_BYTES_MAX`] bytes.
#[derive(Debug)]
pub struct Lines<R> {
    reader: R,
    number: u64,
    consumed: u64,
    ended: bool,
}

/// A line that is not looked at.
#[derive(Debug, Error)]
pub enum LineFault {
    /// It is longer than any line that means something.
    #[error("line is longer than {LINE_BYTES_MAX} bytes")]
    TooLong,
    /// The file cannot be read on; nothing follows.
    #[error("file cannot be read further")]
    Unreadable(#[source] io::Error),
}

impl<R: BufRead> Lines<R> {
    /// The lines of `reader`, numbered from 1.
    pub fn new(reader: R) -> Self {
        Self { reader, number: 0, consumed: 0, ended: false }
    }

    /// Bytes read so far.
    #[must_use]
    pub fn consumed(&self) -> u64 {
        self.consumed
    }

    /// One line without its end, or what is left of the file.
    fn line(&mut self) -> io::Result<Option<Result<Vec<u8>, LineFault>>> {
        let mut bytes = Vec::new();
        let limit = u64::try_from(LINE_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(2);
        let mut read = self.reader.by_ref().take(limit).read_until(b'\n', &mut bytes)?;
        if read == 0 {
            return Ok(None);
        }
        let whole = bytes.last() == Some(&b'\n');
        let mut skipping = !whole && bytes.len() > LINE_BYTES_MAX;
        while skipping {
            let buffer = self.reader.fill_buf()?;
            let end = buffer.iter().position(|byte| *byte == b'\n').map(|at| at + 1);
            skipping = end.is_none() && !buffer.is_empty();
            let step = end.unwrap_or(buffer.len());
            self.reader.consume(step);
            read = read.saturating_add(step);
        }
        self.consumed = self.consumed.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
        if whole {
            bytes.pop();
        }
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
        let fits = bytes.len() <= LINE_BYTES_MAX;
        Ok(Some(if fits { Ok(bytes) } else { Err(LineFault::TooLong) }))
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = (u64, Result<Vec<u8>, LineFault>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        self.number = self.number.saturating_add(1);
        match self.line() {
            Ok(Some(line)) => Some((self.number, line)),
            Ok(None) => {
                self.ended = true;
                None
            }
            Err(source) => {
                self.ended = true;
                Some((self.number, Err(LineFault::Unreadable(source))))
            }
        }
    }
}

/// What serde says of JSON that it cannot use, without the strings it found there: they may be personal.
#[must_use]
pub fn json_fault(fault: &serde_json::Error) -> String {
    let text = fault.to_string();
    match (text.find("string \""), text.rfind("\", expected")) {
        (Some(from), Some(to)) if from < to => {
            let (head, tail) = (text.get(..from), text.get(to + 1..));
            format!("{}a string{}", head.unwrap_or_default(), tail.unwrap_or_default())
        }
        (Some(from), _) => format!("{}a string", text.get(..from).unwrap_or_default()),
        (None, _) => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lengths(bytes: &[u8]) -> Vec<Option<usize>> {
        Lines::new(bytes).map(|(_, line)| line.ok().map(|line| line.len())).collect()
    }

    #[test]
    fn lines_are_bounded_and_the_next_one_is_whole() {
        let long = |extra: usize| vec![b'x'; LINE_BYTES_MAX + extra];
        assert_eq!(lengths(b""), []);
        assert_eq!(lengths(b"a\r\n\nbc"), [Some(1), Some(0), Some(2)]);
        for ending in [&b"\n"[..], b"\r\n"] {
            let fits = [&long(0), ending, b"yz"].concat();
            assert_eq!(lengths(&fits), [Some(LINE_BYTES_MAX), Some(2)]);
            let exceeds = [&long(1), ending, b"yz"].concat();
            assert_eq!(lengths(&exceeds), [None, Some(2)]);
        }
        let far = [&long(3 * LINE_BYTES_MAX)[..], b"\nyz"].concat();
        let mut lines = Lines::new(&far[..]);
        assert!(lines.next().is_some_and(|(number, line)| number == 1 && line.is_err()));
        assert!(lines.next().is_some_and(|(number, line)| number == 2 && line.is_ok()));
        assert_eq!(lines.consumed(), far.len() as u64);
    }

    #[test]
    fn json_faults_hold_no_string_of_the_file() {
        let fault = serde_json::from_str::<u32>("\"+18005551212\"").unwrap_err();
        let text = json_fault(&fault);
        assert_eq!(text, "invalid type: a string, expected u32 at line 1 column 14");
    }

    proptest! {
        #[test]
        fn no_byte_is_lost(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let mut lines = Lines::new(&bytes[..]);
            let count = lines.by_ref().count();
            prop_assert_eq!(lines.consumed(), bytes.len() as u64);
            let ends = bytes.iter().filter(|byte| **byte == b'\n').count();
            prop_assert_eq!(count, ends + usize::from(bytes.last().is_some_and(|b| *b != b'\n')));
        }
    }
}
