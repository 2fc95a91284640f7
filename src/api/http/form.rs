//! The form: what was typed, as the very message that the other ways in bring, and its faults back at the fields they are of.

use std::collections::BTreeMap;

use jiff::civil;

use super::visitor::{Account, Visitor};
use crate::api::convert::{InvalidField, InvalidRequest, Wall};
use crate::bounds;
use crate::texts::{Language, Word};
use crate::wire::report::v1 as wire;
use wire::file_report_request::Fax;
use wire::reporter::Identity;

/// The fields that are typed or chosen, in the order of the page.
pub(super) const FIELDS: [&str; 27] = [
    "category",
    "abuse",
    "comment",
    "fax",
    "called",
    "date",
    "time",
    "caller",
    "account",
    "contact",
    "name",
    "company",
    "address",
    "telephone",
    "line",
    "shows-date",
    "shows-sender-name",
    "shows-sender-number",
    "advertises",
    "advertised",
    "identifiers",
    "permission",
    "relationship",
    "opt-out-notice",
    "opt-out-free",
    "opt-out-requested",
    "opt-out-date",
];
/// The first of those that stand in the part that can be folded away.
const FOLDED_FROM: usize = 10;
/// The id that a form has from the page it was made on.
pub(super) const REQUEST_ID: &str = "request-id";

/// What the categories are called in the form.
pub(super) const CATEGORIES: [(&str, &str, wire::ReportCategory); 4] = [
    ("junk", "category-junk", wire::ReportCategory::JunkFax),
    ("abuse", "category-abuse", wire::ReportCategory::OtherAbuse),
    ("not-junk", "category-not-junk", wire::ReportCategory::NotJunk),
    ("remove", "category-remove", wire::ReportCategory::RemoveMe),
];
/// What the kinds of other abuse are called in the form.
pub(super) const KINDS: [(&str, &str, wire::AbuseKind); 5] = [
    ("", "abuse-unsaid", wire::AbuseKind::Unspecified),
    ("fraud", "abuse-fraud", wire::AbuseKind::Fraud),
    ("harassment", "abuse-harassment", wire::AbuseKind::Harassment),
    ("flooding", "abuse-flooding", wire::AbuseKind::Flooding),
    ("hijacked", "abuse-hijacked", wire::AbuseKind::HijackedAccount),
];

/// Fields of the message, and the fields of the form that they are made from.
const PLACES: [(&str, &str); 19] = [
    ("reporter.member_id", "account"),
    ("reporter.outsider_contact", "contact"),
    ("decision_id", "fax"),
    ("node_fax", "fax"),
    ("fax", "called"),
    ("description.called_number", "called"),
    ("description.caller_number", "caller"),
    ("description.received_time", "date"),
    ("category", "category"),
    ("abuse_kind", "abuse"),
    ("comment", "comment"),
    ("form.name", "name"),
    ("form.company", "company"),
    ("form.postal_address", "address"),
    ("form.telephone_number", "telephone"),
    ("form.line_kind", "line"),
    ("form.advertised", "advertised"),
    ("form.identifiers", "identifiers"),
    ("form.opt_out_time", "opt-out-date"),
];

/// A fault, as its field shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Told {
    key: &'static str,
    most: Option<u64>,
}

impl Told {
    const fn of(key: &'static str) -> Self {
        Self { key, most: None }
    }

    /// The sentence.
    pub(super) fn words(self, language: &Language) -> String {
        match self.most {
            Some(most) => language.say_with(self.key, &[("most", Word::Count(most))]),
            None => language.say(self.key),
        }
    }
}

/// The faults of a form, by field.
pub(super) type FormFaults = BTreeMap<&'static str, Told>;

/// What was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Form {
    values: BTreeMap<&'static str, String>,
    request: String,
}

impl Form {
    /// An empty form with an id of its own.
    pub(super) fn fresh() -> Self {
        Self { values: BTreeMap::new(), request: fresh_id() }
    }

