//! The queue file of an outbound job (`sendq/q…`, `doneq/q…`), read as HylaFAX's scheduler reads it. Clients write most
//! of it; only `owner` is the authenticated user.

use super::foreign;
use crate::bounds::PAGES_MAX;

/// What the hooks need of a job. What is missing or no number is empty or 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueueFile {
    /// The authenticated user whose job it is. `sender` and `mailaddr` are what a client says.
    pub owner: String,
    /// The number to dial.
    pub number: String,
    /// The TSI asked for; used by the server only if it is set up to.
    pub tsi: String,
    /// The header line asked for.
    pub tagline: String,
    /// The far end's ident, after a dial.
    pub csi: String,
    /// Why the last attempt failed, its lines joined.
    pub status: String,
    /// When the job is given up, in seconds since 1970: set once, so that a job number that comes round again is
    /// another job.
    pub kill_time: u64,
    /// Dials in all.
    pub total_dials: u32,
    /// Pages sent.
    pub pages: u32,
    /// Pages in all; 0 before conversion.
    pub total_pages: u32,
    /// What the scheduler does with it.
    pub state: JobState,
}

/// What the scheduler does with a job, as far as lines are concerned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum JobState {
    /// Anything else: it waits for its time, or is over.
    #[default]
    Other,
    /// It waits for a line.
    Ready,
    /// It has a line.
    Active,
}

impl JobState {
    /// By HylaFAX's own number of it (`JobStateType`).
    const fn of(number: u64) -> Self {
        match number {
            5 => Self::Ready,
            6 => Self::Active,
            _ => Self::Other,
        }
    }
}

/// Reads a queue file; anything is one.
pub fn parse(bytes: &[u8]) -> QueueFile {
    let mut file = QueueFile::default();
    let mut number = String::new();
    let mut external = String::new();
    let mut lines = bytes.split(|byte| *byte == b'\n');
    while let Some(line) = lines.next() {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let (key, value) = line.split_at(colon);
        let value = value.get(1..).unwrap_or_default();
        // As the scheduler does: of several lines with one key the last counts.
        match key {
            b"owner" => file.owner = text(value),
            b"number" => number = text(value),
            b"external" => external = text(value),
            b"tsi" => file.tsi = text(value),
            b"tagline" => file.tagline = text(value),
            b"csi" => file.csi = text(value),
            b"killtime" => file.kill_time = digits(value),
            b"state" => file.state = JobState::of(digits(value)),
            b"totdials" => file.total_dials = count(value),
            b"npages" => file.pages = count(value).min(PAGES_MAX),
            b"totpages" => file.total_pages = count(value).min(PAGES_MAX),
            b"status" => {
                // The one value of several lines: each but the last ends with a backslash.
                file.status = text(value);
                let mut more = value.ends_with(b"\\");
                while more {
                    let next = lines.next();
                    more = next.is_some_and(|line| line.ends_with(b"\\"));
                }
            }
            _ => {}
        }
    }
    file.number = if number.is_empty() { external } else { number };
    file
}

fn text(value: &[u8]) -> String {
    use std::os::unix::ffi::OsStrExt as _;
    foreign(std::ffi::OsStr::from_bytes(value))
}

/// The leading digits as a number, 0 where there are none or too many.
fn digits(value: &[u8]) -> u64 {
    let digits = value.trim_ascii_start().iter().take_while(|byte| byte.is_ascii_digit());
    digits
        .take(20)
        .try_fold(0_u64, |sum, digit| sum.checked_mul(10)?.checked_add(u64::from(*digit - b'0')))
        .unwrap_or(0)
}

fn count(value: &[u8]) -> u32 {
    u32::try_from(digits(value)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::bounds::TEXT_BYTES_MAX;

    #[test]
    fn a_recorded_job_is_read() {
        let bytes = include_bytes!("../../../tests/fixtures/hylafax/doneq_q1");
        let file = parse(bytes);
        let want = QueueFile {
            owner: "root".into(),
            number: "5550001".into(),
            tsi: "+1 800 555 1212".into(),
            csi: "+1.555.999.<NONE>".into(),
            kill_time: 1_795_477_761,
            total_dials: 1,
            pages: 2,
            total_pages: 2,
            ..QueueFile::default()
        };
        assert_eq!(file, want);
    }

    #[test]
    fn what_a_client_says_is_not_who_it_is() {
        for (bytes, owner, number, status) in [
            (&b"sender:root\nmailaddr:root\nowner:eve\nnumber:1\n"[..], "eve", "1", ""),
            (b"status:Busy\\\nowner:root\\\nnumber:2\nowner:eve\nnumber:1", "eve", "1", "Busy\\"),
            (b"owner:a\nowner:b\nexternal:9", "b", "9", ""),
            (b"owner:   spaced\r\nnumber:\nexternal:7", "spaced", "7", ""),
            (b"jobtag:x owner:root\n:owner\nowner\n", "", "", ""),
            (b"status:\\", "", "", "\\"),
        ] {
            let file = parse(bytes);
            assert_eq!((&*file.owner, &*file.number, &*file.status), (owner, number, status));
        }
        assert_eq!(
            parse(b"totdials:-1\nnpages:99999999\nkilltime:9999999999999999999999").pages,
            PAGES_MAX
        );
        assert_eq!(parse(b"totdials: 12x\n").total_dials, 12);
        let huge = [&b"owner:"[..], &vec![b'x'; 20_000_000]].concat();
        assert!(parse(&huge).owner.len() <= TEXT_BYTES_MAX + 1);
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_job(bytes in prop::collection::vec(any::<u8>(), 0..800)) {
            let _ = parse(&bytes);
        }

        #[test]
        fn any_lines_are_a_job(
            lines in prop::collection::vec(
                ("(owner|number|external|status|totdials|killtime|comments)", "[ -~]{0,40}\\\\?"),
                0..20,
            ),
        ) {
            let text: String = lines.iter().map(|(key, value)| format!("{key}:{value}\n")).collect();
            let file = parse(text.as_bytes());
            let owners: Vec<&str> =
                lines.iter().filter(|(key, _)| key == "owner").map(|(_, value)| value.trim()).collect();
            prop_assert!(file.owner.is_empty() || owners.iter().any(|owner| *owner == file.owner || *owner == "<NONE>"));
        }
    }
}
