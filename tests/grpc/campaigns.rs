//! Campaigns at the desk: the real engine's, listed, decided on, taken back, merged, split and watched over the port.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test fails the test, as the test itself would"
)]

use std::sync::Arc;
use std::time::Duration;

use faxguard::api::grpc::{Edge, services};
use faxguard::api::guard::Guards;
use faxguard::api::live::{Live, Timepiece};
use faxguard::bounds::CAMPAIGN_WATCHERS_MAX;
use faxguard::campaign::Tie;
use faxguard::campaign::synthetic::{Copied, Synthetic};
use faxguard::lab::files;
use faxguard::memory::Memory;
use faxguard::metrics::Metrics;
use faxguard::operator::{Invocation, Output, Screen, run};
use faxguard::server::drain::Drain;
use faxguard::server::listen;
use faxguard::time::EventClock;
use tokio::task::JoinHandle;
use tonic::transport::Channel;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use super::operator::campaign_service_client::CampaignServiceClient;
use super::operator::{
    Campaign, CampaignDetail, CampaignJudge, CampaignState, DecideCampaignRequest,
    ForgetKnownFormRequest, GetCampaignRequest, ListCampaignsRequest, ListKnownFormsRequest,
    MergeCampaignsRequest, NameKnownFormRequest, RemoveRepresentativeRequest, SplitCampaignRequest,
    UndoCampaignDecisionRequest, WatchCampaignsRequest,
};
use super::reason;
use crate::support::{at, house};

const PAGES: Synthetic = Synthetic { seed: 7, common_milli: 0 };

struct Desk {
    memory: Arc<Memory>,
    address: String,
    client: CampaignServiceClient<Channel>,
    drain: Drain,
    serving: JoinHandle<Result<(), listen::ServeFault>>,
}

impl Desk {
    /// A server over an engine that has met two campaigns.
    async fn open() -> Self {
        let furnished = tokio::task::spawn_blocking(|| house("")).await;
        let memory = Arc::new(furnished.unwrap());
        for page in 1..=2 {
            meet(&memory, page, 0..40);
        }
        let clock = Arc::new(EventClock::default());
        clock.advance(at(600));
        let live = Live::new(Arc::clone(&memory), Timepiece::Events(clock));
        let (drain, draining) = Drain::new();
        let ending = draining.clone();
        let edge = Edge::new(
            Arc::new(live),
            Guards::serving(),
            Arc::new(Metrics::new()),
            Box::new(move || Box::pin(ending.clone().begun())),
        );
        let edge = edge.with_watch_wait(Duration::from_millis(5));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(listen::serve(listener, services(edge), draining));
        let address = format!("http://{address}");
        let endpoint = Channel::from_shared(address.clone()).unwrap();
        let client = CampaignServiceClient::new(endpoint.connect().await.unwrap());
        Self { memory, address, client, drain, serving }
    }

    async fn list(&mut self, state: CampaignState) -> Vec<Campaign> {
        let mut page_token = String::new();
        let mut all = Vec::new();
        loop {
            let ask = ListCampaignsRequest { state: state.into(), page_size: 1, page_token };
            let page = self.client.list_campaigns(ask).await.unwrap().into_inner();
            all.extend(page.campaigns);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return all;
            }
        }
    }

    async fn ids(&mut self) -> [String; 2] {
        let all = self.list(CampaignState::Unspecified).await;
        let ids: Vec<String> = all.into_iter().map(|campaign| campaign.campaign_id).collect();
        ids.try_into().unwrap()
    }

    async fn get(&mut self, id: &str) -> Result<CampaignDetail, Status> {
        let ask = GetCampaignRequest { campaign_id: id.into() };
        self.client.get_campaign(ask).await.map(|told| told.into_inner().detail.unwrap())
    }

    async fn decide(
        &mut self,
        id: &str,
        state: CampaignState,
        etag: &str,
    ) -> Result<CampaignDetail, Status> {
        let request = DecideCampaignRequest {
            campaign_id: id.into(),
            state: state.into(),
            author: "ann".into(),
            reason: "offers of loans".into(),
            expire_time: None,
            etag: etag.into(),
        };
        self.client.decide_campaign(request).await.map(|told| told.into_inner().detail.unwrap())
    }

    async fn end(self) {
        self.drain.begin();
        drop(self.client);
        self.serving.await.unwrap().unwrap();
    }
}

fn meet(memory: &Memory, page: u64, faxes: std::ops::Range<u64>) {
    for fax in faxes {
        let print = [PAGES.copy(page, Copied::EXACT)];
        let number = page * 1_000 + fax;
        memory.campaigns().meet(&PAGES.sighting(number, &print), at(page * 60 + fax));
    }
}

