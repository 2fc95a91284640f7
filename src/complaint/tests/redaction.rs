//! Tokens: equal for equal values under one key, unlike under another, and nothing else leaves.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{NOW, junk, junk_with, read};
use crate::complaint::redaction::{Redaction, TOKEN_PREFIX, e164_only};
use crate::complaint::{
    Abuse, Category, Complaint, Outgoing, Party, Unsendable, Written, arf, xarf,
};
use crate::fax::number::Number;

fn party(contact: &str) -> Party {
    let text = |text: &str| Some(Written::of(text, 320).unwrap());
    Party {
        organisation: text("Provider"),
        contact: text(contact),
        domain: text("provider.example"),
    }
}

/// Both formats as they go out under a key.
fn sent(complaint: &Complaint, key: u8) -> [String; 2] {
    let redaction = Redaction::new(&[key; 32], &e164_only);
    let from = party("abuse@provider.example");
    let outgoing = Outgoing { from: &from, report: [7; 16], now: NOW, redaction: &redaction };
    [xarf::write(complaint, &outgoing).unwrap(), arf::write(complaint, &outgoing).unwrap()]
        .map(|bytes| String::from_utf8(bytes).unwrap())
}

#[test]
fn one_number_has_one_token_however_it_is_written() {
    let redaction = Redaction::new(&[1; 32], &e164_only);
    let token = redaction.token("+12125550123");
    assert_eq!(token.len(), TOKEN_PREFIX.len() + 32);
    for same in ["+1 (212) 555-0123", "tel:+1-212-555-0123;ext=1", " +1.212.555.0123 "] {
        assert_eq!(redaction.token(same), token, "{same}");
    }
    for other in ["+12125550124", "12125550123", "212-555-0123", ""] {
        assert_ne!(redaction.token(other), token, "{other}");
    }
    assert_eq!(redaction.token("Acme  co"), redaction.token(" ACME CO "));
    assert_ne!(
        redaction.token("a name longer than twenty A"),
        redaction.token("a name longer than twenty B")
    );
    let home =
        |text: &str| Number::parse(text).or_else(|_| Number::parse(&format!("+1{text}"))).ok();
    let at_home = Redaction::new(&[1; 32], &home);
    assert_eq!(
        at_home.token("212-555-0123"),
        token,
        "a national number is one where there is a plan"
    );
}

#[test]
fn nothing_but_tokens_leaves() {
    let evidence =
        json!([{"content_type": "image/tiff", "payload": "YWJj", "description": "secret"}]);
    let report = junk_with(json!({
        "description": "call +12125550123 secret", "evidence": evidence, "secret": "x", "subject": "secret",
    }));
    let mut report = report;
    report["fax"]["form_1088a"] = json!({"consumer_name": "secret", "numbers": ["+12125550123"]});
    report["fax"]["secret"] = json!(1);
    report["reporter"]["org"] = json!("secret victim");
    let complaint = read(&report).unwrap();
    for text in sent(&complaint, 1) {
        for personal in
            ["555", "OFFICE", "roofs", "secret", "_internal", "Carrier", "carrier.example", "YWJj"]
        {
            assert!(!text.contains(personal), "{personal} in {text}");
        }
        assert!(text.matches(TOKEN_PREFIX).count() >= 5, "{text}");
    }
}

#[test]
fn what_goes_out_is_read_again() {
    let complaint = read(&junk()).unwrap();
    let redaction = Redaction::new(&[1; 32], &e164_only);
    let token = |text: &Option<Written>| Some(redaction.token(text.as_ref()?.as_written()));
    let [report, mail] = sent(&complaint, 1);
    let again =
        [xarf::read(report.as_bytes(), NOW).unwrap(), arf::read(mail.as_bytes(), NOW).unwrap()];
    for read in &again {
        let same = |read: &Option<Written>, sent: &Option<Written>| {
            assert_eq!(read.as_ref().map(|text| text.as_written().to_owned()), token(sent));
        };
        same(&read.caller, &complaint.caller);
        same(&read.called, &complaint.called);
        same(&read.tsi, &complaint.tsi);
        same(&read.csi, &complaint.csi);
        same(&read.campaign, &complaint.campaign);
        assert_eq!(read.category, complaint.category);
        assert_eq!((read.pages, read.resolution), (complaint.pages, complaint.resolution));
        assert_eq!((read.call_at, read.direction), (complaint.call_at, complaint.direction));
        assert_eq!(read.reporter.domain.as_ref().unwrap().as_written(), "provider.example");
    }
    let value: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(value["report_id"], "07070707-0707-4707-8707-070707070707");
    assert!(mail.contains("07070707-0707-4707-8707-070707070707@provider.example"));
    assert!(mail.is_ascii() && mail.lines().all(|line| line.len() <= 998));
    assert_eq!(mail.matches('\n').count(), mail.matches("\r\n").count());
}

