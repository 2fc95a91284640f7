//! `convert xferfaxlog`: the transfer log of HylaFAX, HylaFAX+ or gofaxip as replay events.

mod record;

use std::collections::{BTreeMap, HashMap, HashSet};

use clap::ArgMatches;
use jiff::tz::TimeZone;

use crate::lab::xferfaxlog::parse;
use crate::operator::{
    Command, Context, Failure, argument, input, option, path, positional, switch, text,
};
use crate::time::Timestamp;
use crate::wire::replay::v1::Event;
use record::Unconvertible;

pub(super) const XFERFAXLOG: Command = Command {
    name: "convert xferfaxlog",
    help: "Convert a transfer log of HylaFAX, HylaFAX+ or gofaxip to replay events",
    doc: "Convert a transfer log of HylaFAX, HylaFAX+ or gofaxip to replay events, one a line, in the order of their \
          times. A fax received is a call offered, a handshake and a fax received; an attempt to send is a job \
          submitted (with the first attempt), a dial and its result; a call record counts only where no fax was \
          recorded for it. The log has local times to the minute and names no zone: say where the server stood. Lines \
          that are no record are reported with their numbers, the rest is converted. Numbers are not masked: the \
          output is traffic.",
    shape: |command| {
        command
            .arg(positional("FILE", "The log; `-` reads standard input"))
            .arg(option(
                "zone",
                "ZONE",
                "IANA time zone of the server's clock; else this machine's",
            ))
            .arg(option("node", "NAME", "Name of the server").default_value("hylafax"))
            .arg(switch("strict", "Exit with code 65 when a line could not be converted"))
    },
    run,
};

/// Events kept back to be put in order: a record is written at the end of a call and dated by its beginning.
const REORDER_EVENTS_MAX: usize = 65_536;
/// Calls and jobs remembered to join their records; when there are more, all are forgotten at once.
const REMEMBERED_MAX: usize = 65_536;

/// What is carried from one record to the next.
struct Converter {
    zone: TimeZone,
    node: String,
    /// Calls a fax was recorded for and whose call record has not come yet.
    calls: HashSet<String>,
    /// Attempts of each outbound job so far.
    attempts: HashMap<String, u32>,
    /// Events in order of time, and of the log within one instant.
    waiting: BTreeMap<(Timestamp, u64), Event>,
    sequence: u64,
    counts: Counts,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    records: u64,
    events: u64,
    passed_over: u64,
    refused: u64,
}

fn run(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let zone = zone(matches)?;
    let node = crate::node::session::name(&argument(matches, "node"));
    let mut converter = Converter::new(zone, node);
    let output = &mut context.output;
    for (number, line) in input::open(&path(matches, "FILE"))? {
        let fault = match line {
            Ok(line) if line.trim_ascii().is_empty() => continue,
            Ok(line) => converter.line(number, &line).err(),
            Err(fault) => Some(fault.to_string()),
        };
        if let Some(fault) = fault {
            converter.counts.refused += 1;
            let fault = text::sentence(&fault, output.shown());
            output.remark(format!("line {number}: {fault}"))?;
        }
        while let Some(event) = converter.due() {
            output.json(&event)?;
        }
    }
    for event in std::mem::take(&mut converter.waiting).into_values() {
        output.json(&event)?;
    }
    let Counts { records, events, passed_over, refused } = converter.counts;
    output.remark(format!(
        "{records} records, {events} events, {passed_over} passed over; {refused} lines refused"
    ))?;
    match refused {
        count if count > 0 && matches.get_flag("strict") => Err(Failure::Refusals { count }),
        _ => Ok(()),
    }
}

fn zone(matches: &ArgMatches) -> Result<TimeZone, Failure> {
    let Some(name) = matches.get_one::<String>("zone") else {
        return Ok(TimeZone::system());
    };
    let expected = "the name of a time zone this machine knows, as in `America/New_York`";
    TimeZone::get(name).map_err(|_| Failure::Argument { argument: "--zone", expected })
}

impl Converter {
    fn new(zone: TimeZone, node: String) -> Self {
        Self {
            zone,
            node,
            calls: HashSet::new(),
            attempts: HashMap::new(),
            waiting: BTreeMap::new(),
            sequence: 0,
            counts: Counts::default(),
        }
    }

    /// Takes one line in; the sentence says why it could not.
    fn line(&mut self, number: u64, line: &[u8]) -> Result<(), String> {
        let record = parse(line).map_err(|fault| fault.to_string())?;
        self.counts.records += 1;
        self.record(number, &record).map_err(|fault: Unconvertible| fault.to_string())
    }

    fn keep(&mut self, time: Timestamp, event: Event) {
        self.waiting.insert((time, self.sequence), event);
        self.sequence = self.sequence.saturating_add(1);
        self.counts.events += 1;
    }

