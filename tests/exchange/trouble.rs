//! Servers and instances that are paused, killed and started again.

use std::time::Duration;

use super::*;

/// Waits until an instance has no more than so many faxes left for a member.
async fn wait_left(instance: &Instance, key: u64, limits: &Limits, most: u64) {
    while instance.left(key, limits) > most {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Sends so many faxes; one that has to wait for a moment asks again.
async fn spend(instance: &Instance, key: u64, limits: &Limits, faxes: usize) {
    for _ in 0..faxes {
        while !instance.fax(key, limits) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// Two a minute, ten at once: what is spent stays spent for the length of a test.
fn slow() -> Limits {
    let allowance = Allowance { rate: 2, period: Span::seconds(60), burst: 10 };
    limits(&[Some(allowance), None, None, None])
}

/// Four instances that have met, and a load whose levels are full.
async fn under_load(settings: &settings::Exchange, limits: Limits) -> (Vec<Instance>, Load) {
    let instances = four(settings, &limits);
    all_met(&instances).await;
    let mut load = Load::new(600, limits);
    let of: Vec<&Instance> = instances.iter().collect();
    load.begin(&of).await;
    load.run(&of, 1_000).await;
    (instances, load)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_that_is_killed_costs_no_more_than_one_in_twenty() {
    if !has_engine() {
        return;
    }
    let engine = Engine::start(&[]);
    let limits = faxes(2, 6);
    let settings = settings_of(&[engine.address()], 4);
    let (mut instances, mut load) = under_load(&settings, limits).await;
    // One is killed under the load, and another life of it comes a second later, which knows nothing.
    let mut counted = Counted::default();
    for step in 0..4 {
        if step == 1 {
            instances.remove(3).kill();
        }
        if step == 3 {
            instances.push(Instance::start(&settings, &limits));
        }
        let more = load.run(&instances.iter().collect::<Vec<_>>(), 1_000).await;
        counted = counted.and(more);
    }
    assert!(counted.over_milli() <= 50, "{counted:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_costs_no_more_than_one_in_a_hundred() {
    if !has_engine() {
        return;
    }
    let engine = Engine::start(&[]);
    let limits = faxes(2, 6);
    let settings = settings_of(&[engine.address()], 4);
    let (mut instances, mut load) = under_load(&settings, limits).await;
    let mut counted = Counted::default();
    for _ in 0..4 {
        instances.remove(0).stop().await;
        let more = load.run(&instances.iter().collect::<Vec<_>>(), 300).await;
        counted = counted.and(more);
        // A new version of it, which has to hear everything.
        let new = Instance::start(&settings, &limits);
        new.wait_alone(0).await;
        instances.push(new);
        let more = load.run(&instances.iter().collect::<Vec<_>>(), 700).await;
        counted = counted.and(more);
    }
    assert!(counted.over_milli() <= 10, "{counted:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_hangs_puts_nobody_off_and_gives_nobody_credit() {
    if !has_engine() {
        return;
    }
    let engine = Engine::start(&[]);
    let limits = slow();
    let settings = settings_of(&[engine.address()], 2);
    let (one, two) = (Instance::start(&settings, &limits), Instance::start(&settings, &limits));
    one.wait_alone(0).await;
    two.wait_alone(0).await;
    let member = key(1);
    spend(&one, member, &limits, 2).await;
    wait_left(&two, member, &limits, 8).await;
    engine.signal("-STOP");
    // What was begun before anybody knows, and then each by itself, within its own limit.
    for instance in [&one, &two] {
        instance.wait_alone(16).await;
        spend(instance, member, &limits, 4).await;
        assert!(instance.metrics.exchange_failures.get_or_create(&[("reason", "late")]).get() > 0);
    }
    engine.signal("-CONT");
    // Ten were used of ten, whoever used them: nobody has credit, and nothing is counted twice.
    for instance in [&one, &two] {
        instance.wait_alone(0).await;
        wait_left(instance, member, &limits, 0).await;
        assert!(!instance.fax(member, &limits));
    }
    let other = key(2);
    assert!(one.fax(other, &limits));
    wait_left(&two, other, &limits, 9).await;
    assert_eq!(two.left(other, &limits), 9);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn out_of_reach_each_goes_by_its_declared_share() {
    if !has_engine() {
        return;
    }
    let mut engine = Engine::start(&[]);
    engine.kill();
    let limits = slow();
    let settings =
        settings::Exchange { alone_per_mille: 500, ..settings_of(&[engine.address()], 2) };
    let instance = Instance::start(&settings, &limits);
    let through = (0..20).filter(|_| instance.fax(key(3), &limits)).count();
    assert_eq!(through, 5);
    engine.start_again();
    instance.wait_alone(0).await;
    // The others are told of the five that there were.
    let other = Instance::start(&settings, &limits);
    other.wait_alone(0).await;
    wait_left(&other, key(3), &limits, 5).await;
    assert_eq!(other.left(key(3), &limits), 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_lost_everything_learns_it_from_those_who_know() {
    if !has_engine() {
        return;
    }
    let mut engine = Engine::start(&[]);
    let limits = slow();
    let settings = settings_of(&[engine.address()], 3);
    let (one, two) = (Instance::start(&settings, &limits), Instance::start(&settings, &limits));
    one.wait_alone(0).await;
    two.wait_alone(0).await;
    let member = key(4);
    spend(&one, member, &limits, 8).await;
    wait_left(&two, member, &limits, 2).await;
    engine.kill();
    one.wait_alone(16).await;
    two.wait_alone(16).await;
    engine.start_again();
    assert_eq!(engine.say(&["DBSIZE"]), "0");
    one.wait_alone(0).await;
    two.wait_alone(0).await;
    assert!(two.fax(member, &limits) && two.left(member, &limits) <= 1);
    // Nine of ten, of which the engine never counted eight.
    let third = Instance::start(&settings, &limits);
    third.wait_alone(0).await;
    wait_left(&third, member, &limits, 1).await;
    wait_left(&one, member, &limits, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_kept_its_data_goes_on_and_a_new_instance_hears_it() {
    if !has_engine() {
        return;
    }
    let mut engine = Engine::start(&["--appendonly", "yes", "--appendfsync", "always"]);
    let limits = slow();
    let settings = settings_of(&[engine.address()], 2);
    let one = Instance::start(&settings, &limits);
    one.wait_alone(0).await;
    let members: Vec<u64> = (10..5_010).map(key).collect();
    assert!(members.iter().all(|member| one.fax(*member, &limits)));
    one.stop().await;
    engine.kill();
    engine.start_again();
    // Everything is heard, over many calls, and before anybody asks about it.
    let two = Instance::start(&settings, &limits);
    two.wait_alone(0).await;
    while two.levels.len() < members.len() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let left: Vec<u64> = members.iter().map(|member| two.left(*member, &limits)).collect();
    assert!(left.iter().all(|left| *left == 9), "{left:?}");
}
