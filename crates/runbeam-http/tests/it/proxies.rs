//! Through a proxy, and past it.

use std::process::Command;
use std::sync::{Arc, Mutex};

use runbeam_http::{ErrorKind, HttpClient, HttpClientBuilder, RetryPolicy};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::raw_server::{Answer, RawServer, get};
use crate::tls_server::{Authority, TlsServer};

/// A proxy that leads every tunnel to one address, whatever it was asked for, and keeps what it was told.
struct Proxy {
    address: String,
    heads: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Proxy {
    async fn start(target: &str, wanted: Option<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let target = target
            .rsplit('/')
            .next()
            .unwrap()
            .replace("localhost", "127.0.0.1");
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let seen = heads.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, target.clone(), wanted, seen.clone()));
            }
        });
        Self {
            address,
            heads,
            task,
        }
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    mut client: TcpStream,
    target: String,
    wanted: Option<&'static str>,
    heads: Arc<Mutex<Vec<String>>>,
) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match client.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8(head).unwrap();
    let is_allowed = wanted.is_none_or(|wanted| head.contains(wanted));
    heads.lock().unwrap().push(head.clone());
    // Clients may hang up.
    if !is_allowed {
        let answer = b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n";
        let _ = client.write_all(answer).await;
        return;
    }
    let Ok(mut server) = TcpStream::connect(&target).await else {
        let _ = client.write_all(b"HTTP/1.1 502 Bad Gateway\r\n\r\n").await;
        return;
    };
    if head.starts_with("CONNECT ") {
        let _ = client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
    } else {
        let _ = server.write_all(head.as_bytes()).await;
    }
    let _ = copy_bidirectional(&mut client, &mut server).await;
}

/// The name that the proxies here lead to servers on this machine. No resolver knows it.
const NAME: &str = "api.test";

fn trusting(authority: &Authority) -> HttpClientBuilder {
    HttpClient::builder()
        .with_root_certificates_pem(authority.pem())
        .unwrap()
        .with_retries(RetryPolicy::never())
}

#[tokio::test]
async fn https_goes_through_a_tunnel_of_which_the_proxy_sees_no_more_than_it_must() {
    let authority = Authority::new();
    for alpn in [vec![], vec!["h2"]] {
        let server = TlsServer::start(&authority, NAME, &alpn, rustls::ALL_VERSIONS).await;
        // canary-2 : p@ss
        let wanted = "Proxy-Authorization: Basic Y2FuYXJ5LTI6cEBzcw==\r\n";
        let proxy = Proxy::start(&server.url, Some(wanted)).await;
        let url = format!("http://canary-2:p%40ss@{}", proxy.address);
        let client = trusting(&authority).with_proxy(&url).unwrap();
        assert!(!format!("{client:?}").contains("canary"), "{client:?}");
        let client = client.build().unwrap();
        assert!(!format!("{client:?}").contains("canary"), "{client:?}");
        for _ in 0..2 {
            let request = http::Request::get(format!("https://{NAME}/secret/path?canary-1"))
                .header("authorization", "Bearer canary-1")
                .body(bytes::Bytes::new())
                .unwrap();
            let response = client.send(request).await.unwrap();
            let version = if alpn.is_empty() {
                "HTTP/1.1"
            } else {
                "HTTP/2.0"
            };
            assert_eq!(response.body(), version);
        }
        let heads = proxy.heads();
        assert_eq!(heads.len(), 1, "one tunnel serves both");
        assert!(
            heads[0].starts_with("CONNECT api.test:443 HTTP/1.1\r\n"),
            "{}",
            heads[0]
        );
        assert!(
            !heads[0].contains("canary-1") && !heads[0].contains("secret"),
            "{}",
            heads[0]
        );
    }
}

