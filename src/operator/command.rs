//! The catalog of commands: from this one list come parsing, help, man page and completions.

use clap::{Arg, ArgAction, ArgMatches};

use super::context::Context;
use super::failure::Failure;

/// The server the tool calls unless told otherwise.
pub const DEFAULT_SERVER: &str = "http://127.0.0.1:7443";
/// Version and commit.
pub const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("FAXGUARD_COMMIT"), ")");
/// The tool's name, as typed.
pub(super) const TOOL: &str = "faxguardctl";
const ABOUT: &str = "The operator's tool of faxguard: screens, replays, reports, explains, edits";
/// Columns that help is wrapped to, whatever the terminal, so that it reads the same everywhere.
const HELP_COLUMNS: usize = 100;

/// One command: everything there is to know about it.
#[derive(Clone, Copy, Debug)]
pub struct Command {
    /// The words that name it, one or two: `status`, `lists add`.
    pub name: &'static str,
    /// What it does, in one line.
    pub help: &'static str,
    /// What there is to know beyond that.
    pub doc: &'static str,
    /// Adds its arguments.
    pub shape: fn(clap::Command) -> clap::Command,
    /// Does it.
    pub run: fn(&ArgMatches, &mut Context<'_>) -> Result<(), Failure>,
}

/// A word that does nothing by itself and stands before several commands.
const GROUPS: [(&str, &str); 14] = [
    ("campaigns", "See and decide on near-identical pages to many recipients"),
    ("cases", "See and decide what was reported"),
    ("complaint", "File complaints of other systems, or say what would be filed"),
    ("convert", "Turn what fax servers record into replay events"),
    ("directory", "Feed what the provider knows of its numbers and members"),
    ("forms", "See and edit the pages that are no campaign, however many get them"),
    ("generate", "Print configuration, man page, completions or unit"),
    ("held", "List, release or reject faxes that are kept back"),
    ("hook", "Ask from within HylaFAX, as one of its hooks"),
    ("limits", "Show limits, and set them while the service runs"),
    ("lists", "Edit and show the allow, block, opt-out and do-not-originate lists"),
    ("measures", "See, lift and review what was done about senders and members"),
    ("node", "Ask from within any other fax server"),
    ("policy", "Show, check or replace the policy"),
];

/// Every command of the tool, in the order of the documentation.
#[derive(Clone, Debug)]
pub struct Catalog(Vec<&'static Command>);

impl Catalog {
    /// The commands of all parts, one after the other.
    #[must_use]
    pub fn new(parts: &[&'static [Command]]) -> Self {
        Self(parts.iter().flat_map(|part| part.iter()).collect())
    }

    /// The commands.
    pub fn commands(&self) -> impl Iterator<Item = &'static Command> + '_ {
        self.0.iter().copied()
    }

    /// The parser that the catalog amounts to.
    #[must_use]
    pub fn parser(&self) -> clap::Command {
        let mut root = clap::Command::new(TOOL)
            .about(ABOUT)
            .version(VERSION)
            .term_width(HELP_COLUMNS)
            .subcommand_required(true)
            .arg_required_else_help(true)
            .disable_help_subcommand(true)
            .args(global_arguments());
        for command in self.commands() {
            let (group, word) = command.name.split_once(' ').unwrap_or(("", command.name));
            let child = clap::Command::new(word).about(command.help).long_about(command.doc);
            let child = (command.shape)(child);
            root = if group.is_empty() {
                root.subcommand(child)
            } else {
                ensure_group(root, group).mut_subcommand(group, |parent| parent.subcommand(child))
            };
        }
        root
    }

    /// The command that was chosen, with its own arguments.
    pub(super) fn chosen<'m>(
        &self,
        matches: &'m ArgMatches,
    ) -> Option<(&'static Command, &'m ArgMatches)> {
        let (word, mut inner) = matches.subcommand()?;
        let mut name = word.to_owned();
        if let Some((second, innermost)) = inner.subcommand() {
            name = format!("{word} {second}");
            inner = innermost;
        }
        let command = self.commands().find(|command| command.name == name)?;
        Some((command, inner))
    }
}

/// Adds the group of a two-word command where neither it nor a command of its name is there yet.
fn ensure_group(root: clap::Command, group: &'static str) -> clap::Command {
    if root.find_subcommand(group).is_some() {
        return root;
    }
    let help = GROUPS.iter().find(|(name, _)| *name == group).map_or("", |(_, help)| help);
    root.subcommand(
        clap::Command::new(group)
            .about(help)
            .subcommand_required(true)
            .arg_required_else_help(true)
            .disable_help_subcommand(true),
    )
}

fn global_arguments() -> [Arg; 6] {
    let arguments = [
        Arg::new("server")
            .long("server")
            .value_name("ADDRESS")
            .default_value(DEFAULT_SERVER)
            .global(true)
            .help("The server to call; https:// for an encrypted port"),
        option("tls-authority", "FILE", "Trust servers that this authority vouches for (PEM)")
            .global(true),
        option("tls-certificate", "FILE", "Show this certificate to the server (PEM)")
            .requires("tls-key")
            .global(true),
        option("tls-key", "FILE", "The private key of that certificate (PEM)")
            .requires("tls-certificate")
            .global(true),
        Arg::new("json")
            .long("json")
            .action(ArgAction::SetTrue)
            .global(true)
            .help("Print JSON for programs, one value a line, nothing masked"),
        Arg::new("show-numbers")
            .long("show-numbers")
            .action(ArgAction::SetTrue)
            .global(true)
            .help("Write numbers and idents out for people instead of masking them"),
    ];
    arguments.map(|argument| argument.help_heading("Options of every command"))
}

/// An option with a value: `--name VALUE`.
#[must_use]
pub fn option(name: &'static str, value: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).value_name(value).help(help)
}

/// An argument that is required and has no name on the command line.
#[must_use]
pub fn positional(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).value_name(name).required(true).help(help)
}

/// A switch.
#[must_use]
pub fn switch(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).action(ArgAction::SetTrue).help(help)
}

/// The text of an argument, empty where it is absent.
#[must_use]
pub fn text(matches: &ArgMatches, name: &str) -> String {
    matches.get_one::<String>(name).cloned().unwrap_or_default()
}

/// The file an argument names.
#[must_use]
pub fn path(matches: &ArgMatches, name: &str) -> std::path::PathBuf {
    text(matches, name).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_group_of_a_command_has_its_help() {
        let commands = super::super::COMMANDS;
        for group in commands.iter().filter_map(|command| command.name.split_once(' ')) {
            let known = GROUPS.iter().map(|(name, _)| *name);
            let known = known.chain(commands.iter().map(|command| command.name));
            assert!(known.into_iter().any(|name| name == group.0), "{}", group.0);
        }
        Catalog::new(&[super::super::COMMANDS]).parser().debug_assert();
    }
}
