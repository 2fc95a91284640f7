//! The lab: recorded and generated traffic, made pages, evaluations, the demonstration, and file commands.

pub mod demo;
pub mod evaluate;
pub mod files;
pub mod in_process;
pub mod pages;
pub mod traffic;
pub mod xferfaxlog;
