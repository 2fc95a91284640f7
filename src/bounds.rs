//! Every limit of the system, with its unit and reason, asserted against each other where they depend on each other.

use std::num::NonZeroU32;

/// Longest request id or fax id a node may choose, in bytes.
pub const ID_BYTES_MAX: usize = 64;
/// Longest text of any other field of a screening request, in bytes; longer is refused, not cut.
pub const TEXT_BYTES_MAX: usize = 256;
/// Largest message of the screening service, in bytes: a full batch of requests of 4 KiB; facts only, no page.
pub const SCREENING_MESSAGE_BYTES_MAX: usize = 1024 * 1024;
/// Largest message of the report and operator services, in bytes.
pub const OPERATOR_MESSAGE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Most fields of one message, at its top: a whole batch of anything, and a small part of what its bytes could name.
pub const MESSAGE_FIELDS_MAX: usize = 16_384;
/// Most requests in one message of the screening stream.
pub const STREAM_BATCH_MAX: usize = 256;
/// Most stages in flight on one screening stream before the reader waits for the writer.
pub const STREAM_IN_FLIGHT_MAX: usize = 4_096;
/// Charges of one caller that count as a stage against its share: a charge looks one member up and nothing else.
pub const CHARGES_A_STAGE: u32 = 64;
/// Charges that a stream answers before others on its thread have their turn, half a millisecond of work; their answers are sent
/// together.
pub const CHARGES_A_TURN: usize = 1_024;
/// Members that have a handle on one stream of charges, at 8 bytes each.
pub const CHARGE_HANDLES_MAX: usize = 1 << 20;
/// Largest message of a stream of charges, in bytes: one that names a member.
pub const CHARGE_MESSAGE_BYTES_MAX: usize = 256;
/// Most units of one charge.
pub const CHARGE_UNITS_MAX: u32 = 1_000_000;
/// Most numbers a request may name as a member's own.
pub const OWNED_NUMBERS_MAX: usize = 64;
/// Most weight in fair sharing, in thousandths of an ordinary member's.
pub const SHARE_WEIGHT_MILLI_MAX: u32 = 1_000_000;
/// Fastest signalling rate of T.30, in bit/s (V.34).
pub const RATE_BPS_MAX: u32 = 33_600;
/// Most page sizes that one report of a received fax may carry.
pub const PAGE_SIZES_MAX: usize = 1_000;
/// Most pages of one stage whose fingerprints are taken: an advertisement is on the first of them, and each is looked for
/// among millions.
pub const FINGERPRINT_PAGES_MAX: usize = 4;
/// Most bytes of the fingerprints of one page on the wire: a map of 40 cm of paper, and the marks and keys of two epochs.
pub const FINGERPRINT_BYTES_MAX: usize = 48 * 1024;
/// Largest file of a fax that the service reads for a node, in bytes: some sixty pages of writing, of which the first four
/// are looked at.
pub const READ_FAX_BYTES_MAX: usize = 3 * 1024 * 1024;
/// Largest message with one, in bytes: one that is somewhat too large is told so by its field.
pub const READ_FAX_MESSAGE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Milliseconds after which no further page of it is begun. One page takes some 10 ms, and one made to take long 500.
pub const READ_FAX_MS: u64 = 500;
/// Threads that read faxes, and faxes that are read or wait for it: a node that cannot make fingerprints is rare.
pub const READ_FAX_THREADS: usize = 2;
/// See [`READ_FAX_THREADS`].
pub const READ_FAX_PLACES: usize = 8;
/// What reading one counts against a node's share, in stages.
pub const READ_FAX_STAGES: NonZeroU32 = count(1_000);
/// Requests with fingerprints that may be compared or wait for it, for each thread that compares: at up to four pages of
/// some 10 ms each, the last of them waits no longer than a node does.
pub const COMPARISONS_A_THREAD: usize = 16;
/// Highest attempt of one job that is believed.
pub const ATTEMPTS_MAX: u32 = 10_000;

