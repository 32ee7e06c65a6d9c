use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use http::{HeaderMap, Request, header, request::Parts};

/// How many proxies stand in front of the service that each add the address they were called from to
/// `X-Forwarded-For`: none, unless it is said.
///
/// Anybody can send the header, so only so many of its last entries are worth something as there are proxies that
/// nobody gets around: with two, the last but one is the client's, and what stands before it the client's own words.
/// Where there are proxies and it is not said, all who come through one are taken for one client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(pub u8);

/// The address at the other end of a request's connection.
#[derive(Clone, Copy, Debug)]
struct Peer(IpAddr);

const FORWARDED_FOR: &str = "x-forwarded-for";

/// Notes on a `request` of operators that it came over a connection with `peer`. Those of fans go without: it would cost
/// an allocation each.
pub fn note_peer<B>(request: &mut Request<B>, peer: SocketAddr) {
    if request.uri().path().starts_with("/v1/operator/") {
        request.extensions_mut().insert(Peer(peer.ip()));
    }
}

impl TrustedProxies {
    /// Whom failed attempts of the request `parts` are counted for: of IPv6 the network of 64 bits, for each house
    /// has one of those.
    pub(super) fn client_of(self, parts: &Parts) -> IpAddr {
        let peer = parts.extensions.get::<Peer>();
        let peer = peer.map_or(Ipv4Addr::UNSPECIFIED.into(), |peer| peer.0);
        network(self.forwarded(&parts.headers).unwrap_or(peer))
    }

    fn forwarded(self, headers: &HeaderMap) -> Option<IpAddr> {
        let farthest = usize::from(self.0).checked_sub(1)?;
        let mut entries: Vec<&str> = Vec::new();
        for value in headers.get_all(FORWARDED_FOR) {
            entries.extend(value.to_str().ok()?.split(','));
        }
        let entry = entries.into_iter().rev().nth(farthest)?.trim();
        let with_port = || entry.parse::<SocketAddr>().map(|address| address.ip());
        entry.parse().or_else(|_| with_port()).ok()
    }
}

fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() & !(u128::from(u64::MAX))).into()),
    }
}

/// Whether the browser used https, as a proxy or the page's own origin tells: who lies about it gets a cookie that his own
/// browser sends, or does not.
pub fn came_by_https(headers: &HeaderMap) -> bool {
    let says = |name: &str, https: &str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value.is_some_and(|value| value.starts_with(https))
    };
    says("cloudfront-forwarded-proto", "https")
        || says("x-forwarded-proto", "https")
        || says(header::ORIGIN.as_str(), "https://")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(proxies: u8, peer: &str, forwarded: &[&str]) -> String {
        let mut request = Request::builder().uri("/v1/operator/session");
        for value in forwarded {
            request = request.header(FORWARDED_FOR, *value);
        }
        let mut request = request.body(()).unwrap();
        note_peer(&mut request, peer.parse().unwrap());
        let client = TrustedProxies(proxies).client_of(&request.into_parts().0);
        client.to_string()
    }

    #[test]
    fn a_client_can_not_choose_the_address_that_it_is_counted_by() {
        let peer = "10.0.0.1:4000";
        assert_eq!(client(0, peer, &["1.2.3.4"]), "10.0.0.1");
        assert_eq!(client(1, peer, &["6.6.6.6, 1.2.3.4"]), "1.2.3.4");
        assert_eq!(client(1, peer, &["6.6.6.6", "1.2.3.4"]), "1.2.3.4");
        assert_eq!(client(2, peer, &["6.6.6.6, 1.2.3.4, 9.9.9.9"]), "1.2.3.4");
        assert_eq!(client(2, peer, &["9.9.9.9"]), "10.0.0.1");
        assert_eq!(client(1, peer, &[]), "10.0.0.1");
        assert_eq!(client(1, peer, &["nobody"]), "10.0.0.1");
        assert_eq!(client(1, peer, &["1.2.3.4:5678"]), "1.2.3.4");
    }

    #[test]
    fn a_house_is_one_client_however_many_addresses_it_has() {
        assert_eq!(client(0, "[2001:db8:1:2:3::4]:80", &[]), "2001:db8:1:2::");
        assert_eq!(client(0, "[::ffff:1.2.3.4]:80", &[]), "1.2.3.4");
    }

    #[test]
    fn only_requests_of_operators_are_noted() {
        let mut request = Request::builder().uri("/v1/events").body(()).unwrap();
        note_peer(&mut request, "1.2.3.4:80".parse().unwrap());
        assert!(request.extensions().is_empty());
    }

    #[test]
    fn https_is_told_by_whoever_stands_in_front_or_by_the_page() {
        let by = |name: &'static str, value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            came_by_https(&headers)
        };
        assert!(by("cloudfront-forwarded-proto", "https"));
        assert!(by("x-forwarded-proto", "https"));
        assert!(by("origin", "https://tickets.example"));
        assert!(!by("x-forwarded-proto", "http"));
        assert!(!by("origin", "http://127.0.0.1:8080"));
        assert!(!came_by_https(&HeaderMap::new()));
    }
}
