//! ARF: a complaint as an e-mail for a partner.

use std::fmt::Write;

use crate::complaint::fault::{Cause, Faults};
use crate::complaint::xarf::shape::{is_email, is_hostname};
use crate::complaint::xarf::write::abuse_of;
use crate::complaint::{Abuse, Complaint, Outgoing, Unsendable, Written, columns, moment, uuid};

/// Writes a report, all ASCII, lines ended by CR LF, without `To`: the mailer adds it. Made of named fields alone, as
/// [`crate::complaint::xarf::write()`] is; the original message is a head that holds tokens (RFC 5965 section 2d lets it be
/// a head alone). It is read with [`super::read`] before it is given out.
///
/// # Errors
/// See [`Unsendable`].
pub fn write(complaint: &Complaint, outgoing: &Outgoing<'_>) -> Result<Vec<u8>, Unsendable> {
    abuse_of(complaint)?;
    let token = |written: &Written| outgoing.redaction.token(written.as_written());
    let source =
        complaint.caller.as_ref().or(complaint.tsi.as_ref()).ok_or(Unsendable::NoSource)?;
    let (contact, domain) = sender(outgoing)?;
    let id = uuid(outgoing.report, 4);
    let date = moment::to_rfc5322(outgoing.now);
    let happened = complaint.call_at.or(complaint.incident_at).unwrap_or(outgoing.now);
    let happened_on = moment::to_rfc5322(happened);
    let kind = if complaint.abuse == Some(Abuse::Fraud) { "fraud" } else { "abuse" };
    let from = format!("FAX={}@{domain}", token(source));
    let to = complaint.called.as_ref().map(|called| format!("FAX={}@{domain}", token(called)));

    let mut mail = String::new();
    let mut line = |text: &str| {
        let _ = write!(mail, "{text}\r\n");
    };
    for text in [
        format!("From: <{contact}>"),
        format!("Date: {date}"),
        "Subject: Report of fax abuse".to_owned(),
        format!("Message-ID: <{id}@{domain}>"),
        "MIME-Version: 1.0".to_owned(),
        "Content-Type: multipart/report; report-type=feedback-report;".to_owned(),
        format!("\tboundary=\"{id}\""),
        String::new(),
        format!("--{id}"),
        "Content-Type: text/plain; charset=us-ascii".to_owned(),
        String::new(),
        "This is a report of fax abuse. Numbers and idents are replaced by tokens,".to_owned(),
        "equal ones by equal tokens (RFC 6590).".to_owned(),
        String::new(),
        format!("--{id}"),
        "Content-Type: message/feedback-report".to_owned(),
        String::new(),
        format!("Feedback-Type: {kind}"),
        concat!("User-Agent: faxguard/", env!("CARGO_PKG_VERSION")).to_owned(),
        "Version: 1".to_owned(),
        format!("Original-Mail-From: <{from}>"),
        format!("Arrival-Date: {happened_on}"),
        format!("Fax-Caller: {}", token(source)),
    ] {
        line(&text);
    }
    if let Some(to) = &to {
        line(&format!("Original-Rcpt-To: <{to}>"));
    }
    for (field, value) in fax_fields(complaint, outgoing) {
        line(&format!("{field}: {value}"));
    }
    for text in ["", &format!("--{id}"), "Content-Type: text/rfc822-headers", ""] {
        line(text);
    }
    line(&format!("From: <{from}>"));
    if let Some(to) = &to {
        line(&format!("To: <{to}>"));
    }
    for text in [&format!("Date: {happened_on}"), "", &format!("--{id}--")] {
        line(text);
    }
    let bytes = mail.into_bytes();
    super::read(&bytes, outgoing.now)?;
    Ok(bytes)
}

fn fax_fields(complaint: &Complaint, outgoing: &Outgoing<'_>) -> Vec<(&'static str, String)> {
    let token = |written: &Written| outgoing.redaction.token(written.as_written());
    let direction = complaint.direction.map(|direction| columns::direction_name(direction).into());
    let fields = [
        ("Fax-Called", complaint.called.as_ref().map(token)),
        ("Fax-TSI", complaint.tsi.as_ref().map(token)),
        ("Fax-CSI", complaint.csi.as_ref().map(token)),
        ("Fax-Pages", complaint.pages.map(|pages| pages.to_string())),
        ("Fax-Resolution", complaint.resolution.map(|resolution| resolution.name().into())),
        ("Fax-Call-Time", complaint.call_at.map(moment::to_rfc3339)),
        ("Fax-Campaign-Id", complaint.campaign.as_ref().map(token)),
        ("Fax-Direction", direction),
    ];
    fields.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// The provider's address and domain, which stand in lines of the mail and so are held to their shapes.
fn sender<'a>(outgoing: &Outgoing<'a>) -> Result<(&'a str, &'a str), Faults> {
    let from = outgoing.from;
    let contact = from.contact.as_ref().map(Written::as_written).unwrap_or_default();
    let domain = from.domain.as_ref().map(Written::as_written).unwrap_or_default();
    let mut faults = Faults::default();
    if !is_email(contact) {
        faults.add("sender.contact", Cause::Shape { wanted: "an e-mail address" });
    }
    if !is_hostname(domain) {
        faults.add("sender.domain", Cause::Shape { wanted: "the name of a host" });
    }
    faults.or((contact, domain))
}