/// Longest comment of a report, in bytes.
pub const COMMENT_BYTES_MAX: usize = 1_000;
/// Largest report of one complaint, in bytes: 15 MiB of evidence in base64 and what stands around it.
pub const COMPLAINT_BYTES_MAX: usize = 21 * 1024 * 1024;
/// Largest item of evidence, in bytes once decoded (XARF 4.2).
pub const COMPLAINT_EVIDENCE_BYTES_MAX: usize = 5 * 1024 * 1024;
/// All evidence of one complaint, in bytes once decoded (XARF 4.2).
pub const COMPLAINT_EVIDENCE_TOTAL_BYTES_MAX: usize = 15 * 1024 * 1024;
/// Most items of evidence of one complaint (XARF 4.2).
pub const COMPLAINT_EVIDENCE_ITEMS_MAX: usize = 50;
/// Most tags of one complaint (XARF 4.2).
pub const COMPLAINT_TAGS_MAX: usize = 20;
/// Most values of a JSON report, counted at every depth: 20 MB of brackets would else be a gigabyte once read.
pub const COMPLAINT_JSON_VALUES_MAX: usize = 50_000;
/// Deepest nesting of a JSON report; the published samples have four levels.
pub const COMPLAINT_JSON_DEPTH_MAX: usize = 32;
/// Most lines of an e-mail report: 15 MiB in base64 have 275,000, and a header of three bytes costs a hundred once read.
pub const COMPLAINT_MAIL_LINES_MAX: usize = 400_000;
/// Most boundaries that an e-mail report declares: for each of them that never comes the rest is searched.
pub const COMPLAINT_MAIL_BOUNDARIES_MAX: usize = 32;
/// Most MIME parts of an e-mail report.
pub const COMPLAINT_MAIL_PARTS_MAX: usize = 256;
/// Most fields of its feedback part, and longest of them in bytes.
pub const COMPLAINT_MAIL_FIELDS_MAX: (usize, usize) = (200, 4_096);
/// Largest file of rows, in bytes.
pub const COMPLAINT_ROWS_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Most rows of one file.
pub const COMPLAINT_ROWS_MAX: usize = 1_000_000;
/// Longest row, in bytes.
pub const COMPLAINT_ROW_BYTES_MAX: usize = 16 * 1024;
/// Most columns of a row.
pub const COMPLAINT_COLUMNS_MAX: usize = 128;
/// How far ahead of the present a complaint may be dated, in seconds: a day, for clocks and offsets that are wrong.
pub const COMPLAINT_AHEAD_SECONDS: u64 = 86_400;
/// Largest message with one complaint, in bytes: the complaint, and what stands beside it.
pub const COMPLAINT_MESSAGE_BYTES_MAX: usize = COMPLAINT_BYTES_MAX + 64 * 1024;
/// Complaints that are read at once, and files of them that are imported at once: each is in memory, several times over
/// while it is read. A further one is told to come back.
pub const COMPLAINT_PLACES: usize = 4;
/// Rows of a file that are filed together: each waits for the disk, and what waits at the same time waits once.
pub const COMPLAINT_ROWS_TOGETHER: usize = 32;
/// Rows of one file over HTTP whose faults are told; further ones are counted.
pub const COMPLAINT_FAULTY_TOLD_MAX: usize = 1_000;
/// Most bytes of the answers of FCC form 1088A that are kept of one complaint.
pub const COMPLAINT_FORM_BYTES_MAX: usize = 16 * 1024;

/// Most entries of one message of a directory import.
pub const IMPORT_BATCH_MAX: usize = 10_000;
/// Largest distance between the ends of a number range.
pub const NUMBER_RANGE_MAX: u64 = 100_000_000;
/// Operator and report calls that may wait for a disk at once; further ones wait for their turn.
pub const WAITING_CALLS_MAX: usize = 64;

