//! Faults of the port: open to a network without encryption, or encrypted so that nobody can call; of where traces go,
//! and of where instances meet.

use super::fault::{Faults, quote};
use super::settings::Settings;

/// Longest name of a caller, in bytes (a DNS name has at most 253).
const NAME_BYTES_MAX: usize = 255;
/// Most names for one audience.
const NAMES_MAX: usize = 10_000;
/// Most addresses of engines.
const ENGINES_MAX: usize = 64;
/// Longest beginning of keys there, in bytes.
const ENGINE_NAME_BYTES_MAX: usize = 64;
const AUDIENCES: [&str; 3] = ["screening", "report", "operator"];

pub(super) fn door(settings: &Settings, faults: &mut Faults) {
    let (server, tls) = (&settings.server, &settings.tls);
    if !server.listen.ip().is_loopback() && !tls.is_on() && !faults.touches("server.listen") {
        let message = "is open to the network without encryption (set `tls.certificate`, or listen on 127.0.0.1)";
        faults.add("server.listen", message);
    }
    form(settings, faults);
    if tls.certificate.is_empty() != tls.private_key.is_empty() {
        let path = if tls.certificate.is_empty() { "tls.certificate" } else { "tls.private_key" };
        faults.add(path, "is missing (certificate and key go together)");
    }
    let lists = [tls.screening.as_slice(), &tls.report, &tls.operator];
    for (audience, names) in AUDIENCES.into_iter().zip(lists) {
        callers(&format!("tls.{audience}"), names, faults);
    }
    for name in tls.anonymous.iter().filter(|name| !AUDIENCES.contains(&name.as_str())) {
        faults.unknown("tls.anonymous".to_owned(), name, &AUDIENCES);
    }
    let named = lists.iter().any(|names| !names.is_empty());
    if named && tls.client_authorities.is_empty() {
        let message = "is missing, so that no caller can be known by its name (set it)";
        faults.add("tls.client_authorities", message);
    }
    if tls.is_on() && !named && tls.anonymous.is_empty() {
        faults.add("tls", "lets nobody call (name callers under screening, report, operator)");
    }
    let endpoint = &settings.traces.endpoint;
    if !endpoint.is_empty() && !is_endpoint(endpoint) {
        let message =
            format!("{} is no place of a collector (write http://HOST:PORT)", quote(endpoint));
        faults.add("traces.endpoint", message);
    }
    exchange(settings, faults);
}

/// The port of the report form, and whose word is taken there.
fn form(settings: &Settings, faults: &mut Faults) {
    let server = &settings.server;
    let exposed = server.report_listen.is_some_and(|address| !address.ip().is_loopback());
    if exposed && !settings.tls.is_on() {
        let message = "is open to the network without encryption (set `tls.certificate`, or listen on 127.0.0.1)";
        faults.add("server.report_listen", message);
    }
    for proxy in &server.report_proxies {
        if proxy.parse::<std::net::IpAddr>().is_err() {
            let message = format!("{} is no address (write that of a proxy)", quote(proxy));
            faults.add("server.report_proxies", message);
        }
    }
    let header = &server.report_member_header;
    let sound = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if header.len() > NAME_BYTES_MAX || !header.bytes().all(sound) {
        let message =
            format!("{} is no header (write small letters, digits and `-`)", quote(header));
        faults.add("server.report_member_header", message);
    }
    let notices = &settings.notices;
    if notices.webhook.is_empty() != notices.secret_file.is_empty() {
        let path = match notices.webhook.is_empty() {
            true => "notices.webhook",
            false => "notices.secret_file",
        };
        faults.add(path, "is missing (webhook and secret go together)");
    }
}

/// What the address of an encrypted engine begins with.
const ENCRYPTED: &str = "rediss://";

fn exchange(settings: &Settings, faults: &mut Faults) {
    let super::settings::Exchange {
        engines, name, authority_file, certificate_file, key_file, ..
    } = &settings.exchange;
    if engines.len() > ENGINES_MAX {
        let message =
            format!("names too many (at most {ENGINES_MAX} are needed to find a cluster)");
        faults.add("exchange.engines", message);
    }
    for engine in engines.iter().take(ENGINES_MAX) {
        let place = engine.strip_prefix("redis://").or_else(|| engine.strip_prefix(ENCRYPTED));
        if !place.is_some_and(|place| is_endpoint(&format!("http://{place}"))) {
            let message = format!(
                "{} is no engine (write redis://HOST:PORT, or rediss:// for an encrypted one)",
                quote(engine)
            );
            faults.add("exchange.engines", message);
        }
    }
    let encrypted = engines.iter().filter(|engine| engine.starts_with(ENCRYPTED)).count();
    if encrypted != 0 && encrypted != engines.len() {
        let message = "names encrypted engines and others (write rediss:// for all or none)";
        faults.add("exchange.engines", message.to_owned());
    }
    if certificate_file.is_empty() != key_file.is_empty() {
        let message = "one of certificate and key is missing (name both files or neither)";
        faults.add("exchange.certificate_file", message.to_owned());
    }
    let files = [authority_file, certificate_file, key_file];
    if encrypted == 0 && files.into_iter().any(|file| !file.is_empty()) {
        let message =
            "files of an encrypted engine, and none is encrypted (write rediss://HOST:PORT)";
        faults.add("exchange.engines", message.to_owned());
    }
    let sound = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    if name.is_empty() || name.len() > ENGINE_NAME_BYTES_MAX || !name.bytes().all(sound) {
        let message =
            format!("{} is no name (write letters, digits, `-`, `_` and `.`)", quote(name));
        faults.add("exchange.name", message);
    }
}

