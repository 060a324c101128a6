//! The pace of a login, without anything that is asked.

use runbeam_model::AnswerError;
use runbeam_model::{ApiError, Operation};

use super::*;

fn login() -> Login {
    let started = r#"{"device_token":"dt_canary","verification_url":"https://h/x"}"#;
    let started = StartLogin::new().read(started.as_bytes()).unwrap();
    Login::new(RunbeamClient::new("http://127.0.0.1:1"), started)
}

fn refusal(status: u16, retry_after: Option<&'static str>) -> Error {
    let mut response = http::Response::builder().status(status);
    if let Some(wait) = retry_after {
        response = response.header("retry-after", wait);
    }
    let response = response.body(bytes::Bytes::new()).unwrap();
    let refused = ApiError::from_answer(response.status(), response.headers(), b"");
    Error::answered(
        "checkLogin",
        AnswerError::Refused(Box::new(refused)),
        &response,
    )
}

/// How long it waits after an answer that does not end it.
fn pause(login: &mut Login, answer: Result<LoginStatus, Error>) -> u64 {
    assert!(login.settle(answer).is_none());
    (login.next_question - Instant::now()).as_secs()
}

#[tokio::test(start_paused = true)]
async fn it_asks_at_the_pace_of_the_server() {
    let mut login = login();
    assert_eq!(login.next_question, Instant::now());
    assert_eq!(pause(&mut login, Ok(LoginStatus::Pending)), 5);
    assert_eq!(pause(&mut login, Ok(LoginStatus::SlowDown)), 10);
    assert_eq!(pause(&mut login, Ok(LoginStatus::Pending)), 10);
    assert_eq!(pause(&mut login, Ok(LoginStatus::SlowDown)), 15);
}

#[tokio::test(start_paused = true)]
async fn what_passes_does_not_end_it() {
    let mut login = login();
    let pauses: Vec<u64> = (0..6)
        .map(|_| pause(&mut login, Err(refusal(503, None))))
        .collect();
    assert_eq!(pauses, [10, 20, 40, 60, 60, 60]);
    // An answer, and the pace is that of the server again.
    assert_eq!(pause(&mut login, Ok(LoginStatus::Pending)), 5);
    assert_eq!(pause(&mut login, Err(refusal(429, Some("37")))), 37);
    assert_eq!(pause(&mut login, Err(refusal(429, Some("86400")))), 60);
}

#[tokio::test(start_paused = true)]
async fn what_decides_ends_it() {
    let ends = |answer| login().settle(answer).unwrap().unwrap_err().kind();
    assert_eq!(ends(Ok(LoginStatus::Expired)), ErrorKind::SignIn);
    assert_eq!(ends(Ok(LoginStatus::Invalid)), ErrorKind::SignIn);
    let unknown = LoginStatus::Other("frozen".to_owned());
    assert_eq!(ends(Ok(unknown)), ErrorKind::UnexpectedAnswer);
    assert_eq!(ends(Err(refusal(403, None))), ErrorKind::NotAllowed);
}

#[tokio::test(start_paused = true)]
async fn it_ends_with_its_time() {
    let mut login = login();
    let begin = Instant::now();
    login.ask_again_after(Duration::from_secs(700));
    let error = login.wait().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SignIn);
    assert_eq!((Instant::now() - begin).as_secs(), 600);
}
