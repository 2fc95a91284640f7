//! `screen`: the stages of a received fax, from the tags of its TIFF file, put to the server one by one.

use clap::ArgMatches;
use pbjson_types::Duration;
use thiserror::Error;

use super::session::{field, handshake, name, wire_coding};
use crate::bounds::TIFF_BYTES_MAX;
use crate::content::sealed::SealedFax;
use crate::content::tiff::{HostileBytes, TiffFax, TiffPage};
use crate::fax::id::DecisionId;
use crate::operator::{
    Command, Context, Failure, Form, Output, argument, input, option, path, positional, text,
    verdict_block,
};
use crate::wire::screening::v1::screen_fax_request::{Parties, Stage};
use crate::wire::screening::v1::screening_service_client::ScreeningServiceClient;
use crate::wire::screening::v1::{
    CallOffered, Handshake, InboundParties, Page, ReceiveOutcome, Received, ScreenFaxRequest,
    ScreenFaxResponse, StageKind,
};

pub(super) const SCREEN: Command = Command {
    name: "screen",
    help: "Screen a received fax by the tags of its TIFF file, stage by stage, with reasons",
    doc: "Read the tags of a TIFF-F file as fax servers write it, put the stages they tell of to the server (call \
          offered, handshake, each page, received), and print each verdict with every line of its score. No byte of a \
          page is read or sent. Caller and dialled number are those that HylaFAX wrote into the image description \
          unless they are given.",
    shape: |command| {
        command
            .arg(positional("FILE", "The received fax, as TIFF-F"))
            .arg(option("from", "NUMBER", "The calling number"))
            .arg(option("to", "NUMBER", "The dialled number"))
            .arg(option("trunk", "NAME", "The trunk or gateway the call came on"))
            .arg(
                option("node", "NAME", "The routing node that received it")
                    .default_value("faxguardctl"),
            )
    },
    run,
};

/// Why a readable TIFF file cannot be screened.
#[derive(Debug, Error)]
enum Unscreenable {
    #[error("the file does not say which number was dialled (give it with `--to`)")]
    NoDialledNumber,
}

fn run(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let file = path(matches, "FILE");
    let sealed = SealedFax::new(DecisionId([0; 16]), input::read(&file, TIFF_BYTES_MAX)?);
    let unusable = |source| Failure::Content { path: file.clone(), source };
    let fax = sealed.tags().map_err(|fault| unusable(Box::new(fault)))?;
    let given = |name: &str| matches.get_one::<String>(name).cloned();
    let parties = InboundParties {
        caller_number: given("from").unwrap_or_else(|| claim(fax.identity.caller_number.as_ref())),
        called_number: given("to").unwrap_or_else(|| claim(fax.identity.dialled.as_ref())),
        trunk: argument(matches, "trunk"),
    };
    if parties.called_number.is_empty() {
        return Err(unusable(Box::new(Unscreenable::NoDialledNumber)));
    }
    heading(&fax, &parties, &mut context.output)?;
    let fax_id = context.fresh_id()?;
    let requests = requests(&fax, &parties, &argument(matches, "node"), &fax_id);
    context.block_on(async |context: &mut Context<'_>| {
        let mut client = ScreeningServiceClient::new(context.connect(None).await?);
        for request in requests {
            let response = client.screen_fax(request).await?.into_inner();
            print(&response, &mut context.output)?;
        }
        Ok(())
    })
}

/// What the file says, for people.
fn heading(
    fax: &TiffFax,
    parties: &InboundParties,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    if let Some(fault) = fax.fault {
        let pages = fax.pages.len();
        output.remark(format!("only {pages} pages can be read: {fault}"))?;
    }
    if output.form() == Form::Programs {
        return Ok(());
    }
    let shown = output.shown();
    let or_dash = |told: String| if told.is_empty() { "-".into() } else { told };
    let from = or_dash(text::number(&parties.caller_number, shown));
    let to = text::number(&parties.called_number, shown);
    let tsi = claim(fax.identity.tsi.as_ref());
    let tsi = if tsi.is_empty() { "-".into() } else { text::ident(&tsi, shown) };
    output.line(format!("{} pages from {from} to {to}, TSI {tsi}", fax.pages.len()))
}

fn print(response: &ScreenFaxResponse, output: &mut Output<'_>) -> Result<(), Failure> {
    if output.form() == Form::Programs {
        return output.json(response);
    }
    let verdict = response.verdict.clone().unwrap_or_default();
    output.line(format!("\ndecision {}", text::safe(&response.decision_id)))?;
    let block = verdict_block(&verdict, output.shown());
    output.text(&block)
}

/// What the far end said, as text that the contract takes.
fn claim(bytes: Option<&HostileBytes>) -> String {
    bytes.map_or_else(String::new, |bytes| field(&String::from_utf8_lossy(bytes.bytes())))
}

