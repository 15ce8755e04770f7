//! Who may ask: the page itself, from this machine or with the token.
//!
//! * **Host**: without a token, only names of this machine are answered, so that a foreign name which is made to point here
//!   (DNS rebinding) reaches nothing.
//! * **Origin**: a request that a browser sends for another site's page is refused, WebSockets included. There are no CORS
//!   headers at all.
//! * **Token**: where other machines may ask, each request carries it as a cookie, as `Authorization: Bearer`, or once as
//!   `?token=` in the printed address, which sets the cookie. It is compared in constant time.

use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use subtle::ConstantTimeEq;

use crate::failure::Failure;

/// The cookie that carries the token.
const COOKIE: &str = "dendrite_studio";

/// The rules for one server.
#[derive(Clone, Debug)]
pub struct Guard {
    /// Where only this machine may ask: the address that is listened on.
    own: IpAddr,
    /// Where other machines may ask.
    token: Option<String>,
}

impl Guard {
    /// For this machine only.
    pub fn local(own: IpAddr) -> Self {
        Self { own, token: None }
    }

    /// For other machines too, with a token of 128 random bits.
    ///
    /// # Errors
    /// The operating system has no random numbers.
    pub fn remote(own: IpAddr) -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)?;
        let token = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { own, token: Some(token) })
    }

    /// The token, where one is needed.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    fn check(&self, headers: &HeaderMap, uri: &Uri) -> Result<Passed, Failure> {
        let host = text(headers, header::HOST).unwrap_or_default();
        if self.token.is_none() && !self.is_own_name(host) {
            let shown: String = host.chars().take(80).collect();
            return Err(Failure::new(
                StatusCode::MISDIRECTED_REQUEST,
                format_args!("{shown:?} is no name of this server; ask for localhost or 127.0.0.1"),
            ));
        }
        if let Some(origin) = headers.get(header::ORIGIN) {
            let same = origin.to_str().is_ok_and(|origin| is_same(origin, host));
            if !same {
                return Err(foreign());
            }
        }
        // Browsers say where a request comes from even where they send no origin, as for pictures and scripts.
        let site = text(headers, "sec-fetch-site").unwrap_or("none");
        if uri.path().starts_with("/api/") && !matches!(site, "same-origin" | "none") {
            return Err(foreign());
        }
        let Some(token) = &self.token else { return Ok(Passed::Freely) };
        let is_token = |found: &str| bool::from(found.as_bytes().ct_eq(token.as_bytes()));
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut cookies = cookies.flat_map(|value| value.split("; ")).filter_map(|pair| pair.split_once('='));
        let bearer = text(headers, header::AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
        if cookies.any(|(name, value)| name == COOKIE && is_token(value)) || bearer.is_some_and(is_token) {
            return Ok(Passed::Freely);
        }
        let query = uri.query().unwrap_or_default();
        if query.split('&').filter_map(|pair| pair.strip_prefix("token=")).any(is_token) {
            return Ok(Passed::WithQuery);
        }
        Err(Failure::new(
            StatusCode::UNAUTHORIZED,
            "the token is missing or wrong; open the address that the studio printed when it was started",
        ))
    }

    /// Whether a `Host` header names this machine. The port may be another, as behind a tunnel.
    fn is_own_name(&self, host: &str) -> bool {
        let name = match host.strip_prefix('[') {
            Some(rest) => rest.split(']').next().unwrap_or_default(),
            None => host.rsplit_once(':').map_or(host, |(name, _)| name),
        };
        let is_own = |address: IpAddr| address.is_loopback() || address == self.own;
        name.eq_ignore_ascii_case("localhost") || name.parse().is_ok_and(is_own)
    }
}

/// How a request passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Passed {
    Freely,
    /// With the token in its address.
    WithQuery,
}

fn foreign() -> Failure {
    Failure::new(StatusCode::FORBIDDEN, "requests from other sites are refused")
}

