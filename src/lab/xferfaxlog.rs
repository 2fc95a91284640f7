//! The transfer log of HylaFAX in its three dialects, one record a line: HylaFAX 6 (19 fields),
//! HylaFAX+ (20, the last one the job's counters) and gofaxip (19, quoted and packed its own way).

mod line;
mod text;

use thiserror::Error;

use crate::bounds::{LINE_BYTES_MAX, PAGES_MAX};
use crate::content::tiff::{Dcs, SessionParams};
pub use text::LogText;

/// Which program wrote a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// HylaFAX of hylafax.org.
    HylaFax,
    /// HylaFAX+.
    HylaFaxPlus,
    /// gofaxip, recognised by what HylaFAX never writes: a quoted caller inside the quotes, an
    /// hour with a leading zero, a coding's name for the DCS.
    GofaxIp,
}

/// What a line records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferKind {
    /// `RECV`: a fax received, or refused while it was being received.
    Receive,
    /// `SEND`: an attempt to send.
    Send,
    /// `CALL`: a call answered, whatever came of it.
    Call,
    /// `POLL`: a fax fetched from the far end.
    Poll,
    /// `PAGE`: a message to a pager.
    Page,
    /// `UNSENT`: a job that ended without an attempt (HylaFAX+).
    Unsent,
    /// `PROXY`: a job handed to another server (HylaFAX+).
    Proxy,
}

/// A date and time of the server's local clock, of which the log names no zone: nothing to compare
/// with other clocks before someone says where the server stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CivilMinute {
    /// 1969 to 2068: the log has two digits, read as POSIX `%y` is.
    pub year: u16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31, and a day that the month has.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
}

/// The counters of an outbound job, as HylaFAX+ writes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobInfo {
    /// Pages of the job.
    pub total_pages: u32,
    /// Tries to send the current page.
    pub tries: u32,
    /// Dials since the last success.
    pub dials: u32,
    /// Dials in all.
    pub total_dials: u32,
    /// Most dials allowed.
    pub max_dials: u32,
    /// Tries in all.
    pub total_tries: u32,
    /// Most tries allowed.
    pub max_tries: u32,
}

/// One line of the log. Texts are as the far end or a client chose them; an empty one is absent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct XferRecord {
    /// Which program wrote it.
    pub dialect: Dialect,
    /// When the call began.
    pub when: CivilMinute,
    /// What it records.
    pub kind: TransferKind,
    /// The communication id, which the session log is named by.
    pub commid: Option<LogText>,
    /// The modem.
    pub device: Option<LogText>,
    /// The received file, or the id of the job that was sent.
    pub job: Option<LogText>,
    /// The client's name for the job.
    pub jobtag: Option<LogText>,
    /// The sender's mail address, as the client gave it; `fax` for inbound faxes.
    pub sender: Option<LogText>,
    /// The number dialled; inbound, the server's own number.
    pub destination: Option<LogText>,
    /// The far end's identity: its TSI inbound, its CSI outbound.
    pub station: Option<LogText>,
    /// What the ends agreed on, where they did.
    pub params: Option<SessionParams>,
    /// Pages transferred, at most [`PAGES_MAX`].
    pub pages: u32,
    /// How long the job took, in seconds.
    pub job_seconds: u32,
    /// How long the line was up, in seconds.
    pub connect_seconds: u32,
    /// Why it failed; absent where it did not.
    pub reason: Option<LogText>,
    /// The caller's name.
    pub cid_name: Option<LogText>,
    /// The caller's number.
    pub cid_number: Option<LogText>,
    /// The call identifications after those two, without the absent ones.
    pub call_ids: Vec<LogText>,
    /// The authenticated user the job belongs to.
    pub owner: Option<LogText>,
    /// The digital command signal, where there was one.
    pub dcs: Option<Dcs>,
    /// The counters of the job (HylaFAX+, outbound).
    pub job_info: Option<JobInfo>,
}

impl XferRecord {
    /// The number that was dialled to reach us, where the line configuration logs it: the last of
    /// the call identifications.
    #[must_use]
    pub fn did(&self) -> Option<&LogText> {
        self.call_ids.last()
    }
}

/// Why a line cannot be read. The line itself is never part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{fault}")]
pub struct InvalidXferLine {
    fault: XferFault,
}

impl InvalidXferLine {
    /// What is wrong.
    #[must_use]
    pub const fn fault(&self) -> XferFault {
        self.fault
    }
}

