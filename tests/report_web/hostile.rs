//! What is sent to do harm: markup, control characters, too much, too slowly, from elsewhere.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn markup_and_control_characters_stay_text() {
    let form = Form::begin();
    let hostile = "\"><script>alert(1)</script>{{ 7 * 7 }}\u{202e}\u{2066}\0\u{1b}[2J";
    let fields = [
        "fax",
        "called",
        "date",
        "time",
        "caller",
        "account",
        "contact",
        "name",
        "company",
        "identifiers",
        "comment",
        "category",
        "abuse",
        "line",
        "lang",
        "request-id",
        "more",
    ];
    let filled: Vec<_> = fields.iter().map(|field| (*field, hostile.to_owned())).collect();
    let answer = form.browser.post("/report", &filled).await;
    assert_eq!(answer.status, 422);
    assert!(
        answer.body.contains("&lt;script&gt;alert(1)&lt;") && answer.body.contains("{{ 7 * 7 }}")
    );
    assert!(!answer.body.contains("<script"));
    assert!(!answer.body.contains(['\u{202e}', '\u{2066}', '\0', '\u{1b}']));
    let status = form.browser.post("/report/status", &[("report", hostile.to_owned())]).await;
    assert!(status.status == 422 && !status.body.contains("<script"));
    // In the reporter's own words they are kept, and never shown to a machine as anything else.
    let (_, id) = form.empty("en").await;
    let receipt = form.browser.post("/report", &with(typed(&id), "comment", hostile)).await;
    assert_eq!(receipt.status, 200, "{}", receipt.body);
    for (field, value) in [("account", "a\r\nSet-Cookie: x=1"), ("account", "ann\0")] {
        let answer = form.browser.post("/report", &with(typed(&id), field, value)).await;
        assert_eq!(answer.status, 422);
        answer.assert_fault(field, "characters that cannot be here");
        assert!(answer.header("set-cookie").is_none());
    }
    form.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_said_to_be_so() {
    let form = Form::begin();
    let kind = [("Content-Type", "application/x-www-form-urlencoded")];
    for body in [&b"account=%FF%FE"[..], b"\xff\xfe=1", &b"a=1&".repeat(65)] {
        let answer = form.browser.send("/report", &kind, body).await;
        assert_eq!(answer.status, 400, "{}", answer.body);
        assert!(answer.body.contains("could not be read"));
    }
    let cut = b"POST /report HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nZZ\r\n";
    assert_eq!(form.browser.raw(cut).await.status, 400);
    for nonsense in [
        &b"\x16\x03\x01"[..],
        b"\0\0\0\0\r\n\r\n",
        b"GET /report HTTP/9.9\r\n\r\n",
        b"GET \r\n\r\n",
    ] {
        let status = form.browser.raw(&[nonsense, b"\r\n\r\n"].concat()).await.status;
        assert!([0, 400, 505].contains(&status), "{status}");
    }
    form.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_megabytes_are_refused_before_they_are_read() {
    let form = Form::begin();
    let body = vec![b'a'; 10 << 20];
    for path in ["/report", "/report/status", "/v1/reports"] {
        let kind = [("Content-Type", "application/json")];
        let answer = form.browser.send(path, &kind, &body).await;
        assert_eq!(answer.status, 413, "{path}");
        assert_eq!(answer.header("connection"), Some("close"));
    }
    // The same where nobody says beforehand how much it is.
    let mut chunks =
        b"POST /report HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..640 {
        chunks.extend_from_slice(b"4000\r\n");
        chunks.extend_from_slice(&body[..0x4000]);
        chunks.extend_from_slice(b"\r\n");
    }
    assert_eq!(form.browser.raw(&chunks).await.status, 413);
    let long = format!("GET /report HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "x".repeat(64 << 10));
    assert_eq!(form.browser.raw(long.as_bytes()).await.status, 431);
    let many = format!("GET /report HTTP/1.1\r\nHost: x\r\n{}\r\n", "X: y\r\n".repeat(100));
    assert_eq!(form.browser.raw(many.as_bytes()).await.status, 431);
    form.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_slow_is_answered_and_let_go() {
    let waits = FormWaits { head: Duration::from_millis(200), life: Duration::from_secs(20) };
    let form = Form::odd(Odd { waits, message_wait: Duration::from_millis(200), ..Odd::default() });
    // A body that never comes.
    let begun = b"POST /report HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\naccount=";
    let answer = form.browser.raw(begun).await;
    assert_eq!((answer.status, answer.header("connection")), (408, Some("close")));
    // A head that never ends, and a line on which nothing is said.
    for begun in [&b"GET /report HTTP/1.1\r\nHost:"[..], b""] {
        let mut stream = TcpStream::connect(form.browser.0).await.unwrap();
        stream.write_all(begun).await.unwrap();
        let mut told = Vec::new();
        let ended = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut told));
        assert!(ended.await.is_ok(), "{begun:?}");
    }
    // One that takes its time for ever is cut at the end of a life.
    let waits = FormWaits { head: Duration::from_secs(60), life: Duration::from_millis(200) };
    let short = Form::odd(Odd { waits, ..Odd::default() });
    let mut stream = TcpStream::connect(short.browser.0).await.unwrap();
    let mut told = Vec::new();
    let ended = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut told));
    assert!(ended.await.is_ok());
    short.end().await;
    form.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_site_sends_is_not_taken() {
    let form = Form::begin();
    let (_, id) = form.empty("en").await;
    for (site, status) in
        [("cross-site", 403), ("same-site", 403), ("same-origin", 200), ("none", 200)]
    {
        let answer =
            form.browser.post_as("/report", &typed(&id), &[("Sec-Fetch-Site", site)]).await;
        assert_eq!(answer.status, status, "{site}");
    }
    let json = [("Content-Type", "application/json"), ("Sec-Fetch-Site", "cross-site")];
    let refused = form.browser.send("/v1/reports", &json, b"{}").await;
    assert!(refused.status == 403 && refused.body.contains("CALLER_NOT_ALLOWED"));
    form.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_keeps_its_line_and_is_let_go_at_the_end() {
    let form = Form::begin();
    let mut stream = TcpStream::connect(form.browser.0).await.unwrap();
    for _ in 0..3 {
        stream.write_all(b"GET /report/style.css HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let mut told = vec![0; 64 << 10];
        let mut have = 0;
        while !String::from_utf8_lossy(&told[..have]).contains(".code {") {
            have += stream.read(&mut told[have..]).await.unwrap();
        }
        assert!(told.starts_with(b"HTTP/1.1 200 OK"));
    }
    form.end().await;
    let mut rest = Vec::new();
    assert_eq!(stream.read_to_end(&mut rest).await.unwrap_or(0), 0);
}
