//! The layer over TCP, before services of axum, of bare hyper, and of tonic.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::task::{Context, Poll};

use axum::extract::ConnectInfo;
use axum::{Extension, Router, routing};
use bytes::{Buf, BufMut, Bytes};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use runbeam_gateway::layers::{AuthLayer, Authenticated, Authenticator};
use serde_json::json;
use tokio::net::TcpListener;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::server::TcpIncoming;
use tower::{Layer, Service};

use crate::fixture::{jwt, token};

fn chain() -> Authenticator {
    Authenticator::builder()
        .with_required(jwt())
        .build()
        .unwrap()
}

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

async fn get(address: SocketAddr, token: Option<&str>) -> (u16, String) {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let mut request = Request::get(format!("http://{address}/"));
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let answer = client
        .request(request.body(Full::<Bytes>::default()).unwrap())
        .await
        .unwrap();
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn axum() {
    let greet = async |Extension(caller): Extension<Authenticated>| {
        format!("Hello, {}", caller.claims().unwrap().sub.clone().unwrap())
    };
    let layer = AuthLayer::new(chain()).with_peer(|request| {
        let ConnectInfo(address) = request.extensions.get::<ConnectInfo<SocketAddr>>()?;
        Some(address.ip())
    });
    let router = Router::new().route("/", routing::get(greet)).layer(layer);
    let (listener, address) = listen().await;
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });

    let good = token(json!({}));
    assert_eq!(
        get(address, Some(&good)).await,
        (200, "Hello, u1".to_owned())
    );
    assert_eq!(get(address, None).await.0, 401);
    for _ in 0..10 {
        assert_eq!(get(address, Some("x")).await.0, 401);
    }
    assert_eq!(get(address, Some("x")).await.0, 429);
    assert_eq!(get(address, Some(&good)).await.0, 200);
}

#[tokio::test]
async fn bare_hyper() {
    let greet = tower::service_fn(|request: Request<hyper::body::Incoming>| async move {
        let caller: &Authenticated = request.extensions().get().unwrap();
        let user = caller.claims().unwrap().sub.clone().unwrap();
        Ok::<_, Infallible>(Response::new(format!("Hello, {user}")))
    });
    let service = TowerToHyperService::new(AuthLayer::new(chain()).layer(greet));
    let (listener, address) = listen().await;
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service.clone());
            tokio::spawn(connection);
        }
    });
    assert_eq!(
        get(address, Some(&token(json!({})))).await,
        (200, "Hello, u1".to_owned())
    );
    assert_eq!(get(address, None).await.0, 401);
    assert_eq!(get(address, Some("x")).await.0, 401);
}

/// `/test.Greeter/Greet`, whose messages are bytes.
#[derive(Clone)]
struct Greeter;

impl tonic::server::NamedService for Greeter {
    const NAME: &'static str = "test.Greeter";
}

impl Service<Request<tonic::body::Body>> for Greeter {
    type Response = Response<tonic::body::Body>;
    type Error = Infallible;
    type Future =
        std::pin::Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<tonic::body::Body>) -> Self::Future {
        Box::pin(async {
            let greet = tower::service_fn(|request: tonic::Request<Bytes>| async move {
                let caller: &Authenticated = request.extensions().get().unwrap();
                let user = caller.claims().unwrap().sub.clone().unwrap();
                assert!(!request.metadata().contains_key("authorization"));
                Ok::<_, tonic::Status>(tonic::Response::new(Bytes::from(format!("Hello, {user}"))))
            });
            Ok(tonic::server::Grpc::new(BytesCodec)
                .unary(greet, request)
                .await)
        })
    }
}

struct BytesCodec;

impl Codec for BytesCodec {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for BytesCodec {
    type Item = Bytes;
    type Error = tonic::Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), tonic::Status> {
        buffer.put(item);
        Ok(())
    }
}

impl Decoder for BytesCodec {
    type Item = Bytes;
    type Error = tonic::Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, tonic::Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}

#[tokio::test]
async fn tonic() {
    let (listener, address) = listen().await;
    let server = tonic::transport::Server::builder()
        .layer(AuthLayer::new(chain()))
        .add_service(Greeter);
    tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener)));
    let call = async |token: Option<&str>| {
        let client = Client::builder(TokioExecutor::new())
            .http2_only(true)
            .build_http();
        let mut request = Request::post(format!("http://{address}/test.Greeter/Greet"))
            .header("content-type", "application/grpc")
            .header("te", "trailers");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        // One empty message, not compressed.
        let message = Full::new(Bytes::from_static(&[0; 5]));
        let answer = client
            .request(request.body(message).unwrap())
            .await
            .unwrap();
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.unwrap();
        let grpc = body
            .trailers()
            .and_then(|trailers| trailers.get("grpc-status").cloned());
        (status, grpc, body.to_bytes())
    };
    let (status, grpc, body) = call(Some(&token(json!({})))).await;
    assert_eq!((status, grpc.unwrap().as_bytes()), (200, &b"0"[..]));
    assert_eq!(&body[5..], b"Hello, u1");
    // Clients of gRPC take 401 for UNAUTHENTICATED where there is no status of its own.
    for token in [None, Some("x")] {
        let (status, grpc, _) = call(token).await;
        assert_eq!((status, grpc), (401, None));
    }
}
