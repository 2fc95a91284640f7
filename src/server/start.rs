//! From the command line and the file to checked settings, with every fault at once.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::webhook::Target;
use crate::bounds;
use crate::policy::{Fault, Settings, load, read_text};
use crate::screening::signals;
use crate::texts::{TextFault, TextFile, Texts};

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
    /// The texts of the form and of notices, in every language.
    pub texts: Arc<Texts>,
    /// Where notices are pushed to, if they are.
    pub webhook: Option<Arc<Target>>,
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
        let texts = texts(&settings.reports.texts);
        let webhook = Target::read(&settings.notices).map_err(|faults| {
            let faults = faults.into_iter();
            let of = |fault: super::webhook::TargetFault| Fault {
                path: fault.setting().to_owned(),
                message: fault.to_string(),
            };
            faults.map(of).collect::<Vec<_>>()
        });
        match (texts, webhook) {
            (Ok(texts), Ok(webhook)) => {
                let (texts, webhook) = (Arc::new(texts), webhook.map(Arc::new));
                Ok(Self { settings, text, texts, webhook, overrides })
            }
            (texts, webhook) => {
                let faults = texts.err().into_iter().chain(webhook.err());
                Err(faults.flatten().collect())
            }
        }
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

/// The texts that are built in, and those of a folder.
fn texts(folder: &str) -> Result<Texts, Vec<Fault>> {
    let of = |fault: &TextFault| Fault { path: TEXTS.to_owned(), message: fault.to_string() };
    let files = if folder.is_empty() { Vec::new() } else { text_files(Path::new(folder))? };
    Texts::with(&files).map_err(|faults| faults.iter().map(of).collect())
}

/// The setting of the folder.
const TEXTS: &str = "reports.texts";

/// The files of a folder that hold texts, by name.
fn text_files(folder: &Path) -> Result<Vec<TextFile>, Vec<Fault>> {
    let unread = |message: String| vec![Fault { path: TEXTS.to_owned(), message }];
    let gone = |_| unread("folder could not be read (is it there?)".to_owned());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(gone)? {
        let path = entry.map_err(gone)?.path();
        if path.extension().is_none_or(|extension| extension != "ftl") {
            continue;
        }
        if files.len() == bounds::TEXT_FILES_MAX {
            let most = bounds::TEXT_FILES_MAX;
            return Err(unread(format!("folder holds too many files (at most {most})")));
        }
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = name.unwrap_or_default();
        let size = std::fs::metadata(&path).map_or(0, |data| data.len());
        let read = match size {
            0..=bounds::TEXT_FILE_BYTES_MAX => std::fs::read_to_string(&path).ok(),
            _ => None,
        };
        match read {
            Some(source) => files.push(TextFile { name, source }),
            None => return Err(unread(TextFault::unreadable(&name).to_string())),
        }
    }
    files.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(files)
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
