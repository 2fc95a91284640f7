//! Words: codes and names there and back.

use crate::complaint::{Abuse, Category, Cause, Written};

#[test]
fn codes_and_names_lead_back() {
    let codes = [Category::JunkFax, Category::OtherAbuse, Category::NotJunk, Category::RemoveMe];
    for (code, category) in (1_u8..).zip(codes) {
        assert_eq!(category as u8, code);
        assert_eq!(Category::from_code(code), Some(category));
        assert_eq!(Category::from_name(category.name()), Some(category));
    }
    assert_eq!(Category::from_code(0), None);
    assert_eq!(Category::from_code(5), None);
    for (abuse, name) in Abuse::ALL.iter().zip(Abuse::NAMES) {
        assert_eq!(Abuse::from_name(name), Some(*abuse));
        assert_eq!(Abuse::from_code(*abuse as u8), Some(*abuse));
    }
}

#[test]
fn a_text_is_bounded_and_prints_nowhere() {
    assert_eq!(Written::of("abc", 2), Err(Cause::TooLong { most: 2 }));
    let text = Written::of("+12125550123", 64).unwrap();
    assert_eq!(format!("{text:?}"), "Written(masked)");
    assert_eq!(text.as_written(), "+12125550123");
}
