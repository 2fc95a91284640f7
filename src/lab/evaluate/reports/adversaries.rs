//! Reporters of every kind, each against the real engine with its shipped settings.

use super::world::World;
use super::{SEED, row};
use crate::campaign::{Decision, State};
use crate::casework::{CaseKey, Finding};
use crate::lab::evaluate::screening::engine::Fault;
use crate::lab::evaluate::{Measured, Run, Scale};
use crate::reports::{self, ReportCategory, Reporter, Standing};

/// Reports after which a campaign counts as not found.
const NOT_FOUND: u32 = 20;
/// Recipients of a blast.
const RECIPIENTS: u32 = 60;
/// Numbers that a campaign comes from.
const SENDERS: u32 = 20;
/// Senders of histories have numbers from here on, of which each story has its own thousand.
const PAST: u64 = 1_000;

fn alone(who: u32) -> u64 {
    u64::from(who) + 1
}

/// All rows.
pub(super) fn measure(run: Run) -> Result<Vec<Measured>, Fault> {
    let seed = run.seed.unwrap_or(SEED);
    let full = run.scale == Scale::Full;
    let fresh = if full { 10_000 } else { 500 };
    let campaigns = if full { 50 } else { 5 };
    Ok(vec![
        row(
            run,
            "reports.fresh_measures",
            Some(fresh_accounts(fresh, seed).map_err(|fault| told("fresh_accounts", &fault))?),
            ("10,000 fresh accounts", "500 fresh accounts"),
            "each got a fax of one clean sender and reports it".into(),
        ),
        row(
            run,
            "reports.outsider_measures",
            Some(outsiders(fresh, seed).map_err(|fault| told("outsiders", &fault))?),
            ("10,000 outsiders", "500 outsiders"),
            "each got a fax of one member and reports it".into(),
        ),
        row(
            run,
            "reports.long_con_measures",
            Some(long_con(seed).map_err(|fault| told("long_con", &fault))?),
            ("20 reporters with 20 upheld each", "20 reporters with 20 upheld each"),
            "of one organisation, all report one bulk sender".into(),
        ),
        row(
            run,
            "reports.honest_median",
            median(honest(campaigns, 6, seed)?),
            ("50 campaigns", "5 campaigns"),
            "reporters with 6 upheld each, independent; reports until the rule takes a measure".into(),
        ),
        row(
            run,
            "reports.fresh_honest_measures",
            Some(found(&honest(campaigns, 0, seed)?)),
            ("50 campaigns", "5 campaigns"),
            format!("reporters with no history: share of campaigns under a measure after {NOT_FOUND} reports"),
        ),
        row(
            run,
            "reports.retracted_weight",
            Some(retracted(if full { 1_000 } else { 50 }, seed).map_err(|fault| told("retracted", &fault))?),
            ("1,000 times", "50 times"),
            "weight of a report filed and taken back again and again, over that of one".into(),
        ),
        row(
            run,
            "reports.mob_cleared",
            Some(mob(if full { 1_000 } else { 50 }, seed).map_err(|fault| told("mob", &fault))?),
            ("1,000 reporters", "50 reporters"),
            "all say \"not junk\" of a campaign of one page that the desk has confirmed and put under a measure".into(),
        ),
        row(
            run,
            "reports.oscillating_gain",
            Some(oscillating(seed).map_err(|fault| told("oscillating", &fault))?),
            ("10 upheld and 10 unfounded", "10 upheld and 10 unfounded"),
            "trust of a reporter who is right every other time, over that of one who was right as often and never wrong".into(),
        ),
        row(
            run,
            "reports.whitewash_gain",
            Some(whitewash(seed).map_err(|fault| told("whitewash", &fault))?),
            ("one new account after each 2 unfounded", "one new account after each 2 unfounded"),
            "trust of one who begins anew whenever it was found wrong, over that of an honest one after as many reports".into(),
        ),
    ])
}

/// A fault, and of whose story.
fn told(story: &str, fault: &Fault) -> Fault {
    format!("{story}: {fault}").into()
}

fn fresh_accounts(count: u32, seed: u64) -> Result<f64, Fault> {
    let mut world = World::new(count, seed)?;
    for who in 0..count {
        let fax = world.fax(1, who)?;
        world.report(who, fax, ReportCategory::JunkFax, alone(who))?;
        if who % 1_000 == 999 {
            world.engine.keep_up()?;
        }
    }
    Ok(count_of(world.measures()))
}

fn long_con(seed: u64) -> Result<f64, Fault> {
    let mut world = World::new(RECIPIENTS, seed)?;
    let con: Vec<u32> = (0..20).collect();
    world.history((&con, &|_| 7), PAST..PAST + 20, Finding::Abuse)?;
    let before = world.measures();
    world.blast(1, 0, RECIPIENTS)?;
    for who in con {
        let fax = world.fax(1, who)?;
        world.report(who, fax, ReportCategory::JunkFax, 7)?;
    }
    Ok(count_of(world.measures() - before))
}

