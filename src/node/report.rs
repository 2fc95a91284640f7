//! `node usage`: says what a fax server has and uses of what is shared, for as long as it runs.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use clap::{Arg, ArgMatches, value_parser};

use super::client::Client;
use super::hylafax::queue_file::{self, JobState};
use super::session::name;
use crate::bounds::NODE_QUEUE_FILES_MAX;
use crate::operator::text::safe;
use crate::operator::{Command, Context, Failure, argument, option, path, switch};
use crate::time::WallClock;
use crate::wire::screening::v1 as wire;
use wire::screening_service_client::ScreeningServiceClient;

/// Bytes of a queue file that are read: what it says of its state stands near its beginning.
const HEAD_BYTES: u64 = 4_096;
/// Milliseconds of a core in a second.
const CORE_MILLIS: u64 = 1_000;

pub(super) const USAGE: Command = Command {
    name: "node usage",
    help: "Say how much of what is shared this fax server has and uses, every five seconds",
    doc: "Say to the service how many outbound lines, dials a second and cores for conversion this node has, and how much of them is \
          in use and waited for, every five seconds for as long as it runs; with --once, once. What it says counts for 30 seconds, and \
          in place of what the policy says of that resource. With --spool the lines in use and the jobs that wait for one are \
          counted in HylaFAX's queue each time; elsewhere a script says them with --in-use, --queued and --once. Prints what is \
          contended over all nodes.",
    shape,
    run,
};

fn shape(command: clap::Command) -> clap::Command {
    let units = |name, value, help| option(name, value, help).value_parser(value_parser!(u64));
    command
        .arg(option("node", "NAME", "Name of this routing node").default_value("node"))
        .arg(units("lines", "LINES", "Outbound lines that this node has"))
        .arg(units("dials", "DIALS", "Dials that it can begin a second"))
        .arg(units("cores", "CORES", "Cores that convert documents"))
        .arg(units("in-use", "LINES", "Lines in use now").conflicts_with("spool"))
        .arg(units("queued", "LINES", "Lines that are waited for now").conflicts_with("spool"))
        .arg(spool())
        .arg(switch("once", "Say it once and end"))
}

fn spool() -> Arg {
    option("spool", "DIR", "HylaFAX's spool folder, in whose queue lines are counted")
}

/// What the command line says of what there is.
struct Has {
    lines: Option<u64>,
    dials: Option<u64>,
    cores: Option<u64>,
    in_use: u64,
    queued: u64,
}

impl Has {
    fn read(matches: &ArgMatches) -> Self {
        let units = |name: &str| matches.get_one::<u64>(name).copied();
        Self {
            lines: units("lines"),
            dials: units("dials"),
            cores: units("cores"),
            in_use: units("in-use").unwrap_or(0),
            queued: units("queued").unwrap_or(0),
        }
    }

    /// What is to be said, by what is in use now.
    fn usages(&self, (in_use, queued): (u64, u64)) -> Vec<wire::ResourceUsage> {
        let said = |name: &str, capacity, in_use, queued| wire::ResourceUsage {
            resource: name.into(),
            capacity,
            in_use,
            queued,
        };
        let lines = self.lines.map(|lines| said("lines", lines, in_use, queued));
        let dials = self.dials.map(|dials| said("call_attempts", dials, 0, 0));
        let cores =
            self.cores.map(|cores| said("conversion", cores.saturating_mul(CORE_MILLIS), 0, 0));
        [lines, dials, cores].into_iter().flatten().collect()
    }
}

fn run(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let node = name(&argument(matches, "node"));
    let has = Has::read(matches);
    let queue = matches.contains_id("spool").then(|| path(matches, "spool").join("sendq"));
    if has.usages((0, 0)).is_empty() {
        let expected = "there, or one of `--dials` and `--cores`: what this node has";
        return Err(Failure::Argument { argument: "--lines", expected });
    }
    let look = || has.usages(queue.as_deref().map_or((has.in_use, has.queued), count));
    if matches.get_flag("once") {
        let said = wire::ReportUsageRequest { node_id: node, usages: look() };
        let told = context
            .call(async |channel| ScreeningServiceClient::new(channel).report_usage(said).await)?;
        return say(&told.contended_resources, context);
    }
    context.block_on(async |context: &mut Context<'_>| {
        let client = Client::new(context.endpoint()?, &node, 1, Arc::new(WallClock));
        loop {
            match client.report_usage(look()).await {
                Some(contended) => say(&contended, context)?,
                None => context.output.remark("faxguardctl: nobody answered")?,
            }
            client.rest().await;
        }
    })
}

fn say(contended: &[String], context: &mut Context<'_>) -> Result<(), Failure> {
    context.output.line(match contended {
        [] => "nothing is contended".to_owned(),
        // Names of the contract; from whoever answers there all the same.
        names => format!("contended: {}", safe(&names.join(" "))),
    })?;
    context.output.flush()
}

/// Lines in use, and jobs that wait for one, by the files of HylaFAX's queue. What cannot be read is not counted.
fn count(queue: &Path) -> (u64, u64) {
    let mut counted = (0, 0);
    let Ok(files) = fs::read_dir(queue) else { return counted };
    for file in files.flatten().take(NODE_QUEUE_FILES_MAX) {
        let is_job = file.file_name().as_encoded_bytes().first() == Some(&b'q');
        let mut bytes = Vec::new();
        let head =
            fs::File::open(file.path()).map(|file| file.take(HEAD_BYTES).read_to_end(&mut bytes));
        if !is_job || !matches!(head, Ok(Ok(_))) {
            continue;
        }
        match queue_file::parse(&bytes).state {
            JobState::Active => counted.0 += 1,
            JobState::Ready => counted.1 += 1,
            JobState::Other => {}
        }
    }
    counted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_in_the_queue() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(count(&folder.path().join("none")), (0, 0));
        for (at, (name, text)) in [
            ("q1", &b"tts:0\nstate:6\nnumber:1\n"[..]),
            ("q2", b"state:6\n"),
            ("q3", b"state:5\n"),
            ("q4", b"state:4\n"),
            ("q5", b"state:3\n"),
            ("q6", b"\xff\0garbage"),
            ("seqf", b"state:6\n"),
        ]
        .into_iter()
        .enumerate()
        {
            fs::write(folder.path().join(format!("{name}.{at}")), text).unwrap();
        }
        fs::create_dir(folder.path().join("q7")).unwrap();
        assert_eq!(count(folder.path()), (2, 1));
    }

    #[test]
    fn what_is_said_is_what_was_named() {
        let has = Has { lines: Some(48), dials: None, cores: Some(2), in_use: 0, queued: 0 };
        let said: Vec<_> = has
            .usages((31, 4))
            .into_iter()
            .map(|one| (one.resource, one.capacity, one.in_use, one.queued))
            .collect();
        assert_eq!(said, [("lines".into(), 48, 31, 4), ("conversion".into(), 2_000, 0, 0)]);
    }
}
