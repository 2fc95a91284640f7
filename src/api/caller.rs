//! Who calls: the name in the client's certificate, the audiences that name may speak to, and what it has open now.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::metrics::Stopwatch;

/// A group of callers with a contract of its own: a package, an authorization rule and a label of the metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Audience {
    /// Routing nodes.
    Screening = 1,
    /// The abuse-report endpoint.
    Report = 2,
    /// Operators.
    Operator = 4,
    /// The abuse desk.
    Desk = 8,
    /// The provider's mailer.
    Mailer = 16,
}

impl Audience {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Screening, Self::Report, Self::Operator, Self::Desk, Self::Mailer];

    /// Its name in settings and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Screening => "screening",
            Self::Report => "report",
            Self::Operator => "operator",
            Self::Desk => "desk",
            Self::Mailer => "mailer",
        }
    }
}

/// A set of audiences.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Audiences(u8);

impl Audiences {
    /// Every one.
    pub const ALL: Self = Self(31);

    /// The set and this one.
    #[must_use]
    pub const fn with(self, audience: Audience) -> Self {
        Self(self.0 | audience as u8)
    }

    /// Both sets.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether it is in the set.
    #[must_use]
    pub const fn has(self, audience: Audience) -> bool {
        self.0 & audience as u8 != 0
    }
}

/// Which names may speak to which audiences. Whoever is not named may speak to none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Callers {
    names: HashMap<String, Audiences>,
    anonymous: Audiences,
}

impl Callers {
    /// Everybody may speak to all: for a port that this machine alone can reach.
    #[must_use]
    pub fn everybody() -> Self {
        Self { names: HashMap::new(), anonymous: Audiences::ALL }
    }

    /// What callers without a certificate may speak to.
    #[must_use]
    pub fn anonymous(mut self, audiences: Audiences) -> Self {
        self.anonymous = audiences;
        self
    }

    /// Lets a name speak to an audience. `*.nodes.example` stands for every name with one more label before it.
    pub fn allow(&mut self, name: &str, audience: Audience) {
        let audiences = self.names.entry(name.to_ascii_lowercase()).or_default();
        *audiences = audiences.with(audience);
    }

    /// The caller whose certificate has these names; none has no certificate. It goes by the first name that is allowed
    /// anything.
    #[must_use]
    pub fn caller(&self, names: &[String], address: Option<SocketAddr>) -> Caller {
        let known = names.iter().map(|name| (name, self.of(name)));
        let allowed: Vec<_> = known.filter(|(_, of)| *of != Audiences::default()).collect();
        let audiences = allowed.iter().fold(self.anonymous, |all, (_, of)| all.and(*of));
        Caller {
            name: allowed.first().map(|(name, _)| name.as_str().into()),
            address: address.map(|address| address.ip()),
            audiences,
            activity: Arc::new(Activity::begin()),
        }
    }

    fn of(&self, name: &str) -> Audiences {
        let name = name.to_ascii_lowercase();
        let exact = self.names.get(&name).copied().unwrap_or_default();
        let any = name.split_once('.').and_then(|(_, rest)| self.names.get(&format!("*.{rest}")));
        exact.and(any.copied().unwrap_or_default())
    }
}

/// Who is at the other end of a connection. Every request of the connection carries it.
#[derive(Clone, Debug)]
pub struct Caller {
    name: Option<Arc<str>>,
    address: Option<IpAddr>,
    audiences: Audiences,
    activity: Arc<Activity>,
}

impl Caller {
    /// Whether it may speak to an audience.
    #[must_use]
    pub const fn may(&self, audience: Audience) -> bool {
        self.audiences.has(audience)
    }

    /// The name it is known by; none without a certificate that is allowed anything.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The same, shared.
    #[must_use]
    pub fn shared_name(&self) -> Option<Arc<str>> {
        self.name.clone()
    }

    /// What its share is counted under: its name, or else its address.
    #[must_use]
    pub fn key(&self) -> String {
        match (&self.name, self.address) {
            (Some(name), _) => name.to_string(),
            (None, Some(address)) => address.to_string(),
            (None, None) => String::new(),
        }
    }

    /// The peer it is: its name, or else where its address is ([`network_of`]).
    #[must_use]
    pub fn peer(&self) -> (Option<&str>, Option<IpAddr>) {
        match self.name() {
            Some(name) => (Some(name), None),
            None => (None, self.address.map(network_of)),
        }
    }

    /// What it has open.
    #[must_use]
    pub const fn activity(&self) -> &Arc<Activity> {
        &self.activity
    }
}

