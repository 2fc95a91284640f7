//! What is answered to a job that asks for its share, with the numbers that a verdict says.

use std::fmt;

use crate::time::Timestamp;

use super::Watched;

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
}

/// The answer to a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What it may do.
    pub going: Going,
    /// How the share stands that decided; `None` while nothing is contended that the job needs.
    pub holding: Option<Holding>,
}

impl fmt::Display for Holding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let holder = match self.holder {
            Holder::Member => "holds",
            Holder::Group => "belongs to a group that holds",
        };
        let [held, fair] = [self.held_ppm, self.fair_ppm].map(Percent);
        write!(f, "{holder} {held} of {}, fair share now {fair}", self.resource.noun())
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
        };
        assert_eq!(holding.to_string(), "holds 31 % of outbound lines, fair share now 0.8 %");
        (holding.holder, holding.held_ppm, holding.fair_ppm) = (Holder::Group, 99_960, 37);
        let text = "belongs to a group that holds 10.0 % of outbound lines, fair share now 0.004 %";
        assert_eq!(holding.to_string(), text);
    }
}
