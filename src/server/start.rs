//! From the command line and the file to checked settings, with every fault at once.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::policy::{Fault, Settings, load, read_text};
use crate::screening::signals;

/// Exit code for a command line that is not understood (sysexits.h).
pub const EXIT_USAGE: u8 = 64;
/// Exit code for a configuration with faults (sysexits.h).
pub const EXIT_CONFIGURATION: u8 = 78;

/// What the command line says over the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// Folder of the store.
    pub data: Option<PathBuf>,
    /// Address to listen on.
    pub listen: Option<SocketAddr>,
}

/// Checked settings, the text they were made from, and what the command line says over them.
#[derive(Clone, Debug)]
pub struct Start {
    /// The settings of the file.
    pub settings: Settings,
    /// The text of the file; empty for the built-in defaults.
    pub text: String,
    overrides: Overrides,
}

impl Start {
    /// Reads and checks a file, or takes the built-in defaults.
    ///
    /// # Errors
    /// All faults of the file.
    pub fn read(file: Option<&Path>, overrides: Overrides) -> Result<Self, Vec<Fault>> {
        let text = file.map(read_text).transpose()?.unwrap_or_default();
        let (settings, _) = load(&text, &signals::specs())?;
        Ok(Self { settings, text, overrides })
    }

    /// Folder of the store.
    #[must_use]
    pub fn data_folder(&self) -> &Path {
        self.overrides.data.as_deref().unwrap_or(&self.settings.server.data_folder)
    }

    /// Address to listen on.
    #[must_use]
    pub fn listen(&self) -> SocketAddr {
        self.overrides.listen.unwrap_or(self.settings.server.listen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_goes_over_the_file_and_all_faults_are_told() {
        let overrides = Overrides {
            data: Some("elsewhere".into()),
            listen: Some(SocketAddr::from(([127, 0, 0, 1], 0))),
        };
        let start = Start::read(None, overrides).unwrap();
        assert_eq!(start.data_folder(), Path::new("elsewhere"));
        assert_eq!(start.listen().port(), 0);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("bad.toml");
        std::fs::write(&file, "[server]\nlisten = 5\nworkers = 2\n[nonsense]\n").unwrap();
        let faults = Start::read(Some(&file), Overrides::default()).unwrap_err();
        assert!(faults.len() >= 3, "{faults:?}");
        let missing = folder.path().join("missing.toml");
        assert_eq!(Start::read(Some(&missing), Overrides::default()).unwrap_err().len(), 1);
    }
}
