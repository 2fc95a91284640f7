//! XARF: the extension object `fax`, ours, which a report of any pair may carry.

use serde_json::{Map, Value};

use super::schema::Kind::{OneOf, Open, Shaped, Text, Whole};
use super::schema::{Check, Field, Shape, may};
use crate::complaint::columns::{self, FORM, NUMBER_BYTES};
use crate::complaint::fault::{Cause, Faults, Path};
use crate::complaint::{Abuse, Category, Complaint, Resolution, moment};
use crate::time::Timestamp;

/// Name of the object.
pub(super) const FAX: &str = "fax";
/// Name of the object within it that holds the answers of FCC form 1088A.
pub(super) const FORM_1088A: &str = "form_1088a";

const FIELDS: &[Field] = &[may(
    FAX,
    Open(&[
        may("direction", OneOf(&["inbound", "outbound"])),
        may("called", Text(NUMBER_BYTES)),
        may("csid", Text(NUMBER_BYTES)),
        may("tsi", Text(NUMBER_BYTES)),
        may("pages", Whole { least: 0, most: 10_000 }),
        may("resolution", OneOf(Resolution::NAMES)),
        may("call_time", Shaped(Shape::Moment)),
        may("campaign_id", Text(NUMBER_BYTES)),
        may("category", OneOf(Category::NAMES)),
        may("abuse", OneOf(Abuse::NAMES)),
        may(FORM_1088A, Open(&[])),
    ]),
)];

/// Checks the object where there is one.
pub(super) fn check(report: &Map<String, Value>, check: &mut Check) {
    check.fields(Path::Root, report, FIELDS);
}

/// Takes the object out; whether there was one. What it says beyond ours stays.
pub(super) fn lift(
    report: &mut Map<String, Value>,
    complaint: &mut Complaint,
    now: Timestamp,
    faults: &mut Faults,
) -> bool {
    let Some(Value::Object(fax)) = report.get_mut(FAX) else { return false };
    let path = Path::Field(&Path::Root, FAX);
    let form = fax.remove(FORM_1088A);
    let word = |value: Option<Value>| value.and_then(|value| Some(value.as_str()?.to_owned()));
    let direction = word(fax.remove("direction"));
    complaint.direction = direction.as_deref().and_then(columns::direction);
    complaint.called = super::text(fax.remove("called").as_ref(), NUMBER_BYTES);
    complaint.csi = super::text(fax.remove("csid").as_ref(), NUMBER_BYTES);
    complaint.tsi = super::text(fax.remove("tsi").as_ref(), NUMBER_BYTES);
    complaint.campaign = super::text(fax.remove("campaign_id").as_ref(), NUMBER_BYTES);
    let pages = fax.remove("pages").and_then(|pages| pages.as_u64());
    complaint.pages = columns::pages(pages).ok();
    let resolution = word(fax.remove("resolution"));
    complaint.resolution = resolution.as_deref().and_then(Resolution::from_name);
    let category = word(fax.remove("category"));
    complaint.category = category.as_deref().and_then(Category::from_name);
    complaint.abuse = word(fax.remove("abuse")).as_deref().and_then(Abuse::from_name);
    if let Some(time) = super::time(fax.remove("call_time").as_ref()) {
        match moment::not_ahead(time, now) {
            Ok(time) => complaint.call_at = Some(time),
            Err(cause) => faults.add(Path::Field(&path, "call_time"), cause),
        }
    }
    if fax.is_empty() {
        report.remove(FAX);
    }
    if let Some(Value::Object(form)) = form {
        lift_form(form, complaint, now, faults);
    }
    true
}

fn lift_form(
    form: Map<String, Value>,
    complaint: &mut Complaint,
    now: Timestamp,
    faults: &mut Faults,
) {
    let path = Path::Field(&Path::Root, FAX);
    let path = Path::Field(&path, FORM_1088A);
    for column in columns::form() {
        let name = column.name.trim_start_matches(FORM);
        if let Some(value) = form.get(name)
            && let Err(cause) = column.set_json(complaint, value, now)
        {
            faults.add(Path::Field(&path, name), cause);
        }
    }
    let known =
        |name: &str| columns::form().any(|column| column.name.trim_start_matches(FORM) == name);
    if let Some(at) = form.keys().position(|name| !known(name)) {
        let allowed = &["see the columns that begin with form_"];
        faults.add(path, Cause::Undefined { at: at + 1, allowed });
    }
}
