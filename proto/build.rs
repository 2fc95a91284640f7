//! Compiles the contract in `proto/` without protoc: protox parses, tonic-prost-build generates the
//! messages and services, pbjson-build their proto3 JSON, and the descriptor set feeds reflection.

use std::path::{Path, PathBuf};

use prost::Message;

const FILES: [&str; 25] = [
    "envoy/config/core/v3/base.proto",
    "envoy/extensions/common/ratelimit/v3/ratelimit.proto",
    "envoy/service/ratelimit/v3/rls.proto",
    "faxguard/desk/v1/case.proto",
    "faxguard/desk/v1/measure.proto",
    "faxguard/error/v1/reason.proto",
    "faxguard/notice/v1/notice.proto",
    "faxguard/operator/v1/campaign.proto",
    "faxguard/operator/v1/decision.proto",
    "faxguard/operator/v1/directory.proto",
    "faxguard/operator/v1/held_fax.proto",
    "faxguard/operator/v1/limit.proto",
    "faxguard/operator/v1/limit_tuning.proto",
    "faxguard/operator/v1/list_entry.proto",
    "faxguard/operator/v1/policy.proto",
    "faxguard/replay/v1/event.proto",
    "faxguard/report/v1/appeal.proto",
    "faxguard/report/v1/complaint.proto",
    "faxguard/report/v1/report.proto",
    "faxguard/screening/v1/charge.proto",
    "faxguard/screening/v1/fingerprint.proto",
    "faxguard/screening/v1/reading.proto",
    "faxguard/screening/v1/screening.proto",
    "faxguard/screening/v1/stage.proto",
    "faxguard/screening/v1/verdict.proto",
];

/// Messages of which nothing may get into a log: a page, what pages are recognised by, the keys to it, and what somebody
/// complains of.
const UNPRINTABLE: [&str; 8] = [
    "faxguard.screening.v1.FingerprintFaxRequest",
    "faxguard.screening.v1.PageFingerprint",
    "faxguard.screening.v1.Fingerprint",
    "faxguard.screening.v1.FingerprintMark",
    "faxguard.screening.v1.FingerprintKey",
    "faxguard.report.v1.FileComplaintRequest",
    "faxguard.report.v1.ImportComplaintsRequest",
    "faxguard.desk.v1.ExportCaseResponse",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=proto");
    println!("cargo::rerun-if-changed=.git/HEAD");
    println!("cargo::rustc-env=FAXGUARD_COMMIT={}", commit());
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    let set = protox::compile(FILES, ["proto"])?;
    let encoded = set.encode_to_vec();
    std::fs::write(out.join("descriptor.binpb"), &encoded)?;
    tonic_prost_build::configure()
        .codec_path("crate::wire::bounded::Bounded")
        .compile_well_known_types(true)
        .extern_path(".google.protobuf", "::pbjson_types")
        .skip_debug(UNPRINTABLE)
        .compile_fds(set)?;
    pbjson_build::Builder::new().register_descriptors(&encoded)?.build(&[".faxguard"])?;
    Ok(())
}

/// The commit a binary was built from, for `--version`; `unknown` outside a checkout.
fn commit() -> String {
    let read = |path: &Path| std::fs::read_to_string(path).ok();
    let head = read(Path::new(".git/HEAD")).unwrap_or_default();
    let hash = match head.trim().strip_prefix("ref: ") {
        Some(name) => read(&Path::new(".git").join(name)).unwrap_or_default(),
        None => head,
    };
    let short: String = hash.trim().chars().take(12).collect();
    if short.is_empty() { "unknown".into() } else { short }
}
