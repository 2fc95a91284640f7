//! Sound reports: every pair, evidence with every hash, the extension of faxes, and what is kept of the rest.

use serde_json::json;

use super::{NOW, junk, junk_with, merge, paths, read, report, samples};
use crate::complaint::{Abuse, Category, Direction, Format, HashKind, Resolution, xarf};

#[test]
fn every_pair_is_read_and_most_concern_no_fax() {
    let samples = samples::all();
    let mut names: Vec<&str> = samples.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    let mut pairs: Vec<&str> = xarf::pairs().collect();
    pairs.sort_unstable();
    assert_eq!(names, pairs);
    assert_eq!(pairs.len(), 32);
    for (name, sample) in &samples {
        let complaint = read(sample).unwrap_or_else(|faults| panic!("{name}: {faults}"));
        assert_eq!(complaint.declared, name);
        assert!(!complaint.concerns_a_fax(), "{name} names an address and no number");
        let mut kept = complaint.extra.fields().clone();
        assert_eq!(kept.remove("source_identifier"), Some(json!("192.0.2.1")), "{name}");
        let own = |field: &String| !complaint_field(field);
        let sent: Vec<&String> = sample.as_object().unwrap().keys().filter(|f| own(f)).collect();
        assert_eq!(kept.keys().collect::<Vec<_>>(), sent, "{name}: every other field is kept");
    }
}

fn complaint_field(name: &str) -> bool {
    ["xarf_version", "report_id", "timestamp", "reporter", "sender", "category", "type"]
        .contains(&name)
        || name == "source_identifier"
}

#[test]
fn pairs_that_can_concern_a_fax_do_where_a_number_is_named() {
    let junk = Some((Category::JunkFax, None));
    let other = Some((Category::OtherAbuse, None));
    let of = |abuse| Some((Category::OtherAbuse, Some(abuse)));
    for (name, mut sample) in samples::all() {
        let wanted = match name.as_str() {
            "messaging/spam" | "messaging/bulk_messaging" => junk,
            "connection/ddos" => of(Abuse::Flooding),
            "connection/login_attack"
            | "connection/infected_host"
            | "infrastructure/botnet"
            | "infrastructure/compromised_server" => of(Abuse::HijackedAccount),
            "content/fraud" | "content/phishing" => of(Abuse::Fraud),
            "connection/port_scan"
            | "connection/reconnaissance"
            | "reputation/blocklist"
            | "reputation/threat_intelligence" => other,
            _ => None,
        };
        merge(&mut sample, json!({"source_identifier": "tel:+1-212-555-0123;ext=7"}));
        let complaint = read(&sample).unwrap_or_else(|faults| panic!("{name}: {faults}"));
        assert_eq!(complaint.category.map(|is| (is, complaint.abuse)), wanted, "{name}");
        assert_eq!(complaint.caller.unwrap().as_written(), "+1-212-555-0123");
    }
}

#[test]
fn the_extension_of_faxes_is_read_whole() {
    let complaint = read(&junk()).unwrap();
    assert_eq!(complaint.format, Format::Xarf4);
    assert_eq!(complaint.category, Some(Category::JunkFax));
    assert_eq!(complaint.direction, Some(Direction::Inbound));
    assert_eq!(complaint.called.as_ref().unwrap().as_written(), "+1 312 555 0100");
    assert_eq!(complaint.caller.as_ref().unwrap().as_written(), "+12125550123");
    assert_eq!(complaint.csi.as_ref().unwrap().as_written(), "OFFICE");
    assert_eq!(complaint.tsi.as_ref().unwrap().as_written(), "212-555-0123");
    assert_eq!((complaint.pages, complaint.resolution), (Some(3), Some(Resolution::Fine)));
    assert_eq!(complaint.call_at.unwrap().as_seconds(), 1_772_371_740);
    assert_eq!(complaint.incident_at.unwrap().as_seconds(), 1_772_375_425);
    assert_eq!(complaint.campaign.as_ref().unwrap().as_written(), "roofs-7");
    assert_eq!(complaint.reporter.domain.as_ref().unwrap().as_written(), "carrier.example");
    assert!(complaint.on_behalf_of.is_empty() && complaint.evidence.is_empty());
    assert_eq!(complaint.extra.fields().keys().collect::<Vec<_>>(), ["protocol"]);
    let shown = format!("{complaint:?}");
    for personal in ["555", "OFFICE", "roofs", "carrier", "Carrier"] {
        assert!(!shown.contains(personal), "{personal} in {shown}");
    }
}

#[test]
fn a_category_of_ours_in_the_extension_goes_before_the_pair() {
    for (category, wanted) in [
        ("not_junk", Category::NotJunk),
        ("remove_me", Category::RemoveMe),
        ("other_abuse", Category::OtherAbuse),
    ] {
        let fax = json!({"category": category, "abuse": "harassment", "line": 4});
        let complaint = read(&junk_with(json!({"fax": fax}))).unwrap();
        assert_eq!((complaint.category, complaint.abuse), (Some(wanted), Some(Abuse::Harassment)));
        assert_eq!(complaint.extra.fields()["fax"], json!({"line": 4}));
    }
}

