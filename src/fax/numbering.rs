//! What the world's numbering plans say of a number: dialable or not, which kind, which country, which time zones.
//!
//! The plans are libphonenumber's metadata, compiled into `rlibphonenumber`.

mod risk;
mod zones;

pub use risk::DestinationRisk;
pub use zones::{ZoneSetId, ZoneTableError, ZoneTableFault};

use rlibphonenumber::{
    NumberLengthType, ParseError, PhoneNumber, PhoneNumberFormat, PhoneNumberType, PhoneNumberUtil,
    Region,
};
use thiserror::Error;

pub use crate::fax::hours::ZoneId;
use crate::fax::number::{InvalidNumber, NUMBER_TEXT_BYTES_MAX, Number};
use zones::ZoneTable;

/// Everything the numbering plans tell, built once and shared. 8 MB at first; patterns are compiled
/// at the first number that needs them: 41 MB with North America and twenty other large countries in
/// use, 150 MB when numbers of the whole world have come by, and no more then.
pub struct NumberingPlan {
    plans: PhoneNumberUtil,
    zones: ZoneTable,
    calling_codes: Box<[bool]>,
}

/// Why there is no numbering plan: the data compiled into the program is damaged.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum InvalidPlan {
    /// The metadata of the number library cannot be read.
    #[error("built-in numbering metadata cannot be read (rebuild the program)")]
    Metadata,
    /// The table of time zones is damaged.
    #[error("built-in table of time zones is damaged (rebuild the program)")]
    Zones(#[from] ZoneTableError),
}

/// The region whose dialling habits a number without `+` follows, an ISO 3166 code of two letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HomeRegion(Region);

/// What is known of a number. Ten bytes: callers keep it beside each active number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumberFacts {
    /// The time zones it may ring in; [`NumberingPlan::zone_set`] lists them.
    pub zones: ZoneSetId,
    /// Country calling code, 1 to 999; 0 where no country has it.
    pub calling_code: u16,
    /// ISO 3166 region in capitals; `ZZ` where several share the number or none is known.
    pub region: [u8; 2],
    /// Whether it can be dialled.
    pub validity: Validity,
    /// What kind of line answers.
    pub kind: LineKind,
    /// How likely a fax to it is meant to earn money for whoever owns it.
    pub risk: DestinationRisk,
}

/// Whether a number can be dialled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Validity {
    /// In a range that is assigned.
    Valid,
    /// Of a length its country has, in a range that is not assigned.
    NotAssigned,
    /// No number of its country has that length, or no country has its calling code.
    Impossible,
}

/// The kind of line a range is assigned for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LineKind {
    /// Geographic fixed line.
    FixedLine,
    /// Mobile.
    Mobile,
    /// One of the two; the plan does not tell, as in North America.
    FixedOrMobile,
    /// Free of charge for the caller.
    TollFree,
    /// Premium rate: the caller pays the called party.
    Premium,
    /// The charge is shared.
    SharedCost,
    /// Internet telephony.
    Voip,
    /// A number that follows a person.
    Personal,
    /// Pager.
    Pager,
    /// Universal access number of a company.
    Uan,
    /// Voice mail access.
    Voicemail,
    /// Not in an assigned range.
    Unknown,
}

const _: () = assert!(size_of::<NumberFacts>() <= 16);

/// Country calling codes have one to three digits.
const CALLING_CODES: usize = 1_000;

impl HomeRegion {
    /// The region with that ISO 3166 code, upper or lower case; `None` where no numbering plan is
    /// known for it.
    #[must_use]
    pub fn from_code(code: &str, plan: &NumberingPlan) -> Option<Self> {
        let region = Region::from_code(code).ok()?;
        plan.plans.get_country_code_for_region(region).map(|_| Self(region))
    }
}

impl NumberingPlan {
    /// Reads the metadata and the table of time zones. Takes tens of milliseconds.
    ///
    /// # Errors
    /// [`InvalidPlan`] when data compiled into the program is damaged.
    pub fn new() -> Result<Self, InvalidPlan> {
        let plans = PhoneNumberUtil::new().map_err(|_| InvalidPlan::Metadata)?;
        let mut calling_codes = vec![false; CALLING_CODES];
        for code in plans.get_supported_calling_codes() {
            let place = usize::try_from(code).ok().and_then(|code| calling_codes.get_mut(code));
            *place.ok_or(InvalidPlan::Metadata)? = true;
        }
        let zones = ZoneTable::built_in()?;
        Ok(Self { plans, zones, calling_codes: calling_codes.into() })
    }

    /// Calling code of a region; 0 where it has none of its own.
    #[must_use]
    pub fn calling_code(&self, home: HomeRegion) -> u16 {
        self.plans
            .get_country_code_for_region(home.0)
            .and_then(|code| code.try_into().ok())
            .unwrap_or(0)
    }

