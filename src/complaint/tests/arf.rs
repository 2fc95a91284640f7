//! Reports by e-mail: sound ones of every type, and broken MIME of every kind.

use proptest::prelude::*;

use super::{NOW, paths};
use crate::complaint::{Abuse, Category, Complaint, Faults, Format, arf};

const FIELDS: &str = "Feedback-Type: abuse\r\nUser-Agent: Loop/1.0\r\nVersion: 1\r\n";

/// A mail with these fields and this third part, head and body.
fn mail(fields: &str, third: &str) -> String {
    format!(
        "From: Feedback <abuse@carrier.example>\r\nTo: reports@provider.example\r\n\
        Date: Sun, 01 Mar 2026 14:30:25 +0000\r\nMessage-ID: <77@carrier.example>\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/report; report-type=feedback-report; boundary=\"part\"\r\n\r\n\
        preamble\r\n--part\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nThis is a report.\r\n\
        --part\r\nContent-Type: message/feedback-report\r\n\r\n{fields}\r\n\
        --part\r\n{third}\r\n--part--\r\nepilogue\r\n"
    )
}

const ORIGINAL: &str =
    "Content-Type: message/rfc822\r\n\r\nFrom: x@y.example\r\nSubject: Offer\r\n\r\nBuy now\r\n";

fn read(fields: &str) -> Result<Complaint, Faults> {
    arf::read(mail(fields, ORIGINAL).as_bytes(), NOW)
}

#[test]
fn a_report_is_read_with_its_fax() {
    let fields = format!(
        "{FIELDS}Fax-Caller: +12125550123\r\nFax-Called: (312) 555-0100\r\nFax-TSI: ROOFS\r\nFax-CSI: OFFICE\r\n\
        Fax-Pages: 2\r\nFax-Resolution: standard\r\nFax-Call-Time: 2026-03-01T14:00:00Z\r\n\
        Fax-Campaign-Id: c1\r\nFax-Direction: inbound\r\nArrival-Date: Sun, 1 Mar 2026 09:00:00\r\n -0500\r\n\
        Incidents: 900\r\nSource-IP: [192.0.2.1]\r\nReported-Domain: a.example\r\nReported-Domain: b.example\r\n"
    );
    let complaint = read(&fields).unwrap();
    assert_eq!((complaint.format, complaint.declared), (Format::Arf, "abuse"));
    assert_eq!(complaint.category, Some(Category::JunkFax));
    let written =
        |text: &Option<crate::complaint::Written>| text.as_ref().unwrap().as_written().to_owned();
    assert_eq!(written(&complaint.caller), "+12125550123");
    assert_eq!(written(&complaint.called), "(312) 555-0100");
    assert_eq!(written(&complaint.tsi), "ROOFS");
    assert_eq!(written(&complaint.reporter.contact), "abuse@carrier.example");
    assert_eq!(written(&complaint.reporter.domain), "carrier.example");
    assert_eq!(written(&complaint.report_id), "77@carrier.example");
    assert_eq!(written(&complaint.description), "This is a report.");
    assert_eq!(complaint.incident_at.unwrap().as_seconds(), 1_772_373_600);
    assert_eq!(complaint.reported_at.unwrap().as_seconds(), 1_772_375_425);
    assert_eq!(complaint.pages, Some(2));
    assert_eq!(complaint.extra.fields()["incidents"], "900");
    assert_eq!(
        complaint.extra.fields()["reported-domain"],
        serde_json::json!(["a.example", "b.example"])
    );
    let [original] = complaint.evidence.as_slice() else { panic!("{:?}", complaint.evidence) };
    assert_eq!(original.content_type.as_written(), "message/rfc822");
    let text = String::from_utf8(original.bytes.clone()).unwrap();
    assert!(
        text.starts_with("From: x@y.example\r\n") && text.trim_end().ends_with("Buy now"),
        "{text:?}"
    );
}

