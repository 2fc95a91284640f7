//! The node's side against a real server on loopback that is well, slow, hung, refusing, gone and back.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test fails the test, as the test itself would"
)]

mod calls;
mod hooks;
mod line;
mod server;
mod usage;

use std::sync::Arc;
use std::time::Duration;

use faxguard::bounds::NODE_QUESTIONS_MAX;
use faxguard::fax::stage::StageKind;
use faxguard::node::{Basis, Cause, Client, deadline};
use faxguard::time::{Clock as _, WallClock};
use faxguard::wire::screening::v1 as wire;
use tonic::transport::Endpoint;
use wire::screen_fax_request::{Parties, Stage};

use server::{Canned, Mood};

/// Connections of a client.
const CHANNELS: usize = 2;

fn client(address: std::net::SocketAddr) -> Client {
    let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
    Client::new(endpoint, "gw-1", CHANNELS, Arc::new(WallClock))
}

fn call(fax: usize, stage: Stage) -> wire::ScreenFaxRequest {
    wire::ScreenFaxRequest {
        fax_id: format!("call-{fax}"),
        parties: Some(Parties::Inbound(wire::InboundParties {
            caller_number: format!("+1800555{fax:04}"),
            called_number: "+18005550199".into(),
            trunk: "a".into(),
        })),
        stage: Some(stage),
        ..Default::default()
    }
}

fn offered() -> Stage {
    Stage::CallOffered(wire::CallOffered::default())
}

fn received() -> Stage {
    Stage::Received(wire::Received::default())
}

fn handshake() -> Stage {
    Stage::Handshake(wire::Handshake::default())
}

fn job(fax: usize) -> wire::ScreenFaxRequest {
    wire::ScreenFaxRequest {
        fax_id: format!("job-{fax}"),
        parties: Some(Parties::Outbound(wire::OutboundParties {
            member_id: "m-1".into(),
            recipient_number: "+18005550100".into(),
            ..Default::default()
        })),
        stage: Some(Stage::JobSubmitted(wire::JobSubmitted::default())),
        ..Default::default()
    }
}

