//! The cost catalog: every physical resource that the service spends for somebody, declared once with its unit
//! and what it counts. Quotas and fair shares name entries of it.
//!
//! Codes are written to the ledger: entries are appended, never renumbered. The first four are those of
//! [`Resource`], which quotas have counted from the beginning.

use crate::fax::stage::JobFacts;
use crate::verdict::Resource;

use super::cost::Costs;

/// Entries of the catalog.
pub const SPENDS: usize = 12;
/// Pixels of a page of which nothing is known: A4 at 204 x 196 dots per inch.
const PAGE_PIXELS: u64 = 1_728 * 2_292;
/// Conversion work of a page, in milliseconds of one core: an estimate for a page of type, rendered and coded.
const PAGE_WORK: u64 = 60;

/// What can be spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Spend {
    /// Faxes that arrived.
    Faxes = 0,
    /// Pages.
    Pages = 1,
    /// Seconds on the line.
    LineSeconds = 2,
    /// Distinct recipients.
    Recipients = 3,
    /// Dials, whatever comes of them.
    CallAttempts = 4,
    /// Lines held at once.
    Channels = 5,
    /// Pixels of decoded pages.
    Pixels = 6,
    /// Bytes of pages.
    Bytes = 7,
    /// Work of conversion.
    Conversion = 8,
    /// What is stored, and for how long.
    Storage = 9,
    /// Calls of the interface.
    ApiCalls = 10,
    /// Reports filed.
    Reports = 11,
}

/// What is said of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    /// Which one.
    pub spend: Spend,
    /// The name in policy, contract and tool.
    pub name: &'static str,
    /// The unit of its costs.
    pub unit: &'static str,
    /// What it counts, for an operator.
    pub about: &'static str,
}

const fn item(spend: Spend, name: &'static str, unit: &'static str, about: &'static str) -> Item {
    Item { spend, name, unit, about }
}

/// Every resource, in the order of the codes.
pub const CATALOG: [Item; SPENDS] = [
    item(Spend::Faxes, "faxes", "faxes", "Faxes of which a page arrived."),
    item(Spend::Pages, "pages", "pages", "Pages sent or received; each recipient gets each page."),
    item(
        Spend::LineSeconds,
        "line_seconds",
        "seconds",
        "Begun seconds on the line, training included.",
    ),
    item(Spend::Recipients, "recipients", "recipients", "Distinct numbers that jobs are for."),
    item(Spend::CallAttempts, "call_attempts", "calls", "Dials, whether somebody answered or not."),
    item(Spend::Channels, "channels", "channels", "Lines held at the same time."),
    item(Spend::Pixels, "decoded_pixels", "pixels", "Pixels that had to be decoded to read pages."),
    item(Spend::Bytes, "bytes", "bytes", "Bytes of pages as they are carried and stored."),
    item(
        Spend::Conversion,
        "conversion_work",
        "core-milliseconds",
        "Work of rendering and coding pages.",
    ),
    item(Spend::Storage, "storage", "byte-days", "Bytes kept, times the days they are kept."),
    item(Spend::ApiCalls, "api_calls", "calls", "Calls of the provider's interface."),
    item(Spend::Reports, "reports", "reports", "Abuse reports filed."),
];

impl Spend {
    /// What the catalog says of it.
    #[must_use]
    pub const fn item(self) -> Item {
        CATALOG[self as usize]
    }

    /// The entry with that code.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        CATALOG.get(usize::from(code)).map(|item| item.spend)
    }

    /// The entry that a quota counts.
    #[must_use]
    pub const fn of(resource: Resource) -> Self {
        match resource {
            Resource::Faxes => Self::Faxes,
            Resource::Pages => Self::Pages,
            Resource::LineSeconds => Self::LineSeconds,
            Resource::Recipients => Self::Recipients,
        }
    }
}

/// What a fax spends, in the units of [`CATALOG`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spending([u64; SPENDS]);

impl Spending {
    /// What is spent of one resource.
    #[must_use]
    pub const fn of(self, spend: Spend) -> u64 {
        self.0[spend as usize]
    }

    /// The same with another amount of one resource.
    #[must_use]
    pub const fn with(mut self, spend: Spend, amount: u64) -> Self {
        self.0[spend as usize] = amount;
        self
    }

    /// What a job to one or more recipients is estimated at before it goes: one dial each, and one conversion for
    /// all. What is stored is not known yet.
    #[must_use]
    pub fn job(facts: &JobFacts) -> Self {
        let costs = super::cost::job(facts);
        let recipients = costs.of(Resource::Recipients);
        Self::of_job(costs).with(Spend::Bytes, facts.bytes.saturating_mul(recipients))
    }

    /// The same of a job of which nothing is known but what it costs: its bytes are not.
    #[must_use]
    pub fn of_job(costs: Costs) -> Self {
        let recipients = costs.of(Resource::Recipients);
        let pages = costs.of(Resource::Pages) / recipients.max(1);
        Self::from(costs)
            .with(Spend::CallAttempts, recipients)
            .with(Spend::Channels, recipients)
            .with(Spend::Pixels, pages.saturating_mul(PAGE_PIXELS))
            .with(Spend::Conversion, pages.saturating_mul(PAGE_WORK))
            .with(Spend::ApiCalls, 1)
    }
}

impl From<Costs> for Spending {
    fn from(costs: Costs) -> Self {
        Resource::ALL
            .into_iter()
            .fold(Self::default(), |all, one| all.with(Spend::of(one), costs.of(one)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fax::stage::TextLook;

    #[test]
    fn codes_are_those_of_the_ledger_and_only_grow() {
        for (code, item) in (0_u8..).zip(CATALOG) {
            assert_eq!((item.spend as u8, Spend::from_code(code)), (code, Some(item.spend)));
            assert!(item.about.ends_with('.') && !item.unit.is_empty());
            assert_eq!(CATALOG.iter().filter(|other| other.name == item.name).count(), 1);
        }
        for resource in Resource::ALL {
            assert_eq!(Spend::of(resource) as u8, resource as u8);
            assert_eq!(Spend::of(resource).item().name, resource.name());
        }
        assert_eq!(Spend::from_code(12), None);
    }

    #[test]
    fn a_job_is_dialled_for_each_and_converted_once() {
        let facts = JobFacts {
            pages: 3,
            bytes: 9_000,
            recipients: 4,
            tsi: None,
            header: TextLook::Absent,
            document: 0,
            not_before: None,
        };
        let spent = Spending::job(&facts);
        assert_eq!((spent.of(Spend::Pages), spent.of(Spend::CallAttempts)), (12, 4));
        assert_eq!((spent.of(Spend::Bytes), spent.of(Spend::Conversion)), (36_000, 180));
        assert_eq!((spent.of(Spend::LineSeconds), spent.of(Spend::Storage)), (80, 0));
        let most = Spending::job(&JobFacts { pages: u32::MAX, bytes: u64::MAX, ..facts });
        assert_eq!(most.of(Spend::Bytes), u64::MAX);
    }
}