/// Milliseconds between two looks at the outbox for who waits for notices.
pub const NOTICE_WATCH_MS: u64 = 500;
/// Milliseconds between two looks at the campaigns for who watches them.
pub const CAMPAIGN_WATCH_MS: u64 = 2_000;
/// Callers that may watch campaigns at once: each look reads what is known of every campaign.
pub const CAMPAIGN_WATCHERS_MAX: usize = 8;
/// Most campaigns that one of them is told of, the newest.
pub const CAMPAIGNS_WATCHED_MAX: usize = 10_000;
/// Most campaigns, and as many that are gone, in one message to them.
pub const CAMPAIGN_BATCH_MAX: usize = 500;
/// Most campaigns that are looked at for one page of those in a state.
pub const CAMPAIGNS_LOOKED_AT_MAX: usize = 10_000;

/// Most connections at once; a further one takes the place of one of who has most, or is refused.
pub const CONNECTIONS_MAX: usize = 2_048;
/// Connections that wait in the kernel for being accepted; the system's own limit (`net.core.somaxconn`) cuts it.
pub const BACKLOG: i32 = 4_096;
/// Most connections of one peer (an IPv4 address, an IPv6 network of 64 bits): no one peer has all of them.
pub const PEER_CONNECTIONS_MAX: usize = 512;
/// Seconds after which a connection that had no call is closed.
pub const CONNECTION_IDLE_SECONDS: u64 = 900;
/// Seconds until a quiet connection is pinged, and in which it must answer.
pub const KEEP_ALIVE_SECONDS: (u64, u64) = (20, 10);
/// Most calls and streams at once over all connections; a further one is answered that the service is overloaded. At
/// some 4 kB each this is 64 MiB.
pub const CALLS_MAX: usize = 16_384;
/// Most of them of one peer, so that no one peer has all of them.
pub const PEER_CALLS_MAX: usize = 4_096;
/// Counts of the calls of peers: a thousand peers share one with another in 1 case of 65.
pub const PEER_COUNTS: usize = 65_536;
/// Longest a message may take from its first byte to its last, and a call of one message from its beginning to its end, in
/// milliseconds: a message of the operators over a line of 3 Mbit/s takes 11 s, the largest complaint over one of 14 Mbit/s
/// as long. Between messages a stream may rest for ever.
pub const MESSAGE_WAIT_MS: u64 = 15_000;
/// Most bytes kept of one peer's messages that are not whole yet: one of the largest, or a few of the others, at once. What is whole is answered
/// and kept no longer.
pub const PEER_UNFINISHED_BYTES_MAX: usize = 24 * 1024 * 1024;
/// The same of all peers.
pub const UNFINISHED_BYTES_MAX: usize = 288 * 1024 * 1024;
/// Most requests and streams at once on one connection.
pub const CONNECTION_STREAMS_MAX: u32 = 256;
/// Largest header list of a request, in bytes.
pub const HEADER_LIST_BYTES_MAX: u32 = 16 * 1024;
/// Largest frame that is read, in bytes: the least that HTTP/2 allows.
pub const FRAME_BYTES_MAX: u32 = 16 * 1024;
/// Streams of one connection that may be reset for a fault before the connection is ended.
pub const CONNECTION_RESETS_MAX: usize = 1_024;
/// How long a connection may take to send the 24 bytes of its HTTP/2 preface, in milliseconds; some are waited for up to a
/// quarter longer.
pub const PREFACE_WAIT_MS: u64 = 5_000;
/// Longest a connection that was ended here waits for its peer to close too, in milliseconds, and most bytes that it drops
/// meanwhile: what a peer may have on its way.
pub const LINGER_MS: u64 = 1_000;
/// See [`LINGER_MS`].
pub const LINGER_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Spans that may wait for who collects them, about 1 KiB each; more are counted and dropped, since no call waits.
pub const TRACE_QUEUE_SPANS: usize = 4_096;
/// Most spans in one message to the collector.
pub const TRACE_BATCH_SPANS: usize = 512;
/// Longest the collector may take for one of them, in milliseconds.
pub const TRACE_WAIT_MS: u64 = 2_000;
/// Longest request of the metrics page that is read, in bytes: the least that hyper can be told.
pub const METRICS_REQUEST_BYTES_MAX: usize = 8_192;

