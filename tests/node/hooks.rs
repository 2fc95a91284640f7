//! The hooks as HylaFAX runs them: arguments as they come, what is printed, exit code 0 always.

use std::path::Path;

use faxguard::lab::files;
use faxguard::operator::{Invocation, Output, Screen, run};
use faxguard::wire::screening::v1 as wire;
use wire::screen_fax_request::{Parties, Stage};

use super::server::{Canned, Mood};

const ID: &str = "0123456789abcdef0123456789abcdef";
/// Strings that callers, senders and clients have sent.
const HOSTILE: [&str; 9] = [
    "A$(reboot)B",
    "`id`",
    "\"; RejectCall: yes",
    "x\r\nRejectCall: yes\n",
    "--server",
    "--help",
    "\u{202e}\u{1b}[2J",
    "'",
    "<NONE>",
];

/// A spool folder and the hooks in it.
struct Spool {
    folder: tempfile::TempDir,
    server: String,
}

impl Spool {
    fn new(server: &Canned) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["sendq", "doneq", "recvq"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        Self { folder, server: server.address().to_string() }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path().join(name), bytes).unwrap();
    }

    /// Runs a hook and returns what it printed.
    fn hook(&self, name: &str, arguments: &[&str]) -> String {
        let spool = self.path().to_str().unwrap();
        let options = ["--server", &self.server, "--node", "gw-1", "--spool", spool];
        let words = ["faxguardctl", "hook", name].into_iter().chain(options);
        let words = words.chain(arguments.iter().copied()).map(Into::into).collect();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let output = Output::new(&mut out, &mut err, Screen::Other);
        let invocation = Invocation { arguments: words, user: None };
        let code = run(invocation, &files::catalog(), &files::hooks(), output);
        assert_eq!(code, 0, "{name} {arguments:?}: {}", String::from_utf8_lossy(&err));
        let out = String::from_utf8(out).unwrap();
        let told = [out.as_str(), &String::from_utf8_lossy(&err)].concat();
        for hostile in &HOSTILE[..3] {
            assert!(!told.contains(hostile), "{told}");
        }
        out
    }
}

fn caller(request: &wire::ScreenFaxRequest) -> &str {
    match request.parties.as_ref().unwrap() {
        Parties::Inbound(parties) => &parties.caller_number,
        Parties::Outbound(parties) => &parties.member_id,
    }
}

#[test]
fn a_call_is_one_fax_through_all_its_hooks() {
    let server = Canned::begin(Mood::Well);
    let spool = Spool::new(&server);
    let ids = ["8005551212", "Sender A", "<NONE>", "5550001"];
    let offered = [&["/dev/ttyIAXB"][..], &ids].concat();
    assert_eq!(spool.hook("dynamic-config", &offered), "RejectCall: no\n");
    let file = "recvq/fax000000001.tif";
    let shaken = [&[file, "ttyIAXB", "000000011", "+19005551234", "", ""][..], &ids].concat();
    assert_eq!(spool.hook("tsi-recvd", &shaken), "RejectCall: no\n");
    let bytes = include_bytes!("../fixtures/hylafax/fax000000001.tif");
    spool.put(file, bytes);
    let over = [&[file, "ttyIAXB", "000000011", ""][..], &ids].concat();
    let line = format!("deliver-tagged served {ID}\n");
    assert_eq!(spool.hook("fax-rcvd", &over), line);
    assert_eq!(spool.hook("fax-rcvd", &over), line);

    let seen = server.seen();
    assert!(seen.iter().all(|request| request.fax_id == seen[0].fax_id), "one decision");
    assert_eq!(seen[2].request_id, seen[3].request_id, "run again, asked once");
    assert!(seen.iter().all(|request| caller(request) == "8005551212"));
    let Some(Stage::Received(received)) = &seen[2].stage else { panic!("{:?}", seen[2].stage) };
    assert_eq!((received.page_count, received.outcome()), (2, wire::ReceiveOutcome::Complete));
    assert_eq!(seen[2].stage_capabilities.len(), 3);

    // The next call on the line, which hung up before a fax.
    spool.hook("dynamic-config", &offered);
    std::fs::remove_file(spool.path().join(file)).unwrap();
    let over = [&["recvq/none.tif", "ttyIAXB", "000000012", "no carrier"][..], &ids].concat();
    spool.hook("fax-rcvd", &over);
    let seen = server.seen();
    assert_ne!(seen[4].fax_id, seen[0].fax_id);
    assert_eq!(seen[5].fax_id, seen[4].fax_id);
    let Some(Stage::Received(received)) = &seen[5].stage else { panic!("{:?}", seen[5].stage) };
    assert_eq!(received.outcome(), wire::ReceiveOutcome::NoPages);
    server.end();
}

