//! Who lists gateways.

use std::hint::black_box;
use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use runbeam_sdk::http::HttpClient;
use runbeam_sdk::model::{Gateway, Page};
use tokio::net::TcpStream;
use tokio::sync::Mutex;

use crate::server::Server;

const TOKEN: &str = "12|p0LmXw3rT8";

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Bare,
    Pooled,
    OurHttp,
    Ours,
    Earlier,
}

impl Kind {
    pub(crate) const ALL: [Self; 5] = [
        Self::Bare,
        Self::Pooled,
        Self::OurHttp,
        Self::Ours,
        Self::Earlier,
    ];
    pub(crate) const BARE: usize = 0;
    pub(crate) const OURS: usize = 3;
    pub(crate) const EARLIER: usize = 4;

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare: hyper, serde_json",
            Self::Pooled => "hyper-util's pool, serde_json",
            Self::OurHttp => "runbeam-http, serde_json",
            Self::Ours => "ours",
            Self::Earlier => "the earlier SDK",
        }
    }
}

/// One of them, with its connections.
#[derive(Clone)]
pub(crate) enum Client {
    /// A connection for each that calls at once.
    Bare(Arc<Vec<Mutex<SendRequest<Full<Bytes>>>>>, String),
    Pooled(Pool<HttpConnector, Full<Bytes>>, String),
    OurHttp(HttpClient, String),
    Ours(runbeam_sdk::RunbeamClient),
    Earlier(Arc<earlier_sdk::RunbeamClient>),
}

impl Client {
    pub(crate) async fn new(kind: Kind, server: &Server, connections: usize) -> Self {
        let url = format!("http://{}/api/gateways", server.address);
        match kind {
            Kind::Bare => {
                let mut senders = Vec::new();
                for _ in 0..connections {
                    let stream = TcpStream::connect(&server.address).await.unwrap();
                    stream.set_nodelay(true).unwrap();
                    let (sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
                    tokio::spawn(connection);
                    senders.push(Mutex::new(sender));
                }
                Self::Bare(Arc::new(senders), server.address.clone())
            }
            Kind::Pooled => {
                let mut tcp = HttpConnector::new();
                tcp.set_nodelay(true);
                Self::Pooled(Pool::builder(TokioExecutor::new()).build(tcp), url)
            }
            Kind::OurHttp => Self::OurHttp(HttpClient::builder().build().unwrap(), url),
            Kind::Ours => {
                let client = runbeam_sdk::RunbeamClient::new(format!("http://{}", server.address));
                Self::Ours(client.with_token(TOKEN))
            }
            Kind::Earlier => {
                let client = earlier_sdk::RunbeamClient::new(format!("http://{}", server.address));
                Self::Earlier(Arc::new(client))
            }
        }
    }

    /// Lists the gateways so many times.
    pub(crate) async fn list(&self, number: usize, times: usize) {
        for _ in 0..times {
            let rows = match self {
                Self::Bare(senders, host) => {
                    let mut sender = senders[number].lock().await;
                    sender.ready().await.unwrap();
                    let request = request("/api/gateways").header("host", host);
                    let request = request.body(Full::default()).unwrap();
                    read(sender.send_request(request).await.unwrap()).await
                }
                Self::Pooled(pool, url) => {
                    let request = request(url).body(Full::default()).unwrap();
                    read(pool.request(request).await.unwrap()).await
                }
                Self::OurHttp(client, url) => {
                    let request = request(url).body(Bytes::new()).unwrap();
                    let answer = client.send(request).await.unwrap();
                    parse(answer.body())
                }
                Self::Ours(client) => {
                    let page = client.gateways().list().await.unwrap();
                    black_box(page).data.len()
                }
                Self::Earlier(client) => {
                    let page = client.list_gateways(TOKEN).await.unwrap();
                    black_box(page).data.len()
                }
            };
            assert_eq!(rows, 25);
        }
    }
}

fn request(url: &str) -> http::request::Builder {
    Request::get(url)
        .header("accept", "application/json")
        .header("authorization", "Bearer 12|p0LmXw3rT8")
}

async fn read(answer: http::Response<hyper::body::Incoming>) -> usize {
    assert!(answer.status().is_success());
    parse(&answer.into_body().collect().await.unwrap().to_bytes())
}

fn parse(body: &[u8]) -> usize {
    let page: Page<Gateway> = serde_json::from_slice(body).unwrap();
    black_box(page).data.len()
}
