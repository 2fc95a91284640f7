//! Words of limits: what a quota counts and for whom, how it stands, and how the share of a contended resource does.

use std::fmt;

use crate::decay::{ONE, decayed};
use crate::time::Timestamp;

/// What a quota counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Resource {
    /// Faxes.
    Faxes = 0,
    /// Pages.
    Pages = 1,
    /// Seconds on the line.
    LineSeconds = 2,
    /// Recipients of submitted jobs.
    Recipients = 3,
}

impl Resource {
    /// Every resource, in the order of their codes.
    pub const ALL: [Self; 4] = [Self::Faxes, Self::Pages, Self::LineSeconds, Self::Recipients];

    /// The name in policy, contract and tool.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Faxes => "faxes",
            Self::Pages => "pages",
            Self::LineSeconds => "line_seconds",
            Self::Recipients => "recipients",
        }
    }
}

/// Whose quota it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum QuotaHolder {
    /// The sending member.
    #[default]
    Member = 0,
    /// The organisation or payer group that the member belongs to.
    Organisation = 1,
    /// The called number.
    Number = 2,
    /// The trunk that the call came on.
    Trunk = 3,
    /// The key of the provider's interface that the job was submitted with.
    ApiKey = 4,
    /// The sending member, in a month of the calendar: its monthly allowance.
    Month = 5,
}

impl QuotaHolder {
    /// Every one that has quotas of its own, in the order of their codes.
    pub const ALL: [Self; 5] =
        [Self::Member, Self::Organisation, Self::Number, Self::Trunk, Self::ApiKey];

    /// The one with that code.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        if code == Self::Month as u8 {
            return Some(Self::Month);
        }
        Self::ALL.get(usize::from(code)).copied()
    }

    /// The name in policy, contract and tool.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Organisation => "organisation",
            Self::Number => "number",
            Self::Trunk => "trunk",
            Self::ApiKey => "api_key",
            Self::Month => "month",
        }
    }
}

/// The rules by which quotas stand in a way: by holder and resource, in the order of their codes. The ledger knows a rule by the
/// digest of its name.
pub const QUOTA_RULES: [[&str; 4]; 6] = [
    ["quota.faxes", "quota.pages", "quota.line_seconds", "quota.recipients"],
    [
        "quota.organisation.faxes",
        "quota.organisation.pages",
        "quota.organisation.line_seconds",
        "quota.organisation.recipients",
    ],
    [
        "quota.number.faxes",
        "quota.number.pages",
        "quota.number.line_seconds",
        "quota.number.recipients",
    ],
    [
        "quota.trunk.faxes",
        "quota.trunk.pages",
        "quota.trunk.line_seconds",
        "quota.trunk.recipients",
    ],
    [
        "quota.api_key.faxes",
        "quota.api_key.pages",
        "quota.api_key.line_seconds",
        "quota.api_key.recipients",
    ],
    [
        "quota.month.faxes",
        "quota.month.pages",
        "quota.month.line_seconds",
        "quota.month.recipients",
    ],
];

/// How a quota stands. "Never" and "not until" are different answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuotaOutcome {
    /// Within the quota.
    Within,
    /// Not before that time.
    NotUntil(Timestamp),
    /// It costs more than can be had at once.
    Never,
}

/// A quota that was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaStatus {
    /// Whose it is.
    pub holder: QuotaHolder,
    /// Which resource.
    pub resource: Resource,
    /// How it stands.
    pub outcome: QuotaOutcome,
    /// What the fax costs, in units of the resource.
    pub cost: u64,
    /// What is left before it.
    pub remaining: u64,
    /// The most that can be had at once.
    pub burst: u64,
}

/// Resources that are shared.
pub const WATCHED: usize = 3;

/// A resource that is shared while it is contended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Watched {
    /// Outbound lines. Costs are seconds on the line; a line carries one a second.
    Lines = 0,
    /// Calls that may be begun a second.
    Attempts = 1,
    /// Conversion. Costs are milliseconds of a core; a core carries a thousand a second.
    Conversion = 2,
}

