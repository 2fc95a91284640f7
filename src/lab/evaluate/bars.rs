//! `docs/bars.toml`: what every measurement is held to, written down once.

use std::collections::HashSet;

use serde::Deserialize;
use thiserror::Error;

/// How a value is held against the number of its bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Comparison {
    /// The value must not be above the number.
    AtMost,
    /// The value must not be below the number.
    AtLeast,
    /// The value must be the number.
    Equal,
    /// The value is stated and held to nothing.
    Stated,
}

/// One bar.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bar {
    /// The evaluation it belongs to.
    pub evaluation: String,
    /// Its fixed name, unique in the file.
    pub id: String,
    /// What is measured, with its unit.
    pub measure: String,
    /// What it is held to, in words.
    pub bar: String,
    /// How.
    pub comparison: Comparison,
    /// The number, in the unit of the measure; absent where the value is only stated.
    pub number: Option<f64>,
    /// The scale the bar speaks of.
    pub scale: String,
    /// The seed the bar speaks of.
    pub seed: u64,
}

impl Bar {
    /// Whether `value` holds; `None` for a value that is only stated.
    #[must_use]
    pub fn is_met(&self, value: f64) -> Option<bool> {
        let number = self.number?;
        match self.comparison {
            Comparison::AtMost => Some(value <= number),
            Comparison::AtLeast => Some(value >= number),
            Comparison::Equal => Some((value - number).abs() <= f64::EPSILON * number.abs()),
            Comparison::Stated => None,
        }
    }
}

/// Every bar, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bars {
    #[serde(default)]
    bar: Vec<Bar>,
}

/// Why a file of bars cannot be used.
#[derive(Debug, Error)]
pub enum InvalidBars {
    /// It is not TOML of that shape.
    #[error("not a file of bars")]
    Toml(#[from] toml::de::Error),
    /// Two bars have one id.
    #[error("bar `{id}` is there twice")]
    Twice {
        /// The id.
        id: String,
    },
    /// A bar that is compared has no number, or one that is stated has.
    #[error("bar `{id}` must have a number exactly when it is compared")]
    Number {
        /// The id.
        id: String,
    },
}

impl Bars {
    /// Reads a file of bars.
    ///
    /// # Errors
    /// [`InvalidBars`].
    pub fn read(text: &str) -> Result<Self, InvalidBars> {
        let bars: Self = toml::from_str(text)?;
        let mut ids = HashSet::new();
        for bar in &bars.bar {
            if !ids.insert(bar.id.as_str()) {
                return Err(InvalidBars::Twice { id: bar.id.clone() });
            }
            let stated = bar.comparison == Comparison::Stated;
            if stated == bar.number.is_some_and(f64::is_finite) {
                return Err(InvalidBars::Number { id: bar.id.clone() });
            }
        }
        Ok(bars)
    }

    /// Those that something was measured for.
    #[must_use]
    pub fn measured(mut self, rows: &[super::Measured]) -> Self {
        self.bar.retain(|bar| rows.iter().any(|row| row.id == bar.id));
        self
    }

    /// The bars of one evaluation.
    pub fn of<'a>(&'a self, evaluation: &'a str) -> impl Iterator<Item = &'a Bar> + 'a {
        self.bar.iter().filter(move |bar| bar.evaluation == evaluation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BAR: &str = "[[bar]]\nevaluation = \"e\"\nid = \"a\"\nmeasure = \"m\"\nbar = \"b\"\n\
        comparison = \"at-most\"\nnumber = 3.0\nscale = \"s\"\nseed = 1\n";

    #[test]
    fn a_file_is_whole_or_refused() {
        assert_eq!(Bars::read(BAR).unwrap().of("e").count(), 1);
        assert!(matches!(Bars::read(&BAR.repeat(2)), Err(InvalidBars::Twice { .. })));
        for bad in ["number = 3.0\n", "seed = 1\n"] {
            assert!(Bars::read(&BAR.replace(bad, "")).is_err(), "{bad}");
        }
        assert!(Bars::read(&BAR.replace("at-most", "stated")).is_err());
    }
}
