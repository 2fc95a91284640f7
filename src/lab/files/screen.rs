//! `screen`: the stages of a received fax, from the tags of its TIFF file, put to the server one by one.

use clap::ArgMatches;
use thiserror::Error;

use crate::bounds::TIFF_BYTES_MAX;
use crate::content::sealed::SealedFax;
use crate::content::tiff::TiffFax;
use crate::fax::id::DecisionId;
use crate::node::session::name;
use crate::node::tiff::{claim, page_facts, received, session};
use crate::operator::{
    Command, Context, Failure, Form, Output, argument, input, option, path, positional, text,
    verdict_block, without_keys,
};
use crate::wire::screening::v1::screen_fax_request::{Parties, Stage};
use crate::wire::screening::v1::screening_service_client::ScreeningServiceClient;
use crate::wire::screening::v1::{
    CallOffered, InboundParties, ScreenFaxRequest, ScreenFaxResponse, StageKind,
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
        return output.json(&without_keys(response));
    }
    let verdict = response.verdict.clone().unwrap_or_default();
    output.line(format!("\ndecision {}", text::safe(&response.decision_id)))?;
    let block = verdict_block(&verdict, output.shown());
    output.text(&block)
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
        assert_eq!(end.duration, Some(pbjson_types::Duration { seconds: 16, nanos: 0 }));
    }
}
