//! How a member stands beyond its own quotas: with its organisation, at what is contended, and what would refuse it next.

use tokio_stream::StreamExt as _;

use super::live::Served;
use super::operator::directory_service_client::DirectoryServiceClient;
use super::operator::limit_service_client::LimitServiceClient;
use super::{operator, wire};

const POLICY: &str = "
[share]
lines = 500
[quotas.free]
faxes = \"40 faxes / day\"
pages = \"none\"
line_seconds = \"none\"
recipients = \"none\"
[quotas.organisation]
faxes = \"5 faxes / day\"
[outbound]
bound = 90000
hold = 90000
refuse = 90000
";

async fn furnish(server: &Served) {
    server.apply(POLICY).await;
    let member = |id: &str| operator::DirectoryEntry {
        entry: Some(operator::directory_entry::Entry::Member(wire::MemberFacts {
            member_id: id.into(),
            plan: wire::Plan::Free.into(),
            organisation_id: "house".into(),
            ..Default::default()
        })),
    };
    let entries = vec![member("m-1"), member("m-2")];
    let asked = vec![operator::ImportDirectoryRequest { entries, ..Default::default() }];
    let mut directory = DirectoryServiceClient::new(server.channel.clone());
    let mut told =
        directory.import_directory(tokio_stream::iter(asked)).await.unwrap().into_inner();
    assert_eq!(told.next().await.unwrap().unwrap().accepted_count, 2);
}

async fn send(server: &Served, fax: u32, member: &str) {
    let asked = wire::ScreenFaxRequest {
        request_id: format!("r-{fax}"),
        node_id: "gw-1".into(),
        fax_id: format!("job-{fax}"),
        parties: Some(wire::screen_fax_request::Parties::Outbound(wire::OutboundParties {
            member_id: member.into(),
            recipient_number: format!("+1800555{fax:04}"),
            ..Default::default()
        })),
        stage: Some(wire::screen_fax_request::Stage::JobSubmitted(wire::JobSubmitted {
            page_count: 1,
            ..Default::default()
        })),
        ..Default::default()
    };
    server.screen(asked).await;
}

async fn standing(server: &Served) -> operator::GetMemberLimitsResponse {
    let ask = operator::GetMemberLimitsRequest { member_id: "m-1".into() };
    let mut client = LimitServiceClient::new(server.channel.clone());
    client.get_member_limits(ask).await.unwrap().into_inner()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_refuses_next_is_told_before_it_does() {
    let folder = tempfile::tempdir().unwrap();
    let server = Served::begin(folder.path()).await;
    furnish(&server).await;
    send(&server, 1, "m-1").await;
    send(&server, 2, "m-2").await;
    let now = standing(&server).await;
    assert_eq!((now.limits[0].level, now.organisation_limits[0].level), (1, 2));
    let next = now.next.unwrap();
    assert_eq!((next.rule.as_str(), next.fax_count), ("quota.organisation.faxes", 3));
    // It has dialled once just now, which is a rate at which the rest is soon gone.
    assert!(next.time.is_some() && next.retry_time.is_none());
    let lines = &now.shares[0];
    assert_eq!((lines.resource.as_str(), lines.contended, lines.group), ("lines", false, true));
    assert!(lines.held_ppm > 0 && lines.group_held_ppm >= lines.held_ppm, "{lines:?}");
    assert_eq!((lines.fair_ppm, lines.above), (1_000_000, false));
    assert_eq!((now.weight_now_milli, now.raised_milli, now.weight_percent), (500, 1_000, 100));
    for fax in 3..6 {
        send(&server, fax, "m-2").await;
    }
    let next = standing(&server).await.next.unwrap();
    assert_eq!((next.rule.as_str(), next.fax_count), ("quota.organisation.faxes", 0));
    assert!(next.retry_time.is_some() && next.time.is_none());

    // Who floods the lines is told that they are what it will wait for.
    server
        .apply(
            &POLICY.replace("5 faxes / day", "9000 faxes / day").replace("40 faxes", "9000 faxes"),
        )
        .await;
    for fax in 100..200 {
        send(&server, fax, "m-1").await;
    }
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    send(&server, 500, "m-1").await;
    let now = standing(&server).await;
    let lines = &now.shares[0];
    assert!(lines.contended && lines.above && lines.held_ppm > lines.fair_ppm, "{lines:?}");
    assert_eq!(now.next.unwrap().rule, "share.lines");
    server.end().await;
}
