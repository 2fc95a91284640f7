//! The contract is held to its own rules: comments everywhere, enums that begin with nothing, no page bytes, and
//! no change that an older node would misread. `UPDATE=1` renews the golden descriptor set.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test fails the test, as the test itself would"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use faxguard::wire::DESCRIPTOR_SET;
use prost::Message;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
    FileDescriptorSet,
};

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/api.binpb");
/// Fields of bytes: a fax that the service is to read and the map of a page, which are content; which bits of a mark are
/// unsure; a key.
const BYTES: [&str; 6] = [
    "faxguard.report.v1.FileComplaintRequest.report",
    "faxguard.report.v1.ImportComplaintsRequest.chunk",
    "faxguard.screening.v1.FingerprintFaxRequest.tiff",
    "faxguard.screening.v1.PageFingerprint.ink_map",
    "faxguard.screening.v1.FingerprintMark.weak_bits",
    "faxguard.screening.v1.FingerprintKey.secret",
];

fn ours(set: &FileDescriptorSet) -> impl Iterator<Item = &FileDescriptorProto> {
    set.file.iter().filter(|file| file.package().starts_with("faxguard."))
}

fn current() -> FileDescriptorSet {
    FileDescriptorSet::decode(DESCRIPTOR_SET).unwrap()
}

/// Every message of a file by its full name, nested ones too.
fn messages(file: &FileDescriptorProto) -> BTreeMap<String, &DescriptorProto> {
    let mut found = BTreeMap::new();
    let mut open: Vec<(String, &DescriptorProto)> = file
        .message_type
        .iter()
        .map(|message| (format!("{}.{}", file.package(), message.name()), message))
        .collect();
    while let Some((name, message)) = open.pop() {
        for nested in &message.nested_type {
            open.push((format!("{name}.{}", nested.name()), nested));
        }
        found.insert(name, message);
    }
    found
}

fn enums(file: &FileDescriptorProto) -> BTreeMap<String, &EnumDescriptorProto> {
    let mut found: BTreeMap<String, &EnumDescriptorProto> = file
        .enum_type
        .iter()
        .map(|item| (format!("{}.{}", file.package(), item.name()), item))
        .collect();
    for (name, message) in messages(file) {
        for item in &message.enum_type {
            found.insert(format!("{name}.{}", item.name()), item);
        }
    }
    found
}

#[test]
fn every_enum_begins_with_nothing() {
    for file in ours(&current()) {
        for (name, item) in enums(file) {
            let mut prefix = String::new();
            for letter in item.name().chars() {
                if letter.is_ascii_uppercase() && !prefix.is_empty() {
                    prefix.push('_');
                }
                prefix.push(letter.to_ascii_uppercase());
            }
            assert_eq!(item.value[0].name(), format!("{prefix}_UNSPECIFIED"), "{name}");
            assert_eq!(item.value[0].number(), 0, "{name}");
            for value in &item.value {
                assert!(value.name().starts_with(&format!("{prefix}_")), "{name}");
            }
        }
    }
}

/// A span names one of these and never a path as a caller wrote it.
#[test]
fn every_method_has_a_name_for_its_spans() {
    let set = current();
    let mut methods = BTreeSet::new();
    let envoys = set.file.iter().filter(|file| file.package().starts_with("envoy."));
    for file in ours(&set).chain(envoys) {
        for service in &file.service {
            for method in &service.method {
                methods.insert(format!("/{}.{}/{}", file.package(), service.name(), method.name()));
            }
        }
    }
    let known = faxguard::api::trace::METHODS.map(str::to_owned);
    assert_eq!(BTreeSet::from(known), methods);
}

/// A call of a stream may rest; the port must know which they are.
#[test]
fn every_method_whose_caller_streams_is_known_to_the_port() {
    let set = current();
    let mut streams = BTreeSet::new();
    for file in ours(&set) {
        for service in &file.service {
            for method in service.method.iter().filter(|method| method.client_streaming()) {
                streams.insert(format!("/{}.{}/{}", file.package(), service.name(), method.name()));
            }
        }
    }
    let known = faxguard::api::grpc::CALLER_STREAMS;
    let known = known.into_iter().filter(|path| path.starts_with("/faxguard."));
    assert_eq!(known.map(str::to_owned).collect::<BTreeSet<_>>(), streams);
}

