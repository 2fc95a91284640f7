//! What the policy file says: every section and setting with its default, range and comment, in one place each.
//! The comments are those of the generated example file, so they speak to an operator.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

pub use super::descriptor::Descriptor;
use super::leaf::{LogLevel, Size, Weight};
use super::quota::Quota;
use super::section::section;

section! {
    /// The process: where it listens and what it works with. Read at the start only.
    Server {
        /// Address and port of the gRPC service. Any other than loopback needs `[tls]`.
        listen: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 7_443));
        /// Folder of the store, the key file and the ledger; made when it is missing.
        data_folder: PathBuf = PathBuf::from("./faxguard-data");
        /// Worker threads; 0 means one for each core.
        worker_threads: u32 = 0 => 0, 1_024;
        /// Region in which numbers without a country code are dialled: two letters of ISO 3166.
        home_region: String = "US".to_owned();
        /// How much is logged: error, warn, info, debug or trace. Numbers, idents and content never are.
        log_level: LogLevel = LogLevel::Info;
        /// Address and port of the page of metrics (OpenMetrics, over plain HTTP), or "off". It holds no number, ident
        /// or member.
        metrics: Option<SocketAddr> = None;
        /// Address and port of the report form and its JSON (HTTP/1.1), or "off". Any other than loopback needs `[tls]`, whose
        /// certificate it has; whoever can reach it can report.
        report_listen: Option<SocketAddr> = None;
        /// Addresses of proxies before it whose `X-Forwarded-For` is believed; those of this machine always are.
        report_proxies: Vec<String> = Vec::new();
        /// Header in which such a proxy names the account that is signed in, such as "x-account"; then nobody else can report
        /// as a member. Empty: what a reporter says of its account is taken as it is. The proxy must drop the header where
        /// a visitor sends it.
        report_member_header: String = String::new();
    }
}

section! {
    /// Encryption of the port, and who may call. Paths of PEM files, which are read again every minute; empty for none.
    /// Callers are known by the DNS names and URIs of their certificates; `*.nodes.example` stands for one label more.
    /// Whoever is not named may do nothing. Read at the start only.
    Tls {
        /// Certificate of the server, and those that vouch for it.
        certificate: String = String::new();
        /// Its private key.
        private_key: String = String::new();
        /// The authorities that vouch for the certificates of callers.
        client_authorities: String = String::new();
        /// Names of the routing nodes.
        screening: Vec<String> = Vec::new();
        /// Names of the abuse-report endpoints.
        report: Vec<String> = Vec::new();
        /// Names of the operators.
        operator: Vec<String> = Vec::new();
        /// Names of the abuse desk's programs.
        desk: Vec<String> = Vec::new();
        /// Names of the programs that deliver notices.
        mailer: Vec<String> = Vec::new();
        /// What callers without a certificate may use: screening, report, operator, desk, mailer.
        anonymous: Vec<String> = Vec::new();
    }
}

section! {
    /// Traces of calls for OpenTelemetry (OTLP over gRPC): method, stage, action and reason, no word of a caller. Read at
    /// the start only.
    Traces {
        /// Where they are collected, such as "http://127.0.0.1:4317"; empty for nowhere. It is spoken to without
        /// encryption: let a collector of this machine carry them further.
        endpoint: String = String::new();
        /// How many of a thousand traces are kept: chosen by their ids, so that a node which keeps as many keeps the same.
        share_per_mille: u32 = 10 => 0, 1_000;
    }
}

impl Tls {
    /// Whether the port is encrypted.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        !self.certificate.is_empty()
    }
}

