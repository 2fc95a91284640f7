//! Records of rows: structs that say their bytes by saying their fields. What is appended gets a new version; what is of
//! another version is `None`, and never read as something else.

use super::codec::{put_bytes, take, take_bytes, take_u8};
use crate::fax::id::{CampaignId, DecisionId, Pseudonym, ReportId};
use crate::time::Timestamp;

/// A value that a record can have as a field.
pub trait Field: Sized {
    /// Puts its bytes behind what is there.
    fn put(&self, to: &mut Vec<u8>);

    /// Takes one from the front; `None` where there is none.
    fn take(from: &mut &[u8]) -> Option<Self>;

    /// Its bytes alone.
    fn encode(&self) -> Vec<u8> {
        let mut to = Vec::new();
        self.put(&mut to);
        to
    }

    /// The value of such bytes; `None` where they do not decode to the last byte.
    fn decode(mut bytes: &[u8]) -> Option<Self> {
        let read = Self::take(&mut bytes)?;
        bytes.is_empty().then_some(read)
    }
}

macro_rules! integers {
    ($($type:ty),*) => {$(
        impl Field for $type {
            fn put(&self, to: &mut Vec<u8>) {
                to.extend_from_slice(&self.to_le_bytes());
            }

            fn take(from: &mut &[u8]) -> Option<Self> {
                take(from).map(Self::from_le_bytes)
            }
        }
    )*};
}

integers!(u8, u16, u32, u64, i64);

impl Field for bool {
    fn put(&self, to: &mut Vec<u8>) {
        to.push(u8::from(*self));
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        match take_u8(from)? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

impl<const N: usize> Field for [u8; N] {
    fn put(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(self);
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        take(from)
    }
}

impl Field for Box<[u8]> {
    fn put(&self, to: &mut Vec<u8>) {
        put_bytes(to, self);
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        take_bytes(from).map(Into::into)
    }
}

impl Field for Box<str> {
    fn put(&self, to: &mut Vec<u8>) {
        put_bytes(to, self.as_bytes());
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        std::str::from_utf8(take_bytes(from)?).ok().map(Into::into)
    }
}

impl<T: Field> Field for Option<T> {
    fn put(&self, to: &mut Vec<u8>) {
        to.push(u8::from(self.is_some()));
        if let Some(value) = self {
            value.put(to);
        }
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        if bool::take(from)? { T::take(from).map(Some) } else { Some(None) }
    }
}

/// At most 65,535 of them: every list of a record is bounded below.
impl<T: Field> Field for Vec<T> {
    fn put(&self, to: &mut Vec<u8>) {
        assert!(u16::try_from(self.len()).is_ok(), "lists of a record are bounded");
        u16::try_from(self.len()).unwrap_or(0).put(to);
        self.iter().for_each(|value| value.put(to));
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        (0..u16::take(from)?).map(|_| T::take(from)).collect()
    }
}

impl<A: Field, B: Field> Field for (A, B) {
    fn put(&self, to: &mut Vec<u8>) {
        self.0.put(to);
        self.1.put(to);
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        Some((A::take(from)?, B::take(from)?))
    }
}

impl Field for Timestamp {
    fn put(&self, to: &mut Vec<u8>) {
        self.as_micros().put(to);
    }

    fn take(from: &mut &[u8]) -> Option<Self> {
        i64::take(from).map(Self::from_micros)
    }
}

macro_rules! ids {
    ($($type:ident),*) => {$(
        impl Field for $type {
            fn put(&self, to: &mut Vec<u8>) {
                self.0.put(to);
            }

            fn take(from: &mut &[u8]) -> Option<Self> {
                Field::take(from).map(Self)
            }
        }
    )*};
}

ids!(CampaignId, DecisionId, Pseudonym, ReportId);

/// A struct that is a record of one version.
macro_rules! record {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident = $version:literal {
            $($(#[$field_meta:meta])* $field_vis:vis $field:ident: $type:ty),* $(,)?
        }
    ) => {
        $(#[$meta])*
        $vis struct $name {
            $($(#[$field_meta])* $field_vis $field: $type,)*
        }

        impl $crate::store::record::Field for $name {
            fn put(&self, to: &mut Vec<u8>) {
                to.push($version);
                $($crate::store::record::Field::put(&self.$field, to);)*
            }

            fn take(from: &mut &[u8]) -> Option<Self> {
                if <u8 as $crate::store::record::Field>::take(from)? != $version {
                    return None;
                }
                Some(Self { $($field: $crate::store::record::Field::take(from)?,)* })
            }
        }
    };
}

/// An enum whose codes are stored, and never change; with the name that people and files use.
macro_rules! codes {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident {
            $($(#[$variant_meta:meta])* $variant:ident = $code:literal $text:literal),* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        $vis enum $name {
            $($(#[$variant_meta])* $variant = $code,)*
        }

        impl $name {
            /// Every one, in the order of codes.
            $vis const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The one of that code.
            #[must_use]
            $vis fn from_code(code: u8) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| *one as u8 == code)
            }

            /// Its name.
            #[must_use]
            $vis const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }

        impl $crate::store::record::Field for $name {
            fn put(&self, to: &mut Vec<u8>) {
                to.push(*self as u8);
            }

            fn take(from: &mut &[u8]) -> Option<Self> {
                Self::from_code(<u8 as $crate::store::record::Field>::take(from)?)
            }
        }
    };
}

pub(crate) use codes;
pub(crate) use record;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    codes! {
        /// Of the tests.
        enum Colour {
            /// One.
            Red = 1 "red",
            /// Another.
            Blue = 7 "blue",
        }
    }

    record! {
        /// Of the tests.
        #[derive(Clone, Debug, PartialEq, Eq)]
        struct Row = 3 {
            colour: Colour,
            number: u32,
            text: Box<str>,
            at: Option<Timestamp>,
            list: Vec<(u8, bool)>,
        }
    }

    proptest! {
        #[test]
        fn a_record_reads_back_and_no_part_of_it_does(
            number: u32, text in ".{0,20}", at: Option<i64>,
            list in proptest::collection::vec(any::<(u8, bool)>(), 0..9),
        ) {
            let at = at.map(Timestamp::from_micros);
            let row = Row { colour: Colour::Blue, number, text: text.into(), at, list };
            let bytes = row.encode();
            prop_assert_eq!(Row::decode(&bytes), Some(row));
            for length in 0..bytes.len() {
                prop_assert_eq!(Row::decode(&bytes[..length]), None);
            }
            prop_assert_eq!(Row::decode(&[&bytes[..], &[0]].concat()), None);
        }

        #[test]
        fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = Row::decode(&bytes);
        }
    }

    #[test]
    fn another_version_or_code_is_nothing() {
        let row = Row { colour: Colour::Red, number: 1, text: "a".into(), at: None, list: vec![] };
        let mut bytes = row.encode();
        bytes[1] = 2;
        assert_eq!(Row::decode(&bytes), None);
        (bytes[0], bytes[1]) = (2, 1);
        assert_eq!(Row::decode(&bytes), None);
        assert_eq!((Colour::from_code(7), Colour::Red.name()), (Some(Colour::Blue), "red"));
    }
}