#[test]
fn no_message_carries_page_bytes_but_a_fax_to_be_read_and_the_map_of_a_fingerprint() {
    for file in ours(&current()) {
        for (name, message) in messages(file) {
            for field in message.field.iter().filter(|field| field.r#type() == Type::Bytes) {
                let field = format!("{name}.{}", field.name());
                assert!(BYTES.contains(&field.as_str()), "{field}");
            }
        }
    }
}

#[test]
fn every_element_is_commented() {
    for file in ours(&current()) {
        let info = file.source_code_info.as_ref().expect("the descriptor set has source info");
        let commented: BTreeSet<&[i32]> = info
            .location
            .iter()
            .filter(|place| place.leading_comments().trim().len() > 2)
            .map(|place| place.path.as_slice())
            .collect();
        let assert_commented = |path: &[i32], name: &str| {
            assert!(commented.contains(path), "{} {name} has no comment", file.name());
        };
        for (at, service) in (0..).zip(&file.service) {
            assert_commented(&[6, at], service.name());
            for (inner, method) in (0..).zip(&service.method) {
                assert_commented(&[6, at, 2, inner], method.name());
            }
        }
        for (at, item) in (0..).zip(&file.enum_type) {
            assert_commented(&[5, at], item.name());
            for (inner, value) in (0..).zip(&item.value) {
                assert_commented(&[5, at, 2, inner], value.name());
            }
        }
        for (at, message) in (0..).zip(&file.message_type) {
            assert_commented(&[4, at], message.name());
            assert!(message.nested_type.is_empty(), "{}: nothing nests here", message.name());
            for (inner, field) in (0..).zip(&message.field) {
                assert_commented(&[4, at, 2, inner], field.name());
            }
            for (inner, choice) in (0..).zip(&message.oneof_decl) {
                assert_commented(&[4, at, 8, inner], choice.name());
            }
        }
    }
}

#[test]
fn an_older_node_is_still_understood() {
    let mut set = current();
    if std::env::var_os("UPDATE").is_some() {
        set.file.retain(|file| file.package().starts_with("faxguard."));
        set.file.iter_mut().for_each(|file| file.source_code_info = None);
        std::fs::create_dir_all(Path::new(GOLDEN).parent().unwrap()).unwrap();
        std::fs::write(GOLDEN, set.encode_to_vec()).unwrap();
    }
    let golden = std::fs::read(GOLDEN).expect("run once with UPDATE=1 to make the golden file");
    let golden = FileDescriptorSet::decode(golden.as_slice()).unwrap();
    let faults = breaking(&golden, &current());
    assert!(faults.is_empty(), "breaking changes:\n{}", faults.join("\n"));
}

#[test]
fn breaking_changes_are_seen() {
    let damage: [fn(&mut FileDescriptorProto); 6] = [
        |file| drop(file.message_type.remove(0)),
        |file| drop(file.message_type[0].field.remove(0)),
        |file| file.message_type[0].field[0].number = Some(99),
        |file| file.message_type[0].field[0].set_type(Type::Int64),
        |file| file.message_type[0].field[0].set_label(Label::Repeated),
        |file| drop(file.service[0].method.remove(0)),
    ];
    for (at, harm) in damage.into_iter().enumerate() {
        let mut set = current();
        let file = set
            .file
            .iter_mut()
            .find(|file| !file.service.is_empty() && file.package() == "faxguard.screening.v1")
            .unwrap();
        harm(file);
        assert!(!breaking(&current(), &set).is_empty(), "damage {at} went unseen");
    }
    assert!(breaking(&current(), &current()).is_empty());
}

