//! Canaries: traffic with a mark in every field, and then nothing of it in log, metrics, traces or store.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test fails the test, as the test itself would"
)]

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use faxguard::content::fingerprint::epoch_of;
use faxguard::time::{Clock, WallClock};
use faxguard::wire::operator::v1 as operator;
use faxguard::wire::report::v1 as report;
use faxguard::wire::screening::v1 as wire;
use operator::directory_service_client::DirectoryServiceClient;
use operator::policy_service_client::PolicyServiceClient;
use prost::Message;
use report::complaint_service_client::ComplaintServiceClient;
use report::report_service_client::ReportServiceClient;
use serde_json::{Value, json};
use tonic::transport::Channel;
use wire::reading_service_client::ReadingServiceClient;
use wire::screening_service_client::ScreeningServiceClient;

use crate::support::collector::Collector;

/// What every marked text has in it.
const MARK: &str = "canary";
/// Numbers of a caller, of ours and of a recipient; the ends of our range, which stay in clear, are others.
const NUMBERS: [&str; 4] = ["+16205550187", "+12125550164", "+14155550139", "+16205550176"];
/// Keys and bits of the fingerprints, of which each has the mark in its bytes too.
const KEYS: [u64; 3] = [
    u64::from_be_bytes(*b"canaryk1"),
    u64::from_le_bytes(*b"canaryk2"),
    u64::from_le_bytes(*b"canary\0\0"),
];
/// Where a good request has its texts: a request for each stage, with every field there is.
const REQUESTS: &str = include_str!("fixtures/canary.json");

/// A server of its own process, so that its whole log is seen.
pub(crate) struct Running {
    process: Child,
    folder: tempfile::TempDir,
}

