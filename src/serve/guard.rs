//! Who may write while there are no keys: somebody at this very machine, and neither a proxy on it (which would let
//! the whole network in) nor a web page open in its browser.
//!
//! What this cannot see: a proxy that rewrites `Host` to loopback, speaks HTTP/1.1 and adds no header at all.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, Request};
use axum::http::header::{FORWARDED, HOST, ORIGIN, VIA};
use axum::http::{HeaderMap, HeaderName, Version};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::error::{Kind, Problem};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The layer over write routes and over what only the operator reads.
pub(super) async fn local_only(request: Request, next: Next) -> Response {
    match refusal(&request) {
        None => next.run(request).await,
        Some(why) => Problem::new(Kind::LocalOnly, why).into_response(),
    }
}

/// The address at the other end of the connection.
pub(super) fn peer<B>(request: &axum::http::Request<B>) -> Option<IpAddr> {
    let ConnectInfo(address) = request.extensions().get::<ConnectInfo<SocketAddr>>()?;
    Some(address.ip().to_canonical())
}

fn refusal(request: &Request) -> Option<&'static str> {
    let headers = request.headers();
    if !peer(request).is_some_and(|ip| ip.is_loopback()) {
        return Some("this route answers connections from this machine only");
    }
    // Proxies speak 1.0 by default where they are old; nothing else does.
    if request.version() < Version::HTTP_11 || is_proxied(headers) {
        return Some("this route does not answer through a proxy");
    }
    let mut hosts = headers.get_all(HOST).iter();
    let (Some(host), None) = (hosts.next().and_then(|host| host.to_str().ok()), hosts.next()) else {
        return Some("this route needs one `Host`");
    };
    let authority = request.uri().authority().map(axum::http::uri::Authority::as_str);
    if !is_loopback_host(host) || authority.is_some_and(|authority| !is_loopback_host(authority)) {
        return Some("this route answers only where `Host` is a loopback name or address");
    }
    if is_cross_site(headers, host) {
        return Some("this route does not answer web pages of another origin");
    }
    None
}

fn is_proxied(headers: &HeaderMap) -> bool {
    headers.contains_key(FORWARDED)
        || headers.contains_key(VIA)
        || headers
            .keys()
            .any(|name| name.as_str().starts_with("x-forwarded-") || name.as_str() == "x-real-ip")
}

fn is_loopback_host(authority: &str) -> bool {
    let host = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, _)) => host,
        None => authority.split(':').next().unwrap_or_default(),
    };
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Browsers say where a request comes from. Another port of this machine is another origin as well.
fn is_cross_site(headers: &HeaderMap, host: &str) -> bool {
    let own = format!("http://{host}");
    let foreign_origin = headers
        .get_all(ORIGIN)
        .iter()
        .any(|origin| !origin.as_bytes().eq_ignore_ascii_case(own.as_bytes()));
    let foreign_site = headers
        .get_all(SEC_FETCH_SITE)
        .iter()
        .any(|site| site != "same-origin" && site != "none");
    foreign_origin || foreign_site
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn request(peer: &str, headers: &[(&'static str, &'static str)]) -> Request {
        let mut request = Request::new(Body::empty());
        let address: SocketAddr = peer.parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(address));
        for (name, value) in headers {
            request.headers_mut().append(*name, value.parse().unwrap());
        }
        request
    }

    #[test]
    fn this_machine_may_write() {
        for host in [
            "localhost",
            "LOCALHOST:8080",
            "127.0.0.1:8080",
            "127.9.9.9",
            "[::1]:8080",
            "[::1]",
        ] {
            assert_eq!(
                refusal(&request("127.0.0.1:5000", &[("host", host)])),
                None,
                "{host}"
            );
        }
        assert_eq!(refusal(&request("[::1]:5000", &[("host", "[::1]:80")])), None);
        assert_eq!(
            refusal(&request("[::ffff:127.0.0.1]:5000", &[("host", "localhost")])),
            None
        );
        let own_page = [
            ("host", "localhost:80"),
            ("origin", "http://localhost:80"),
            ("sec-fetch-site", "same-origin"),
        ];
        assert_eq!(refusal(&request("127.0.0.1:5000", &own_page)), None);
    }

    #[test]
    fn nobody_else_may() {
        let local = "127.0.0.1:5000";
        assert!(refusal(&request("192.0.2.1:5000", &[("host", "localhost")])).is_some());
        assert!(refusal(&request(local, &[])).is_some());
        assert!(refusal(&request(local, &[("host", "localhost"), ("host", "localhost")])).is_some());
        for host in [
            "example.org",
            "localhost.example.org",
            "127.0.0.1.example.org",
            "",
            "[::1",
            "0.0.0.0",
        ] {
            assert!(refusal(&request(local, &[("host", host)])).is_some(), "{host}");
        }
        for (name, value) in [
            ("forwarded", "for=192.0.2.1"),
            ("x-forwarded-for", "192.0.2.1"),
            ("x-forwarded-proto", "https"),
            ("via", "1.1 proxy"),
            ("x-real-ip", "192.0.2.1"),
            ("origin", "https://example.org"),
            ("origin", "null"),
            ("origin", "http://localhost:3000"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ] {
            let refused = refusal(&request(local, &[("host", "localhost"), (name, value)]));
            assert!(refused.is_some(), "{name}: {value}");
        }
        let mut old = request(local, &[("host", "localhost")]);
        *old.version_mut() = Version::HTTP_10;
        assert!(refusal(&old).is_some());
        assert!(refusal(&Request::new(Body::empty())).is_some());
    }
}