/// Largest body of the report form or its JSON, in bytes: every answer of the form at its longest, escaped.
pub const FORM_BYTES_MAX: usize = 64 * 1024;
/// Most fields of one form; ours has 29.
pub const FORM_FIELDS_MAX: usize = 64;
/// Requests of the report form at once; each waits for a disk, behind [`WAITING_CALLS_MAX`] others.
pub const FORM_CALLS_MAX: usize = 256;
/// Longest request line and headers of the form that are read, in bytes, and most headers.
pub const FORM_HEAD_BYTES_MAX: usize = 16 * 1024;
/// See [`FORM_HEAD_BYTES_MAX`].
pub const FORM_HEADERS_MAX: usize = 64;
/// Longest life of a connection to the form, in seconds, whatever is on it.
pub const FORM_CONNECTION_SECONDS: u64 = 120;
/// Most notices that are read from the outbox at once for the webhook.
pub const WEBHOOK_BATCH: usize = 100;
/// Longest a receiver of notices may take to answer one, in milliseconds, connecting included.
pub const WEBHOOK_WAIT_MS: u64 = 15_000;
/// Milliseconds after the first failure until the next try, and at most: it doubles from one to the other.
pub const WEBHOOK_RETRY_MS: (u64, u64) = (1_000, 300_000);
/// Milliseconds between two looks at an outbox that was empty.
pub const WEBHOOK_LOOK_MS: u64 = 1_000;
/// Most of an answer that is read, in bytes; it says nothing but its status.
pub const WEBHOOK_ANSWER_BYTES_MAX: usize = 16 * 1024;
/// Notices that a receiver refused by themselves and that are tried again later, beside the others.
pub const WEBHOOK_ASIDE_MAX: usize = 1_000;
/// Most files of texts in a folder that are read, and the largest of them, in bytes.
pub const TEXT_FILES_MAX: usize = 64;
/// See [`TEXT_FILES_MAX`].
pub const TEXT_FILE_BYTES_MAX: u64 = 256 * 1024;

/// Buckets of a caller guard, eight bytes each: a thousand nodes share one with another in 1 case of 65.
pub const CALLER_BUCKETS: usize = 65_536;
/// Stages a second and at once that one node may ask: beyond any node, and far below what stops the others.
pub const SCREENING_ALLOWANCE: (NonZeroU32, NonZeroU32) = (count(100_000), count(200_000));
/// Reports a second and at once of one reporter.
pub const REPORT_ALLOWANCE: (NonZeroU32, NonZeroU32) = (count(1), count(60));
/// The same of those that are merged: beyond [`REPORT_ALLOWANCE`] a report is kept, done for its reporter and counted, and weighs
/// nothing; beyond this it is refused.
pub const MERGED_REPORT_ALLOWANCE: (NonZeroU32, NonZeroU32) = (count(10), count(600));
/// Reports over HTTP that are merged, a second and at once, of one network: as [`MERGED_REPORT_ALLOWANCE`] is for a reporter.
pub const MERGED_NETWORK_ALLOWANCE: (NonZeroU32, NonZeroU32) = (count(20), count(1_200));
/// Reports over HTTP a second and at once of one network: an office behind one address, and no flood.
pub const REPORT_NETWORK_ALLOWANCE: (NonZeroU32, NonZeroU32) = (count(2), count(120));
/// Rows of files of complaints over HTTP a second and at once of one network: whoever has more has a client of gRPC.
pub const COMPLAINT_ROW_ALLOWANCE: (NonZeroU32, NonZeroU32) = (count(5), count(1_000));
/// Operator calls a second and at once of one peer.
pub const OPERATOR_ALLOWANCE: (NonZeroU32, NonZeroU32) = (count(1_000), count(5_000));

/// A count that is not zero; zero becomes one.
const fn count(value: u32) -> NonZeroU32 {
    match NonZeroU32::new(value) {
        Some(count) => count,
        None => NonZeroU32::MIN,
    }
}

/// Most pages a fax may claim; beyond any paper, and the bound of every per-page loop.
pub const PAGES_MAX: u32 = 10_000;

