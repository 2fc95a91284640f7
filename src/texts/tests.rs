//! Every language says everything, and no notice can be followed anywhere.

use std::collections::BTreeSet;

use super::language::read;
use super::*;
use crate::time::Timestamp;

const ID: &str = "00112233445566778899aabbccddeeff";
const CONTACT: &str = "abuse@fax.example";
const UNTIL: Timestamp = Timestamp::from_seconds(1_795_000_000);

fn texts() -> Texts {
    Texts::built_in().unwrap()
}

/// Every kind of notice, with every word that it can have.
fn every_notice() -> Vec<NoticeText<'static>> {
    let mut all = vec![
        NoticeText::AppealReceipt { id: ID, due: UNTIL, contact: CONTACT },
        NoticeText::ReporterSuspended { unfounded: 9, of: 10, until: UNTIL, contact: CONTACT },
    ];
    for (unfounded, days) in [(1, 1), (7, 30)] {
        all.push(NoticeText::ReporterWarning { unfounded, of: 10, days, contact: CONTACT });
    }
    for &follows in Follows::ALL {
        all.push(NoticeText::Receipt { report: ID, follows, contact: CONTACT });
    }
    for &outcome in Outcome::ALL {
        for &reason in Reason::ALL {
            for &decider in Decider::ALL {
                all.push(NoticeText::Outcome {
                    report: ID,
                    outcome,
                    reason,
                    decider,
                    contact: CONTACT,
                });
            }
        }
    }
    for &outcome in AppealOutcome::ALL {
        all.push(NoticeText::AppealDecision {
            id: ID,
            outcome,
            reason: "we looked",
            contact: CONTACT,
        });
    }
    for &measure in Measure::ALL {
        for &ending in Ending::ALL {
            all.push(NoticeText::MeasureEnded { id: ID, measure, ending, contact: CONTACT });
        }
        for (&scope, &ground) in Scope::ALL.iter().zip(Ground::ALL.iter().cycle()) {
            for lasts in [Lasts::Until(UNTIL), Lasts::Open, Lasts::Once] {
                all.push(NoticeText::Statement {
                    id: ID,
                    measure,
                    scope,
                    lasts,
                    facts: &FACTS,
                    ground,
                    automated: (Decider::Machine, Decider::Person),
                    appeal_until: UNTIL,
                    contact: CONTACT,
                });
            }
        }
    }
    all
}

const FACTS: [Fact; 10] = [
    Fact::Reports(1),
    Fact::Reports(5),
    Fact::Campaign(812),
    Fact::FanOut(40),
    Fact::Traps(3),
    Fact::OptOuts(2),
    Fact::Strikes(1),
    Fact::Volume,
    Fact::Takeover,
    Fact::Review,
];

#[test]
fn every_language_has_every_key_with_the_same_variables() {
    let mut faults = Vec::new();
    let shapes = BUILT_IN.map(|(tag, source)| read(&format!("{tag}.ftl"), source, &mut faults));
    let shapes: Vec<_> = shapes.into_iter().map(|made| made.unwrap().1).collect();
    for (shape, (tag, _)) in shapes.iter().zip(BUILT_IN) {
        language::compare(tag, &shapes[0], shape, &mut faults);
    }
    assert_eq!(faults, []);
    assert!(shapes[0].len() > 150);
}

#[test]
fn every_notice_is_whole_in_every_language() {
    let texts = texts();
    for language in texts.languages() {
        let mut told = BTreeSet::new();
        for notice in every_notice() {
            let NoticeWords { language: tag, subject, text } = notice.words(language);
            assert_eq!(tag, language.tag());
            assert!(!subject.is_empty() && !subject.contains('\n'), "{notice:?}");
            for missing in ["{", "}", "notice-", "reason-", "fact-", "measure-", "does-", "scope-"]
            {
                assert!(!text.contains(missing), "{notice:?}: {text}");
            }
            assert!(text.contains(CONTACT) && text.ends_with('\n'), "{notice:?}");
            for link in ["://", "www.", "<", "mailto:"] {
                assert!(!text.contains(link) && !subject.contains(link), "{notice:?}");
            }
            told.insert(text);
        }
        assert_eq!(told.len(), every_notice().len(), "no two notices say the same");
    }
}

