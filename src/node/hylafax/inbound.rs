//! DynamicConfig, TSIRecvdCmd and FaxRcvdCmd: a call before it is answered, at its handshake, and when it is over.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::time::Duration;

use clap::ArgMatches;

use super::calls::{Calls, Seen};
use super::{Hook, fail_open, print, say_why};
use crate::bounds::{
    HOOK_AGAIN_MS, HOOK_CALL_IDS_MAX, HOOK_HANDSHAKE_MS, PAGE_SIZES_MAX, TIFF_BYTES_MAX,
};
use crate::content::sealed::SealedFax;
use crate::fax::id::DecisionId;
use crate::node::answer::{Answer, Basis};
use crate::node::client::Client;
use crate::node::digest::name_of;
use crate::node::fingerprint::Wish;
use crate::node::session::name;
use crate::node::tiff;
use crate::operator::{Command, Context, Failure, argument, input, option};
use crate::wire::screening::v1 as wire;
use wire::screen_fax_request::{Parties, Stage};

pub(in crate::node) const DYNAMIC_CONFIG: Command = Command {
    name: "hook dynamic-config",
    help: "Screen a call before it is answered (HylaFAX: DynamicConfig)",
    doc: "Ask about a call before it is answered, and print RejectCall for HylaFAX. HylaFAX keeps what a DynamicConfig \
          sets for later calls too, so every item is printed at every call, and `RejectCall: no` before anything is \
          asked. Ends with exit code 0 whatever happens: the call is answered then.",
    shape: |command| {
        caller(super::shape(command, "DEVICE CALLID")).arg(
            option(
                "max-recv-pages",
                "COUNT",
                "The server's own MaxRecvPages; where given, it is printed too, or less on a verdict",
            )
            .value_parser(clap::value_parser!(u32).range(1..)),
        )
    },
    run: |matches, context| {
        let done = dynamic_config(matches, context);
        fail_open(done, context);
        Ok(())
    },
};

pub(in crate::node) const TSI_RECEIVED: Command = Command {
    name: "hook tsi-recvd",
    help: "Screen a call at its handshake (HylaFAX+: TSIRecvdCmd)",
    doc: "Ask about a call when the sender has identified itself, and print RejectCall for HylaFAX+. Ends with exit code \
          0 whatever happens: the fax is received then.",
    shape: |command| caller(super::shape(command, "QFILE DEVICE COMMID TSI SUB PWD CALLID")),
    run: |matches, context| {
        let done = tsi_received(matches, context);
        fail_open(done, context);
        Ok(())
    },
};

pub(in crate::node) const FAX_RECEIVED: Command = Command {
    name: "hook fax-rcvd",
    help: "Screen a received fax by the tags of its file (HylaFAX: FaxRcvdCmd)",
    doc: "Tell how a call ended, from the tags of the received file, and print what to do with the fax: one of `deliver`, \
          `deliver-tagged` and `quarantine`, a word on what that rests on, and the decision. A file that is missing is a \
          call without a page; the hook run again gets the same answer. Pages are looked at only where the service wants \
          their fingerprints, which are made here and written down first; no page is sent. Ends with exit \
          code 0 whatever happens, and `deliver`.",
    shape: |command| caller(super::shape(command, "QFILE DEVICE COMMID REASON CALLID")),
    run: |matches, context| {
        let done = fax_received(matches, context);
        fail_open(done, context);
        Ok(())
    },
};

/// Where among the call identifications the parties are.
fn caller(command: clap::Command) -> clap::Command {
    let place = |name, help| {
        option(name, "PLACE", help).value_parser(clap::value_parser!(u8)).default_value(
            match name {
                "number-at" => "1",
                "name-at" => "2",
                _ => "0",
            },
        )
    };
    command
        .arg(place("number-at", "Which CALLID is the caller's number"))
        .arg(place("name-at", "Which CALLID is the caller's name; 0 for none"))
        .arg(place("called-at", "Which CALLID is the dialled number; 0 for the last after these"))
        .arg(option("called", "NUMBER", "The dialled number, where no CALLID is"))
}

/// One inbound hook: what its arguments say of the call.
struct Call<'a> {
    hook: &'a Hook,
    ids: Vec<&'a OsStr>,
    device: usize,
    number_at: usize,
    name_at: usize,
    called_at: usize,
    called: String,
}

