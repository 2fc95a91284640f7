//! What a node is told about a stage, always: the service's verdict, one used again, or its own leave to go on.

use crate::wire::screening::v1 as wire;

/// The answer to one stage. There is no other outcome: a fault of ours never costs a wanted fax.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The decision that all stages of the fax share, 32 hexadecimal digits; empty without an answer of the service.
    pub decision_id: String,
    /// What to do. Of one that the service did not give, action, stage, rule, bounds and refusal are set, nothing else.
    pub verdict: wire::Verdict,
    /// What the answer rests on.
    pub basis: Basis,
}

/// What an answer rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// The service answered within the deadline.
    Served,
    /// It did not; an earlier verdict for the same two parties still holds.
    Reused,
    /// It did not; the fax goes on, and is counted.
    Unscored(Cause),
}

/// Why there is no verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// None within the stage's deadline.
    Late,
    /// Nobody there, or the connection broke twice.
    Unreachable,
    /// The service answered that it gives none: overload, a malformed request, a fault of its own.
    Refused,
    /// It was not asked, since it had not answered for a while.
    Paused,
    /// It was not asked, since it had as many questions of this node before it as it may have.
    Full,
    /// It was not asked, since what the node gave is no request.
    Malformed,
}

impl Basis {
    /// One word for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Served => "served",
            Self::Reused => "reused",
            Self::Unscored(_) => "unscored",
        }
    }
}

impl Cause {
    /// One word for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Late => "late",
            Self::Unreachable => "unreachable",
            Self::Refused => "refused",
            Self::Paused => "paused",
            Self::Full => "full",
            Self::Malformed => "malformed",
        }
    }
}

impl Answer {
    /// What to do.
    #[must_use]
    pub fn action(&self) -> wire::Action {
        self.verdict.action()
    }
}
