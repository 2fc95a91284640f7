//! Envoy's rate limit service over the wire: the same quotas as those of faxes, and what is refused changes nothing.

use std::time::Duration;

use faxguard::wire::envoy::extensions::common::ratelimit::v3::RateLimitDescriptor;
use faxguard::wire::envoy::extensions::common::ratelimit::v3::rate_limit_descriptor::Entry;
use faxguard::wire::envoy::service::ratelimit::v3 as rates;
use rates::RateLimitResponse;
use rates::rate_limit_response::Code as Answer;
use rates::rate_limit_response::rate_limit::Unit;
use rates::rate_limit_service_client::RateLimitServiceClient;
use tonic::Code;

use super::live::Served;
use super::operator::limit_service_client::LimitServiceClient;
use super::{operator, reason};

const POLICY: &str = "
[quotas.unknown]
faxes = \"3 faxes / day\"
pages = \"20 pages / day\"
[quotas.organisation]
faxes = \"2 faxes / minute\"
[descriptors.sends]
entries = [\"generic_key=send\", \"member\"]
[descriptors.pages]
entries = [\"pages_of\"]
resource = \"pages\"
[descriptors.house]
entries = [\"house\"]
holder = \"organisation\"
";

fn descriptor(entries: &[(&str, &str)]) -> RateLimitDescriptor {
    let entry = |(key, value): &(&str, &str)| Entry { key: (*key).into(), value: (*value).into() };
    RateLimitDescriptor { entries: entries.iter().map(entry).collect(), hits_addend: None }
}

fn question(descriptors: Vec<RateLimitDescriptor>, hits_addend: u32) -> rates::RateLimitRequest {
    rates::RateLimitRequest { domain: "faxguard".into(), descriptors, hits_addend }
}

fn sends(member: &str) -> RateLimitDescriptor {
    descriptor(&[("generic_key", "send"), ("member", member)])
}

async fn ask(
    server: &Served,
    descriptors: Vec<RateLimitDescriptor>,
    hits: u32,
) -> RateLimitResponse {
    let mut client = RateLimitServiceClient::new(server.channel.clone());
    client.should_rate_limit(question(descriptors, hits)).await.unwrap().into_inner()
}

fn header<'a>(told: &'a RateLimitResponse, key: &str) -> &'a str {
    &told.response_headers_to_add.iter().find(|header| header.key == key).unwrap().value
}

async fn level(server: &Served, member: &str) -> u64 {
    let ask = operator::GetMemberLimitsRequest { member_id: member.into() };
    let mut client = LimitServiceClient::new(server.channel.clone());
    let limits = client.get_member_limits(ask).await.unwrap().into_inner().limits;
    limits.iter().find(|limit| limit.resource == "faxes").unwrap().level
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_spends_the_quotas_of_the_policy() {
    let folder = tempfile::tempdir().unwrap();
    let server = Served::begin(folder.path()).await;
    server.apply(POLICY).await;
    let told = ask(&server, vec![sends("m-1")], 0).await;
    assert_eq!(told.overall_code(), Answer::Ok);
    let status = &told.statuses[0];
    let limit = status.current_limit.as_ref().unwrap();
    assert_eq!((status.limit_remaining, limit.requests_per_unit, limit.unit()), (2, 3, Unit::Day));
    assert_eq!(limit.name, "sends");
    assert_eq!(header(&told, "RateLimit-Policy"), "\"sends\";q=3;w=86400");
    assert_eq!(header(&told, "RateLimit"), "\"sends\";r=2;t=28800");
    ask(&server, vec![sends("m-1")], 2).await;
    assert_eq!(level(&server, "m-1").await, 3);
    let told = ask(&server, vec![sends("m-1")], 1).await;
    assert_eq!(told.overall_code(), Answer::OverLimit);
    let reset = told.statuses[0].duration_until_reset.as_ref().unwrap();
    assert!((28_000..=29_000).contains(&reset.seconds), "{reset:?}");
    assert!(header(&told, "RateLimit").starts_with("\"sends\";r=0;t=28"));
    // Another member is another quota, and so are pages.
    let both = vec![sends("m-2"), descriptor(&[("pages_of", "m-1")])];
    let told = ask(&server, both, 1).await;
    assert_eq!(told.overall_code(), Answer::Ok);
    assert_eq!(header(&told, "RateLimit-Policy"), "\"sends\";q=3;w=86400, \"pages\";q=20;w=86400");
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_all_are_spent_or_none() {
    let folder = tempfile::tempdir().unwrap();
    let server = Served::begin(folder.path()).await;
    server.apply(POLICY).await;
    let house = || descriptor(&[("house", "o-1")]);
    for left in [1, 0] {
        let mut told = ask(&server, vec![sends("m-1"), house()], 1).await;
        if left == 0 && told.overall_code() == Answer::OverLimit {
            // Once a level has leaked it is known to two 512ths of a unit, and the last unit of a burst may come so much later:
            // an eighth of a second at most where a unit takes thirty.
            let wait = told.statuses[1].duration_until_reset.unwrap();
            assert!(wait.seconds == 0 && wait.nanos < 120_000_000, "{told:?}");
            tokio::time::sleep(Duration::from_millis(130)).await;
            told = ask(&server, vec![sends("m-1"), house()], 1).await;
        }
        let answer = (told.overall_code(), told.statuses[1].limit_remaining);
        assert_eq!(answer, (Answer::Ok, left), "{told:?}");
    }
    let told = ask(&server, vec![sends("m-1"), house(), sends("m-9")], 1).await;
    let codes: Vec<Answer> = told.statuses.iter().map(|status| status.code()).collect();
    assert_eq!(codes, [Answer::Ok, Answer::OverLimit, Answer::Ok]);
    assert_eq!(told.overall_code(), Answer::OverLimit);
    assert_eq!((level(&server, "m-1").await, level(&server, "m-9").await), (2, 0));
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_policy_does_not_know_goes_through_and_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let server = Served::begin(folder.path()).await;
    server.apply(POLICY).await;
    let told = ask(&server, vec![descriptor(&[("path", "/")])], 1).await;
    assert_eq!((told.overall_code(), told.statuses.len()), (Answer::Ok, 1));
    assert!(told.response_headers_to_add.is_empty());
    let other =
        rates::RateLimitRequest { domain: "edge".into(), ..question(vec![sends("m-1")], 1) };
    let mut client = RateLimitServiceClient::new(server.channel.clone());
    client.should_rate_limit(other).await.unwrap();
    let unknown = [("result", "unknown")];
    assert_eq!(server.metrics.rate_descriptors.get_or_create(&unknown).get(), 2);
    assert_eq!(level(&server, "m-1").await, 0);
    server.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_absurd_is_refused_and_spends_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = Served::begin(folder.path()).await;
    server.apply(POLICY).await;
    let long = "7".repeat(65_536);
    for bad in [
        question(vec![sends("m-1")], u32::MAX),
        question(vec![sends("m-1"), descriptor(&[])], 1),
        question(vec![sends("m-1"), sends(&long)], 1),
        question(vec![sends("m-1"), descriptor(&[(&long, "x")])], 1),
        question(vec![sends("m-1"); 17], 1),
        question(Vec::new(), 1),
    ] {
        let mut client = RateLimitServiceClient::new(server.channel.clone());
        let refused = client.should_rate_limit(bad).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{refused:?}");
        assert_eq!(reason(&refused), "INVALID_FIELD");
        assert!(!refused.message().contains("777"));
    }
    assert_eq!(level(&server, "m-1").await, 0);
    server.end().await;
}