/// The stages of the fax as requests, in their order. The request ids are the fax id and a number.
fn requests(
    fax: &TiffFax,
    parties: &InboundParties,
    node: &str,
    fax_id: &str,
) -> Vec<ScreenFaxRequest> {
    let mut stages = vec![
        Stage::CallOffered(CallOffered {
            caller_name: claim(fax.identity.caller_name.as_ref()),
            ..CallOffered::default()
        }),
        Stage::Handshake(session(fax)),
    ];
    let last = fax.pages.len();
    for (at, page) in (1..).zip(&fax.pages) {
        stages.push(Stage::Page(page_facts(at, page, usize::try_from(at).is_ok_and(|n| n < last))));
    }
    stages.push(Stage::Received(received(fax)));
    let capabilities =
        [StageKind::CallOffered, StageKind::Handshake, StageKind::Page, StageKind::Received];
    let request = |(at, stage): (usize, Stage)| ScreenFaxRequest {
        request_id: format!("{fax_id}-{at}"),
        node_id: name(node),
        fax_id: fax_id.to_owned(),
        parties: Some(Parties::Inbound(parties.clone())),
        stage: Some(stage),
        stage_capabilities: capabilities.map(Into::into).to_vec(),
        ..ScreenFaxRequest::default()
    };
    stages.into_iter().enumerate().map(request).collect()
}

/// The session as the first page's tags tell of it.
fn session(fax: &TiffFax) -> Handshake {
    let Some(page) = fax.pages.first() else {
        return Handshake::default();
    };
    let told = handshake(page.params, page.dcs.as_ref());
    let known = |told: u32, tag: Option<u32>| if told == 0 { tag.unwrap_or(0) } else { told };
    Handshake {
        tsi: claim(fax.identity.tsi.as_ref()),
        sub_address: claim(page.sub_address.as_ref()),
        horizontal_dpi: known(told.horizontal_dpi, page.x_dpi),
        vertical_dpi: known(told.vertical_dpi, page.y_dpi),
        width_px: page.width,
        coding: match told.coding {
            0 => wire_coding(page.coding).into(),
            coding => coding,
        },
        ..told
    }
}

fn page_facts(page_number: u32, page: &TiffPage, more_follow: bool) -> Page {
    Page {
        page_number,
        row_count: page.rows,
        bad_row_count: page.bad_rows.unwrap_or(0),
        size_bytes: u32::try_from(page.coded_bytes).unwrap_or(u32::MAX),
        duration: page.receive_seconds.map(seconds),
        more_follow,
        retrain_count: 0,
    }
}

fn received(fax: &TiffFax) -> Received {
    let pages = &fax.pages;
    let times = pages.iter().filter_map(|page| page.receive_seconds);
    let total = times.fold(0, u32::saturating_add);
    let outcome = match fax.fault {
        None => ReceiveOutcome::Complete,
        Some(_) => ReceiveOutcome::Partial,
    };
    Received {
        outcome: outcome.into(),
        page_count: u32::try_from(pages.len()).unwrap_or(u32::MAX),
        size_bytes: pages.iter().fold(0, |sum, page| sum.saturating_add(page.coded_bytes)),
        duration: (total > 0).then(|| seconds(total)),
        row_count_max: pages.iter().map(|page| page.rows).max().unwrap_or(0),
        bad_row_count: pages.iter().filter_map(|page| page.bad_rows).fold(0, u32::saturating_add),
        ..Received::default()
    }
}

fn seconds(count: u32) -> Duration {
    Duration { seconds: count.into(), nanos: 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::tiff::read;

    #[test]
    fn a_recorded_fax_is_as_many_stages_as_it_has_pages_and_three() {
        let bytes = include_bytes!("../../../tests/fixtures/hylafax/fax000000001.tif");
        let fax = read(bytes).unwrap();
        let parties = InboundParties::default();
        let requests = requests(&fax, &parties, "n", "f");
        assert_eq!(requests.len(), 5);
        let ids: Vec<&str> = requests.iter().map(|request| request.request_id.as_str()).collect();
        assert_eq!(ids, ["f-0", "f-1", "f-2", "f-3", "f-4"]);
        let Some(Stage::Handshake(session)) = &requests[1].stage else { panic!("no handshake") };
        assert_eq!(
            (session.tsi.as_str(), session.rate_bps, session.width_px),
            ("IAXA", 14_400, 1728)
        );
        let Some(Stage::Page(first)) = &requests[2].stage else { panic!("no page") };
        assert_eq!((first.page_number, first.row_count, first.size_bytes), (1, 1146, 2045));
        assert!(first.more_follow);
        let Some(Stage::Received(end)) = &requests[4].stage else { panic!("no end") };
        assert_eq!((end.page_count, end.size_bytes), (2, 2711));
        assert_eq!(end.duration, Some(seconds(16)));
    }
}
