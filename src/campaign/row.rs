//! Campaigns and known forms as rows of a store: a key that never changes, and versioned bytes under a sum.

use std::sync::Arc;

use super::bank::{Form, FormId};
use super::cluster::{APART_MAX, Cluster, REPRESENTATIVES_MAX, Representative};
use super::codec::{Reader, put_bytes, put_count, put_words, seal, unseal};
use super::growth::Growth;
use super::sketch::{SKETCH_VALUES, Sketch};
use super::standing::{DECISIONS_MAX, Decision, Standing, State};
use super::tally::{DISTINCT, Tally};
use super::weight::NODES_MAX;
use crate::content::fingerprint::{
    CHUNK_KEYS_MAX, Fingerprint, InkMap, MARKS_MAX, Mark, WEAK_BITS,
};
use crate::fax::id::CampaignId;
use crate::time::Timestamp;

const VERSION: u8 = 1;

/// Which row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowKey {
    /// A campaign's.
    Campaign(CampaignId),
    /// A known form's.
    Form(FormId),
}

impl RowKey {
    /// Its bytes: the kind, then the number, most significant first, so that rows stand in the order of ids.
    #[must_use]
    pub fn encode(self) -> [u8; 9] {
        let (kind, number) = match self {
            Self::Campaign(id) => (1, id.0),
            Self::Form(id) => (2, u64::from(id.0)),
        };
        let [a, b, c, d, e, f, g, h] = number.to_be_bytes();
        [kind, a, b, c, d, e, f, g, h]
    }

    /// `None` where the bytes are no key.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let [kind, number @ ..] = <[u8; 9]>::try_from(bytes).ok()?;
        let number = u64::from_be_bytes(number);
        match kind {
            1 => Some(Self::Campaign(CampaignId(number))),
            2 => u32::try_from(number).ok().map(|number| Self::Form(FormId(number))),
            _ => None,
        }
    }
}

/// A row that is to be written, or taken out where there is no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Which.
    pub key: RowKey,
    /// Its bytes: personal data, to be kept no longer than the campaign is.
    pub value: Option<Vec<u8>>,
}

/// The bytes of a campaign.
pub(super) fn encode_campaign(campaign: &Cluster) -> Vec<u8> {
    let mut to = vec![VERSION];
    to.extend_from_slice(&campaign.id.0.to_le_bytes());
    put_u32s(&mut to, &[campaign.since, campaign.parent, campaign.touched, campaign.form]);
    put_words(&mut to, &campaign.apart);
    put_tally(&mut to, &campaign.tally);
    put_count(&mut to, campaign.standing.list().len());
    campaign.standing.list().iter().for_each(|decision| put_decision(&mut to, decision));
    put_count(&mut to, campaign.representatives.len());
    campaign.representatives.iter().for_each(|one| put_fingerprint(&mut to, &one.fingerprint));
    seal(to)
}

/// The campaign of such bytes; `None` where they are damaged, cut, or of another version.
pub(super) fn decode_campaign(bytes: &[u8]) -> Option<Cluster> {
    let mut from = Reader(unseal(bytes)?);
    let from = &mut from;
    if from.u8()? != VERSION {
        return None;
    }
    let id = CampaignId(from.u64()?);
    let mut campaign = Cluster::new(0, 0);
    campaign.id = id;
    campaign.since = from.u32().filter(|since| *since != 0)?;
    campaign.parent = from.u32()?;
    campaign.touched = from.u32()?;
    campaign.form = from.u32()?;
    campaign.apart = from.list(APART_MAX, Reader::u32)?;
    campaign.tally = take_tally(from)?;
    campaign.standing = Standing::of(from.list(DECISIONS_MAX, take_decision)?)?;
    campaign.representatives = from.list(REPRESENTATIVES_MAX, take_representative)?;
    from.0.is_empty().then_some(campaign)
}

/// The bytes of a known form.
pub(super) fn encode_form(form: &Form) -> Vec<u8> {
    let mut to = vec![VERSION];
    put_bytes(&mut to, form.author.as_bytes());
    put_bytes(&mut to, form.reason.as_bytes());
    put_u32s(&mut to, &[form.since, form.last, form.pages]);
    put_fingerprint(&mut to, &form.representative.fingerprint);
    seal(to)
}

/// The form of such bytes; `None` as for campaigns.
pub(super) fn decode_form(bytes: &[u8]) -> Option<Form> {
    let mut from = Reader(unseal(bytes)?);
    let from = &mut from;
    if from.u8()? != VERSION {
        return None;
    }
    let (author, reason) = (from.text()?, from.text()?);
    let (since, last, pages) = (from.u32()?, from.u32()?, from.u32()?);
    let representative = take_representative(from)?;
    from.0.is_empty().then_some(Form { representative, author, reason, since, last, pages })
}

