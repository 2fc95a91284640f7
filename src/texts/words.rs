//! The closed sets of what a notice can speak of. Each value has a text in every language under the key that stands beside it.

use crate::time::Timestamp;

/// Declares an enum of words: each with the key of its text.
macro_rules! words {
    ($(#[doc = $about:literal])* $name:ident { $($(#[doc = $doc:literal])* $value:ident = $key:literal),* $(,)? }) => {
        $(#[doc = $about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[doc = $doc])* $value,)*
        }

        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$value),*];

            /// The key of its text, or the end of one.
            #[must_use]
            pub const fn key(self) -> &'static str {
                match self {
                    $(Self::$value => $key,)*
                }
            }
        }
    };
}

words! {
    /// What follows at once from a report.
    Follows {
        /// It counts, and the sender is blocked for its reporter.
        Blocked = "follows-blocked",
        /// It counts for the sender, whose faxes come through again.
        Welcome = "follows-welcome",
        /// Faxes between the two are stopped.
        Stopped = "follows-stopped",
        /// It counts, and nothing could be blocked.
        NotBlocked = "follows-not-blocked",
        /// The same reporter has reported the fax or the sender before.
        NothingMore = "follows-nothing-more",
        /// It acts for its reporter alone, whose reports were unfounded too often.
        Own = "follows-own",
        /// The fax is not in the ledger: a person looks at it.
        LookedAt = "follows-looked-at",
        /// Too many reports come in; it will be merged with others.
        Merged = "follows-merged",
        /// It waits for the desk.
        Listed = "follows-listed",
    }
}

words! {
    /// What became of a report.
    Outcome {
        /// Something was done about the sender.
        Upheld = "notice-outcome-upheld",
        /// Nothing was done about the sender.
        NotUpheld = "notice-outcome-not-upheld",
        /// What was decided first was overturned on appeal.
        Overturned = "notice-outcome-overturned",
        /// What it asked for its reporter was done.
        Done = "notice-outcome-done",
    }
}

words! {
    /// Why a report was decided as it was.
    Reason {
        /// An advertisement that the reporter had not asked for.
        Junk = "reason-junk",
        /// Part of an unauthorised use.
        Abuse = "reason-abuse",
        /// The same fax went to many others.
        Campaign = "reason-campaign",
        /// The reporter had opted out.
        OptOut = "reason-opt-out",
        /// A fax reported as not junk was wanted.
        WantedConfirmed = "reason-wanted-confirmed",
        /// Nothing shows an unauthorised use.
        NoEvidence = "reason-no-evidence",
        /// The sender shows permission or a business relationship.
        Permitted = "reason-permitted",
        /// The fax did not come through this service.
        NotOurs = "reason-not-ours",
        /// The number was not that of who sent it.
        OtherSender = "reason-other-sender",
        /// It asks for something for its reporter alone.
        ForItself = "reason-for-itself",
        /// Facts that were not known at first.
        NewFacts = "reason-new-facts",
    }
}

words! {
    /// Who noticed or decided something (DSA art. 17(3)(c): both are told).
    Decider {
        /// A person.
        Person = "person",
        /// A machine.
        Machine = "machine",
    }
}

words! {
    /// A measure.
    Measure {
        /// A warning.
        Warn = "warn",
        /// Lower limits.
        Limit = "limit",
        /// Outbound faxes are held for review.
        HoldOutbound = "hold-outbound",
        /// No outbound faxes.
        SuspendOutbound = "suspend-outbound",
        /// Faxes from a number are not delivered.
        BlockSender = "block-sender",
        /// Faxes of a campaign are not delivered.
        BlockCampaign = "block-campaign",
        /// Faxes from a block of numbers are not delivered.
        BlockNumbers = "block-numbers",
        /// The account is closed.
        Close = "close",
    }
}

words! {
    /// What a measure concerns.
    Scope {
        /// An account.
        Account = "scope-account",
        /// A number.
        Number = "scope-number",
        /// A block of numbers.
        Numbers = "scope-numbers",
        /// A campaign.
        Campaign = "scope-campaign",
        /// A trunk.
        Trunk = "scope-trunk",
    }
}

words! {
    /// The ground of a measure, in law or contract.
    Ground {
        /// The terms of service.
        Contract = "ground-contract",
        /// 47 U.S.C. 227 and 47 CFR 64.1200.
        UsJunkFax = "ground-us-junk-fax",
        /// Directive 2002/58/EC, article 13.
        EuConsent = "ground-eu-consent",
        /// Another law, of where the recipient is.
        OtherLaw = "ground-other-law",
    }
}

words! {
    /// What was decided of an appeal.
    AppealOutcome {
        /// The measure stands.
        Upheld = "notice-appeal-upheld",
        /// The measure is undone.
        Overturned = "notice-appeal-overturned",
    }
}

words! {
    /// Why a measure has ended.
    Ending {
        /// Its time was over.
        Expired = "ending-expired",
        /// It was lifted.
        Lifted = "ending-lifted",
        /// It was overturned on appeal.
        Overturned = "ending-overturned",
    }
}

/// How long a measure lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lasts {
    /// Until then, and it ends by itself.
    Until(Timestamp),
    /// Until it is ended.
    Open,
    /// It is done once, as a warning is.
    Once,
}

/// A fact that a measure stands on, with its count where it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    /// Reports by recipients that were checked.
    Reports(u64),
    /// Recipients of the same pages.
    Campaign(u64),
    /// Different numbers in a short time.
    FanOut(u64),
    /// Numbers that nobody has.
    Traps(u64),
    /// Recipients who had opted out.
    OptOuts(u64),
    /// Earlier measures that still count.
    Strikes(u64),
    /// Far more than the account usually sends.
    Volume,
    /// Signs of an account in other hands.
    Takeover,
    /// What a person found on review.
    Review,
}

impl Fact {
    /// The key of its text, and its count.
    pub(super) const fn parts(self) -> (&'static str, Option<u64>) {
        match self {
            Self::Reports(count) => ("fact-reports", Some(count)),
            Self::Campaign(count) => ("fact-campaign", Some(count)),
            Self::FanOut(count) => ("fact-fan-out", Some(count)),
            Self::Traps(count) => ("fact-traps", Some(count)),
            Self::OptOuts(count) => ("fact-opt-outs", Some(count)),
            Self::Strikes(count) => ("fact-strikes", Some(count)),
            Self::Volume => ("fact-volume", None),
            Self::Takeover => ("fact-takeover", None),
            Self::Review => ("fact-review", None),
        }
    }
}
