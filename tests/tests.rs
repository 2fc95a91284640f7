//! The one integration binary.

mod architecture;
mod callers;
mod campaigns;
mod canary;
mod cases;
mod command_line;
mod contract;
mod documents;
mod engine;
mod exchange;
mod faults;
mod golden;
mod grpc;
mod health;
mod http2;
mod node;
mod pages;
mod report_flow;
mod report_web;
mod resident;
mod restart;
mod store_suite;
mod support;
mod traces;