/// `http://HOST:PORT`, with nothing behind it.
fn is_endpoint(text: &str) -> bool {
    let place = text.strip_prefix("http://").and_then(|rest| rest.rsplit_once(':'));
    let Some((host, port)) = place else { return false };
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_host = match bare {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            let sound = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
            !host.is_empty() && host.len() <= NAME_BYTES_MAX && host.bytes().all(sound)
        }
    };
    is_host
        && port.bytes().all(|byte| byte.is_ascii_digit())
        && port.parse::<u16>().is_ok_and(|port| port > 0)
}

fn callers(path: &str, names: &[String], faults: &mut Faults) {
    if names.len() > NAMES_MAX {
        faults.add(path, format!("names too many callers (at most {NAMES_MAX})"));
        return;
    }
    for name in names {
        let plain = name.bytes().all(|byte| byte.is_ascii_graphic());
        // A star stands for the first label alone.
        let star = name.strip_prefix("*.").unwrap_or(name).contains('*');
        if name.is_empty() || name.len() > NAME_BYTES_MAX || !plain || star {
            let message =
                format!("{} is no name of a certificate (write a DNS name or URI)", quote(name));
            faults.add(path, message);
        }
    }
}

#[cfg(test)]
mod tests {
    fn faults(text: &str) -> Vec<String> {
        match crate::policy::load(text, &[]) {
            Ok(_) => Vec::new(),
            Err(faults) => faults.into_iter().map(|fault| fault.path).collect(),
        }
    }

    #[test]
    fn a_port_is_closed_to_the_network_or_says_who_may_call() {
        let files = "[tls]\ncertificate = \"c.pem\"\nprivate_key = \"k.pem\"\n";
        let open = "[server]\nlisten = \"0.0.0.0:7443\"\n";
        for (text, paths) in [
            (String::new(), &[][..]),
            (open.to_owned(), &["server.listen"]),
            (format!("{open}{files}anonymous = [\"report\"]"), &[]),
            (files.to_owned(), &["tls"]),
            (format!("{files}screening = [\"a.example\"]"), &["tls.client_authorities"]),
            (
                format!(
                    "{files}client_authorities = \"ca.pem\"\nscreening = [\"*.nodes.example\"]"
                ),
                &[],
            ),
            (format!("{files}anonymous = [\"screenings\"]"), &["tls.anonymous"]),
            (
                format!(
                    "{files}client_authorities = \"ca.pem\"\nreport = [\"a b\", \"*.*.x\", \"\"]"
                ),
                &["tls.report", "tls.report", "tls.report"],
            ),
            ("[tls]\nprivate_key = \"k.pem\"".to_owned(), &["tls.certificate"]),
            (
                "[tls]\ncertificate = \"c.pem\"\nanonymous = [\"report\"]".to_owned(),
                &["tls.private_key"],
            ),
            ("[server]\nmetrics = \"off\"".to_owned(), &[]),
            ("[server]\nmetrics = \"127.0.0.1:9464\"".to_owned(), &[]),
            ("[server]\nmetrics = \"here\"".to_owned(), &["server.metrics"]),
            ("[traces]\nendpoint = \"http://127.0.0.1:4317\"".to_owned(), &[]),
            ("[traces]\nendpoint = \"http://[::1]:4317\"\nshare_per_mille = 1000".to_owned(), &[]),
            ("[traces]\nendpoint = \"http://collector.example:4317\"".to_owned(), &[]),
            (
                "[traces]\nendpoint = \"https://collector.example:4317\"".to_owned(),
                &["traces.endpoint"],
            ),
            ("[traces]\nendpoint = \"http://collector.example\"".to_owned(), &["traces.endpoint"]),
            ("[traces]\nendpoint = \"http://a@b:4317\"".to_owned(), &["traces.endpoint"]),
            ("[traces]\nendpoint = \"http://a:4317/v1\"".to_owned(), &["traces.endpoint"]),
            ("[traces]\nendpoint = \"http://:0\"".to_owned(), &["traces.endpoint"]),
            ("[traces]\nshare_per_mille = 1001".to_owned(), &["traces.share_per_mille"]),
            ("[exchange]\nengines = [\"redis://10.0.0.5:6379\"]\ninstances = 4".to_owned(), &[]),
            (
                "[exchange]\nengines = [\"rediss://a:6379\"]\nauthority_file = \"ca\"".to_owned(),
                &[],
            ),
            ("[exchange]\nengines = [\"valkey://a:6379\"]".to_owned(), &["exchange.engines"]),
            (
                "[exchange]\nengines = [\"rediss://a:6379\", \"redis://b:6379\"]".to_owned(),
                &["exchange.engines"],
            ),
            (
                "[exchange]\nengines = [\"redis://a:6379\"]\nauthority_file = \"ca\"".to_owned(),
                &["exchange.engines"],
            ),
            (
                "[exchange]\nengines = [\"rediss://a:6379\"]\nkey_file = \"key\"".to_owned(),
                &["exchange.certificate_file"],
            ),
            ("[exchange]\nengines = [\"redis://u:p@a:6379\"]".to_owned(), &["exchange.engines"]),
            ("[exchange]\nname = \"a{b}\"".to_owned(), &["exchange.name"]),
            ("[exchange]\ninstances = 1".to_owned(), &["exchange.instances"]),
        ] {
            assert_eq!(faults(&text), paths, "{text}");
        }
    }
}