/// Asks and holds that the answer came within the deadline and room for a loaded machine.
async fn in_time(client: &Client, request: wire::ScreenFaxRequest) -> faxguard::node::Answer {
    let handshake = matches!(request.stage, Some(Stage::Handshake(_)));
    let stage = if handshake { StageKind::Handshake } else { StageKind::CallOffered };
    let begun = WallClock.now();
    let answer = client.ask(request).await;
    let took = WallClock.now().since(begun);
    let longest = deadline(stage) + Duration::from_secs(2);
    assert!(u128::from(took.as_micros()) < longest.as_micros(), "{took:?}");
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_well_answers_and_knows_the_node_and_the_deadline() {
    let server = Canned::begin(Mood::Well);
    let client = client(server.address());
    let answer = in_time(&client, call(1, offered())).await;
    assert_eq!((answer.basis, answer.action()), (Basis::Served, wire::Action::DeliverTagged));
    assert_eq!(answer.decision_id, "0123456789abcdef0123456789abcdef");
    let seen = server.seen();
    assert_eq!((seen[0].node_id.as_str(), seen[0].unscored_count), ("gw-1", 0));
    assert_eq!(server.timeouts(), ["500000u"]);
    let again = in_time(&client, call(1, offered())).await;
    assert_eq!(again.basis, Basis::Served);
    assert_eq!(server.seen()[1].request_id, seen[0].request_id, "the same stage, the same id");
    server.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hung_service_costs_three_deadlines_and_is_told_what_it_missed() {
    let server = Canned::begin(Mood::Hung);
    let client = client(server.address());
    let mut causes = Vec::new();
    for fax in 0..40 {
        let answer = in_time(&client, call(fax, handshake())).await;
        assert_eq!(answer.action(), wire::Action::Deliver);
        let Basis::Unscored(cause) = answer.basis else { panic!("{:?}", answer.basis) };
        causes.push(cause);
    }
    assert_eq!(causes[..3], [Cause::Late; 3]);
    let paused = causes.iter().filter(|cause| **cause == Cause::Paused).count();
    assert!(paused >= 30, "{causes:?}");
    server.set(Mood::Well);
    let mut fax = 40;
    let answer = loop {
        fax += 1;
        let answer = in_time(&client, call(fax, offered())).await;
        if answer.basis == Basis::Served {
            break answer;
        }
        assert_eq!(answer.action(), wire::Action::Deliver);
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert_eq!(answer.action(), wire::Action::DeliverTagged);
    let told = server.seen().last().unwrap().unscored_count as usize;
    assert_eq!(told, fax - 1, "every fax before this one, counted once");
    server.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_service_is_not_waited_for_beyond_each_stage() {
    let server = Canned::begin(Mood::Slow(Duration::from_millis(250)));
    let client = client(server.address());
    for fax in 0..4 {
        let late = in_time(&client, call(fax, handshake())).await;
        assert_eq!(late.basis, Basis::Unscored(Cause::Late));
        let asked = call(fax, offered());
        assert_eq!(client.ask(asked).await.basis, Basis::Served, "500 ms are enough");
    }
    server.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_holds_no_more_questions_than_it_may_and_does_without_at_once() {
    let server = Canned::begin(Mood::Hung);
    let client = Arc::new(client(server.address()));
    let mut open = tokio::task::JoinSet::new();
    let most = CHANNELS * NODE_QUESTIONS_MAX;
    for fax in 0..most {
        let client = Arc::clone(&client);
        open.spawn(async move { client.ask(call(fax, received())).await });
    }
    while server.asked() < most {
        tokio::task::yield_now().await;
    }
    let beyond = client.ask(call(most, received())).await;
    assert_eq!(beyond.basis, Basis::Unscored(Cause::Full));
    assert_eq!((beyond.action(), server.asked()), (wire::Action::Deliver, most));
    // Whoever gives a question up frees its place.
    open.shutdown().await;
    server.set(Mood::Well);
    assert_eq!(in_time(&client, call(most + 1, offered())).await.basis, Basis::Served);
    server.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_refuses_is_there_and_stays_asked() {
    let server = Canned::begin(Mood::Refusing(tonic::Code::ResourceExhausted));
    let client = client(server.address());
    for fax in 0..10 {
        let answer = in_time(&client, call(fax, offered())).await;
        assert_eq!(answer.basis, Basis::Unscored(Cause::Refused));
        assert_eq!(answer.action(), wire::Action::Deliver);
    }
    server.set(Mood::Odd);
    let odd = in_time(&client, call(10, offered())).await;
    assert_eq!(odd.basis, Basis::Unscored(Cause::Refused), "an answer that is none");
    server.set(Mood::Well);
    let answer = in_time(&client, call(11, offered())).await;
    assert_eq!(answer.basis, Basis::Served);
    assert_eq!(server.seen().last().unwrap().unscored_count, 11);
    server.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn gone_and_back_again_without_an_error() {
    let server = Canned::begin(Mood::Well);
    let address = server.address();
    let client = client(address);
    let kept = in_time(&client, call(1, offered())).await;
    assert_eq!(kept.basis, Basis::Served);
    server.end();

    let reused = in_time(&client, call(1, offered())).await;
    assert_eq!((reused.basis, reused.action()), (Basis::Reused, wire::Action::DeliverTagged));
    let stranger = in_time(&client, call(2, offered())).await;
    assert_eq!(stranger.basis, Basis::Unscored(Cause::Unreachable));
    let mut bounded = 0;
    for fax in 0..80 {
        let answer = in_time(&client, job(fax)).await;
        if answer.action() == wire::Action::Bound {
            bounded += 1;
            assert!(answer.verdict.bounds.unwrap().not_before_time.is_some());
        } else {
            assert_eq!((answer.action(), bounded), (wire::Action::Allow, 0));
        }
    }
    assert_eq!(bounded, 20, "sixty at once, the rest later, none refused");

    let server = Canned::begin_at(address, Mood::Well);
    loop {
        let answer = in_time(&client, call(3, offered())).await;
        if answer.basis == Basis::Served {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let unscored = server.seen().first().unwrap().unscored_count;
    assert!((82..=83).contains(&unscored), "{unscored}");
    server.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_there_and_nothing_asked_are_answers_too() {
    let nowhere = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let client = client(nowhere);
    let empty = client.ask(wire::ScreenFaxRequest::default()).await;
    assert_eq!(empty.basis, Basis::Unscored(Cause::Malformed));
    let answers: Vec<_> =
        futures_of(&client, 200).await.into_iter().map(|answer| answer.action()).collect();
    assert!(answers.iter().all(|action| *action == wire::Action::Deliver));
}

/// Many questions at once.
async fn futures_of(client: &Client, count: usize) -> Vec<faxguard::node::Answer> {
    let mut answers = Vec::new();
    for chunk in 0..count / 4 {
        let one = |at: usize| client.ask(call(chunk * 4 + at, offered()));
        let (a, b, c, d) = tokio::join!(one(0), one(1), one(2), one(3));
        answers.extend([a, b, c, d]);
    }
    answers
}
