//! Kills at random points: what was acknowledged is there, and no seq is given twice.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use super::{DAY, at, entry, open, put, scan, value};
use faxguard::store::{Store, TableId};

const CHILD_FOLDER: &str = "FAXGUARD_KILL_CHILD";

/// The victim: commits and queues without end, and prints each seq once its ticket has answered. Does
/// nothing unless [`kills_lose_nothing_acknowledged`] started it.
#[test]
fn kill_child() {
    let Ok(folder) = std::env::var(CHILD_FOLDER) else { return };
    let store = open(Path::new(&folder));
    let mut out = std::io::stdout();
    for round in 0_u64.. {
        let mut tickets = Vec::new();
        for _ in 0..=round % 7 {
            // The day turns again and again, so that kills fall on new files too.
            let day = DAY + i64::try_from(store.last_seq() / 500).unwrap();
            store.queue(entry(&store, at(day, 0), b"queued")).unwrap();
            let mut entry = entry(&store, at(day, 0), b"committed");
            let seq = entry.seq;
            entry.writes = vec![put(TableId::Meta, &seq.to_be_bytes(), b"v", None)];
            tickets.push((seq, store.commit(entry).unwrap()));
        }
        for (seq, ticket) in tickets {
            ticket.wait().unwrap();
            writeln!(out, "acknowledged {seq}").unwrap();
        }
    }
}

#[test]
fn kills_lose_nothing_acknowledged() {
    let kills = std::env::var("FAXGUARD_KILLS").map_or(20, |kills| kills.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = BTreeSet::new();
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    for kill in 0..kills {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["store_suite::kills::kill_child", "--exact", "--nocapture"])
            .env(CHILD_FOLDER, folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let patience = usize::try_from(random >> 56).unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        for (count, line) in lines.enumerate() {
            if let Some((_, seq)) = line.unwrap().split_once("acknowledged ") {
                let new = acknowledged.insert(seq.parse::<u64>().unwrap());
                assert!(new, "kill {kill}: seq {seq} was given twice");
            }
            if count == patience {
                // SIGKILL; the lines that were printed before it are still read.
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        let store = open(folder.path());
        let held: BTreeSet<u64> = scan(&store, 0).iter().map(|entry| entry.seq).collect();
        assert!(held.is_superset(&acknowledged), "kill {kill} lost acknowledged entries");
        for seq in &acknowledged {
            assert!(value(&store, TableId::Meta, &seq.to_be_bytes()).is_some(), "kill {kill}");
        }
        assert!(Some(&store.next_seq()) > acknowledged.last());
        assert_eq!(store.health().quarantined, 0);
    }
    assert!(acknowledged.len() > usize::from(kills > 0));
}
