//! `directory import`: feeds the directory from a file while the service runs.

mod rows;

use std::collections::VecDeque;
use std::path::Path;

use clap::ArgMatches;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::mpsc::{Sender, channel};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;

use super::command::{Command, path, positional, switch};
use super::context::Context;
use super::failure::Failure;
use super::input::{open, size};
use super::output::{Form, Output, Screen};
use super::text::{safe, sentence};
use crate::wire::operator::v1::directory_service_client::DirectoryServiceClient;
use crate::wire::operator::v1::{DirectoryEntry, ImportDirectoryRequest, ImportDirectoryResponse};
use rows::{Row, Rows};

pub(super) const IMPORT: Command = Command {
    name: "directory import",
    help: "Import numbers, members and ranges from a CSV or JSONL file",
    doc: "Import what the provider knows, while the service runs. A file named .jsonl holds one entry a line, the \
          proto3 JSON of faxguard.operator.v1.DirectoryEntry. Any other file is CSV whose first line names its \
          columns, in any order, of: number,member_id,plan,created,organisation_id,time_zone,jurisdiction,brand,\
          share_weight_milli,range_first,range_last. A row with `number` says who holds it (`member_id`, or nobody); \
          a row with `member_id` and any column from `plan` to `share_weight_milli` says what is known of the \
          member; a row with both range columns names a range of ours. Numbers are E.164, `created` is RFC 3339, \
          `plan` is free, plus, pro or corporate, and no field holds a line break. Refused rows are reported with \
          their line numbers, the rest is imported, and the exit code is then 65. With --whole, what is not in the \
          file is gone at the end; such a file is checked first and not imported at all when a row is malformed.",
    shape: |command| {
        command
            .arg(positional("FILE", "The directory, .csv or .jsonl"))
            .arg(switch("whole", "Forget what is not in the file"))
    },
    run: import,
};

/// Most entries of one message.
const BATCH_ENTRIES: usize = 10_000;
/// Most bytes of lines of one message; entries are smaller on the wire than in the file.
const BATCH_BYTES: usize = 1024 * 1024;
/// Messages that may wait for their answer: the server works while the next is read.
const MESSAGES_IN_FLIGHT: usize = 2;

/// What a batch was made from.
#[derive(Default)]
struct Batch {
    entries: Vec<DirectoryEntry>,
    /// Line of each entry.
    lines: Vec<u64>,
    bytes: usize,
}

impl Batch {
    fn is_full(&self) -> bool {
        self.entries.len() >= BATCH_ENTRIES - rows::ENTRIES_A_ROW_MAX || self.bytes >= BATCH_BYTES
    }
}

fn import(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let file = path(matches, "FILE");
    let whole = matches.get_flag("whole");
    let mut malformed = 0;
    if whole {
        for (line, row) in Rows::read(&file, open(&file)?)? {
            if let Err(fault) = row {
                malformed += 1;
                report(&mut context.output, line, &safe(&fault.to_string()))?;
            }
        }
        if malformed > 0 {
            context.output.remark("nothing was imported, since --whole would forget those rows")?;
            return Err(Failure::Refusals { count: malformed });
        }
    }
    let response = context.block_on(async |context: &mut Context<'_>| {
        let channel = context.connect(None).await?;
        let mut importer = Importer::new(&mut context.output, whole, size(&file));
        importer.run(DirectoryServiceClient::new(channel), &file).await?;
        malformed = importer.malformed;
        Ok(importer.last)
    })?;
    let output = &mut context.output;
    match output.form() {
        Form::Programs => output.json(&response)?,
        Form::People => output.line(format!(
            "{} entries in force, {} refused; {} numbers and {} members in the directory",
            response.accepted_count,
            response.refused_count.saturating_add(malformed),
            response.number_count,
            response.member_count
        ))?,
    }
    match response.refused_count.saturating_add(malformed) {
        0 => Ok(()),
        count => Err(Failure::Refusals { count }),
    }
}

/// Names a refused line; the caller has escaped the fault.
fn report(output: &mut Output<'_>, line: u64, fault: &str) -> Result<(), Failure> {
    output.remark(format!("line {line}: {fault}"))
}

struct Importer<'i, 'o> {
    output: &'i mut Output<'o>,
    whole: bool,
    bar: ProgressBar,
    /// Lines of the messages that are not answered yet, and the position before the first of them.
    pending: VecDeque<Vec<u64>>,
    answered: u64,
    sent: u64,
    malformed: u64,
    last: ImportDirectoryResponse,
}

