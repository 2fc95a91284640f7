//! A section of the policy file, declared once: name, kind, default, range and comment of every setting in one
//! list, from which come the type, its reading, its check and its part of the example file.
//! Serde would do the reading, but it stops at the first fault; an operator wants to see all of them.

use toml::de::{DeTable, DeValue};

use super::fault::{Faults, below};
use super::leaf::{Leaf, shown};

/// One setting, for the example file.
#[derive(Debug)]
pub(super) struct Field {
    /// Its name.
    pub(super) name: &'static str,
    /// Its comment, line by line.
    pub(super) about: &'static [&'static str],
    /// Its value as TOML.
    pub(super) value: String,
    /// Its range as TOML, both ends included.
    pub(super) range: Option<(String, String)>,
}

/// A section: settings with defaults.
pub(super) trait Section: Default {
    /// The comment of the section, line by line.
    const ABOUT: &'static [&'static str];
    /// The names of its settings.
    const NAMES: &'static [&'static str];
    /// Its settings with their present values.
    fn fields(&self) -> Vec<Field>;
    /// Takes over one setting; false where there is none of that name.
    fn set(&mut self, name: &str, value: &DeValue<'_>, at: Place<'_>) -> bool;
    /// Finds what is out of range.
    fn check(&self, path: &str, faults: &mut Faults);
}

/// Where a value stands, and where its faults go.
pub(super) struct Place<'a> {
    /// The path of the value.
    pub(super) path: String,
    /// The faults so far.
    pub(super) faults: &'a mut Faults,
}

/// Takes over a table into a section: known settings that fit; the rest are faults.
pub(super) fn fill<S: Section>(
    section: &mut S,
    table: &DeTable<'_>,
    path: &str,
    faults: &mut Faults,
) {
    for (name, value) in table {
        let name = name.get_ref();
        let at = Place { path: below(path, name), faults: &mut *faults };
        if !section.set(name, value.get_ref(), at) {
            faults.unknown(below(path, name), name, S::NAMES);
        }
    }
}

/// Takes over one value where it fits.
pub(super) fn put<T: Leaf>(
    target: &mut T,
    value: &DeValue<'_>,
    range: Option<(T, T)>,
    at: Place<'_>,
) {
    match T::read(value) {
        Some(read) => *target = read,
        None => at.faults.add(at.path, misfit::<T>(&shown(value), range.as_ref())),
    }
}

/// Says that a value does not fit and what would.
pub(super) fn misfit<T: Leaf>(shown: &str, range: Option<&(T, T)>) -> String {
    let range = range.map(|(low, high)| format!(" from {} to {}", low.write(), high.write()));
    format!("{shown} does not fit (expected {}{})", T::EXPECTED, range.unwrap_or_default())
}

/// Finds a value outside its range.
pub(super) fn within<T: Leaf + PartialOrd>(value: &T, range: Option<(T, T)>, at: Place<'_>) {
    let Some(range) = range else { return };
    if *value < range.0 || *value > range.1 {
        at.faults.add(at.path, misfit(&format!("`{}`", value.write()), Some(&range)));
    }
}

/// Declares a section: `name: kind = default;` or `name: kind = default => lowest, highest;`.
macro_rules! section {
    ($(#[doc = $about:literal])* $name:ident {
        $($(#[doc = $doc:literal])* $field:ident: $kind:ty = $default:expr $(=> $low:expr, $high:expr)?;)*
    }) => {
        $(#[doc = $about])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name {
            $($(#[doc = $doc])* pub $field: $kind,)*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }

        impl $crate::policy::section::Section for $name {
            const ABOUT: &'static [&'static str] = &[$($about),*];
            const NAMES: &'static [&'static str] = &[$(stringify!($field)),*];

            fn fields(&self) -> Vec<$crate::policy::section::Field> {
                vec![$($crate::policy::section::Field {
                    name: stringify!($field),
                    about: &[$($doc),*],
                    value: $crate::policy::leaf::Leaf::write(&self.$field),
                    range: $crate::policy::section::range!($kind $(, $low, $high)?)
                        .map(|(low, high)| (
                            $crate::policy::leaf::Leaf::write(&low),
                            $crate::policy::leaf::Leaf::write(&high),
                        )),
                }),*]
            }

            fn set(
                &mut self,
                name: &str,
                value: &toml::de::DeValue<'_>,
                at: $crate::policy::section::Place<'_>,
            ) -> bool {
                match name {
                    $(stringify!($field) => {
                        let range = $crate::policy::section::range!($kind $(, $low, $high)?);
                        $crate::policy::section::put(&mut self.$field, value, range, at);
                    })*
                    _ => return false,
                }
                true
            }

            fn check(&self, path: &str, faults: &mut $crate::policy::fault::Faults) {
                $(
                    let path_of_field = format!("{path}.{}", stringify!($field));
                    let at = $crate::policy::section::Place { path: path_of_field, faults: &mut *faults };
                    let range = $crate::policy::section::range!($kind $(, $low, $high)?);
                    $crate::policy::section::within(&self.$field, range, at);
                )*
            }
        }
    };
}

/// The range of a setting, or none.
macro_rules! range {
    ($kind:ty) => {
        None::<($kind, $kind)>
    };
    ($kind:ty, $low:expr, $high:expr) => {
        Some::<($kind, $kind)>(($low, $high))
    };
}

pub(super) use {range, section};
