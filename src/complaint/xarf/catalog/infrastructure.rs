//! XARF: fields of the reports of the category `infrastructure`.

use super::super::schema::Kind::{List, OneOf, Text};
use super::super::schema::{ANY, Field, must, should};

/// Of `infrastructure/botnet`.
pub(super) const BOTNET: &[Field] = &[
    should("malware_family", Text(200)),
    should("c2_server", ANY),
    should("c2_protocol", OneOf(&["http", "https", "tcp", "udp", "dns", "irc", "p2p", "custom"])),
    should(
        "bot_capabilities",
        List(&OneOf(&[
            "ddos",
            "spam",
            "proxy",
            "keylogger",
            "file_download",
            "remote_shell",
            "cryptocurrency_mining",
            "data_theft",
        ])),
    ),
    must("compromise_evidence", ANY),
];

/// Of `infrastructure/compromised_server`.
pub(super) const COMPROMISED_SERVER: &[Field] = &[must("compromise_method", ANY)];