    /// The known fields of what was sent; the others are not looked at.
    pub(super) fn read(sent: Vec<(String, String)>) -> Self {
        let mut form = Self::default();
        for (name, value) in sent {
            if name == REQUEST_ID {
                form.request = value;
            } else if let Some(field) = FIELDS.into_iter().find(|field| *field == name) {
                let lines = matches!(field, "comment" | "identifiers" | "address" | "advertised");
                let value =
                    if lines { value.replace("\r\n", "\n") } else { value.trim().to_owned() };
                form.values.insert(field, value);
            }
        }
        let sound = |byte: u8| byte.is_ascii_hexdigit();
        if form.request.len() != 32 || !form.request.bytes().all(sound) {
            form.request = fresh_id();
        }
        form
    }

    /// A value; empty where nothing was typed.
    pub(super) fn value(&self, field: &str) -> &str {
        self.values.get(field).map_or("", String::as_str)
    }

    /// The id of the page it was made on.
    pub(super) fn page_id(&self) -> &str {
        &self.request
    }

    /// Whether something was typed in the part that can be folded away.
    pub(super) fn is_unfolded(&self, faults: &FormFaults) -> bool {
        let typed = |field: &&str| !self.value(field).is_empty() || faults.contains_key(*field);
        FIELDS[FOLDED_FROM..].iter().any(typed)
    }

    /// The id of the request: the same page sent again with the same answers is the same report, and with others another.
    fn request_id(&self) -> String {
        let mut digest = blake3::Hasher::new_derive_key("faxguard 2026 report form");
        digest.update(self.request.as_bytes());
        for (field, value) in &self.values {
            for part in [field.as_bytes(), value.as_bytes()] {
                digest.update(&(part.len() as u64).to_be_bytes()).update(part);
            }
        }
        digest.finalize().to_hex()[..32].to_owned()
    }

    /// The message, and the faults that the form itself has.
    pub(super) fn request(
        &self,
        visitor: &Visitor,
        language: &Language,
        wall: &Wall<'_>,
    ) -> (wire::FileReportRequest, FormFaults) {
        let mut faults = FormFaults::new();
        let reporter = self.reporter(&visitor.account, &mut faults);
        let fax = self.fax(wall, &mut faults);
        let category = CATEGORIES.into_iter().find(|(name, ..)| *name == self.value("category"));
        if category.is_none() {
            faults.insert("category", Told::of("fault-choice"));
        }
        let kind = KINDS.into_iter().find(|(name, ..)| *name == self.value("abuse"));
        if kind.is_none() {
            faults.insert("abuse", Told::of("fault-choice"));
        }
        let form = self.answers(&mut faults);
        let request = wire::FileReportRequest {
            request_id: self.request_id(),
            reporter,
            category: category.map_or(0, |(.., category)| category.into()),
            comment: self.value("comment").to_owned(),
            event_time: None,
            context: Some(context(visitor, language.tag())),
            abuse_kind: kind.map_or(0, |(.., kind)| kind.into()),
            form,
            fax,
        };
        (request, faults)
    }

    fn reporter(&self, account: &Account, faults: &mut FormFaults) -> Option<wire::Reporter> {
        let (typed, contact) = (self.value("account"), self.value("contact"));
        let identity = match account {
            Account::SignedIn(member) => Identity::MemberId(member.clone()),
            Account::AsSaid if !typed.is_empty() => Identity::MemberId(typed.to_owned()),
            Account::AsSaid | Account::None if contact.is_empty() => {
                let field = if *account == Account::None { "contact" } else { "account" };
                faults.insert(field, Told::of("fault-who"));
                return None;
            }
            Account::AsSaid | Account::None => Identity::OutsiderContact(contact.to_owned()),
        };
        Some(wire::Reporter { identity: Some(identity) })
    }

