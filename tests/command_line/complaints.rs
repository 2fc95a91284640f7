//! Complaints of other systems, and what leaves the desk, as the tool files, checks and writes them.

use super::*;

const MAIL: &str = "From: Feedback <abuse@carrier.example>\r\nMIME-Version: 1.0\r\n\
    Content-Type: multipart/report; report-type=feedback-report; boundary=part\r\n\r\n\
    --part\r\nContent-Type: text/plain\r\n\r\nSent by night.\r\n\
    --part\r\nContent-Type: message/feedback-report\r\n\r\n\
    Feedback-Type: fraud\r\nUser-Agent: Loop/1.0\r\nVersion: 1\r\nFax-Caller: +12125550123\r\n\
    Fax-Called: +13125550100\r\nFax-Call-Time: 2026-03-01T14:00:00Z\r\n\r\n\
    --part\r\nContent-Type: message/rfc822\r\n\r\nSubject: Offer\r\n\r\nBuy\r\n--part--\r\n";
const TABLE: &str = "category,incident_at,caller,called\n\
    junk_fax,2026-03-01T14:30:25Z,+12125550123,+13125550100\n\
    nothing,2026-03-01T14:30:25Z,+12125550123,\n\
    remove_me,2026-03-01T14:30:25Z,+12125550123,\n";

#[test]
fn what_would_be_filed_is_said_without_a_server() {
    let (_folder, mail) = temporary("complaint.eml", MAIL);
    let checked = tool(&["complaint", "check", &mail]);
    assert_eq!(checked.code, 0, "{}", checked.err);
    golden("complaint-check.txt", &checked.text());
    golden("complaint-check.jsonl", &tool(&["complaint", "check", &mail, "--json"]).out);
    let (_folder, table) = temporary("complaints.csv", TABLE);
    let checked = tool(&["complaint", "check", &table]);
    assert_eq!(checked.code, DATA);
    golden("complaint-check-rows.txt", &checked.text());
    let (_folder, other) = temporary("complaint.txt", "{\"xarf_version\": \"+12125550123\"}");
    let checked = tool(&["complaint", "check", &other]);
    assert!(checked.code == DATA && !checked.err.contains("5550123"), "{}", checked.err);
    assert!(checked.err.lines().count() > 5, "{}", checked.err);
}

#[test]
fn complaints_are_filed_one_by_one_or_as_a_file() {
    let (_folder, mail) = temporary("complaint.eml", MAIL);
    golden("complaint-file.txt", &called(&["complaint", "file", &mail]).text());
    let refused = called(&["complaint", "file", &mail, "--format", "xarf"]);
    assert!(refused.err.contains("`$.type`"), "{}", refused.err);
    let (_folder, table) = temporary("complaints.csv", TABLE);
    let imported = called(&["complaint", "import", &table, "--importer", "A carrier"]);
    assert_eq!(imported.code, DATA);
    golden("complaint-import.txt", &imported.text());
    assert_eq!(tool(&["complaint", "import", &table]).code, USAGE);
    assert_eq!(called(&["complaint", "file", "/nowhere"]).code, DATA);
}

#[test]
fn what_leaves_the_desk_is_written_as_it_is() {
    let id = "0123456789abcdef0123456789abcdef";
    let words = ["cases", "export", id, "--format", "arf", "--partner", "upstream"];
    let written = called(&[&words[..], &["--domain", "provider.example"]].concat());
    golden("cases-export.txt", &written.text());
    let statements = called(&["measures", "export"]);
    assert_eq!(statements.out, "measure,kind\n1,block\n2,'=warn\n");
    assert_eq!(tool(&["cases", "export", id]).code, USAGE);
}
