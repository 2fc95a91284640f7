//! XARF: fields of the reports of the category `content`.

use super::super::schema::Kind::{Flag, List, Listed, Number, OneOf, Open, Shaped, Whole};
use super::super::schema::{ANY, Field, NATURAL, Shape, may, must, should};

/// Of every type of the category.
pub(super) const BASE: &[Field] = &[
    must("url", Shaped(Shape::Uri)),
    should("domain", Shaped(Shape::DomainName)),
    may("registrar", ANY),
    may("nameservers", List(&ANY)),
    may(
        "dns_records",
        Open(&[
            may("a", List(&Shaped(Shape::Ipv4))),
            may("aaaa", List(&Shaped(Shape::Ipv6))),
            may("mx", List(&ANY)),
            may("txt", List(&ANY)),
        ]),
    ),
    may("screenshot_url", Shaped(Shape::Uri)),
    should("verified_at", Shaped(Shape::Moment)),
    should(
        "verification_method",
        OneOf(&["manual", "automated_crawler", "user_report", "honeypot", "threat_intelligence"]),
    ),
    may(
        "attack_vector",
        OneOf(&[
            "phishing",
            "malware",
            "fraud",
            "brand_infringement",
            "copyright_infringement",
            "data_leak",
            "remote_compromise",
            "suspicious_registration",
        ]),
    ),
    should("target_brand", ANY),
    may("hosting_provider", ANY),
    may("asn", Whole { least: 1, most: 4294967295 }),
    may("country_code", Shaped(Shape::Capitals2)),
    may(
        "ssl_certificate",
        Open(&[
            may("issuer", ANY),
            may("subject", ANY),
            may("valid_from", Shaped(Shape::Moment)),
            may("valid_to", Shaped(Shape::Moment)),
            may("fingerprint", ANY),
        ]),
    ),
    may(
        "whois",
        Open(&[
            may("registrant", ANY),
            may("created_date", Shaped(Shape::Moment)),
            may("updated_date", Shaped(Shape::Moment)),
            may("expiry_date", Shaped(Shape::Moment)),
            may("registrar_abuse_contact", Shaped(Shape::Email)),
        ]),
    ),
    may(
        "dns_response",
        Open(&[
            may("query_time", Shaped(Shape::Moment)),
            may("authoritative", Flag),
            may("response_code", OneOf(&["NOERROR", "NXDOMAIN", "SERVFAIL", "REFUSED"])),
        ]),
    ),
];

/// Of `content/brand_infringement`.
pub(super) const BRAND_INFRINGEMENT: &[Field] = &[
    must(
        "infringement_type",
        OneOf(&[
            "counterfeit",
            "typosquatting",
            "lookalike",
            "homograph",
            "unauthorized_reseller",
            "trademark_violation",
            "brand_impersonation",
            "logo_misuse",
            "other",
        ]),
    ),
    must("legitimate_site", Shaped(Shape::Uri)),
    should("similarity_score", Number { least: 0, most: 1 }),
    may(
        "trademark_details",
        Open(&[
            may("registration_number", ANY),
            may("jurisdiction", ANY),
            may("category", List(&Whole { least: 1, most: 45 })),
        ]),
    ),
    should(
        "infringing_elements",
        List(&OneOf(&[
            "logo",
            "brand_name",
            "tagline",
            "color_scheme",
            "layout",
            "product_images",
            "domain_name",
            "other",
        ])),
    ),
    may("products_offered", List(&ANY)),
    may(
        "previous_enforcement",
        List(&Open(&[
            may("date", Shaped(Shape::Day)),
            may(
                "action",
                OneOf(&[
                    "cease_desist",
                    "takedown_notice",
                    "domain_dispute",
                    "legal_action",
                    "other",
                ]),
            ),
            may("result", ANY),
        ])),
    ),
];

/// Of `content/csam`.
pub(super) const CSAM: &[Field] = &[
    must("classification", OneOf(&["baseline", "A1", "A2", "B1", "B2"])),
    should("media_type", OneOf(&["image", "video", "audio", "text", "mixed"])),
    must(
        "detection_method",
        OneOf(&["hash_match", "ai_detection", "manual_review", "user_report", "automated_scan"]),
    ),
    should(
        "hash_values",
        Open(&[
            may("md5", Shaped(Shape::Hex32)),
            may("sha1", Shaped(Shape::Hex40)),
            may("sha256", Shaped(Shape::Hex64)),
            may("photodna", ANY),
        ]),
    ),
    should("ncmec_report_id", ANY),
    should("content_removed", Flag),
    may("account_suspended", Flag),
];

