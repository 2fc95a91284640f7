//! The fields of a complaint by name: columns of a table, keys of a line of JSON, the form within XARF.
//!
//! One list for all of them, so that what is read can be written and what is written can be read.

use serde_json::Value;

use super::fault::Cause;
use super::{Abuse, Category, Complaint, Direction, LineUse, Resolution, Written, moment};
use crate::bounds::PAGES_MAX;
use crate::time::Timestamp;

/// How the columns of FCC form 1088A begin.
pub const FORM: &str = "form_";
/// Longest number or ident, in bytes.
pub(super) const NUMBER_BYTES: usize = 64;
/// Longest name, in bytes: 200 characters of XARF.
pub(super) const NAME_BYTES: usize = 800;
/// Longest address for mail, in bytes (RFC 5321 section 4.5.3.1).
pub(super) const CONTACT_BYTES: usize = 320;
/// Longest domain, or name of a report, in bytes.
pub(super) const DOMAIN_BYTES: usize = 255;
/// Longest free text, in bytes: 1,000 characters of XARF.
pub(super) const TEXT_BYTES: usize = 4_000;
/// Most entries of a list.
const LIST_MAX: usize = 50;

const TRUTH: &[&str] = &["yes", "no"];
const DIRECTIONS: &[&str] = &["inbound", "outbound"];

/// One named field.
#[derive(Debug)]
pub struct Column {
    /// Its name: header of a column, key of an object.
    pub name: &'static str,
    /// What it holds, for people.
    pub title: &'static str,
    slot: Slot,
}

type Of<T> = fn(&Complaint) -> &T;
type Into<T> = fn(&mut Complaint) -> &mut T;

/// Where a field stands in a complaint, and how it is written.
#[derive(Debug)]
enum Slot {
    Text(usize, Of<Option<Written>>, Into<Option<Written>>),
    List(usize, Of<Vec<Written>>, Into<Vec<Written>>),
    Time(Of<Option<Timestamp>>, Into<Option<Timestamp>>),
    Truth(Of<Option<bool>>, Into<Option<bool>>),
    Pages,
    Category,
    Abuse,
    Direction,
    Resolution,
    Line,
}

macro_rules! column {
    (Text $most:ident $name:literal $title:literal $($path:ident).+) => {
        Column { name: $name, title: $title, slot: Slot::Text($most, |c| &c.$($path).+, |c| &mut c.$($path).+) }
    };
    (List $most:ident $name:literal $title:literal $($path:ident).+) => {
        Column { name: $name, title: $title, slot: Slot::List($most, |c| &c.$($path).+, |c| &mut c.$($path).+) }
    };
    (Time $name:literal $title:literal $($path:ident).+) => {
        Column { name: $name, title: $title, slot: Slot::Time(|c| &c.$($path).+, |c| &mut c.$($path).+) }
    };
    (Truth $name:literal $title:literal $($path:ident).+) => {
        Column { name: $name, title: $title, slot: Slot::Truth(|c| &c.$($path).+, |c| &mut c.$($path).+) }
    };
    ($slot:ident $name:literal $title:literal) => {
        Column { name: $name, title: $title, slot: Slot::$slot }
    };
}

