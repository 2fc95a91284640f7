//! Gather: what a stage brings, joined with what is known, becomes features and an observation for the counters.
//!
//! Everything that is text ends here: from the features on there are numbers and enums only.

use super::pages;
use crate::activity::Happened;
use crate::directory::Holder;
use crate::fax::hours::{self, Hours, Jurisdiction, LocalHours};
use crate::fax::id::SubjectKind;
use crate::fax::ident::{Ident, IdentAgreement, IdentClass};
use crate::fax::number::Number;
use crate::fax::numbering::{LineKind, NumberFacts, Validity, ZoneId};
use crate::fax::stage::{
    Attestation, Caller, DialOutcome, Direction, JobFacts, Member, PageCoding, Parties,
    ReceiveOutcome, ReceivedFacts, Session, Stage, StageEvent, TextLook,
};
use crate::features::{Feature, Features};
use crate::ledger::country_key;
use crate::lists::ListKind;
use crate::memory::Memory;
use crate::memory::open::{AtWork, OpenDecision};
use crate::relations::Correspondence;
use crate::time::{DAY_SECONDS, Span, Timestamp};

/// A call that ends within this time brought nothing.
const SHORT_SECONDS: u64 = 10;
/// Night, in minutes of the local day: from 21:00 until 07:00.
const NIGHT: (u16, u16) = (1_260, 420);

/// What a stage adds to what was known.
#[derive(Clone, Debug, Default)]
pub(super) struct Gathered {
    /// When the recipient's quiet hours end; `None` outside them.
    pub quiet_until: Option<Timestamp>,
    /// Allowed minutes of the recipient's day when those end.
    pub hours: Option<(u16, u16)>,
    /// What is remembered of the pair; what was accepted today among it, which proves nothing yet.
    pub known: Correspondence,
    /// True when nothing is known of the member.
    pub member_unknown: bool,
    /// True when this stage refines one that is not remembered.
    pub parties_missing: bool,
}

/// Joins a stage with what is known, in `open`, whose observation then says what to count.
pub(super) fn gather(memory: &Memory, open: &mut AtWork<'_>, event: &StageEvent) -> Gathered {
    let mut gathered = Gathered::default();
    let known = open.number.is_some();
    let named = open.features.get(Feature::TsiClass) != 0;
    open.observation.happened = Happened::default();
    open.observation.second = u32::try_from(event.time.as_seconds()).unwrap_or(0);
    (open.observation.good, open.observation.bad) = (0, 0);
    open.features.set(Feature::Stage, event.stage.kind() as u8);
    let direction = event.stage.kind().direction();
    let told = event.parties.filter(|parties| parties.direction() == direction);
    if let Some(parties) = told.filter(|_| open.parties.is_none()) {
        open.parties = Some(parties);
        resolve(memory, open, event, &parties);
    }
    gathered.parties_missing = open.number.is_none();
    gathered.member_unknown = open.features.is(Feature::MemberUnknown);
    if !known && open.number.is_some() {
        arrival(open, direction, named);
    }
    gathered.known = relate(memory, open, event.time, direction);
    place(memory, open, event.time, &mut gathered);
    match &event.stage {
        Stage::CallOffered { caller_name, attestation, restricted, .. } => {
            offered(open, *caller_name, *attestation, *restricted);
        }
        Stage::Handshake(session) => handshake(memory, open, session),
        Stage::Page(page) => pages::page(open, page),
        Stage::Received(received) => ended(memory, open, received),
        Stage::JobSubmitted(job) => submitted(open, job),
        Stage::Dialing { attempt, pages, bytes } => {
            open.features.set(Feature::Attempt, *attempt);
            pages::job(open, *pages, *bytes);
        }
        Stage::DialResult { attempt, outcome, .. } => {
            open.features.set(Feature::Attempt, *attempt);
            dialed(open, *outcome);
        }
    }
    gathered
}