section! {
    /// Caps of the tables in memory. They are filled as traffic needs; what is full forgets the oldest and says so.
    /// Read at the start only.
    Memory {
        /// Counters of hot senders: callers, TSIs, trunks, members.
        subjects: Size = Size::mib(1_024) => Size::mib(1), Size::mib(1 << 20);
        /// Counters of number blocks of 10 and of 100.
        blocks: Size = Size::mib(256) => Size::mib(1), Size::mib(1 << 20);
        /// Profiles of called numbers.
        number_profiles: Size = Size::mib(160) => Size::mib(1), Size::mib(1 << 20);
        /// Who has corresponded with whom.
        correspondence: Size = Size::mib(1_024) => Size::mib(1), Size::mib(1 << 20);
        /// Decisions whose later stages are still to come.
        open_decisions: u32 = 150_000 => 1_000, 100_000_000;
        /// Most fingerprints of pages by which campaigns are found, half a KiB each as they come; at most two days
        /// of them are kept.
        page_fingerprints: u32 = 500_000 => 1_000, 50_000_000;
        /// Most numbers in the directory.
        directory_numbers: u32 = 20_000_000 => 1, 1_000_000_000;
        /// Most members in the directory.
        directory_members: u32 = 10_000_000 => 1, 1_000_000_000;
        /// Most senders that reports speak of, about a KiB each. Beyond it reports of others are kept, and are felt once there is
        /// room again.
        reported_senders: u32 = 1_000_000 => 1_000, 1_000_000_000;
        /// Most entries of allow and block lists, about 40 bytes each. A report that comes when they are full is taken all the same,
        /// and blocks nothing; an opt-out is always let in.
        list_entries: u32 = 10_000_000 => 1_000, 1_000_000_000;
    }
}

section! {
    /// Days each class of data is kept. The lowest value of each is what its purpose needs.
    Retention {
        /// Verdicts with their reasons: to explain one, check a report, hear an appeal.
        ledger_days: u32 = 400 => 28, 3_660;
        /// Numbers and members, after the account has ended.
        directory_days: u32 = 30 => 0, 3_660;
        /// Entries of allow and block lists that name no expiry of their own.
        list_days: u32 = 730 => 1, 3_660;
        /// Records of held faxes: a member may ask for those of the last 28 days.
        held_days: u32 = 28 => 28, 3_660;
        /// Reports and what became of them.
        report_days: u32 = 400 => 183, 3_660;
        /// The record of a reporter, by which the next report is weighed.
        reporter_days: u32 = 400 => 90, 3_660;
        /// Generations of this policy.
        policy_days: u32 = 730 => 400, 3_660;
        /// Who has faxed whom, after the last fax.
        relation_days: u32 = 550 => 28, 3_660;
        /// Decisions whose later stages never came.
        open_decision_days: u32 = 2 => 1, 31;
        /// Who opened what content, why and when.
        content_journal_days: u32 = 1_095 => 365, 3_660;
        /// Faxes that were wrongly held.
        false_positive_days: u32 = 90 => 28, 3_660;
        /// Campaigns, after the last page of one: what its pages are recognised by goes after two days all the same.
        campaign_days: u32 = 7 => 2, 60;
        /// What each decision asked for and spent, which other limits are tried on: 7 days, at least 1.
        usage_days: u32 = 7 => 1, 30;
        /// Notices, after the mailer has taken them or nobody did.
        notice_days: u32 = 90 => 28, 3_660;
        /// Copies of faxes that recipients gave with their reports.
        copy_days: u32 = 30 => 1, 400;
    }
}

section! {
    /// How evidence becomes a score, in thousandths of log-odds:
    /// score = prior + offset + slope * (sum of the evidence after caps and composites) / 1000.
    /// 0 is an even chance of junk, 2200 is 90 %, 4600 is 99 %, -2200 is 10 %.
    Scoring {
        /// The score of an inbound fax of which nothing is known.
        prior_inbound: i32 = -2_200 => -20_000, 20_000;
        /// The score of a member's outbound fax of which nothing is known.
        prior_outbound: i32 = -3_500 => -20_000, 20_000;
        /// Calibration: thousandths by which the evidence is stretched.
        slope_milli: i32 = 1_000 => 1, 10_000;
        /// Calibration: what is added to every score.
        offset_milli: i32 = 0 => -20_000, 20_000;
    }
}

section! {
    /// What a group of signals may add at most: one kind of evidence, however often it repeats, stays one kind.
    GroupCap {
        /// Lowest sum of the group, towards wanted.
        cap_min: i32 = -6_000 => -20_000, 0;
        /// Highest sum of the group, towards junk.
        cap_max: i32 = 5_000 => 0, 20_000;
    }
}

