//! The nouns of facsimile: numbers, idents, sessions and the ids that stand for them.

pub mod hours;
pub mod id;
pub mod ident;
pub mod number;
pub mod numbering;
pub mod stage;
