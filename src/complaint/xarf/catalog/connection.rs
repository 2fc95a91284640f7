//! XARF: fields of the reports of the category `connection`.

use super::super::schema::Kind::{Flag, List, Number, OneOf, Shaped, Text};
use super::super::schema::{ANY, COUNT, Field, NUMBER, PORT, Shape, WHOLE, may, must, should};

/// Of `connection/ddos`.
pub(super) const DDOS: &[Field] = &[
    should(
        "evidence_source",
        OneOf(&[
            "firewall_logs",
            "ids_detection",
            "flow_analysis",
            "traffic_monitoring",
            "honeypot",
        ]),
    ),
    should("destination_ip", Shaped(Shape::Address)),
    should("destination_port", PORT),
    must("protocol", OneOf(&["tcp", "udp", "icmp", "sctp"])),
    should("attack_vector", ANY),
    should("peak_pps", COUNT),
    should("peak_bps", COUNT),
    may("duration_seconds", COUNT),
    may("amplification_factor", Number { least: 1, most: i64::MAX }),
    must("first_seen", Shaped(Shape::Moment)),
    may("last_seen", Shaped(Shape::Moment)),
    may("threshold_exceeded", Shaped(Shape::Moment)),
    may("mitigation_applied", Flag),
    may("service_impact", OneOf(&["none", "degraded", "unavailable"])),
];

/// Of `connection/infected_host`.
pub(super) const INFECTED_HOST: &[Field] = &[
    should("destination_ip", Shaped(Shape::Address)),
    should("destination_port", PORT),
    must("protocol", OneOf(&["tcp", "udp"])),
    must(
        "bot_type",
        OneOf(&[
            "search_engine",
            "ai_agent",
            "monitoring",
            "seo_analyzer",
            "link_checker",
            "feed_reader",
            "social_media",
            "advertising",
            "malicious",
            "unknown",
        ]),
    ),
    should("bot_name", ANY),
    should("user_agent", ANY),
    should(
        "behavior_pattern",
        OneOf(&[
            "legitimate_crawling",
            "aggressive_crawling",
            "api_abuse",
            "form_submission",
            "comment_spam",
            "account_creation",
            "content_harvesting",
            "vulnerability_probing",
            "mixed",
        ]),
    ),
    may("request_rate", NUMBER),
    may("total_requests", COUNT),
    may("respects_robots_txt", Flag),
    may("follows_crawl_delay", Flag),
    may("javascript_execution", Flag),
    may("accepts_cookies", Flag),
    may("api_endpoints_accessed", List(&ANY)),
    should("verification_status", OneOf(&["verified", "unverified", "spoofed", "unknown"])),
    must("first_seen", Shaped(Shape::Moment)),
    may("last_seen", Shaped(Shape::Moment)),
];

/// Of `connection/login_attack`.
pub(super) const LOGIN_ATTACK: &[Field] = &[
    should("destination_ip", Shaped(Shape::Address)),
    should("destination_port", PORT),
    must("protocol", OneOf(&["tcp", "udp", "icmp", "sctp"])),
    must("first_seen", Shaped(Shape::Moment)),
    may("last_seen", Shaped(Shape::Moment)),
];

/// Of `connection/port_scan`.
pub(super) const PORT_SCAN: &[Field] = &[
    should("destination_ip", Shaped(Shape::Address)),
    should("destination_port", PORT),
    must("protocol", OneOf(&["tcp", "udp", "icmp", "sctp"])),
    must("first_seen", Shaped(Shape::Moment)),
    may("last_seen", Shaped(Shape::Moment)),
];

/// Of `connection/reconnaissance`.
pub(super) const RECONNAISSANCE: &[Field] = &[
    should("destination_ip", Shaped(Shape::Address)),
    should("destination_port", PORT),
    must("protocol", OneOf(&["tcp", "udp"])),
    must("probed_resources", List(&ANY)),
    should(
        "resource_categories",
        List(&OneOf(&[
            "environment_files",
            "version_control",
            "configuration_files",
            "backup_files",
            "admin_panels",
            "database_files",
            "log_files",
            "credential_files",
            "api_endpoints",
            "debug_endpoints",
            "other",
        ])),
    ),
    may(
        "http_methods",
        List(&OneOf(&["GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE", "CONNECT"])),
    ),
    may("response_codes", List(&WHOLE)),
    should("successful_probes", List(&ANY)),
    may("user_agent", ANY),
    must("first_seen", Shaped(Shape::Moment)),
    may("last_seen", Shaped(Shape::Moment)),
    may("total_probes", COUNT),
    may("automated_tool", Flag),
];

/// Of `connection/scraping`.
pub(super) const SCRAPING: &[Field] = &[
    should("destination_ip", Shaped(Shape::Address)),
    should("destination_port", PORT),
    must("protocol", OneOf(&["tcp", "udp"])),
    should(
        "scraping_pattern",
        OneOf(&[
            "sequential",
            "random",
            "targeted",
            "sitemap_following",
            "api_harvesting",
            "deep_crawling",
            "breadth_first",
            "depth_first",
        ]),
    ),
    should(
        "target_content",
        OneOf(&[
            "product_data",
            "pricing_information",
            "user_profiles",
            "contact_information",
            "news_articles",
            "images",
            "documents",
            "api_data",
            "search_results",
            "general_content",
            "other",
        ]),
    ),
    should("user_agent", ANY),
    may("bot_signature", ANY),
    may("request_rate", NUMBER),
    must("total_requests", COUNT),
    may("unique_urls", COUNT),
    may("data_volume", WHOLE),
    may("respects_robots_txt", Flag),
    may("session_duration", WHOLE),
    may("concurrent_connections", WHOLE),
    must("first_seen", Shaped(Shape::Moment)),
    may("last_seen", Shaped(Shape::Moment)),
];

/// Of `connection/sql_injection`.
pub(super) const SQL_INJECTION: &[Field] = &[
    should("destination_ip", Shaped(Shape::Address)),
    should("destination_port", PORT),
    must("protocol", OneOf(&["tcp", "udp"])),
    should("http_method", OneOf(&["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])),
    should("target_url", Shaped(Shape::Uri)),
    should(
        "injection_point",
        OneOf(&["query_parameter", "post_body", "cookie", "header", "path", "json_parameter"]),
    ),
    may("payload_sample", Text(1000)),
    should(
        "attack_technique",
        OneOf(&[
            "union_based",
            "error_based",
            "boolean_blind",
            "time_blind",
            "stacked_queries",
            "out_of_band",
            "second_order",
            "other",
        ]),
    ),
    must("first_seen", Shaped(Shape::Moment)),
    may("last_seen", Shaped(Shape::Moment)),
    may("attempts_count", COUNT),
];

/// Of `connection/vulnerability_scan`.
pub(super) const VULNERABILITY_SCAN: &[Field] = &[
    should("destination_ip", Shaped(Shape::Address)),
    must(
        "scan_type",
        OneOf(&[
            "port_scan",
            "vulnerability_scan",
            "version_detection",
            "os_fingerprinting",
            "service_enumeration",
            "web_vuln_scan",
            "directory_brute_force",
            "mixed",
        ]),
    ),
    should("scanner_signature", ANY),
    should("targeted_ports", List(&PORT)),
    may("targeted_services", List(&ANY)),
    may("vulnerabilities_probed", List(&ANY)),
    may("scan_rate", NUMBER),
    must("protocol", OneOf(&["tcp", "udp", "icmp", "mixed"])),
    must("first_seen", Shaped(Shape::Moment)),
    may("last_seen", Shaped(Shape::Moment)),
    may("total_requests", COUNT),
    may("user_agent", ANY),
];
