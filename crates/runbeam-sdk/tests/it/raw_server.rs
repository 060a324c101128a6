//! A server that answers as it is told, byte by byte.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The address of a server that sends `answer` on each connection and closes it.
pub(crate) async fn answers(answer: impl Into<Vec<u8>>) -> String {
    let answer = answer.into();
    serves(move |mut stream: TcpStream| {
        let answer = answer.clone();
        async move {
            read_head(&mut stream).await?;
            stream.write_all(&answer).await.ok()?;
            stream.shutdown().await.ok()
        }
    })
    .await
}

/// The address of a server that hands each connection over.
pub(crate) async fn serves<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> String
where
    F: Future<Output = Option<()>> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    url
}

/// The head of a request, which has no body here.
pub(crate) async fn read_head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut part = [0; 4096];
        let count = stream
            .read(&mut part)
            .await
            .ok()
            .filter(|count| *count > 0)?;
        head.extend_from_slice(&part[..count]);
    }
    String::from_utf8(head).ok()
}

/// A list of many rows, and how many pages of it were asked for.
pub(crate) struct Rows {
    pub(crate) url: String,
    pub(crate) pages: Arc<AtomicU64>,
}

/// Serves `total` gateways in pages of a hundred, on connections that stay.
pub(crate) async fn rows(total: u64) -> Rows {
    const PER_PAGE: u64 = 100;
    let pages = Arc::new(AtomicU64::new(0));
    let asked = pages.clone();
    let last = total.div_ceil(PER_PAGE).max(1);
    let url = serves(move |mut stream| {
        let asked = asked.clone();
        async move {
            loop {
                let head = read_head(&mut stream).await?;
                asked.fetch_add(1, Ordering::SeqCst);
                let (_, rest) = head.split_once("page=")?;
                let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
                let page: u64 = digits.parse().ok()?;
                let first = (page - 1) * PER_PAGE;
                let rows: Vec<String> = (first..(first + PER_PAGE).min(total))
                    .map(|row| format!(r#"{{"type":"gateway","id":"g{row}","code":"g{row}","name":"g{row}"}}"#))
                    .collect();
                let body = format!(
                    r#"{{"data":[{}],"meta":{{"current_page":{page},"last_page":{last},"per_page":{PER_PAGE},"total":{total}}}}}"#,
                    rows.join(",")
                );
                let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
                stream.write_all(answer.as_bytes()).await.ok()?;
            }
        }
    })
    .await;
    Rows { url, pages }
}
