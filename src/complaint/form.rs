//! FCC form 1088A: what a consumer in the United States is asked of an unwanted fax (47 U.S.C. 227, 47 CFR 64.1200(a)(4)).

use super::{LineUse, Written};
use crate::time::Timestamp;

/// The answers; what was not asked or not answered is absent. Every one is personal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form1088a {
    /// Who complains.
    pub consumer: Consumer,
    /// The number that received the fax.
    pub received_on: Option<Written>,
    /// What that line is for.
    pub line: Option<LineUse>,
    /// Date and time of the fax.
    pub received_at: Option<Timestamp>,
    /// What stood on the page as the law asks (47 CFR 68.318(d)).
    pub page: PageShows,
    /// What is advertised.
    pub advertised: Option<Written>,
    /// All that identifies somebody on the fax.
    pub identifiers: Identifiers,
    /// Whether the consumer had given permission to send such faxes.
    pub prior_permission: Option<bool>,
    /// Whether there was an established business relationship.
    pub established_relationship: Option<bool>,
    /// How one may opt out, and whether one did.
    pub opt_out: OptOut,
    /// Whether the sender had been asked before not to fax.
    pub do_not_fax_asked: Option<bool>,
}

/// Who complains.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Consumer {
    /// Name.
    pub name: Option<Written>,
    /// Company.
    pub company: Option<Written>,
    /// Postal address.
    pub address: Option<Written>,
    /// Telephone number where the consumer is reached.
    pub phone: Option<Written>,
    /// E-mail address.
    pub email: Option<Written>,
}

/// What stood in the margin of a page or on the first one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PageShows {
    /// Date and time of sending.
    pub date: Option<bool>,
    /// The sender's name.
    pub sender_name: Option<bool>,
    /// The sender's number.
    pub sender_number: Option<bool>,
}

/// All that identifies somebody on the fax, each list of at most 50 entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identifiers {
    /// Telephone and fax numbers.
    pub numbers: Vec<Written>,
    /// Postal addresses.
    pub addresses: Vec<Written>,
    /// E-mail addresses.
    pub emails: Vec<Written>,
    /// Web sites.
    pub web_sites: Vec<Written>,
    /// Names of businesses.
    pub business_names: Vec<Written>,
}

/// How one may opt out, and whether one did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OptOut {
    /// Whether there was a notice.
    pub notice: Option<bool>,
    /// Whether it names means that cost nothing.
    pub cost_free: Option<bool>,
    /// Whether an opt-out was requested.
    pub requested: Option<bool>,
    /// When.
    pub requested_at: Option<Timestamp>,
}
