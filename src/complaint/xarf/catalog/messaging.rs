//! XARF: fields of the reports of the category `messaging`.

use super::super::schema::Kind::{Closed, Flag, List, OneOf, Shaped, Text, Whole};
use super::super::schema::{COUNT, Field, Shape, may, must, should};

/// Of `messaging/bulk_messaging`.
pub(super) const BULK_MESSAGING: &[Field] = &[
    should(
        "evidence_source",
        OneOf(&["user_complaint", "automated_filter", "reputation_feed", "volume_analysis"]),
    ),
    must(
        "protocol",
        OneOf(&[
            "smtp",
            "sms",
            "whatsapp",
            "telegram",
            "social_media",
            "push_notification",
            "other",
        ]),
    ),
    may("smtp_from", Shaped(Shape::Email)),
    should("subject", Text(500)),
    may("sender_name", Text(200)),
    must("recipient_count", Whole { least: 100, most: i64::MAX }),
    should("unsubscribe_provided", Flag),
    may("opt_in_evidence", Flag),
    may(
        "bulk_indicators",
        Closed(&[
            may("high_volume", Flag),
            may("template_based", Flag),
            may("commercial_sender", Flag),
        ]),
    ),
];

/// Of `messaging/spam`.
pub(super) const SPAM: &[Field] = &[
    should(
        "evidence_source",
        OneOf(&[
            "spamtrap",
            "user_complaint",
            "automated_filter",
            "honeypot",
            "content_analysis",
            "reputation_feed",
        ]),
    ),
    must(
        "protocol",
        OneOf(&[
            "smtp",
            "sms",
            "whatsapp",
            "telegram",
            "signal",
            "chat",
            "social_media",
            "push_notification",
            "other",
        ]),
    ),
    may("smtp_from", Shaped(Shape::Email)),
    should("smtp_to", Shaped(Shape::Email)),
    should("subject", Text(500)),
    may("sender_name", Text(200)),
    should("message_id", Text(200)),
    may("user_agent", Text(200)),
    may("recipient_count", COUNT),
    may("language", Shaped(Shape::Language)),
    may(
        "spam_indicators",
        Closed(&[
            may("suspicious_links", List(&Shaped(Shape::Uri))),
            may("commercial_content", Flag),
            may("bulk_characteristics", Flag),
        ]),
    ),
];
