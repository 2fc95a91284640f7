//! Broken reports: each with all that is told of it, and nothing of what it said.

use serde_json::{Value, json};

use super::{NOW, junk, junk_with, paths, read, report, samples, told};
use crate::bounds::{COMPLAINT_BYTES_MAX, COMPLAINT_EVIDENCE_BYTES_MAX};
use crate::complaint::{Cause, FAULTS_MAX, xarf};

/// What it is, what is other than in a sound report, and where the faults are.
type Broken = (&'static str, Value, &'static [&'static str]);

fn broken() -> Vec<Broken> {
    [versions_and_parties(), kinds_and_fields(), evidence(), faxes()].concat()
}

fn versions_and_parties() -> Vec<Broken> {
    vec![
        ("no version", json!({"xarf_version": null, "Version": null}), &["$", "$.xarf_version"]),
        ("version 5", json!({"xarf_version": "5.0.0"}), &["$.xarf_version"]),
        ("version 4", json!({"xarf_version": "4"}), &["$.xarf_version"]),
        ("version as a number", json!({"xarf_version": 4.2}), &["$.xarf_version"]),
        ("no id", json!({"report_id": null}), &["$.report_id"]),
        (
            "an id that is none",
            json!({"report_id": "f2g3h4i5-j6k7-8901-fg23-45678ef90123"}),
            &["$.report_id"],
        ),
        ("no time", json!({"timestamp": null}), &["$.timestamp"]),
        ("a time without offset", json!({"timestamp": "2026-03-01T14:30:25"}), &["$.timestamp"]),
        ("no such day", json!({"timestamp": "2026-02-30T14:30:25Z"}), &["$.timestamp"]),
        ("a leap second", json!({"timestamp": "2016-12-31T23:59:60Z"}), &["$.timestamp"]),
        ("the future", json!({"timestamp": "2026-11-20T11:07:00Z"}), &["$.timestamp"]),
        ("no reporter", json!({"reporter": null}), &["$.reporter"]),
        ("a reporter of text", json!({"reporter": "me"}), &["$.reporter"]),
        (
            "an empty reporter",
            json!({"reporter": {}}),
            &["$.reporter.org", "$.reporter.contact", "$.reporter.domain"],
        ),
        (
            "a reporter of 4.0",
            json!({"reporter": {"org": "A", "contact": "a@b.example", "type": "automated"}}),
            &["$.reporter.domain", "$.reporter"],
        ),
        (
            "wrong contact and domain",
            json!({"sender": {"org": "A", "contact": "nobody", "domain": "-a.example"}}),
            &["$.sender.contact", "$.sender.domain"],
        ),
        (
            "a long name",
            json!({"sender": {"org": "x".repeat(201), "contact": "a@b.example", "domain": "b.example"}}),
            &["$.sender.org"],
        ),
    ]
}

fn kinds_and_fields() -> Vec<Broken> {
    vec![
        ("no source", json!({"source_identifier": null}), &["$.source_identifier"]),
        ("port 0", json!({"source_port": 0}), &["$.source_port"]),
        ("port 65536", json!({"source_port": 65_536}), &["$.source_port"]),
        ("half a port", json!({"source_port": 25.5}), &["$.source_port"]),
        ("no category", json!({"category": null}), &["$.category"]),
        ("an unknown category", json!({"category": "abuse"}), &["$.category", "$.type"]),
        ("a type of another category", json!({"type": "ddos"}), &["$.type"]),
        ("a type of 4.0", json!({"category": "infrastructure", "type": "bot"}), &["$.type"]),
        ("no type", json!({"type": null}), &["$.type"]),
        ("too sure", json!({"confidence": 1.01}), &["$.confidence"]),
        ("less than unsure", json!({"confidence": -0.1}), &["$.confidence"]),
        ("a long description", json!({"description": "x".repeat(1001)}), &["$.description"]),
        ("21 tags", json!({"tags": vec!["a:b"; 21]}), &["$.tags"]),
        ("a plain tag", json!({"tags": ["a:b", "plain"]}), &["$.tags[1]"]),
        ("a tag in capitals", json!({"tags": ["cve:CVE-1"]}), &["$.tags[0]"]),
        ("a version before 3", json!({"legacy_version": "2"}), &["$.legacy_version"]),
        ("no protocol", json!({"protocol": null}), &["$.protocol"]),
        ("an unknown protocol", json!({"protocol": "fax"}), &["$.protocol"]),
        ("mail without its sender", json!({"protocol": "smtp"}), &["$.smtp_from", "$.source_port"]),
        (
            "an unknown source of evidence",
            json!({"evidence_source": "unknown"}),
            &["$.evidence_source"],
        ),
    ]
}

fn evidence() -> Vec<Broken> {
    vec![
        ("evidence of text", json!({"evidence": "YWJj"}), &["$.evidence"]),
        (
            "an empty item",
            json!({"evidence": [{}]}),
            &["$.evidence[0].content_type", "$.evidence[0].payload"],
        ),
        (
            "no media type",
            json!({"evidence": [{"content_type": "tiff", "payload": ""}]}),
            &["$.evidence[0].content_type"],
        ),
        (
            "further fields of an item",
            json!({"evidence": [{"content_type": "a/b", "payload": "", "name": "x"}]}),
            &["$.evidence[0]"],
        ),
        (
            "white space, no padding, another alphabet",
            json!({"evidence": [
                {"content_type": "a/b", "payload": "YW Jj"}, {"content_type": "a/b", "payload": "YWI"},
                {"content_type": "a/b", "payload": "_-8="}, {"content_type": "a/b", "payload": "YWJj\n"},
            ]}),
            &[
                "$.evidence[0].payload",
                "$.evidence[1].payload",
                "$.evidence[2].payload",
                "$.evidence[3].payload",
            ],
        ),
        (
            "a hash of something else",
            json!({"evidence": [{"content_type": "a/b", "payload": "YWJk",
                "hash": "md5:900150983cd24fb0d6963f7d28e17f72"}]}),
            &["$.evidence[0].hash"],
        ),
        (
            "a hash that is cut",
            json!({"evidence": [{"content_type": "a/b", "payload": "YWJj", "hash": "md5:9001"}]}),
            &["$.evidence[0].hash"],
        ),
        (
            "an unknown hash",
            json!({"evidence": [{"content_type": "a/b", "payload": "YWJj", "hash": "crc:9001"}]}),
            &["$.evidence[0].hash"],
        ),
        (
            "a size beyond the bound",
            json!({"evidence": [{"content_type": "a/b", "payload": "YWJj", "size": 5_242_881}]}),
            &["$.evidence[0].size"],
        ),
    ]
}

fn faxes() -> Vec<Broken> {
    vec![
        ("a fax of text", json!({"fax": "+12125550123"}), &["$.fax"]),
        (
            "a fax of nonsense",
            json!({"fax": {"direction": "up", "pages": -1, "resolution": "4k", "call_time": "noon",
                "csid": "x".repeat(65), "category": "spam", "form_1088a": 1}}),
            &[
                "$.fax.direction",
                "$.fax.csid",
                "$.fax.pages",
                "$.fax.resolution",
                "$.fax.call_time",
                "$.fax.category",
                "$.fax.form_1088a",
            ],
        ),
        (
            "a call to come",
            json!({"fax": {"call_time": "2027-01-01T00:00:00Z"}}),
            &["$.fax.call_time"],
        ),
    ]
}

#[test]
fn every_broken_report_is_refused_with_its_paths() {
    for (name, more, wanted) in broken() {
        assert_eq!(paths(read(&junk_with(more))), wanted, "{name}");
    }
    assert!(broken().len() + 32 >= 49);
}

#[test]
fn every_required_field_of_every_pair_is_missed_by_name() {
    let required: &[(&str, &[&str])] = &[
        ("messaging/spam", &["protocol", "smtp_from", "source_port"]),
        ("messaging/bulk_messaging", &["protocol", "recipient_count"]),
        ("connection/login_attack", &["protocol", "first_seen", "source_port"]),
        ("connection/port_scan", &["protocol", "first_seen", "source_port"]),
        ("connection/ddos", &["protocol", "first_seen", "source_port"]),
        ("connection/infected_host", &["protocol", "bot_type", "first_seen"]),
        ("connection/reconnaissance", &["protocol", "probed_resources", "first_seen"]),
        ("connection/scraping", &["protocol", "first_seen", "total_requests"]),
        ("connection/sql_injection", &["protocol", "first_seen"]),
        ("connection/vulnerability_scan", &["scan_type", "protocol", "first_seen"]),
        ("content/phishing", &["url"]),
        ("content/malware", &["url"]),
        ("content/csam", &["url", "classification", "detection_method"]),
        ("content/csem", &["url", "exploitation_type", "detection_method"]),
        ("content/exposed_data", &["url", "data_types", "exposure_method"]),
        ("content/brand_infringement", &["url", "infringement_type", "legitimate_site"]),
        ("content/fraud", &["url", "fraud_type"]),
        ("content/remote_compromise", &["url", "compromise_type"]),
        ("content/suspicious_registration", &["url", "registration_date", "suspicious_indicators"]),
        ("copyright/copyright", &["infringing_url"]),
        ("copyright/p2p", &["p2p_protocol", "swarm_info"]),
        ("copyright/cyberlocker", &["infringing_url", "hosting_service"]),
        ("copyright/ugc_platform", &["infringing_url", "platform_name"]),
        ("copyright/link_site", &["infringing_url", "site_name"]),
        ("copyright/usenet", &["newsgroup", "message_info"]),
        ("vulnerability/cve", &["service", "service_port", "cve_id"]),
        ("vulnerability/open_service", &["service"]),
        ("vulnerability/misconfiguration", &["service"]),
        ("reputation/blocklist", &["threat_type"]),
        ("reputation/threat_intelligence", &["threat_type"]),
        ("infrastructure/botnet", &["compromise_evidence"]),
        ("infrastructure/compromised_server", &["compromise_method"]),
    ];
    let samples = samples::all();
    assert_eq!(required.len(), samples.len());
    for (name, sample) in samples {
        let needed = required.iter().find(|(pair, _)| *pair == name).unwrap().1;
        for field in sample.as_object().unwrap().keys().cloned().collect::<Vec<_>>() {
            let mut without = sample.clone();
            without.as_object_mut().unwrap().remove(&field);
            let core = report("a", "b", json!({})).get(&field).is_some();
            match read(&without) {
                Ok(_) => assert!(!core && !needed.contains(&field.as_str()), "{name}: {field}"),
                Err(faults) => {
                    assert!(core || needed.contains(&field.as_str()), "{name}: {field}: {faults}");
                    let path = format!("$.{field}");
                    let told = faults.list().iter().any(|fault| fault.path == path);
                    // Without its version a report is none of XARF, and that is told before.
                    assert!(told, "{name}: {field}: {faults}");
                }
            }
        }
    }
}

#[test]
fn fields_of_pairs_are_held_to_their_words_and_ranges() {
    for (category, kind, more, wanted) in [
        (
            "messaging",
            "bulk_messaging",
            json!({"protocol": "signal", "recipient_count": 99}),
            &["$.protocol", "$.recipient_count"][..],
        ),
        (
            "content",
            "fraud",
            json!({"url": "no url", "fraud_type": "investment_scam", "country_code": "se"}),
            &["$.url", "$.country_code", "$.fraud_type"],
        ),
        (
            "copyright",
            "p2p",
            json!({"p2p_protocol": "other", "swarm_info": {"more": 1}}),
            &["$.swarm_info", "$.swarm_info.info_hash"],
        ),
        (
            "copyright",
            "usenet",
            json!({"newsgroup": "a", "message_info": {}}),
            &["$.message_info.message_id"],
        ),
        (
            "vulnerability",
            "cve",
            json!({"service": "a", "service_port": 1, "cve_id": "CVE-21-1",
            "cve_ids": ["CVE-2021-1", "CVE-2021-1"], "cvss_score": 10.5}),
            &["$.cve_id", "$.cve_ids", "$.cvss_score"],
        ),
        (
            "content",
            "exposed_data",
            json!({"url": "a:b", "data_types": [], "exposure_method": "other",
            "sample_records": [1]}),
            &["$.data_types", "$.sample_records[0]"],
        ),
        (
            "connection",
            "ddos",
            json!({"protocol": "http", "first_seen": "yesterday", "source_port": 1,
            "destination_ip": "here", "mitigation_applied": "yes"}),
            &["$.destination_ip", "$.protocol", "$.first_seen", "$.mitigation_applied"],
        ),
    ] {
        assert_eq!(paths(read(&report(category, kind, more))), wanted, "{category}/{kind}");
    }
}

#[test]
fn what_is_no_json_is_told_with_its_place() {
    let at = |bytes: &[u8]| told(xarf::read(bytes, NOW)).remove(0);
    assert_eq!(at(b""), ("$".into(), Cause::NotJson { line: 1, column: 0 }));
    assert_eq!(at(b"{\n\"a\": 1,\n}"), ("$".into(), Cause::NotJson { line: 3, column: 1 }));
    assert_eq!(at(b"{} {}").1, Cause::NotJson { line: 1, column: 4 });
    assert_eq!(at(b"[]").1, Cause::Kind { wanted: "an object" });
    assert_eq!(at(b"{\"a\": \"\xff\"}").1, Cause::NotUtf8 { at: 7 });
    assert_eq!(at(b"{\"a\": 1e999}").1, Cause::NotJson { line: 1, column: 11 });
    let text = junk().to_string();
    let twice = text.replacen('{', "{\"category\":\"content\",", 1);
    assert_eq!(at(twice.as_bytes()).1, Cause::Repeated);
    let (depth, deep) = (33, "[".repeat(33) + &"]".repeat(33));
    let deep = text.replacen('{', &format!("{{\"x\":{deep},"), 1);
    assert_eq!(at(deep.as_bytes()).1, Cause::TooDeep { most: depth - 1 });
    let many = format!("{{\"x\":[{}1]}}", "[],".repeat(60_000));
    assert_eq!(at(many.as_bytes()).1, Cause::TooMany { most: 50_000 });
    let bomb = "{\"_internal\":".repeat(100_000);
    assert!(matches!(at(bomb.as_bytes()).1, Cause::NotJson { .. }));
    let large = vec![b' '; COMPLAINT_BYTES_MAX + 1];
    assert_eq!(at(&large).1, Cause::TooLarge { most: COMPLAINT_BYTES_MAX });
}

#[test]
fn bombs_of_evidence_are_refused_before_they_are_decoded() {
    let zeros = |bytes: usize| "A".repeat(bytes / 3 * 4 + 4);
    let item = |payload: &str| json!({"content_type": "a/b", "payload": payload});
    let over = json!({"evidence": [item(&zeros(COMPLAINT_EVIDENCE_BYTES_MAX))]});
    assert_eq!(paths(read(&junk_with(over))), ["$.evidence[0].payload"]);
    let large = item(&zeros(5_200_000));
    let small = item(&zeros(300_000));
    let sum = json!({"evidence": [large.clone(), large.clone(), item("YWJj"), large, small]});
    assert_eq!(paths(read(&junk_with(sum))), ["$.evidence[4].payload"]);
    let many = json!({"evidence": vec![item(""); 51]});
    assert_eq!(paths(read(&junk_with(many))), ["$.evidence"]);
}

#[test]
fn faults_are_bounded_and_repeat_nothing_of_the_report() {
    let canary = "canary-7f3a";
    let item = json!({canary: canary});
    let wrong = junk_with(json!({
        "source_port": canary, "confidence": canary, "category": canary, "tags": vec![canary; 20],
        "reporter": {canary: canary}, "evidence": vec![item; 50], "protocol": canary,
        "fax": {"pages": canary, "direction": canary, "form_1088a": {canary: canary}},
    }));
    let faults = read(&wrong).unwrap_err();
    assert_eq!(faults.list().len(), FAULTS_MAX);
    assert!(faults.more() > 0);
    let text = format!("{faults} {faults:?}");
    assert!(!text.contains(canary), "{text}");
    assert!(text.contains("$.evidence[3].payload is missing"));
}