section! {
    /// Signals that mean more, or less, together than each alone.
    Composite {
        /// Signals that must all have hit; at least one.
        all: Vec<String> = Vec::new();
        /// Signals none of which may have hit.
        none: Vec<String> = Vec::new();
        /// What it adds, in thousandths of log-odds.
        weight: i32 = 0 => -20_000, 20_000;
    }
}

section! {
    /// From which score what is done with a fax for a member. A threshold out of reach, such as 100000, turns its
    /// action off.
    Inbound {
        /// Deliver, marked as suspected junk.
        tag: i32 = 0 => -100_000, 100_000;
        /// Keep back, retrievable, until released or the deadline; then deliver marked.
        quarantine: i32 = 2_200 => -100_000, 100_000;
        /// Answer busy: a person tries again, a broadcaster does not wait.
        defer: i32 = 4_000 => -100_000, 100_000;
        /// Refuse before the call is answered, with cause and redress.
        refuse: i32 = 6_000 => -100_000, 100_000;
        /// Days a fax is kept back.
        quarantine_days: u32 = 7 => 1, 90;
        /// Minutes a node may reuse a verdict when the service cannot be reached.
        reuse_minutes: u32 = 10 => 0, 1_440;
        /// Lowest score at which the page fingerprint is wanted; below it metadata is enough.
        doubt_low: i32 = -1_000 => -100_000, 100_000;
        /// Score from which the fingerprint is no longer wanted, since metadata is enough again.
        doubt_high: i32 = 2_200 => -100_000, 100_000;
        /// Most pages of a call whose score is in doubt.
        doubt_pages: u32 = 30 => 1, 10_000;
        /// Most seconds of a call whose score is in doubt.
        doubt_seconds: u32 = 1_200 => 60, 86_400;
        /// Largest page of a call whose score is in doubt.
        doubt_page_size: Size = Size::mib(2) => Size::mib(1), Size::mib(1_024);
    }
}

section! {
    /// From which score what is done with a fax from a member.
    Outbound {
        /// Go on within the bounds below.
        bound: i32 = 0 => -100_000, 100_000;
        /// Keep back for review until the deadline; then refuse with notice.
        hold: i32 = 2_200 => -100_000, 100_000;
        /// Refuse with notice.
        refuse: i32 = 6_000 => -100_000, 100_000;
        /// Hours a fax is kept back for review.
        hold_hours: u32 = 24 => 1, 720;
        /// Most pages of a bounded job.
        bound_pages: u32 = 50 => 1, 10_000;
        /// Most dials of a bounded job.
        bound_dials: u32 = 3 => 1, 100;
        /// Most tries of a bounded job once connected.
        bound_tries: u32 = 2 => 1, 100;
        /// Most calls at once of a member under bounds.
        bound_concurrent: u32 = 2 => 1, 10_000;
        /// Whether a bounded job must keep to the permitted hours of the recipient's day.
        quiet_hours: bool = true;
    }
}

section! {
    /// The fingerprints of pages, by which campaigns are found. They are personal data, so few are asked for.
    Fingerprints {
        /// Of a thousand faxes with pages, for how many at most; the latest thousand count. 0 asks for none.
        share_per_mille: u32 = 100 => 0, 1_000;
        /// Of a thousand faxes of strangers of which there is no doubt, on how many the lot falls: else a campaign whose calls
        /// look clean would never be seen. They are asked for out of what doubt leaves of the share above, the last part of
        /// which, as large as this, is doubt's alone. 0 draws no lots.
        sample_per_mille: u32 = 20 => 0, 1_000;
        /// Whether the service itself may read the pages of a fax whose fingerprints it asked for, where a node cannot make
        /// them. Leave it off where every node can: its pages stay with it then.
        service_reads_pages: bool = false;
    }
}

section! {
    /// How many faxes may be wrongly held before the filter opens by itself and only tags.
    Budget {
        /// Wrongly held faxes of one member.
        member: u32 = 2 => 0, 100_000;
        /// Days over which those of a member are counted.
        member_days: u32 = 7 => 1, 90;
        /// Wrongly held faxes of all members.
        global: u32 = 200 => 0, 10_000_000;
        /// Hours over which those of all members are counted.
        global_hours: u32 = 24 => 1, 720;
    }
}

