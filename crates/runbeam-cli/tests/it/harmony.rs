//! A gateway's management API, which answers with the examples of the published description.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::runbeam::{Shell, shared};

/// A gateway on loopback.
pub(crate) struct Harmony {
    address: SocketAddr,
    answers: Arc<Mutex<HashMap<String, (u16, String)>>>,
    requests: Receiver<Received>,
}

/// A request that arrived.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    /// Method and path.
    pub(crate) line: String,
    pub(crate) headers: Vec<String>,
    pub(crate) body: String,
}

impl Harmony {
    /// `None` where the examples are missing.
    pub(crate) fn start() -> Option<Self> {
        let mut answers = HashMap::new();
        for (line, status, example) in [
            ("GET /admin/info", 200, "harmony-info"),
            ("GET /admin/pipelines", 200, "harmony-pipelines"),
            ("GET /admin/routes", 200, "harmony-routes"),
            ("POST /admin/token", 200, "harmony-token-200"),
            ("POST /admin/update", 200, "harmony-update-200"),
            ("POST /api/reload", 200, "harmony-reload-200"),
        ] {
            let body = shared(&format!("contract/examples/{example}.json"))?;
            answers.insert(line.to_owned(), (status, body));
        }
        let answers = Arc::new(Mutex::new(answers));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, requests) = channel();
        let shown = answers.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answers, sender) = (shown.clone(), sender.clone());
                std::thread::spawn(move || serve(stream, &answers, &sender));
            }
        });
        Some(Self {
            address,
            answers,
            requests,
        })
    }

    /// From now on it answers a request so.
    pub(crate) fn answer(&self, line: &str, status: u16, body: &str) {
        let mut answers = self.answers.lock().unwrap();
        answers.insert(line.to_owned(), (status, body.to_owned()));
    }

    /// From now on it answers as an example says.
    pub(crate) fn answer_like(&self, line: &str, status: u16, example: &str) {
        let body = shared(&format!("contract/examples/{example}.json")).unwrap();
        self.answer(line, status, &body);
    }

    /// The requests so far.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.requests.try_iter().collect()
    }

    /// Adds it to the list of a shell.
    pub(crate) fn add_to(&self, shell: &Shell, label: &str) -> String {
        let port = self.address.port();
        let added = shell.json(&format!("harmony:add -p {port} -l {label}"));
        added["id"].as_str().unwrap().to_owned()
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

fn serve(
    mut stream: TcpStream,
    answers: &Mutex<HashMap<String, (u16, String)>>,
    sender: &Sender<Received>,
) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while let Some(request) = read(&mut reader) {
        let answer = answers.lock().unwrap().get(&request.line).cloned();
        let (status, body) = answer.unwrap_or((404, r#"{"error":"Not found"}"#.to_owned()));
        let _ = sender.send(request);
        let head = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        if stream.write_all((head + &body).as_bytes()).is_err() {
            return;
        }
    }
}

fn read(reader: &mut impl BufRead) -> Option<Received> {
    let mut first = String::new();
    reader.read_line(&mut first).ok().filter(|read| *read > 0)?;
    let mut headers = Vec::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let line = line.trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().ok()?;
        }
        headers.push(line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let (line, _) = first.trim_end().rsplit_once(' ')?;
    Some(Received {
        line: line.to_owned(),
        headers,
        body: String::from_utf8(body).ok()?,
    })
}

impl Received {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}