#[test]
fn types_are_mapped_and_unknown_ones_are_other() {
    let fraud = (Some(Category::OtherAbuse), Some(Abuse::Fraud));
    for (kind, declared, wanted) in [
        ("abuse", "abuse", (Some(Category::JunkFax), None)),
        ("Fraud", "fraud", fraud),
        ("not-spam", "not-spam", (Some(Category::NotJunk), None)),
        ("opt-out", "opt-out", (Some(Category::RemoveMe), None)),
        ("virus", "virus", (None, None)),
        ("auth-failure", "auth-failure", (None, None)),
        ("other", "other", (Some(Category::OtherAbuse), None)),
        ("x-teapot", "other", (Some(Category::OtherAbuse), None)),
    ] {
        let fields = FIELDS.replace("abuse", kind) + "Fax-TSI: ROOFS\r\n";
        let complaint = read(&fields).unwrap();
        assert_eq!(complaint.declared, declared);
        assert_eq!((complaint.category, complaint.abuse), wanted, "{kind}");
    }
    let plain = read(FIELDS).unwrap();
    assert!(!plain.concerns_a_fax(), "a report on e-mail concerns no fax");
    assert_eq!(plain.declared, "abuse");
}

#[test]
fn numbers_stand_in_addresses_and_uris_too() {
    let fields = format!(
        "{FIELDS}Original-Mail-From: <FAX=+12125550123@gw.example>\r\nOriginal-Rcpt-To: <fax=+13125550100/T33S=9@gw.example>\r\n"
    );
    let complaint = read(&fields).unwrap();
    assert_eq!(complaint.caller.unwrap().as_written(), "+12125550123");
    assert_eq!(complaint.called.unwrap().as_written(), "+13125550100");
    let fields = format!(
        "{FIELDS}Reported-URI: https://a.example\r\nReported-URI: tel:+1-212-555-0123;ext=2\r\n"
    );
    assert_eq!(read(&fields).unwrap().caller.unwrap().as_written(), "+1-212-555-0123");
    let fields = format!("{FIELDS}Original-Mail-From: <someone@gw.example>\r\n");
    assert!(read(&fields).unwrap().caller.is_none());
}

#[test]
fn all_faults_of_the_fields_are_told() {
    let fields = "Feedback-Type: abuse\r\nFeedback-Type: fraud\r\nVersion: 2\r\nIncidents: many\r\n\
        Source-IP: here\r\nArrival-Date: noon\r\nFax-Pages: -1\r\nFax-Call-Time: 2030-01-01T00:00:00Z\r\n\
        no field at all\r\nFax-Direction: up\r\n";
    assert_eq!(
        paths(read(fields)),
        [
            "feedback-report",
            "User-Agent",
            "Feedback-Type",
            "Version",
            "Incidents",
            "Source-IP",
            "Arrival-Date",
            "Fax-Pages",
            "Fax-Call-Time",
            "Fax-Direction"
        ]
    );
    assert_eq!(paths(read("")), ["Feedback-Type", "User-Agent", "Version"]);
    let long = format!("{FIELDS}X-A: {}\r\n", "x".repeat(5_000));
    assert_eq!(paths(read(&long)), ["feedback-report"]);
    let many = FIELDS.to_owned() + &"X-A: b\r\n".repeat(300);
    assert_eq!(paths(read(&many)), ["feedback-report"]);
}

