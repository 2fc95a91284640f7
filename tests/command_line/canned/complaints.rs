//! Answers on complaints, and what leaves the desk.

use faxguard::wire::desk::v1::case_service_server::{CaseService, CaseServiceServer};
use faxguard::wire::desk::v1::measure_service_server::{MeasureService, MeasureServiceServer};
use faxguard::wire::desk::v1::*;
use faxguard::wire::report::v1::*;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Request, Response, Status, Streaming};

use super::{Answer, Answers, ID, receipt, refused};

pub(super) struct Desk;

pub(super) fn cases() -> CaseServiceServer<Desk> {
    CaseServiceServer::new(Desk)
}

pub(super) fn measures() -> MeasureServiceServer<Desk> {
    MeasureServiceServer::new(Desk)
}

#[tonic::async_trait]
impl complaint_service_server::ComplaintService for Desk {
    type ImportComplaintsStream = Answers<ImportComplaintsResponse>;

    async fn file_complaint(
        &self,
        request: Request<FileComplaintRequest>,
    ) -> Answer<FileComplaintResponse> {
        let request = request.into_inner();
        assert!(!request.report.is_empty());
        match request.format() {
            ComplaintFormat::Arf => {
                Ok(Response::new(FileComplaintResponse { receipt: Some(receipt()) }))
            }
            ComplaintFormat::Xarf | ComplaintFormat::Unspecified => {
                Err(refused(Code::InvalidArgument, "INVALID_FIELD", "`$.type` is no type"))
            }
        }
    }

    async fn import_complaints(
        &self,
        request: Request<Streaming<ImportComplaintsRequest>>,
    ) -> Answer<Self::ImportComplaintsStream> {
        let mut parts = request.into_inner();
        let (answers, receiver) = tokio::sync::mpsc::channel(1);
        tokio::spawn(async move {
            let mut told = ImportComplaintsResponse::default();
            while let Ok(Some(part)) = parts.message().await {
                assert_eq!(part.importer.is_empty(), told.consumed_bytes > 0);
                told.consumed_bytes += part.chunk.len() as u64;
                let rows = part.chunk.iter().filter(|byte| **byte == b'\n').count() as u64;
                told.row_count += rows;
                told.filed_count += rows;
                told.unverified_count += rows;
            }
            told.faulty_count = 1;
            let faults = vec![ComplaintFault {
                path: "caller".into(),
                fault: "number +19005551212 has no country\u{1b}[2J".into(),
            }];
            told.faulty = vec![FaultyComplaint { row: 2, line: 3, faults }];
            told.end = true;
            let _ = answers.send(Ok(told)).await;
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }
}

/// What the tool's tests do not ask.
fn unasked<T>() -> Answer<T> {
    Err(Status::unimplemented("the tests ask for nothing of that kind"))
}

#[tonic::async_trait]
impl CaseService for Desk {
    async fn export_case(&self, request: Request<ExportCaseRequest>) -> Answer<ExportCaseResponse> {
        let ExportCaseRequest { format, partner, sender, .. } = request.into_inner();
        let from = sender.map(|sender| sender.domain).unwrap_or_default();
        Ok(Response::new(ExportCaseResponse {
            content: format!("format {format}\r\nfor {partner}, from {from}\u{1b}[2J\r\n"),
            media_type: "message/rfc822".into(),
            report_id: ID.into(),
        }))
    }

    async fn list_cases(&self, _: Request<ListCasesRequest>) -> Answer<ListCasesResponse> {
        unasked()
    }

    async fn get_case(&self, _: Request<GetCaseRequest>) -> Answer<GetCaseResponse> {
        unasked()
    }

    async fn lease_case(&self, _: Request<LeaseCaseRequest>) -> Answer<LeaseCaseResponse> {
        unasked()
    }

    async fn decide_case(&self, _: Request<DecideCaseRequest>) -> Answer<DecideCaseResponse> {
        unasked()
    }

    async fn second_case(&self, _: Request<SecondCaseRequest>) -> Answer<SecondCaseResponse> {
        unasked()
    }

    async fn merge_cases(&self, _: Request<MergeCasesRequest>) -> Answer<MergeCasesResponse> {
        unasked()
    }

    async fn reopen_case(&self, _: Request<ReopenCaseRequest>) -> Answer<ReopenCaseResponse> {
        unasked()
    }
}

#[tonic::async_trait]
impl MeasureService for Desk {
    async fn export_measures(
        &self,
        request: Request<ExportMeasuresRequest>,
    ) -> Answer<ExportMeasuresResponse> {
        let (csv, next_page_token) = match request.into_inner().page_token.as_str() {
            "" => ("measure,kind\n1,block\n", "2"),
            _ => ("2,'=warn\n", ""),
        };
        let (csv, next_page_token) = (csv.into(), next_page_token.into());
        Ok(Response::new(ExportMeasuresResponse { csv, next_page_token }))
    }

    async fn list_measures(&self, _: Request<ListMeasuresRequest>) -> Answer<ListMeasuresResponse> {
        unasked()
    }

    async fn get_measure(&self, _: Request<GetMeasureRequest>) -> Answer<GetMeasureResponse> {
        unasked()
    }

    async fn lift_measure(&self, _: Request<LiftMeasureRequest>) -> Answer<LiftMeasureResponse> {
        unasked()
    }

    async fn decide_appeal(&self, _: Request<DecideAppealRequest>) -> Answer<DecideAppealResponse> {
        unasked()
    }

    async fn get_transparency(
        &self,
        _: Request<GetTransparencyRequest>,
    ) -> Answer<GetTransparencyResponse> {
        unasked()
    }
}
