//! XARF: fields of the reports of the category `content` that tell of intruders.

use super::super::schema::Kind::{Flag, List, Listed, Number, OneOf, Open, Shaped};
use super::super::schema::{ANY, Field, NATURAL, PORT, Shape, WHOLE, may, must, should};

/// Of `content/malware`.
pub(super) const MALWARE: &[Field] = &[
    should("malware_family", ANY),
    should(
        "malware_type",
        OneOf(&[
            "trojan",
            "ransomware",
            "dropper",
            "loader",
            "backdoor",
            "rootkit",
            "infostealer",
            "banking_trojan",
            "cryptominer",
            "adware",
            "spyware",
            "worm",
            "bot",
            "rat",
            "other",
        ]),
    ),
    should(
        "file_hashes",
        Open(&[
            may("md5", Shaped(Shape::Hex32)),
            may("sha1", Shaped(Shape::Hex40)),
            may("sha256", Shaped(Shape::Hex64)),
            may("ssdeep", ANY),
        ]),
    ),
    may(
        "file_metadata",
        Open(&[
            may("filename", ANY),
            may("file_size", NATURAL),
            may("file_type", ANY),
            may("mime_type", ANY),
        ]),
    ),
    should(
        "distribution_method",
        OneOf(&[
            "direct_download",
            "drive_by_download",
            "email_attachment",
            "malvertising",
            "exploit_kit",
            "watering_hole",
            "supply_chain",
            "social_engineering",
            "other",
        ]),
    ),
    may(
        "c2_servers",
        List(&Open(&[
            may("address", ANY),
            may("port", PORT),
            may("protocol", OneOf(&["http", "https", "tcp", "udp", "dns", "other"])),
        ])),
    ),
    may(
        "sandbox_analysis",
        Open(&[
            may("sandbox_name", ANY),
            may("analysis_url", Shaped(Shape::Uri)),
            may("verdict", OneOf(&["malicious", "suspicious", "clean", "unknown"])),
            may("score", Number { least: 0, most: 100 }),
        ]),
    ),
    may("exploit_cve", List(&Shaped(Shape::CveLong))),
    may(
        "persistence_mechanism",
        List(&OneOf(&[
            "registry",
            "scheduled_task",
            "service",
            "startup_folder",
            "dll_hijacking",
            "wmi",
            "other",
        ])),
    ),
    may(
        "targeted_platforms",
        List(&OneOf(&["windows", "linux", "macos", "android", "ios", "multi_platform"])),
    ),
];

/// Of `content/phishing`.
pub(super) const PHISHING: &[Field] = &[
    should("credential_fields", List(&ANY)),
    may("phishing_kit", ANY),
    may("redirect_chain", List(&Shaped(Shape::Uri))),
    should("submission_url", Shaped(Shape::Uri)),
    should("cloned_site", Shaped(Shape::Uri)),
    may(
        "detection_evasion",
        List(&OneOf(&[
            "geo_blocking",
            "user_agent_filtering",
            "referrer_checking",
            "captcha",
            "time_based_display",
            "ip_blacklisting",
            "obfuscation",
            "other",
        ])),
    ),
    should(
        "lure_type",
        OneOf(&[
            "account_suspension",
            "security_alert",
            "payment_issue",
            "prize_notification",
            "document_share",
            "password_reset",
            "shipping_notification",
            "tax_refund",
            "other",
        ]),
    ),
];