/// Joins a stage that was answered with what is known by now: it has been counted, and its facts were taken.
pub(super) fn gather_again(memory: &Memory, open: &mut AtWork<'_>, event: &StageEvent) -> Gathered {
    let mut gathered = Gathered::default();
    open.observation.second = u32::try_from(event.time.as_seconds()).unwrap_or(0);
    (open.observation.good, open.observation.bad) = (0, 0);
    gathered.parties_missing = open.number.is_none();
    gathered.member_unknown = open.features.is(Feature::MemberUnknown);
    gathered.known = relate(memory, open, event.time, event.stage.kind().direction());
    place(memory, open, event.time, &mut gathered);
    open.observation.happened = Happened::default();
    gathered
}

/// The first stage that says who calls whom counts as the arrival of the fax, whichever stage it is; where its TSI
/// was known before, that counts now too.
fn arrival(open: &mut AtWork<'_>, direction: Direction, named: bool) {
    let happened = match direction {
        Direction::Inbound => Happened::ARRIVED,
        Direction::Outbound => Happened::SUBMITTED,
    };
    let trapped = open.features.is(Feature::Trap);
    open.observation.happened =
        happened.with_if(Happened::TRAPPED, trapped).with_if(Happened::IDENTIFIED, named);
}

fn resolve(memory: &Memory, open: &mut AtWork<'_>, event: &StageEvent, parties: &Parties) {
    match *parties {
        Parties::Inbound { caller, did, trunk } => {
            open.observation.trunk = trunk.map_or(0, |trunk| trunk.hot());
            resolve_called(memory, open, event, did);
            resolve_caller(memory, open, caller);
        }
        Parties::Outbound { member, recipient, shown, trunk: _ } => {
            let profile = memory.profile(recipient);
            open.number = Some(profile.pseudonym);
            open.numbering = Some(profile.facts);
            open.member = Some(member);
            open.member_key = member.hot();
            if let Some(api_key) = event.member.map(|claim| claim.api_key).filter(|key| *key != 0) {
                // A later stage need not say it again.
                open.submitted_with(api_key);
            }
            open.observation.member = member.hot();
            open.observation.target = profile.target;
            let known = memory.directory().member(member.hot());
            member_facts(open, event, known);
            destination(memory, open, &profile.facts);
            if let Some(shown) = shown {
                let holder =
                    memory.directory().lookup(shown, memory.profile(shown).pseudonym.hot());
                let own = matches!(holder, Holder::Member { key, .. } | Holder::MemberUnknown { key }
                    if key == member.hot());
                let claimed = event.member.is_some_and(|claim| claim.owns_shown);
                open.features.flag(Feature::ShownNotOwned, !own && !claimed);
            }
        }
    }
}

fn resolve_called(memory: &Memory, open: &mut AtWork<'_>, event: &StageEvent, did: Number) {
    let profile = memory.profile(did);
    let hot = profile.pseudonym.hot();
    open.number = Some(profile.pseudonym);
    open.numbering = Some(profile.facts);
    open.observation.target = profile.target;
    open.observation.target_block = profile.block100;
    open.member_key = hot;
    let claimed = event.member.and_then(|claim| claim.member);
    let known = match memory.directory().lookup(did, hot) {
        Holder::Member { key, facts } => {
            open.member_key = key;
            Some(facts)
        }
        Holder::MemberUnknown { key } => {
            open.member_key = key;
            None
        }
        Holder::Unassigned => {
            open.features.flag(Feature::Trap, claimed.is_none());
            None
        }
        Holder::Foreign => None,
    };
    if let Some(member) = claimed {
        open.member = Some(member);
        open.member_key = member.hot();
    }
    member_facts(open, event, known);
}

fn resolve_caller(memory: &Memory, open: &mut AtWork<'_>, caller: Caller) {
    let AtWork { open, features } = open;
    let number = match caller {
        Caller::Withheld => return features.flag(Feature::CallerWithheld, true),
        Caller::Unreadable => return features.flag(Feature::CallerUnreadable, true),
        Caller::Number(claimed) => *claimed.claim(),
    };
    let profile = memory.profile(number);
    let key = profile.pseudonym.hot();
    open.caller = Some(profile.pseudonym);
    open.observation.caller = key;
    open.observation.block10 = profile.block10;
    open.observation.block100 = profile.block100;
    features.flag(Feature::CallerShown, true);
    features.set(
        Feature::CallerValidity,
        match profile.facts.validity {
            Validity::Valid => 1,
            Validity::NotAssigned => 2,
            Validity::Impossible => 3,
        },
    );
    let premium = matches!(profile.facts.kind, LineKind::Premium | LineKind::SharedCost);
    features.flag(Feature::CallerPremium, premium);
    // Vouched for: a member calling another one, not somebody who borrowed the number.
    let vouched = features.get(Feature::Attestation) == i32::from(Attestation::A as u8);
    features.flag(Feature::CallerIsOwn, memory.directory().owns(number) && !vouched);
}