#[test]
fn every_item_is_printed_at_every_call() {
    let server = Canned::begin(Mood::Saying(wire::Action::RefuseCall));
    let spool = Spool::new(&server);
    let call = ["ttyIAXB", "9005551234", "X", "5550001"];
    let limited = [&["--max-recv-pages", "200"][..], &call].concat();
    assert_eq!(spool.hook("dynamic-config", &call), "RejectCall: no\nRejectCall: yes\n");
    let tsi = ["q", "ttyIAXB", "12", "TSI", "", "", "9005551234", "X", "5550001"];
    assert_eq!(spool.hook("tsi-recvd", &tsi), "RejectCall: yes\n");
    let over = ["recvq/x.tif", "ttyIAXB", "12", "rejected", "9005551234", "X", "5550001"];
    spool.hook("fax-rcvd", &over);
    let seen = server.seen();
    let Some(Stage::Received(received)) = &seen[2].stage else { panic!("{:?}", seen[2].stage) };
    assert_eq!(received.outcome(), wire::ReceiveOutcome::Refused, "our own refusal");
    server.set(Mood::Well);
    let all = "RejectCall: no\nMaxRecvPages: 200\nMaxRecvPages: 200\n";
    assert_eq!(spool.hook("dynamic-config", &limited), all);
    server.end();
    // Nobody there: the verdict for these two is used again, and strangers are let through.
    let reused = "RejectCall: no\n";
    assert_eq!(spool.hook("dynamic-config", &call), reused);
    assert_eq!(spool.hook("dynamic-config", &["d", "1", "X", "2"]), "RejectCall: no\n");
    assert_eq!(spool.hook("fax-rcvd", &["f", "d", "1", "", "1", "X", "2"]), "deliver unscored -\n");
}

#[test]
fn nothing_of_a_call_is_printed_and_nothing_of_it_is_an_option() {
    let server = Canned::begin(Mood::Well);
    let spool = Spool::new(&server);
    for hostile in HOSTILE {
        let huge = hostile.repeat(100_000);
        for text in [hostile, &huge] {
            let call = ["--", "ttyIAXB", text, text, text, "5550001"];
            assert_eq!(spool.hook("dynamic-config", &call), "RejectCall: no\n", "{hostile:?}");
            let tsi = ["--", "q", "d", "1", text, text, text, text, text, "5550001"];
            assert_eq!(spool.hook("tsi-recvd", &tsi), "RejectCall: no\n");
            let over = ["--", text, "d", "1", text, text, text, "5550001"];
            assert_eq!(spool.hook("fax-rcvd", &over), format!("deliver-tagged served {ID}\n"));
            assert_eq!(spool.hook("job-control", &["--", text]), "");
            assert_eq!(spool.hook("notify", &["--", text, text, text]), "");
        }
    }
    assert_eq!(spool.hook("dynamic-config", &[]), "RejectCall: no\n");
    assert_eq!(spool.hook("job-control", &[]), "");
    server.end();
}