/// Of `content/remote_compromise`.
pub(super) const REMOTE_COMPROMISE: &[Field] = &[
    must(
        "compromise_type",
        OneOf(&[
            "webshell",
            "backdoor",
            "defacement",
            "malicious_redirect",
            "seo_spam",
            "cryptominer",
            "phishing_kit",
            "malware_host",
            "c2_server",
            "proxy",
            "scanner",
            "other",
        ]),
    ),
    should(
        "compromise_indicators",
        List(&Open(&[
            must(
                "type",
                OneOf(&[
                    "file_path",
                    "process",
                    "network_connection",
                    "user_account",
                    "scheduled_task",
                    "registry_key",
                    "service",
                ]),
            ),
            must("value", ANY),
            may("description", ANY),
        ])),
    ),
    should(
        "webshell_details",
        Open(&[
            may("family", ANY),
            may(
                "capabilities",
                List(&OneOf(&[
                    "file_manager",
                    "command_execution",
                    "database_access",
                    "network_scanning",
                    "privilege_escalation",
                    "persistence",
                    "other",
                ])),
            ),
            may("password_protected", Flag),
        ]),
    ),
    should(
        "affected_cms",
        OneOf(&[
            "wordpress",
            "joomla",
            "drupal",
            "magento",
            "prestashop",
            "opencart",
            "custom",
            "unknown",
            "other",
        ]),
    ),
    may(
        "vulnerability_exploited",
        Open(&[may("cve", Shaped(Shape::CveLong)), may("description", ANY), may("component", ANY)]),
    ),
    should(
        "persistence_mechanisms",
        List(&OneOf(&[
            "cron_job",
            "modified_core_files",
            "hidden_admin_account",
            "autoload_backdoor",
            "htaccess_modification",
            "database_backdoor",
            "other",
        ])),
    ),
    should(
        "malicious_activities",
        List(&OneOf(&[
            "spam_sending",
            "ddos_attacks",
            "cryptocurrency_mining",
            "data_exfiltration",
            "lateral_movement",
            "hosting_malware",
            "hosting_phishing",
            "scanning",
            "other",
        ])),
    ),
    may(
        "cleanup_status",
        OneOf(&["not_cleaned", "partially_cleaned", "cleaned", "reinfected", "unknown"]),
    ),
];

/// Of `content/suspicious_registration`.
pub(super) const SUSPICIOUS_REGISTRATION: &[Field] = &[
    must("registration_date", Shaped(Shape::Moment)),
    should("days_since_registration", NATURAL),
    must(
        "suspicious_indicators",
        Listed {
            of: &OneOf(&[
                "typosquatting",
                "homograph_attack",
                "brand_keyword",
                "suspicious_tld",
                "bulk_registration",
                "privacy_protection",
                "suspicious_registrant",
                "fast_flux",
                "dga_pattern",
                "known_bad_nameserver",
                "suspicious_ssl_cert",
                "immediate_activation",
                "parked_page",
                "other",
            ]),
            least: 1,
            most: usize::MAX,
            once: false,
        },
    ),
    should("risk_score", Number { least: 0, most: 1 }),
    should("targeted_brands", List(&ANY)),
    should(
        "registrant_details",
        Open(&[
            may("email_domain", ANY),
            may("country", Shaped(Shape::Capitals2)),
            may("privacy_protected", Flag),
            may("bulk_registrations", WHOLE),
        ]),
    ),
    may(
        "related_domains",
        Listed {
            of: &Open(&[
                may("domain", ANY),
                may(
                    "relationship",
                    OneOf(&[
                        "same_registrant",
                        "same_nameserver",
                        "same_ip",
                        "same_ssl_cert",
                        "similar_pattern",
                        "same_campaign",
                    ]),
                ),
            ]),
            least: 0,
            most: 20,
            once: false,
        },
    ),
    should(
        "predicted_usage",
        List(&OneOf(&[
            "phishing",
            "malware",
            "spam",
            "fraud",
            "brand_abuse",
            "botnet_c2",
            "unknown",
        ])),
    ),
    may(
        "ssl_certificate_details",
        Open(&[
            may("issued_immediately", Flag),
            may("free_certificate", Flag),
            may("wildcard", Flag),
        ]),
    ),
    may(
        "activation_behavior",
        Open(&[
            may("time_to_activation", WHOLE),
            may(
                "initial_content",
                OneOf(&[
                    "parked",
                    "under_construction",
                    "immediate_malicious",
                    "cloned_site",
                    "blank",
                    "other",
                ]),
            ),
        ]),
    ),
];
