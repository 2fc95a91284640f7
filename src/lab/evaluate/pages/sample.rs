//! The pages that are measured with: made from a seed, or the first pages of the files of a folder.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Fault, Files, Size};
use crate::lab::pages::bitmap::Bitmap;
use crate::lab::pages::distort::{Distortion, Spoiler};
use crate::lab::pages::layout::Press;
use crate::lab::pages::read::{files, first_page};
use crate::lab::pages::write::{Form, tiff};

/// Where pages come from.
pub(super) struct Sample {
    pub(super) size: Size,
    pub(super) seed: u64,
    /// Files of the folder that was given.
    pub(super) base: Option<Vec<PathBuf>>,
    /// Files of a template each, of the folder that was given.
    pub(super) templates: Option<Vec<Vec<PathBuf>>>,
}

/// What a thread makes pages with.
pub(super) struct Tools {
    pub(super) press: Press,
    pub(super) spoiler: Spoiler,
}

impl Tools {
    pub(super) fn new() -> Result<Self, Fault> {
        Ok(Self { press: Press::new()?, spoiler: Spoiler::new()? })
    }
}

impl Sample {
    /// Looks which pages there are.
    pub(super) fn open(mut size: Size, seed: u64, given: &Files) -> Result<Self, Fault> {
        let base = given.base.as_deref().map(readable).transpose()?;
        let templates = given.templates.as_deref().map(by_template).transpose()?;
        if let Some(base) = &base {
            size = Size { pages: base.len(), copied: base.len(), clustered: base.len(), ..size };
        }
        if let Some(templates) = &templates {
            let fills = templates.iter().map(Vec::len).max().unwrap_or(0);
            size = Size { templates: templates.len(), fills, ..size };
        }
        if size.pages < 4 || size.templates < 2 {
            return Err("too few pages or templates to be halved (at least 4 and 2)".into());
        }
        Ok(Self { size, seed, base, templates })
    }

    pub(super) fn page(&self, tools: &mut Tools, at: usize) -> Result<Bitmap, Fault> {
        match &self.base {
            Some(files) => Ok(first_page(&files[at])?),
            None => Ok(tools.press.page(self.seed, at)),
        }
    }

    /// What the page is called: its file, or its number and what it is for.
    pub(super) fn name(&self, at: usize) -> String {
        match &self.base {
            Some(files) => files[at].file_name().unwrap_or_default().display().to_string(),
            None => format!("{at} ({})", crate::lab::pages::layout::kind(at)),
        }
    }

    /// Whether two pages of a given folder are versions of one, for collections hold the same document twice: half of the
    /// written rows of either are, dot by dot, rows of the other. Made pages are all different.
    pub(super) fn are_versions(&self, tools: &mut Tools, pair: [usize; 2]) -> Result<bool, Fault> {
        if self.base.is_none() {
            return Ok(false);
        }
        let [one, two] = [self.page(tools, pair[0])?, self.page(tools, pair[1])?];
        let written = |page: &Bitmap| -> HashSet<Vec<u64>> {
            let rows = (0..page.rows()).map(|y| page.row(y).to_vec());
            rows.filter(|row| row.iter().any(|word| *word != 0)).collect()
        };
        let (one, two) = (written(&one), written(&two));
        Ok(one.intersection(&two).count() * 2 >= one.len().max(two.len()))
    }

    /// The page's file without its ending, or its number.
    fn stem(&self, at: usize) -> String {
        match &self.base {
            Some(files) => files[at].file_stem().unwrap_or_default().to_string_lossy().into_owned(),
            None => format!("{at:05}"),
        }
    }

    /// How often a template is filled in.
    pub(super) fn fills(&self, template: usize) -> usize {
        self.templates.as_ref().map_or(self.size.fills, |files| files[template].len())
    }

    pub(super) fn form(
        &self,
        tools: &mut Tools,
        template: usize,
        fill: usize,
    ) -> Result<Bitmap, Fault> {
        match &self.templates {
            Some(files) => Ok(first_page(&files[template][fill])?),
            None => Ok(tools.press.form(self.seed, template, fill)),
        }
    }
}

