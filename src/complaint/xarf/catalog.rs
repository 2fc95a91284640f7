//! XARF: the fields of version 4.2 and of its 32 pairs of category and type, as the published schema has them.
//!
//! Made from the schema once and written as our own table; what it answers was compared with the schema over thousands of
//! sound and broken reports.

mod connection;
mod content;
mod copyright;
mod infrastructure;
mod intrusion;
mod messaging;
mod reputation;
mod vulnerability;

use super::schema::Kind::{Closed, Listed, Number, OneOf, Shaped, Text, Whole};
use super::schema::{ANY, Field, Kind, PORT, Shape, may, must, should};
use crate::bounds::{COMPLAINT_EVIDENCE_ITEMS_MAX, COMPLAINT_TAGS_MAX};
use crate::complaint::{Abuse, Category};

/// A pair of category and type.
#[derive(Debug)]
pub(super) struct Pair {
    /// Category, slash, type: what [`crate::complaint::Complaint::declared`] says.
    pub(super) name: &'static str,
    /// Fields that several types of the category share.
    pub(super) base: &'static [Field],
    /// Fields of this type.
    pub(super) fields: &'static [Field],
    /// What must be there because of something else that is.
    pub(super) rule: Rule,
    /// What a report of this pair is to us where it speaks of a fax; `None` where it cannot.
    pub(super) fax: Option<(Category, Option<Abuse>)>,
}

/// What must be there because of something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// Nothing.
    Free,
    /// Where the source is an address, its port.
    PortOfAddress,
    /// Where the protocol is `smtp`, the envelope sender and the port.
    Smtp,
    /// A swarm by its hash or its link.
    Swarm,
    /// The identification of the message.
    Message,
}

/// Who a report is from.
const CONTACT: Kind = Closed(&[
    must("org", Text(200)),
    must("contact", Shaped(Shape::Email)),
    must("domain", Shaped(Shape::Hostname)),
]);

/// One item of evidence.
const EVIDENCE: Kind = Closed(&[
    must("content_type", Shaped(Shape::MediaType)),
    should("description", Text(500)),
    must("payload", ANY),
    should("hash", Shaped(Shape::Digest)),
    may("size", Whole { least: 0, most: 5_242_880 }),
]);

/// Fields of every report.
pub(super) const CORE: &[Field] = &[
    must("xarf_version", Shaped(Shape::Version4)),
    must("report_id", Shaped(Shape::Uuid)),
    must("timestamp", Shaped(Shape::Moment)),
    must("reporter", CONTACT),
    must("sender", CONTACT),
    must("source_identifier", ANY),
    should("source_port", PORT),
    must(
        "category",
        OneOf(&[
            "messaging",
            "content",
            "copyright",
            "connection",
            "vulnerability",
            "infrastructure",
            "reputation",
        ]),
    ),
    must("type", ANY),
    should("evidence_source", ANY),
    should(
        "evidence",
        Listed { of: &EVIDENCE, least: 0, most: COMPLAINT_EVIDENCE_ITEMS_MAX, once: false },
    ),
    may(
        "tags",
        Listed { of: &Shaped(Shape::Tag), least: 0, most: COMPLAINT_TAGS_MAX, once: false },
    ),
    should("confidence", Number { least: 0, most: 1 }),
    may("description", Text(1000)),
    may("legacy_version", OneOf(&["3"])),
];

const JUNK: Option<(Category, Option<Abuse>)> = Some((Category::JunkFax, None));
const OTHER: Option<(Category, Option<Abuse>)> = Some((Category::OtherAbuse, None));
const FRAUD: Option<(Category, Option<Abuse>)> = Some((Category::OtherAbuse, Some(Abuse::Fraud)));
const FLOOD: Option<(Category, Option<Abuse>)> =
    Some((Category::OtherAbuse, Some(Abuse::Flooding)));
const HIJACKED: Option<(Category, Option<Abuse>)> =
    Some((Category::OtherAbuse, Some(Abuse::HijackedAccount)));

const fn pair(
    name: &'static str,
    fields: &'static [Field],
    rule: Rule,
    fax: Option<(Category, Option<Abuse>)>,
) -> Pair {
    Pair { name, base: &[], fields, rule, fax }
}

const fn site(
    name: &'static str,
    fields: &'static [Field],
    fax: Option<(Category, Option<Abuse>)>,
) -> Pair {
    Pair { name, base: content::BASE, fields, rule: Rule::Free, fax }
}

/// All pairs, one a line.
#[rustfmt::skip]
pub(super) const PAIRS: [Pair; 32] = [
    pair("messaging/spam", messaging::SPAM, Rule::Smtp, JUNK),
    pair("messaging/bulk_messaging", messaging::BULK_MESSAGING, Rule::Smtp, JUNK),
    pair("connection/login_attack", connection::LOGIN_ATTACK, Rule::PortOfAddress, HIJACKED),
    pair("connection/port_scan", connection::PORT_SCAN, Rule::PortOfAddress, OTHER),
    pair("connection/ddos", connection::DDOS, Rule::PortOfAddress, FLOOD),
    pair("connection/infected_host", connection::INFECTED_HOST, Rule::Free, HIJACKED),
    pair("connection/reconnaissance", connection::RECONNAISSANCE, Rule::Free, OTHER),
    pair("connection/scraping", connection::SCRAPING, Rule::Free, None),
    pair("connection/sql_injection", connection::SQL_INJECTION, Rule::Free, None),
    pair("connection/vulnerability_scan", connection::VULNERABILITY_SCAN, Rule::Free, None),
    pair("vulnerability/cve", vulnerability::CVE, Rule::Free, None),
    pair("vulnerability/open_service", vulnerability::OPEN_SERVICE, Rule::Free, None),
    pair("vulnerability/misconfiguration", vulnerability::MISCONFIGURATION, Rule::Free, None),
    pair("reputation/blocklist", reputation::BLOCKLIST, Rule::Free, OTHER),
    pair("reputation/threat_intelligence", reputation::THREAT_INTELLIGENCE, Rule::Free, OTHER),
    pair("infrastructure/botnet", infrastructure::BOTNET, Rule::Free, HIJACKED),
    pair("infrastructure/compromised_server", infrastructure::COMPROMISED_SERVER, Rule::Free, HIJACKED),
    site("content/phishing", intrusion::PHISHING, FRAUD),
    site("content/malware", intrusion::MALWARE, None),
    site("content/csam", content::CSAM, None),
    site("content/csem", content::CSEM, None),
    site("content/exposed_data", content::EXPOSED_DATA, None),
    site("content/brand_infringement", content::BRAND_INFRINGEMENT, None),
    site("content/fraud", content::FRAUD, FRAUD),
    site("content/remote_compromise", intrusion::REMOTE_COMPROMISE, None),
    site("content/suspicious_registration", intrusion::SUSPICIOUS_REGISTRATION, None),
    pair("copyright/copyright", copyright::COPYRIGHT, Rule::Free, None),
    pair("copyright/p2p", copyright::P2P, Rule::Swarm, None),
    pair("copyright/cyberlocker", copyright::CYBERLOCKER, Rule::Free, None),
    pair("copyright/ugc_platform", copyright::UGC_PLATFORM, Rule::Free, None),
    pair("copyright/link_site", copyright::LINK_SITE, Rule::Free, None),
    pair("copyright/usenet", copyright::USENET, Rule::Message, None),
];

/// The pair of a category and a type.
pub(super) fn find(category: &str, kind: &str) -> Option<&'static Pair> {
    static ALL: [Pair; 32] = PAIRS;
    ALL.iter().find(|pair| pair.name.split_once('/') == Some((category, kind)))
}