/// The directory's word, overridden by what the request says.
fn member_facts(open: &mut AtWork<'_>, event: &StageEvent, known: Option<Member>) {
    let claim = event.member.map(|claim| claim.facts).unwrap_or_default();
    let mut facts = known.unwrap_or_default();
    if claim.plan as u8 != 0 {
        facts.plan = claim.plan;
    }
    for (fact, said) in [(&mut facts.created_day, claim.created_day), (&mut facts.zone, claim.zone)]
    {
        if said != 0 {
            *fact = said;
        }
    }
    if claim.jurisdiction != [0; 4] {
        facts.jurisdiction = claim.jurisdiction;
    }
    if claim.organisation != 0 {
        facts.organisation = claim.organisation;
    }
    open.facts = facts;
    let unknown = known.is_none() && facts == Member::default() && !open.features.is(Feature::Trap);
    open.features.flag(Feature::MemberUnknown, unknown);
    open.features.set(Feature::Plan, facts.plan as u8);
    let today = event.time.as_seconds().div_euclid(i64::try_from(DAY_SECONDS).unwrap_or(i64::MAX));
    let age = match facts.created_day {
        0 => -1,
        created => (today - i64::from(created)).max(0),
    };
    open.features.set(Feature::MemberAgeDays, age);
}

fn destination(memory: &Memory, open: &mut AtWork<'_>, facts: &NumberFacts) {
    open.features.set(Feature::DestinationRisk, facts.risk as u8);
    let home = memory.home_calling_code();
    if facts.calling_code != home && facts.calling_code != 0 {
        let now = Timestamp::from_seconds(open.observation.second.into());
        let known = memory.relations().get(open.member_key, country_key(facts.calling_code), now);
        open.features.flag(Feature::NewCountry, !known.faxed);
    }
}

/// Who member and correspondent are to each other, as it stands now.
fn relate(
    memory: &Memory,
    open: &mut AtWork<'_>,
    now: Timestamp,
    direction: Direction,
) -> Correspondence {
    let other = match direction {
        Direction::Inbound => open.observation.caller,
        Direction::Outbound => open.number.map_or(0, |number| number.hot()),
    };
    let (mut corresponds, mut known) = (false, Correspondence::default());
    if other != 0 {
        known = memory.relations().get(open.member_key, other, now);
        // What was accepted today proves nothing yet: nobody has had the time to report it.
        let accepted = known.accepted && (known.faxed || known.age_days > 0);
        corresponds = known.faxed || accepted;
        let (own, general) =
            (memory.lists().kinds(open.member_key, other, now), memory.lists().general(other, now));
        // A member's own word on a number stands above the house's.
        let allowed =
            own.has(ListKind::Allow) || general.has(ListKind::Allow) && !own.has(ListKind::Block);
        let blocked =
            own.has(ListKind::Block) || general.has(ListKind::Block) && !own.has(ListKind::Allow);
        let opted_out = own.has(ListKind::OptOut) || general.has(ListKind::OptOut);
        let features = &mut open.features;
        if direction == Direction::Inbound {
            features.flag(Feature::MemberFaxed, known.faxed);
            features.flag(Feature::MemberAccepted, accepted);
            features.flag(Feature::CallerDoNotOriginate, general.has(ListKind::DoNotOriginate));
        } else {
            features.flag(Feature::Correspondents, known.accepted);
        }
        features.flag(Feature::ListAllow, allowed);
        features.flag(Feature::ListBlock, blocked);
        features.flag(Feature::ListOptOut, opted_out);
        let happened = open.observation.happened;
        open.observation.happened =
            happened.with_if(Happened::OPTED_OUT, opted_out && happened.has(Happened::SUBMITTED));
        corresponds |= allowed;
    }
    open.observation.happened = open.observation.happened.with_if(Happened::STRANGER, !corresponds);
    known
}

