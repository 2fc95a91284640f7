//! Any bytes are answered by every reader, and any change of a sound report.

use proptest::prelude::*;
use serde_json::Value;

use super::{NOW, junk, samples};
use crate::complaint::{arf, bulk, xarf};

fn everywhere(bytes: &[u8]) {
    let _ = xarf::read(bytes, NOW);
    let _ = xarf::read_strict(bytes, NOW);
    let _ = arf::read(bytes, NOW);
    if let Ok(rows) = bulk::csv(bytes, NOW) {
        assert!(rows.count() <= bytes.len());
    }
    if let Ok(rows) = bulk::jsonl(bytes, NOW) {
        assert!(rows.count() <= bytes.len());
    }
}

/// Any value of JSON.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z_]{1,10}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        everywhere(&bytes);
    }

    #[test]
    fn any_text_of_json_and_tables_is_answered(text in "[\\[\\]{}\":,a-z0-9.\n\r\t\\\\=+-]{0,200}") {
        everywhere(text.as_bytes());
    }

    #[test]
    fn any_field_may_hold_anything(pair in 0_usize..32, field in 0_usize..30, value in value()) {
        let (_, mut sample) = samples::all().swap_remove(pair);
        let fields = sample.as_object_mut().unwrap();
        let name = fields.keys().nth(field % fields.len()).unwrap().clone();
        fields.insert(name, value);
        if let Err(faults) = xarf::read(sample.to_string().as_bytes(), NOW) {
            prop_assert!(!faults.is_empty() && !faults.to_string().is_empty());
        }
    }

    #[test]
    fn any_damage_of_a_report_is_answered(at in 0_usize..900, put in prop::collection::vec(any::<u8>(), 0..6)) {
        let mut bytes = junk().to_string().into_bytes();
        let from = at.min(bytes.len());
        let to = (from + 3).min(bytes.len());
        bytes.splice(from..to, put);
        everywhere(&bytes);
    }
}