/// What the tool prints, asked as it would be typed.
async fn typed(address: &str, words: &[&str]) -> String {
    let command = words.iter().map(|word| match word.contains(' ') {
        true => format!("\"{word}\""),
        false => (*word).to_owned(),
    });
    let command = command.collect::<Vec<_>>().join(" ");
    let arguments = [&["faxguardctl"], words, &["--server", address]].concat();
    let invocation = Invocation {
        arguments: arguments.into_iter().map(Into::into).collect(),
        user: Some("ann".into()),
    };
    let run = move || {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let output = Output::new(&mut out, &mut err, Screen::Other);
        let code = run(invocation, &files::catalog(), &files::hooks(), output);
        assert_eq!(code, 0, "{}", String::from_utf8_lossy(&err));
        String::from_utf8(out).unwrap()
    };
    let out = tokio::task::spawn_blocking(run).await.unwrap();
    format!("$ faxguardctl {command}\n{out}")
}

/// Holds what stands between two marks of a document, or writes it.
fn hold(name: &str, made: &str) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/campaigns.md");
    let text = std::fs::read_to_string(path).unwrap();
    let [begin, end] =
        ["begin", "end"].map(|side| format!("<!-- transcript of {name}: {side} -->"));
    let from = text.find(&begin).unwrap() + begin.len();
    let to = text.find(&end).unwrap();
    let made = format!("\n```text\n{}\n```\n", made.trim_end());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, [&text[..from], &made, &text[to..]].concat()).unwrap();
        return;
    }
    assert_eq!(&text[from..to], made, "run UPDATE=1");
}

