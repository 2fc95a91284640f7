//! A whole verdict for people: every line of the score with its sum, and everything a node is told besides.

use super::output::{Lean, table};
use super::text::{Shown, label, milli, safe, sentence, wire_instant};
use super::verdict_line::{action_name, verdict_text};
use crate::wire::screening::v1::{Bounds, HitKind, QuotaHolder, Verdict};

/// The verdict as indented lines under its headline.
#[must_use]
pub fn verdict_block(verdict: &Verdict, shown: Shown) -> String {
    let mut text = headline(verdict);
    text.push_str(&indented(&hits(verdict, shown)));
    for line in remarks(verdict, shown) {
        text.push_str(&format!("  {line}\n"));
    }
    text
}

fn headline(verdict: &Verdict) -> String {
    // Without its hits, which follow as a table.
    let bare = Verdict { hits: Vec::new(), ..verdict.clone() };
    let repeated = if verdict.repeated_answer { ", repeated" } else { "" };
    let rule = safe(&verdict.rule);
    format!(
        "{}  rule {rule}, policy generation {}{repeated}\n",
        verdict_text(&bare),
        verdict.policy_generation
    )
}

fn hits(verdict: &Verdict, shown: Shown) -> String {
    let header = [
        ("kind", Lean::Left),
        ("name", Lean::Left),
        ("contribution", Lean::Right),
        ("evidence", Lean::Left),
    ];
    let line = |kind: HitKind| label(kind.as_str_name(), "HIT_KIND_");
    let rows = verdict.hits.iter().map(|hit| {
        let contribution = milli(hit.contribution_milli);
        let evidence = sentence(&hit.evidence, shown);
        vec![line(hit.kind()), safe(&hit.name).into_owned(), contribution, evidence]
    });
    let sum = verdict.hits.iter().map(|hit| i64::from(hit.contribution_milli)).sum::<i64>();
    let remark = match sum == i64::from(verdict.log_odds_milli) {
        true => String::new(),
        false => format!("the lines add up to {sum} thousandths"),
    };
    let total = vec!["sum".into(), String::new(), milli(verdict.log_odds_milli), remark];
    table(&header, rows.chain([total]))
}

/// `text` with every line moved right.
#[must_use]
pub fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}

fn remarks(verdict: &Verdict, shown: Shown) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(bounds) = &verdict.bounds {
        lines.extend(bounds_text(bounds));
    }
    if let Some(refusal) = &verdict.refusal {
        let phrase = sentence(&refusal.sip_phrase, shown);
        let (sip, cause) = (refusal.sip_code, refusal.q850_cause);
        let redress = sentence(&refusal.redress_text, Shown::Plain);
        lines.push(format!("refused with SIP {sip} {phrase}, Q.850 cause {cause}: {redress}"));
    }
    if let Some(deadline) = &verdict.hold_deadline_time {
        lines.push(format!("held until {}", wire_instant(Some(deadline))));
    }
    for quota in &verdict.quotas {
        let mut line = format!(
            "quota {}{}: {}, costs {}, {} of {} left",
            match quota.holder() {
                QuotaHolder::Unspecified | QuotaHolder::Member => String::new(),
                QuotaHolder::Month => "of the month, ".to_owned(),
                other @ (QuotaHolder::Organisation
                | QuotaHolder::Number
                | QuotaHolder::Trunk
                | QuotaHolder::ApiKey) => {
                    format!("of the {}, ", label(other.as_str_name(), "QUOTA_HOLDER_"))
                }
            },
            safe(&quota.resource),
            label(quota.outcome().as_str_name(), "QUOTA_OUTCOME_"),
            quota.cost,
            quota.remaining_count,
            quota.burst
        );
        if let Some(time) = &quota.retry_time {
            line.push_str(&format!(", again at {}", wire_instant(Some(time))));
        }
        lines.push(line);
    }
    if let Some(share) = &verdict.share {
        let outcome = label(share.outcome().as_str_name(), "SHARE_OUTCOME_");
        let mut line = format!("share {outcome}: {}", sentence(&share.sentence, Shown::Plain));
        if let Some(time) = &share.retry_time {
            line.push_str(&format!(", again at {}", wire_instant(Some(time))));
        }
        lines.push(line);
    }
    for degradation in verdict.degradations() {
        lines.push(format!("degraded: {}", label(degradation.as_str_name(), "DEGRADATION_")));
    }
    if let Some(wish) = verdict.fingerprint.as_ref().filter(|wish| wish.wanted) {
        let purpose = label(wish.purpose().as_str_name(), "CONTENT_PURPOSE_");
        lines.push(format!("fingerprint wanted, to {}", purpose.replace('-', " ")));
    }
    for other in &verdict.counterfactuals {
        let action = action_name(other.action());
        let condition = sentence(&other.condition, shown);
        lines.push(format!("{action} at {}: {condition}", milli(other.distance_milli)));
    }
    lines
}

fn bounds_text(bounds: &Bounds) -> Option<String> {
    let mut parts = Vec::new();
    let mut most = |count: u32, unit: &str| {
        if count > 0 {
            parts.push(format!("{count} {unit}"));
        }
    };
    most(bounds.max_page_count, "pages");
    most(bounds.max_page_bytes, "bytes a page");
    most(bounds.max_dial_count, "dials");
    most(bounds.max_try_count, "tries");
    most(bounds.max_concurrent_count, "calls at once");
    if let Some(duration) = &bounds.max_duration {
        parts.push(format!("{} s on the line", duration.seconds));
    }
    if let Some(time) = &bounds.not_before_time {
        parts.push(format!("not before {}", wire_instant(Some(time))));
    }
    if let Some(hours) = &bounds.allowed_hours {
        let clock = |minute: u32| format!("{:02}:{:02}", minute / 60, minute % 60);
        let (first, end) = (clock(hours.first_minute), clock(hours.end_minute));
        parts.push(format!("from {first} to {end} of the recipient's day"));
    }
    (!parts.is_empty()).then(|| format!("at most: {}", parts.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::screening::v1::{Degradation, Hit};

    #[test]
    fn a_sum_that_does_not_hold_is_said() {
        let hits = vec![Hit { contribution_milli: 5, ..Hit::default() }];
        let verdict = Verdict {
            hits,
            log_odds_milli: 6,
            degradations: vec![Degradation::BudgetSpent.into()],
            ..Verdict::default()
        };
        let text = verdict_block(&verdict, Shown::Masked);
        assert!(text.contains("the lines add up to 5 thousandths"), "{text}");
        assert!(text.contains("degraded: budget-spent"), "{text}");
    }
}