#[test]
fn a_party_that_sends_for_another_is_told_from_it() {
    let other = json!({"org": "Victim", "contact": "x@victim.example", "domain": "victim.example"});
    let complaint = read(&junk_with(json!({"reporter": other}))).unwrap();
    let named = |party: &crate::complaint::Party| {
        party.organisation.as_ref().unwrap().as_written().to_owned()
    };
    assert_eq!(named(&complaint.reporter), "Carrier");
    assert_eq!(named(&complaint.on_behalf_of), "Victim");
}

#[test]
fn evidence_is_decoded_and_held_to_its_hash() {
    let hashes = [
        ("md5:900150983CD24FB0D6963F7D28E17F72", HashKind::Md5),
        ("sha1:a9993e364706816aba3e25717850c26c9cd0d89d", HashKind::Sha1),
        (
            "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            HashKind::Sha256,
        ),
        (
            "sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
            HashKind::Sha512,
        ),
    ];
    let item = |hash: &str| json!({"content_type": "image/tiff", "payload": "YWJj", "hash": hash, "size": 3});
    let evidence: Vec<_> = hashes.iter().map(|(hash, _)| item(hash)).collect();
    let complaint = read(&junk_with(json!({"evidence": evidence}))).unwrap();
    let verified: Vec<_> = complaint.evidence.iter().filter_map(|item| item.verified).collect();
    assert_eq!(verified, hashes.map(|(_, kind)| kind));
    assert!(complaint.evidence.iter().all(|item| item.bytes == b"abc"));
    let plain =
        json!([{"content_type": "text/plain; charset=utf-8", "payload": "", "description": "x"}]);
    let complaint = read(&junk_with(json!({"evidence": plain}))).unwrap();
    let [item] = complaint.evidence.as_slice() else { panic!("one item") };
    assert!(item.bytes.is_empty() && item.verified.is_none() && item.description.is_some());
}

#[test]
fn what_is_internal_is_gone_at_every_depth() {
    let more = json!({
        "_internal": {"ticket": "A-1"},
        "fax": {"pages": 1, "_internal": 3, "line": {"_internal": [1], "at": [{"_internal": {}}]}},
        "future": [{"_internal": "x", "a": 1}],
    });
    let complaint = read(&junk_with(more)).unwrap();
    let kept = json!(complaint.extra.fields()).to_string();
    assert!(!kept.contains("_internal"), "{kept}");
    assert_eq!(complaint.extra.fields()["future"], json!([{"a": 1}]));
    assert_eq!(complaint.extra.fields()["fax"], json!({"line": {"at": [{}]}}));
}

#[test]
fn the_answers_of_the_form_come_with_the_extension() {
    let form = json!({
        "consumer_name": "A B", "line": "residential", "shows_date": true,
        "numbers": ["+1 800 555 0199", "212 555 0100"], "opt_out_requested_at": "2026-02-01T00:00:00Z",
        "opt_out_cost_free": "no", "do_not_fax_asked": false,
    });
    let complaint = read(&junk_with(json!({"fax": {"form_1088a": form}}))).unwrap();
    let form = &complaint.form;
    assert_eq!(form.consumer.name.as_ref().unwrap().as_written(), "A B");
    assert_eq!(form.identifiers.numbers.len(), 2);
    assert_eq!((form.page.date, form.opt_out.cost_free), (Some(true), Some(false)));
    assert_eq!(form.do_not_fax_asked, Some(false));
    assert!(form.opt_out.requested_at.is_some() && form.line.is_some());
    let form = json!({"numbers": [1], "line": "shop", "whatever": 1});
    let wrong = read(&junk_with(json!({"fax": {"form_1088a": form}})));
    let at = ["$.fax.form_1088a.line", "$.fax.form_1088a.numbers", "$.fax.form_1088a"];
    assert_eq!(paths(wrong), at);
}

#[test]
fn bounds_are_met_exactly() {
    let tags: Vec<String> = (0..20).map(|at| format!("a{at}:b+c_d-e")).collect();
    let item = json!({"content_type": "text/plain", "payload": ""});
    let more = json!({
        "tags": tags, "description": "å".repeat(1000), "confidence": 0.0,
        "evidence": vec![item; 50], "timestamp": "2026-11-19T10:30:00.123456789-00:30",
    });
    read(&junk_with(more)).unwrap();
    let sample = report(
        "messaging",
        "bulk_messaging",
        json!({"protocol": "other", "recipient_count": 100.0}),
    );
    read(&sample).unwrap();
}

#[test]
fn a_strict_reading_asks_for_what_is_recommended() {
    let bytes = junk().to_string();
    assert!(xarf::read(bytes.as_bytes(), NOW).is_ok());
    let missing = paths(xarf::read_strict(bytes.as_bytes(), NOW));
    for name in ["$.source_port", "$.evidence_source", "$.evidence", "$.confidence", "$.subject"] {
        assert!(missing.contains(&name.to_owned()), "{name} not in {missing:?}");
    }
    let whole = junk_with(json!({
        "source_port": 1, "evidence_source": "honeypot", "confidence": 0.5, "subject": "x",
        "smtp_to": "a@b.example", "message_id": "1",
        "evidence": [{"content_type": "a/b", "payload": "YWJj", "description": "x",
            "hash": "md5:900150983cd24fb0d6963f7d28e17f72"}],
    }));
    xarf::read_strict(whole.to_string().as_bytes(), NOW).unwrap();
}
