//! A browser of the tests: requests as bytes on a socket, answers taken apart.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Asks a port, each time on a new connection.
#[derive(Clone, Copy)]
pub(super) struct Browser(pub(super) SocketAddr);

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    headers: Vec<(String, String)>,
    pub(super) body: String,
}

impl Browser {
    pub(super) async fn get(self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let head: String =
            headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        self.raw(
            format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{head}\r\n").as_bytes(),
        )
        .await
    }

    pub(super) async fn post(self, path: &str, fields: &[(&str, String)]) -> Answer {
        self.post_as(path, fields, &[]).await
    }

    pub(super) async fn post_as(
        self,
        path: &str,
        fields: &[(&str, String)],
        headers: &[(&str, &str)],
    ) -> Answer {
        let pairs = fields.iter().map(|(name, value)| format!("{name}={}", escaped(value)));
        let body = pairs.collect::<Vec<_>>().join("&");
        let form = ("Content-Type", "application/x-www-form-urlencoded");
        let headers: Vec<_> = headers.iter().copied().chain([form]).collect();
        self.send(path, &headers, body.as_bytes()).await
    }

    /// Posts a body.
    pub(super) async fn send(self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let head: String =
            headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let length = body.len();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n{head}\r\n"
        );
        self.raw(&[head.as_bytes(), body].concat()).await
    }

    /// Sends bytes as they are, and reads to the end of the connection.
    pub(super) async fn raw(self, bytes: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(self.0).await.unwrap();
        // Whoever is answered early need not take the rest.
        let _ = stream.write_all(bytes).await;
        let mut told = Vec::new();
        let _ = stream.read_to_end(&mut told).await;
        Answer::read(&told)
    }
}

/// Escapes everything but letters and digits.
fn escaped(value: &str) -> String {
    let one = |byte: u8| match byte {
        b' ' => "+".to_owned(),
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    value.bytes().map(one).collect()
}

impl Answer {
    pub(super) fn read(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
        let pair = |line: &str| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.to_ascii_lowercase(), value.to_owned())
        };
        Self {
            status: status.unwrap_or(0),
            headers: lines.map(pair).collect(),
            body: body.to_owned(),
        }
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(has, _)| has == name).map(|(_, value)| value.as_str())
    }

    /// The value of a field of the form.
    pub(super) fn value_of(&self, field: &str) -> String {
        let at = self.body.split_once(&format!("name=\"{field}\"")).unwrap().1;
        let value = at.split_once("value=\"").unwrap().1;
        value.split_once('"').unwrap().0.to_owned()
    }

    /// The number of the report on a page.
    pub(super) fn code(&self) -> String {
        let at = self.body.split_once("<dd class=\"code\">").unwrap().1;
        at.split_once('<').unwrap().0.to_owned()
    }

    /// Holds that a field is told to be wrong, beside it and above.
    #[track_caller]
    pub(super) fn assert_fault(&self, field: &str, told: &str) {
        let mark = format!("id=\"{field}-fault\">");
        let (_, beside) =
            self.body.split_once(&mark).unwrap_or_else(|| panic!("{field}: {}", self.body));
        let beside = beside.split_once("</p>").unwrap().0;
        assert!(beside.contains(told), "{field}: {beside}");
        assert!(self.body.contains(&format!("<li><a href=\"#{field}\">")), "{field}");
        assert!(
            self.body.contains(&format!("{field}-fault\" aria-invalid=\"true\""))
                || field == "category"
        );
    }
}