/// Ledger entries that may wait for the committer; more are counted and not recorded, since no verdict waits.
pub const LEDGER_QUEUE_ENTRIES: usize = 65_536;
/// Most entries in one group commit.
pub const LEDGER_COMMIT_ENTRIES: usize = 4_096;
/// Longest an entry waits for its group commit to begin, in milliseconds.
pub const LEDGER_COMMIT_WAIT_MS: u64 = 20;
/// The promise of the queue: what was queued is durable within this many milliseconds on a working disk.
pub const LEDGER_DURABLE_MS: u64 = 100;
/// Largest body of one ledger entry, in bytes.
pub const LEDGER_ENTRY_BYTES_MAX: usize = 16 * 1024;

/// Bytes of a block of the usage log, at some thirty a use; one is written when it is as large, or [`USAGE_BLOCK_SECONDS`] old.
pub const USAGE_BLOCK_BYTES: usize = 256 * 1024;
/// Seconds after which a block of the usage log is written, whatever its size. A week has 10,080 of them at most, and those that
/// are full.
pub const USAGE_BLOCK_SECONDS: u64 = 60;
/// Most bytes of the usage log: 140 million uses. The oldest go first, whatever their term.
pub const USAGE_BYTES_MAX: u64 = 4 << 30;
/// Entries of the ledger that are read again at most for the usage log, where it has none yet: some ten seconds off the path.
pub const USAGE_CATCH_UP_ENTRIES: u64 = 5_000_000;
/// Entries of the ledger that are taken up into the usage log at once.
pub const USAGE_FOLLOW_ENTRIES: usize = 500_000;

/// Limits that are tried beside live traffic at once, each with levels of its own.
pub const SHADOWS_MAX: usize = 4;
/// Uses that a canary must have had before it may be taken back by itself.
pub const GUARD_USES_MIN: u64 = 50;
/// Holders whom a limit that is tried would have stood in the way of, counted by name; others are counted together.
pub const AFFECTED_MAX: usize = 100_000;

/// Largest policy file, in bytes; larger is refused before it is read.
pub const POLICY_FILE_BYTES_MAX: u64 = 1024 * 1024;
/// Longest line of a replay or directory file, in bytes.
pub const LINE_BYTES_MAX: usize = 64 * 1024;

/// Largest TIFF file the tool looks at, in bytes.
pub const TIFF_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Most image directories (pages) followed in one TIFF file.
pub const TIFF_PAGES_MAX: usize = 1_000;
/// Most entries of one image directory.
pub const TIFF_ENTRIES_MAX: usize = 256;
/// Most rows of a page that are decoded: 5 m of paper at fine resolution. The rest of a longer page is not looked at.
pub const PAGE_ROWS_MAX: u32 = 40_000;
/// Widest page that is decoded, in pixels: A3 at 408 dots per inch.
pub const PAGE_WIDTH_MAX: u16 = 4_864;
/// Longest text tag of a TIFF file that is read, in bytes.
pub const TIFF_TEXT_BYTES_MAX: usize = 1_024;