    fn fax(&self, wall: &Wall<'_>, faults: &mut FormFaults) -> Option<Fax> {
        let (id, called) = (self.value("fax"), self.value("called"));
        if !id.is_empty() {
            let named = id.to_owned();
            return Some(if id.contains('/') {
                Fax::NodeFax(named)
            } else {
                Fax::DecisionId(named)
            });
        }
        if called.is_empty() {
            faults.insert("called", Told::of("fault-which"));
            // A day that cannot be read is told all the same.
            self.local("date", "time", faults);
            return None;
        }
        let caller = self.value("caller");
        if !caller.is_empty() && wall.plan.parse(caller, wall.home).is_err() {
            faults.insert("caller", Told::of("fault-number"));
        }
        let local = self.local("date", "time", faults);
        Some(Fax::Description(wire::FaxDescription {
            called_number: called.to_owned(),
            caller_number: caller.to_owned(),
            received_time: local.map(|local| there(local, called, wall)),
        }))
    }

    /// A local time from a field for the day and one for the time of day; noon where only the day was given.
    fn local(
        &self,
        day: &'static str,
        time: &'static str,
        faults: &mut FormFaults,
    ) -> Option<civil::DateTime> {
        let (date, clock) = (self.value(day), self.value(time));
        let read = match clock {
            "" => Some(civil::time(12, 0, 0, 0)),
            typed => typed.parse::<civil::Time>().ok(),
        };
        if read.is_none() {
            faults.insert(time, Told::of("fault-time"));
        }
        if date.is_empty() {
            if !clock.is_empty() {
                faults.insert(day, Told::of("fault-day"));
            }
            return None;
        }
        match date.parse::<civil::Date>() {
            Ok(date) => Some(date.to_datetime(read?)),
            Err(_) => {
                faults.insert(day, Told::of("fault-date"));
                None
            }
        }
    }

    /// The answers of form 1088A; none where none was given.
    fn answers(&self, faults: &mut FormFaults) -> Option<wire::JunkFaxForm> {
        if FIELDS[FOLDED_FROM..].iter().all(|field| self.value(field).is_empty()) {
            return None;
        }
        let mut answer = |field: &'static str| match self.value(field) {
            "" => wire::Answer::Unspecified,
            "yes" => wire::Answer::Yes,
            "no" => wire::Answer::No,
            _ => {
                faults.insert(field, Told::of("fault-choice"));
                wire::Answer::Unspecified
            }
        };
        let answers = [
            "shows-date",
            "shows-sender-name",
            "shows-sender-number",
            "advertises",
            "permission",
            "relationship",
            "opt-out-notice",
            "opt-out-free",
            "opt-out-requested",
        ];
        let [shows_date, shows_sender_name, shows_sender_number, advertises, rest @ ..] =
            answers.map(|field| answer(field).into());
        let [permission, business_relationship, opt_out_notice, opt_out_free, opt_out_requested] =
            rest;
        let line_kind = match self.value("line") {
            "" => wire::LineKind::Unspecified,
            "residential" => wire::LineKind::Residential,
            "business" => wire::LineKind::Business,
            _ => {
                faults.insert("line", Told::of("fault-choice"));
                wire::LineKind::Unspecified
            }
        };
        let asked = self.local("opt-out-date", "", faults);
        let identifiers = self.value("identifiers").lines().map(str::trim);
        Some(wire::JunkFaxForm {
            name: self.value("name").to_owned(),
            company: self.value("company").to_owned(),
            postal_address: self.value("address").to_owned(),
            telephone_number: self.value("telephone").to_owned(),
            line_kind: line_kind.into(),
            shows_date,
            shows_sender_name,
            shows_sender_number,
            advertises,
            advertised: self.value("advertised").to_owned(),
            identifiers: identifiers.filter(|line| !line.is_empty()).map(Into::into).collect(),
            permission,
            business_relationship,
            opt_out_notice,
            opt_out_free,
            opt_out_requested,
            opt_out_time: asked.map(|local| stamp(local, 0)),
            ..Default::default()
        })
    }
}

