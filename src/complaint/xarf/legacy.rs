//! XARF: version 3 made version 4, before it is checked as such.
//!
//! Two writings of version 3 are about: the flat one of the published legacy schema (`SourceIp`, `Samples`), and the nested
//! one of the samples (`Source`, `Attachment`, `AdditionalInfo`). Both are read. What version 4 requires and version 3
//! never had is filled where something true can be said: the report's id out of its bytes, so that the same report has the
//! same one; the first sighting out of the date; the domain out of the address. The rest is told as missing.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::VERSION;
use crate::complaint::fault::{Cause, Faults, Path};
use crate::complaint::uuid;

/// Types of version 3 in lower case without hyphens and underscores, and the pair that each became.
#[rustfmt::skip]
const TYPES: &[(&str, &str, &str)] = &[
    ("spam", "messaging", "spam"),
    ("loginattack", "connection", "login_attack"),
    ("portscan", "connection", "port_scan"),
    ("ddos", "connection", "ddos"),
    ("phishing", "content", "phishing"),
    ("malware", "content", "malware"),
    ("botnet", "infrastructure", "botnet"),
    ("copyright", "copyright", "copyright"),
];

/// Names of the two writings for fields that version 4 names otherwise.
#[rustfmt::skip]
const FIELDS: &[(&str, &str)] = &[
    ("SourcePort", "source_port"),
    ("DestinationIp", "destination_ip"), ("DestinationIP", "destination_ip"),
    ("DestinationPort", "destination_port"),
    ("Protocol", "protocol"),
    ("SmtpMailFromAddress", "smtp_from"), ("SMTPFrom", "smtp_from"),
    ("SmtpRcptToAddress", "smtp_to"), ("SMTPTo", "smtp_to"),
    ("SmtpMessageSubject", "subject"), ("Subject", "subject"),
    ("UserAgent", "user_agent"),
    ("AttackDescription", "description"),
    ("AttackType", "attack_vector"),
    ("DurationSeconds", "duration_seconds"),
    ("TargetBrand", "target_brand"),
    ("MalwareFamily", "malware_family"),
    ("C2Server", "c2_server"),
    ("FirstSeen", "first_seen"),
    ("LastSeen", "last_seen"),
    ("fax", "fax"),
];

/// The same report in version 4. `bytes`: the report as it came, of which its id is made.
///
/// # Errors
/// What version 3 itself requires and is absent, with its path in version 3, and a type that has no counterpart.
pub(super) fn convert(
    mut report: Map<String, Value>,
    bytes: &[u8],
) -> Result<Map<String, Value>, Faults> {
    let mut faults = Faults::default();
    version(report.remove("Version").as_ref(), &mut faults);
    let reporter = object(&mut report, "ReporterInfo", &mut faults);
    let mut body = object(&mut report, "Report", &mut faults);
    let path = Path::Field(&Path::Root, "Report");
    let mut made = Map::new();
    made.insert("xarf_version".into(), VERSION.into());
    made.insert("legacy_version".into(), "3".into());
    made.insert("report_id".into(), uuid(leading(bytes), 8).into());
    let contact = contact(&reporter, &mut faults);
    made.insert("reporter".into(), contact.clone());
    made.insert("sender".into(), contact);
    match body.remove("Date") {
        Some(date) => {
            made.insert("timestamp".into(), date);
        }
        None => faults.add(Path::Field(&path, "Date"), Cause::Missing),
    }
    body.remove("ReportClass");
    let kind = kind(body.remove("ReportType").as_ref(), &mut faults);
    if let Some((category, kind)) = kind {
        made.insert("category".into(), category.into());
        made.insert("type".into(), kind.into());
    }
    source(&mut body, &mut made);
    if let Some(items) = body.remove("Samples").or_else(|| body.remove("Attachment")) {
        made.insert("evidence".into(), evidence(items));
    }
    let more = match body.remove("AdditionalInfo") {
        Some(Value::Object(more)) => more,
        _ => Map::new(),
    };
    fields(body, more, &mut made);
    if let Some((_, kind)) = kind {
        fill(kind, &mut made);
    }
    faults.or(made)
}

/// `3` and `3.x`, as text or as a number.
fn version(value: Option<&Value>, faults: &mut Faults) {
    let text = value.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    if !text.is_some_and(|text| text == "3" || text.starts_with("3.")) {
        let wanted = "version 3";
        faults.add(Path::Field(&Path::Root, "Version"), Cause::Shape { wanted });
    }
}

