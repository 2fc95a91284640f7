//! Generated traffic: a day of an imaginary provider as replay events, with the truth in their notes.
//!
//! No labelled set of junk faxes is public, so this one is made, and says so. Each story plays one
//! wanted or unwanted way to use a fax network; the known techniques of junk senders are numbered 1
//! to 17. The truth stands in `note` as `key=value` words (`truth=wanted|junk`, `technique=1..17`
//! in stories about a technique, `story=NAME`; on a report it speaks of the fax reported), which no service reads.
//!
//! The same seed gives the same day as long as the generator behind [`rand::rngs::StdRng`] stays
//! the same; `rand` does not promise that across versions. What is published is pinned by the file
//! `demo/day.jsonl`, which a test holds equal to [`day`].

mod ident;
mod member;
mod page;
mod recorded;
mod report;
mod script;
mod shape;
pub mod stream;
mod volume;
mod wanted;
mod world;

use std::fmt;
use std::io::{self, Write};

use crate::time::Timestamp;
use crate::wire::replay::v1::Event;
use script::Script;
use world::World;

/// Seed of the bundled day.
pub const DAY_SEED: u64 = 17;

/// Begin of the bundled day: midnight in New York on Tuesday, 17 November 2026.
pub const DAY_START: Timestamp = Timestamp::from_seconds(1_794_891_600);

/// One way to use a fax network, wanted or not.
pub struct Story {
    /// Name, as in the notes.
    pub name: &'static str,
    /// Number of the technique it shows, 1 to 17; none for wanted traffic.
    pub technique: Option<u8>,
    /// The technique, or what the wanted traffic is, in a few words.
    pub title: &'static str,
    /// What happens, in a sentence.
    pub doc: &'static str,
    tell: fn(&mut Script<'_>),
}

impl fmt::Debug for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Story").field("name", &self.name).finish_non_exhaustive()
    }
}

macro_rules! stories {
    ($($name:literal $technique:expr, $title:literal, $doc:literal, $tell:path;)*) => {
        &[$(Story { name: $name, technique: $technique, title: $title, doc: $doc, tell: $tell },)*]
    };
}

