//! Settings become parts, by hand: log, runtime, port, store, keys, memory, services.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use thiserror::Error;

use super::drain::{self, Drain};
use super::form::FormWaits;
use super::listen::{self, ServeFault};
use super::resident;
use super::run::{FormPlace, Server};
use super::start::Start;
use super::telemetry::{self, TelemetryFault};
use super::tls::{Door, DoorFault};
use super::traces::{Traces, TracesFault};
use super::upkeep::{CHECKPOINT_EVERY, Chore, EXPIRE_EVERY, PURGE_EVERY, RELOAD_EVERY};
use super::webhook::{Webhook, WebhookWaits};
use crate::api::http::Trust;
use crate::api::live::{Live, Notices, Timepiece};
use crate::exchange::{Exchange, Levels, LinkFault};
use crate::held;
use crate::memory::edit::{EditFault, last_generation};
use crate::memory::{Memory, OpenMemory, Parts};
use crate::metrics::Metrics;
use crate::policy::settings::Retention;
use crate::policy::{self, Edit, Fault, Generation, SignalSpec};
use crate::screening::signals;
use crate::store::embedded::{EmbeddedStore, OpenFault, Options};
use crate::store::keys::{KeyFault, KeyRing, MissingKey};
use crate::store::table::TermTooShort;
use crate::store::{RetentionClass, RetentionTerms, Store, StoreError};
use crate::time::{Clock, Timestamp, WallClock};

/// Author of a generation that comes from the file.
const AUTHOR: &str = "configuration file";
/// Author of the generation that stands before the file's is in force.
const BUILT_IN: &str = "built-in defaults";
/// Folder of the keys within the data folder.
const KEY_FOLDER: &str = "keys";