impl<'a> Call<'a> {
    /// Reads them; the device is at one place and the call identifications begin at another.
    fn read(matches: &ArgMatches, hook: &'a Hook, device: usize, ids_from: usize) -> Self {
        let place = |name: &str| usize::from(matches.get_one::<u8>(name).copied().unwrap_or(0));
        let ids = hook.arguments.iter().skip(ids_from).take(HOOK_CALL_IDS_MAX);
        Self {
            hook,
            ids: ids.map(|id| id.as_os_str()).collect(),
            device,
            number_at: place("number-at"),
            name_at: place("name-at"),
            called_at: place("called-at"),
            called: argument(matches, "called"),
        }
    }

    fn id(&self, place: usize) -> String {
        let id = place.checked_sub(1).and_then(|at| self.ids.get(at));
        id.map_or_else(String::new, |id| super::foreign(id))
    }

    fn called_number(&self) -> String {
        let after = self.number_at.max(self.name_at);
        match self.called_at {
            _ if !self.called.is_empty() => self.called.clone(),
            0 if self.ids.len() > after => self.id(self.ids.len()),
            place => self.id(place),
        }
    }

    fn request(&self, fax_id: &str, stage: Stage) -> wire::ScreenFaxRequest {
        wire::ScreenFaxRequest {
            fax_id: fax_id.to_owned(),
            event_time: self.hook.event_time(),
            parties: Some(Parties::Inbound(wire::InboundParties {
                caller_number: self.id(self.number_at),
                called_number: self.called_number(),
                trunk: name(self.hook.text(self.device).trim_start_matches("/dev/")),
            })),
            stage: Some(stage),
            ..wire::ScreenFaxRequest::default()
        }
    }

    /// The file in which the hooks of this line remember its calls. HylaFAX names the line with and without `/dev/`.
    fn file(&self) -> String {
        let device = self.hook.argument(self.device).as_encoded_bytes();
        let device = device.strip_prefix(b"/dev/").unwrap_or(device);
        format!("line-{}.json", name_of::<8>(&[device]))
    }

    /// Works with the calls of the line and keeps what came of it.
    async fn calls<T>(&self, work: impl FnOnce(&mut Calls, &[&[u8]]) -> T) -> T {
        let ids: Vec<&[u8]> = self.ids.iter().map(|id| id.as_encoded_bytes()).collect();
        let state = &self.hook.state;
        let lock = state.lock().await;
        let mut calls = state.read(&self.file()).unwrap_or_else(|| {
            let mut key = [0; 32];
            // Without random bytes the digests are no secret; they join calls all the same.
            let _ = getrandom::fill(&mut key);
            Calls::new(key)
        });
        let done = work(&mut calls, &ids);
        if lock.is_some() {
            state.write(&self.file(), &calls);
        }
        done
    }
}

/// The stages that a line of this server reports.
fn capabilities(shook_hands: bool) -> Vec<i32> {
    let mut stages = vec![wire::StageKind::CallOffered.into(), wire::StageKind::Received.into()];
    if shook_hands {
        stages.push(wire::StageKind::Handshake.into());
    }
    stages
}

fn dynamic_config(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let own_pages = matches.get_one::<u32>("max-recv-pages").copied();
    // Whatever becomes of this process: what an earlier call set does not hold for this one.
    context.output.text(print::reject_call(false))?;
    if let Some(own) = own_pages {
        context.output.text(&print::max_recv_pages(own, None))?;
    }
    context.output.flush()?;
    let hook = Hook::read(matches);
    let call = Call::read(matches, &hook, 0, 1);
    context.block_on(async |context: &mut Context<'_>| {
        let client = hook.client(context)?;
        let fax_id = call.calls(|calls, ids| calls.offered(ids, hook.now).fax_id.clone()).await;
        let stage = Stage::CallOffered(wire::CallOffered {
            caller_name: call.id(call.name_at),
            ..wire::CallOffered::default()
        });
        let mut request = call.request(&fax_id, stage);
        request.stage_capabilities = capabilities(false);
        let answer = client.ask(request).await;
        say_why(&answer, context);
        if print::refuses(&answer) {
            call.calls(|calls, _| calls.refused(&fax_id)).await;
            context.output.text(print::reject_call(true))?;
        }
        match own_pages {
            Some(own) => context.output.text(&print::max_recv_pages(own, Some(&answer))),
            None => Ok(()),
        }
    })
}

