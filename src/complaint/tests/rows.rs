//! Tables and lines of JSON: rows read and refused one by one, bounds, progress, and what is written read again.

use proptest::prelude::*;

use super::NOW;
use crate::bounds::{COMPLAINT_ROW_BYTES_MAX, COMPLAINT_ROWS_BYTES_MAX};
use crate::complaint::columns::COLUMNS;
use crate::complaint::{Abuse, Category, Complaint, Faults, Format, bulk};

const HEADER: &str = "category,incident_at,caller,called,description\n";
const SOUND: &str = "junk_fax,2026-03-01T14:30:25Z,+12125550123,+13125550100,roofs\n";

fn csv(text: &str) -> Vec<bulk::Row> {
    bulk::csv(text.as_bytes(), NOW).unwrap().collect()
}

/// Number, line, and where the faults are.
fn outcomes(rows: &[bulk::Row]) -> Vec<(usize, u64, Vec<&str>)> {
    let faults = |row: &'_ bulk::Row| match &row.read {
        Ok(_) => Vec::new(),
        Err(faults) => faults.list().iter().map(|fault| fault.path.clone()).collect(),
    };
    rows.iter()
        .map(|row| {
            (row.number, row.line, faults(row).into_iter().map(|path| &*path.leak()).collect())
        })
        .collect()
}

#[test]
fn a_table_is_read_in_any_order_with_what_it_has_more() {
    let text = "\u{feff}Caller, TRUNK ,category,incident_at,form_numbers,form_shows_date\r\n\
        '+12125550123,west,other_abuse,2026-03-01T14:30:25Z,\"1;2; 3\",Yes\r\n\r\n";
    let rows = csv(text);
    let [row] = rows.as_slice() else { panic!("{rows:?}") };
    let complaint = row.read.as_ref().unwrap();
    assert_eq!((complaint.format, complaint.declared), (Format::Csv, "other_abuse"));
    assert_eq!(complaint.caller.as_ref().unwrap().as_written(), "+12125550123");
    assert_eq!(complaint.extra.fields()["TRUNK"], "west");
    assert_eq!(complaint.form.identifiers.numbers.len(), 3);
    assert_eq!(complaint.form.page.date, Some(true));
}

#[test]
fn a_damaged_row_does_not_stop_the_others() {
    let text = [
        HEADER,
        SOUND,
        "spam,noon,+1,,x\n",
        ",2026-03-01T14:30:25Z,,,\n",
        "junk_fax,2026-03-01T14:30:25Z,+12125550123\n",
        "junk_fax,2027-03-01T14:30:25Z,+12125550123,,\n",
        "\n",
        SOUND,
    ]
    .concat();
    assert_eq!(
        outcomes(&csv(&text)),
        [
            (1, 2, vec![]),
            (2, 3, vec!["category", "incident_at"]),
            (3, 4, vec!["category", "row"]),
            (4, 5, vec!["row"]),
            (5, 6, vec!["incident_at"]),
            (6, 8, vec![]),
        ]
    );
}

#[test]
fn an_open_quote_swallows_no_other_row() {
    for open in ["junk_fax,\"2026-03-01T14:30:25Z,+12125550123,,\n", "\"\n", "a,b,c,d,\"e\n"] {
        let text = [HEADER, SOUND, open, SOUND, SOUND].concat();
        let rows = csv(&text);
        let sound: Vec<bool> = rows.iter().map(|row| row.read.is_ok()).collect();
        assert_eq!(sound, [true, false, true, true], "{open:?}");
        assert_eq!(rows.last().map(|row| row.line), Some(5));
    }
    let quoted = "junk_fax,2026-03-01T14:30:25Z,+12125550123,,\"two\nlines, \"\"quoted\"\"\"\n";
    let rows = csv(&[HEADER, quoted, SOUND].concat());
    assert_eq!(outcomes(&rows), [(1, 2, vec![]), (2, 4, vec![])]);
    let text = rows[0].read.as_ref().unwrap().description.as_ref().unwrap();
    assert_eq!(text.as_written(), "two\nlines, \"quoted\"");
}

#[test]
fn rows_and_files_have_bounds() {
    let long = format!(
        "junk_fax,2026-03-01T14:30:25Z,+12125550123,,{}\n",
        "x".repeat(COMPLAINT_ROW_BYTES_MAX)
    );
    assert_eq!(
        outcomes(&csv(&[HEADER, &long, SOUND].concat())),
        [(1, 2, vec!["row"]), (2, 3, vec![])]
    );
    let wide = HEADER.replace('\n', &",x".repeat(200)) + "\n";
    assert!(bulk::csv(wide.as_bytes(), NOW).is_err());
    for open in ["\"a\n", "\"\n", "a,\"\"\"\n", "\"\"\"\"\n", "\"a\nx\n\"\"\n"] {
        let text = HEADER.to_owned() + &open.repeat(50_000);
        let rows = csv(&text);
        assert!(rows.iter().all(|row| row.read.is_err()));
        assert_eq!(rows.len(), open.matches('\n').count() * 50_000, "a row a line");
    }
    let large = vec![b'\n'; COMPLAINT_ROWS_BYTES_MAX + 1];
    assert!(bulk::csv(&large, NOW).is_err() && bulk::jsonl(&large, NOW).is_err());
    for (header, at) in
        [("", "category"), ("caller\n", "category"), ("category,Category\n", "category")]
    {
        let faults = bulk::csv(header.as_bytes(), NOW).unwrap_err();
        assert_eq!(faults.list()[0].path, at, "{header:?}");
    }
}

