//! The services: each method converts, calls and converts back. What they share is here.

mod answers;
mod declared;
