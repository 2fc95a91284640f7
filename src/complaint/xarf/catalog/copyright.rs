//! XARF: fields of the reports of the category `copyright`.

use super::super::schema::Kind::{Closed, Flag, Listed, Number, OneOf, Shaped, Text};
use super::super::schema::{ANY, COUNT, Field, NATURAL, Shape, may, must, should};

/// Of `copyright/copyright`.
pub(super) const COPYRIGHT: &[Field] = &[
    must("infringing_url", Shaped(Shape::Uri)),
    should("work_title", Text(500)),
    should("rights_holder", Text(200)),
    may("original_url", Shaped(Shape::Uri)),
    should(
        "infringement_type",
        OneOf(&["direct_copy", "modified_copy", "streaming", "download", "distribution"]),
    ),
];

/// Of `copyright/cyberlocker`.
pub(super) const CYBERLOCKER: &[Field] = &[
    should(
        "evidence_source",
        OneOf(&[
            "automated_crawl",
            "manual_discovery",
            "user_report",
            "rights_holder",
            "search_engine",
        ]),
    ),
    must("infringing_url", Shaped(Shape::Uri)),
    must("hosting_service", Text(200)),
    should(
        "file_info",
        Closed(&[
            may("filename", Text(500)),
            may("file_size", NATURAL),
            may("file_hash", Shaped(Shape::FileHash)),
            may("upload_date", Shaped(Shape::Moment)),
            may("download_count", NATURAL),
        ]),
    ),
    may(
        "uploader_info",
        Closed(&[
            may("username", Text(200)),
            may("user_id", Text(100)),
            may("account_type", OneOf(&["free", "premium", "business", "unknown"])),
        ]),
    ),
    should("work_title", Text(500)),
    should("rights_holder", Text(200)),
    should(
        "work_category",
        OneOf(&[
            "movie",
            "tv_show",
            "music",
            "software",
            "ebook",
            "audiobook",
            "game",
            "document",
            "other",
        ]),
    ),
    may(
        "access_method",
        OneOf(&[
            "direct_link",
            "password_protected",
            "premium_only",
            "time_limited",
            "captcha_protected",
        ]),
    ),
    may(
        "takedown_info",
        Closed(&[
            may("previous_requests", NATURAL),
            may("service_response_time", ANY),
            may("automated_removal", Flag),
        ]),
    ),
];

/// Of `copyright/link_site`.
pub(super) const LINK_SITE: &[Field] = &[
    should(
        "evidence_source",
        OneOf(&[
            "automated_crawl",
            "manual_monitoring",
            "user_report",
            "rights_holder",
            "search_monitoring",
        ]),
    ),
    must("infringing_url", Shaped(Shape::Uri)),
    must("site_name", Text(200)),
    should(
        "site_category",
        OneOf(&[
            "torrent_index",
            "direct_download_links",
            "streaming_links",
            "usenet_index",
            "search_engine",
            "forum_links",
            "other",
        ]),
    ),
    should(
        "link_info",
        Closed(&[
            may("page_title", Text(500)),
            may("posting_date", Shaped(Shape::Moment)),
            may("uploader", Text(200)),
            may("download_count", NATURAL),
            may("link_count", COUNT),
            may("comments_count", NATURAL),
        ]),
    ),
    should(
        "linked_content",
        Listed {
            of: &Closed(&[
                must("target_url", Shaped(Shape::Uri)),
                must(
                    "link_type",
                    OneOf(&[
                        "torrent_file",
                        "magnet_link",
                        "direct_download",
                        "streaming_link",
                        "usenet_nzb",
                        "other",
                    ]),
                ),
                may("hosting_service", Text(200)),
                may("file_size", NATURAL),
            ]),
            least: 0,
            most: 50,
            once: false,
        },
    ),
    should("work_title", Text(500)),
    should("rights_holder", Text(200)),
    should(
        "work_category",
        OneOf(&[
            "movie",
            "tv_show",
            "music",
            "software",
            "ebook",
            "audiobook",
            "game",
            "adult_content",
            "other",
        ]),
    ),
    may("search_terms", Listed { of: &Text(200), least: 0, most: 10, once: false }),
    may(
        "site_ranking",
        Closed(&[may("alexa_rank", COUNT), may("popularity_score", Number { least: 0, most: 10 })]),
    ),
];

