//! TLS against a real rustls server whose certificates come from an authority of the test's own.

use std::process::Command;

use http::Version;
use runbeam_http::{AddressRule, ErrorKind, HttpClient};

use crate::raw_server::{Answer, RawServer, get};
use crate::tls_server::{Authority, TlsServer, Validity};

fn trusting(authority: &Authority) -> HttpClient {
    HttpClient::builder()
        .with_root_certificates_pem(authority.pem())
        .unwrap()
        .build()
        .unwrap()
}

#[tokio::test]
async fn http2_and_http1_are_spoken_as_the_server_offers() {
    let authority = Authority::new();
    let client = trusting(&authority);
    let cases: [(&[&str], Version); 3] = [
        (&["h2", "http/1.1"], Version::HTTP_2),
        (&["http/1.1"], Version::HTTP_11),
        (&[], Version::HTTP_11),
    ];
    for (alpn, version) in cases {
        let server = TlsServer::start(&authority, "localhost", alpn, rustls::ALL_VERSIONS).await;
        let response = get(&client, &server.url).await.unwrap();
        assert_eq!(response.version(), version);
        assert_eq!(response.body(), format!("{version:?}").as_bytes());
    }
}

#[tokio::test]
async fn tls_1_2_and_1_3_are_spoken() {
    let authority = Authority::new();
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let server = TlsServer::start(&authority, "localhost", &[], &[version]).await;
        assert!(get(&trusting(&authority), &server.url).await.is_ok());
    }
}

#[tokio::test]
async fn a_server_that_cannot_prove_its_name_is_refused() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let client = trusting(&authority);
    let cases = [(&stranger, "localhost"), (&authority, "elsewhere.test")];
    for (signed_by, name) in cases {
        let server = TlsServer::start(signed_by, name, &[], rustls::ALL_VERSIONS).await;
        let error = get(&client, &server.url).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.is_transient()),
            (ErrorKind::Tls, false),
            "{error:?}"
        );
    }
    let server = TlsServer::start(&authority, "localhost", &[], rustls::ALL_VERSIONS).await;
    let without_root = HttpClient::builder().build().unwrap();
    assert_eq!(
        get(&without_root, &server.url).await.unwrap_err().kind(),
        ErrorKind::Tls
    );
}

#[tokio::test]
async fn what_is_wrong_with_a_certificate_is_told_with_the_remedy() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let client = trusting(&authority);
    let (past, future) = (Validity::Past, Validity::Future);
    let cases = [
        (
            &authority,
            "localhost",
            past,
            "has expired; renew it there, or set the clock here",
        ),
        (
            &authority,
            "localhost",
            future,
            "is not valid yet; set the clock here or there",
        ),
        (
            &authority,
            "elsewhere.test",
            Validity::Now,
            "is for another name; correct the host in the URL",
        ),
        (
            &stranger,
            "localhost",
            Validity::Now,
            "is by an authority that is unknown here; add the authority's root",
        ),
    ];
    for (signed_by, name, validity, expected) in cases {
        let certificate = signed_by.certify(name, validity);
        let server = TlsServer::with(certificate, &[], rustls::ALL_VERSIONS).await;
        let error = get(&client, &server.url).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Tls, "{error:?}");
        let expected = format!(
            "cannot trust the connection to {}: its certificate {expected}",
            server.url
        );
        assert_eq!(error.to_string(), expected);
        assert_eq!(
            error.attempts().len(),
            1,
            "it will not get better by itself"
        );
    }
}

#[tokio::test]
async fn a_client_with_another_address_rule_trusts_the_same_roots() {
    let authority = Authority::new();
    let server = TlsServer::start(&authority, "localhost", &[], rustls::ALL_VERSIONS).await;
    let strict = HttpClient::builder()
        .with_root_certificates_pem(authority.pem())
        .unwrap()
        .with_address_rule(AddressRule::Public)
        .build()
        .unwrap();
    let error = get(&strict, &server.url).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Address, "{error:?}");
    let derived = strict.with_address_rule(AddressRule::Any);
    assert!(get(&derived, &server.url).await.is_ok());
}

#[tokio::test]
async fn a_server_that_speaks_plain_http_is_not_spoken_to() {
    let server = RawServer::start(Answer::AtOnce(b"HTTP/1.1 200 OK\r\n\r\n".to_vec())).await;
    let client = HttpClient::builder().build().unwrap();
    let error = get(&client, &server.url.replace("http:", "https:"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls, "{error:?}");
}

#[test]
fn the_environment_neither_switches_this_off_nor_diverts_it() {
    // Words that other clients listen to. The tests above say what must stay as it is.
    let mut names = [
        ("GIT_SSL_NO_VERIFY", "1"),
        ("NODE_TLS_REJECT_UNAUTHORIZED", "0"),
        ("PYTHONHTTPSVERIFY", "0"),
        ("SSL_NO_VERIFY", "1"),
    ]
    .to_vec();
    names.extend(
        ["ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "https_proxy"]
            .map(|name| (name, "http://127.0.0.1:1")),
    );
    for test in [
        "tls::a_server_that_cannot_prove_its_name_is_refused",
        "tls::http2_and_http1_are_spoken_as_the_server_offers",
    ] {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test])
            .envs(names.clone())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && text.contains("1 passed"),
            "{text}"
        );
    }
}

#[test]
fn roots_that_are_of_no_use_are_refused_when_they_are_given() {
    for pem in [
        "",
        "canary",
        "-----BEGIN CERTIFICATE-----\nY2FuYXJ5\n-----END CERTIFICATE-----\n",
    ] {
        let error = HttpClient::builder()
            .with_root_certificates_pem(pem)
            .unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("cannot build an HTTP client: "),
            "{error}"
        );
    }
    assert!(HttpClient::builder().with_user_agent("harmony/1.2").is_ok());
    assert!(
        HttpClient::builder()
            .with_user_agent("a\r\nhost: b")
            .is_err()
    );
}