fn text(headers: &HeaderMap, name: impl header::AsHeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// Whether an `Origin` is the server that the request is sent to.
fn is_same(origin: &str, host: &str) -> bool {
    let rest = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    rest.is_some_and(|origin| !host.is_empty() && origin.eq_ignore_ascii_case(host))
}

/// Lets a request pass or refuses it.
pub async fn guard(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    match guard.check(request.headers(), request.uri()) {
        Err(failure) => failure.into_response(),
        Ok(Passed::Freely) => next.run(request).await,
        Ok(Passed::WithQuery) => {
            let token = guard.token.as_deref().unwrap_or_default();
            let cookie = format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict");
            // The address bar and the history keep no token.
            let is_page = request.method() == Method::GET && request.uri().path() == "/";
            let mut response = if is_page {
                (StatusCode::SEE_OTHER, [(header::LOCATION, "/")]).into_response()
            } else {
                next.run(request).await
            };
            if let Ok(cookie) = HeaderValue::from_str(&cookie) {
                response.headers_mut().append(header::SET_COOKIE, cookie);
            }
            response
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    fn status(guard: &Guard, uri: &str, pairs: &[(&'static str, &str)]) -> u16 {
        guard.check(&headers(pairs), &uri.parse().unwrap()).map_or_else(|failure| failure.status, |_| 200)
    }

    #[test]
    fn only_names_of_this_machine_are_answered() {
        let guard = Guard::local(Ipv4Addr::LOCALHOST.into());
        for host in
            ["localhost:8000", "LOCALHOST", "127.0.0.1:8000", "127.0.0.1", "[::1]:8000", "127.0.0.9:1"]
        {
            assert_eq!(status(&guard, "/api/health", &[("host", host)]), 200, "{host}");
        }
        for host in
            ["", "evil.example", "evil.example:8000", "127.0.0.1.evil.example", "192.168.0.9:8000", "[::2]"]
        {
            assert_eq!(status(&guard, "/api/health", &[("host", host)]), 421, "{host}");
        }
    }

    #[test]
    fn other_origins_are_refused() {
        let guard = Guard::local(Ipv4Addr::LOCALHOST.into());
        let asked =
            |origin| status(&guard, "/api/train/start", &[("host", "localhost:8000"), ("origin", origin)]);
        assert_eq!(asked("http://localhost:8000"), 200);
        for origin in [
            "http://localhost:8001",
            "http://127.0.0.1:8000",
            "null",
            "https://evil.example",
            "localhost:8000",
        ] {
            assert_eq!(asked(origin), 403, "{origin}");
        }
        let fetched = |site| status(&guard, "/api/audio", &[("host", "localhost"), ("sec-fetch-site", site)]);
        assert_eq!((fetched("same-origin"), fetched("none")), (200, 200));
        assert_eq!((fetched("cross-site"), fetched("same-site")), (403, 403));
    }

    #[test]
    fn a_token_opens_by_cookie_header_or_address_and_nothing_else_does() {
        let guard = Guard::remote(Ipv4Addr::UNSPECIFIED.into()).unwrap();
        let token = guard.token().unwrap();
        assert_eq!(token.len(), 32);
        let wrong = "0".repeat(32);
        let host = ("host", "studio.lan:8000");
        assert_eq!(status(&guard, "/", &[host]), 401);
        assert_eq!(status(&guard, "/?token=", &[host]), 401);
        assert_eq!(status(&guard, &format!("/?token={wrong}"), &[host]), 401);
        assert_eq!(status(&guard, &format!("/?token={}", &token[..31]), &[host]), 401);
        assert_eq!(status(&guard, &format!("/?a=b&token={token}"), &[host]), 200);
        assert_eq!(status(&guard, "/api/live", &[host, ("cookie", &format!("a=b; {COOKIE}={token}"))]), 200);
        assert_eq!(status(&guard, "/api/live", &[host, ("cookie", &format!("{COOKIE}={wrong}"))]), 401);
        assert_eq!(status(&guard, "/api/audio", &[host, ("authorization", &format!("Bearer {token}"))]), 200);
    }
}
