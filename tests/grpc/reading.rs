//! The service reads a fax for a node that cannot make its fingerprints: where the policy lets it, where an answer wants
//! them, once.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test fails the test, as the test itself would"
)]

use faxguard::bounds::{READ_FAX_BYTES_MAX, READ_FAX_MESSAGE_BYTES_MAX};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use super::live::Served;
use super::wire::reading_service_client::ReadingServiceClient;
use super::{WireParties, WireStage, reason, request, wire};

/// Every fax is in doubt, so that each is asked for; and none is less so by night, whenever this runs.
const DOUBT: &str = "[inbound]\ndoubt_low = -20000\n\
                     [signals]\n\"time.night\" = 0\n\"time.quiet_hours\" = 0\n";
const ALLOWED: &str = "[inbound]\ndoubt_low = -20000\n[fingerprints]\nservice_reads_pages = true\n\
                       [signals]\n\"time.night\" = 0\n\"time.quiet_hours\" = 0\n";

fn received(fax: usize, id: &str, pages: Vec<wire::PageFingerprint>) -> wire::ScreenFaxRequest {
    let stage = wire::Received {
        outcome: wire::ReceiveOutcome::Complete.into(),
        page_count: 1,
        fingerprints: pages,
        ..Default::default()
    };
    let mut asked = request(&format!("{fax}-{id}"), WireStage::Received(stage));
    asked.fax_id = format!("call-{fax}");
    asked.parties = Some(WireParties::Inbound(wire::InboundParties {
        caller_number: format!("+1310250{:04}", fax * 137 % 10_000),
        called_number: format!("+1212555{fax:04}"),
        trunk: "a".into(),
    }));
    asked
}

/// What the service makes of a file.
async fn read(
    served: &Served,
    fax: usize,
    tiff: Vec<u8>,
) -> Result<Vec<wire::PageFingerprint>, Status> {
    let asked =
        wire::FingerprintFaxRequest { node_id: "gw-1".into(), fax_id: format!("call-{fax}"), tiff };
    let mut client = ReadingServiceClient::new(served.channel.clone());
    client.fingerprint_fax(asked).await.map(|told| told.into_inner().fingerprints)
}

fn looks(served: &Served) -> u64 {
    served.metrics.content_looks.get_or_create(&[("purpose", "prevent-disruption")]).get()
}

fn wants(told: &wire::ScreenFaxResponse) -> bool {
    told.verdict.as_ref().unwrap().fingerprint.as_ref().unwrap().wanted
}

/// A whole conversation about a received fax, as a node leads it that has its pages read.
async fn converse(served: &Served, fax: usize) -> wire::Verdict {
    let mut told = served.screen(received(fax, "first", Vec::new())).await;
    for id in ["marks", "map"] {
        if !wants(&told) {
            break;
        }
        let pages = read(served, fax, crate::campaigns::copy(3, fax)).await.unwrap();
        assert_eq!((pages.len(), pages[0].fingerprints.len()), (1, 2));
        assert_eq!(pages[0].ink_map.is_empty(), id == "marks");
        told = served.screen(received(fax, id, pages)).await;
    }
    assert!(!wants(&told));
    told.verdict.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fax_is_read_where_the_policy_lets_it_and_an_answer_wants_it_and_once() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::begin(folder.path()).await;
    served.apply(DOUBT).await;
    assert!(wants(&served.screen(received(0, "first", Vec::new())).await));
    let file = crate::campaigns::copy(3, 0);
    let refused = |told: Result<_, Status>| {
        let status = told.err().unwrap();
        (status.code(), reason(&status))
    };
    let off = refused(read(&served, 0, file.clone()).await);
    assert_eq!(off, (Code::FailedPrecondition, "CONTENT_NOT_ALLOWED".into()));
    served.apply(ALLOWED).await;
    let unknown = refused(read(&served, 99, file.clone()).await);
    assert_eq!(unknown, (Code::FailedPrecondition, "FINGERPRINTS_NOT_WANTED".into()));
    assert_eq!(looks(&served), 0);
    assert_eq!(read(&served, 0, file.clone()).await.unwrap().len(), 1);
    let twice = refused(read(&served, 0, file.clone()).await);
    assert_eq!(twice, (Code::FailedPrecondition, "ALREADY_READ".into()));
    assert_eq!(looks(&served), 1);

    // What is none of a fax is refused, and its leave is spent: the journal says that it was opened.
    served.screen(received(1, "first", Vec::new())).await;
    let broken = refused(read(&served, 1, b"II*\0 and nothing".to_vec()).await);
    assert_eq!(broken, (Code::InvalidArgument, "UNREADABLE_FAX".into()));
    assert_eq!(refused(read(&served, 1, file).await).1, "ALREADY_READ");
    served.screen(received(2, "first", Vec::new())).await;
    let large = read(&served, 2, vec![0; READ_FAX_BYTES_MAX + 1]).await.unwrap_err();
    let named = large.get_error_details();
    assert_eq!(reason(&large), "INVALID_FIELD");
    assert_eq!(named.bad_request().unwrap().field_violations[0].field, "tiff");
    let larger = read(&served, 2, vec![0; READ_FAX_MESSAGE_BYTES_MAX]).await.unwrap_err();
    assert_eq!(larger.code(), Code::OutOfRange);
    assert_eq!(looks(&served), 2);
    served.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn faxes_that_the_service_reads_become_a_campaign() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::begin(folder.path()).await;
    served.apply(ALLOWED).await;
    let mut last = converse(&served, 3).await;
    assert_eq!(last.action(), wire::Action::Deliver);
    for fax in 4..10 {
        last = converse(&served, fax).await;
    }
    assert!(last.hits.iter().any(|hit| hit.name == "campaign.spread"), "{last:?}");
    // Pages as other machines code them: all are read, and none of them fails.
    let files = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/pages");
    let mut count = looks(&served);
    for (fax, file) in (20..).zip(std::fs::read_dir(files).unwrap()) {
        served.screen(received(fax, "first", Vec::new())).await;
        read(&served, fax, std::fs::read(file.unwrap().path()).unwrap()).await.unwrap();
        count += 1;
    }
    assert_eq!(looks(&served), count);
    served.end().await;
}