#[test]
fn a_fraud_is_told_as_one_and_what_is_no_abuse_is_not_sent() {
    let mut complaint = read(&junk()).unwrap();
    complaint.category = Some(Category::OtherAbuse);
    complaint.abuse = Some(Abuse::Fraud);
    let [report, mail] = sent(&complaint, 1);
    assert!(report.contains("\"abuse\":\"fraud\"") && mail.contains("Feedback-Type: fraud"));
    let redaction = Redaction::new(&[1; 32], &e164_only);
    let from = party("abuse@provider.example");
    let outgoing = Outgoing { from: &from, report: [7; 16], now: NOW, redaction: &redaction };
    for category in [None, Some(Category::NotJunk), Some(Category::RemoveMe)] {
        complaint.category = category;
        assert_eq!(xarf::write(&complaint, &outgoing), Err(Unsendable::NoAbuse));
        assert_eq!(arf::write(&complaint, &outgoing), Err(Unsendable::NoAbuse));
    }
    complaint.category = Some(Category::JunkFax);
    complaint.caller = None;
    assert!(xarf::write(&complaint, &outgoing).is_ok(), "the TSI stands in");
    complaint.tsi = None;
    assert_eq!(xarf::write(&complaint, &outgoing), Err(Unsendable::NoSource));
}

#[test]
fn a_sending_party_writes_no_lines_of_the_mail() {
    let complaint = read(&junk()).unwrap();
    let redaction = Redaction::new(&[1; 32], &e164_only);
    for contact in ["a@b.example>\r\nBcc: <x@y.example", "nobody", ""] {
        let from = party(contact);
        let outgoing = Outgoing { from: &from, report: [7; 16], now: NOW, redaction: &redaction };
        assert!(matches!(arf::write(&complaint, &outgoing), Err(Unsendable::Unsound(_))));
        assert!(matches!(xarf::write(&complaint, &outgoing), Err(Unsendable::Unsound(_))));
    }
}

proptest! {
    #[test]
    fn tokens_of_two_partners_have_nothing_in_common(text in ".{0,40}", one: [u8; 32], other: [u8; 32]) {
        prop_assume!(one != other);
        let (ours, theirs) = (Redaction::new(&one, &e164_only), Redaction::new(&other, &e164_only));
        prop_assert_eq!(ours.token(&text), Redaction::new(&one, &e164_only).token(&text));
        let (a, b) = (ours.token(&text), theirs.token(&text));
        prop_assert_ne!(&a, &b);
        // Unlike in every place as two random texts of 32 digits are: never 20 of them alike.
        let alike = a.bytes().zip(b.bytes()).skip(TOKEN_PREFIX.len()).filter(|(a, b)| a == b).count();
        prop_assert!(alike < 20);
        prop_assert!(e164_only(&a).is_none());
    }

    #[test]
    fn numbers_that_are_unlike_have_unlike_tokens(one in 100_u64..999_999_999_999_999, step in 1_u64..1000) {
        let redaction = Redaction::new(&[1; 32], &e164_only);
        prop_assert_ne!(redaction.token(&format!("+{one}")), redaction.token(&format!("+{}", one + step)));
    }

    #[test]
    fn whatever_is_complained_of_goes_out_sound(tsi in "\\PC{0,20}", called in "[+0-9a-z\r\n -]{0,20}", pages in 0_u32..10_001) {
        let mut complaint = read(&junk()).unwrap();
        complaint.tsi = Written::of(&tsi, 64).ok();
        complaint.called = Written::of(&called, 64).ok();
        complaint.pages = Some(pages);
        let [report, mail] = sent(&complaint, 3);
        prop_assert!(called.trim().len() < 5 || !report.contains(called.trim()));
        prop_assert!(called.trim().len() < 5 || !mail.contains(called.trim()));
    }
}
