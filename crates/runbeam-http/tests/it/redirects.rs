//! A redirect is an answer. Nothing goes where it leads.

use bytes::Bytes;
use http::{Request, header};
use runbeam_http::HttpClient;

use crate::raw_server::{Answer, RawServer};

#[tokio::test]
async fn a_redirect_is_not_followed_and_its_target_sees_nothing() {
    let target = RawServer::start(Answer::Bytes(
        b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec(),
    ))
    .await;
    for status in [301, 302, 303, 307, 308] {
        let answer = format!(
            "HTTP/1.1 {status} Moved\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n",
            target.url
        );
        let server = RawServer::start(Answer::Bytes(answer.into())).await;
        let request = Request::post(&server.url)
            .header(header::AUTHORIZATION, "Bearer 1|canary")
            .body(Bytes::from_static(b"{\"token\":\"1|canary\"}"))
            .unwrap();
        let response = HttpClient::builder()
            .build()
            .unwrap()
            .send(request)
            .await
            .unwrap();
        assert_eq!(response.status(), status);
        assert_eq!(response.headers()[header::LOCATION], target.url);
        assert_eq!(server.requests(), 1);
    }
    assert_eq!(target.requests(), 0);
}
