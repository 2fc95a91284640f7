//! The tool's commands that look into files of fax servers, and the whole catalog with them in it.

mod compare;
mod convert;
mod fingerprint;
mod look;
mod screen;

use crate::lab::evaluate;
use crate::node;
use crate::operator::{self, Catalog, Command, Hooks};

/// The commands of this room.
pub const COMMANDS: &[Command] =
    &[screen::SCREEN, fingerprint::FINGERPRINT, compare::COMPARE, convert::XFERFAXLOG];

/// Every command of the tool, in the order of its documentation.
#[must_use]
pub fn catalog() -> Catalog {
    Catalog::new(&[COMMANDS, operator::COMMANDS, node::COMMANDS, evaluate::COMMANDS])
}

/// The settings file with every default, which a test of the policy room holds to its catalog.
const CONFIGURATION: &str = include_str!("../../docs/faxguard.example.toml");

/// What the tool borrows.
#[must_use]
pub fn hooks() -> Hooks {
    Hooks {
        in_process: Some(crate::lab::in_process::replay),
        configuration: Some(|| CONFIGURATION.to_owned()),
    }
}
