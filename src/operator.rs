//! The operator's tool: a client of the API and never of the store. Parses, calls, prints; the binary lends it
//! arguments, writers and the parts of rooms above it.

mod campaigns;
mod cases;
mod command;
mod complaints;
mod context;
mod decision;
mod directory;
mod failure;
mod forms;
mod generate;
mod held;
pub mod input;
mod limits;
mod lists;
mod measures;
mod output;
mod policy;
mod replay;
mod report;
pub mod text;
mod verdict_block;
mod verdict_line;

use std::ffi::OsString;
use std::path::PathBuf;

pub use command::{
    Catalog, Command, DEFAULT_SERVER, VERSION, option, path, positional, switch, text as argument,
};
pub use context::{Context, Hooks, InProcess};
pub use failure::{
    CONFIGURATION, DATA, Failure, NOT_ALLOWED, OTHER, Refusal, UNREACHABLE, USAGE, reason_name,
};
pub use output::{Form, Lean, Output, Screen, table};
pub use verdict_block::{indented, verdict_block};
pub use verdict_line::{Answer, VerdictLine, action_name, stage_name, verdict_text, without_keys};

use context::Identity;
use text::Shown;

/// The commands that need nothing but the server.
pub const COMMANDS: &[Command] = &[
    replay::REPLAY,
    report::FILE,
    report::SHOW,
    complaints::FILE,
    complaints::IMPORT,
    complaints::CHECK,
    decision::EXPLAIN,
    decision::BLOCKED,
    lists::ADD,
    lists::REMOVE,
    lists::SHOW,
    held::LIST,
    held::RELEASE,
    held::REJECT,
    cases::LIST,
    cases::SHOW,
    cases::TAKE,
    cases::DECIDE,
    cases::SECOND,
    cases::MERGE,
    cases::REOPEN,
    cases::EXPORT,
    measures::LIST,
    measures::SHOW,
    measures::LIFT,
    measures::APPEAL,
    measures::EXPORT,
    measures::TRANSPARENCY,
    campaigns::LIST,
    campaigns::SHOW,
    campaigns::CONFIRM,
    campaigns::CLEAR,
    campaigns::QUARANTINE,
    campaigns::UNDO,
    campaigns::MERGE,
    campaigns::SPLIT,
    campaigns::TAKE_OUT,
    campaigns::WATCH,
    forms::LIST,
    forms::NAME,
    forms::FORGET,
    limits::SHOW,
    limits::SET,
    limits::UNSET,
    limits::KILL,
    limits::LIST,
    limits::HISTORY,
    limits::WHAT_IF,
    limits::TRIALS,
    limits::ROLLBACK,
    limits::TOP,
    limits::EXPLAIN,
    policy::SHOW,
    policy::CHECK,
    policy::APPLY,
    directory::IMPORT,
    decision::STATUS,
    generate::CONFIG,
    generate::MAN,
    generate::COMPLETIONS,
    generate::UNIT,
];

/// What was typed and who typed it.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// The command line, the tool's own name first.
    pub arguments: Vec<OsString>,
    /// Name of the user, where the system gives one; the author of edits unless told otherwise.
    pub user: Option<String>,
}

/// Runs one command line to its end and returns the exit code: 0, [`USAGE`], [`DATA`],
/// [`UNREACHABLE`], [`CONFIGURATION`] or [`OTHER`].
#[must_use]
pub fn run<'a>(
    invocation: Invocation,
    catalog: &'a Catalog,
    hooks: &'a Hooks,
    output: Output<'a>,
) -> u8 {
    let mut context = Context::new(output, hooks, catalog);
    let done = execute(invocation, &mut context).and_then(|code| {
        context.output.flush()?;
        Ok(code)
    });
    match done {
        Ok(code) => code,
        Err(failure) => {
            let (shown, code) = (context.output.shown(), failure.exit_code());
            // A reader that has seen enough is no failure, and nothing is said of it.
            if code != 0 {
                let sentence = format!("faxguardctl: {}", failure.sentence(shown));
                // Where standard error is gone too, the exit code has to say it alone.
                let _ = context.output.remark(sentence);
            }
            code
        }
    }
}

fn execute(invocation: Invocation, context: &mut Context<'_>) -> Result<u8, Failure> {
    let catalog = context.catalog;
    let matches = match catalog.parser().try_get_matches_from(invocation.arguments) {
        Ok(matches) => matches,
        Err(fault) if fault.use_stderr() => {
            context.output.remark(text::safe_lines(fault.to_string().trim_end()))?;
            return Ok(USAGE);
        }
        Err(help) => {
            context.output.text(&help.to_string())?;
            return Ok(0);
        }
    };
    let Some((command, arguments)) = catalog.chosen(&matches) else {
        return Ok(USAGE);
    };
    let form = if arguments.get_flag("json") { Form::Programs } else { Form::People };
    let shown = if arguments.get_flag("show-numbers") { Shown::Plain } else { Shown::Masked };
    context.output.choose(form, shown);
    context.server = argument(arguments, "server");
    let file = |name| arguments.get_one::<String>(name).map(PathBuf::from);
    context.identity = Identity {
        authority: file("tls-authority"),
        certificate: file("tls-certificate"),
        key: file("tls-key"),
    };
    context.user = invocation.user;
    (command.run)(arguments, context)?;
    Ok(0)
}
