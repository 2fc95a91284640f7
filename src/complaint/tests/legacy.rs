//! Version 3 in its two writings, each type, and what cannot be converted.

use serde_json::{Value, json};

use super::{merge, paths, read};
use crate::complaint::{Cause, Format};

const AT: &str = "2026-01-15T14:30:25Z";

/// The flat writing of the published legacy schema.
fn flat(kind: &str, more: Value) -> Value {
    let mut body =
        json!({"ReportClass": "Activity", "ReportType": kind, "Date": AT, "SourceIp": "192.0.2.1"});
    merge(&mut body, more);
    json!({
        "Version": "3",
        "ReporterInfo": {"ReporterOrg": "Old", "ReporterOrgEmail": "abuse@old.example"},
        "Report": body,
    })
}

/// The nested writing of the samples.
fn nested(kind: &str, source: Value, more: Value) -> Value {
    json!({
        "Version": "3.0.0",
        "ReporterInfo": {
            "ReporterOrg": "Old", "ReporterOrgDomain": "old.example",
            "ReporterOrgEmail": "abuse@old.example", "ReporterContactName": "Team",
        },
        "Disclosure": true,
        "Report": {
            "ReportClass": "Messaging", "ReportType": kind, "Date": AT, "Source": source,
            "Attachment": [{"ContentType": "text/plain", "Description": "log", "Data": "YWJj"}],
            "AdditionalInfo": more,
        },
    })
}

#[test]
fn the_types_of_version_3_become_pairs() {
    let mail = json!({"SmtpMailFromAddress": "a@b.example", "SourcePort": 25, "SmtpMessageSubject": "x",
        "Samples": [{"ContentType": "message/rfc822", "Payload": "YWJj"}]});
    let ip = json!({"IP": "198.51.100.7", "Port": 53, "Type": "ip"});
    for (report, pair, evidence) in [
        (flat("Spam", mail), "messaging/spam", 1),
        (flat("Spam", json!({})), "messaging/spam", 0),
        (
            flat("Login-Attack", json!({"Protocol": "tcp", "SourcePort": 4})),
            "connection/login_attack",
            0,
        ),
        (flat("Port-Scan", json!({"Protocol": "tcp", "SourcePort": 4})), "connection/port_scan", 0),
        (flat("Phishing", json!({"Url": "https://x.example/"})), "content/phishing", 0),
        (flat("Malware", json!({"Url": "https://x.example/"})), "content/malware", 0),
        (flat("Botnet", json!({"AttackDescription": "beacons"})), "infrastructure/botnet", 0),
        (flat("Copyright", json!({"Url": "https://x.example/"})), "copyright/copyright", 0),
        (
            nested("spam", ip.clone(), json!({"Protocol": "smtp", "SMTPFrom": "a@b.example"})),
            "messaging/spam",
            1,
        ),
        (
            nested("ddos", ip.clone(), json!({"Protocol": "udp", "DestinationIP": "192.0.2.9"})),
            "connection/ddos",
            1,
        ),
        (nested("botnet", ip, json!({"InfectionVector": "worm"})), "infrastructure/botnet", 1),
        (
            nested("phishing", json!({"URL": "https://x.example/login", "Type": "uri"}), json!({})),
            "content/phishing",
            1,
        ),
    ] {
        let complaint = read(&report).unwrap_or_else(|faults| panic!("{pair}: {faults}"));
        assert_eq!((complaint.format, complaint.declared), (Format::Xarf3, pair));
        assert_eq!(complaint.evidence.len(), evidence, "{pair}");
        assert_eq!(complaint.incident_at.unwrap().as_seconds(), 1_768_487_425, "{pair}");
        assert_eq!(complaint.reporter.domain.as_ref().unwrap().as_written(), "old.example");
        let again = read(&report).unwrap();
        assert_eq!(complaint.report_id, again.report_id, "the same report has the same id");
    }
}

#[test]
fn a_fax_of_version_3_is_a_fax() {
    let fax = json!({"called": "+13125550100"});
    let report = flat("Spam", json!({"SourceIp": "+12125550123", "fax": fax}));
    let complaint = read(&report).unwrap();
    assert_eq!(complaint.caller.as_ref().unwrap().as_written(), "+12125550123");
    assert_eq!(complaint.called.as_ref().unwrap().as_written(), "+13125550100");
    assert!(complaint.concerns_a_fax());
}

#[test]
fn what_has_no_counterpart_or_is_missing_is_told() {
    let faults = read(&flat("Teapot", json!({"Date": null}))).unwrap_err();
    let told: Vec<_> =
        faults.list().iter().map(|fault| (fault.path.as_str(), fault.cause)).collect();
    assert_eq!(
        told,
        [("$.Report.Date", Cause::Missing), ("$.Report.ReportType", Cause::NoCounterpart)]
    );
    assert_eq!(
        paths(read(&json!({"Version": "3"}))),
        ["$.ReporterInfo", "$.Report", "$.Report.Date", "$.Report.ReportType"]
    );
    assert_eq!(paths(read(&flat("Spam", json!({"SourceIp": null})))), ["$.source_identifier"]);
    let mut other = flat("Spam", json!({}));
    merge(&mut other, json!({"Version": "2.0"}));
    assert_eq!(paths(read(&other)), ["$.Version"]);
    let wrong = json!({"SourcePort": "x", "Samples": [{"ContentType": "a/b", "Payload": "?"}]});
    assert_eq!(paths(read(&flat("Spam", wrong))), ["$.source_port", "$.evidence[0].payload"]);
}
