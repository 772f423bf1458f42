//! One question to a server on this machine or another, in plain HTTP/1.1. It follows nothing, keeps nothing, and waits only as
//! long as it is told.

use anyhow::{Context as _, bail, ensure};
use std::io::{Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::{Duration, Instant};

/// Longer answers are not what was asked for.
const ANSWER_BYTES_MAX: u64 = 1 << 20;

/// What a server answered.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub body: String,
}

/// `GET url`, where `url` is `http://HOST:PORT/PATH`. `Err`: nobody answered within `patience`, or not in HTTP.
pub fn get(url: &str, patience: Duration) -> anyhow::Result<Answer> {
    let Some(rest) = url.strip_prefix("http://") else { bail!("{url} does not begin with http://") };
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let until = Instant::now() + patience;
    let left = || until.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
    let asked = || -> std::io::Result<Vec<u8>> {
        let mut refused = std::io::Error::other("the host has no address");
        for address in host.to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, left()) {
                Ok(stream) => return exchange(stream, host, path, left),
                Err(error) => refused = error,
            }
        }
        Err(refused)
    };
    let answer = asked().with_context(|| format!("{url} does not answer"))?;
    understood(&answer).with_context(|| format!("what answers at {url} does not speak HTTP"))
}

fn exchange(
    mut stream: TcpStream,
    host: &str,
    path: &str,
    left: impl Fn() -> Duration,
) -> std::io::Result<Vec<u8>> {
    stream.set_write_timeout(Some(left()))?;
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    let mut chunk = [0u8; 4096];
    // Each read has what is left of the patience, so that drops of an answer do not make it longer.
    while (answer.len() as u64) < ANSWER_BYTES_MAX {
        stream.set_read_timeout(Some(left()))?;
        match stream.read(&mut chunk)? {
            0 => break,
            bytes => answer.extend(&chunk[..bytes]),
        }
    }
    Ok(answer)
}

/// Takes an answer apart whose end is the end of the connection.
fn understood(answer: &[u8]) -> anyhow::Result<Answer> {
    let text = String::from_utf8_lossy(answer);
    let (head, body) = text.split_once("\r\n\r\n").context("its head does not end")?;
    let mut words = head.lines().next().unwrap_or_default().split(' ');
    ensure!(words.next().is_some_and(|word| word.starts_with("HTTP/1.")), "it does not begin with HTTP/1");
    let status = words.next().and_then(|word| word.parse().ok()).context("it has no status")?;
    Ok(Answer { status, body: body.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::server::Server;
    use axum::Router;
    use axum::http::StatusCode;
    use axum::routing::get as route;
    use std::net::{SocketAddr, TcpListener};

    const PATIENCE: Duration = Duration::from_secs(60);

    fn loopback() -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], 0))
    }

    #[test]
    fn a_server_is_heard_with_its_status_and_body() {
        let answers = route(async || (StatusCode::SERVICE_UNAVAILABLE, "not yet"));
        let server = Server::start(loopback(), |_| Router::new().route("/health/ready", answers)).unwrap();
        let url = format!("http://{}/health/ready", server.address());
        assert_eq!(get(&url, PATIENCE).unwrap(), Answer { status: 503, body: "not yet".to_owned() });
        let other = format!("http://{}", server.address());
        assert_eq!(get(&other, PATIENCE).unwrap().status, 404);
        server.stop();
        assert!(get(&url, PATIENCE).is_err());
    }

    #[test]
    fn a_server_that_never_answers_is_not_waited_for() {
        let listener = TcpListener::bind(loopback()).unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let error = get(&url, Duration::from_millis(50)).unwrap_err();
        assert!(error.to_string().contains("does not answer"), "{error:#}");
    }

    #[test]
    fn what_is_not_http_is_not_understood() {
        assert!(understood(b"SSH-2.0-OpenSSH\r\n\r\n").is_err());
        assert!(understood(b"HTTP/1.1 200 OK\r\n").is_err());
        assert!(understood(b"").is_err());
        assert!(get("https://localhost/", PATIENCE).is_err());
    }
}