section! {
    /// Fair shares: who sends out of proportion waits while a resource is contended, and nobody who does not. A resource of
    /// which neither this nor a node says how much there is, is not shared.
    Share {
        /// Outbound lines of all nodes, where they do not report theirs; 0 for not known.
        lines: u32 = 0 => 0, 10_000_000;
        /// Dials a second that all nodes can begin, where they do not report it; 0 for not known.
        call_attempts: u32 = 0 => 0, 10_000_000;
        /// Cores that convert, where nodes do not report them; 0 for not known.
        conversion_cores: u32 = 0 => 0, 1_000_000;
        /// From which load on a resource is contended, in thousandths of what there is.
        begins_milli: u32 = 950 => 100, 4_000;
        /// Below which load it is no longer.
        ends_milli: u32 = 850 => 50, 4_000;
        /// The longest wait that is answered, in minutes; who waited asks again.
        wait_minutes: u32 = 10 => 1, 1_440;
        /// Who asks for this many times its fair share is refused what does not pass, and not told to wait; 0 for never.
        refuse_times: u32 = 0 => 0, 1_000_000;
        /// What is expected of a member of whom nothing is known, in millionths of what there is. Activity above it, day
        /// after day, raises what a member may have.
        expected_ppm: u32 = 1_000 => 1, 1_000_000;
        /// Weight of a free member, in thousandths of an ordinary one's.
        free_weight_milli: u32 = 500 => 1, 1_000_000;
        /// Weight of a member of plan `plus`, and of one not in the directory.
        plus_weight_milli: u32 = 1_000 => 1, 1_000_000;
        /// Weight of a member of plan `pro`.
        pro_weight_milli: u32 = 2_000 => 1, 1_000_000;
        /// Weight of a member of plan `corporate`. One that the directory gives a weight of its own has that.
        corporate_weight_milli: u32 = 10_000 => 1, 1_000_000;
        /// What a member to whom the directory gives a weight has in any case, in millionths of what there is.
        contract_floor_ppm: u32 = 0 => 0, 1_000_000;
    }
}

section! {
    /// Pages that each member of a plan may send in a month of the calendar, from its first instant to its last in the member's time
    /// zone (UTC where none is known); 0 for no such limit. Beside `[quotas]`, and each instance counts for itself.
    MonthlyPages {
        /// Of a member of whom no plan is known.
        unknown: u32 = 0 => 0, 1_000_000_000;
        /// Of plan `free`.
        free: u32 = 0 => 0, 1_000_000_000;
        /// Of plan `plus`.
        plus: u32 = 0 => 0, 1_000_000_000;
        /// Of plan `pro`.
        pro: u32 = 0 => 0, 1_000_000_000;
        /// Of plan `corporate`.
        corporate: u32 = 0 => 0, 1_000_000_000;
    }
}

section! {
    /// Several instances of the service that share quotas and rates, through Redis 7 or Valkey. No verdict waits for it. All
    /// instances need the same key (folder `keys` of the data folder) and the same settings here. Read at the start only.
    Exchange {
        /// Where they meet, such as ["redis://10.0.0.5:6379"]; of a cluster some of its nodes. Empty for one instance alone.
        /// Encrypted where it is called "rediss://…"; otherwise keep it in a network of your own.
        engines: Vec<String> = Vec::new();
        /// Whether the engine is a cluster (Redis Cluster).
        cluster: bool = false;
        /// How many instances there are at most, during an upgrade too.
        instances: u32 = 2 => 2, 1_000;
        /// What part of each limit an instance grants on its own while the engine cannot be reached, in thousandths. 1000
        /// puts nobody off for that; all instances together then grant as many limits as there are instances.
        alone_per_mille: u32 = 1_000 => 1, 1_000;
        /// Milliseconds between two exchanges.
        beat_millis: u32 = 100 => 20, 1_000;
        /// Beginning of all keys there: letters, digits, `-`, `_` and `.`, at most 64.
        name: String = "faxguard".to_owned();
        /// User of the engine; empty for its default one.
        user: String = String::new();
        /// Path of the file with the password; empty for none.
        password_file: String = String::new();
        /// Path of the authorities that vouch for an encrypted engine, in PEM; empty for those of the system.
        authority_file: String = String::new();
        /// Path of the certificate that it is shown, in PEM; empty for none.
        certificate_file: String = String::new();
        /// Path of that certificate's private key, in PEM.
        key_file: String = String::new();
    }
}