#[test]
fn progress_is_bytes_read_of_all() {
    let text = [HEADER, SOUND, SOUND].concat();
    let mut rows = bulk::csv(text.as_bytes(), NOW).unwrap();
    let mut before = rows.progress().0;
    while let Some(row) = rows.next() {
        assert!(row.read.is_ok());
        let (read, all) = rows.progress();
        assert!(before < read && read <= all);
        before = read;
    }
    assert_eq!(text.len() - before, 0);
}

#[test]
fn lines_of_json_are_read_one_by_one() {
    let text = "{\"category\":\"not_junk\",\"incident_at\":\"2026-03-01T14:30:25Z\",\"tsi\":\"ROOFS\",\
        \"pages\":2,\"form_shows_date\":false,\"form_emails\":[\"a@b.example\"],\"_internal\":1,\"x\":{\"_internal\":1}}\r\n\
        \n[]\n{\"category\":1,\"pages\":-1,\"caller\":[],\"form_numbers\":[1]}\n\
        {\"category\":\"junk_fax\",\n\
        {\"category\":\"junk_fax\",\"caller\":\"a\",\"caller\":\"b\"}\n\
        {\"category\":\"remove_me\",\"incident_at\":\"2026-03-01T14:30:25Z\",\"called\":\"+13125550100\"}";
    let rows: Vec<_> = bulk::jsonl(text.as_bytes(), NOW).unwrap().collect();
    assert_eq!(
        outcomes(&rows),
        [
            (1, 1, vec![]),
            (2, 3, vec!["row"]),
            (3, 4, vec!["caller", "category", "form_numbers", "pages", "incident_at"]),
            (4, 5, vec!["$"]),
            (5, 6, vec!["$"]),
            (6, 7, vec![]),
        ]
    );
    let first = rows[0].read.as_ref().unwrap();
    assert_eq!((first.category, first.pages), (Some(Category::NotJunk), Some(2)));
    assert_eq!(serde_json::json!(first.extra.fields()), serde_json::json!({"x": {}}));
    assert_eq!(first.form.page.date, Some(false));
}

/// A complaint with every column set.
fn full(text: &str) -> Complaint {
    let mut complaint = Complaint::empty(Format::Csv, "");
    for column in COLUMNS {
        let sample = match column.name {
            "category" => "other_abuse",
            "abuse" => "flooding",
            "direction" => "outbound",
            "pages" => "17",
            "resolution" => "superfine",
            "form_line" => "business",
            name if name.ends_with("_at") => "2026-03-01T14:30:25.25Z",
            _ => "yes",
        };
        let free = !["category", "abuse", "direction", "pages", "resolution", "form_line"]
            .contains(&column.name)
            && !column.name.ends_with("_at");
        if !free || column.set(&mut complaint, text, NOW).is_err() {
            column.set(&mut complaint, sample, NOW).unwrap();
        }
        assert!(column.get(&complaint).is_some() || text.trim().is_empty(), "{}", column.name);
    }
    complaint
}

#[test]
fn what_is_written_is_read_again() {
    for text in ["x", "=1+1", "'=1", "+12125550123", "a \"quoted\", b", " @x", "-", "''"] {
        let complaint = full(text);
        assert_eq!(complaint.abuse, Some(Abuse::Flooding));
        let mut rows = csv(&bulk::to_csv([&complaint, &complaint]));
        assert_eq!(rows.len(), 2);
        assert_eq!(rows.remove(0).read.unwrap(), complaint, "{text}");
        let line = bulk::to_jsonl(&complaint);
        let mut read = bulk::jsonl(line.as_bytes(), NOW).unwrap().next().unwrap().read.unwrap();
        read.format = Format::Csv;
        assert_eq!(read, complaint, "{text}");
    }
}