fn object(
    report: &mut Map<String, Value>,
    name: &'static str,
    faults: &mut Faults,
) -> Map<String, Value> {
    let path = Path::Field(&Path::Root, name);
    match report.remove(name) {
        Some(Value::Object(object)) => object,
        Some(_) => {
            faults.add(path, Cause::Kind { wanted: "an object" });
            Map::new()
        }
        None => {
            faults.add(path, Cause::Missing);
            Map::new()
        }
    }
}

/// The leading 128 bits of a hash.
fn leading(bytes: &[u8]) -> [u8; 16] {
    let mut id = [0; 16];
    for (place, byte) in id.iter_mut().zip(Sha256::digest(bytes)) {
        *place = byte;
    }
    id
}

fn contact(reporter: &Map<String, Value>, faults: &mut Faults) -> Value {
    let path = Path::Field(&Path::Root, "ReporterInfo");
    let mut needed = |name: &'static str| {
        let text = reporter.get(name).and_then(Value::as_str);
        if text.is_none() && !reporter.is_empty() {
            faults.add(Path::Field(&path, name), Cause::Missing);
        }
        text.unwrap_or_default()
    };
    let (org, mail) = (needed("ReporterOrg"), needed("ReporterOrgEmail"));
    let stated = reporter.get("ReporterOrgDomain").and_then(Value::as_str);
    let domain = stated.or_else(|| Some(mail.rsplit_once('@')?.1)).unwrap_or_default();
    json!({ "org": org, "contact": mail, "domain": domain })
}

fn kind(value: Option<&Value>, faults: &mut Faults) -> Option<(&'static str, &'static str)> {
    let path = Path::Field(&Path::Root, "Report");
    let path = Path::Field(&path, "ReportType");
    let Some(text) = value.and_then(Value::as_str) else {
        faults.add(path, Cause::Missing);
        return None;
    };
    let plain = text.replace(['-', '_', ' '], "").to_ascii_lowercase();
    let found = TYPES.iter().find(|(name, ..)| *name == plain);
    if found.is_none() {
        faults.add(path, Cause::NoCounterpart);
    }
    found.map(|(_, category, kind)| (*category, *kind))
}

fn source(body: &mut Map<String, Value>, made: &mut Map<String, Value>) {
    let mut url = body.remove("Url");
    let mut identifier = body.remove("SourceIp");
    if let Some(Value::Object(mut source)) = body.remove("Source") {
        url = url.or_else(|| source.remove("URL"));
        identifier = identifier.or_else(|| source.remove("IP"));
        if let Some(port) = source.remove("Port") {
            made.insert("source_port".into(), port);
        }
    }
    if let Some(identifier) = identifier.or_else(|| url.clone()) {
        made.insert("source_identifier".into(), identifier);
    }
    if let Some(url) = url {
        made.insert("url".into(), url);
    }
}

fn evidence(items: Value) -> Value {
    let Value::Array(items) = items else { return items };
    let item = |item: Value| {
        let Value::Object(mut item) = item else { return item };
        let mut made = Map::new();
        for (old, new) in [
            ("ContentType", "content_type"),
            ("Description", "description"),
            ("Payload", "payload"),
            ("Data", "payload"),
        ] {
            if let Some(value) = item.remove(old) {
                made.insert(new.into(), value);
            }
        }
        Value::Object(made)
    };
    Value::Array(items.into_iter().map(item).collect())
}

/// Fields of the body and of what is additional; those without a new name are kept under the old one.
fn fields(body: Map<String, Value>, more: Map<String, Value>, made: &mut Map<String, Value>) {
    for (name, value) in body.into_iter().chain(more) {
        let renamed = FIELDS.iter().find(|(old, _)| *old == name).map(|(_, new)| (*new).to_owned());
        made.entry(renamed.unwrap_or(name)).or_insert(value);
    }
}

/// What version 4 requires of some types and version 3 says otherwise.
fn fill(kind: &str, made: &mut Map<String, Value>) {
    match kind {
        "spam" => {
            let mail = made.contains_key("smtp_from");
            let protocol = if mail { "smtp" } else { "other" };
            made.entry("protocol").or_insert_with(|| protocol.into());
        }
        "login_attack" | "port_scan" | "ddos" => {
            if let Some(date) = made.get("timestamp").cloned() {
                made.entry("first_seen").or_insert(date);
            }
        }
        "copyright" => {
            if let Some(url) = made.remove("url") {
                made.entry("infringing_url").or_insert(url);
            }
        }
        "botnet" => {
            let said = made.get("description").or_else(|| made.get("InfectionVector")).cloned();
            made.entry("compromise_evidence")
                .or_insert_with(|| said.unwrap_or("as reported".into()));
        }
        _ => {}
    }
}