impl Watched {
    /// Every one, in the order of their codes.
    pub const ALL: [Self; WATCHED] = [Self::Lines, Self::Attempts, Self::Conversion];

    /// The name in policy, contract and tool.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lines => "lines",
            Self::Attempts => "call_attempts",
            Self::Conversion => "conversion",
        }
    }

    /// What it is called in a sentence.
    #[must_use]
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Lines => "outbound lines",
            Self::Attempts => "call attempts",
            Self::Conversion => "conversion",
        }
    }
}

/// The rules by which shares do, by resource.
pub const SHARE_RULES: [&str; WATCHED] = ["share.lines", "share.call_attempts", "share.conversion"];

/// What a job may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Going {
    /// Nothing is contended, or the member is within its share.
    Go,
    /// Above the share, and let through: after those that are not.
    GoLow,
    /// Not yet. Asked again by then it may go, if the member offers nothing else until then.
    WaitUntil(Timestamp),
    /// So far above the share that no wait helps.
    Refuse,
}

/// By whom the share is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// The member.
    Member,
    /// The group that the member belongs to.
    Group,
}

/// How a share stands, in millionths of the capacity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holding {
    /// Of what.
    pub resource: Watched,
    /// Who holds it.
    pub holder: Holder,
    /// What is held.
    pub held_ppm: u64,
    /// What would be fair now.
    pub fair_ppm: u64,
    /// What verdicts on abuse have taken off the member's weight, in sixteenths of a halving.
    pub penalty: u8,
}

/// What verdicts on abuse leave of a weight, in hundredths: 100 where none counts any more, and at least 1.
#[must_use]
pub fn weight_percent(penalty: u8) -> u32 {
    if penalty == 0 {
        return 100;
    }
    let left = u64::from(decayed(ONE, penalty.into(), 16));
    u32::try_from((left * 100).div_ceil(u64::from(ONE))).unwrap_or(100).min(99)
}

/// How a share stood that decided about a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShareStatus {
    /// What is held of it.
    pub holding: Holding,
    /// What the job may do.
    pub going: Going,
}

impl fmt::Display for Holding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let holder = match self.holder {
            Holder::Member => "holds",
            Holder::Group => "belongs to a group that holds",
        };
        let [held, fair] = [self.held_ppm, self.fair_ppm].map(Percent);
        write!(f, "{holder} {held} of {}, fair share now {fair}", self.resource.noun())?;
        match self.penalty {
            0 => Ok(()),
            penalty => write!(f, ", at {} % of its weight for abuse", weight_percent(penalty)),
        }
    }
}

/// Millionths as hundredths: two digits that count.
struct Percent(u64);

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ppm @ 100_000.. => write!(f, "{} %", (ppm + 5_000) / 10_000),
            ppm @ 1_000.. => {
                let tenths = (ppm + 500) / 1_000;
                write!(f, "{}.{} %", tenths / 10, tenths % 10)
            }
            ppm => {
                let thousandths = (ppm + 5) / 10;
                write!(f, "0.{thousandths:03} %")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_holding_says_its_numbers() {
        let mut holding = Holding {
            resource: Watched::Lines,
            holder: Holder::Member,
            held_ppm: 311_000,
            fair_ppm: 8_100,
            penalty: 0,
        };
        assert_eq!(holding.to_string(), "holds 31 % of outbound lines, fair share now 0.8 %");
        (holding.holder, holding.held_ppm, holding.fair_ppm) = (Holder::Group, 99_960, 37);
        let text = "belongs to a group that holds 10.0 % of outbound lines, fair share now 0.004 %";
        assert_eq!(holding.to_string(), text);
        (holding.holder, holding.penalty) = (Holder::Member, 32);
        assert!(holding.to_string().ends_with("0.004 %, at 25 % of its weight for abuse"));
        assert_eq!([0, 1, 16, 128].map(weight_percent), [100, 96, 50, 1]);
    }
}