impl<'i, 'o> Importer<'i, 'o> {
    fn new(output: &'i mut Output<'o>, whole: bool, bytes: u64) -> Self {
        let bar = match output.screen() {
            Screen::Terminal => ProgressBar::new(bytes),
            Screen::Other => ProgressBar::hidden(),
        };
        let form = "{bar:40} {bytes}/{total_bytes} {msg} {eta}";
        bar.set_style(
            ProgressStyle::with_template(form).unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        Self {
            output,
            whole,
            bar,
            pending: VecDeque::new(),
            answered: 0,
            sent: 0,
            malformed: 0,
            last: ImportDirectoryResponse::default(),
        }
    }

    async fn run(
        &mut self,
        mut client: DirectoryServiceClient<tonic::transport::Channel>,
        file: &Path,
    ) -> Result<(), Failure> {
        let mut rows = Rows::read(file, open(file)?)?;
        let Some(mut batch) = self.batch(&mut rows)? else {
            return Ok(());
        };
        let (requests, receiver) = channel(MESSAGES_IN_FLIGHT);
        // The first message is there before the call, for servers that wait for it.
        let next = self.batch(&mut rows)?;
        let mut ended = self.send(&requests, batch, next.is_none()).await?;
        let mut answers =
            client.import_directory(ReceiverStream::new(receiver)).await?.into_inner();
        let mut following = next;
        while !ended {
            batch = following.take().unwrap_or_default();
            following = self.batch(&mut rows)?;
            while self.pending.len() >= MESSAGES_IN_FLIGHT {
                self.receive(&mut answers).await?;
            }
            ended = self.send(&requests, batch, following.is_none()).await?;
        }
        drop(requests);
        while !self.pending.is_empty() {
            self.receive(&mut answers).await?;
        }
        self.bar.finish_and_clear();
        Ok(())
    }

    /// The next entries of the file; every malformed row among them is reported.
    fn batch(&mut self, rows: &mut Rows) -> Result<Option<Batch>, Failure> {
        let mut batch = Batch::default();
        while !batch.is_full() {
            match rows.next() {
                None => break,
                Some((line, Ok(Row { entries, bytes }))) => {
                    batch.bytes = batch.bytes.saturating_add(bytes);
                    batch.lines.extend(entries.iter().map(|_| line));
                    batch.entries.extend(entries);
                }
                Some((line, Err(fault))) => {
                    self.malformed += 1;
                    self.suspended(line, &safe(&fault.to_string()))?;
                }
            }
        }
        self.bar.set_position(rows.consumed());
        Ok((!batch.entries.is_empty()).then_some(batch))
    }

    /// Sends a batch and says whether it was the last one.
    async fn send(
        &mut self,
        requests: &Sender<ImportDirectoryRequest>,
        batch: Batch,
        end: bool,
    ) -> Result<bool, Failure> {
        let whole = self.whole && self.sent == 0;
        self.sent = self.sent.saturating_add(1);
        self.pending.push_back(batch.lines);
        let request = ImportDirectoryRequest { entries: batch.entries, whole, end };
        requests.send(request).await.map_err(|_| Failure::StreamEnded)?;
        Ok(end)
    }

    async fn receive(
        &mut self,
        answers: &mut Streaming<ImportDirectoryResponse>,
    ) -> Result<(), Failure> {
        let answer = answers.message().await?.ok_or(Failure::StreamEnded)?;
        let lines = self.pending.pop_front().ok_or(Failure::StreamEnded)?;
        for refused in &answer.refused {
            // Positions count from 1 over the whole stream.
            let within = refused.position.saturating_sub(self.answered).saturating_sub(1);
            let line = usize::try_from(within).ok().and_then(|at| lines.get(at)).copied();
            let fault = sentence(&refused.fault, self.output.shown());
            self.suspended(line.unwrap_or(0), &fault)?;
        }
        self.answered = self.answered.saturating_add(u64::try_from(lines.len()).unwrap_or(0));
        self.bar.set_message(format!("{} in force", answer.accepted_count));
        self.last = answer;
        Ok(())
    }

    /// Reports a line while the bar is out of the way.
    fn suspended(&mut self, line: u64, fault: &str) -> Result<(), Failure> {
        let bar = self.bar.clone();
        bar.suspend(|| report(self.output, line, fault))
    }
}
