//! The way in for browsers, which cannot bear a token by themselves: who shows the token gets a cookie that stands for it.
//! The cookie is a number drawn at random, kept in memory: a process that is started anew asks for the token again.

use super::auth::is_same;
use anyhow::Context as _;
use axum::http::{HeaderMap, header};
use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io::Read as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

const COOKIE: &str = "chat-goals-session";

/// A working day, with some room.
const LASTS: Duration = Duration::from_secs(12 * 60 * 60);

/// Of more, the oldest are ended.
const SESSIONS_MAX: usize = 1_000;

pub struct Sessions {
    token: Box<[u8]>,
    /// Oldest first.
    open: Mutex<VecDeque<Session>>,
}

struct Session {
    id: String,
    since: Instant,
}

impl Sessions {
    /// `token`: what has to be shown.
    pub fn new(token: &str) -> Self {
        Self { token: token.as_bytes().into(), open: Mutex::new(VecDeque::new()) }
    }

    /// The value of `Set-Cookie` for who shows the token; `None`: it is another one.
    pub fn begin(&self, token: &str, headers: &HeaderMap) -> anyhow::Result<Option<String>> {
        if !is_same(token.trim().as_bytes(), &self.token) {
            return Ok(None);
        }
        let id = random_id().context("no random number can be drawn")?;
        let cookie = cookie(&id, LASTS, headers);
        let mut open = self.open();
        if open.len() == SESSIONS_MAX {
            open.pop_front();
        }
        open.push_back(Session { id, since: Instant::now() });
        Ok(Some(cookie))
    }

    /// Whether a request comes from a session that is open.
    pub fn has(&self, headers: &HeaderMap) -> bool {
        let mut open = self.open();
        while open.front().is_some_and(|oldest| oldest.since.elapsed() >= LASTS) {
            open.pop_front();
        }
        // All of them, so that the time says nothing.
        ids(headers).any(|id| {
            open.iter().fold(false, |found, session| found | is_same(id.as_bytes(), session.id.as_bytes()))
        })
    }

    /// Ends the session that a request comes from; the value of `Set-Cookie` that makes the browser forget it.
    pub fn end(&self, headers: &HeaderMap) -> String {
        for id in ids(headers) {
            self.open().retain(|session| !is_same(session.id.as_bytes(), id.as_bytes()));
        }
        cookie("", Duration::ZERO, headers)
    }

    /// Whoever panicked holding it left a list.
    fn open(&self) -> MutexGuard<'_, VecDeque<Session>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn ids(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(|(name, value)| *name == COOKIE && !value.is_empty()).map(|(_, value)| value)
}

fn cookie(id: &str, lasts: Duration, headers: &HeaderMap) -> String {
    // Behind a proxy that speaks TLS the browser must not say it in clear. That another claims so does no harm.
    let is_secure = headers.get("x-forwarded-proto").is_some_and(|proto| proto == "https");
    let secure = if is_secure { "; Secure" } else { "" };
    let seconds = lasts.as_secs();
    format!("{COOKIE}={id}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}")
}

/// 256 bits of the system's random numbers.
fn random_id() -> std::io::Result<String> {
    let mut bytes = [0; 32];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    let mut id = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        write!(id, "{byte:02x}").expect("a string takes everything");
    }
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn with(cookie: &str) -> HeaderMap {
        let pair = cookie.split(';').next().unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_str(&format!("theme=dark; {pair}")).unwrap());
        headers
    }

    fn begun(sessions: &Sessions) -> String {
        sessions.begin("secret", &HeaderMap::new()).unwrap().unwrap()
    }

    #[test]
    fn who_shows_the_token_gets_a_cookie_that_is_not_the_token() {
        let sessions = Sessions::new("secret");
        let cookie = begun(&sessions);
        assert!(
            cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict") && !cookie.contains("secret")
        );
        assert!(sessions.has(&with(&cookie)));
        assert_ne!(cookie, begun(&sessions));
    }

    #[test]
    fn another_token_or_cookie_is_refused() {
        let sessions = Sessions::new("secret");
        assert_eq!(sessions.begin("secre", &HeaderMap::new()).unwrap(), None);
        assert_eq!(sessions.begin("", &HeaderMap::new()).unwrap(), None);
        begun(&sessions);
        assert!(!sessions.has(&HeaderMap::new()));
        assert!(!sessions.has(&with("chat-goals-session=")));
        assert!(!sessions.has(&with("chat-goals-session=secret")));
    }

    #[test]
    fn a_session_that_was_ended_is_over() {
        let sessions = Sessions::new("secret");
        let (mine, other) = (begun(&sessions), begun(&sessions));
        assert!(sessions.end(&with(&mine)).contains("Max-Age=0"));
        assert!(!sessions.has(&with(&mine)));
        assert!(sessions.has(&with(&other)));
    }

    #[test]
    fn the_oldest_of_too_many_is_ended() {
        let sessions = Sessions::new("secret");
        let oldest = begun(&sessions);
        for _ in 0..SESSIONS_MAX {
            begun(&sessions);
        }
        assert!(!sessions.has(&with(&oldest)));
    }

    #[test]
    fn behind_tls_the_cookie_stays_there() {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-proto", HeaderValue::from_static("https"));
        let cookie = Sessions::new("t").begin("t", &headers).unwrap().unwrap();
        assert!(cookie.ends_with("; Secure"));
    }
}
