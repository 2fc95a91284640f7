//! `generate`: what the binary can say about itself: configuration, man page, completions, unit.

use clap::ArgMatches;
use clap_complete::Shell;
use clap_mangen::Man;

use super::command::{Catalog, Command, TOOL};
use super::context::Context;
use super::failure::Failure;

pub(super) const CONFIG: Command = Command {
    name: "generate config",
    help: "Print the documented default configuration of the server",
    doc: "Print the documented default configuration of the server, as TOML.",
    shape: |command| command,
    run: |_, context| {
        let what = "the default configuration";
        let print = context.hooks.configuration.ok_or(Failure::NotBuilt { what })?;
        context.output.text(&print())
    },
};

pub(super) const MAN: Command = Command {
    name: "generate man",
    help: "Print the man page of this tool",
    doc: "Print the man page of this tool, as roff: `faxguardctl generate man > faxguardctl.1`.",
    shape: |command| command,
    run: |_, context| {
        let page = man_page(context.catalog).map_err(Failure::Write)?;
        context.output.text(&page)
    },
};

pub(super) const COMPLETIONS: Command = Command {
    name: "generate completions",
    help: "Print the completions of this tool for a shell",
    doc: "Print the completions of this tool for a shell, to be put where that shell looks for them.",
    shape: |command| {
        command.arg(
            super::command::positional("SHELL", "The shell")
                .value_parser(clap::value_parser!(Shell)),
        )
    },
    run: completions,
};

pub(super) const UNIT: Command = Command {
    name: "generate unit",
    help: "Print a systemd unit for the server",
    doc: "Print a systemd unit that runs the server as a user of its own, with nothing but its state to write to.",
    shape: |command| command,
    run: |_, context| context.output.text(include_str!("../../docs/faxguardd.service")),
};

fn completions(matches: &ArgMatches, context: &mut Context<'_>) -> Result<(), Failure> {
    let shell = matches.get_one::<Shell>("SHELL").copied().unwrap_or(Shell::Bash);
    let mut bytes = Vec::new();
    clap_complete::generate(shell, &mut context.catalog.parser(), TOOL, &mut bytes);
    context.output.text(&String::from_utf8_lossy(&bytes))
}

/// One page for the whole tool: its own sections, then a section a command.
fn man_page(catalog: &Catalog) -> std::io::Result<String> {
    let mut root = catalog.parser();
    root.build();
    let mut page = Vec::new();
    let man = Man::new(root.clone()).manual("faxguard").source("faxguard");
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    let mut page = String::from_utf8_lossy(&page).into_owned();
    for command in catalog.commands() {
        let mut words = command.name.split(' ');
        let found = words.try_fold(&root, |parent, word| parent.find_subcommand(word));
        let Some(found) = found else {
            continue;
        };
        let own = found.clone().mut_args(|argument| {
            // Global options are described once, at the top.
            let global = argument.is_global_set();
            argument.hide(global)
        });
        let mut section = Vec::new();
        let man = Man::new(own);
        man.render_synopsis_section(&mut section)?;
        man.render_description_section(&mut section)?;
        man.render_options_section(&mut section)?;
        page.push_str(&format!(".SH \"{TOOL} {}\"\n", command.name));
        page.push_str(&String::from_utf8_lossy(&section).replace(".SH ", ".SS "));
    }
    Ok(page)
}