/// Where the recipient is, and what time it is there.
fn place(memory: &Memory, open: &mut AtWork<'_>, now: Timestamp, gathered: &mut Gathered) {
    let (recipient, facts) = match open.parties {
        Some(Parties::Inbound { did, .. }) => (did, open.facts),
        // A recipient of a member's fax is not a member: its number alone tells where it is.
        Some(Parties::Outbound { recipient, .. }) => (recipient, Member::default()),
        None => return,
    };
    let Some(numbering) = open.numbering else { return };
    open.calling_code = numbering.calling_code;
    let own = ZoneId::from_code(facts.zone);
    let zones = match &own {
        Some(zone) => std::slice::from_ref(zone),
        None => memory.plan().zone_set(numbering.zones),
    };
    open.zone = zones.first().map_or(0, |zone| zone.code());
    let jurisdiction = Jurisdiction::from_letters(facts.jurisdiction)
        .unwrap_or_else(|| Jurisdiction::of(recipient, numbering.region));
    let (quiet, until) = match hours::allowed(jurisdiction, zones, now) {
        Hours::Allowed => (false, None),
        Hours::Quiet { until } => (true, Some(until)),
        // Zones too far apart for an hour that suits them all: tomorrow is as good as any.
        Hours::Never => (true, Some(now.plus(Span::seconds(DAY_SECONDS)))),
    };
    gathered.quiet_until = until;
    gathered.hours = until
        .zip(zones.first())
        .map(|(until, zone)| jurisdiction.rule().minutes_of_day(*zone, until));
    open.features.flag(Feature::QuietHours, quiet);
    let night = LocalHours::at(zones, now).is_some_and(|local| {
        let is_night = |minute: u16| minute >= NIGHT.0 || minute < NIGHT.1;
        is_night(local.earliest_minute) && is_night(local.latest_minute)
    });
    open.features.flag(Feature::NightMinute, night);
}

fn offered(open: &mut AtWork<'_>, name: TextLook, attestation: Attestation, restricted: bool) {
    let features = &mut open.features;
    features.set(Feature::Attestation, attestation as u8);
    if name == TextLook::Hostile {
        features.flag(Feature::NameHostile, true);
    }
    if restricted && !features.is(Feature::CallerShown) {
        features.flag(Feature::CallerWithheld, true);
    }
    if attestation == Attestation::A {
        features.flag(Feature::CallerIsOwn, false);
    }
}

fn handshake(memory: &Memory, open: &mut AtWork<'_>, session: &Session) {
    let features = &mut open.features;
    features.flag(Feature::Color, session.color);
    let outside = matches!(session.coding, PageCoding::Jbig | PageCoding::Jpeg);
    features.flag(Feature::Jpeg, outside);
    features.set(Feature::RateBps, session.rate_bps);
    features.set(Feature::Retrains, session.retrains);
    features.flag(Feature::UnlimitedLength, session.unlimited_length);
    if session.sub_address == TextLook::Hostile {
        features.flag(Feature::NameHostile, true);
    }
    open.observation.shape =
        mix(&[u64::from(session.width_px), u64::from(session.vertical_dpi), session.coding as u64]);
    let newly = open.features.get(Feature::TsiClass) == 0 && open.number.is_some();
    identify(memory, open, session.tsi.claim());
    open.observation.happened = open.observation.happened.with_if(Happened::IDENTIFIED, newly);
}

fn identify(memory: &Memory, open: &mut AtWork<'_>, tsi: &Ident) {
    let class = match tsi.class() {
        IdentClass::Empty => 1,
        IdentClass::Garbage => 2,
        IdentClass::Default => 3,
        IdentClass::Number => 4,
        IdentClass::Text => 5,
    };
    open.features.set(Feature::TsiClass, class);
    // A default or empty TSI stands for no one sender: it gets no counters of its own.
    open.observation.tsi = match class {
        4 | 5 => memory.keys().pseudonym(SubjectKind::Ident, tsi.canonical()).hot(),
        _ => 0,
    };
    let caller = match open.parties {
        Some(Parties::Inbound { caller, .. }) => caller.number(),
        _ => None,
    };
    let agreement = caller.map_or(IdentAgreement::Silent, |caller| tsi.agrees_with(caller));
    open.features.set(Feature::TsiAgreement, agreement_code(agreement));
}

