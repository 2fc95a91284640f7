//! What is answered to a job that asks for its share.

use crate::verdict::{Going, Holding, ShareStatus};

/// The answer to a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What it may do.
    pub going: Going,
    /// How the share stands that decided; `None` while nothing is contended that the job needs.
    pub holding: Option<Holding>,
}

impl Answer {
    /// What a verdict says of it.
    #[must_use]
    pub fn status(&self) -> Option<ShareStatus> {
        self.holding.map(|holding| ShareStatus { holding, going: self.going })
    }
}
