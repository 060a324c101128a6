//! A listener that answers each connection with bytes of one's choice.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use runbeam_http::{Error, HttpClient, Limits, RetryPolicy};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What a connection does after it has read the request's head.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// Sends the bytes and closes.
    Bytes(Vec<u8>),
    /// Sends the bytes without waiting for a request, then nothing.
    AtOnce(Vec<u8>),
    /// Sends the first bytes, then the second again and again, waiting in between.
    Drip(Vec<u8>, Vec<u8>, Duration),
    /// Sends the bytes, then nothing, and stays open.
    Hang(Vec<u8>),
    /// Sends the bytes, then resets the connection.
    Reset(Vec<u8>),
}

pub(crate) struct RawServer {
    pub(crate) url: String,
    requests: Arc<AtomicUsize>,
    head: Arc<Mutex<Vec<u8>>>,
    task: JoinHandle<()>,
}

impl RawServer {
    pub(crate) async fn start(answer: Answer) -> Self {
        Self::in_turn([answer]).await
    }

    /// Answers each connection with the next of `answers`, and keeps the last one.
    pub(crate) async fn in_turn(answers: impl IntoIterator<Item = Answer>) -> Self {
        let answers: Vec<_> = answers.into_iter().collect();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(AtomicUsize::new(0));
        let counter = requests.clone();
        let head = Arc::<Mutex<Vec<u8>>>::default();
        let heads = Arc::clone(&head);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let turn = counter.fetch_add(1, Ordering::Relaxed);
                let answer = answers.get(turn).or(answers.last()).unwrap();
                tokio::spawn(serve(stream, answer.clone(), heads.clone()));
            }
        });
        Self {
            url,
            requests,
            head,
            task,
        }
    }

    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }

    /// The head of the last request.
    pub(crate) fn last_head(&self) -> String {
        String::from_utf8(self.head.lock().unwrap().clone()).unwrap()
    }

    /// Asks once.
    pub(crate) async fn ask(&self, limits: Limits) -> Result<Response<Bytes>, Error> {
        let client = HttpClient::builder()
            .with_limits(limits)
            .with_retries(RetryPolicy::never());
        get(&client.build().unwrap(), &self.url).await
    }
}

impl Drop for RawServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(crate) async fn get(client: &HttpClient, url: &str) -> Result<Response<Bytes>, Error> {
    client
        .send(Request::get(url).body(Bytes::new()).unwrap())
        .await
}

async fn serve(mut stream: TcpStream, answer: Answer, heads: Arc<Mutex<Vec<u8>>>) {
    let mut head = Vec::new();
    while !matches!(answer, Answer::AtOnce(_)) && !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    *heads.lock().unwrap() = head;
    // The client may hang up at any point: that is what is tested.
    let _ = match answer {
        Answer::Bytes(bytes) => stream.write_all(&bytes).await,
        Answer::Drip(first, then, pause) => {
            let mut sent = stream.write_all(&first).await;
            while sent.is_ok() {
                sent = stream.write_all(&then).await;
                tokio::time::sleep(pause).await;
            }
            sent
        }
        Answer::Hang(bytes) | Answer::AtOnce(bytes) => {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.read_u8().await;
            Ok(())
        }
        Answer::Reset(bytes) => {
            let sent = stream.write_all(&bytes).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
            socket_reset(stream);
            sent
        }
    };
}

/// Closing with unread input pending makes the kernel send RST; a zero linger does so in any case.
fn socket_reset(stream: TcpStream) {
    let _ = stream.set_zero_linger();
    drop(stream);
}