    /// Reads a number in E.164 form when it begins with `+`, otherwise as it is dialled at `home`:
    /// national with or without trunk prefix, international behind the prefix used there.
    ///
    /// # Errors
    /// [`InvalidNumber`] says what is wrong without repeating the text. A number read as dialled
    /// must have a length that its country has; local numbers without area code are refused.
    pub fn parse(&self, text: &str, home: HomeRegion) -> Result<Number, InvalidNumber> {
        let text = text.trim_ascii();
        match text.as_bytes().first() {
            None => return Err(InvalidNumber::Empty),
            Some(b'+') => return Number::parse(text),
            Some(_) if text.len() > NUMBER_TEXT_BYTES_MAX => {
                return Err(InvalidNumber::DigitCount { digits: text.len() });
            }
            Some(_) => {}
        }
        let separator = |byte| matches!(byte, b' ' | b'-' | b'.' | b'(' | b')' | b'/');
        if let Some(at) = text.bytes().position(|b| !b.is_ascii_digit() && !separator(b)) {
            return Err(InvalidNumber::NotADigit { at });
        }
        let dialled = self.plans.parse(text, Some(home.0)).map_err(|fault| match fault {
            ParseError::TooLongNsn => {
                let digits = text.bytes().filter(u8::is_ascii_digit).count();
                InvalidNumber::DigitCount { digits }
            }
            ParseError::InvalidCountryCode
            | ParseError::NotANumber(_)
            | ParseError::TooShortAfterIdd
            | ParseError::TooShortNsn => InvalidNumber::NotDialable,
        })?;
        match self.plans.is_possible_number_with_reason(&dialled) {
            Ok(NumberLengthType::IsPossible) => {
                Number::parse(&self.plans.format(&dialled, PhoneNumberFormat::E164))
            }
            Ok(NumberLengthType::IsPossibleLocalOnly) | Err(_) => Err(InvalidNumber::NotDialable),
        }
    }

    /// What is known of a number. Costs 3 to 5 microseconds in North America and Europe, up to 20
    /// elsewhere, and a millisecond the first time a plan is needed: keep the answer beside the number.
    #[must_use]
    pub fn facts(&self, number: Number) -> NumberFacts {
        let Some((calling_code, dialled)) = self.split(number) else {
            return NumberFacts {
                zones: self.zones.of_prefix(number.value()),
                calling_code: 0,
                region: *b"ZZ",
                validity: Validity::Impossible,
                kind: LineKind::Unknown,
                risk: DestinationRisk::of(number, LineKind::Unknown),
            };
        };
        let found = self.plans.get_number_type(&dialled);
        let kind = LineKind::of(found);
        let geographic = kind == LineKind::Unknown
            || self
                .plans
                .is_number_geographical_by_country_code_and_type(found, dialled.country_code);
        let region =
            self.plans.get_region_for_number(&dialled).map(|region| region.as_region_str());
        NumberFacts {
            // A range that is not tied to a place may ring anywhere in its country.
            zones: self.zones.of_prefix(if geographic {
                number.value()
            } else {
                u64::from(calling_code)
            }),
            calling_code,
            region: region
                .and_then(|code| <[u8; 2]>::try_from(code.as_bytes()).ok())
                .unwrap_or(*b"ZZ"),
            validity: if kind != LineKind::Unknown {
                Validity::Valid
            } else if self.plans.is_possible_number(&dialled) {
                Validity::NotAssigned
            } else {
                Validity::Impossible
            },
            kind,
            risk: DestinationRisk::of(number, kind),
        }
    }

    /// The zones of a set that [`NumberFacts`] names, in the table's order; empty where none is known.
    #[must_use]
    pub fn zone_set(&self, set: ZoneSetId) -> &[ZoneId] {
        self.zones.members(set)
    }

    /// The zones a number may ring in by its longest known prefix. Costs about 150 nanoseconds, and
    /// unlike [`NumberFacts::zones`] takes every range for one that is tied to a place.
    #[must_use]
    pub fn zones(&self, number: Number) -> &[ZoneId] {
        self.zones.members(self.zones.of_prefix(number.value()))
    }

    /// How likely a fax to that number is meant to earn money for whoever owns it; as in its facts.
    #[must_use]
    pub fn risk(&self, number: Number) -> DestinationRisk {
        self.facts(number).risk
    }

    /// The calling code, and the number as the library wants it. Calling codes are free of prefixes
    /// of each other, so the first that fits is the one.
    fn split(&self, number: Number) -> Option<(u16, PhoneNumber)> {
        let value = number.value();
        let digits = value.ilog10() + 1;
        (1..=3.min(digits - 1)).find_map(|code_digits| {
            let national_digits = digits - code_digits;
            let unit = 10_u64.pow(national_digits);
            let code = value / unit;
            if !self.calling_codes.get(usize::try_from(code).ok()?).is_some_and(|known| *known) {
                return None;
            }
            let national = value % unit;
            let zeros = national_digits - national.checked_ilog10().map_or(1, |power| power + 1);
            let dialled = PhoneNumber {
                country_code: i32::try_from(code).ok()?,
                national_number: national,
                italian_leading_zero: (zeros > 0).then_some(true),
                number_of_leading_zeros: (zeros > 0).then_some(i32::try_from(zeros).ok()?),
                ..PhoneNumber::default()
            };
            Some((u16::try_from(code).ok()?, dialled))
        })
    }
}

impl LineKind {
    const fn of(found: PhoneNumberType) -> Self {
        match found {
            PhoneNumberType::FixedLine => Self::FixedLine,
            PhoneNumberType::Mobile => Self::Mobile,
            PhoneNumberType::FixedLineOrMobile => Self::FixedOrMobile,
            PhoneNumberType::TollFree => Self::TollFree,
            PhoneNumberType::PremiumRate => Self::Premium,
            PhoneNumberType::SharedCost => Self::SharedCost,
            PhoneNumberType::VoIP => Self::Voip,
            PhoneNumberType::PersonalNumber => Self::Personal,
            PhoneNumberType::Pager => Self::Pager,
            PhoneNumberType::UAN => Self::Uan,
            PhoneNumberType::VoiceMail => Self::Voicemail,
            PhoneNumberType::Unknown => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests;
