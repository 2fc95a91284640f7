//! A sound sample of each of the 32 pairs, with required and optional fields.

use serde_json::{Value, json};

use super::report;

const AT: &str = "2026-03-01T14:30:25Z";

/// Category, type, and a sound report.
pub(super) fn all() -> Vec<(String, Value)> {
    let mut all = network();
    all.extend(sites());
    all.extend(works());
    all.extend(others());
    all
}

fn made(category: &str, kind: &str, more: Value) -> (String, Value) {
    (format!("{category}/{kind}"), report(category, kind, more))
}

fn network() -> Vec<(String, Value)> {
    let one = |kind: &str, more: Value| {
        let mut fields =
            json!({"protocol": "tcp", "first_seen": AT, "destination_ip": "2001:db8::1"});
        super::merge(&mut fields, more);
        made("connection", kind, fields)
    };
    vec![
        one("login_attack", json!({"source_port": 4711, "destination_port": 22})),
        one("port_scan", json!({"source_port": 4711, "last_seen": AT})),
        one(
            "ddos",
            json!({"source_port": 53, "protocol": "udp", "amplification_factor": 12.5,
                "service_impact": "degraded", "evidence_source": "flow_analysis"}),
        ),
        one("infected_host", json!({"bot_type": "malicious", "request_rate": 3.5})),
        one(
            "reconnaissance",
            json!({"probed_resources": ["/.env"], "http_methods": ["GET"], "response_codes": [404]}),
        ),
        one("scraping", json!({"total_requests": 10_000, "respects_robots_txt": false})),
        one("sql_injection", json!({"attack_technique": "time_blind", "attempts_count": 3})),
        one(
            "vulnerability_scan",
            json!({"scan_type": "port_scan", "protocol": "mixed", "targeted_ports": [22, 443]}),
        ),
    ]
}

fn sites() -> Vec<(String, Value)> {
    let one = |kind: &str, more: Value| {
        let mut fields = json!({
            "url": "https://bad.example.com/x", "domain": "bad.example.com", "asn": 64_496,
            "country_code": "SE", "verification_method": "manual",
            "whois": {"registrant": "nobody", "created_date": AT},
        });
        super::merge(&mut fields, more);
        made("content", kind, fields)
    };
    let md5 = "d41d8cd98f00b204e9800998ecf8427e";
    vec![
        one("phishing", json!({"redirect_chain": ["https://a.example/"], "lure_type": "other"})),
        one("malware", json!({"file_hashes": {"md5": md5}, "exploit_cve": ["CVE-2021-44228"]})),
        one("csam", json!({"classification": "A1", "detection_method": "hash_match"})),
        one("csem", json!({"exploitation_type": "grooming", "detection_method": "user_report"})),
        one("exposed_data", json!({"data_types": ["medical"], "exposure_method": "paste_site"})),
        one(
            "brand_infringement",
            json!({"infringement_type": "lookalike", "legitimate_site": "https://good.example/"}),
        ),
        one(
            "fraud",
            json!({"fraud_type": "advance_fee", "loss_amount": {"currency": "USD", "amount": 12}}),
        ),
        one("remote_compromise", json!({"compromise_type": "webshell"})),
        one(
            "suspicious_registration",
            json!({"registration_date": AT, "suspicious_indicators": ["fast_flux"]}),
        ),
    ]
}

fn works() -> Vec<(String, Value)> {
    let one = |kind: &str, more: Value| {
        let mut fields = json!({"work_title": "A song", "rights_holder": "A singer"});
        super::merge(&mut fields, more);
        made("copyright", kind, fields)
    };
    let url = "https://share.example/f/1";
    vec![
        one("copyright", json!({"infringing_url": url, "infringement_type": "download"})),
        one(
            "p2p",
            json!({"p2p_protocol": "bittorrent", "release_date": "2026-02-28",
                "swarm_info": {"info_hash": "0123456789abcdef0123456789abcdef01234567"}}),
        ),
        one("cyberlocker", json!({"infringing_url": url, "hosting_service": "Share"})),
        one("ugc_platform", json!({"infringing_url": url, "platform_name": "Films"})),
        one(
            "link_site",
            json!({"infringing_url": url, "site_name": "Links",
                "linked_content": [{"target_url": url, "link_type": "other"}]}),
        ),
        one(
            "usenet",
            json!({"newsgroup": "alt.binaries", "message_info": {"message_id": "<1@x>"}}),
        ),
    ]
}

fn others() -> Vec<(String, Value)> {
    vec![
        made(
            "messaging",
            "spam",
            json!({"protocol": "smtp", "smtp_from": "a@b.example",
            "source_port": 25, "language": "en-US", "spam_indicators": {"commercial_content": true}}),
        ),
        made("messaging", "bulk_messaging", json!({"protocol": "sms", "recipient_count": 100})),
        made(
            "vulnerability",
            "cve",
            json!({"service": "web", "service_port": 443,
            "cve_id": "CVE-2021-1", "cvss_vector": "CVSS:3.1/AV:N", "cvss_score": 9}),
        ),
        made("vulnerability", "open_service", json!({"service": "memcached"})),
        made("vulnerability", "misconfiguration", json!({"service": "bucket"})),
        made("reputation", "blocklist", json!({"threat_type": "junk fax", "confidence": 1})),
        made("reputation", "threat_intelligence", json!({"threat_type": "campaign"})),
        made(
            "infrastructure",
            "botnet",
            json!({"compromise_evidence": "beacons seen",
            "bot_capabilities": ["proxy"]}),
        ),
        made("infrastructure", "compromised_server", json!({"compromise_method": "password"})),
    ]
}
