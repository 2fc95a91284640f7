//! What campaigns hear of reports, over a start that forgets single pages, and back again.

use faxguard::casework::{Finding, Outcome};
use faxguard::content::fingerprint::Maps;
use faxguard::fax::id::SubjectKind as NameKind;
use faxguard::measures::SubjectKind;
use faxguard::memory::Memory;
use faxguard::reports::{
    self, Appealing, Deciding, Filing, ReportCategory, ReportedFax, Reporter, Ruling, file,
};
use faxguard::screening::screen_pages;
use faxguard::time::Timestamp;

use super::{copy, folder_house, from, keys, pages, people, the_campaign};
use crate::support::events::line;
use crate::support::{at, member, number, settle};

fn report(memory: &Memory, fax: u64, category: ReportCategory, now: Timestamp) -> reports::Receipt {
    let who = Reporter::Member(member(&format!("member-{fax}")));
    let fax = (fax, ReportedFax::Decision(from(fax, fax).id()));
    file(memory, &Filing::new(fax.0, who, fax.1, category, now)).unwrap()
}

fn heard(memory: &Memory) -> (u32, u32) {
    let id = the_campaign(memory, at(3_000));
    let evidence = memory.campaigns().show(id, at(3_000)).unwrap().evidence;
    (evidence.junk_milli, evidence.wanted_milli)
}

#[test]
fn what_a_campaign_heard_is_taken_back_though_its_pages_are_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let case;
    {
        let memory = folder_house(folder.path());
        people(&memory);
        for fax in 0..7 {
            let now = at(60 * fax);
            let file = copy(3, usize::try_from(fax).unwrap());
            let seen = pages(&memory, file, Maps::With, now);
            screen_pages(&memory, &from(fax, fax).received(now, 1), &seen);
        }
        case = report(&memory, 1, ReportCategory::JunkFax, at(600)).case.unwrap();
        report(&memory, 2, ReportCategory::NotJunk, at(700));
        assert_eq!(reports::case(&memory, case).unwrap().subject.kind, SubjectKind::Campaign);
        assert!(heard(&memory).0 > 0 && heard(&memory).1 > 0, "{:?}", heard(&memory));
        memory.keep_campaigns(at(750)).unwrap();
        settle(&memory);
        memory.store().close();
    }
    let before;
    {
        let memory = folder_house(folder.path());
        before = heard(&memory);
        assert!(before.0 > 0 && before.1 > 0, "{before:?}");
        // A fax of before is still known to be of the campaign: its verdict said so.
        assert_eq!(report(&memory, 6, ReportCategory::JunkFax, at(800)).case, Some(case));
        let deciding = Deciding {
            case,
            version: None,
            author: "desk-1".into(),
            finding: Finding::Abuse,
            measure: None,
            ground: None,
            widened: None,
            until: None,
            note: "seen".into(),
            time: at(900),
        };
        let decided = reports::decide(&memory, &deciding).unwrap();
        while reports::work(&memory, at(901)).unwrap().more {}
        assert_eq!(heard(&memory).1, 0, "who spoke for it was wrong");
        let measure = decided.decision.unwrap().imposed.unwrap();
        let appealing = Appealing {
            measure,
            appellant: Reporter::Outsider(keys().pseudonym(NameKind::Reporter, b"sender")),
            request: 7,
            contact: Box::default(),
            text: Box::default(),
            number: Some(keys().number(number(&line(1)))),
            blocks: [0; 2],
            language: "".into(),
            time: at(1_000),
        };
        reports::file_appeal(&memory, &appealing).unwrap();
        let ruling = Ruling {
            measure,
            author: "desk-2".into(),
            overturn: true,
            reason: "they had asked for it".into(),
            time: at(1_100),
        };
        reports::rule_on_appeal(&memory, &ruling).unwrap();
        while reports::work(&memory, at(1_101)).unwrap().more {}
        assert_eq!(heard(&memory), (0, before.1), "as if nobody had complained");
        let told = reports::get(&memory, reports::report_of(1)).unwrap();
        assert_eq!(told.outcome.unwrap().0, Outcome::Overturned);
        settle(&memory);
        memory.store().close();
    }
    assert_eq!(heard(&folder_house(folder.path())), (0, before.1), "and it does not come back");
}