/// All of them, in the order in which tables are written.
#[rustfmt::skip]
pub static COLUMNS: &[Column] = &[
    column!(Text DOMAIN_BYTES "report_id" "Sender's name of the report" report_id),
    column!(Category "category" "Category"),
    column!(Abuse "abuse" "Kind of other abuse"),
    column!(Time "incident_at" "When it happened" incident_at),
    column!(Time "reported_at" "When it was written down" reported_at),
    column!(Direction "direction" "Direction"),
    column!(Text NUMBER_BYTES "called" "Called number" called),
    column!(Text NUMBER_BYTES "caller" "Caller number" caller),
    column!(Text NUMBER_BYTES "tsi" "Ident of the sending machine" tsi),
    column!(Text NUMBER_BYTES "csi" "Ident of the called machine" csi),
    column!(Pages "pages" "Pages"),
    column!(Resolution "resolution" "Resolution"),
    column!(Time "call_at" "When the call began" call_at),
    column!(Text NUMBER_BYTES "campaign" "Campaign" campaign),
    column!(Text TEXT_BYTES "description" "Description" description),
    column!(Text NAME_BYTES "reporter_org" "Reporting organisation" reporter.organisation),
    column!(Text CONTACT_BYTES "reporter_contact" "Its e-mail address" reporter.contact),
    column!(Text DOMAIN_BYTES "reporter_domain" "Its domain" reporter.domain),
    column!(Text NAME_BYTES "behalf_org" "On behalf of" on_behalf_of.organisation),
    column!(Text CONTACT_BYTES "behalf_contact" "Its e-mail address" on_behalf_of.contact),
    column!(Text DOMAIN_BYTES "behalf_domain" "Its domain" on_behalf_of.domain),
    column!(Text NAME_BYTES "form_consumer_name" "Name of the consumer" form.consumer.name),
    column!(Text NAME_BYTES "form_company" "Company" form.consumer.company),
    column!(Text NAME_BYTES "form_address" "Address" form.consumer.address),
    column!(Text NUMBER_BYTES "form_phone" "Telephone number where you can be reached" form.consumer.phone),
    column!(Text CONTACT_BYTES "form_email" "E-mail address" form.consumer.email),
    column!(Text NUMBER_BYTES "form_received_on" "Number that received the fax" form.received_on),
    column!(Line "form_line" "Residential or business line"),
    column!(Time "form_received_at" "Date and time of the fax" form.received_at),
    column!(Truth "form_shows_date" "Does the fax show the date and time of sending" form.page.date),
    column!(Truth "form_shows_sender_name" "Does it show the name of the sender" form.page.sender_name),
    column!(Truth "form_shows_sender_number" "Does it show the number of the sender" form.page.sender_number),
    column!(Text TEXT_BYTES "form_advertised" "What is advertised" form.advertised),
    column!(List NUMBER_BYTES "form_numbers" "Telephone and fax numbers on the fax" form.identifiers.numbers),
    column!(List NAME_BYTES "form_addresses" "Addresses on the fax" form.identifiers.addresses),
    column!(List CONTACT_BYTES "form_emails" "E-mail addresses on the fax" form.identifiers.emails),
    column!(List NAME_BYTES "form_web_sites" "Web sites on the fax" form.identifiers.web_sites),
    column!(List NAME_BYTES "form_business_names" "Business names on the fax" form.identifiers.business_names),
    column!(Truth "form_prior_permission" "Did you give permission for such faxes" form.prior_permission),
    column!(Truth "form_established_relationship" "Had you an established business relationship" form.established_relationship),
    column!(Truth "form_opt_out_notice" "Does the fax say how to opt out" form.opt_out.notice),
    column!(Truth "form_opt_out_cost_free" "Does it name a way that costs nothing" form.opt_out.cost_free),
    column!(Truth "form_opt_out_requested" "Did you ask to opt out" form.opt_out.requested),
    column!(Time "form_opt_out_requested_at" "When did you ask" form.opt_out.requested_at),
    column!(Truth "form_do_not_fax_asked" "Had you asked the sender before not to fax" form.do_not_fax_asked),
];

/// The column of that name.
pub(super) fn named(name: &str) -> Option<&'static Column> {
    COLUMNS.iter().find(|column| column.name == name)
}

/// The columns of FCC form 1088A.
pub(super) fn form() -> impl Iterator<Item = &'static Column> {
    COLUMNS.iter().filter(|column| column.name.starts_with(FORM))
}

impl Column {
    /// Sets the field from a cell; an empty one says nothing. Entries of a list stand behind semicolons.
    pub(super) fn set(&self, to: &mut Complaint, cell: &str, now: Timestamp) -> Result<(), Cause> {
        let text = cell.trim();
        if text.is_empty() {
            return Ok(());
        }
        match &self.slot {
            Slot::Text(most, _, into) => *into(to) = Some(Written::of(cell, *most)?),
            Slot::List(most, _, into) => {
                let entries = text.split(';').map(str::trim).filter(|entry| !entry.is_empty());
                *into(to) = list(entries, *most)?;
            }
            Slot::Time(_, into) => *into(to) = Some(time(text, now)?),
            Slot::Truth(_, into) => *into(to) = Some(truth(text)?),
            Slot::Pages => to.pages = Some(pages(text.parse().ok())?),
            Slot::Category => {
                let category = word(text, Category::from_name, Category::NAMES)?;
                to.category = Some(category);
                to.declared = category.name();
            }
            Slot::Abuse => to.abuse = Some(word(text, Abuse::from_name, Abuse::NAMES)?),
            Slot::Direction => to.direction = Some(word(text, direction, DIRECTIONS)?),
            Slot::Resolution => {
                to.resolution = Some(word(text, Resolution::from_name, Resolution::NAMES)?);
            }
            Slot::Line => to.form.line = Some(word(text, LineUse::from_name, LineUse::NAMES)?),
        }
        Ok(())
    }

    /// Sets the field from a value of JSON: text as in a cell, `true` and `false`, a number, a list of texts.
    pub(super) fn set_json(
        &self,
        to: &mut Complaint,
        value: &Value,
        now: Timestamp,
    ) -> Result<(), Cause> {
        match (&self.slot, value) {
            (_, Value::Null) => Ok(()),
            (_, Value::String(text)) => self.set(to, text, now),
            (Slot::Truth(_, into), Value::Bool(answer)) => {
                *into(to) = Some(*answer);
                Ok(())
            }
            (Slot::Pages, Value::Number(number)) => {
                to.pages = Some(pages(number.as_u64())?);
                Ok(())
            }
            (Slot::List(most, _, into), Value::Array(entries)) => {
                let texts: Option<Vec<&str>> = entries.iter().map(Value::as_str).collect();
                let texts = texts.ok_or(Cause::Kind { wanted: "a list of texts" })?;
                *into(to) = list(texts.into_iter(), *most)?;
                Ok(())
            }
            _ => Err(Cause::Kind { wanted: self.wanted() }),
        }
    }