section! {
    /// What the past says of a number, an ident or a member.
    Reputation {
        /// Days in which what is known counts half: numbers get new holders.
        half_life_days: u32 = 30 => 1, 365;
        /// Caution with few observations: normal deviates of the confidence bound, in thousandths (1645: 95 %).
        confidence_milli: u32 = 1_645 => 0, 5_000;
    }
}

section! {
    /// What an abuse report weighs.
    Reports {
        /// A report of a fax that we know was received, in thousandths of an observation.
        weight_milli: u32 = 1_000 => 0, 10_000;
        /// A report of somebody who is no member, until it is verified; otherwise anybody could block anybody.
        outsider_weight_milli: u32 = 0 => 0, 10_000;
        /// Days after which what became of a reporter's reports counts half.
        trust_half_life_days: u32 = 90 => 1, 3_660;
        /// Trust from which on a reporter is no fresh one, in thousandths: two reports upheld give 252.
        trusted_milli: u32 = 200 => 0, 1_000;
        /// Most that reports of reporters who hang together weigh in a case, in thousandths.
        group_cap_milli: u32 = 1_000 => 1, 10_000;
        /// Most that all fresh reporters together weigh in a case, in thousandths.
        fresh_cap_milli: u32 = 500 => 0, 10_000;
        /// Days for which an account counts as young: those opened on one day hang together.
        young_days: u32 = 30 => 0, 3_660;
        /// Unfounded reports of one reporter, faded, from which on it is warned and then suspended.
        misuse_count: u32 = 5 => 1, 10_000;
        /// Share of unfounded ones among its decided reports for that, in percent.
        misuse_percent: u32 = 50 => 1, 100;
        /// Days for which a suspended reporter's reports count for nobody else.
        misuse_days: u32 = 90 => 1, 3_660;
        /// Folder of further languages of the form and of notices: one file each, such as `de.ftl`, with the keys of
        /// `src/texts/en.ftl`; empty for none. Read at the start only.
        texts: String = String::new();
    }
}

section! {
    /// The abuse desk: what is decided by rule, by when persons decide, and what is done.
    Desk {
        /// Weight of reports from which on a rule alone takes the first step against a sender, in thousandths; 0 is never.
        automatic_weight_milli: u32 = 2_000 => 0, 1_000_000;
        /// Independent groups of reporters it takes besides.
        automatic_groups: u32 = 3 => 2, 1_000;
        /// Evidence in what the sender did that it takes besides, in thousandths of log-odds, or a campaign.
        automatic_behaviour_milli: u32 = 700 => 0, 20_000;
        /// Hours in which a case of fraud, harassment or a hijacked account is to be decided.
        grave_hours: u32 = 4 => 1, 8_760;
        /// Hours in which any other case is to be decided.
        case_hours: u32 = 24 => 1, 8_760;
        /// Hours in which an appeal is to be decided.
        appeal_hours: u32 = 168 => 1, 8_760;
        /// Days for which a measure can be appealed.
        appeal_days: u32 = 183 => 183, 3_660;
        /// Minutes for which a case is whose who took it.
        lease_minutes: u32 = 30 => 1, 1_440;
        /// Days after which a measure no longer counts for the next one.
        strike_days: u32 = 180 => 1, 3_660;
        /// What is done about a member, step by step; each with the days it holds, or without where it holds until it is
        /// lifted. Of: warn, limit, hold, suspend, close.
        member_ladder: String = "warn 7, limit 7, hold 7, suspend 30, close".to_owned();
        /// What is done about a sender without an account: block, with days.
        sender_ladder: String = "block 30, block 180, block 365".to_owned();
        /// What a limited member has left of the limits of its plan, in percent.
        limit_percent: u32 = 25 => 1, 100;
        /// From this step of the member's ladder on a second person must agree; 9 is never.
        second_person_from_step: u32 = 4 => 1, 9;
    }
}