/// The files of a folder whose first page can be read; one that cannot is passed over, for folders hold odd ones.
fn readable(folder: &Path) -> Result<Vec<PathBuf>, Fault> {
    let all = files(folder)?;
    Ok(all.into_iter().filter(|file| first_page(file).is_ok()).collect())
}

/// Files by what stands before the last `_` of their names, `t03_11.tif` being filling 11 of template `t03`.
fn by_template(folder: &Path) -> Result<Vec<Vec<PathBuf>>, Fault> {
    let mut templates: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for file in readable(folder)? {
        let stem = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let template = stem.rsplit_once('_').map_or(stem.as_str(), |(template, _)| template);
        templates.entry(template.to_owned()).or_default().push(file);
    }
    Ok(templates.into_values().filter(|files| files.len() > 1).collect())
}

/// Does a piece of work for every number below `count`, on all cores, and gives what came out by number.
pub(super) fn on_all_cores<T: Send>(
    count: usize,
    work: impl Fn(&mut Tools, usize) -> Result<T, Fault> + Sync,
) -> Result<Vec<T>, Fault> {
    let next = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(count.max(1));
    let one = || -> Result<Vec<(usize, T)>, Fault> {
        let mut tools = Tools::new()?;
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= count {
                return Ok(done);
            }
            done.push((at, work(&mut tools, at)?));
        }
    };
    let parts: Vec<Result<Vec<(usize, T)>, Fault>> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        let ended = |thread: std::thread::ScopedJoinHandle<'_, _>| {
            thread.join().unwrap_or_else(|_| Err("a thread of the measurement panicked".into()))
        };
        running.into_iter().map(ended).collect()
    });
    let mut done = Vec::with_capacity(count);
    for part in parts {
        done.extend(part?);
    }
    done.sort_unstable_by_key(|(at, _)| *at);
    Ok(done.into_iter().map(|(_, found)| found).collect())
}

/// Writes pages of the odd half, their copies, and forms as files for others to measure with: `base/PAGE.tif`,
/// `copies/DISTORTION/PAGE_K.tif`, `templates/TEMPLATE_FILL.tif`. Where `base` or `templates` is there already, it is taken
/// as it is.
pub(super) fn write(size: Size, seed: u64, folder: &Path) -> Result<(), Fault> {
    let there = |name: &str| Some(folder.join(name)).filter(|path| path.is_dir());
    let given = Files { base: there("base"), templates: there("templates"), baseline: None };
    let sample = Sample::open(size, seed, &given)?;
    for what in Distortion::ALL {
        std::fs::create_dir_all(folder.join("copies").join(what.name()))?;
    }
    let save = |path: PathBuf, page: &Bitmap| std::fs::write(path, tiff(&[page], Form::PLAIN));
    if sample.base.is_none() {
        std::fs::create_dir_all(folder.join("base"))?;
    }
    on_all_cores((sample.size.pages / 2).min(sample.size.copied), |tools, at| {
        let number = 2 * at + 1;
        let page = sample.page(tools, number)?;
        let name = sample.stem(number);
        if sample.base.is_none() {
            save(folder.join(format!("base/{name}.tif")), &page)?;
        }
        for what in Distortion::ALL {
            let copy = tools.spoiler.copy(&page, what, seed, copy_number(number, 0));
            save(folder.join(format!("copies/{}/{name}_0.tif", what.name())), &copy)?;
        }
        Ok(())
    })?;
    if sample.templates.is_some() {
        return Ok(());
    }
    std::fs::create_dir_all(folder.join("templates"))?;
    on_all_cores(sample.size.templates, |tools, template| {
        for fill in 0..sample.size.fills {
            let form = sample.form(tools, template, fill)?;
            save(folder.join(format!("templates/t{template:02}_{fill:02}.tif")), &form)?;
        }
        Ok(())
    })?;
    Ok(())
}

/// The number that copy `copy` of page `page` is drawn with.
pub(super) const fn copy_number(page: usize, copy: usize) -> usize {
    page * 64 + copy
}
