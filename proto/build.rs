//! Compiles the contract without protoc.

fn main() {}
