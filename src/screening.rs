//! Screening: request, features, signals, score, verdict.

pub mod decide;
pub mod score;
pub mod signals;