fn tsi_received(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let hook = Hook::read(matches);
    let call = Call::read(matches, &hook, 1, 6);
    let refused = context.block_on(async |context: &mut Context<'_>| {
        let client = hook.client(context)?;
        let commid = hook.argument(2).as_encoded_bytes();
        let fax_id = call
            .calls(|calls, ids| {
                let found = calls.find(Seen { ids, commid, file: b"" }, hook.now);
                found.shook_hands = true;
                found.fax_id.clone()
            })
            .await;
        let stage = Stage::Handshake(wire::Handshake {
            tsi: hook.text(3),
            sub_address: hook.text(4),
            transport: wire::Transport::Audio.into(),
            ..wire::Handshake::default()
        });
        let mut request = call.request(&fax_id, stage);
        request.stage_capabilities = capabilities(true);
        let answer = client.ask_within(request, Duration::from_millis(HOOK_HANDSHAKE_MS)).await;
        say_why(&answer, context);
        let refused = print::refuses(&answer);
        if refused {
            call.calls(|calls, _| calls.refused(&fax_id)).await;
        }
        Ok(refused)
    });
    context.output.text(print::reject_call(matches!(refused, Ok(true))))?;
    refused.map(drop)
}

fn fax_received(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let hook = Hook::read(matches);
    let call = Call::read(matches, &hook, 1, 4);
    let answer = context.block_on(async |context: &mut Context<'_>| {
        let client = hook.client(context)?;
        let (file, commid) = (hook.argument(0), hook.argument(2));
        let found = call
            .calls(|calls, ids| {
                let (commid, file) = (commid.as_encoded_bytes(), file.as_encoded_bytes());
                calls.find(Seen { ids, commid, file }, hook.now).clone()
            })
            .await;
        let failed = !hook.argument(3).is_empty();
        let mut received = received(&hook, file, failed);
        if found.refused && received.page_count == 0 {
            received.outcome = wire::ReceiveOutcome::Refused.into();
        }
        let mut request = call.request(&found.fax_id, Stage::Received(received));
        request.stage_capabilities = capabilities(found.shook_hands);
        let answer = client.ask(request.clone()).await;
        say_why(&answer, context);
        Ok(ask_again(&hook, (&client, file), request, answer).await)
    });
    match answer {
        Ok(answer) => context.output.text(&print::received(&answer)),
        Err(failure) => {
            context.output.text("deliver unscored -\n")?;
            Err(failure)
        }
    }
}

/// Asks again with the fingerprints that an answer wanted, and once more with the maps where those are: what a page shows
/// refines the verdict, and what goes wrong with it leaves the answer there was.
async fn ask_again(
    hook: &Hook,
    (client, file): (&Client, &OsStr),
    request: wire::ScreenFaxRequest,
    first: Answer,
) -> Answer {
    let (path, journal) = (hook.spool.join(file), hook.state.journal());
    let mut answer = first;
    for maps in [false, true] {
        let Some(wish) = Wish::of(&answer).filter(|wish| wish.wants_maps() || !maps) else { break };
        let pages = wish.pages(&path, &journal, hook.now);
        let mut again = request.clone();
        let Some(Stage::Received(received)) = again.stage.as_mut().filter(|_| !pages.is_empty())
        else {
            break;
        };
        received.fingerprints = pages;
        again.request_id =
            Client::request_id_of(&again, if wish.wants_maps() { "map" } else { "marks" });
        let told = client.ask_within(again, Duration::from_millis(HOOK_AGAIN_MS)).await;
        if told.basis != Basis::Served {
            break;
        }
        answer = told;
        if wish.wants_maps() {
            break;
        }
    }
    answer
}