/// What stands for a peer without a name: its IPv4 address, or the /64 of its IPv6 one, since whoever has one address
/// there has them all.
#[must_use]
pub fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from(address.to_bits() >> 64 << 64).into(),
        address @ IpAddr::V4(_) => address,
    }
}

/// What a connection has open, and since when it has nothing.
#[derive(Debug)]
pub struct Activity {
    began: Stopwatch,
    open: AtomicU32,
    /// Milliseconds after the beginning.
    idle_since: AtomicU64,
}

impl Activity {
    fn begin() -> Self {
        let (open, idle_since) = (AtomicU32::new(0), AtomicU64::new(0));
        Self { began: Stopwatch::start(), open, idle_since }
    }

    /// Seconds without any call; 0 while one is open.
    #[must_use]
    pub fn idle_seconds(&self) -> u64 {
        if self.open.load(Ordering::Acquire) > 0 {
            return 0;
        }
        self.millis().saturating_sub(self.idle_since.load(Ordering::Acquire)) / 1_000
    }

    /// Counts a call as open until what is given back is dropped.
    #[must_use]
    pub fn open(self: &Arc<Self>) -> OpenCall {
        self.open.fetch_add(1, Ordering::AcqRel);
        OpenCall(Arc::clone(self))
    }

    fn millis(&self) -> u64 {
        self.began.millis()
    }
}

/// A call that is open.
#[derive(Debug)]
pub struct OpenCall(Arc<Activity>);

impl Drop for OpenCall {
    fn drop(&mut self) {
        self.0.idle_since.store(self.0.millis(), Ordering::Release);
        self.0.open.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn callers() -> Callers {
        let mut callers = Callers::default();
        callers.allow("Node-1.fax.example", Audience::Screening);
        callers.allow("*.nodes.example", Audience::Screening);
        callers.allow("spiffe://fax.example/desk", Audience::Operator);
        callers.allow("spiffe://fax.example/desk", Audience::Report);
        callers
    }

    #[test]
    fn whoever_is_not_named_may_nothing() {
        let callers = callers();
        for (names, allowed) in [
            (&["node-1.fax.example"][..], &[Audience::Screening][..]),
            (&["NODE-1.FAX.EXAMPLE"], &[Audience::Screening]),
            (&["a.nodes.example"], &[Audience::Screening]),
            (&["a.b.nodes.example"], &[]),
            (&["nodes.example"], &[]),
            (&["*.nodes.example"], &[Audience::Screening]),
            (&["node-1.fax.example.evil.example"], &[]),
            (&["spiffe://fax.example/desk"], &[Audience::Report, Audience::Operator]),
            (
                &["x", "node-1.fax.example", "spiffe://fax.example/desk"],
                &[Audience::Screening, Audience::Report, Audience::Operator],
            ),
            (&[""], &[]),
            (&[], &[]),
        ] {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            let caller = callers.caller(&names, None);
            let may: Vec<Audience> =
                Audience::ALL.into_iter().filter(|audience| caller.may(*audience)).collect();
            assert_eq!(may, allowed, "{names:?}");
            assert_eq!(caller.name().is_some(), !allowed.is_empty(), "{names:?}");
        }
        let open = callers.anonymous(Audiences::default().with(Audience::Report));
        assert!(open.caller(&[], None).may(Audience::Report));
        assert!(!open.caller(&[], None).may(Audience::Screening));
        assert!(Callers::everybody().caller(&[], None).may(Audience::Operator));
    }

    #[test]
    fn a_share_is_counted_under_the_name_or_the_address() {
        let address = Some(SocketAddr::from(([127, 0, 0, 1], 9)));
        let names = ["node-1.fax.example".to_owned()];
        assert_eq!(callers().caller(&names, address).key(), "node-1.fax.example");
        assert_eq!(callers().caller(&["other".to_owned()], address).key(), "127.0.0.1");
        assert_eq!(callers().caller(&[], None).key(), "");
    }

    #[test]
    fn whoever_has_a_network_is_one_peer() {
        let of = |text: &str| network_of(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("192.0.2.1"), of("::ffff:192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }

    #[test]
    fn a_connection_with_a_call_is_not_idle() {
        let caller = Callers::everybody().caller(&[], None);
        let (one, other) = (caller.activity().open(), caller.activity().open());
        drop(one);
        assert_eq!(caller.activity().open.load(Ordering::Relaxed), 1);
        assert_eq!(caller.activity().idle_seconds(), 0);
        drop(other);
        assert_eq!(caller.activity().open.load(Ordering::Relaxed), 0);
    }
}