/// What in `after` an older peer would misread, in wire format and in JSON.
fn breaking(before: &FileDescriptorSet, after: &FileDescriptorSet) -> Vec<String> {
    let mut faults = Vec::new();
    let messages_after: BTreeMap<_, _> = ours(after).flat_map(messages).collect();
    let enums_after: BTreeMap<_, _> = ours(after).flat_map(enums).collect();
    let methods_after: BTreeSet<_> = ours(after).flat_map(methods).collect();
    for file in ours(before) {
        for method in methods(file) {
            if !methods_after.contains(&method) {
                faults.push(format!("{method} is gone or has another shape"));
            }
        }
        for (name, old) in messages(file) {
            match messages_after.get(&name) {
                Some(new) => compare_fields(&name, old, new, &mut faults),
                None => faults.push(format!("{name} is gone")),
            }
        }
        for (name, old) in enums(file) {
            let new = enums_after.get(&name);
            for value in &old.value {
                let kept = new.is_some_and(|new| {
                    new.value.iter().any(|other| {
                        other.name() == value.name() && other.number() == value.number()
                    })
                });
                if !kept {
                    faults.push(format!("{name}.{} is gone or renumbered", value.name()));
                }
            }
        }
    }
    faults
}

fn methods(file: &FileDescriptorProto) -> Vec<String> {
    let shape = |streams: bool| if streams { "stream " } else { "" };
    let services = file.service.iter();
    services
        .flat_map(|service| {
            service.method.iter().map(|method| {
                format!(
                    "{}.{}.{}({}{}) -> {}{}",
                    file.package(),
                    service.name(),
                    method.name(),
                    shape(method.client_streaming()),
                    method.input_type(),
                    shape(method.server_streaming()),
                    method.output_type(),
                )
            })
        })
        .collect()
}

fn compare_fields(
    message: &str,
    old: &DescriptorProto,
    new: &DescriptorProto,
    faults: &mut Vec<String>,
) {
    let meaning = |owner: &DescriptorProto, field: &FieldDescriptorProto| {
        let choice = field.oneof_index.and_then(|at| usize::try_from(at).ok());
        let choice = choice.map(|at| owner.oneof_decl[at].name().to_owned());
        (field.r#type(), field.label(), field.type_name().to_owned(), choice)
    };
    for field in &old.field {
        let same_number = new.field.iter().find(|other| other.number() == field.number());
        match same_number {
            Some(other) if other.name() != field.name() => {
                faults.push(format!("{message}.{} is renamed or renumbered", field.name()));
            }
            Some(other) if meaning(new, other) != meaning(old, field) => {
                faults.push(format!("{message}.{} means something else", field.name()));
            }
            Some(_) => {}
            None => {
                let number = field.number();
                let reserved = new
                    .reserved_range
                    .iter()
                    .any(|range| (range.start()..range.end()).contains(&number));
                let name_reserved = new.reserved_name.iter().any(|name| name == field.name());
                if !(reserved && name_reserved) {
                    faults.push(format!("{message}.{} is gone and not reserved", field.name()));
                }
            }
        }
    }
}

/// What pages are recognised by, and the keys to it, are in no log, however a message gets there.
#[test]
fn fingerprints_and_keys_do_not_print() {
    use faxguard::wire::screening::v1 as wire;
    let mark = wire::FingerprintMark { column: 77, row: 77, bits: 77, weak_bits: vec![77; 8] };
    let print = wire::Fingerprint { epoch: 77, chunk_keys: vec![77], marks: vec![mark] };
    let page = wire::PageFingerprint {
        page_number: 77,
        fingerprints: vec![print],
        ink_map: vec![77; 216],
    };
    let request = wire::ScreenFaxRequest {
        stage: Some(wire::screen_fax_request::Stage::Page(wire::Page {
            fingerprint: Some(page),
            ..Default::default()
        })),
        ..Default::default()
    };
    let wish = wire::FingerprintWish {
        keys: vec![wire::FingerprintKey { epoch: 77, secret: vec![77; 32] }],
        ..Default::default()
    };
    let fax = wire::FingerprintFaxRequest { tiff: vec![77; 9], ..Default::default() };
    let printed = format!("{request:?} {wish:?} {fax:?}");
    assert!(
        printed.contains("FingerprintFaxRequest")
            && printed.contains("PageFingerprint")
            && printed.contains("FingerprintKey")
    );
    assert!(!printed.contains("77"), "{printed}");
}
