//! The same through a cluster of three masters.

use super::*;

/// Three masters that share all slots.
fn three() -> Vec<Engine> {
    let more = [
        "--cluster-enabled",
        "yes",
        "--cluster-require-full-coverage",
        "no",
        "--cluster-node-timeout",
        "1000",
    ];
    let masters: Vec<Engine> = (0..3).map(|_| Engine::start(&more)).collect();
    for (master, slots) in
        masters.iter().zip([["0", "5460"], ["5461", "10922"], ["10923", "16383"]])
    {
        assert_eq!(master.say(&["CLUSTER", "ADDSLOTSRANGE", slots[0], slots[1]]), "OK");
        let port = masters[0].port.to_string();
        assert_eq!(master.say(&["CLUSTER", "MEET", "127.0.0.1", &port]), "OK");
    }
    for master in &masters {
        let all = || {
            let info = master.say(&["CLUSTER", "INFO"]);
            info.contains("cluster_state:ok")
                && info.contains("cluster_slots_ok:16384")
                && info.contains("cluster_known_nodes:3")
        };
        while !all() {
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    masters
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_carries_the_parts_and_one_master_less_costs_its_parts_alone() {
    if !has_engine() {
        return;
    }
    let mut masters = three();
    let limits = faxes(2, 6);
    let settings = settings::Exchange { cluster: true, ..settings_of(&[masters[0].address()], 4) };
    let instances = four(&settings, &limits);
    all_met(&instances).await;
    let of: Vec<&Instance> = instances.iter().collect();
    let mut load = Load::new(600, limits);
    load.begin(&of).await;
    load.run(&of, 1_500).await;
    let steady = load.run(&of, 5_000).await;
    assert!(steady.over_milli() <= STEADY_MILLI, "{steady:?}");
    for master in &masters {
        // Every master has some parts, and all keys of a part are with one of them.
        assert_ne!(master.say(&["DBSIZE"]), "0");
    }
    masters[2].kill();
    let some = |instance: &Instance| (1..16).contains(&instance.alone());
    while !instances.iter().all(some) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // The other parts are exchanged as before.
    let told = |instance: &Instance| instance.metrics.exchange_rows_told.get();
    let before: Vec<u64> = instances.iter().map(told).collect();
    let without = load.run(&of, 1_500).await;
    assert!(without.through <= without.exact * 4, "{without:?}");
    assert!(instances.iter().zip(before).all(|(instance, before)| told(instance) > before));
    assert!(instances.iter().all(some));
}
