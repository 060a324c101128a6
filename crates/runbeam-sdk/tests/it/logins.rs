//! A login that cannot be lost.

use std::time::Duration;

use runbeam_emulator::{Emulator, Fault, FaultRule, Operation};
use runbeam_sdk::{ErrorKind, RunbeamClient};

async fn question_is_under_way(cloud: &Emulator) {
    while cloud.requests(Operation::CheckLogin) == 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_wait_that_is_given_up_loses_no_answer() {
    let cloud = Emulator::builder()
        .with_automatic_approval()
        .start()
        .await
        .unwrap();
    cloud
        .inject(FaultRule::new(Fault::delay(Duration::from_millis(300))).on(Operation::CheckLogin));
    let client = RunbeamClient::new(cloud.url());
    let mut login = client.start_login().await.unwrap();
    tokio::select! {
        biased;
        _ = login.wait() => panic!("the answer takes longer"),
        () = question_is_under_way(&cloud) => {}
    }
    // The question is under way; the second wait takes its answer.
    let logged_in = login.wait().await.unwrap();
    assert_eq!(logged_in.user.unwrap().email, cloud.user().email());
    assert_eq!(cloud.requests(Operation::CheckLogin), 1);
}

#[tokio::test]
async fn what_does_not_pass_ends_it() {
    let cloud = Emulator::start().await.unwrap();
    let client = RunbeamClient::new(cloud.url());
    let mut login = client.start_login().await.unwrap();
    cloud.inject(FaultRule::new(Fault::status(415)).on(Operation::CheckLogin));
    let error = login.wait().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadRequest);
}