#[tokio::test]
async fn plain_http_is_forwarded_with_the_proxys_credentials_for_the_proxy() {
    let good = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
    let server = RawServer::start(Answer::Bytes(good.to_vec())).await;
    let proxy = Proxy::start(&server.url, None).await;
    let client = HttpClient::builder()
        .dangerous_allow_plaintext()
        .with_proxy(format!("http://u:p@{}", proxy.address))
        .unwrap()
        .build()
        .unwrap();
    assert!(get(&client, "http://api.test/x?y").await.is_ok());
    let head = &proxy.heads()[0];
    assert!(
        head.starts_with("GET http://api.test/x?y HTTP/1.1\r\n"),
        "{head}"
    );
    assert!(
        head.contains("proxy-authorization: Basic dTpw\r\n"),
        "{head}"
    );
    assert!(head.contains("host: api.test\r\n"), "{head}");

    // This machine is reached without it, and learns nothing of the proxy's credentials.
    assert!(get(&client, &server.url).await.is_ok());
    assert!(
        !server.last_head().contains("proxy-"),
        "{}",
        server.last_head()
    );
    assert_eq!(proxy.heads().len(), 1);
}

#[tokio::test]
async fn a_proxy_is_spoken_to_over_tls_if_its_url_says_so() {
    let authority = Authority::new();
    let server = TlsServer::start(&authority, NAME, &[], rustls::ALL_VERSIONS).await;
    let proxy = Proxy::start(&server.url, None).await;
    // TLS in front of the same proxy.
    let front = crate::tls_server::TlsRelay::start(&authority, "localhost", &proxy.address).await;
    let client = trusting(&authority).with_proxy(&front.url).unwrap();
    let client = client.build().unwrap();
    assert!(get(&client, &format!("https://{NAME}/")).await.is_ok());
    assert_eq!(proxy.heads().len(), 1);

    let distrusting = HttpClient::builder()
        .with_retries(RetryPolicy::never())
        .with_proxy(&front.url)
        .unwrap();
    let client = distrusting.build().unwrap();
    let error = get(&client, &format!("https://{NAME}/")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls, "{error:?}");
    assert!(
        error.to_string().contains("to the proxy before it"),
        "{error}"
    );
}

#[tokio::test]
async fn what_is_wrong_with_a_proxy_is_told() {
    let authority = Authority::new();
    let server = TlsServer::start(&authority, NAME, &[], rustls::ALL_VERSIONS).await;
    let strict = Proxy::start(&server.url, Some("Proxy-Authorization: Basic x")).await;
    let lost = Proxy::start("http://127.0.0.1:1", None).await;
    let cases = [
        (
            strict.address.as_str(),
            ErrorKind::Proxy,
            "cannot get through the proxy to https://api.test: it asks for a user name and a password; put them into the proxy's URL",
        ),
        (
            &lost.address,
            ErrorKind::Connect,
            "cannot connect to https://api.test: the proxy before it does not connect to it",
        ),
        (
            "127.0.0.1:1",
            ErrorKind::Connect,
            "cannot connect to https://api.test: the proxy before it cannot be reached",
        ),
    ];
    for (proxy, kind, text) in cases {
        let client = trusting(&authority).with_proxy(format!("canary:canary@{proxy}"));
        let client = client.unwrap().build().unwrap();
        let error = get(&client, "https://api.test/").await.unwrap_err();
        assert_eq!(
            (error.kind(), error.never_left()),
            (kind, true),
            "{error:?}"
        );
        assert_eq!(error.to_string(), text);
        assert!(!format!("{error:?}").contains("canary"), "{error:?}");
    }
}

#[test]
fn a_proxy_of_no_use_is_refused_without_showing_its_url() {
    for url in [
        "",
        "socks5://canary:1080",
        "http://canary:p@ss@h:1",
        "http://canary h",
        "file:///canary",
    ] {
        let error = HttpClient::builder()
            .with_proxy(url)
            .unwrap_err()
            .to_string();
        let expected = "cannot build an HTTP client: the URL of the proxy is of no use: it";
        assert!(
            error.starts_with(expected) || error.contains("has to be one of http"),
            "{error}"
        );
        assert!(!error.contains("canary"), "{error}");
    }
}

