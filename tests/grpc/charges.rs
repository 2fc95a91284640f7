//! Charges over a stream: what they spend is spent of the same quotas as faxes are, and a fault costs its own charge alone.

use tokio_stream::StreamExt as _;
use tonic::Code;

use super::live::Served;
use super::operator::limit_service_client::LimitServiceClient;
use super::wire::charge_service_client::ChargeServiceClient;
use super::{operator, wire};

const POLICY: &str = "[quotas.unknown]\nfaxes = \"3 faxes / day\"\npages = \"none\"\n";

fn charge(
    charge_id: u32,
    member_handle: u32,
    member_id: &str,
    units: u32,
) -> wire::StreamChargesRequest {
    wire::StreamChargesRequest {
        charge_id,
        member_handle,
        member_id: member_id.into(),
        resource: wire::ChargeResource::Faxes.into(),
        units,
    }
}

async fn told(
    server: &Served,
    asked: Vec<wire::StreamChargesRequest>,
) -> Vec<wire::StreamChargesResponse> {
    let mut client = ChargeServiceClient::new(server.channel.clone());
    let told = client.stream_charges(tokio_stream::iter(asked)).await.unwrap().into_inner();
    told.map(|told| told.unwrap()).collect().await
}

#[tokio::test(flavor = "multi_thread")]
async fn charges_spend_what_faxes_spend_and_a_fault_costs_itself_alone() {
    use wire::{ChargeFault, QuotaOutcome};
    let folder = tempfile::tempdir().unwrap();
    let server = Served::begin(folder.path()).await;
    server.apply(POLICY).await;
    let pages = wire::StreamChargesRequest {
        resource: wire::ChargeResource::Pages.into(),
        ..charge(8, 1, "", 5)
    };
    let no_resource = wire::StreamChargesRequest { resource: 99, ..charge(9, 1, "", 1) };
    let only_named = wire::StreamChargesRequest { resource: 0, ..charge(10, 2, "m-2", 0) };
    let answers = told(
        &server,
        vec![
            charge(1, 1, "m-1", 2),
            charge(2, 1, "", 0),
            charge(3, 1, "", 2),
            charge(4, 1, "", 4),
            charge(5, 1, "", 1),
            charge(6, 3, "", 1),
            charge(7, 9, "m-9", 1),
            pages,
            no_resource,
            only_named,
            charge(11, 2, "", 3),
            charge(12, 0, "m-3", 1),
            charge(13, 1, "", u32::MAX),
            charge(14, 3, &"x".repeat(65), 1),
            charge(15, u32::MAX, "m-3", 1),
        ],
    )
    .await;
    let said: Vec<_> = answers
        .iter()
        .map(|one| (one.charge_id, one.outcome(), one.remaining_count, one.fault()))
        .collect();
    let sound = ChargeFault::Unspecified;
    assert_eq!(
        said,
        [
            (1, QuotaOutcome::Within, 3, sound),
            (2, QuotaOutcome::Within, 1, sound),
            (3, QuotaOutcome::NotUntil, 1, sound),
            (4, QuotaOutcome::Never, 1, sound),
            (5, QuotaOutcome::Within, 1, sound),
            (6, QuotaOutcome::Unspecified, 0, ChargeFault::Handle),
            (7, QuotaOutcome::Unspecified, 0, ChargeFault::Handle),
            (8, QuotaOutcome::Unspecified, 0, sound),
            (9, QuotaOutcome::Unspecified, 0, ChargeFault::Amount),
            (10, QuotaOutcome::Unspecified, 0, sound),
            (11, QuotaOutcome::Within, 3, sound),
            (12, QuotaOutcome::Unspecified, 0, ChargeFault::Handle),
            (13, QuotaOutcome::Unspecified, 0, ChargeFault::Amount),
            (14, QuotaOutcome::Unspecified, 0, ChargeFault::MemberId),
            (15, QuotaOutcome::Unspecified, 0, ChargeFault::Handle),
        ]
    );
    assert!(answers[2].retry_millis > 20_000_000, "{:?}", answers[2]);
    let ask = operator::GetMemberLimitsRequest { member_id: "m-1".into() };
    let mut limits = LimitServiceClient::new(server.channel.clone());
    let level = limits.get_member_limits(ask).await.unwrap().into_inner().limits[0].level;
    assert_eq!(level, 3, "what was charged is in use");
    // A message that is larger than any charge ends its stream.
    let mut client = ChargeServiceClient::new(server.channel.clone());
    let huge = charge(1, 1, &"x".repeat(64 << 10), 1);
    let ended =
        client.stream_charges(tokio_stream::iter([huge])).await.unwrap().into_inner().next().await;
    assert_eq!(ended.unwrap().unwrap_err().code(), Code::OutOfRange);
    server.end().await;
}