/// Every story, wanted traffic first, then by technique.
pub const STORIES: &[Story] = stories![
    "office" None, "offices at work",
        "Members fax out and are answered, strangers fax once; most of the day.", wanted::office_day;
    "homes" None, "households in the evening",
        "Households send a form after work and some get one back.", wanted::homes;
    "europe" None, "Sweden and Britain",
        "The morning of two countries where no call is signed.", wanted::europe;
    "lab-results" None, "forty results at nine",
        "A laboratory sends forty results to one clinic within the hour.", wanted::lab_results;
    "school-closing" None, "a school closes",
        "A school tells sixty recipients the same page within minutes.", wanted::school_closing;
    "pharmacy-recall" None, "a medicine is recalled",
        "A wholesaler sends the same two pages to every pharmacy.", wanted::pharmacy_recall;
    "busy-retries" None, "honest retries",
        "Machines find a line busy or lose it and try again.", wanted::busy_retries;
    "newsletter" None, "a letter with consent",
        "An association writes to thirty subscribers, each with an allow entry.", wanted::newsletter;
    "recorded-letters" None, "real letters",
        "TIFF-F files that a HylaFAX server received, told by their own tags.", recorded::letters;
    "blast" Some(1), "broadcast blast",
        "One number sends one page to everybody.", volume::blast;
    "sweep-one-line" Some(2), "sequential numbers",
        "One line dials a run of numbers and hangs up on each.", volume::sweep_one_line;
    "sweep-four-lines" Some(2), "sequential numbers",
        "Four lines share a run so that none dials one alone.", volume::sweep_four_lines;
    "night-sending" Some(3), "night sending",
        "Advertisements at two in the morning, recipients' time.", volume::night_sending;
    "bad-tsi" Some(4), "blank, garbage or spoofed identity",
        "TSIs that are empty, noise or another's; callers that cannot be.", ident::bad_tsi;
    "own-did" Some(4), "blank, garbage or spoofed identity",
        "The caller shows a number of one of our members.", ident::own_did;
    "snowshoe" Some(5), "snowshoe",
        "Forty numbers, one document, one trunk.", volume::snowshoe;
    "recorded-bulk" Some(5), "snowshoe",
        "Real bulk faxes whose caller number changes with each call.", recorded::bulk;
    "mutation" Some(6), "mutation per recipient",
        "Each copy differs by a few per cent.", volume::mutation;
    "opt-out-ignored" Some(7), "opt-out as a trap",
        "Asked to stop, the sender sends twice more.", report::opt_out_ignored;
    "one-page-ads" Some(8), "one-page advertisements",
        "Small advertisements at a leisurely pace.", volume::one_page_ads;
    "redial-hammer" Some(9), "busy hammering",
        "A call to the same member every few seconds.", volume::redial_hammer;
    "looped-page" Some(10), "looped page",
        "The same page again and again, with no end announced.", page::looped_page;
    "black-pages" Some(11), "black or blank pages",
        "Pages of black or of nothing.", page::black_pages;
    "line-hog" Some(12), "line hog",
        "Dither, endless rows, retraining at the slowest rate.", page::line_hog;
    "toll-fraud" Some(13), "toll fraud",
        "A hijacked account sends to costly places by night.", member::toll_fraud;
    "member-blast" Some(14), "member blast, list washing",
        "A day-old free account sends one advertisement to many.", member::member_blast;
    "list-washing" Some(14), "member blast, list washing",
        "The same account finds out which numbers are faxes.", member::list_washing;
    "jpeg-request" Some(15), "protocol and file exploits",
        "The sender asks for JPEG and colour.", page::jpeg_request;
    "shell-injection" Some(16), "shell and log injection",
        "Names and TSIs that are commands.", ident::shell_injection;
    "report-mob" Some(17), "report abuse",
        "Reports by people who never got a fax from a clean clinic.", report::report_mob;
];

/// A whole day from `start`, all stories in it, in time order. `start` is rounded down to a second.
pub fn day(seed: u64, start: Timestamp) -> Vec<Event> {
    let world = World::new(seed);
    let mut script = Script::new(&world, seed, start.as_seconds());
    script.directory();
    for story in STORIES {
        script.begin(story.name, story.technique);
        (story.tell)(&mut script);
    }
    script.finish()
}

/// One story alone, on the background of a quiet day; `None` when there is no such story.
pub fn story(name: &str, seed: u64) -> Option<Vec<Event>> {
    let story = STORIES.iter().find(|story| story.name == name)?;
    let world = World::new(seed);
    let mut script = Script::new(&world, seed, DAY_START.as_seconds());
    script.directory();
    script.begin("quiet", None);
    wanted::quiet(&mut script);
    script.begin(story.name, story.technique);
    (story.tell)(&mut script);
    Some(script.finish())
}

/// Writes events in the replay format: the proto3 JSON of one event a line.
///
/// # Errors
/// Whatever `out` fails with.
pub fn write_events(events: &[Event], out: &mut dyn Write) -> io::Result<()> {
    for event in events {
        serde_json::to_writer(&mut *out, event)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// The ground truth of an event, read from its note. For tables and tests, never for a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Truth<'a> {
    /// True when the fax is junk.
    pub junk: bool,
    /// The technique, where the story is about one.
    pub technique: Option<u8>,
    /// The story.
    pub story: &'a str,
}

impl<'a> Truth<'a> {
    /// Reads a note; `None` when it does not say whether the fax is junk and which story it is of.
    pub fn read(note: &'a str) -> Option<Self> {
        let word = |key: &str| {
            note.split_ascii_whitespace().find_map(|word| word.strip_prefix(key)?.strip_prefix('='))
        };
        let junk = match word("truth")? {
            "junk" => true,
            "wanted" => false,
            _ => return None,
        };
        let technique = word("technique").and_then(|number| number.parse().ok());
        Some(Self { junk, technique, story: word("story")? })
    }
}

#[cfg(test)]
mod tests;
