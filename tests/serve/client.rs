//! A client of the API: one request and its whole answer, or a stream of events. It judges nothing.

use serde_json::Value;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

pub struct Client {
    address: SocketAddr,
    agent: ureq::Agent,
    token: Option<String>,
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    headers: ureq::http::HeaderMap,
    pub body: String,
}

impl Client {
    pub fn new(address: SocketAddr) -> Self {
        let config = ureq::Agent::config_builder().http_status_as_error(false).build();
        Self { address, agent: config.into(), token: None }
    }

    pub fn with_token(mut self, token: &str) -> Self {
        self.token = Some(token.to_owned());
        self
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[])
    }

    /// The document at a path, which is there.
    pub fn json(&self, path: &str) -> Value {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.json()
    }

    pub fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request =
            ureq::http::Request::builder().method(method).uri(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let mut response = self.agent.run(request.body(()).unwrap()).unwrap();
        let body = response.body_mut().read_to_string().unwrap();
        Answer { status: response.status().as_u16(), headers: response.headers().clone(), body }
    }

    /// Everything that pages of this list hold, with the query of the first one.
    pub fn pages(&self, path: &str, list: &str) -> Vec<Value> {
        let (mut all, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = self.json(&format!("{path}{cursor}"));
            all.extend(page[list].as_array().unwrap().iter().cloned());
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return all,
            }
        }
    }

    /// Listens to `/events`.
    pub fn listen(&self, query: &str, after: Option<&str>) -> Listener {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let mut request = format!("GET /events{query} HTTP/1.1\r\nhost: {}\r\n", self.address);
        if let Some(after) = after {
            request += &format!("last-event-id: {after}\r\n");
        }
        stream.write_all(format!("{request}\r\n").as_bytes()).unwrap();
        Listener { lines: BufReader::new(stream) }
    }
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("this is no JSON: {self:?}"))
    }

    /// The detail of a problem of this status.
    pub fn problem(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        let problem = self.json();
        assert_eq!(
            (&problem["type"], problem["status"].as_u64()),
            (&"about:blank".into(), Some(status.into()))
        );
        problem["detail"].as_str().unwrap().to_owned()
    }
}

pub struct Listener {
    lines: BufReader<TcpStream>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    pub id: String,
    pub event: String,
    pub data: Value,
}

impl Listener {
    /// The next event; `None`: the stream has ended.
    pub fn next(&mut self) -> Option<Heard> {
        let (mut id, mut event, mut data) = (None, None, None);
        loop {
            let mut line = String::new();
            if self.lines.read_line(&mut line).expect("nothing was heard for a minute") == 0 {
                return None;
            }
            // Between the events lie the sizes of chunks, and headers before the first.
            match line.trim_end().split_once(": ") {
                Some(("id", value)) => id = Some(value.to_owned()),
                Some(("event", value)) => event = Some(value.to_owned()),
                Some(("data", value)) => data = Some(serde_json::from_str(value).unwrap()),
                _ => {}
            }
            if line.trim_end().is_empty()
                && let (Some(id), Some(event), Some(data)) = (&id, &event, &data)
            {
                return Some(Heard { id: id.clone(), event: event.clone(), data: Value::clone(data) });
            }
        }
    }

    /// The next event but for those that tell of the lag.
    pub fn next_change(&mut self) -> Option<Heard> {
        loop {
            let heard = self.next()?;
            if heard.event != "lag" {
                return Some(heard);
            }
        }
    }
}