fn put_u32s(to: &mut Vec<u8>, words: &[u32]) {
    words.iter().for_each(|word| to.extend_from_slice(&word.to_le_bytes()));
}

fn put_tally(to: &mut Vec<u8>, tally: &Tally) {
    let [junk, wanted] = tally.reports;
    let Tally { sightings, verified, outbound, traps, first, last, .. } = *tally;
    put_u32s(to, &[sightings, verified, outbound, traps, first, last, junk, wanted]);
    tally.distinct.iter().for_each(|sketch| put_words(to, sketch.values()));
    let (quarter, back) = tally.growth.parts();
    to.extend_from_slice(&quarter.to_le_bytes());
    back.iter().for_each(|count| to.extend_from_slice(&count.to_le_bytes()));
    put_count(to, tally.nodes.list().len());
    tally.nodes.list().iter().for_each(|(node, count)| put_u32s(to, &[*node, *count]));
}

fn take_tally(from: &mut Reader<'_>) -> Option<Tally> {
    let mut tally = Tally {
        sightings: from.u32()?,
        verified: from.u32()?,
        outbound: from.u32()?,
        traps: from.u32()?,
        first: from.u32()?,
        last: from.u32()?,
        reports: [from.u32()?, from.u32()?],
        ..Tally::default()
    };
    let mut distinct: [Sketch; DISTINCT] = Default::default();
    for sketch in &mut distinct {
        *sketch = Sketch::of_values(from.list(SKETCH_VALUES, Reader::u32)?)?;
    }
    tally.distinct = distinct;
    let quarter = from.u32()?;
    let mut back = [0; 96];
    for count in &mut back {
        *count = from.u16()?;
    }
    tally.growth = Growth::of_parts(quarter, back);
    let nodes = from.list(NODES_MAX, |from| Some((from.u32()?, from.u32()?)))?;
    nodes.into_iter().for_each(|(node, count)| tally.nodes.add(node, count));
    Some(tally)
}

fn put_decision(to: &mut Vec<u8>, decision: &Decision) {
    to.push(decision.state as u8);
    put_bytes(to, decision.author.as_bytes());
    put_bytes(to, decision.reason.as_bytes());
    to.extend_from_slice(&decision.at.as_micros().to_le_bytes());
    to.push(u8::from(decision.until.is_some()));
    let until = decision.until.map_or(0, Timestamp::as_micros);
    to.extend_from_slice(&until.to_le_bytes());
}

fn take_decision(from: &mut Reader<'_>) -> Option<Decision> {
    let time = |from: &mut Reader<'_>| from.array().map(i64::from_le_bytes);
    let state = State::from_code(from.u8()?)?;
    let (author, reason) = (from.text()?, from.text()?);
    let at = Timestamp::from_micros(time(from)?);
    let ends = from.u8()?;
    let until = Timestamp::from_micros(time(from)?);
    let until = match ends {
        0 => None,
        1 => Some(until),
        _ => return None,
    };
    Some(Decision { state, author, reason, at, until })
}

fn put_fingerprint(to: &mut Vec<u8>, page: &Fingerprint) {
    to.extend_from_slice(&page.epoch.to_le_bytes());
    put_count(to, page.chunks.len());
    page.chunks.iter().for_each(|key| to.extend_from_slice(&key.to_le_bytes()));
    put_count(to, page.marks.len());
    for mark in &page.marks {
        to.push(mark.column);
        to.extend_from_slice(&mark.row.to_le_bytes());
        to.extend_from_slice(&mark.bits.to_le_bytes());
        to.extend_from_slice(&mark.weak);
    }
    put_bytes(to, page.map.as_ref().map_or(&[], InkMap::packed));
}

fn take_representative(from: &mut Reader<'_>) -> Option<Arc<Representative>> {
    let epoch = from.u32()?;
    let chunks = from.list(CHUNK_KEYS_MAX, Reader::u64)?;
    let marks = from.list(MARKS_MAX, |from| {
        let (column, row, bits) = (from.u8()?, from.u16()?, from.u64()?);
        Some(Mark { column, row, bits, weak: from.array::<WEAK_BITS>()? })
    })?;
    let map = match from.bytes()? {
        [] => None,
        packed => Some(InkMap::from_packed(packed)?),
    };
    let fingerprint = Fingerprint { epoch, chunks, marks, map };
    fingerprint.check().ok()?;
    Some(Arc::new(Representative::new(fingerprint)))
}
