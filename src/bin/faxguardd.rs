//! The server: parse, build, run, drain.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use faxguard::policy::Fault;
use faxguard::server::demo::{self, Afterwards};
use faxguard::server::start::{EXIT_CONFIGURATION, EXIT_USAGE, Overrides, Start};
use faxguard::server::{assemble, telemetry};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("FAXGUARD_COMMIT"), ")");

/// Screens every fax in an internet fax provider's routing path.
///
/// Without arguments it serves on loopback with working defaults and keeps its data in ./faxguard-data.
#[derive(Debug, Parser)]
#[command(name = "faxguardd", version = VERSION)]
struct Arguments {
    /// Settings and policy (else the file that FAXGUARD_CONFIG names); `faxguardctl generate config` prints one
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Check a file, report every fault with path and remedy, and exit (78 where there is one)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["config", "data", "listen"])]
    check: Option<PathBuf>,
    /// Folder of the store and its keys, over the file
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Address and port to listen on, over the file; port 0 lets the system choose
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Serve on loopback with a temporary folder and play a bundled day of generated traffic
    Demo {
        /// End after the closing table instead of staying up
        #[arg(long)]
        once: bool,
    },
}

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(told) => {
            let code = if told.use_stderr() { EXIT_USAGE } else { 0 };
            return told.print().map_or(ExitCode::FAILURE, |()| ExitCode::from(code));
        }
    };
    let Arguments { config, check, data, listen, action } = arguments;
    if let Some(Action::Demo { once }) = action {
        return demonstrate(if once { Afterwards::End } else { Afterwards::Stay });
    }
    if let Some(file) = check {
        return match Start::read(Some(&file), Overrides::default()) {
            Ok(_) => tell("no faults", ExitCode::SUCCESS),
            Err(faults) => tell_faults(&faults),
        };
    }
    let config = config.or_else(|| std::env::var_os("FAXGUARD_CONFIG").map(PathBuf::from));
    let start = match Start::read(config.as_deref(), Overrides { data, listen }) {
        Ok(start) => start,
        Err(faults) => return tell_faults(&faults),
    };
    match assemble::serve(&start) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            telemetry::log_chain(&fault, "server could not be run");
            tell(&fault.to_string(), ExitCode::FAILURE)
        }
    }
}

fn demonstrate(afterwards: Afterwards) -> ExitCode {
    match demo::demonstrate(afterwards, &mut io::stdout()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            let mut words = fault.to_string();
            let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(&fault);
            while let Some(inner) = cause {
                words = format!("{words}: {inner}");
                cause = inner.source();
            }
            tell(&words, ExitCode::FAILURE)
        }
    }
}

fn tell_faults(faults: &[Fault]) -> ExitCode {
    let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    tell(&lines.join("\n"), ExitCode::from(EXIT_CONFIGURATION))
}

/// Says it on standard error. That nobody listens there is no reason for another exit code.
fn tell(words: &str, code: ExitCode) -> ExitCode {
    let _ = writeln!(io::stderr(), "{words}");
    code
}