/// Longest a node waits before it answers a call, in milliseconds. The caller hears ringing; 8 s still gave a good fax.
pub const NODE_CALL_OFFERED_MS: u64 = 500;
/// Longest a node waits inside T.30 phase B, in milliseconds. Measured: 80 ms are taken, 100 ms lose the training.
pub const NODE_HANDSHAKE_MS: u64 = 50;
/// Longest a hook of HylaFAX+ holds phase B, in milliseconds: it runs before the confirmation to receive, for which the
/// sender waits 3 s (T4), and has to start and connect first.
pub const HOOK_HANDSHAKE_MS: u64 = 1_000;
/// Longest a node waits between two pages, in milliseconds. Measured: 3.0 s are taken, at 3.5 s the sender gives up (T4).
pub const NODE_PAGE_MS: u64 = 1_000;
/// Longest a node waits after a call, in milliseconds: nobody is on the line.
pub const NODE_RECEIVED_MS: u64 = 5_000;
/// Longest a node waits with a job, in milliseconds: HylaFAX+ holds its whole queue while it asks.
pub const NODE_JOB_MS: u64 = 500;
/// Longest a node waits before a dial, in milliseconds, for the same reason.
pub const NODE_DIALING_MS: u64 = 500;
/// Longest a node waits after a dial, in milliseconds: nobody is on the line.
pub const NODE_DIAL_RESULT_MS: u64 = 5_000;
/// Questions that a node has open at once on one connection; it does without a verdict beyond that, at once. A service at its
/// limit answers no faster for having more of them, and each waits the longer.
pub const NODE_QUESTIONS_MAX: usize = 32;
/// Questions in a row that a node may lose to silence before it stops waiting for answers.
pub const NODE_MISSES_MAX: u8 = 3;
/// After that, one question in this many milliseconds is put all the same, to see whether the service is back.
pub const NODE_PROBE_MS: u64 = 1_000;
/// In milliseconds: how often a node says what it has and uses; what it said counts for six times as long.
pub const NODE_USAGE_EVERY_MS: u64 = 5_000;
/// Longest a node waits for the answer to that, in milliseconds.
pub const NODE_USAGE_MS: u64 = 2_000;
/// How long a node that asks about one fax after the other waits for that answer between two, in milliseconds, every five seconds.
pub const NODE_USAGE_SPARE_MS: u64 = 20;
/// Threads that tell at once what a limit would have done: it takes seconds, and others of the machine want some too.
pub const WHAT_IF_THREADS_MAX: usize = 4;
/// Dials under way that a node tells apart, about 80 bytes each.
pub const NODE_LINES_MAX: usize = 65_536;
/// Files of a fax server's queue that are looked at to count the lines in use.
pub const NODE_QUEUE_FILES_MAX: usize = 65_536;
/// Verdicts a node keeps for reuse, about 120 bytes each.
pub const NODE_REUSE_ENTRIES: usize = 32_768;
/// Different refusals among them; further ones are not kept.
pub const NODE_REUSE_REFUSALS: usize = 8;
/// Members whose allowance a node keeps while the service is out of reach, about 40 bytes each.
pub const NODE_MEMBERS: usize = 16_384;
/// Faxes of one member at once, and in an hour, while the service is out of reach: an office's day, no campaign.
pub const NODE_MEMBER_ALLOWANCE: (u32, u32) = (60, 120);
/// Faxes of all members of one node at once, and in an hour, while the service is out of reach.
pub const NODE_ALLOWANCE: (u32, u32) = (6_000, 36_000);
/// Faxes without a verdict that a node tells apart, so that each counts once.
pub const NODE_UNSCORED_TOLD_APART: usize = 4_096;

/// Longest a hook waits for the answer to a question it puts again, with fingerprints, in milliseconds.
pub const HOOK_AGAIN_MS: u64 = 2_500;
/// Days a node keeps its journal of looks at content: as long as the service keeps its own.
pub const NODE_JOURNAL_DAYS: i64 = 1_095;
/// Largest queue file of a HylaFAX job that is read, in bytes; most are below one thousand.
pub const QUEUE_FILE_BYTES_MAX: u64 = 256 * 1024;
/// Largest file in which a hook leaves word for the next one, in bytes.
pub const HOOK_STATE_BYTES_MAX: u64 = 256 * 1024;
/// Calls of one line that hooks remember, so that the stages of a call find each other.
pub const HOOK_CALLS_MAX: usize = 16;
/// Entries of each kind that hooks hand on to each other out of what a node keeps in memory.
pub const HOOK_KEPT_MAX: usize = 512;
/// Call identifications of a hook that are looked at; HylaFAX has four to seven.
pub const HOOK_CALL_IDS_MAX: usize = 16;

/// Descriptors of one question to the rate limit service.
pub const RATE_DESCRIPTORS_MAX: usize = 16;
/// Entries of one of them.
pub const RATE_ENTRIES_MAX: usize = 16;
/// Most units that one question spends of a quota.
pub const RATE_HITS_MAX: u32 = 1_000_000;
/// Largest message of the rate limit service, in bytes.
pub const RATE_MESSAGE_BYTES_MAX: usize = 256 * 1024;

