//! Who visits: where from, as far as a proxy of the provider's says, which member where its login says so, and the network
//! whose share the visit is counted under.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use axum::http::{HeaderMap, HeaderName, HeaderValue};

use crate::bounds;

/// The header in which a proxy says whom it speaks for: each appends the address it was called from.
const FORWARDED: HeaderName = HeaderName::from_static("x-forwarded-for");
/// What a browser says of where a request comes from (Fetch Metadata, section 2.1).
const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whose word is taken on who visits. This machine's is, since nobody else can reach its loopback.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    /// Other proxies of the provider's.
    pub proxies: Vec<IpAddr>,
    /// The header in which they name the member that is signed in. Without one, what a reporter says of its account is
    /// taken as it is; with one, only who is signed in can report as a member.
    pub member_header: Option<HeaderName>,
}

/// The accounts that a visitor may report from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Account {
    /// The one that it names.
    AsSaid,
    /// None: it is not signed in.
    None,
    /// The one it is signed in to.
    SignedIn(String),
}

/// A visitor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Visitor {
    /// Where it comes from.
    pub(super) address: IpAddr,
    /// From which account it may report.
    pub(super) account: Account,
    /// Whether another site's page sent it.
    pub(super) foreign: bool,
}

impl Visitor {
    /// The visitor behind a request from a peer.
    pub(super) fn of(headers: &HeaderMap, peer: IpAddr, trust: &Trust) -> Self {
        let peer = peer.to_canonical();
        let trusted = peer.is_loopback() || trust.proxies.contains(&peer);
        let through = headers.get_all(FORWARDED).iter().next_back().filter(|_| trusted);
        let address = through.and_then(last_address).unwrap_or(peer);
        let named = |header: &HeaderName| {
            let value = headers.get(header).filter(|_| trusted)?.to_str().ok()?.trim();
            (1..=bounds::ID_BYTES_MAX).contains(&value.len()).then(|| value.to_owned())
        };
        let account = match &trust.member_header {
            None => Account::AsSaid,
            Some(header) => named(header).map_or(Account::None, Account::SignedIn),
        };
        // Browsers say where a request was begun. What says nothing is no browser, and carries nobody's login.
        let foreign = headers
            .get(SITE)
            .is_some_and(|site| ![&b"same-origin"[..], b"none"].contains(&site.as_bytes()));
        Self { address, account, foreign }
    }

    /// The network that its reports are counted under: the /24 of an IPv4 address, the /56 of an IPv6 one, which is what one
    /// customer of an access provider usually has.
    pub(super) fn network(&self) -> [u8; 16] {
        match self.address.to_canonical() {
            IpAddr::V4(address) => {
                let wide = Ipv4Addr::from_bits(address.to_bits() & 0xffff_ff00);
                wide.to_ipv6_mapped().octets()
            }
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 72 << 72).octets(),
        }
    }
}

/// The last address of a list: the only one that the nearest proxy wrote itself.
fn last_address(value: &HeaderValue) -> Option<IpAddr> {
    let text = value.to_str().ok()?.rsplit(',').next()?.trim();
    let bare = text.strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(bare, _)| bare);
    bare.unwrap_or(text).parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEMBER: HeaderName = HeaderName::from_static("x-account");

    fn headers(pairs: &[(&HeaderName, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_proxy_of_ours_is_believed_and_nobody_else() {
        let trust = Trust { proxies: vec![address("10.0.0.5")], member_header: Some(MEMBER) };
        let sent = headers(&[(&FORWARDED, "192.0.2.1, 198.51.100.7"), (&MEMBER, "m-1")]);
        for (peer, from, account) in [
            ("127.0.0.1", "198.51.100.7", Account::SignedIn("m-1".into())),
            ("::ffff:10.0.0.5", "198.51.100.7", Account::SignedIn("m-1".into())),
            ("203.0.113.9", "203.0.113.9", Account::None),
        ] {
            let visitor = Visitor::of(&sent, address(peer), &trust);
            assert_eq!((visitor.address, visitor.account), (address(from), account), "{peer}");
        }
        let none = Visitor::of(&headers(&[(&MEMBER, "")]), address("::1"), &trust);
        assert_eq!(none.account, Account::None);
        let said = Visitor::of(&sent, address("127.0.0.1"), &Trust::default());
        assert_eq!(said.account, Account::AsSaid);
        for odd in ["", "nonsense", "unknown,", "[2001:db8::1]:443"] {
            let from = Visitor::of(&headers(&[(&FORWARDED, odd)]), address("::1"), &trust).address;
            assert_eq!(from, address(if odd.starts_with('[') { "2001:db8::1" } else { "::1" }));
        }
    }

    #[test]
    fn what_another_site_sends_is_seen() {
        for (site, foreign) in
            [("same-origin", false), ("none", false), ("cross-site", true), ("same-site", true)]
        {
            let visitor =
                Visitor::of(&headers(&[(&SITE, site)]), address("::1"), &Trust::default());
            assert_eq!(visitor.foreign, foreign, "{site}");
        }
        assert!(!Visitor::of(&HeaderMap::new(), address("::1"), &Trust::default()).foreign);
    }

    #[test]
    fn neighbours_are_one_network() {
        let of = |text| {
            let account = Account::None;
            Visitor { address: address(text), account, foreign: false }.network()
        };
        assert_eq!(of("192.0.2.1"), of("192.0.2.254"));
        assert_eq!(of("192.0.2.1"), of("::ffff:192.0.2.9"));
        assert_ne!(of("192.0.2.1"), of("192.0.3.1"));
        assert_eq!(of("2001:db8:1:200::1"), of("2001:db8:1:2ff:ffff::9"));
        assert_ne!(of("2001:db8:1:200::1"), of("2001:db8:1:300::1"));
    }
}
