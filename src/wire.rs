//! The generated contract and its codec, and nothing else; only the rooms at the wall may name it.
#![expect(
    missing_docs,
    unused_qualifications,
    clippy::all,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    clippy::use_self,
    clippy::too_many_lines,
    reason = "generated code"
)]

pub mod bounded;
pub mod encoded;

/// Messages that show their name alone, wherever somebody prints one: they are personal data, or keys.
macro_rules! unprintable {
    ($($message:ident)*) => {$(
        impl std::fmt::Debug for $message {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(stringify!($message))
            }
        }
    )*};
}
use unprintable;

pub mod error {
    pub mod v1 {
        include!(concat!(env!("OUT_DIR"), "/faxguard.error.v1.rs"));
        include!(concat!(env!("OUT_DIR"), "/faxguard.error.v1.serde.rs"));
    }
}
pub mod screening {
    pub mod v1 {
        include!(concat!(env!("OUT_DIR"), "/faxguard.screening.v1.rs"));
        include!(concat!(env!("OUT_DIR"), "/faxguard.screening.v1.serde.rs"));

        crate::wire::unprintable!(
            FingerprintFaxRequest PageFingerprint Fingerprint FingerprintMark FingerprintKey
        );
    }
}
pub mod report {
    pub mod v1 {
        include!(concat!(env!("OUT_DIR"), "/faxguard.report.v1.rs"));
        include!(concat!(env!("OUT_DIR"), "/faxguard.report.v1.serde.rs"));

        crate::wire::unprintable!(FileComplaintRequest ImportComplaintsRequest);
    }
}
pub mod desk {
    pub mod v1 {
        include!(concat!(env!("OUT_DIR"), "/faxguard.desk.v1.rs"));
        include!(concat!(env!("OUT_DIR"), "/faxguard.desk.v1.serde.rs"));

        crate::wire::unprintable!(ExportCaseResponse);
    }
}
pub mod notice {
    pub mod v1 {
        include!(concat!(env!("OUT_DIR"), "/faxguard.notice.v1.rs"));
        include!(concat!(env!("OUT_DIR"), "/faxguard.notice.v1.serde.rs"));
    }
}
pub mod operator {
    pub mod v1 {
        include!(concat!(env!("OUT_DIR"), "/faxguard.operator.v1.rs"));
        include!(concat!(env!("OUT_DIR"), "/faxguard.operator.v1.serde.rs"));
    }
}
pub mod replay {
    pub mod v1 {
        include!(concat!(env!("OUT_DIR"), "/faxguard.replay.v1.rs"));
        include!(concat!(env!("OUT_DIR"), "/faxguard.replay.v1.serde.rs"));
    }
}
pub mod envoy {
    pub mod config {
        pub mod core {
            pub mod v3 {
                include!(concat!(env!("OUT_DIR"), "/envoy.config.core.v3.rs"));
            }
        }
    }
    pub mod extensions {
        pub mod common {
            pub mod ratelimit {
                pub mod v3 {
                    include!(concat!(env!("OUT_DIR"), "/envoy.extensions.common.ratelimit.v3.rs"));
                }
            }
        }
    }
    pub mod service {
        pub mod ratelimit {
            pub mod v3 {
                include!(concat!(env!("OUT_DIR"), "/envoy.service.ratelimit.v3.rs"));
            }
        }
    }
}

/// The descriptor set of the whole contract, for reflection and for the tests that hold it.
pub const DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptor.binpb"));