fn state(detail: &CampaignDetail) -> (CampaignState, CampaignJudge) {
    let campaign = detail.campaign.clone().unwrap();
    (campaign.state(), campaign.judge())
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_decides_and_takes_it_back_over_the_version_it_read() {
    let mut desk = Desk::open().await;
    let [first, _] = desk.ids().await;
    let before = desk.get(&first).await.unwrap();
    assert_eq!(state(&before), (CampaignState::Suspected, CampaignJudge::Evidence));
    let campaign = before.campaign.clone().unwrap();
    let recipients = campaign.recipients.unwrap();
    assert_eq!((recipients.count, recipients.error_bp, campaign.sighting_count), (40, 0, 40));
    let confirmed = desk.decide(&first, CampaignState::Confirmed, &before.etag).await.unwrap();
    assert_eq!(state(&confirmed), (CampaignState::Confirmed, CampaignJudge::Staff));
    assert_eq!(confirmed.decisions[0].author, "ann");
    let stale = desk.decide(&first, CampaignState::Cleared, &before.etag).await.unwrap_err();
    assert_eq!((stale.code(), reason(&stale)), (Code::Aborted, "STALE_ETAG".into()));
    // What is seen meanwhile makes no version old.
    meet(&desk.memory, 1, 40..60);
    let cleared = desk.decide(&first, CampaignState::Cleared, &confirmed.etag).await.unwrap();
    assert_eq!(desk.list(CampaignState::Cleared).await.len(), 1);
    assert_eq!(desk.list(CampaignState::Suspected).await.len(), 1);
    let undo = |etag: &str| UndoCampaignDecisionRequest {
        campaign_id: first.clone(),
        author: "bob".into(),
        etag: etag.into(),
    };
    let undone = desk.client.undo_campaign_decision(undo(&cleared.etag)).await.unwrap();
    let undone = undone.into_inner();
    assert_eq!(undone.undone.unwrap().state(), CampaignState::Cleared);
    assert_eq!(undone.detail.unwrap().etag, confirmed.etag);
    let twice = desk.client.undo_campaign_decision(undo(&cleared.etag)).await.unwrap_err();
    assert_eq!(reason(&twice), "STALE_ETAG");
    desk.client.undo_campaign_decision(undo("")).await.unwrap();
    let none = desk.client.undo_campaign_decision(undo("")).await.unwrap_err();
    assert_eq!((none.code(), reason(&none)), (Code::FailedPrecondition, "NOTHING_TO_DO".into()));
    assert_eq!(desk.get(&first).await.unwrap().etag, before.etag);
    desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_campaigns_are_merged_and_split_again() {
    let mut desk = Desk::open().await;
    let [first, second] = desk.ids().await;
    let apart = desk.get(&second).await.unwrap();
    let merge = MergeCampaignsRequest {
        campaign_id: second.clone(),
        other_campaign_id: first.clone(),
        author: "ann".into(),
        etag: apart.etag.clone(),
    };
    let merged = desk.client.merge_campaigns(merge.clone()).await.unwrap().into_inner();
    let merged = merged.detail.unwrap();
    assert_eq!(merged.campaign.clone().unwrap().campaign_id, first);
    assert_eq!(merged.campaign.unwrap().recipients.unwrap().count, 80);
    assert_eq!(merged.merged_campaign_ids, std::slice::from_ref(&second));
    assert_eq!(desk.list(CampaignState::Unspecified).await.len(), 1);
    assert_eq!(desk.get(&second).await.unwrap().etag, merged.etag);
    let part = desk.decide(&second, CampaignState::Confirmed, "").await.unwrap_err();
    assert_eq!((part.code(), reason(&part)), (Code::FailedPrecondition, "CAMPAIGN_MERGED".into()));
    let details = part.get_error_details();
    assert_eq!(details.error_info().unwrap().metadata["campaign_id"], first);
    let split = |id: &str| SplitCampaignRequest { campaign_id: id.into(), author: "ann".into() };
    desk.client.split_campaign(split(&second)).await.unwrap();
    let again = desk.get(&second).await.unwrap();
    assert_eq!((again.campaign, again.etag), (apart.campaign, apart.etag));
    let none = desk.client.split_campaign(split(&second)).await.unwrap_err();
    assert_eq!(reason(&none), "NOTHING_TO_DO");
    for (index, code) in [(0, Code::FailedPrecondition), (9, Code::NotFound)] {
        let request =
            RemoveRepresentativeRequest { campaign_id: first.clone(), index, author: "ann".into() };
        let refused = desk.client.remove_representative(request).await.unwrap_err();
        assert_eq!(refused.code(), code);
    }
    let strange = desk.get("0123456789abcdef").await.unwrap_err();
    assert_eq!(strange.code(), Code::NotFound);
    desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_form_is_named_and_forgotten() {
    let mut desk = Desk::open().await;
    let [first, _] = desk.ids().await;
    let name = NameKnownFormRequest {
        campaign_id: first,
        author: "ann".into(),
        reason: "referral of the county".into(),
    };
    let named = desk.client.name_known_form(name).await.unwrap().into_inner().form.unwrap();
    assert_eq!((named.form_number, named.page_count), (1, 0));
    meet(&desk.memory, 1, 100..103);
    let listed = desk.client.list_known_forms(ListKnownFormsRequest::default()).await.unwrap();
    assert_eq!(listed.into_inner().forms[0].page_count, 3);
    let forget = ForgetKnownFormRequest { form_number: 1, author: "ann".into() };
    desk.client.forget_known_form(forget.clone()).await.unwrap();
    let gone = desk.client.forget_known_form(forget).await.unwrap_err();
    assert_eq!(gone.code(), Code::NotFound);
    desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_watches_is_told_what_changes_and_ends_with_the_server() {
    let mut desk = Desk::open().await;
    let [first, second] = desk.ids().await;
    let suspected = WatchCampaignsRequest { state: CampaignState::Suspected.into() };
    let mut told = desk.client.watch_campaigns(suspected).await.unwrap().into_inner();
    let all = told.message().await.unwrap().unwrap();
    assert!(all.caught_up && all.campaigns.len() == 2 && !all.truncated);
    meet(&desk.memory, 2, 40..41);
    let grown = told.message().await.unwrap().unwrap();
    assert_eq!(grown.campaigns[0].campaign_id, second);
    assert_eq!(grown.campaigns[0].sighting_count, 41);
    desk.decide(&first, CampaignState::Cleared, "").await.unwrap();
    let gone = told.message().await.unwrap().unwrap();
    assert_eq!(gone.gone_campaign_ids, [first]);
    let mut others = Vec::new();
    for _ in 1..CAMPAIGN_WATCHERS_MAX {
        let any = WatchCampaignsRequest::default();
        others.push(desk.client.watch_campaigns(any).await.unwrap().into_inner());
    }
    let full = desk.client.watch_campaigns(WatchCampaignsRequest::default()).await.unwrap_err();
    assert_eq!((full.code(), reason(&full)), (Code::ResourceExhausted, "OVERLOADED".into()));
    desk.drain.begin();
    while told.message().await.unwrap().is_some() {}
    drop((told, others));
    desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_transcript_of_the_desk_is_what_the_tool_prints() {
    let mut desk = Desk::open().await;
    // The second is what many send to people who know them.
    for fax in 40..120 {
        let print = [PAGES.copy(2, Copied::EXACT)];
        let mut sighting = PAGES.sighting(2_000 + fax, &print);
        sighting.tie = Tie::Correspondent;
        desk.memory.campaigns().meet(&sighting, at(fax));
    }
    let [first, _] = desk.ids().await;
    let mut made = String::new();
    for words in [
        &["campaigns", "list"][..],
        &["campaigns", "confirm", &first, "--reason", "offers of loans"],
        &["campaigns", "list", "--state", "confirmed"],
        &["campaigns", "undo", &first],
    ] {
        made.push_str(&typed(&desk.address, words).await);
        made.push('\n');
    }
    hold("the desk", &made);
    desk.end().await;
}

#[test]
fn the_transcript_of_compare_is_what_the_tool_prints() {
    let golden = |name: &str| {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/tool/");
        let text = std::fs::read_to_string(format!("{folder}{name}.txt")).unwrap();
        let (_, out) = text.split_once("--- standard output\n").unwrap();
        let (out, err) = out.split_once("--- standard error\n").unwrap();
        format!("{}{out}", err.replace("FOLDER/", ""))
    };
    let copy = golden("compare-copy");
    let form = golden("compare-form");
    hold(
        "compare",
        &format!(
            "$ faxguardctl compare page.tif rescan.tif\n{copy}\n\
             $ faxguardctl compare form.tif other-form.tif\n{form}"
        ),
    );
}