/// Of `copyright/p2p`.
pub(super) const P2P: &[Field] = &[
    should(
        "evidence_source",
        OneOf(&[
            "automated_crawl",
            "manual_monitoring",
            "user_report",
            "rights_holder",
            "watermark_detection",
        ]),
    ),
    must("p2p_protocol", OneOf(&["bittorrent", "edonkey", "gnutella", "kademlia", "other"])),
    should(
        "swarm_info",
        Closed(&[
            may("info_hash", Shaped(Shape::Hex40)),
            may("magnet_uri", Shaped(Shape::Magnet)),
            may("torrent_name", Text(500)),
            may("file_count", COUNT),
            may("total_size", NATURAL),
        ]),
    ),
    may(
        "peer_info",
        Closed(&[
            may("peer_id", Text(100)),
            may("client_version", Text(100)),
            may("upload_amount", NATURAL),
            may("download_amount", NATURAL),
        ]),
    ),
    should("work_title", Text(500)),
    should("rights_holder", Text(200)),
    should(
        "work_category",
        OneOf(&["movie", "tv_show", "music", "software", "ebook", "audiobook", "game", "other"]),
    ),
    may("release_date", Shaped(Shape::Day)),
    may(
        "detection_method",
        OneOf(&["automated_crawl", "fingerprinting", "metadata_match", "manual_verification"]),
    ),
];

/// Of `copyright/ugc_platform`.
pub(super) const UGC_PLATFORM: &[Field] = &[
    should(
        "evidence_source",
        OneOf(&[
            "automated_detection",
            "user_report",
            "rights_holder",
            "content_id_match",
            "fingerprint_match",
            "manual_review",
        ]),
    ),
    must("infringing_url", Shaped(Shape::Uri)),
    must("platform_name", Text(200)),
    should(
        "content_info",
        Closed(&[
            may("content_id", Text(200)),
            may("content_title", Text(500)),
            may("content_description", Text(2000)),
            may("upload_date", Shaped(Shape::Moment)),
            may("content_duration", NATURAL),
            may("view_count", NATURAL),
            may("like_count", NATURAL),
        ]),
    ),
    should(
        "uploader_info",
        Closed(&[
            may("username", Text(200)),
            may("user_id", Text(100)),
            may("account_verified", Flag),
            may("subscriber_count", NATURAL),
            may("account_creation_date", Shaped(Shape::Moment)),
        ]),
    ),
    should("work_title", Text(500)),
    should("rights_holder", Text(200)),
    should(
        "work_category",
        OneOf(&[
            "movie",
            "tv_show",
            "music",
            "music_video",
            "audiobook",
            "podcast",
            "live_performance",
            "sports_event",
            "documentary",
            "other",
        ]),
    ),
    should(
        "infringement_type",
        OneOf(&[
            "full_work",
            "substantial_portion",
            "compilation",
            "remix_unauthorized",
            "background_music",
            "clip_mashup",
        ]),
    ),
    should(
        "match_details",
        Closed(&[
            may("match_confidence", Number { least: 0, most: 1 }),
            may("match_duration", NATURAL),
            may("match_percentage", Number { least: 0, most: 100 }),
            may("reference_id", Text(200)),
        ]),
    ),
    may(
        "monetization_info",
        Closed(&[may("monetized", Flag), may("ad_revenue", Flag), may("premium_content", Flag)]),
    ),
];

/// Of `copyright/usenet`.
pub(super) const USENET: &[Field] = &[
    should(
        "evidence_source",
        OneOf(&[
            "automated_monitoring",
            "newsgroup_crawl",
            "user_report",
            "rights_holder",
            "nzb_index_monitoring",
        ]),
    ),
    must("newsgroup", Text(200)),
    should(
        "message_info",
        Closed(&[
            may("message_id", Text(500)),
            may("subject", Text(500)),
            may("from_header", Text(200)),
            may("posting_date", Shaped(Shape::Moment)),
            may("part_number", COUNT),
            may("total_parts", COUNT),
            may("file_size", NATURAL),
        ]),
    ),
    may(
        "nzb_info",
        Closed(&[
            may("nzb_name", Text(500)),
            may("nzb_url", Shaped(Shape::Uri)),
            may("indexer_site", Text(200)),
            may("completion_percentage", Number { least: 0, most: 100 }),
        ]),
    ),
    may(
        "server_info",
        Closed(&[
            may("nntp_server", Text(200)),
            may("server_group", Text(200)),
            may("retention_days", COUNT),
        ]),
    ),
    should("work_title", Text(500)),
    should("rights_holder", Text(200)),
    should(
        "work_category",
        OneOf(&[
            "movie",
            "tv_show",
            "music",
            "software",
            "ebook",
            "audiobook",
            "magazine",
            "game",
            "adult_content",
            "other",
        ]),
    ),
    may(
        "encoding_info",
        Closed(&[
            may("encoding_format", OneOf(&["yenc", "uuencode", "base64", "other"])),
            may("par2_recovery", Flag),
            may("rar_compression", Flag),
        ]),
    ),
    may(
        "detection_method",
        OneOf(&["subject_line_match", "header_analysis", "content_sampling", "nzb_metadata"]),
    ),
];
