//! One value of the policy file: how each kind is read from TOML and written back. Reading never guesses:
//! a size is text with a unit, a number is whole, and what does not fit is a fault.

use std::net::SocketAddr;
use std::path::PathBuf;

use toml::de::DeValue;

use super::fault::quote;

/// Longest text value, in bytes.
const TEXT_BYTES_MAX: usize = 4_096;

/// A kind of value.
pub(super) trait Leaf: Sized {
    /// What a reader may write, such as `a whole number`.
    const EXPECTED: &'static str;
    /// The value, or nothing where it does not fit.
    fn read(value: &DeValue<'_>) -> Option<Self>;
    /// The value as TOML.
    fn write(&self) -> String;
}

/// Any whole number of TOML.
pub(super) fn whole(value: &DeValue<'_>) -> Option<i64> {
    let digits = value.as_integer()?;
    i64::from_str_radix(digits.as_str(), digits.radix()).ok()
}

/// What stands in the file, for a message.
pub(super) fn shown(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => quote(text),
        DeValue::Integer(digits) => quote(digits.as_str()),
        DeValue::Float(digits) => quote(digits.as_str()),
        DeValue::Boolean(truth) => format!("`{truth}`"),
        DeValue::Datetime(_) => "a date".to_owned(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a section".to_owned(),
    }
}

macro_rules! whole_number {
    ($($kind:ty),*) => {$(
        impl Leaf for $kind {
            const EXPECTED: &'static str = "a whole number";
            fn read(value: &DeValue<'_>) -> Option<Self> {
                Self::try_from(whole(value)?).ok()
            }
            fn write(&self) -> String {
                self.to_string()
            }
        }
    )*};
}
whole_number!(i32, u32, u64);

impl Leaf for bool {
    const EXPECTED: &'static str = "true or false";
    fn read(value: &DeValue<'_>) -> Option<Self> {
        value.as_bool()
    }
    fn write(&self) -> String {
        self.to_string()
    }
}

impl Leaf for String {
    const EXPECTED: &'static str = "text of at most 4096 bytes";
    fn read(value: &DeValue<'_>) -> Option<Self> {
        value.as_str().filter(|text| text.len() <= TEXT_BYTES_MAX).map(str::to_owned)
    }
    fn write(&self) -> String {
        toml::Value::from(self.as_str()).to_string()
    }
}

impl Leaf for PathBuf {
    const EXPECTED: &'static str = "a path of at most 4096 bytes";
    fn read(value: &DeValue<'_>) -> Option<Self> {
        let text = String::read(value)?;
        (!text.is_empty() && !text.contains('\0')).then(|| Self::from(text))
    }
    fn write(&self) -> String {
        self.display().to_string().write()
    }
}

impl Leaf for SocketAddr {
    const EXPECTED: &'static str = "an address and port such as \"127.0.0.1:7443\"";
    fn read(value: &DeValue<'_>) -> Option<Self> {
        value.as_str()?.parse().ok()
    }
    fn write(&self) -> String {
        self.to_string().write()
    }
}

impl Leaf for Option<SocketAddr> {
    const EXPECTED: &'static str = "an address and port such as \"127.0.0.1:9464\", or \"off\"";
    fn read(value: &DeValue<'_>) -> Option<Self> {
        match value.as_str()? {
            "off" => Some(None),
            text => text.parse().ok().map(Some),
        }
    }
    fn write(&self) -> String {
        self.map_or_else(|| "off".to_owned(), |address| address.to_string()).write()
    }
}

impl Leaf for Vec<String> {
    const EXPECTED: &'static str = "a list of names";
    fn read(value: &DeValue<'_>) -> Option<Self> {
        value.as_array()?.iter().map(|item| String::read(item.get_ref())).collect()
    }
    fn write(&self) -> String {
        let items: Self = self.iter().map(Leaf::write).collect();
        format!("[{}]", items.join(", "))
    }
}

/// A number of bytes, written with a binary unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(u64);

const UNITS: [(&str, u64); 5] =
    [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

impl Size {
    /// That many mebibytes, saturating.
    pub const fn mib(count: u64) -> Self {
        Self(count.saturating_mul(1 << 20))
    }

    /// Bytes.
    pub const fn bytes(self) -> u64 {
        self.0
    }

    /// Bytes, as memory counts them.
    pub fn bytes_usize(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl Leaf for Size {
    const EXPECTED: &'static str = "a size such as \"512 MiB\"";
    fn read(value: &DeValue<'_>) -> Option<Self> {
        let text = value.as_str()?.trim();
        let at = text.find(|c: char| !c.is_ascii_digit())?;
        let (_, unit) = UNITS.into_iter().find(|(name, _)| *name == text[at..].trim_start())?;
        text[..at].parse::<u64>().ok()?.checked_mul(unit).map(Self)
    }
    fn write(&self) -> String {
        let fits =
            UNITS.into_iter().find(|(_, unit)| self.0 >= *unit && self.0.is_multiple_of(*unit));
        let (name, unit) = fits.unwrap_or(("B", 1));
        format!("\"{} {name}\"", self.0 / unit)
    }
}

/// How much the service logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// What went wrong.
    Error,
    /// And what may.
    Warn,
    /// And what an operator wants to see.
    Info,
    /// And what a developer wants to see.
    Debug,
    /// Everything.
    Trace,
}

impl LogLevel {
    const ALL: [Self; 5] = [Self::Error, Self::Warn, Self::Info, Self::Debug, Self::Trace];

    /// The name in the file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

impl Leaf for LogLevel {
    const EXPECTED: &'static str = "one of error, warn, info, debug, trace";
    fn read(value: &DeValue<'_>) -> Option<Self> {
        let text = value.as_str()?;
        Self::ALL.into_iter().find(|level| level.name() == text)
    }
    fn write(&self) -> String {
        format!("\"{}\"", self.name())
    }
}

/// What the file says of a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// It never counts.
    Off,
    /// Thousandths of log-odds.
    Milli(i32),
}

impl Leaf for Weight {
    const EXPECTED: &'static str = "a whole number from -20000 to 20000, or \"off\"";
    fn read(value: &DeValue<'_>) -> Option<Self> {
        match value.as_str() {
            Some("off") => Some(Self::Off),
            Some(_) => None,
            None => i32::read(value).map(Self::Milli),
        }
    }
    fn write(&self) -> String {
        match self {
            Self::Off => "\"off\"".to_owned(),
            Self::Milli(milli) => milli.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: Leaf>(text: &str) -> Option<T> {
        T::read(DeValue::parse(text).unwrap().get_ref())
    }

    #[test]
    fn sizes_have_a_unit() {
        let cases = [
            ("\"512 MiB\"", Some(512 << 20)),
            ("\"1GiB\"", Some(1 << 30)),
            ("\"0 B\"", Some(0)),
            ("\"512\"", None),
            ("\"512 MB\"", None),
            ("\"-1 MiB\"", None),
            ("\"99999999 TiB\"", None),
            ("\"\"", None),
            ("\"MiB\"", None),
            ("\"1 é\"", None),
            ("512", None),
        ];
        for (text, bytes) in cases {
            assert_eq!(read::<Size>(text).map(Size::bytes), bytes, "{text}");
        }
        for size in [Size(0), Size(1), Size(1_025), Size::mib(1_024), Size::mib(1_536)] {
            assert_eq!(read::<Size>(&size.write()), Some(size));
        }
    }

    #[test]
    fn numbers_are_whole_and_fit() {
        assert_eq!(read::<u32>("0x10"), Some(16));
        assert_eq!(read::<i32>("-2_200"), Some(-2_200));
        for text in
            ["-1", "4294967296", "99999999999999999999", "1.0", "nan", "\"1\"", "true", "[]"]
        {
            assert_eq!(read::<u32>(text), None, "{text}");
        }
        assert_eq!(read::<Weight>("\"off\""), Some(Weight::Off));
        assert_eq!(read::<Weight>("\"on\""), None);
        assert_eq!(read::<Weight>("-12"), Some(Weight::Milli(-12)));
    }
}
