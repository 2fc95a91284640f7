//! The limits of the port, by the constants that are kept and the tests that hold them.

use std::fmt::Write as _;

use faxguard::bounds;

/// A limit, its value, what is beyond it, and the test that says so.
type Limit = (&'static str, String, &'static str, &'static str);

fn kib(bytes: usize) -> String {
    format!("{} KiB", bytes / 1_024)
}

fn connections() -> Vec<Limit> {
    vec![
        (
            "connections",
            bounds::CONNECTIONS_MAX.to_string(),
            "the next takes the place of an idle one of the peer that has most, or else of its newest; closed at once where its own peer has as many as any other",
            "a_full_house_makes_room_for_who_has_less",
        ),
        (
            "connections of a peer (an IPv4 address, an IPv6 /64)",
            bounds::PEER_CONNECTIONS_MAX.to_string(),
            "closed at once",
            "silent_connections_are_dropped_and_their_places_free_again",
        ),
        (
            "connections that wait to be accepted",
            format!("{}, or what the system allows", bounds::BACKLOG),
            "the kernel answers no more of them until there is room",
            "a_burst_of_connections_waits_and_none_is_dropped",
        ),
        (
            "time for TLS and the preface",
            format!("{} ms, and up to a quarter more by the port", bounds::PREFACE_WAIT_MS),
            "closed; the place is free again",
            "silent_connections_are_dropped_and_their_places_free_again",
        ),
        (
            "time for a peer to close too, once the server has said its last",
            format!("{} ms, {} KiB", bounds::LINGER_MS, bounds::LINGER_BYTES_MAX / 1_024),
            "closed on it, which resets it; until then what it sends is dropped",
            "who_is_still_writing_reads_its_goodbye_and_no_reset",
        ),
        (
            "time without a call, of a connection",
            format!("{} s", bounds::CONNECTION_IDLE_SECONDS),
            "closed",
            "a_connection_without_a_call_is_closed_and_one_with_a_call_is_not",
        ),
        (
            "time for the answer to a ping, one on each quiet connection",
            format!("{} s, every {} s", bounds::KEEP_ALIVE_SECONDS.1, bounds::KEEP_ALIVE_SECONDS.0),
            "closed",
            "a_connection_that_answers_no_ping_is_closed",
        ),
    ]
}

fn calls() -> Vec<Limit> {
    let frame = |bytes: u32| kib(bytes as usize);
    vec![
        (
            "calls and streams open at once",
            bounds::CALLS_MAX.to_string(),
            "`OVERLOADED` (RESOURCE_EXHAUSTED) with a delay, before anything is decoded",
            "the_gate_asks_for_the_audience_and_counts_places",
        ),
        (
            "the same of a peer (a certificate's name, or else its address)",
            bounds::PEER_CALLS_MAX.to_string(),
            "the same, and no other peer is refused",
            "one_peer_cannot_hold_every_call",
        ),
        (
            "time for a message from its first byte, and for a call of one message",
            format!("{} s", bounds::MESSAGE_WAIT_MS / 1_000),
            "`MESSAGE_TOO_SLOW` (DEADLINE_EXCEEDED); between messages a stream may rest for ever",
            "what_has_begun_must_end_in_time_and_a_resting_stream_need_not",
        ),
        (
            "streams of a connection",
            bounds::CONNECTION_STREAMS_MAX.to_string(),
            "REFUSED_STREAM; the others stand",
            "one_stream_too_many_is_refused_and_no_other",
        ),
        (
            "streams reset for a fault or refused, of a connection",
            bounds::CONNECTION_RESETS_MAX.to_string(),
            "GOAWAY, ENHANCE_YOUR_CALM",
            "streams_at_fault_end_the_connection_at_the_limit",
        ),
        (
            "streams reset by the caller before they were taken up",
            bounds::CONNECTION_RESETS_MAX.to_string(),
            "GOAWAY, ENHANCE_YOUR_CALM (CVE-2023-44487)",
            "rapid_resets_end_the_connection",
        ),
        (
            "frame",
            frame(bounds::FRAME_BYTES_MAX),
            "GOAWAY, FRAME_SIZE_ERROR",
            "frames_in_the_wrong_place_end_what_they_are_in",
        ),
    ]
}

fn headers() -> Vec<Limit> {
    let list = bounds::HEADER_LIST_BYTES_MAX as usize;
    vec![
        (
            "header list",
            kib(list),
            "status 431 and a reset; the connection goes on",
            "a_header_list_beyond_its_limit_is_refused_and_the_connection_goes_on",
        ),
        (
            "header list, far beyond",
            kib(list * 4),
            "GOAWAY, ENHANCE_YOUR_CALM, the dynamic table's bombs included",
            "a_bomb_of_indexed_headers_ends_the_connection",
        ),
        (
            "CONTINUATION frames of a header list",
            "5".into(),
            "GOAWAY, ENHANCE_YOUR_CALM (CVE-2024-27316)",
            "continuations_without_end_end_the_connection",
        ),
        ("dynamic table of HPACK", kib(4_096), "GOAWAY", "broken_compression_ends_the_connection"),
        (
            "window of a stream, of a connection",
            "256 KiB, 1 MiB".into(),
            "the sender waits; more than the window is a fault",
            "settings_tell_the_limits",
        ),
        (
            "empty DATA frames of a connection that do not end a stream",
            "100".into(),
            "GOAWAY, ENHANCE_YOUR_CALM",
            "empty_and_tiny_data_ends_the_connection",
        ),
    ]
}

fn messages() -> Vec<Limit> {
    vec![
        (
            "message of the screening and report services",
            kib(bounds::SCREENING_MESSAGE_BYTES_MAX),
            "OUT_OF_RANGE as soon as its length is read",
            "broken_messages_are_answered_with_a_status",
        ),
        (
            "message of the operator services",
            kib(bounds::OPERATOR_MESSAGE_BYTES_MAX),
            "the same",
            "broken_messages_are_answered_with_a_status",
        ),
        (
            "message with a complaint",
            kib(bounds::COMPLAINT_MESSAGE_BYTES_MAX),
            "the same; the complaint itself is at most 21 MiB, and is told so by its place",
            "a_bad_complaint_is_told_whole_and_nothing_of_it_is_kept",
        ),
        (
            "bytes of messages that are not whole, of a peer",
            kib(bounds::PEER_UNFINISHED_BYTES_MAX),
            "`TOO_MUCH_UNFINISHED` (RESOURCE_EXHAUSTED) to the call that asks for more",
            "a_peer_keeps_no_more_unfinished_than_it_may",
        ),
        (
            "the same of all peers",
            kib(bounds::UNFINISHED_BYTES_MAX),
            "the same",
            "no_more_is_kept_than_there_is_room_for",
        ),
        (
            "content type",
            "application/grpc".into(),
            "status 415 of HTTP, nothing is read; `te` is not asked for",
            "odd_headers_are_answered_with_a_status",
        ),
        (
            "fields of a message, at its top",
            bounds::MESSAGE_FIELDS_MAX.to_string(),
            "INVALID_ARGUMENT before anything is decoded",
            "deep_and_wide_messages_are_answered_with_a_status",
        ),
        (
            "compression of messages",
            "none".into(),
            "UNIMPLEMENTED; nothing is inflated",
            "a_bomb_of_gzip_is_not_inflated",
        ),
        (
            "requests of a batch",
            bounds::STREAM_BATCH_MAX.to_string(),
            "`TOO_LARGE` (INVALID_ARGUMENT); the stream ends",
            "a_batch_above_its_bound_ends_the_stream",
        ),
    ]
}

/// Attacks that no count of their own ends: what each costs the service, with the attacker's end of it, as measured.
const COSTS: [(&str, &str, &str); 8] = [
    (
        "20,000 settings or pings, and 400,000 by who never reads",
        "13 MiB",
        "floods_of_settings_and_pings_are_answered_no_faster_than_they_are_read",
    ),
    ("20,000 PRIORITY frames", "3 MiB", "priorities_are_ignored"),
    (
        "a full house, 2,047 connections, and 300 peers that come after",
        "58 MiB",
        "a_full_house_makes_room_for_who_has_less",
    ),
    (
        "80,000 calls on 4 connections by who never reads",
        "24 MiB",
        "a_caller_that_never_reads_is_not_read_either",
    ),
    (
        "16 connections with a window of nothing, their own windows full",
        "31 MiB",
        "streams_behind_a_window_of_nothing_keep_no_more_than_their_windows",
    ),
    (
        "as many silent streams as there are places for calls",
        "57 MiB",
        "one_peer_cannot_hold_every_call",
    ),
    (
        "256 messages of 1 MiB on one connection, sent but for the last byte",
        "30 MiB",
        "a_peer_keeps_no_more_unfinished_than_it_may",
    ),
    (
        "20,000 random frames, 400 connections of noise",
        "1 MiB",
        "random_bytes_and_frames_harm_nobody",
    ),
];

#[test]
fn limits_are_as_the_code_says() {
    let mut page = String::from(
        "# Limits of the port\n\n\
         Made from `src/bounds.rs` and `tests/documents/limits.rs`; `UPDATE=1 cargo test documents` writes it anew.\n\n\
         Every limit, what happens beyond it, and the test that holds it on a real server with frames that no sound\n\
         client sends. During each attack and after it a caller on another connection keeps being answered.\n\n\
         | limit | value | beyond it | held by |\n|---|---|---|---|\n",
    );
    let all = [connections(), calls(), headers(), messages()];
    for (what, value, beyond, test) in all.into_iter().flatten() {
        writeln!(page, "| {what} | {value} | {beyond} | `test:{test}` |").unwrap();
    }
    page.push_str(
        "\nWhat is answered without end is answered no faster than the caller reads, so that its memory is bounded\n\
         by the line and the windows. Memory as measured, the attacker's end included; each test has a bound above it:\n\n\
         | attack | memory grew by | held by |\n|---|---|---|\n",
    );
    for (what, grown, test) in COSTS {
        writeln!(page, "| {what} | {grown} | `test:{test}` |").unwrap();
    }
    super::hold("docs/limits.md", &page);
}