section! {
    /// Notices to reporters and members, which the provider's mailer delivers. Read at the start only.
    Notices {
        /// Where each is pushed to, such as `https://mailer.example/faxguard`, in the way of Standard Webhooks; empty for
        /// nowhere, since the mailer can also fetch them (`WatchNotices`). Without encryption on this machine alone.
        webhook: String = String::new();
        /// Path of the file with the secret that they are signed under: "whsec_" and the base64 of 24 to 64 random bytes, one
        /// a line while the last one is exchanged for the next. Its mode is 600.
        secret_file: String = String::new();
        /// Path of the authorities that vouch for the mailer, in PEM; empty for those of the system.
        authority_file: String = String::new();
    }
}

section! {
    /// What a refused sender is told. A wrongly refused one needs a way to be heard (47 CFR 64.1200(k)).
    Redress {
        /// Whom to ask; goes into the refusal, at most 256 bytes, without quotation marks.
        contact: String = "wrongly refused? the abuse desk of the called fax service looks into it free of charge".to_owned();
        /// SIP reason phrase of a refused call (603+), at most 64 bytes.
        refuse_phrase: String = "Network Blocked".to_owned();
        /// SIP reason phrase of a deferred call (486), at most 64 bytes.
        defer_phrase: String = "Busy Here".to_owned();
    }
}

/// The quotas of the five plans, and of the three holders beside members, by resource; `None` means no limit.
pub type QuotaTable = [[Option<Quota>; 4]; 9];

/// The lists of plain sections, from which come the fields of [`Settings`] and all that walks over them.
macro_rules! settings {
    ($($name:ident: $kind:ident),* $(,)?) => {
        /// Everything the policy file says. Plain data: [`crate::policy::check()`] says whether it makes sense.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Settings {
            $(#[doc = concat!("`[", stringify!($name), "]`")] pub $name: $kind,)*
            /// `[signals]`: weights that differ from the catalog's.
            pub signals: BTreeMap<String, Weight>,
            /// `[groups.NAME]`: caps that differ from the default.
            pub groups: BTreeMap<String, GroupCap>,
            /// `[composites.NAME]`.
            pub composites: BTreeMap<String, Composite>,
            /// `[descriptors.NAME]`.
            pub descriptors: BTreeMap<String, Descriptor>,
            /// `[quotas.PLAN]`, `[quotas.organisation]`, `[quotas.number]`, `[quotas.trunk]`,
            /// `[quotas.api_key]`.
            pub quotas: QuotaTable,
        }

        impl Default for Settings {
            fn default() -> Self {
                Self {
                    $($name: $kind::default(),)*
                    signals: BTreeMap::new(),
                    groups: BTreeMap::new(),
                    composites: BTreeMap::new(),
                    descriptors: BTreeMap::new(),
                    quotas: super::plans::default_quotas(),
                }
            }
        }

        impl Settings {
            /// The names of the plain sections, in the order of the file.
            pub(super) const SECTIONS: &'static [&'static str] = &[$(stringify!($name)),*];

            /// Takes over a plain section; false where there is none of that name.
            pub(super) fn fill(
                &mut self,
                name: &str,
                table: &toml::de::DeTable<'_>,
                faults: &mut super::fault::Faults,
            ) -> bool {
                match name {
                    $(stringify!($name) => {
                        super::section::fill(&mut self.$name, table, name, faults);
                    })*
                    _ => return false,
                }
                true
            }

            /// Finds what is out of range in the plain sections.
            pub(super) fn check_ranges(&self, faults: &mut super::fault::Faults) {
                $(super::section::Section::check(&self.$name, stringify!($name), faults);)*
            }

            /// Hands every plain section to the writer of the example file.
            pub(super) fn describe(&self, mut each: impl FnMut(&str, &[&str], Vec<super::section::Field>)) {
                $(each(
                    stringify!($name),
                    <$kind as super::section::Section>::ABOUT,
                    super::section::Section::fields(&self.$name),
                );)*
            }
        }
    };
}

settings! {
    server: Server,
    tls: Tls,
    traces: Traces,
    memory: Memory,
    retention: Retention,
    score: Scoring,
    inbound: Inbound,
    outbound: Outbound,
    fingerprints: Fingerprints,
    budget: Budget,
    share: Share,
    monthly_pages: MonthlyPages,
    exchange: Exchange,
    reputation: Reputation,
    reports: Reports,
    desk: Desk,
    notices: Notices,
    redress: Redress,
}