proptest! {
    #[test]
    fn any_text_is_written_and_read_again(text in "[^;\\p{Cc}]{1,20}") {
        prop_assume!(!text.trim().is_empty());
        let complaint = full(&text);
        let mut rows = csv(&bulk::to_csv([&complaint]));
        prop_assert_eq!(rows.remove(0).read.unwrap(), complaint);
    }

    #[test]
    fn any_table_ends_with_every_byte_read(pieces in prop::collection::vec(prop::sample::select(vec![
        "\"", "\n", "\r\n", ",", "junk_fax", SOUND, "a", "\u{e9}", "\"\"", "'", "\r",
    ]), 0..60)) {
        let text = HEADER.to_owned() + &pieces.concat();
        let mut rows = bulk::csv(text.as_bytes(), NOW).unwrap();
        let count = rows.by_ref().take(1_000).count();
        prop_assert!(count < 1_000);
        prop_assert_eq!(rows.progress().0, text.len());
    }
}

/// Rows of a file that comes in parts of these sizes, over and over.
fn fed(table: bulk::Table, bytes: &[u8], sizes: &[usize]) -> Result<Vec<String>, Faults> {
    let (mut feed, mut rows, mut rest) = (bulk::Feed::new(table, NOW), Vec::new(), bytes);
    let mut sizes = sizes.iter().cycle();
    while !rest.is_empty() {
        let (part, later) = rest.split_at(sizes.next().unwrap().min(&rest.len()).to_owned());
        feed.push(part)?;
        rest = later;
        while let Some(row) = feed.next_row()? {
            rows.push(format!("{row:?}"));
        }
    }
    feed.end();
    while let Some(row) = feed.next_row()? {
        rows.push(format!("{row:?}"));
    }
    assert_eq!(feed.consumed(), bytes.len());
    Ok(rows)
}

#[test]
fn a_file_without_its_columns_is_refused_however_it_comes() {
    for file in ["", "caller,called\n1,2\n", "\u{feff}category,category\n"] {
        assert!(fed(bulk::Table::Csv, file.as_bytes(), &[3]).is_err(), "{file:?}");
    }
    assert_eq!(fed(bulk::Table::Jsonl, b"\n\n", &[1]).unwrap(), Vec::<String>::new());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Wherever a file is cut, its rows are those of the whole file.
    #[test]
    fn a_file_in_parts_has_the_rows_of_the_whole(
        pieces in proptest::collection::vec(0_usize..9, 0..60),
        sizes in proptest::collection::vec(1_usize..40_000, 1..8),
        mark in any::<bool>(),
    ) {
        let long = format!("{}\n", "x".repeat(40_000));
        let good = "junk_fax,2026-03-01T14:30:25Z,+12125550123,\"two\nlines\"\r\n";
        let words = [
            good,
            "junk_fax,2026-03-01T14:30:25Z,+12125550124,\"never closed\n",
            "nothing,never,,\n",
            "\n\r\n\n",
            &long,
            "x",
            "junk_fax,2026-03-01T14:30:25Z,+12125550125,\u{fffd}\n",
            "a,b\n",
            "not_junk,2026-03-01T14:30:25Z,+12125550126,plain\n",
        ];
        let body: String = pieces.iter().map(|piece| words[*piece]).collect();
        let head = if mark { "\u{feff}" } else { "" };
        let table = format!("{head}category,incident_at,caller,description\n{body}");
        let whole: Vec<String> =
            bulk::csv(table.as_bytes(), NOW).unwrap().map(|row| format!("{row:?}")).collect();
        prop_assert_eq!(fed(bulk::Table::Csv, table.as_bytes(), &sizes).unwrap(), whole);

        let object = "{\"category\":\"junk_fax\",\"incident_at\":\"2026-03-01T14:30:25Z\",\"caller\":\"1\"}\n";
        let lines: String =
            pieces.iter().map(|piece| if *piece == 0 { object } else { words[*piece] }).collect();
        let whole: Vec<String> =
            bulk::jsonl(lines.as_bytes(), NOW).unwrap().map(|row| format!("{row:?}")).collect();
        prop_assert_eq!(fed(bulk::Table::Jsonl, lines.as_bytes(), &sizes).unwrap(), whole);
    }
}

#[test]
fn one_complaint_has_one_text_in_both_files() {
    let table =
        "category,incident_at,caller,ticket\njunk_fax,2026-03-01T14:30:25Z,+12125550123,7\n";
    let line = "{\"ticket\":\"7\",\"caller\":\"+12125550123\",\"category\":\"junk_fax\",\
        \"incident_at\":\"2026-03-01T14:30:25Z\"}";
    let of_table = bulk::csv(table.as_bytes(), NOW).unwrap().next().unwrap().read.unwrap();
    let of_line = bulk::jsonl(line.as_bytes(), NOW).unwrap().next().unwrap().read.unwrap();
    assert_eq!(bulk::canonical(&of_table), bulk::canonical(&of_line));
    let other = table.replace(",7\n", ",8\n");
    let other = bulk::csv(other.as_bytes(), NOW).unwrap().next().unwrap().read.unwrap();
    assert_ne!(bulk::canonical(&of_table), bulk::canonical(&other));
}