const _: () = assert!(
    RATE_DESCRIPTORS_MAX * RATE_ENTRIES_MAX * 2 * (TEXT_BYTES_MAX + 8) <= RATE_MESSAGE_BYTES_MAX
);
const _: () = assert!(LEDGER_COMMIT_WAIT_MS * 2 < LEDGER_DURABLE_MS);
const _: () = assert!(LEDGER_COMMIT_ENTRIES <= LEDGER_QUEUE_ENTRIES);
const _: () = assert!(STREAM_BATCH_MAX <= STREAM_IN_FLIGHT_MAX);
const _: () =
    assert!(STREAM_BATCH_MAX < MESSAGE_FIELDS_MAX && IMPORT_BATCH_MAX < MESSAGE_FIELDS_MAX);
const _: () = assert!(PEER_CONNECTIONS_MAX < CONNECTIONS_MAX);
// Every text of a form at its longest, three bytes a byte where it is escaped.
const _: () = assert!(
    (COMMENT_BYTES_MAX * 3 + 32 * TEXT_BYTES_MAX + 12 * TEXT_BYTES_MAX) * 3 <= FORM_BYTES_MAX
);
const _: () = assert!(WEBHOOK_RETRY_MS.0 < WEBHOOK_RETRY_MS.1);
const _: () = assert!(CONNECTION_STREAMS_MAX as usize <= PEER_CALLS_MAX / 16);
const _: () = assert!(PEER_CALLS_MAX <= CALLS_MAX / 4);
const _: () = assert!(OPERATOR_MESSAGE_BYTES_MAX * 4 <= PEER_UNFINISHED_BYTES_MAX);
const _: () = assert!(READ_FAX_BYTES_MAX < READ_FAX_MESSAGE_BYTES_MAX);
const _: () = assert!(READ_FAX_MESSAGE_BYTES_MAX * 4 <= PEER_UNFINISHED_BYTES_MAX);
const _: () = assert!(READ_FAX_STAGES.get() <= SCREENING_ALLOWANCE.1.get());
const _: () = assert!(PEER_UNFINISHED_BYTES_MAX <= UNFINISHED_BYTES_MAX / 12);
const _: () = assert!(COMPLAINT_MESSAGE_BYTES_MAX < PEER_UNFINISHED_BYTES_MAX);
const _: () = assert!(COMPLAINT_ROWS_TOGETHER < WAITING_CALLS_MAX);
const _: () = assert!((USAGE_BLOCK_BYTES as u64) * 1_000 <= USAGE_BYTES_MAX);
const _: () = assert!(TRACE_BATCH_SPANS <= TRACE_QUEUE_SPANS);
const _: () = assert!(ID_BYTES_MAX <= TEXT_BYTES_MAX);
const _: () = assert!(STREAM_BATCH_MAX * 16 * TEXT_BYTES_MAX <= SCREENING_MESSAGE_BYTES_MAX);
const _: () =
    assert!(FINGERPRINT_PAGES_MAX * FINGERPRINT_BYTES_MAX <= SCREENING_MESSAGE_BYTES_MAX / 4);
const _: () = assert!((COMPARISONS_A_THREAD * FINGERPRINT_PAGES_MAX * 10) as u64 <= NODE_PAGE_MS);
const _: () = assert!(NODE_QUESTIONS_MAX <= CONNECTION_STREAMS_MAX as usize);
const _: () = assert!(NODE_HANDSHAKE_MS < 80 && NODE_PAGE_MS < 3_000);
const _: () = assert!(HOOK_KEPT_MAX <= NODE_REUSE_ENTRIES && HOOK_KEPT_MAX <= NODE_MEMBERS);
const _: () = assert!(COMPLAINT_EVIDENCE_TOTAL_BYTES_MAX / 3 * 4 < COMPLAINT_BYTES_MAX);
const _: () = assert!(COMPLAINT_ROW_BYTES_MAX * 1_000 <= COMPLAINT_ROWS_BYTES_MAX);