/// How the call ended, by its file: none there is a call without a page, one that cannot be read has at least one.
fn received(hook: &Hook, file: &OsStr, failed: bool) -> wire::Received {
    let path = hook.spool.join(file);
    let outcome = |outcome: wire::ReceiveOutcome, page_count| wire::Received {
        outcome: outcome.into(),
        page_count,
        ..wire::Received::default()
    };
    // A pipe or a device would keep the hook waiting.
    match std::fs::metadata(&path) {
        Ok(found) if found.is_file() => {}
        Err(fault) if fault.kind() != ErrorKind::NotFound => {
            return outcome(wire::ReceiveOutcome::Partial, 1);
        }
        Ok(_) | Err(_) => return outcome(wire::ReceiveOutcome::NoPages, 0),
    }
    let sealed = input::read(&path, TIFF_BYTES_MAX)
        .ok()
        .map(|bytes| SealedFax::new(DecisionId([0; 16]), bytes));
    let Some(fax) = sealed.and_then(|sealed| sealed.tags().ok()) else {
        return outcome(wire::ReceiveOutcome::Partial, 1);
    };
    let sizes = fax.pages.iter().map(|page| u32::try_from(page.coded_bytes).unwrap_or(u32::MAX));
    let mut told = wire::Received {
        handshake: Some(tiff::session(&fax)),
        page_sizes_bytes: sizes.take(PAGE_SIZES_MAX).collect(),
        ..tiff::received(&fax)
    };
    if failed {
        told.outcome = wire::ReceiveOutcome::Partial.into();
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::state::StateFolder;
    use crate::time::Timestamp;

    fn hook(spool: &str, arguments: &[&str]) -> Hook {
        Hook {
            node: "n".into(),
            spool: spool.into(),
            state: StateFolder::new(std::path::Path::new("/nowhere")),
            arguments: arguments.iter().map(Into::into).collect(),
            now: Timestamp::from_seconds(1),
        }
    }

    fn spool() -> String {
        format!("{}/tests/fixtures/hylafax", env!("CARGO_MANIFEST_DIR"))
    }

    #[test]
    fn files_that_are_whole_broken_missing_or_no_files() {
        use wire::ReceiveOutcome as O;
        let spool = spool();
        for (file, failed, outcome, pages) in [
            ("fax000000001.tif", false, O::Complete, 2),
            ("fax000000001.tif", true, O::Partial, 2),
            ("fax000000009.tif", false, O::Partial, 1),
            ("recvq/none.tif", true, O::NoPages, 0),
            ("hooks.log", false, O::Partial, 1),
            ("", false, O::NoPages, 0),
            ("/dev/zero", false, O::NoPages, 0),
            ("fax\u{1}000$(id)", false, O::NoPages, 0),
        ] {
            let told = received(&hook(&spool, &[]), OsStr::new(file), failed);
            assert_eq!((told.outcome(), told.page_count), (outcome, pages), "{file}");
        }
        let told = received(&hook(&spool, &[]), OsStr::new("fax000000001.tif"), false);
        assert_eq!(told.page_sizes_bytes, [2_045, 666]);
        assert_eq!(told.handshake.unwrap().rate_bps, 14_400);
    }

    #[test]
    fn parties_are_found_by_their_places() {
        let ids = ["d", "9005557777", "A$(id)B", "<NONE>", "5557009"];
        for (options, ids, caller, name, called) in [
            (&[][..], &ids[..], "9005557777", "A$(id)B", "5557009"),
            (&["--called-at", "3"], &ids, "9005557777", "A$(id)B", ""),
            (&["--called", "+1555"], &ids, "9005557777", "A$(id)B", "+1555"),
            (
                &["--number-at", "4", "--name-at", "0", "--called-at", "1"],
                &ids,
                "5557009",
                "",
                "9005557777",
            ),
            (&[], &["d", "1", "N"], "1", "N", ""),
            (&[], &["d"], "", "", ""),
            (&["--name-at", "255"], &["d", "--server", "--help"], "--server", "", ""),
            (&["--name-at", "0"], &["d", "1", "--json"], "1", "", "--json"),
        ] {
            let command = (DYNAMIC_CONFIG.shape)(clap::Command::new("hook"));
            let words = ["hook"].iter().chain(options).chain(ids);
            let matches = command.try_get_matches_from(words).unwrap();
            let mut hook = Hook::read(&matches);
            hook.now = Timestamp::from_seconds(1);
            let call = Call::read(&matches, &hook, 0, 1);
            let stage = Stage::CallOffered(wire::CallOffered::default());
            let request = call.request("f", stage);
            let Some(Parties::Inbound(parties)) = request.parties else { panic!("not inbound") };
            let told = (&*parties.caller_number, &*call.id(call.name_at), &*parties.called_number);
            assert_eq!(told, (caller, name, called), "{options:?} {ids:?}");
            assert_eq!(parties.trunk, "d");
        }
    }
}