impl From<XferFault> for InvalidXferLine {
    fn from(fault: XferFault) -> Self {
        Self { fault }
    }
}

/// The ways in which a line can be wrong. Fields are numbered from 1, as HylaFAX documents them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum XferFault {
    /// Longer than [`LINE_BYTES_MAX`].
    #[error("line is longer than {LINE_BYTES_MAX} bytes")]
    LineTooLong,
    /// Neither 19 nor 20 fields.
    #[error("line has {fields} fields (a record has 19, in HylaFAX+ 20)")]
    FieldCount {
        /// How many it has; counting stops at 21.
        fields: usize,
    },
    /// A quote that nothing closes.
    #[error("field {field} has an opening quote and no closing one")]
    QuoteOpen {
        /// The field's number.
        field: usize,
    },
    /// Not `MM/DD/YY HH:MM`, or a day or time that does not exist.
    #[error("field {field} is not a date and time (as in `11/23/26 20:50`)")]
    Date {
        /// The field's number.
        field: usize,
    },
    /// No kind of record that any of the three writes.
    #[error("field {field} is not a kind of record (as in `RECV` or `SEND`)")]
    Kind {
        /// The field's number.
        field: usize,
    },
    /// Not a whole number of at most 32 bits.
    #[error("field {field} is not a whole number")]
    Number {
        /// The field's number.
        field: usize,
    },
    /// More pages than [`PAGES_MAX`].
    #[error("field {field} has more pages than a fax can ({PAGES_MAX})")]
    TooManyPages {
        /// The field's number.
        field: usize,
    },
    /// Not `H:MM:SS`.
    #[error("field {field} is not a duration (as in `0:00:18`)")]
    Duration {
        /// The field's number.
        field: usize,
    },
    /// Not seven numbers with slashes between them.
    #[error("field {field} is not a job's counters (seven numbers with `/` between)")]
    JobInfo {
        /// The field's number.
        field: usize,
    },
}

/// Reads one line, without its line feed. Bytes that are not UTF-8 are replaced in texts.
///
/// # Errors
/// [`InvalidXferLine`] says which field is at fault.
pub fn parse(line: &[u8]) -> Result<XferRecord, InvalidXferLine> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.len() > LINE_BYTES_MAX {
        return Err(XferFault::LineTooLong.into());
    }
    Ok(line::record(&line::Fields::split(line)?)?)
}

