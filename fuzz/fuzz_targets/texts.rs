//! Any text is a number, an ident and a caller's name, or is told apart from one.
#![no_main]

use std::sync::LazyLock;

use faxguard::fax::ident::{Ident, hostile_text};
use faxguard::fax::number::Number;
use faxguard::fax::numbering::{HomeRegion, NumberingPlan};
use libfuzzer_sys::fuzz_target;

static PLAN: LazyLock<NumberingPlan> = LazyLock::new(|| NumberingPlan::new().expect("built-in data"));

fuzz_target!(|bytes: &[u8]| {
    let ident = Ident::read(bytes);
    let _ = (ident.class(), hostile_text(bytes));
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let home = HomeRegion::from_code("US", &PLAN).expect("a region");
    if let Ok(number) = PLAN.parse(text, home) {
        assert_eq!(Number::parse(&number.e164()), Ok(number));
        let _ = (PLAN.facts(number), ident.agrees_with(number));
    }
});