/// Why the server did not run, or did not end well.
#[derive(Debug, Error)]
pub enum RunFault {
    /// No log.
    #[error("log could not be begun")]
    Log(#[source] TelemetryFault),
    /// No traces.
    #[error("traces could not be begun")]
    Traces(#[source] TracesFault),
    /// No runtime.
    #[error("worker threads could not be started")]
    Runtime(#[source] io::Error),
    /// The port is taken or not ours.
    #[error("port `{address}` could not be listened on (is another server running?)")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// The system's fault.
        source: io::Error,
    },
    /// Open to the network without encryption.
    #[error(
        "port `{address}` is reachable from the network without encryption (set `tls.certificate`, or listen on loopback)"
    )]
    Exposed {
        /// The address.
        address: SocketAddr,
    },
    /// No door.
    #[error("encryption could not be set up")]
    Door(#[source] DoorFault),
    /// No way to the other instances.
    #[error("exchange with other instances could not be set up")]
    Exchange(#[source] LinkFault),
    /// No keys.
    #[error("keys could not be read")]
    Keys(#[source] KeyFault),
    /// No store.
    #[error("store could not be opened")]
    Store(#[source] OpenFault),
    /// The recorded policies could not be read.
    #[error("recorded policies could not be read")]
    Recorded(#[source] StoreError),
    /// The file's policy could not be put in force.
    #[error("policy of the file could not be put in force")]
    Apply(#[source] policy::Refused<EditFault>),
    /// The policy has faults.
    #[error("policy has {} faults (see `--check`)", .0.len())]
    Policy(Vec<Fault>),
    /// Nothing could be brought back.
    #[error("memory could not be opened")]
    Memory(#[source] OpenMemory),
    /// Signals cannot be heard, so nobody could stop the server.
    #[error("signals cannot be listened for")]
    Signals(#[source] io::Error),
    /// The port could not be served.
    #[error("service ended with a fault")]
    Serve(#[source] ServeFault),
}

/// Runs the server until a signal ends it.
///
/// # Errors
/// [`RunFault`].
pub fn serve(start: &Start) -> Result<(), RunFault> {
    let settings = &start.settings.server;
    let metrics = Arc::new(Metrics::new());
    let traces = Traces::begin(&start.settings.traces, &metrics).map_err(RunFault::Traces)?;
    telemetry::begin_log(settings.log_level.name(), traces.as_ref()).map_err(RunFault::Log)?;
    resident::keep_program(&metrics);
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    if let Some(threads) = usize::try_from(settings.worker_threads).ok().filter(|count| *count > 0)
    {
        runtime.worker_threads(threads);
    }
    let runtime = runtime.enable_all().build().map_err(RunFault::Runtime)?;
    let address = start.listen();
    // The command line may say another address than the checked file.
    if !address.ip().is_loopback() && !start.settings.tls.is_on() {
        return Err(RunFault::Exposed { address });
    }
    let listener = bind(address)?;
    let server = assemble_with(start, Timepiece::Server(Arc::new(WallClock)), metrics)?;
    let bound = listener.local_addr().unwrap_or(address);
    if let Some(page) = server.page.as_ref().and_then(|page| page.local_addr().ok()) {
        tracing::info!(address = %page, "page of metrics");
    }
    if let Some(form) = server.form.as_ref().and_then(|form| form.listener.local_addr().ok()) {
        tracing::info!(address = %form, "report form");
    }
    tracing::info!(address = %bound, encrypted = server.door.is_encrypted(), "serving");
    let served = runtime.block_on(until_signalled(server, listener));
    if let Some(traces) = traces {
        traces.end();
    }
    served
}

fn bind(address: SocketAddr) -> Result<TcpListener, RunFault> {
    listen::bind(address).map_err(|source| RunFault::Bind { address, source })
}

async fn until_signalled(server: Server, listener: TcpListener) -> Result<(), RunFault> {
    let (drain, draining) = Drain::new();
    let running = server.run(listener, draining);
    let ending = async {
        let signal = drain::signalled().await.map_err(RunFault::Signals);
        drain.begin();
        tracing::info!(signal = signal.as_ref().copied().unwrap_or("none"), "stopping");
        signal
    };
    let (served, signalled) = tokio::join!(running, ending);
    served.map_err(RunFault::Serve)?;
    signalled.map(drop)
}

/// Puts a server together over the data folder of the settings. It waits for the store: not to be called on
/// a thread of the runtime.
///
/// # Errors
/// [`RunFault`].
pub fn assemble(start: &Start, clock: Timepiece) -> Result<Server, RunFault> {
    assemble_with(start, clock, Arc::new(Metrics::new()))
}

/// The same with metrics that something counts into already.
fn assemble_with(
    start: &Start,
    clock: Timepiece,
    metrics: Arc<Metrics>,
) -> Result<Server, RunFault> {
    let folder = start.data_folder();
    let options = Options::new(folder, Arc::new(clock.clone()));
    let store: Arc<dyn Store> = Arc::new(EmbeddedStore::open(options).map_err(RunFault::Store)?);
    let missing = if store.last_seq() == 0 { MissingKey::Make } else { MissingKey::Refuse };
    let keys = KeyRing::open(&folder.join(KEY_FOLDER), missing).map_err(RunFault::Keys)?;
    let specs = signals::specs();
    let recorded = last_generation(&*store).map_err(RunFault::Recorded)?;
    let generation = first_generation(recorded, &specs)?;
    let settings = start.settings.clone();
    let house = keys.mixing_key(b"exchange");
    let parts = Parts { store, keys, settings, generation, specs };
    let (memory, recovered) = Memory::open(parts, clock.now()).map_err(RunFault::Memory)?;
    tracing::info!(entries = recovered.entries, unreadable = recovered.unreadable, "recovered");
    take_over_file(&memory, start, clock.now())?;
    let memory = Arc::new(memory);
    // What was charged up to now was read back, and the others know it.
    let levels: Arc<dyn Levels> = Arc::clone(&memory) as _;
    let beside = (Arc::new(clock.clone()) as _, Arc::clone(&metrics));
    let exchange = Exchange::new(&start.settings.exchange, house, levels, beside);
    let exchange = exchange.map_err(RunFault::Exchange)?;
    let engine = Arc::new(Live::new(Arc::clone(&memory), clock.clone()));
    let door = Arc::new(Door::new(&start.settings.tls).map_err(RunFault::Door)?);
    let page = start.settings.server.metrics.map(bind).transpose()?;
    let form = form_place(start)?;
    let mut chores = chores(&memory, &clock, &metrics);
    chores.push(follow_limits(&engine, &metrics));
    chores.push(work_cases(&engine, &metrics));
    chores.push(reload(&door));
    let hurry = {
        let memory = Arc::clone(&memory);
        Box::new(move || memory.hurry())
    };
    let texts = Arc::clone(&start.texts);
    let webhook = start.webhook.as_ref().map(|target| Webhook {
        target: Arc::clone(target),
        outbox: Arc::new(Notices::new(Arc::clone(&engine), Arc::clone(&texts))),
        metrics: Arc::clone(&metrics),
        clock: Arc::new(clock.clone()),
        waits: WebhookWaits::default(),
    });
    let closing = closing(memory, clock);
    Ok(Server {
        engine,
        metrics,
        chores,
        door,
        page,
        form,
        texts,
        webhook,
        hurry,
        exchange,
        closing,
    })
}

/// The port of the report form, if it has one.
fn form_place(start: &Start) -> Result<Option<FormPlace>, RunFault> {
    let server = &start.settings.server;
    let Some(address) = server.report_listen else { return Ok(None) };
    let listener = bind(address)?;
    // What does not parse was a fault of the settings.
    let proxies = server.report_proxies.iter().filter_map(|proxy| proxy.parse().ok()).collect();
    let header = Some(server.report_member_header.as_str()).filter(|name| !name.is_empty());
    let member_header = header.and_then(|name| name.parse().ok());
    let trust = Trust { proxies, member_header };
    let texts = Arc::clone(&start.texts);
    Ok(Some(FormPlace { listener, trust, texts, waits: FormWaits::default() }))
}

/// The generation that was in force last; before the first there is number 0, the built-in defaults, which
/// no fax is ever judged by.
fn first_generation(
    recorded: Option<(u64, Edit)>,
    specs: &[SignalSpec],
) -> Result<Generation, RunFault> {
    let built_in =
        || Edit { text: String::new(), author: BUILT_IN.into(), applied: Timestamp::default() };
    let (number, edit) = recorded.unwrap_or_else(|| (0, built_in()));
    Generation::new(number, edit, specs).or_else(|faults| {
        tracing::error!(
            generation = number,
            faults = faults.len(),
            "recorded policy does not fit this version; the file's is taken"
        );
        Generation::new(number, built_in(), specs).map_err(RunFault::Policy)
    })
}

/// Puts the file's policy in force where it is the first, or where the file has changed since it was taken over. What
/// operators applied at run time stands over the file.
fn take_over_file(memory: &Memory, start: &Start, now: Timestamp) -> Result<(), RunFault> {
    let current = memory.generations().current();
    match current.author() {
        BUILT_IN => {}
        AUTHOR if current.text() == start.text => return Ok(()),
        AUTHOR => {}
        _ => {
            tracing::warn!(
                generation = current.number(),
                "a policy applied at run time stands over the file (apply the file to go back to it)"
            );
            return Ok(());
        }
    }
    let edit = Edit { text: start.text.clone(), author: AUTHOR.into(), applied: now };
    let applied = memory.apply_policy(edit, None).map_err(RunFault::Apply)?;
    tracing::info!(generation = applied.number(), "policy of the file is in force");
    Ok(())
}

/// Most steps of decided cases in one beat: 200 reports each.
const CASE_STEPS_A_BEAT: usize = 50;

/// Tells reporters what became of their reports, and ends measures whose time has passed.
fn work_cases(engine: &Arc<Live>, metrics: &Arc<Metrics>) -> Chore {
    let (engine, metrics) = (Arc::clone(engine), Arc::clone(metrics));
    Chore::new("work on cases", EXPIRE_EVERY, move || {
        for _ in 0..CASE_STEPS_A_BEAT {
            if !engine.work_cases()? {
                break;
            }
        }
        metrics.overdue_cases.set(i64::try_from(engine.overdue_cases()?).unwrap_or(i64::MAX));
        Ok(())
    })
}

/// Follows what limits are used for, and takes canaries back that stand in the way of too many.
fn follow_limits(engine: &Arc<Live>, metrics: &Arc<Metrics>) -> Chore {
    let (engine, metrics) = (Arc::clone(engine), Arc::clone(metrics));
    Chore::new("follow limits", EXPIRE_EVERY, move || {
        let gone = engine.follow_limits()?;
        metrics.limit_canaries_taken_back.inc_by(u64::try_from(gone).unwrap_or(u64::MAX));
        for (slot, stood) in engine.shadows_stood() {
            let held = i64::try_from(stood).unwrap_or(i64::MAX);
            metrics.limit_shadow_stood.get_or_create(&[("slot", slot)]).set(held);
        }
        Ok(())
    })
}

/// What the house does by itself.
fn chores(memory: &Arc<Memory>, clock: &Timepiece, metrics: &Arc<Metrics>) -> Vec<Chore> {
    let expire = {
        let (memory, clock, metrics) = (memory.clone(), clock.clone(), metrics.clone());
        move || {
            // The gauges first: they matter most when the store fails and nothing can expire.
            gauge(&memory, &metrics);
            let due = held::expire(&memory, clock.now())?;
            metrics.held_expired.inc_by(u64::try_from(due).unwrap_or(u64::MAX));
            Ok(())
        }
    };
    let checkpoint = {
        let (memory, metrics) = (memory.clone(), metrics.clone());
        move || {
            memory.checkpoint_beside_calls().map_err(|fault| {
                metrics.checkpoint_failures.inc();
                fault.into()
            })
        }
    };
    let due = {
        let (memory, checkpoint) = (memory.clone(), checkpoint.clone());
        move || if memory.checkpoint_due() { checkpoint() } else { Ok(()) }
    };
    let purge = {
        let (memory, clock) = (memory.clone(), clock.clone());
        move || {
            let now = clock.now();
            let policy = memory.generations().current();
            memory.lists().purge(now);
            memory.purge_voices(now);
            memory.limiting().own().purge(now);
            let purged = memory.store().purge(now, &terms(policy.policy().retention())?)?;
            memory.refresh_budget(now)?;
            tracing::info!(days = purged.days, rows = purged.rows, "purged");
            Ok(())
        }
    };
    let campaigns = {
        let (memory, clock) = (memory.clone(), clock.clone());
        move || memory.keep_campaigns(clock.now()).map_err(Into::into)
    };
    let limits = {
        let (memory, clock) = (memory.clone(), clock.clone());
        move || {
            memory.limiting().tick(memory.generations(), clock.now());
            Ok(())
        }
    };
    vec![
        Chore::new("look at limits", EXPIRE_EVERY, limits),
        Chore::new("expire held faxes", EXPIRE_EVERY, expire),
        Chore::new("keep campaigns", EXPIRE_EVERY, campaigns),
        Chore::new("write snapshot", CHECKPOINT_EVERY, checkpoint),
        Chore::new("write snapshot when due", EXPIRE_EVERY, due),
        Chore::new("purge", PURGE_EVERY, purge),
    ]
}

/// Takes up new certificates. What cannot be read leaves the old ones in force, which the log says.
fn reload(door: &Arc<Door>) -> Chore {
    let door = Arc::clone(door);
    Chore::new("read certificates", RELOAD_EVERY, move || door.reload().map_err(Into::into))
}

/// Puts the gauges where the engine stands.
fn gauge(memory: &Memory, metrics: &Metrics) {
    let health = memory.store().health();
    let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    metrics.store_condition.set(health.condition as i64);
    metrics.ledger_queue_entries.set(i64::try_from(health.queued).unwrap_or(i64::MAX));
    metrics.ledger_dropped_entries.set(count(health.dropped));
    metrics.store_damaged_files.set(health.quarantined.into());
    metrics.policy_generation.set(count(memory.generations().current().number()));
    let [asked, touched] = memory.wishes().shares_milli();
    metrics.fingerprint_share_milli.set(asked.into());
    metrics.fingerprint_drawn_milli.set(memory.wishes().drawn_milli().into());
    metrics.content_touched_milli.set(touched.into());
    metrics.campaign_pages.set(count(memory.campaigns().pages()));
}

/// The last thing that is done: campaigns and the snapshot, then the store.
fn closing(memory: Arc<Memory>, clock: Timepiece) -> Chore {
    Chore::new("close", CHECKPOINT_EVERY, move || {
        // Where serving failed the end was never announced, and a snapshot under way would keep this one waiting.
        memory.hurry();
        let kept = memory.keep_campaigns(clock.now());
        let written = memory.checkpoint();
        memory.store().close();
        kept.and(written).map_err(Into::into)
    })
}

/// The policy's days for each class of what is stored.
fn terms(days: &Retention) -> Result<RetentionTerms, TermTooShort> {
    [
        (RetentionClass::Ledger, days.ledger_days),
        (RetentionClass::Directory, days.directory_days),
        (RetentionClass::List, days.list_days),
        (RetentionClass::Held, days.held_days),
        (RetentionClass::Report, days.report_days),
        (RetentionClass::Reporter, days.reporter_days),
        (RetentionClass::Policy, days.policy_days),
        (RetentionClass::Relation, days.relation_days),
        (RetentionClass::OpenDecision, days.open_decision_days),
        (RetentionClass::ContentJournal, days.content_journal_days),
        (RetentionClass::FalsePositive, days.false_positive_days),
        (RetentionClass::Campaign, days.campaign_days),
        (RetentionClass::Usage, days.usage_days),
        (RetentionClass::Notice, days.notice_days),
        (RetentionClass::Copy, days.copy_days),
    ]
    .into_iter()
    .try_fold(RetentionTerms::default(), |terms, (class, days)| terms.with(class, days))
}