    const fn wanted(&self) -> &'static str {
        match self.slot {
            Slot::List(..) => "a list of texts",
            Slot::Truth(..) => "true or false",
            Slot::Pages => "a whole number",
            Slot::Text(..)
            | Slot::Time(..)
            | Slot::Category
            | Slot::Abuse
            | Slot::Direction
            | Slot::Resolution
            | Slot::Line => "a text",
        }
    }

    /// The field as a cell; `None` where it says nothing.
    #[must_use]
    pub fn get(&self, of: &Complaint) -> Option<String> {
        match &self.slot {
            Slot::Text(_, get, _) => get(of).as_ref().map(|text| text.as_written().to_owned()),
            Slot::List(_, get, _) => {
                let entries: Vec<&str> = get(of).iter().map(Written::as_written).collect();
                (!entries.is_empty()).then(|| entries.join(";"))
            }
            Slot::Time(get, _) => get(of).map(moment::to_rfc3339),
            Slot::Truth(get, _) => get(of).map(|yes| if yes { "yes" } else { "no" }.to_owned()),
            Slot::Pages => of.pages.map(|pages| pages.to_string()),
            Slot::Category => of.category.map(|category| category.name().to_owned()),
            Slot::Abuse => of.abuse.map(|abuse| abuse.name().to_owned()),
            Slot::Direction => of.direction.map(|direction| direction_name(direction).to_owned()),
            Slot::Resolution => of.resolution.map(|resolution| resolution.name().to_owned()),
            Slot::Line => of.form.line.map(|line| line.name().to_owned()),
        }
    }

    /// The field as a value of JSON.
    pub(super) fn get_json(&self, of: &Complaint) -> Option<Value> {
        match &self.slot {
            Slot::List(_, get, _) => {
                let entries = get(of).iter().map(|entry| Value::from(entry.as_written()));
                let entries: Vec<Value> = entries.collect();
                (!entries.is_empty()).then_some(Value::Array(entries))
            }
            Slot::Truth(get, _) => get(of).map(Value::Bool),
            Slot::Pages => of.pages.map(Value::from),
            Slot::Text(..)
            | Slot::Time(..)
            | Slot::Category
            | Slot::Abuse
            | Slot::Direction
            | Slot::Resolution
            | Slot::Line => self.get(of).map(Value::String),
        }
    }
}

fn word<T>(
    text: &str,
    read: fn(&str) -> Option<T>,
    allowed: &'static [&'static str],
) -> Result<T, Cause> {
    read(text).or_else(|| read(&text.to_ascii_lowercase())).ok_or(Cause::NotOneOf { allowed })
}

fn list<'a>(entries: impl Iterator<Item = &'a str>, most: usize) -> Result<Vec<Written>, Cause> {
    let mut list = Vec::new();
    for entry in entries {
        if list.len() == LIST_MAX {
            return Err(Cause::TooMany { most: LIST_MAX });
        }
        list.push(Written::of(entry, most)?);
    }
    Ok(list)
}

fn time(text: &str, now: Timestamp) -> Result<Timestamp, Cause> {
    let wanted = "a time as `2026-03-01T14:30:25Z` (RFC 3339, with its offset)";
    moment::not_ahead(moment::rfc3339(text).ok_or(Cause::Shape { wanted })?, now)
}

fn truth(text: &str) -> Result<bool, Cause> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "true" | "y" | "1" => Ok(true),
        "no" | "false" | "n" | "0" => Ok(false),
        _ => Err(Cause::NotOneOf { allowed: TRUTH }),
    }
}

/// Pages within their bound.
pub(super) fn pages(pages: Option<u64>) -> Result<u32, Cause> {
    let within = pages.and_then(|pages| u32::try_from(pages).ok());
    within
        .filter(|pages| *pages <= PAGES_MAX)
        .ok_or(Cause::OutOfRange { least: 0, most: i64::from(PAGES_MAX) })
}

/// The direction of that name.
pub(super) fn direction(name: &str) -> Option<Direction> {
    match name {
        "inbound" => Some(Direction::Inbound),
        "outbound" => Some(Direction::Outbound),
        _ => None,
    }
}

/// The name of a direction.
pub(super) const fn direction_name(direction: Direction) -> &'static str {
    match direction {
        Direction::Inbound => "inbound",
        Direction::Outbound => "outbound",
    }
}