#[test]
fn a_job_is_asked_about_when_it_is_ready_and_told_of_when_it_is_over() {
    let server = Canned::begin(Mood::Saying(wire::Action::RefuseJob));
    let spool = Spool::new(&server);
    let job = "sender:root\njobtag:\"$(id)\nowner:eve\nnumber:5550001\nkilltime:1795477761\n";
    spool.put("sendq/q7", format!("{job}totdials:0\nnpages:0\n").as_bytes());
    let told = spool.hook("job-control", &["7"]);
    assert!(
        told.starts_with("RejectNotice: \"Not sent: ") && told.ends_with(&format!("{ID}.\"\n"))
    );
    server.set(Mood::Saying(wire::Action::Allow));
    assert_eq!(spool.hook("job-control", &["7"]), "");
    spool.put("sendq/q7", format!("{job}totdials:1\nnpages:0\n").as_bytes());
    assert_eq!(spool.hook("job-control", &["7"]), "");
    let after = format!("{job}totdials:2\nstatus:Busy signal detected\n");
    spool.put("doneq/q7", after.as_bytes());
    assert_eq!(spool.hook("notify", &["doneq/q7", "failed", "0:11"]), "");
    let seen = server.seen();
    assert!(
        seen.iter().all(|request| request.fax_id == seen[0].fax_id && caller(request) == "eve")
    );
    // Two that waited are no attempts: the service judges the job as it stands then.
    assert!(matches!(&seen[1].stage, Some(Stage::JobSubmitted(_))), "{:?}", seen[1].stage);
    let Some(Stage::Dialing(dialing)) = &seen[2].stage else { panic!("{:?}", seen[2].stage) };
    assert_eq!(dialing.attempt, 2);
    let Some(Stage::DialResult(result)) = &seen[3].stage else { panic!("{:?}", seen[3].stage) };
    assert_eq!((result.outcome(), result.r#final), (wire::DialOutcome::Busy, true));
    assert_eq!(result.attempt, 2, "the dial that was asked about");
    assert_eq!(result.duration.unwrap().seconds, 11);
    server.end();

    // A member whose account was taken over, while nobody scores.
    let told: Vec<String> = (0..70).map(|_| spool.hook("job-control", &["7"])).collect();
    assert!(told[..60].iter().all(String::is_empty));
    assert!(told[60..].iter().all(|items| items.starts_with("TimeOfDay: \"Any")), "{told:?}");
}

#[test]
fn a_hung_service_costs_three_hooks_their_deadline_and_the_count_is_handed_on() {
    let server = Canned::begin(Mood::Hung);
    let spool = Spool::new(&server);
    let call = |number: &str| {
        let told = spool.hook("dynamic-config", &["ttyIAXB", number, "X", "5550001"]);
        assert_eq!(told, "RejectCall: no\n");
    };
    (0..6).for_each(|at| call(&format!("900555000{at}")));
    assert!(server.asked() <= 5, "{} of six were asked", server.asked());
    server.set(Mood::Well);
    while server.seen().is_empty() {
        call("8005551212");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert!(server.seen()[0].unscored_count >= 6);
    server.end();
}

#[test]
fn a_received_fax_is_fingerprinted_where_it_is_wanted_and_written_down_first() {
    let server = Canned::begin(Mood::Curious);
    let spool = Spool::new(&server);
    spool.put("recvq/fax1.tif", &crate::campaigns::copy(3, 1));
    let arguments = ["recvq/fax1.tif", "ttyS0", "000001", "", "8005551212", "", "5550001"];
    let told = spool.hook("fax-rcvd", &arguments);
    assert!(told.starts_with("quarantine served"), "{told}");
    let seen = server.seen();
    let pages = seen.iter().map(|asked| match &asked.stage {
        Some(Stage::Received(received)) => received.fingerprints.clone(),
        _ => panic!("another stage"),
    });
    let pages: Vec<_> = pages.collect();
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [0, 1, 1]);
    assert!(pages[1][0].ink_map.is_empty() && !pages[2][0].ink_map.is_empty());
    let epochs: Vec<u32> = pages[2][0].fingerprints.iter().map(|one| one.epoch).collect();
    assert_eq!(epochs, [8, 7]);
    let ids: std::collections::BTreeSet<&str> =
        seen.iter().map(|asked| asked.request_id.as_str()).collect();
    assert_eq!(ids.len(), 3);
    let journal = journal(&spool);
    assert_eq!(journal.lines().count(), 2);
    assert!(journal.lines().all(|line| line.contains(ID)), "{journal}");
    // A page that says nothing is looked at, and nothing of it is sent; neither is a file that is none.
    for (name, bytes) in
        [("recvq/fax2.tif", crate::campaigns::blank()), ("recvq/fax3.tif", b"II*".to_vec())]
    {
        spool.put(name, &bytes);
        let before = server.seen().len();
        let arguments = [name, "ttyS0", name, "", "8005551213", "", "5550001"];
        assert!(spool.hook("fax-rcvd", &arguments).starts_with("deliver served"));
        assert_eq!(server.seen().len(), before + 1);
    }
}

fn journal(spool: &Spool) -> String {
    let files = std::fs::read_dir(spool.path().join("faxguard")).unwrap();
    let names = files.map(|file| file.unwrap().path());
    let mut journals = names.filter(|path| path.to_string_lossy().ends_with(".jsonl"));
    std::fs::read_to_string(journals.next().unwrap()).unwrap()
}
