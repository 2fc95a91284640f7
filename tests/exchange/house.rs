//! Who meets whom, and what the engine gets to see.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instances_with_another_key_do_not_meet() {
    if !has_engine() {
        return;
    }
    let engine = Engine::start(&[]);
    let limits = faxes(1, 10);
    let settings = settings_of(&[engine.address()], 2);
    let one = Instance::start(&settings, &limits);
    one.wait_alone(0).await;
    let stranger = Instance::with_house(&settings, &limits, [8; 16]);
    let refused =
        || stranger.metrics.exchange_failures.get_or_create(&[("reason", "other-house")]).get();
    while refused() < 32 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(stranger.alone(), 16);
    // It goes on by itself all the same.
    assert!(stranger.fax(key(1), &limits));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_engine_keeps_bytes_under_the_name_and_lets_them_go() {
    if !has_engine() {
        return;
    }
    let engine = Engine::start(&[]);
    let limits = faxes(1, 10);
    let settings =
        settings::Exchange { name: "fg-9".to_owned(), ..settings_of(&[engine.address()], 2) };
    let one = Instance::start(&settings, &limits);
    one.wait_alone(0).await;
    assert!(one.fax(key(1), &limits));
    while one.metrics.exchange_rows_told.get() == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let keys = engine.say(&["KEYS", "*"]);
    assert!(keys.lines().all(|key| key.starts_with("{fg-9.")), "{keys}");
    for key in keys.lines().filter(|key| key.ends_with(":rows")) {
        assert_ne!(engine.say(&["PTTL", key]), "-1", "{key}");
    }
    assert!(keys.lines().any(|key| key.ends_with(":rows")), "{keys}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_given_back_is_given_back_everywhere() {
    if !has_engine() {
        return;
    }
    let engine = Engine::start(&[]);
    let allowance = Allowance { rate: 1, period: Span::seconds(3_600), burst: 10 };
    let limits = limits(&[Some(allowance), None, None, None]);
    let settings = settings_of(&[engine.address()], 2);
    let (one, two) = (Instance::start(&settings, &limits), Instance::start(&settings, &limits));
    one.wait_alone(0).await;
    two.wait_alone(0).await;
    let (member, eight) = (key(5), Costs([8, 0, 0, 0]));
    assert!(admits(&one.ask(member, &limits, eight)));
    while two.left(member, &limits) > 2 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    one.levels
        .with(member, &limits, WallClock.now(), |visit| visit.settle(eight, Costs([3, 0, 0, 0])));
    while two.left(member, &limits) < 7 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!((one.left(member, &limits), two.left(member, &limits)), (7, 7));
}
