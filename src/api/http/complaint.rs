//! Complaints of other systems over HTTP: one in a format of abuse desks, or a small file of rows.

use axum::http::header;
use axum::response::Response;
use tonic::codegen::Bytes;

use super::refused::Refused;
use super::{House, Shared, fields, finished, json, visitor};
use crate::api::grpc::Importing;
use crate::api::status::Failure;
use crate::bounds;
use crate::wire::report::v1 as wire;
use axum::extract::{Request, State};

/// What a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A whole mail.
    Mail,
    /// The body of a mail, whose head is that of the request.
    MailBody,
    Xarf,
    File(wire::ComplaintFileFormat),
}

impl Kind {
    /// What a media type stands for; JSON is one of ours only where the query says so.
    fn of(media: &str, format: &str) -> Option<Self> {
        let essence = media.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
        match (essence.as_str(), format) {
            ("message/rfc822", _) => Some(Self::Mail),
            ("multipart/report", _) => Some(Self::MailBody),
            ("application/xarf+json", _) | ("application/json", "xarf") => Some(Self::Xarf),
            ("text/csv", _) => Some(Self::File(wire::ComplaintFileFormat::Csv)),
            ("application/x-ndjson" | "application/jsonl", _) => {
                Some(Self::File(wire::ComplaintFileFormat::Jsonl))
            }
            _ => None,
        }
    }
}

/// Takes what is posted.
pub(super) async fn file(State(house): Shared, request: Request) -> Response {
    match filed(&house, request).await {
        Ok(response) => response,
        Err(refused) => finished(json::refuse(&refused), &refused),
    }
}

async fn filed(house: &House, request: Request) -> Result<Response, Refused> {
    let visitor = visitor(&request);
    if visitor.foreign {
        return Err(Refused::Foreign);
    }
    house.admit(&visitor)?;
    let query = fields::parse(request.uri().query().unwrap_or("").as_bytes());
    let query = query.map_err(|_| Refused::Unreadable { line: 0, column: 0 })?;
    let asked = |name: &str| fields::value(&query, name).unwrap_or("").to_owned();
    let media = request.headers().get(header::CONTENT_TYPE);
    let media = media.and_then(|value| value.to_str().ok()).unwrap_or("").to_owned();
    let kind = Kind::of(&media, &asked("format")).ok_or(Refused::MediaType)?;
    // A place before the body: so many bodies are in memory, and no more.
    let _place = house.complaints.try_acquire().map_err(|_| Failure::Overloaded)?;
    let body = house.body_within(request, bounds::COMPLAINT_BYTES_MAX).await?;
    let (format, report) = match kind {
        Kind::Mail => (wire::ComplaintFormat::Arf, body.to_vec()),
        Kind::MailBody => {
            let head = format!("MIME-Version: 1.0\r\nContent-Type: {media}\r\n\r\n");
            (wire::ComplaintFormat::Arf, [head.as_bytes(), &body].concat())
        }
        Kind::Xarf => (wire::ComplaintFormat::Xarf, body.to_vec()),
        Kind::File(format) => {
            let first = wire::ImportComplaintsRequest {
                format: format.into(),
                importer: asked("reporter"),
                event_time: None,
                chunk: Vec::new(),
            };
            return imported(house, &first, (&body, visitor.network())).await;
        }
    };
    let message = wire::FileComplaintRequest {
        request_id: asked("request_id"),
        format: format.into(),
        report,
        reporter_contact: asked("reporter"),
        event_time: None,
    };
    Ok(json::answer(&house.edge.file_complaint(message).await?))
}

/// Takes a file in, and answers when it is.
async fn imported(
    house: &House,
    first: &wire::ImportComplaintsRequest,
    (body, network): (&Bytes, [u8; 16]),
) -> Result<Response, Refused> {
    let mut importing = Importing::begin(&house.edge, first, Some(network))?;
    let mut told = wire::ImportComplaintsResponse::default();
    let mut parts = body.chunks(bounds::SCREENING_MESSAGE_BYTES_MAX);
    while !told.end {
        match parts.next() {
            Some(part) => importing.push(part)?,
            None => importing.end(),
        }
        while let Some(progress) = importing.step().await? {
            let mut faulty = std::mem::take(&mut told.faulty);
            let room = bounds::COMPLAINT_FAULTY_TOLD_MAX - faulty.len();
            faulty.extend(progress.faulty.iter().take(room).cloned());
            told = wire::ImportComplaintsResponse { faulty, ..progress };
            if told.end {
                break;
            }
        }
    }
    Ok(json::answer(&told))
}