const fn agreement_code(agreement: IdentAgreement) -> u8 {
    match agreement {
        IdentAgreement::Silent => 0,
        IdentAgreement::Agrees => 1,
        IdentAgreement::Disagrees => 2,
    }
}

fn ended(memory: &Memory, open: &mut AtWork<'_>, received: &ReceivedFacts) {
    if let Some(session) = received.session.filter(|_| open.features.get(Feature::TsiClass) == 0) {
        handshake(memory, open, &session);
    }
    pages::received(open, received);
    let happened = open.observation.happened;
    // A call that we refused says nothing of what it would have brought.
    let counted = received.outcome != ReceiveOutcome::Refused;
    let short = received.outcome == ReceiveOutcome::NoPages
        || received.pages == 0
        || (received.duration > Span::default()
            && received.duration < Span::seconds(SHORT_SECONDS));
    let stranger = happened.has(Happened::STRANGER);
    let complete = received.outcome == ReceiveOutcome::Complete && received.pages > 0;
    open.observation.happened = happened
        .with_if(Happened::ENDED, counted)
        .with_if(Happened::SHORT, counted && short)
        .with_if(Happened::SHAPED, stranger && complete && open.observation.shape != 0);
    if complete && !open.features.is(Feature::Trap) {
        open.observation.good = if stranger { GOOD_STRANGER } else { GOOD_CORRESPONDENT };
    }
}

/// Approval by a received fax that nobody complained of, in 1/65536: little from a stranger, since most
/// recipients of junk never report it either; more where the two correspond.
const GOOD_STRANGER: u32 = 65_536 / 32;
const GOOD_CORRESPONDENT: u32 = 65_536 / 4;

fn submitted(open: &mut AtWork<'_>, job: &JobFacts) {
    let AtWork { open: known, features } = &mut *open;
    features.set(Feature::BatchRecipients, job.recipients);
    if job.header == TextLook::Hostile {
        features.flag(Feature::NameHostile, true);
    }
    let shown = match known.parties {
        Some(Parties::Outbound { shown, .. }) => shown,
        _ => None,
    };
    if let Some(tsi) = job.tsi {
        let disagrees =
            shown.is_some_and(|shown| tsi.claim().agrees_with(shown) == IdentAgreement::Disagrees);
        features.flag(Feature::TsiNotOwned, disagrees);
        if tsi.claim().class() == IdentClass::Garbage {
            features.flag(Feature::NameHostile, true);
        }
    }
    let document = match (job.document, job.pages) {
        (0, 0) => 0,
        (0, pages) => mix(&[u64::from(pages), job.bytes / 64]),
        (digest, _) => digest,
    };
    if document != 0 {
        open.observation.document = mix(&[open.member_key, document]);
    }
    pages::job(open, job.pages, job.bytes);
}

fn dialed(open: &mut AtWork<'_>, outcome: DialOutcome) {
    let dead =
        matches!(outcome, DialOutcome::Unallocated | DialOutcome::Voice | DialOutcome::Refused);
    let counted = dead || matches!(outcome, DialOutcome::Sent | DialOutcome::Partial);
    open.observation.happened =
        open.observation.happened.with_if(Happened::DIALED, counted).with_if(Happened::DEAD, dead);
}

/// One 64-bit key of several numbers, spread over all bits. No secret is in it: what it mixes is either
/// keyed already or no person's.
pub(super) fn mix(words: &[u64]) -> u64 {
    // The finalizer of splitmix64 (Steele, Lea, Flood 2014), folded over the words.
    words.iter().fold(0x9e37_79b9_7f4a_7c15, |key: u64, word| {
        let mut mixed = (key ^ word).wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    })
}