/// The records of a whole log, each with its line number from 1 on; empty lines are passed over.
pub fn records(
    log: &[u8],
) -> impl Iterator<Item = (usize, Result<XferRecord, InvalidXferLine>)> + '_ {
    log.split(|byte| *byte == b'\n')
        .zip(1..)
        .filter(|(line, _)| !line.trim_ascii().is_empty())
        .map(|(line, number)| (number, parse(line)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::tiff::{Coding, PageLength, Resolution};
    use proptest::prelude::*;

    const LOG: &[u8] = include_bytes!("../../tests/fixtures/hylafax/xferfaxlog");

    const PLUS: &str = "02/29/28 09:05\tSEND\t000000042\tttyS0\t17\t\"a \\\"b\\\"\"\tal@example.com\t\"5550001\"\t\"CSI\"\t2220072\t3\t1:02:03\t0:00:59\t\"\"\t\"\"\t\"\"\t\"\"\t\"root\"\t\"00 44 1F 22\"\t3/1/2/4/12/5/3";
    const GOFAXIP: &str = "11/23/26 20:50\tRECV\t000000007\tfreeswitch0\trecvq/fax000000007.tif\t\"\"\tfax\t\"5550001\"\t\"TSI 1\"\t65576\t2\t00:00:25\t00:00:25\t\"OK\"\t\"\"A NAME\"\"\t\"\"8005551212\"\"\t\"\"\t\"\"\t\"T.6\"";

    fn text(text: Option<&LogText>) -> &str {
        text.map_or("", LogText::as_str)
    }

    #[test]
    fn every_recorded_line_is_read() {
        let read: Vec<_> = records(LOG).map(|(at, record)| (at, record.unwrap())).collect();
        assert_eq!(
            read.iter().map(|(at, _)| *at).collect::<Vec<_>>(),
            (1..=32).collect::<Vec<_>>()
        );
        let raw: Vec<Vec<&str>> = std::str::from_utf8(LOG)
            .unwrap()
            .lines()
            .map(|line| line.split('\t').collect())
            .collect();
        for ((at, record), raw) in read.iter().zip(&raw) {
            let bare = |field: usize| raw[field - 1].trim_matches('"');
            assert_eq!(record.dialect, Dialect::HylaFax);
            assert_eq!((record.when.year, record.when.month, record.when.day), (2026, 11, 23));
            let minute = format!("{:02}:{:02}", record.when.hour, record.when.minute);
            assert_eq!(minute, raw[0][9..], "{at}");
            for (field, told) in [
                (3, &record.commid),
                (4, &record.device),
                (5, &record.job),
                (6, &record.jobtag),
                (7, &record.sender),
                (8, &record.destination),
                (9, &record.station),
                (14, &record.reason),
                (15, &record.cid_name),
                (16, &record.cid_number),
                (18, &record.owner),
            ] {
                assert_eq!(text(told.as_ref()), bare(field), "{at} {field}");
            }
            assert_eq!(record.pages.to_string(), bare(11));
            assert_eq!(
                format!("0:{:02}:{:02}", record.job_seconds / 60, record.job_seconds % 60),
                bare(12)
            );
            let seconds = record.connect_seconds;
            assert_eq!(format!("0:{:02}:{:02}", seconds / 60, seconds % 60), bare(13));
            assert_eq!(text(record.did()), bare(17).trim_start_matches("<NONE>::"));
            let known = !matches!(bare(10), "0" | "4193919");
            assert_eq!(record.params.is_some(), known, "{at}");
            assert!(record.params.is_none_or(|params| params.rate_bit_s == Some(14_400)), "{at}");
            assert_eq!(record.dcs.is_some(), !matches!(bare(19), "" | "00 00 00"), "{at}");
            assert_eq!(record.job_info, None);
        }
        let count = |kind| read.iter().filter(|(_, record)| record.kind == kind).count();
        assert_eq!(count(TransferKind::Receive) + count(TransferKind::Call), 27);
        assert_eq!(count(TransferKind::Send), 5);
    }

    #[test]
    fn parameters_and_signals_of_a_line_agree() {
        for (_, record) in records(LOG) {
            let record = record.unwrap();
            if let (Some(params), Some(dcs)) = (record.params, record.dcs) {
                assert_eq!(params.rate_bit_s, dcs.rate_bit_s());
                assert_eq!(params.ecm, dcs.ecm());
                assert_eq!(params.coding, Some(dcs.coding()));
                assert_eq!(params.resolution, Some(Resolution::Standard));
                assert_eq!(params.length, Some(PageLength::Unlimited));
            }
        }
    }

    #[test]
    fn hylafax_plus_adds_the_counters() {
        let record = parse(PLUS.as_bytes()).unwrap();
        assert_eq!(record.dialect, Dialect::HylaFaxPlus);
        let when = CivilMinute { year: 2028, month: 2, day: 29, hour: 9, minute: 5 };
        assert_eq!((record.when, record.kind), (when, TransferKind::Send));
        assert_eq!(text(record.jobtag.as_ref()), "a \"b\"");
        assert_eq!((record.job_seconds, record.connect_seconds), (3_723, 59));
        let info = JobInfo {
            total_pages: 3,
            tries: 1,
            dials: 2,
            total_dials: 4,
            max_dials: 12,
            total_tries: 5,
            max_tries: 3,
        };
        assert_eq!(record.job_info, Some(info));
        let inbound = PLUS.replace("3/1/2/4/12/5/3", "");
        let record = parse(inbound.as_bytes()).unwrap();
        assert_eq!((record.dialect, record.job_info), (Dialect::HylaFaxPlus, None));
    }

    #[test]
    fn gofaxip_is_told_by_its_habits() {
        let record = parse(GOFAXIP.as_bytes()).unwrap();
        assert_eq!(record.dialect, Dialect::GofaxIp);
        assert_eq!(text(record.cid_name.as_ref()), "A NAME");
        assert_eq!(text(record.cid_number.as_ref()), "8005551212");
        assert_eq!((record.job_seconds, record.dcs, record.did()), (25, None, None));
        let params = record.params.unwrap();
        assert_eq!((params.rate_bit_s, params.ecm), (Some(14_400), true));
        assert_eq!((params.coding, params.resolution), (Some(Coding::Mmr), None));

        let send = GOFAXIP.replace("RECV", "SEND").replace("\"\"A NAME\"\"", "\"\"");
        let send = send.replace("\"\"8005551212\"\"", "\"\"").replace("T.6", "");
        let record = parse(send.as_bytes()).unwrap();
        assert_eq!((record.dialect, record.cid_name), (Dialect::GofaxIp, None));
        let nameless = GOFAXIP.replace("\"\"A NAME\"\"", "\"\"\"\"");
        assert_eq!(parse(nameless.as_bytes()).unwrap().cid_name, None);
    }

    #[test]
    fn hostile_texts_are_held_and_hidden() {
        let hostile = "A\tB\x1b[2J`$(id)`\u{202e}\"C";
        let line = GOFAXIP.replace("TSI 1", hostile).replace("A NAME", &"é".repeat(400));
        let record = parse(line.as_bytes()).unwrap();
        assert_eq!(text(record.station.as_ref()), "A\u{fffd}B\u{fffd}[2J`$(id)`\u{fffd}\"C");
        assert_eq!(text(record.cid_name.as_ref()), "é".repeat(128));
        let shown = format!("{record:?}");
        for personal in ["8005551212", "é", "id", "fax0000"] {
            assert!(!shown.contains(&format!("\"{personal}")), "{shown}");
        }
        let mut latin = GOFAXIP.as_bytes().to_vec();
        let at = latin.windows(5).position(|window| window == b"TSI 1").unwrap();
        latin[at] = 0xC4;
        assert_eq!(text(parse(&latin).unwrap().station.as_ref()), "\u{fffd}SI 1");
    }

    #[test]
    fn faults_name_their_field() {
        use XferFault as F;
        for (good, bad, fault) in [
            ("11/23/26", "13/23/26", F::Date { field: 1 }),
            ("11/23/26", "02/29/27", F::Date { field: 1 }),
            ("11/23/26", "11/31/26", F::Date { field: 1 }),
            ("11/23/26 20:50", "11/23/26 24:00", F::Date { field: 1 }),
            ("11/23/26 20:50", "", F::Date { field: 1 }),
            ("11/23/26", "+1/23/26", F::Date { field: 1 }),
            ("RECV", "STEAL", F::Kind { field: 2 }),
            ("65576", "-1", F::Number { field: 10 }),
            ("65576", "+1", F::Number { field: 10 }),
            ("65576", "4294967296", F::Number { field: 10 }),
            ("\t2\t", "\t10001\t", F::TooManyPages { field: 11 }),
            ("\t2\t", "\t\t", F::Number { field: 11 }),
            ("\t00:00:25\t00:00:25", "\t00:00:25\t??:??:??", F::Duration { field: 13 }),
            ("\t00:00:25\t00", "\t00:60:25\t00", F::Duration { field: 12 }),
            ("\t00:00:25\t00", "\t99999999:00:00\t00", F::Duration { field: 12 }),
            ("\tfax\t", "\tfax\t\t\t", F::FieldCount { fields: 21 }),
            ("\tfax\t", " ", F::FieldCount { fields: 17 }),
            ("\"T.6\"", "\"T.6", F::QuoteOpen { field: 19 }),
            ("\"T.6\"", "\"T.6\"\t1/2/3", F::JobInfo { field: 20 }),
            ("\"T.6\"", "\"T.6\"\t1/2/3/4/5/6/7/8", F::JobInfo { field: 20 }),
        ] {
            let line = GOFAXIP.replacen(good, bad, 1);
            let fault_read = parse(line.as_bytes()).unwrap_err();
            assert_eq!(fault_read.fault(), fault, "{good} {bad}");
            assert!(!fault_read.to_string().contains("8005551212"));
        }
        let long = "x".repeat(LINE_BYTES_MAX + 1);
        assert_eq!(parse(long.as_bytes()).unwrap_err().fault(), F::LineTooLong);
        assert_eq!(records(b"\n\r\n  \n").count(), 0);
    }

    proptest! {
        #[test]
        fn any_line_is_answered(line in "\\PC*") {
            let _ = parse(line.as_bytes());
        }

        #[test]
        fn any_bytes_are_answered(log in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = records(&log).count();
        }

        #[test]
        fn any_field_is_answered(field in 0_usize..20, text in "[\"\t\\\\/:0-9a-f\u{7f}é ]{0,40}") {
            for line in [PLUS, GOFAXIP] {
                let mut fields: Vec<_> = line.split('\t').collect();
                let index = field % fields.len();
                fields[index] = &text;
                if let Ok(record) = parse(fields.join("\t").as_bytes()) {
                    prop_assert!(record.pages <= PAGES_MAX);
                    prop_assert!(record.call_ids.len() <= 128);
                }
            }
        }
    }
}
