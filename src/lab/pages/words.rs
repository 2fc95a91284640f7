//! What made pages say: words, names and numbers of nobody.

use rand::RngExt as _;
use rand::rngs::StdRng;

const WORDS: &str = "about above account across action active added after again agree air all amount annual answer \
    any area around arrive ask attached available average away balance base bed before begin below best better between \
    board both box branch bring building business button buy call capital care carry case cash centre certain change \
    charge check city claim class clean clear client close coast code coffee cold collect come common company complete \
    condition confirm contact contract copy corner cost country cover credit current customer daily date day deal \
    deliver department deposit design detail direct discount discuss district document door double draft drive due \
    each early east easy edge effect eight eleven end enter equipment estate even every example except expect express \
    extra face fair fall family fast field file final find first five floor follow food form four free fresh front full \
    further garden gate general give glass gold good great green ground group grow half hand happy head health heat \
    heavy high hold home hospital hotel hour house idea include increase inside insurance interest invoice island issue \
    item job join keep kind kitchen know lake land large last late law lease leave legal letter level light limit line \
    list little load loan local long lower made mail main manager many market material matter maximum meal measure \
    medical meet member message mile minimum minute model monday month more morning most mountain move much music name \
    near need net never new next nine north note nothing notice number offer office often old once one only open option \
    order other outside over owner pack page paid paper park part party pass past patient pay people per period phone \
    place plan plant please point policy post power present price print private product program project property \
    provide public purchase quality quantity quarter question quick rate reach read ready real receive record red \
    reduce regard region remain rent repair reply report request reserve rest result return review right river road \
    roof room round rule safe sale same save scale school sea season second section send series serve service seven \
    share sheet shop short show side sign simple since single site six size small south space special staff standard \
    start state station stay steel step still stock stone stop store street strong subject summer supply support sure \
    system table take talk tax team tell ten term test thank three through ticket time title today together total town \
    trade train travel treat tree trial truck trust twelve two under unit until upper use value very view visit wait \
    walk wall want warm warranty water way week weight west while white whole wide winter within without wood word work \
    world year yellow young zone";

const FIRST_NAMES: &str = "Ada Amos Anna Bela Bruno Carla Cyrus Dana Diego Edith Elena Emil Farah Felix Greta Hana Hugo \
    Ida Igor Irene Jonas Julia Kamal Karin Lars Leila Lucia Mara Marek Mina Nadia Niko Olga Omar Paula Pedro Quinn Rosa \
    Samir Sofia Tariq Tessa Ulla Victor Vera Wanda Xenia Yusuf Yvonne Zoe";

const LAST_NAMES: &str = "Abara Becker Castell Dorn Eklund Fabro Garrick Holm Ivarsen Jansky Kovac Lindt Marlow Nakata \
    Okoro Pellier Quast Rennick Sandoval Tamm Ullman Vance Wexler Yarrow Zeller Amberg Brandl Corvin Delmar Espen \
    Falkner Grieg Hollis Isaksen Jorden Kessel Lomax Mercer Norden Ortega Prager Rossi Selwyn Thorne Udall Verne Winter";

/// One of a list.
fn one(rng: &mut StdRng, list: &'static str) -> &'static str {
    let count = list.split_whitespace().count();
    list.split_whitespace().nth(rng.random_range(0..count)).unwrap_or_default()
}

/// A word.
pub(super) fn word(rng: &mut StdRng) -> &'static str {
    one(rng, WORDS)
}

/// Words in a row, the first with a capital.
pub(super) fn phrase(rng: &mut StdRng, words: usize) -> String {
    let mut text = String::new();
    for at in 0..words.max(1) {
        let word = word(rng);
        match word.chars().next() {
            Some(first) if at == 0 => {
                text.extend(first.to_uppercase());
                text.push_str(&word[first.len_utf8()..]);
            }
            _ => {
                text.push(' ');
                text.push_str(word);
            }
        }
    }
    text
}

/// Sentences of so many words in all, or a few more.
pub(super) fn prose(rng: &mut StdRng, words: usize) -> String {
    let mut text = String::new();
    let mut left = words;
    while left > 0 {
        let length = rng.random_range(5..16).min(left.max(4));
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&phrase(rng, length));
        text.push('.');
        left = left.saturating_sub(length);
    }
    text
}

/// A person's name.
pub(super) fn name(rng: &mut StdRng) -> String {
    format!("{} {}", one(rng, FIRST_NAMES), one(rng, LAST_NAMES))
}

/// A firm's name.
pub(super) fn firm(rng: &mut StdRng) -> String {
    let kind = [
        "Ltd", "Inc", "& Sons", "Group", "Partners", "Clinic", "Supply", "Travel", "Foods", "Legal",
    ];
    let kind = kind[rng.random_range(0..kind.len())];
    format!("{} {} {kind}", one(rng, LAST_NAMES), phrase(rng, 1))
}

/// A street and a town.
pub(super) fn address(rng: &mut StdRng) -> String {
    let number = rng.random_range(1..999);
    let [street, town] = [phrase(rng, 1), phrase(rng, 1)];
    format!("{number} {street} Street, {town}ville {:05}", rng.random_range(10_000..99_999))
}

/// A number of the range kept for fiction.
pub(super) fn phone(rng: &mut StdRng) -> String {
    format!("({}) 555-01{:02}", rng.random_range(201..990), rng.random_range(0..100))
}

/// A day.
pub(super) fn date(rng: &mut StdRng) -> String {
    let [day, month, year] =
        [(1, 29), (1, 13), (1_950, 2_030)].map(|(from, to)| rng.random_range(from..to));
    format!("{month:02}/{day:02}/{year}")
}

/// An amount.
pub(super) fn money(rng: &mut StdRng) -> String {
    let whole: u32 = match rng.random_range(0..3) {
        0 => rng.random_range(1..100),
        1 => rng.random_range(100..1_000),
        _ => rng.random_range(1_000..20_000),
    };
    format!("{whole}.{:02}", rng.random_range(0..100))
}

/// A reference of letters and digits.
pub(super) fn code(rng: &mut StdRng) -> String {
    let letter = |rng: &mut StdRng| char::from(rng.random_range(b'A'..=b'Z'));
    let [first, second] = [letter(rng), letter(rng)];
    format!("{first}{second}-{:06}", rng.random_range(0..1_000_000))
}

/// A measured value with its unit.
pub(super) fn measure(rng: &mut StdRng) -> String {
    let unit = ["mg/dL", "mmol/L", "g/L", "%", "U/L", "10^9/L"];
    let unit = unit[rng.random_range(0..unit.len())];
    format!("{:.1} {unit}", rng.random_range(0.1..400.0))
}