    /// The earliest event, once so many wait that nothing earlier can be expected.
    fn due(&mut self) -> Option<Event> {
        let full = self.waiting.len() > REORDER_EVENTS_MAX;
        full.then(|| self.waiting.pop_first()).flatten().map(|(_, event)| event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::text::from_wire;
    use crate::wire::replay::v1::event::Event as What;
    use crate::wire::screening::v1::screen_fax_request::Stage;
    use proptest::prelude::*;

    fn converter() -> Converter {
        Converter::new(TimeZone::get("America/New_York").unwrap(), "n".into())
    }

    fn stage(event: &Event) -> Stage {
        match &event.event {
            Some(What::ScreenFax(request)) => request.stage.clone().unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_recorded_log_becomes_calls_and_jobs() {
        let log = include_bytes!("../../../tests/fixtures/hylafax/xferfaxlog");
        let mut converter = converter();
        for (number, line) in (1..).zip(log.split(|byte| *byte == b'\n')) {
            if !line.is_empty() {
                converter.line(number, line).unwrap();
            }
        }
        let events: Vec<Event> = converter.waiting.values().cloned().collect();
        let count = |is: fn(&Stage) -> bool| events.iter().map(stage).filter(is).count();
        // Thirteen faxes came in, one call was rejected before any fax, five attempts went out.
        assert_eq!(count(|stage| matches!(stage, Stage::CallOffered(_))), 14);
        assert_eq!(count(|stage| matches!(stage, Stage::Handshake(_))), 13);
        assert_eq!(count(|stage| matches!(stage, Stage::Received(_))), 14);
        assert_eq!(count(|stage| matches!(stage, Stage::DialResult(_))), 5);
        let times: Vec<Timestamp> =
            events.iter().map(|event| from_wire(event.event_time.as_ref().unwrap())).collect();
        assert!(times.is_sorted());
        let mut ids: Vec<String> = events
            .iter()
            .map(|event| match &event.event {
                Some(What::ScreenFax(request)) => request.request_id.clone(),
                _ => String::new(),
            })
            .collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), events.len());
        assert!(ids.iter().all(|id| (1..=crate::bounds::ID_BYTES_MAX).contains(&id.len())));
    }

    #[test]
    fn the_other_dialects_are_converted_too() {
        let plus = "02/29/28 09:05\tSEND\t000000042\tttyS0\t17\t\"\"\tal@example.com\t\"5550001\"\t\"CSI\"\t2220072\t3\t0:01:03\t0:00:59\t\"\"\t\"\"\t\"\"\t\"\"\t\"root\"\t\"00 44 1F 22\"\t3/1/2/4/12/5/3";
        let gofaxip = "11/23/26 20:50\tRECV\t000000007\tfreeswitch0\trecvq/fax000000007.tif\t\"\"\tfax\t\"5550001\"\t\"TSI 1\"\t65576\t2\t00:00:25\t00:00:25\t\"OK\"\t\"\"A NAME\"\"\t\"\"8005551212\"\"\t\"\"\t\"\"\t\"T.6\"";
        let mut converter = converter();
        converter.line(1, plus.as_bytes()).unwrap();
        converter.line(2, gofaxip.as_bytes()).unwrap();
        let stages: Vec<Stage> = converter.waiting.values().map(stage).collect();
        let [Stage::CallOffered(offered), Stage::Handshake(session), Stage::Received(end), ..] =
            &stages[..]
        else {
            panic!("{stages:?}")
        };
        assert_eq!((offered.caller_name.as_str(), session.tsi.as_str()), ("A NAME", "TSI 1"));
        assert_eq!(end.page_count, 2);
        let [.., Stage::JobSubmitted(job), Stage::Dialing(dial), Stage::DialResult(result)] =
            &stages[..]
        else {
            panic!("{stages:?}")
        };
        assert_eq!((job.page_count, dial.attempt, result.attempt), (3, 4, 4));
        assert!(result.r#final);
    }

    proptest! {
        #[test]
        fn any_line_is_answered(line in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = converter().line(1, &line);
        }

        #[test]
        fn any_field_is_answered(at in 0_usize..19, text in "[^\t\n]{0,80}") {
            let line = "11/23/26 20:50\tRECV\t000000004\tttyB\trecvq/f.tif\t\"\"\tfax\t\"1\"\t\"T\"\t2220072\t2\t0:00:18\t0:00:18\t\"\"\t\"N\"\t\"8005551212\"\t\"5550666\"\t\"\"\t\"00 44 1F 22\"";
            let mut fields: Vec<&str> = line.split('\t').collect();
            fields[at] = &text;
            let mut converter = converter();
            let _ = converter.line(u64::MAX, fields.join("\t").as_bytes());
            for event in converter.waiting.values() {
                if let Some(What::ScreenFax(request)) = &event.event {
                    prop_assert!((1..=64).contains(&request.request_id.len()));
                    prop_assert!((1..=64).contains(&request.fax_id.len()));
                }
            }
        }
    }
}