#[test]
fn a_statement_says_what_the_law_wants_said() {
    let statement = NoticeText::Statement {
        id: ID,
        measure: Measure::SuspendOutbound,
        scope: Scope::Account,
        lasts: Lasts::Until(UNTIL),
        facts: &[Fact::Reports(1), Fact::Campaign(812)],
        ground: Ground::Contract,
        automated: (Decider::Machine, Decider::Person),
        appeal_until: UNTIL,
        contact: CONTACT,
    };
    let NoticeWords { subject, text, .. } = texts().notice(&statement, "en-GB");
    assert_eq!(subject, "What we have done, and why: sending is suspended");
    for said in [
        ID,
        "no faxes can be sent",
        "your account",
        "until 2026-11-18",
        "– one report by a recipient that we checked\n– the same pages to 812 recipients\n",
        "our terms of service",
        "noticed automatically",
        "A person decided this.",
        "appeal until 2026-11-18",
        CONTACT,
        "never a machine alone",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    let swedish = texts().notice(&statement, "sv_SE");
    assert_eq!(swedish.language, "sv");
    assert!(swedish.text.contains("Det upptäcktes automatiskt."), "{}", swedish.text);
}

#[test]
fn plurals_go_by_their_language() {
    let warning = |unfounded| NoticeText::ReporterWarning {
        unfounded,
        of: 20,
        days: unfounded,
        contact: CONTACT,
    };
    for (tag, one, many) in [("en", "One of your", "7 of your"), ("sv", "En av dina", "7 av dina")]
    {
        assert!(texts().notice(&warning(1), tag).text.starts_with(one));
        assert!(texts().notice(&warning(7), tag).text.starts_with(many));
    }
    assert!(texts().notice(&warning(7), "en").text.contains("35 per cent"));
}

#[test]
fn what_is_put_in_cannot_turn_a_text_about() {
    let hostile = "x\u{202e}evil\r\nBcc: a\u{0}{ $contact }\u{2066}";
    let decision = NoticeText::AppealDecision {
        id: "1\r\nSubject: x",
        outcome: AppealOutcome::Upheld,
        reason: hostile,
        contact: CONTACT,
    };
    let NoticeWords { subject, text, .. } = texts().notice(&decision, "en");
    assert!(!subject.contains(['\r', '\n']));
    assert!(!text.contains(['\r', '\u{202e}', '\u{2066}', '\u{0}']), "{text:?}");
    assert!(text.contains("{ $contact }"), "what is put in is not read as a text of ours");
    let long = "å".repeat(5_000);
    let decision = NoticeText::AppealDecision {
        id: ID,
        outcome: AppealOutcome::Upheld,
        reason: &long,
        contact: CONTACT,
    };
    assert!(texts().notice(&decision, "en").text.len() < 2_000);
}

#[test]
fn a_language_is_found_by_what_a_reader_takes() {
    let texts = texts();
    for (accepted, tag) in [
        ("sv-FI, en;q=0.5", "sv"),
        ("SV", "sv"),
        ("de, fr;q=0.9", "en"),
        ("en-GB, sv;q=0.9", "en"),
        ("", "en"),
        ("sv;q=0", "en"),
    ] {
        assert_eq!(texts.negotiate(accepted).tag(), tag, "{accepted}");
    }
    assert!(texts.find("tlh").is_none() && texts.find(&"sv-".repeat(1_000)).is_none());
}

fn german(change: impl Fn(&str) -> String) -> Result<Texts, Vec<TextFault>> {
    Texts::with(&[TextFile { name: "de-AT.ftl".into(), source: change(BUILT_IN[0].1) }])
}

#[test]
fn a_language_is_added_by_a_file() {
    let texts = german(|english| english.replace("Report a fax", "Fax melden")).unwrap();
    assert_eq!(texts.negotiate("de-at").say("form-title"), "Fax melden");
    assert_eq!(texts.languages().count(), 3);
    let own =
        TextFile { name: "en.ftl".into(), source: BUILT_IN[0].1.replace("Report a fax", "Ours") };
    let texts = Texts::with(&[own]).unwrap();
    assert_eq!(texts.find("en").unwrap().say("form-title"), "Ours");
    assert_eq!(texts.languages().count(), 2);
}

#[test]
fn every_fault_of_a_file_is_told() {
    let faults = german(|english| {
        english
            .replace("form-title = Report a fax\n", "")
            .replace("{ $seconds } seconds", "a while")
            .replace("Report number\n", "See <b>https://evil.example</b>\n")
            .replace(
                "answer-no = No",
                "answer-no = No\nanswer-yes = Indeed\nmore = more\nodd = { NOT() }\n%%%\n",
            )
            .replace("report-reason = Why", "report-reason =\n    .title = Why")
    })
    .unwrap_err();
    let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
    for (fault, at) in [
        ("syntax of Fluent", Some("line")),
        ("`answer-yes` is there twice", None),
        ("`form-title` is missing", None),
        ("`failed-limit` has other variables than `en.ftl` (there: $seconds)", None),
        ("`report-number` holds a link", None),
        ("`more` is no key", None),
        ("`odd` cannot be written out", None),
        ("`report-reason` is no plain text", None),
    ] {
        let found = told.iter().find(|line| line.contains(fault));
        assert!(
            found.is_some_and(|line| at.is_none_or(|at| line.contains(at))),
            "{fault}: {told:#?}"
        );
    }
    assert!(told.iter().all(|line| line.starts_with("`de-AT.ftl`")), "{told:#?}");
    for (name, source) in
        [("not a tag!.ftl", String::new()), ("de", String::new()), ("de.ftl", "x".repeat(300_000))]
    {
        let file = TextFile { name: name.into(), source };
        assert_eq!(Texts::with(&[file]).unwrap_err().len(), 1, "{name}");
    }
    let many = vec![TextFile { name: "de.ftl".into(), source: String::new() }; 100];
    assert!(Texts::with(&many).is_err());
}