/// What the environment of this process, which is a child with one that a test made, lets a client do.
#[tokio::test]
#[ignore = "it is run by the test below, with an environment"]
#[allow(
    clippy::disallowed_methods,
    reason = "it is how the test below speaks to it"
)]
async fn child() {
    let url = std::env::var("TEST_URL").unwrap();
    let builder = HttpClient::builder()
        .dangerous_allow_plaintext()
        .with_retries(RetryPolicy::never());
    match builder.build() {
        Err(error) => println!("<{error}>"),
        Ok(client) => match get(&client, &url).await {
            Ok(response) => println!("<{}>", response.status()),
            Err(error) => println!("<{:?}>", error.kind()),
        },
    }
}

#[tokio::test]
async fn the_environment_names_proxies_and_what_needs_none() {
    let server = RawServer::start(Answer::Bytes(
        b"HTTP/1.1 418 Teapot\r\ncontent-length: 0\r\n\r\n".to_vec(),
    ))
    .await;
    let proxy = Proxy::start(&server.url, None).await;
    let (good, here) = (format!("http://{}", proxy.address), server.url.as_str());
    let (plain, closed) = ("http://api.test/", "http://127.0.0.1:1");
    let through = "418";
    let past = "Resolve";
    let refused = |name: &str| format!("cannot build an HTTP client: {name} is set but of no use");
    type Case<'a> = (&'a [(&'a str, &'a str)], &'a str, &'a str);
    let cases: &[Case<'_>] = &[
        (&[("HTTP_PROXY", &good)], plain, through),
        (
            &[("http_proxy", &good), ("HTTP_PROXY", closed)],
            plain,
            through,
        ),
        (&[("http_proxy", ""), ("HTTP_PROXY", &good)], plain, through),
        (&[("ALL_PROXY", &good)], plain, through),
        (
            &[("all_proxy", &good), ("HTTPS_PROXY", closed)],
            plain,
            through,
        ),
        (&[("HTTPS_PROXY", &good)], plain, past),
        (
            &[("ALL_PROXY", &good), ("NO_PROXY", "other.test, .test")],
            plain,
            past,
        ),
        (
            &[("ALL_PROXY", &good), ("no_proxy", "api.test")],
            plain,
            past,
        ),
        (&[("ALL_PROXY", &good), ("NO_PROXY", "*")], plain, past),
        (
            &[("ALL_PROXY", &good), ("NO_PROXY", "pi.test")],
            plain,
            through,
        ),
        // A header of a request must not choose the proxy of a CGI program.
        (
            &[("HTTP_PROXY", &good), ("REQUEST_METHOD", "GET")],
            plain,
            past,
        ),
        (
            &[("http_proxy", &good), ("REQUEST_METHOD", "GET")],
            plain,
            through,
        ),
        // This machine itself is never asked for through one.
        (&[("ALL_PROXY", closed)], here, through),
        (&[("HTTPS_PROXY", closed)], "https://api.test/", "Connect"),
        (
            &[("ALL_PROXY", "socks5://127.0.0.1:1")],
            here,
            &refused("ALL_PROXY"),
        ),
        (
            &[("https_proxy", "http://canary:p@ss@h")],
            here,
            &refused("https_proxy"),
        ),
    ];
    let names = ["http_proxy", "https_proxy", "all_proxy", "no_proxy"];
    for (environment, url, expected) in cases {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "proxies::child", "--ignored", "--nocapture"]);
        for name in names {
            command.env_remove(name).env_remove(name.to_uppercase());
        }
        command.env_remove("REQUEST_METHOD").env("TEST_URL", url);
        command.envs(environment.iter().copied());
        let output = tokio::task::spawn_blocking(move || command.output().unwrap());
        let text = String::from_utf8(output.await.unwrap().stdout).unwrap();
        assert!(
            text.contains(&format!("<{expected}")),
            "{environment:?} {url}: {text}"
        );
        assert!(!text.contains("canary"), "{text}");
    }
}
