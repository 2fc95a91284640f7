//! The hooks of HylaFAX 6 and HylaFAX+. A hook ends with exit code 0 whatever happens, within its stage's deadline, and
//! prints nothing that a string of the call could have a say in.

mod calls;
mod inbound;
mod outbound;
mod print;
pub mod queue_file;

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Arg, ArgMatches};
use pbjson_types::Timestamp as WireTime;

use super::answer::Answer;
use super::client::Client;
use super::session::name;
use super::state::StateFolder;
use crate::bounds::TEXT_BYTES_MAX;
use crate::operator::text::to_wire;
use crate::operator::{Context, Failure, argument, option, path};
use crate::time::{Clock, Timestamp, WallClock};
pub(super) use inbound::{DYNAMIC_CONFIG, FAX_RECEIVED, TSI_RECEIVED};
pub(super) use outbound::{JOB_CONTROL, NOTIFY};

/// What HylaFAX writes where a call identification is absent.
const NONE: &str = "<NONE>";

/// The options every hook has, and the arguments HylaFAX gives it, whatever they look like: what stands behind the first
/// of them is never read as an option.
fn shape(command: clap::Command, arguments: &'static str) -> clap::Command {
    command
        .arg(option("node", "NAME", "Name of this fax server").default_value("hylafax"))
        .arg(option("spool", "DIR", "HylaFAX's spool folder").default_value("."))
        .arg(
            option("state", "DIR", "Where hooks leave word for each other, below the spool folder")
                .default_value("faxguard"),
        )
        .arg(
            Arg::new("arguments")
                .value_name(arguments)
                .help("What HylaFAX gives the hook")
                .num_args(0..)
                .trailing_var_arg(true)
                .allow_hyphen_values(true)
                .value_parser(clap::value_parser!(OsString)),
        )
}

/// One run of a hook.
struct Hook {
    node: String,
    spool: PathBuf,
    state: StateFolder,
    arguments: Vec<OsString>,
    now: Timestamp,
}

impl Hook {
    fn read(matches: &ArgMatches) -> Self {
        let spool = path(matches, "spool");
        let arguments = matches.get_many::<OsString>("arguments").unwrap_or_default();
        Self {
            node: name(&argument(matches, "node")),
            state: StateFolder::new(&spool.join(path(matches, "state"))),
            spool,
            arguments: arguments.cloned().collect(),
            now: WallClock.now(),
        }
    }

    /// The argument at that place, empty where there is none.
    fn argument(&self, place: usize) -> &OsStr {
        self.arguments.get(place).map_or(OsStr::new(""), OsString::as_os_str)
    }

    /// The same as text for the contract.
    fn text(&self, place: usize) -> String {
        foreign(self.argument(place))
    }

    /// The client for this one question.
    fn client(&self, context: &Context<'_>) -> Result<Client, Failure> {
        let client = Client::new(context.endpoint()?, &self.node, 1, Arc::new(WallClock));
        Ok(client.remembering(self.state.clone()))
    }

    fn event_time(&self) -> Option<WireTime> {
        Some(to_wire(self.now))
    }
}

/// Ends a hook: what went wrong is said on standard error, and the fax goes on.
fn fail_open(done: Result<(), Failure>, context: &mut Context<'_>) {
    if let Err(failure) = done.and_then(|()| context.output.flush()) {
        let shown = context.output.shown();
        // Nobody may be listening there either.
        let _ = context.output.remark(format!("faxguardctl: {}", failure.sentence(shown)));
    }
}

/// Says on standard error why the service gave no verdict, where it said so: otherwise an unscored fax looks like any other.
fn say_why(answer: &Answer, context: &mut Context<'_>) {
    if let Some(said) = &answer.said {
        // Nobody may be listening there either.
        let _ =
            context.output.remark(format!("faxguardctl: no verdict, the service refuses: {said}"));
    }
}

/// A text of the far end as the contract takes it. Of a longer one a byte too many is kept, by which the service sees
/// that it was longer than any machine writes.
fn foreign(text: &OsStr) -> String {
    let bytes = text.as_encoded_bytes();
    let head = bytes.get(..bytes.len().min(2 * TEXT_BYTES_MAX)).unwrap_or_default();
    let text = String::from_utf8_lossy(head);
    let text = text.trim();
    if text == NONE {
        return String::new();
    }
    let end = text.char_indices().map(|(at, _)| at).find(|at| *at > TEXT_BYTES_MAX);
    text.get(..end.unwrap_or(text.len())).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_are_bounded_and_absent_ones_empty() {
        for (given, want) in [
            ("<NONE>", ""),
            (" 8005551212 ", "8005551212"),
            ("A$(reboot)B", "A$(reboot)B"),
            ("--server", "--server"),
        ] {
            assert_eq!(foreign(OsStr::new(given)), want);
        }
        let huge = "é".repeat(10_000_000);
        assert_eq!(foreign(OsStr::new(&huge)).len(), TEXT_BYTES_MAX + 2);
    }

    proptest! {
        #[test]
        fn any_bytes_become_a_text(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            use std::os::unix::ffi::OsStrExt as _;
            prop_assert!(foreign(OsStr::from_bytes(&bytes)).len() <= TEXT_BYTES_MAX + 4);
        }
    }
}