/// Of `content/csem`.
pub(super) const CSEM: &[Field] = &[
    must(
        "exploitation_type",
        OneOf(&[
            "grooming",
            "solicitation",
            "sextortion",
            "trafficking",
            "distribution",
            "production",
            "possession",
        ]),
    ),
    should(
        "victim_age_range",
        OneOf(&["infant", "toddler", "prepubescent", "pubescent", "unknown"]),
    ),
    should(
        "platform",
        OneOf(&[
            "social_media",
            "messaging_app",
            "gaming_platform",
            "forum",
            "email",
            "darkweb",
            "other",
        ]),
    ),
    must(
        "detection_method",
        OneOf(&[
            "behavioral_analysis",
            "keyword_detection",
            "user_report",
            "ai_detection",
            "manual_review",
            "law_enforcement_referral",
        ]),
    ),
    should(
        "evidence_type",
        List(&OneOf(&["chat_logs", "images", "videos", "user_profile", "metadata"])),
    ),
    may(
        "perpetrator_indicators",
        Open(&[
            may("account_id", ANY),
            may("ip_addresses", List(&Shaped(Shape::Ipv4))),
            may("pattern_of_behavior", ANY),
        ]),
    ),
    should(
        "reporting_obligations",
        List(&OneOf(&[
            "NCMEC",
            "IWF",
            "local_law_enforcement",
            "europol",
            "interpol",
            "platform_safety_team",
            "other",
        ])),
    ),
];

/// Of `content/exposed_data`.
pub(super) const EXPOSED_DATA: &[Field] = &[
    must(
        "data_types",
        Listed {
            of: &OneOf(&[
                "personal_information",
                "credentials",
                "financial",
                "medical",
                "government_id",
                "email_addresses",
                "phone_numbers",
                "api_keys",
                "database_dumps",
                "source_code",
                "internal_documents",
                "customer_data",
                "employee_data",
                "intellectual_property",
                "other",
            ]),
            least: 1,
            most: usize::MAX,
            once: false,
        },
    ),
    must(
        "exposure_method",
        OneOf(&[
            "misconfigured_server",
            "open_directory",
            "database_exposure",
            "git_repository",
            "backup_file",
            "log_file",
            "cloud_storage",
            "paste_site",
            "forum_post",
            "ransomware_leak",
            "intentional_leak",
            "other",
        ]),
    ),
    should("record_count", NATURAL),
    should("affected_organization", ANY),
    may(
        "data_format",
        OneOf(&["plaintext", "csv", "json", "xml", "sql", "excel", "pdf", "mixed", "other"]),
    ),
    should("sensitive_fields", List(&ANY)),
    should(
        "encryption_status",
        OneOf(&["unencrypted", "encrypted", "partially_encrypted", "hashed", "unknown"]),
    ),
    may(
        "accessibility",
        OneOf(&["public", "requires_authentication", "requires_payment", "dark_web", "removed"]),
    ),
    may(
        "discovery_source",
        OneOf(&[
            "security_researcher",
            "automated_scan",
            "breach_monitoring",
            "user_report",
            "law_enforcement",
            "threat_intelligence",
            "other",
        ]),
    ),
    may(
        "sample_records",
        Listed {
            of: &Open(&[may("description", ANY), may("redacted_sample", ANY)]),
            least: 0,
            most: 5,
            once: false,
        },
    ),
];

/// Of `content/fraud`.
pub(super) const FRAUD: &[Field] = &[
    must(
        "fraud_type",
        OneOf(&[
            "investment",
            "romance",
            "tech_support",
            "lottery",
            "advance_fee",
            "cryptocurrency",
            "shopping",
            "charity",
            "employment",
            "government_impersonation",
            "other",
        ]),
    ),
    should(
        "payment_methods",
        List(&OneOf(&[
            "credit_card",
            "bank_transfer",
            "cryptocurrency",
            "gift_cards",
            "wire_transfer",
            "paypal",
            "western_union",
            "moneygram",
            "cashapp",
            "venmo",
            "other",
        ])),
    ),
    may(
        "cryptocurrency_addresses",
        List(&Open(&[
            must("currency", OneOf(&["bitcoin", "ethereum", "usdt", "bnb", "monero", "other"])),
            must("address", ANY),
        ])),
    ),
    should("claimed_entity", ANY),
    may(
        "loss_amount",
        Open(&[
            may("currency", Shaped(Shape::Capitals3)),
            may("amount", Number { least: 0, most: i64::MAX }),
        ]),
    ),
];
