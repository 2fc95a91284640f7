//! Weights, thresholds and quotas: read, checked once with every fault shown at once, then immutable and numbered.
//!
//! text → [`Settings`] → [`check()`] → [`Policy`] → [`Generation`]

mod build;
mod check;
mod descriptor;
mod door;
mod example;
mod fault;
mod generation;
mod ladder;
mod leaf;
mod names;
mod plans;
mod quota;
mod read;
mod rules;
mod section;
pub mod settings;

pub use check::{COMPOSITES_MAX, WEIGHT_MAX, check, load};
pub use descriptor::{DESCRIPTORS_MAX, DescriptorRule, ENTRIES_MAX, find};
pub use example::example;
pub use fault::{FAULTS_MAX, Fault};
pub use generation::{Edit, Generation, Generations, Refused};
pub use leaf::{LogLevel, Size, Weight};
pub use quota::{InvalidQuota, Quota};
pub use read::{decode, parse, read_settings, read_text};
pub use rules::{
    BudgetRules, Calibration, Composite, DeskRules, FingerprintRules, Group, InboundRules,
    LadderStep, MEASURES, OutboundRules, Policy, RedressRules, ReportRules, ReputationRules,
    SIGNALS_MAX, ShareRules, SignalSet, SignalSpec,
};
pub use settings::Settings;
