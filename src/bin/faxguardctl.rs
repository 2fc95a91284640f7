//! The operator's tool: hands the library its arguments, its writers and the parts that the lab lends.

use std::io::{BufWriter, IsTerminal as _, Write, stderr, stdout};
use std::process::ExitCode;

use alloc_tracker::Allocator;
use faxguard::lab::files;
use faxguard::operator::{Invocation, Output, Screen, run};
use mimalloc::MiMalloc;

/// Counts what `evaluate` reports; the allocator beneath is the server's.
#[global_allocator]
static ALLOCATOR: Allocator<MiMalloc> = Allocator::new(MiMalloc);

fn main() -> ExitCode {
    let screen = if stderr().is_terminal() { Screen::Terminal } else { Screen::Other };
    let invocation = Invocation {
        arguments: std::env::args_os().collect(),
        user: std::env::var("USER").ok().filter(|user| !user.is_empty()),
    };
    // Whoever watches sees each line at once; a file or a pipe gets whole blocks.
    let mut out: Box<dyn Write> = match stdout().is_terminal() {
        true => Box::new(stdout().lock()),
        false => Box::new(BufWriter::new(stdout().lock())),
    };
    let mut err = stderr();
    let output = Output::new(&mut out, &mut err, screen);
    ExitCode::from(run(invocation, &files::catalog(), &files::hooks(), output))
}