#[test]
fn what_is_no_report_is_answered() {
    for (name, text, wanted) in [
        ("nothing", String::new(), "mail"),
        ("a text", "Subject: hello\r\n\r\nYou fax too much\r\n".into(), "mail"),
        (
            "another report",
            mail(FIELDS, ORIGINAL).replace("feedback-report;", "delivery-status;"),
            "mail",
        ),
        ("mixed", mail(FIELDS, ORIGINAL).replace("multipart/report", "multipart/mixed"), "mail"),
        ("no boundary", mail(FIELDS, ORIGINAL).replace("boundary=\"part\"", "x=y"), "mail"),
        ("another boundary", mail(FIELDS, ORIGINAL).replace("\"part\"", "\"other\""), "mail"),
        (
            "no feedback",
            mail(FIELDS, ORIGINAL).replace("message/feedback-report", "text/html"),
            "mail",
        ),
        (
            "two of them",
            mail(FIELDS, &format!("Content-Type: message/feedback-report\r\n\r\n{FIELDS}")),
            "mail",
        ),
        ("no original", mail(FIELDS, "").replace("--part\r\n\r\n--part--", "--part--"), "evidence"),
    ] {
        assert_eq!(paths(arf::read(text.as_bytes(), NOW)).first().unwrap(), wanted, "{name}");
    }
    let broken = "Content-Type: image/tiff\r\nContent-Transfer-Encoding: base64\r\n\r\n????\r\n";
    assert_eq!(paths(arf::read(mail(FIELDS, broken).as_bytes(), NOW)), ["evidence[0]"]);
    let sound = "Content-Type: image/tiff\r\nContent-Transfer-Encoding: base64\r\n\r\nYWJj\r\n";
    let read = arf::read(mail(FIELDS, sound).as_bytes(), NOW).unwrap();
    assert_eq!(read.evidence.first().unwrap().bytes, b"abc");
    let latin = mail(FIELDS, ORIGINAL)
        .replace("a report.", "a r\u{e9}port.")
        .replace("utf-8", "iso-8859-1");
    let latin: Vec<u8> = latin.chars().map(|c| c as u8).collect();
    let read = arf::read(&latin, NOW).unwrap();
    assert_eq!(read.description.unwrap().as_written(), "This is a r\u{e9}port.");
    let raw = mail(&format!("{FIELDS}X-A: \u{e9}\r\n"), ORIGINAL);
    let raw: Vec<u8> = raw.chars().map(|c| c as u8).collect();
    assert_eq!(paths(arf::read(&raw, NOW)).first().unwrap(), "feedback-report");
}

#[test]
fn bombs_of_mime_are_refused_before_they_are_parsed() {
    let bomb = |third: &str| paths(arf::read(mail(FIELDS, third).as_bytes(), NOW));
    assert_eq!(bomb(&"a:\n".repeat(500_000)), ["mail"]);
    assert_eq!(
        bomb(&"Content-Type: multipart/mixed; Boundary=zz\r\n\r\n--part\r\n".repeat(40)),
        ["mail"]
    );
    assert_eq!(bomb(&"X: y\r\n\r\n--part\r\n".repeat(300)), ["mail"]);
    let nested = "Content-Type: message/rfc822\r\n\r\n".repeat(100);
    let read = arf::read(mail(FIELDS, &nested).as_bytes(), NOW);
    assert!(read.is_ok_and(|complaint| complaint.evidence.len() == 1));
    let large = "x".repeat(6 << 20);
    assert_eq!(bomb(&format!("Content-Type: text/plain\r\n\r\n{large}")), ["evidence[0]"]);
}

proptest! {
    #[test]
    fn any_change_of_a_mail_is_answered(
        at in 0_usize..2_000, cut in 0_usize..40, put in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let fields = format!("{FIELDS}Fax-Caller: +12125550123\r\n");
        let mut bytes = mail(&fields, ORIGINAL).into_bytes();
        let from = at.min(bytes.len());
        let to = (from + cut).min(bytes.len());
        bytes.splice(from..to, put);
        let _ = arf::read(&bytes, NOW);
    }

    #[test]
    fn any_heap_of_mime_is_answered(pieces in prop::collection::vec(prop::sample::select(vec![
        "\r\n", "\n", "--part", "--part--", "--p2", "Content-Type: message/rfc822", "Content-Type: ",
        "Content-Type: multipart/report; report-type=feedback-report; boundary=part",
        "Content-Type: multipart/mixed; boundary=p2", "Content-Type: message/feedback-report",
        "Content-Transfer-Encoding: base64", "YWJj", "Feedback-Type: abuse", ": ", "\u{e9}", "=", ";",
    ]), 0..60)) {
        let _ = arf::read(pieces.concat().as_bytes(), NOW);
    }
}