/// Copies what the counters say into the features.
pub(super) fn count(features: &mut Features, counts: &crate::activity::Counts) {
    let [fan_5m, fan_1h, fan_24h] = counts.caller_fanout;
    let [tsi_1h, tsi_24h] = counts.tsi_fanout;
    let [member_1h, member_24h] = counts.member_fanout;
    let [trunk_1h, trunk_24h] = counts.trunk_strangers;
    let mut set = |feature, value: u32| features.set(feature, value);
    set(Feature::CallerFanout5m, fan_5m);
    set(Feature::CallerFanout1h, fan_1h);
    set(Feature::CallerFanout24h, fan_24h);
    set(Feature::CallerTsis, counts.caller_names);
    set(Feature::CallerGrowth, counts.caller_growth_milli);
    set(Feature::CallerRun, counts.caller_run);
    set(Feature::Redials, counts.redials);
    set(Feature::CallerTraps, counts.caller_traps_milli);
    set(Feature::CallerShort, counts.caller_short_milli);
    set(Feature::CallerShortShare, counts.caller_short_share_milli);
    set(Feature::CallerKnownDays, counts.caller_known_days);
    set(Feature::CallerBad, counts.caller_bad_milli);
    set(Feature::CallerGood, counts.caller_good_milli);
    set(Feature::TsiFanout1h, tsi_1h);
    set(Feature::TsiFanout24h, tsi_24h);
    set(Feature::TsiCallers, counts.tsi_names);
    set(Feature::TsiTraps, counts.tsi_traps_milli);
    set(Feature::TsiBad, counts.tsi_bad_milli);
    set(Feature::TrunkStrangers1h, trunk_1h);
    set(Feature::TrunkStrangers24h, trunk_24h);
    set(Feature::TrunkBad, counts.trunk_bad_milli);
    set(Feature::ShapeFanout24h, counts.shape_fanout);
    set(Feature::ShapeCallers24h, counts.shape_names);
    set(Feature::BlockRun, counts.block_run);
    set(Feature::BlockStrangers1h, counts.block_strangers);
    set(Feature::Block10Fanout24h, counts.block10_fanout);
    set(Feature::Block10Bad, counts.block10_bad_milli);
    set(Feature::Block100Fanout24h, counts.block100_fanout);
    set(Feature::Block100Bad, counts.block100_bad_milli);
    set(Feature::MemberFanout1h, member_1h);
    set(Feature::MemberFanout24h, member_24h);
    set(Feature::MemberGrowth, counts.member_growth_milli);
    set(Feature::DialResults, counts.member_results_milli);
    set(Feature::DeadShare, counts.member_dead_share_milli);
    set(Feature::OptOutsHit, counts.member_opt_outs_milli);
    set(Feature::MemberBad, counts.member_bad_milli);
    set(Feature::DocumentFanout24h, counts.document_fanout);
}

/// `2^(k/12)` for k from 1 to 11, in units of `2^-31`, rounded up.
const TWELFTHS: [u32; 11] = [
    2_275_179_671,
    2_410_468_895,
    2_553_802_834,
    2_705_659_853,
    2_866_546_760,
    3_037_000_500,
    3_217_589_948,
    3_408_917_802,
    3_611_622_603,
    3_826_380_859,
    4_053_909_305,
];

/// Twelfths of a doubling that lie below a value, rounded down: 0 for zero as for one, 383 at most.
fn twelfths(value: u32) -> u32 {
    let value = value.max(1);
    let mantissa = value << value.leading_zeros();
    let beyond: u32 = TWELFTHS.iter().map(|edge| u32::from(mantissa >= *edge)).sum();
    value.ilog2() * 12 + beyond
}

/// The key of a document's size and shape on one trunk: pages, rows, resolution and coding exactly, the bytes
/// in steps of a twelfth of a doubling (6 %), since a name or a tracking number changes them a little.
pub(super) fn shape_key(open: &OpenDecision) -> u64 {
    let pages = &open.pages;
    if pages.count == 0 || pages.bytes < 1_000 {
        return 0;
    }
    let mean = pages.bytes / u64::from(pages.count);
    let step = twelfths(u32::try_from(mean).unwrap_or(u32::MAX));
    mix(&[
        open.observation.trunk,
        open.observation.shape,
        u64::from(pages.count),
        u64::from(pages.rows_most),
        u64::from(step),
    ])
}

#[cfg(test)]
mod tests;