impl Running {
    /// One that sends every span to a collector.
    pub(crate) fn traced(endpoint: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("faxguard.toml");
        let text = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\nmetrics = \"127.0.0.1:0\"\n\
             [traces]\nendpoint = \"{endpoint}\"\nshare_per_mille = 1000\n"
        );
        std::fs::write(&config, text).unwrap();
        let log = File::create(folder.path().join("log")).unwrap();
        let process = Command::new(env!("CARGO_BIN_EXE_faxguardd"))
            .arg("--config")
            .arg(&config)
            .arg("--data")
            .arg(folder.path().join("data"))
            .env("FAXGUARD_LOG", "trace")
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        Self { process, folder }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// The address that the log names on the line with these words.
    pub(crate) async fn address(&mut self, words: &str) -> String {
        loop {
            let told = self.log().lines().find_map(|line| {
                let line: Value = serde_json::from_str(line).ok()?;
                let said = line["message"].as_str()? == words;
                said.then(|| line["address"].as_str().map(str::to_owned))?
            });
            if let Some(address) = told {
                return address;
            }
            assert!(self.process.try_wait().unwrap().is_none(), "{}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Its page of metrics.
    pub(crate) async fn metrics(&mut self) -> Vec<u8> {
        let page = self.address("page of metrics").await;
        let mut scrape = std::net::TcpStream::connect(page).unwrap();
        scrape.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let mut metrics = Vec::new();
        scrape.read_to_end(&mut metrics).unwrap();
        metrics
    }

    /// What the system says of its process (proc(5)).
    pub(crate) fn status(&self) -> String {
        std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap()
    }

    pub(crate) fn end(&mut self) {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").arg("-TERM").arg(id).status().unwrap().success());
        assert!(self.process.wait().unwrap().success());
    }

    fn files(&self) -> Vec<PathBuf> {
        fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { walk(&path, found) } else { found.push(path) }
            }
        }
        let mut found = Vec::new();
        walk(&self.folder.path().join("data"), &mut found);
        found
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Every place of a text in a message.
fn texts(message: &mut Value) -> Vec<&mut Value> {
    match message {
        Value::String(_) => vec![message],
        Value::Array(items) => items.iter_mut().flat_map(texts).collect(),
        Value::Object(fields) => fields.values_mut().flat_map(texts).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

/// The request as it is, and once for each of its texts with a hostile mark in that place.
fn marked(request: &Value) -> Vec<wire::ScreenFaxRequest> {
    let hostile = format!("{MARK}\r\n$({MARK})\u{1b}[31m\"{MARK}");
    let count = texts(&mut request.clone()).len();
    let mut all = vec![request.clone()];
    for place in 0..count {
        for text in [hostile.clone(), MARK.to_owned(), MARK.repeat(400)] {
            let mut other = request.clone();
            *texts(&mut other)[place] = Value::String(text);
            all.push(other);
        }
    }
    // Times and enums are texts in JSON too; what is none of theirs any more is no request.
    all.into_iter().filter_map(|request| serde_json::from_value(request).ok()).collect()
}

/// Puts the present epoch where a fingerprint has one: another is no fault of the text, and the request would be refused.
fn date(message: &mut Value) {
    match message {
        Value::Array(items) => items.iter_mut().for_each(date),
        Value::Object(fields) => {
            if let Some(epoch) = fields.get_mut("epoch") {
                *epoch = epoch_of(WallClock.now()).into();
            }
            fields.values_mut().for_each(date);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

async fn drive(channel: &Channel) -> usize {
    let mut directory = DirectoryServiceClient::new(channel.clone());
    let entries = json!([{"entries": [
        {"range": {"firstNumber": "+12125550100", "lastNumber": "+12125550199"}},
        {"assignment": {"number": NUMBERS[1], "memberId": "canary-member"}}
    ]}]);
    let entries: Vec<operator::ImportDirectoryRequest> = serde_json::from_value(entries).unwrap();
    let told = directory.import_directory(tokio_stream::iter(entries)).await.unwrap();
    assert!(told.into_inner().message().await.unwrap().is_some());
    let mut client = ScreeningServiceClient::new(channel.clone());
    let mut requests: Vec<Value> = serde_json::from_str(REQUESTS).unwrap();
    requests.iter_mut().for_each(date);
    for request in &requests {
        let request: wire::ScreenFaxRequest = serde_json::from_value(request.clone()).unwrap();
        client.screen_fax(request).await.unwrap();
    }
    let mut answered = 0;
    for request in requests.iter().flat_map(marked) {
        let mut request = tonic::Request::new(request);
        for (name, value) in
            [("traceparent", MARK), ("tracestate", "a=canary"), ("baggage", "a=canary")]
        {
            request.metadata_mut().insert(name, value.parse().unwrap());
        }
        answered += usize::from(client.screen_fax(request).await.is_ok());
    }
    let mut reports = ReportServiceClient::new(channel.clone());
    for (at, reporter) in ["memberId", "outsiderContact"].into_iter().enumerate() {
        let filed = json!({
            "requestId": format!("canary-report-{at}"),
            "reporter": {reporter: "canary-reporter"},
            "description": {"calledNumber": NUMBERS[1], "callerNumber": NUMBERS[0]},
            "category": "REPORT_CATEGORY_JUNK_FAX",
            "comment": "plain words"
        });
        let _ = reports
            .file_report(serde_json::from_value::<report::FileReportRequest>(filed).unwrap())
            .await;
    }
    complain(channel).await;
    answered
}

/// Files complaints of other systems with the mark in every text, sound ones and broken ones.
async fn complain(channel: &Channel) {
    let mut client = ComplaintServiceClient::new(channel.clone());
    let mail = format!(
        "From: <{MARK}@carrier.example>\r\nSubject: {MARK}\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=feedback-report; boundary=part\r\n\r\n\
         --part\r\nContent-Type: text/plain\r\n\r\n{MARK}\r\n\
         --part\r\nContent-Type: message/feedback-report\r\n\r\n\
         Feedback-Type: abuse\r\nUser-Agent: {MARK}\r\nVersion: 1\r\nFax-Caller: {}\r\n\
         Fax-Called: {}\r\nFax-TSI: {MARK}\r\nX-More: {MARK}\r\n\r\n\
         --part\r\nContent-Type: message/rfc822\r\n\r\nSubject: {MARK}\r\n\r\n{MARK}\r\n--part--\r\n",
        NUMBERS[0], NUMBERS[1]
    );
    let broken = mail.replace("Version: 1", MARK);
    let asked = |report: String| report::FileComplaintRequest {
        format: report::ComplaintFormat::Arf.into(),
        report: report.into_bytes(),
        ..Default::default()
    };
    assert!(client.file_complaint(asked(mail)).await.is_ok());
    assert!(client.file_complaint(asked(broken)).await.is_err());
    let table = format!(
        "category,incident_at,caller,called,description,form_consumer_name,{MARK}\n\
         junk_fax,2026-03-01T14:30:25Z,{0},{1},{MARK},{MARK},{MARK}\n\
         {MARK},{MARK},{0},{1},{MARK},{MARK},{MARK}\n\
         junk_fax,2026-03-01T14:30:25Z,{0},{MARK},{MARK},{MARK},{MARK}\n",
        NUMBERS[0], NUMBERS[1]
    );
    let part = report::ImportComplaintsRequest {
        format: report::ComplaintFileFormat::Csv.into(),
        importer: format!("{MARK}-carrier"),
        event_time: None,
        chunk: table.into_bytes(),
    };
    let told = client.import_complaints(tokio_stream::iter([part])).await.unwrap();
    let mut told = told.into_inner();
    let last = told.message().await.unwrap().unwrap();
    assert_eq!((last.filed_count, last.faulty_count), (1, 2));
    assert!(!format!("{last:?}").contains(MARK));
}

/// Has the service read a fax, and says which of its bytes must be nowhere: those of its page, in parts.
async fn read_fax(channel: &Channel) -> Vec<(String, Vec<u8>)> {
    let toml = "[inbound]\ndoubt_low = -20000\n[fingerprints]\nservice_reads_pages = true\n";
    let wish = operator::ApplyPolicyRequest {
        toml: toml.into(),
        author: "desk".into(),
        reason: "nodes that cannot".into(),
        ..Default::default()
    };
    let mut policies = PolicyServiceClient::new(channel.clone());
    policies.apply_policy(wish).await.unwrap();
    let received = json!({
        "requestId": "read-1", "nodeId": "gw-9", "faxId": "read-1",
        "inbound": {"callerNumber": NUMBERS[3], "calledNumber": NUMBERS[1]},
        "received": {"outcome": "RECEIVE_OUTCOME_COMPLETE", "pageCount": 1}
    });
    let received: wire::ScreenFaxRequest = serde_json::from_value(received).unwrap();
    let mut client = ScreeningServiceClient::new(channel.clone());
    let told = client.screen_fax(received.clone()).await.unwrap().into_inner();
    assert!(told.verdict.unwrap().fingerprint.unwrap().wanted);
    let tiff = crate::campaigns::copy(3, 1);
    let mut reading = ReadingServiceClient::new(channel.clone());
    let asked = wire::FingerprintFaxRequest {
        node_id: "gw-9".into(),
        fax_id: "read-1".into(),
        tiff: tiff.clone(),
    };
    let read = reading.fingerprint_fax(asked.clone()).await.unwrap().into_inner();
    assert_eq!(read.fingerprints.len(), 1);
    assert!(reading.fingerprint_fax(asked).await.is_err());
    let mut again = received;
    again.request_id = "read-2".into();
    let Some(wire::screen_fax_request::Stage::Received(received)) = &mut again.stage else {
        panic!("another stage")
    };
    received.fingerprints = read.fingerprints;
    client.screen_fax(again).await.unwrap();
    // Parts that vary enough to be of this page alone.
    let parts = tiff
        .chunks(16)
        .filter(|part| part.iter().collect::<std::collections::BTreeSet<_>>().len() > 12);
    let parts: Vec<_> =
        parts.map(|part| ("a part of the page".to_owned(), part.to_vec())).collect();
    assert!(parts.len() > 50, "{} parts", parts.len());
    parts.into_iter().step_by(5).collect()
}

/// Bytes as a text of as many characters, upper and lower case alike: the standard search is for texts.
fn text_of(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(byte.to_ascii_lowercase())).collect()
}

/// Which of these stands in the bytes.
fn found<'a>(bytes: &[u8], needles: &'a [(String, Vec<u8>)]) -> Option<&'a str> {
    let text = text_of(bytes);
    let stands = |needle: &[u8]| text.contains(&text_of(needle));
    needles.iter().find(|(_, needle)| stands(needle)).map(|(what, _)| what.as_str())
}

fn needles() -> Vec<(String, Vec<u8>)> {
    let mut needles = vec![
        ("the mark".to_owned(), MARK.as_bytes().to_vec()),
        ("the mark in UTF-16".to_owned(), MARK.bytes().flat_map(|byte| [byte, 0]).collect()),
    ];
    for key in KEYS {
        needles.push((format!("{key} in digits"), key.to_string().into_bytes()));
        needles.push((format!("{key} in hexadecimal"), format!("{key:x}").into_bytes()));
    }
    for number in NUMBERS {
        let value: u64 = number[1..].parse().unwrap();
        needles.push((format!("{number} in digits"), number.as_bytes()[2..].to_vec()));
        for bytes in [value.to_le_bytes(), value.to_be_bytes()] {
            needles.push((format!("{number} as a word"), bytes.to_vec()));
        }
    }
    needles
}

#[tokio::test(flavor = "multi_thread")]
async fn no_text_of_a_call_is_in_log_metrics_traces_or_store() {
    let (collector, endpoint) = Collector::begin().await;
    let mut server = Running::traced(&endpoint);
    let address = server.address("serving").await;
    let channel =
        Channel::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap();
    let answered = drive(&channel).await;
    assert!(answered >= 7, "{answered} answered");
    let parts = read_fax(&channel).await;
    let metrics = server.metrics().await;
    drop(channel);
    // The collector answers on this runtime while the server ends.
    let ending = tokio::task::spawn_blocking(move || {
        server.end();
        server
    });
    let server = ending.await.unwrap();
    let needles = [needles(), parts].concat();
    assert!(found(b"xCaNaRyx", &needles).is_some() && found(b"6205550187", &needles).is_some());
    assert!(String::from_utf8_lossy(&metrics).contains("faxguard_verdicts"));
    assert_eq!(found(&metrics, &needles), None, "in the metrics");
    let sent = collector.requests();
    assert!(collector.spans().len() >= answered, "{} spans", collector.spans().len());
    for request in sent {
        assert_eq!(found(&request.encode_to_vec(), &needles), None, "in the traces");
    }
    let log = server.log();
    if let Some(what) = found(log.as_bytes(), &needles) {
        let line = log.lines().find(|line| found(line.as_bytes(), &needles).is_some());
        panic!("{what} is in the log: {line:?}");
    }
    let files = server.files();
    assert!(files.iter().any(|file| file.to_string_lossy().contains("ledger-")));
    for file in files {
        let bytes = std::fs::read(&file).unwrap();
        assert_eq!(found(&bytes, &needles), None, "in {}", file.display());
    }
}
