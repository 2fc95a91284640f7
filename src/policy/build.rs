//! Checked settings put together as a [`Policy`]: names become positions, units become spans and scores.

use crate::time::{DAY_SECONDS, HOUR_SECONDS, MINUTE_SECONDS, Span};
use crate::verdict::{Bounds, Refusal, Score};

use super::check::{group_names, weight};
use super::fault::{Faults, below};
use super::names::keep;
use super::rules::{
    BudgetRules, Calibration, Composite, FingerprintRules, Group, InboundRules, OutboundRules,
    Policy, RedressRules, ReportRules, ReputationRules, ShareRules, SignalSet, SignalSpec,
};
use super::settings::{self, GroupCap, Settings};

fn days(count: u32) -> Span {
    Span::seconds(u64::from(count) * DAY_SECONDS)
}

fn hours(count: u32) -> Span {
    Span::seconds(u64::from(count) * HOUR_SECONDS)
}

/// Puts the checked parts together. It can only fail where names run out.
pub(super) fn build(
    settings: &Settings,
    specs: &[SignalSpec],
    faults: &mut Faults,
) -> Option<Policy> {
    let groups = group_names(specs);
    let group_of = specs.iter().filter_map(|spec| {
        let index = groups.iter().position(|name| *name == spec.group)?;
        u8::try_from(index).ok()
    });
    let group = |name: &&'static str| {
        let default = GroupCap::default();
        let cap = settings.groups.get(*name).unwrap_or(&default);
        Group { name, min: Score(cap.cap_min), max: Score(cap.cap_max) }
    };
    Some(Policy {
        weights: specs.iter().map(|spec| weight(settings, spec)).collect(),
        group_of: group_of.collect(),
        groups: groups.iter().map(group).collect(),
        composites: build_composites(settings, specs, faults)?,
        priors: (Score(settings.score.prior_inbound), Score(settings.score.prior_outbound)),
        calibration: Calibration {
            slope_milli: settings.score.slope_milli,
            offset: Score(settings.score.offset_milli),
        },
        inbound: inbound(&settings.inbound),
        outbound: outbound(&settings.outbound),
        fingerprints: FingerprintRules {
            share_milli: settings.fingerprints.share_per_mille,
            sample_milli: settings.fingerprints.sample_per_mille,
            service_reads: settings.fingerprints.service_reads_pages,
        },
        budget: BudgetRules {
            member: settings.budget.member,
            member_window: days(settings.budget.member_days),
            global: settings.budget.global,
            global_window: hours(settings.budget.global_hours),
        },
        share: share(&settings.share),
        monthly_pages: monthly_pages(&settings.monthly_pages),
        reputation: ReputationRules {
            half_life: days(settings.reputation.half_life_days),
            confidence_milli: settings.reputation.confidence_milli,
        },
        reports: ReportRules {
            weight_milli: settings.reports.weight_milli,
            outsider_weight_milli: settings.reports.outsider_weight_milli,
            trust_half_life: days(settings.reports.trust_half_life_days),
            trusted_milli: settings.reports.trusted_milli,
            group_cap_milli: settings.reports.group_cap_milli,
            fresh_cap_milli: settings.reports.fresh_cap_milli,
            young: days(settings.reports.young_days),
            misuse_count: settings.reports.misuse_count,
            misuse_percent: settings.reports.misuse_percent,
            misuse: days(settings.reports.misuse_days),
        },
        desk: super::ladder::build(&settings.desk, faults)?,
        redress: build_redress(&settings.redress, faults)?,
        quotas: settings.quotas,
        descriptors: super::descriptor::build(settings, faults)?,
        retention: settings.retention.clone(),
    })
}

fn inbound(from: &settings::Inbound) -> InboundRules {
    InboundRules {
        tag: Score(from.tag),
        quarantine: Score(from.quarantine),
        defer: Score(from.defer),
        refuse: Score(from.refuse),
        quarantine_time: days(from.quarantine_days),
        reuse: Span::seconds(u64::from(from.reuse_minutes) * MINUTE_SECONDS),
        doubt: (Score(from.doubt_low), Score(from.doubt_high)),
        doubt_bounds: Bounds {
            pages: Some(from.doubt_pages),
            duration: Some(Span::seconds(u64::from(from.doubt_seconds))),
            page_bytes: Some(u32::try_from(from.doubt_page_size.bytes()).unwrap_or(u32::MAX)),
            ..Bounds::default()
        },
    }
}

fn share(from: &settings::Share) -> ShareRules {
    ShareRules {
        // A core does a thousand milliseconds of work a second.
        capacity: [from.lines, from.call_attempts, from.conversion_cores.saturating_mul(1_000)],
        marks_milli: (from.begins_milli, from.ends_milli),
        wait_max: Span::seconds(u64::from(from.wait_minutes) * MINUTE_SECONDS),
        refuse_times: from.refuse_times,
        expected_ppm: from.expected_ppm,
        weights_milli: [
            from.plus_weight_milli,
            from.free_weight_milli,
            from.plus_weight_milli,
            from.pro_weight_milli,
            from.corporate_weight_milli,
        ],
        contract_floor_ppm: from.contract_floor_ppm,
    }
}

const fn monthly_pages(from: &settings::MonthlyPages) -> [u32; crate::fax::stage::Plan::ALL.len()] {
    let settings::MonthlyPages { unknown, free, plus, pro, corporate } = *from;
    // In the order of the codes of plans.
    [unknown, free, plus, pro, corporate]
}

fn outbound(from: &settings::Outbound) -> OutboundRules {
    OutboundRules {
        bound: Score(from.bound),
        hold: Score(from.hold),
        refuse: Score(from.refuse),
        hold_time: hours(from.hold_hours),
        bounds: Bounds {
            pages: Some(from.bound_pages),
            dials: Some(from.bound_dials),
            tries: Some(from.bound_tries),
            concurrent: Some(from.bound_concurrent),
            ..Bounds::default()
        },
        quiet_hours: from.quiet_hours,
    }
}

/// A name for the life of the process, or a fault.
fn kept(name: &str, path: &str, faults: &mut Faults) -> Option<&'static str> {
    let kept = keep(name);
    if kept.is_none() {
        faults
            .add(path, "is one new name too many since the start (use an earlier one, or restart)");
    }
    kept
}

fn build_composites(
    settings: &Settings,
    specs: &[SignalSpec],
    faults: &mut Faults,
) -> Option<Box<[Composite]>> {
    let set = |names: &[String]| {
        let mut set = SignalSet::default();
        let indices =
            names.iter().filter_map(|name| specs.iter().position(|spec| spec.name == name));
        indices.for_each(|index| set.insert(index));
        set
    };
    let composites = settings.composites.iter().map(|(name, composite)| {
        Some(Composite {
            name: kept(name, &below("composites", name), faults)?,
            all: set(&composite.all),
            none: set(&composite.none),
            weight: Score(composite.weight),
        })
    });
    composites.collect()
}

fn build_redress(from: &settings::Redress, faults: &mut Faults) -> Option<RedressRules> {
    let refuse_phrase = kept(&from.refuse_phrase, "redress.refuse_phrase", faults)?;
    let defer_phrase = kept(&from.defer_phrase, "redress.defer_phrase", faults)?;
    Some(RedressRules {
        contact: from.contact.clone(),
        refuse: Refusal { sip_code: 603, sip_phrase: refuse_phrase, q850_cause: 21 },
        defer: Refusal { sip_code: 486, sip_phrase: defer_phrase, q850_cause: 17 },
    })
}
