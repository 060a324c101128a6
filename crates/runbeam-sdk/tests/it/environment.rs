//! What the environment configures, each in a process of its own.

use std::process::Command;

use runbeam_sdk::{ErrorKind, JwtValidationOptions, validate_jwt_token};

const JOB: &str = "RUNBEAM_SDK_TEST_JOB";
const SECRET: &str = "canary-secret-of-thirty-two-bytes";
/// `{"alg":"HS256"}.{"iss":"https://api.runbeam.io","sub":"u1","exp":4102444800}`, signed with [`SECRET`].
const TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.\
    eyJpc3MiOiJodHRwczovL2FwaS5ydW5iZWFtLmlvIiwic3ViIjoidTEiLCJleHAiOjQxMDI0NDQ4MDB9.Lhk96h95XDcH94wZSnXKhCqsYOZMcPhS4qL6Py6WEdE";

/// Does the job that the parent names, and nothing in a usual run.
#[tokio::test]
#[allow(
    clippy::disallowed_methods,
    reason = "the parent says by this variable what to do"
)]
async fn child() {
    let Ok(expected) = std::env::var(JOB) else {
        return;
    };
    let options = JwtValidationOptions::new().with_shared_secret_of_environment();
    match validate_jwt_token(TOKEN, options).await {
        Ok(claims) => assert_eq!(
            (expected.as_str(), claims.sub.as_deref()),
            ("accepted", Some("u1"))
        ),
        Err(error) => {
            let text = format!("{error:?} {error}");
            assert!(
                !text.contains("canary") && text.contains(&expected),
                "{text}"
            );
            assert!(matches!(
                error.kind(),
                ErrorKind::Configuration | ErrorKind::SignIn
            ));
        }
    }
}

fn check(secret: Option<&str>, api_url: Option<&str>, expected: &str) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "environment::child", "--nocapture"])
        .env(JOB, expected);
    for (name, value) in [("RUNBEAM_JWT_SECRET", secret), ("RUNBEAM_API_URL", api_url)] {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}"
    );
}

#[test]
fn the_shared_secret_has_no_default() {
    check(Some(SECRET), None, "accepted");
    check(
        Some(SECRET),
        Some("https://api.runbeam.io/api/"),
        "accepted",
    );
    check(None, None, "RUNBEAM_JWT_SECRET is not set");
    check(Some(""), None, "RUNBEAM_JWT_SECRET is not set");
    check(Some("canary"), None, "at least 32");
    check(
        Some("canary-of-another-issuer-with-32-bytes"),
        None,
        "Signature",
    );
    check(Some(SECRET), Some("https://api.runbeam.cloud"), "Issuer");
    check(
        Some(SECRET),
        Some("http://api.runbeam.io"),
        "RUNBEAM_API_URL is set but of no use",
    );
}