/// For each campaign the reports after which a measure was taken; none where that took more than [`NOT_FOUND`].
fn honest(campaigns: u64, upheld: u64, seed: u64) -> Result<Vec<Option<u32>>, Fault> {
    let mut world = World::new(RECIPIENTS, seed)?;
    let reporters: Vec<u32> = (0..NOT_FOUND).collect();
    if upheld > 0 {
        // Each learns from senders of its own, so that no case is decided by them together.
        for who in &reporters {
            let past = PAST + u64::from(*who) * upheld;
            world.history((&[*who], &alone), past..past + upheld, Finding::Abuse)?;
        }
    }
    let mut found = Vec::new();
    for campaign in 0..campaigns {
        let (sender, before) = (1 + campaign, world.measures());
        world.blast(sender, 0, RECIPIENTS)?;
        let mut taken = None;
        for nth in 0..NOT_FOUND {
            // Another order each time.
            let at = (u64::from(nth) * 7 + campaign * 3) % u64::from(NOT_FOUND);
            let who = u32::try_from(at).unwrap_or(0);
            let fax = world.fax(sender, who)?;
            world.report(who, fax, ReportCategory::JunkFax, alone(who))?;
            if world.measures() > before {
                taken = Some(nth + 1);
                break;
            }
        }
        found.push(taken);
    }
    Ok(found)
}

fn median(mut counts: Vec<Option<u32>>) -> Option<f64> {
    counts.sort_unstable_by_key(|count| count.unwrap_or(u32::MAX));
    counts.get(counts.len() / 2).copied().flatten().map(f64::from)
}

fn found(counts: &[Option<u32>]) -> f64 {
    count_of(counts.iter().flatten().count()) / count_of(counts.len().max(1))
}

fn count_of(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

fn weight(world: &World, case: CaseKey) -> Result<u32, Fault> {
    Ok(reports::case(&world.engine.memory, case)?.weight.against_milli)
}

fn retracted(times: u32, seed: u64) -> Result<f64, Fault> {
    let mut world = World::new(10, seed)?;
    let fax = world.fax(1, 1)?;
    let first = world.report(1, fax, ReportCategory::JunkFax, 1)?;
    let case = first.case.ok_or("a report without a case")?;
    let one = weight(&world, case)?;
    let mut report = first.report;
    for _ in 0..times {
        let reporter = Reporter::Member(world.member(1));
        reports::retract(&world.engine.memory, report, reporter, world.now())?;
        report = world.report(1, fax, ReportCategory::JunkFax, 1)?.report;
    }
    Ok(f64::from(weight(&world, case)?) / f64::from(one.max(1)))
}

/// A campaign of one page from many numbers: the desk finds it to be one, and then everybody who got it says that it is not junk.
/// Counts what that clears: measures, and the campaign's own state.
fn mob(count: u32, seed: u64) -> Result<f64, Fault> {
    let mut world = World::new(count, seed)?;
    let mut faxes = Vec::new();
    for who in 0..count {
        world.wait(5);
        faxes.push(world.page(1, 1 + 101 * u64::from(who % SENDERS), who)?);
    }
    let last = faxes.last().copied().ok_or("nobody got a fax")?;
    let (memory, now) = (&world.engine.memory, world.now());
    let campaign = memory.campaign_of(last, 0).ok_or("no campaign came of it")?;
    memory.decide_campaign(campaign, Decision::new(State::Confirmed, "desk", "seen", now))?;
    let case = world.report(count - 1, last, ReportCategory::JunkFax, 1)?.case;
    world.decide(case.ok_or("a report without a case")?, Finding::Abuse)?;
    let before = world.measures();
    for (who, fax) in (0..count - 1).zip(faxes) {
        world.report(who, fax, ReportCategory::NotJunk, alone(who))?;
    }
    world.work()?;
    let shown = world.engine.memory.campaigns().show(campaign, world.now());
    let stands = shown.is_some_and(|shown| shown.evidence.state == State::Confirmed);
    Ok(count_of(before - world.measures().min(before)) + if stands { 0.0 } else { 1.0 })
}

/// People without an account, each of whom a member faxed once.
fn outsiders(count: u32, seed: u64) -> Result<f64, Fault> {
    let mut world = World::new(10, seed)?;
    for who in 0..u64::from(count) {
        let fax = world.job(1, who)?;
        world.outside(who, fax)?;
        if who % 1_000 == 999 {
            world.engine.keep_up()?;
        }
    }
    Ok(count_of(world.measures()))
}

/// What a report of a reporter weighs now in a case of its own.
fn earned(world: &mut World, who: u32, sender: u64) -> Result<f64, Fault> {
    let fax = world.fax(sender, who)?;
    let receipt = world.report(who, fax, ReportCategory::JunkFax, alone(who))?;
    if receipt.standing == Standing::Suspended {
        return Ok(0.0);
    }
    Ok(f64::from(weight(world, receipt.case.ok_or("a report without a case")?)?))
}

fn oscillating(seed: u64) -> Result<f64, Fault> {
    let mut world = World::new(10, seed)?;
    for round in 0..10 {
        let sender = PAST + round * 3;
        world.history((&[1], &alone), sender..sender + 1, Finding::Abuse)?;
        world.history((&[1], &alone), sender + 1..sender + 2, Finding::Unfounded)?;
        world.history((&[2], &alone), sender + 2..sender + 3, Finding::Abuse)?;
    }
    Ok(earned(&mut world, 1, 1)? / earned(&mut world, 2, 2)?)
}

fn whitewash(seed: u64) -> Result<f64, Fault> {
    let mut world = World::new(20, seed)?;
    for account in 10..14 {
        let sender = PAST + u64::from(account) * 10;
        world.history((&[account], &alone), sender..sender + 2, Finding::Unfounded)?;
    }
    world.history((&[2], &alone), PAST..PAST + 8, Finding::Abuse)?;
    Ok(earned(&mut world, 14, 1)? / earned(&mut world, 2, 2)?)
}
