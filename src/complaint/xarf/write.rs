//! XARF: a complaint as a report of version 4.2 for a partner.

use serde_json::{Map, Value, json};

use super::VERSION;
use super::fax::FAX;
use crate::complaint::{
    Category, Complaint, Outgoing, Party, Unsendable, Written, columns, moment, uuid,
};

/// Writes a report of the pair `messaging/spam`, protocol `other`, with the extension object `fax`. It is made of named
/// fields alone: numbers, idents and the name of the campaign as tokens; no evidence, no free text, no kept field, no
/// answer of a form, nobody but the provider. It is read with [`super::read`] before it is given out.
///
/// # Errors
/// See [`Unsendable`].
pub fn write(complaint: &Complaint, outgoing: &Outgoing<'_>) -> Result<Vec<u8>, Unsendable> {
    let category = abuse_of(complaint)?;
    let token = |written: &Written| Value::from(outgoing.redaction.token(written.as_written()));
    let source =
        complaint.caller.as_ref().or(complaint.tsi.as_ref()).ok_or(Unsendable::NoSource)?;
    let mut fax = Map::new();
    let direction = complaint.direction.map(|direction| columns::direction_name(direction).into());
    for (name, value) in [
        ("direction", direction),
        ("called", complaint.called.as_ref().map(token)),
        ("csid", complaint.csi.as_ref().map(token)),
        ("tsi", complaint.tsi.as_ref().map(token)),
        ("pages", complaint.pages.map(Value::from)),
        ("resolution", complaint.resolution.map(|resolution| resolution.name().into())),
        ("call_time", complaint.call_at.map(|time| moment::to_rfc3339(time).into())),
        ("campaign_id", complaint.campaign.as_ref().map(token)),
        ("category", Some(category.name().into())),
        ("abuse", complaint.abuse.map(|abuse| abuse.name().into())),
    ] {
        if let Some(value) = value {
            fax.insert(name.into(), value);
        }
    }
    let time = complaint.call_at.or(complaint.incident_at).unwrap_or(outgoing.now);
    let report = json!({
        "xarf_version": VERSION,
        "report_id": uuid(outgoing.report, 4),
        "timestamp": moment::to_rfc3339(time),
        "reporter": contact(outgoing.from),
        "sender": contact(outgoing.from),
        "source_identifier": token(source),
        "category": "messaging",
        "type": "spam",
        "evidence_source": "user_complaint",
        "protocol": "other",
        FAX: fax,
    });
    let bytes = report.to_string().into_bytes();
    super::read(&bytes, outgoing.now)?;
    Ok(bytes)
}

/// The category of a complaint that may be sent on.
pub(in crate::complaint) fn abuse_of(complaint: &Complaint) -> Result<Category, Unsendable> {
    match complaint.category {
        Some(category @ (Category::JunkFax | Category::OtherAbuse)) => Ok(category),
        Some(Category::NotJunk | Category::RemoveMe) | None => Err(Unsendable::NoAbuse),
    }
}

fn contact(party: &Party) -> Value {
    let text = |text: &Option<Written>| {
        text.as_ref().map(|text| text.as_written().to_owned()).unwrap_or_default()
    };
    json!({
        "org": text(&party.organisation),
        "contact": text(&party.contact),
        "domain": text(&party.domain),
    })
}
