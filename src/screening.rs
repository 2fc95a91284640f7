//! Screening: request, features, signals, score, verdict.

pub mod features;
pub mod signals;
