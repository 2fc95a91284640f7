//! Exports: tables that nothing runs, and the form filled in.

use proptest::prelude::*;
use serde_json::json;

use super::{junk, read};
use crate::complaint::columns::COLUMNS;
use crate::complaint::export::{
    SafeCsv, form_1088a_csv, form_1088a_json, form_1088a_text, harmless,
};

#[test]
fn cells_that_a_spreadsheet_would_run_are_marked() {
    for (cell, written) in [
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("+12125550123", "'+12125550123"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        (" =1", "' =1"),
        ("\n=1", "'\n=1"),
        ("＝1", "'＝1"),
        ("'=1", "''=1"),
        ("\u{0}=1", "'=1"),
        ("plain", "plain"),
        ("", ""),
        ("a\u{7}b", "ab"),
    ] {
        assert_eq!(harmless(cell), written);
    }
    let mut table = SafeCsv::default();
    table.row(["a,b", "say \"x\"", "two\nlines"]);
    table.row(["=1", ""]);
    assert_eq!(table.finish(), "\"a,b\",\"say \"\"x\"\"\",\"two\nlines\"\n'=1,\n");
}

#[test]
fn the_form_is_filled_from_the_complaint_and_its_answers() {
    let mut report = junk();
    report["fax"]["form_1088a"] = json!({
        "consumer_name": "A B\nForged: yes", "line": "residential", "prior_permission": false,
        "opt_out_notice": true, "opt_out_cost_free": false, "web_sites": ["roofs.example", "=1"],
    });
    let complaint = read(&report).unwrap();
    let text = form_1088a_text(&complaint);
    for line in [
        "Name of the consumer: A B Forged: yes",
        "Number that received the fax: +1 312 555 0100",
        "Residential or business line: residential",
        "Date and time of the fax: 2026-03-01T13:29:00Z",
        "Telephone and fax numbers on the fax: +12125550123",
        "Web sites on the fax: roofs.example;=1",
        "Did you give permission for such faxes: no",
        "Does the fax say how to opt out: yes",
        "Does it name a way that costs nothing: no",
        "Did you ask to opt out: ",
    ] {
        assert!(text.lines().any(|has| has == line), "{line} not in {text}");
    }
    let questions = COLUMNS.iter().filter(|column| column.name.starts_with("form_")).count();
    assert_eq!(text.lines().count(), questions + 2);
    assert_eq!(
        form_1088a_csv(&complaint).lines().count(),
        questions + 2,
        "one answer has two lines"
    );
    assert!(form_1088a_csv(&complaint).contains(",'+1 312 555 0100\n"));
    let value: serde_json::Value = serde_json::from_str(&form_1088a_json(&complaint)).unwrap();
    assert_eq!(value["received_on"], "+1 312 555 0100");
    assert_eq!(value.as_object().unwrap().len(), questions);
}

proptest! {
    #[test]
    fn no_cell_of_any_table_begins_a_formula(cells in prop::collection::vec("(?s)[=+@\t\r\n' \"a-]{0,6}", 1..6)) {
        let mut table = SafeCsv::default();
        table.row(cells.iter().map(String::as_str));
        let text = table.finish();
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
        for cell in reader.records().next().into_iter().flatten().flat_map(|row| row.iter().map(str::to_owned).collect::<Vec<_>>()) {
            prop_assert!(!cell.trim_start().starts_with(['=', '+', '-', '@']), "{:?}", cell);
        }
    }
}