/// Who sent it, as far as the service sees that itself: what a stranger says of its organisation or its payer is nobody's word.
pub(super) fn context(visitor: &Visitor, language: &str) -> wire::ReporterContext {
    wire::ReporterContext {
        address: visitor.address.to_string(),
        language: language.to_owned(),
        ..Default::default()
    }
}

/// Puts the faults of the message at their fields; true where every one has a field.
pub(super) fn place(invalid: &InvalidRequest, faults: &mut FormFaults) -> bool {
    let mut all = true;
    for fault in invalid.faults() {
        let path = fault.path().split('[').next().unwrap_or_default();
        // Where there is no reporter, the form has said which of its fields is wanted.
        if path == "reporter" && !faults.is_empty() {
            continue;
        }
        match PLACES.into_iter().find(|(has, _)| *has == path) {
            // What the form has said of a field is the nearer word.
            Some((_, field)) => {
                faults.entry(field).or_insert(told(fault.cause()));
            }
            None => all = false,
        }
    }
    all || !faults.is_empty()
}

fn told(cause: InvalidField) -> Told {
    let wide = |count: usize| u64::try_from(count).ok();
    if cause == InvalidField::Absent {
        return Told::of("fault-absent");
    }
    if let InvalidField::TooLong { most, .. } = cause {
        return Told { key: "fault-too-long", most: wide(most) };
    }
    if let InvalidField::TooMany { most, .. } = cause {
        return Told { key: "fault-too-many", most: wide(most) };
    }
    Told::of(if matches!(cause, InvalidField::ControlCharacter { .. }) {
        "fault-characters"
    } else if matches!(cause, InvalidField::Number(_)) {
        "fault-number"
    } else if cause == InvalidField::Time {
        "fault-date"
    } else if cause == InvalidField::NotAnId {
        "fault-id"
    } else if matches!(cause, InvalidField::UnknownValue { .. }) {
        "fault-choice"
    } else {
        "fault-other"
    })
}

/// What is wrong with a fax that was named, by the field it was named in.
pub(super) fn about_fax(form: &Form, key: &'static str) -> FormFaults {
    let field = if form.value("fax").is_empty() { "called" } else { "fax" };
    FormFaults::from([(field, Told::of(key))])
}

/// The instant of a local time at a number: its prefix tells the time zone; UTC where it does not.
fn there(local: civil::DateTime, called: &str, wall: &Wall<'_>) -> pbjson_types::Timestamp {
    let number = wall.plan.parse(called, wall.home).ok();
    let zone = number.and_then(|number| wall.plan.zones(number).first().copied());
    let bare = stamp(local, 0).seconds;
    // The offset depends on the instant: the first guess is off by the offset itself at most.
    let offset = zone.map_or(0, |zone| {
        let guess = zone.utc_offset_seconds(bare);
        zone.utc_offset_seconds(bare - i64::from(guess))
    });
    stamp(local, offset)
}

fn stamp(local: civil::DateTime, offset: i32) -> pbjson_types::Timestamp {
    // What is no instant is no time of a fax either, which the conversion says.
    let instant = jiff::tz::TimeZone::UTC.to_timestamp(local);
    let seconds = instant.map_or(-1, jiff::Timestamp::as_second);
    pbjson_types::Timestamp { seconds: seconds - i64::from(offset), nanos: 0 }
}

/// An id that nobody else has. Where there is no randomness it is empty, and the answers alone make the report's.
fn fresh_id() -> String {
    let mut bytes = [0; 16];
    if getrandom::fill(&mut bytes).is_err() {
        return String::new();
    }
    format!("{:032x}", u128::from_be_bytes(bytes))
}

const _: () = assert!(bounds::ID_BYTES_MAX >= 32);
