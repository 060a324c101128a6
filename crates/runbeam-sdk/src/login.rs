//! Device login: a person approves in a browser that this program acts for them.

use std::fmt;
use std::time::Duration;

use runbeam_model::{CheckLogin, LoggedIn, LoginStatus, StartLogin, StartLoginResponse};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::{Error, ErrorKind, RunbeamClient};

/// How much slower a server that asks for it is asked (RFC 8628, section 3.5).
const SLOW_DOWN: Duration = Duration::from_secs(5);
/// The longest pause between two questions.
const MAX_PAUSE: Duration = Duration::from_secs(60);

impl RunbeamClient {
    /// Begins a login. It takes no token; see [`Login`].
    ///
    /// # Errors
    ///
    /// What may befall a call: see [`ErrorKind`].
    pub async fn start_login(&self) -> Result<Login, Error> {
        let started = self.send(&StartLogin::new()).await?;
        Ok(Login::new(self.clone(), started))
    }
}

/// A login that waits for a person.
///
/// ```no_run
/// # async fn example(client: runbeam_sdk::RunbeamClient) -> Result<(), runbeam_sdk::Error> {
/// use runbeam_sdk::model::SystemClock;
///
/// let mut login = client.start_login().await?;
/// println!("Approve this login at {}", login.verification_url());
/// let token = login.wait().await?.to_user_token(&SystemClock);
/// runbeam_sdk::save_user_token("runbeam-cli", &token).await?;
/// # Ok(())
/// # }
/// ```
pub struct Login {
    client: RunbeamClient,
    started: StartLoginResponse,
    interval: Duration,
    failures: u32,
    next_question: Instant,
    end: Instant,
    /// The question that is under way. It lives here, so that no answer is lost where a wait is given up: an approved
    /// token may be told only once.
    question: JoinSet<Result<LoginStatus, Error>>,
}

impl Login {
    fn new(client: RunbeamClient, started: StartLoginResponse) -> Self {
        let now = Instant::now();
        Self {
            client,
            interval: started.interval(),
            failures: 0,
            // The pace is that between two questions; the first need not wait.
            next_question: now,
            end: now + started.life(),
            started,
            question: JoinSet::new(),
        }
    }

    /// Where a person approves the login. Show it without control characters, and open it only if it is `https` or
    /// on loopback.
    #[must_use]
    pub fn verification_url(&self) -> &str {
        &self.started.verification_url
    }

    /// What the server said.
    #[must_use]
    pub fn started(&self) -> &StartLoginResponse {
        &self.started
    }

    /// Waits until the login is approved, and gives out its token. Keep it before anything else.
    ///
    /// It asks at the server's pace, and slower where the server says so or does not answer. What passes, such as a
    /// connection that breaks or a 503, does not end it. Whoever drops the future can call it again: nothing is lost.
    ///
    /// # Errors
    ///
    /// [`SignIn`](ErrorKind::SignIn) if the login was denied, is not known or was not approved in time: begin another
    /// one. What else may befall a call and does not pass.
    pub async fn wait(&mut self) -> Result<LoggedIn, Error> {
        loop {
            if self.question.is_empty() {
                if self.next_question > self.end {
                    sleep_until(self.end).await;
                    return Err(Error::login_ended("nobody approved it in time"));
                }
                sleep_until(self.next_question).await;
                let client = self.client.clone();
                let check = CheckLogin::new(&self.started.device_token);
                self.question
                    .spawn(async move { client.send(&check).await });
            }
            let Some(Ok(answer)) = self.question.join_next().await else {
                // The runtime is shutting down, or there was no question: ask, if there is still time.
                self.ask_again_after(self.interval);
                continue;
            };
            if let Some(outcome) = self.settle(answer) {
                return outcome;
            }
        }
    }

    /// `None` if it goes on.
    fn settle(&mut self, answer: Result<LoginStatus, Error>) -> Option<Result<LoggedIn, Error>> {
        let status = match answer {
            Ok(status) => status,
            // A page of something on the way, too, is gone when that works again.
            Err(error) if error.is_transient() || error.kind() == ErrorKind::UnexpectedAnswer => {
                self.failures = self.failures.saturating_add(1);
                let backoff = self.interval.saturating_mul(1 << self.failures.min(5));
                let asked = error.retry_after().unwrap_or_default();
                self.ask_again_after(backoff.max(asked).min(MAX_PAUSE));
                return None;
            }
            Err(error) => return Some(Err(error)),
        };
        self.failures = 0;
        match status {
            LoginStatus::Authenticated(logged_in) => return Some(Ok(logged_in)),
            LoginStatus::Pending => {}
            LoginStatus::SlowDown => self.interval += SLOW_DOWN,
            LoginStatus::Expired => {
                return Some(Err(Error::login_ended("nobody approved it in time")));
            }
            LoginStatus::Invalid => {
                return Some(Err(Error::login_ended("it was denied, or is not known")));
            }
            other => {
                let problem = format!("a state of the login that is not known here: {other:?}");
                return Some(Err(Error::unexpected("checkLogin", problem)));
            }
        }
        self.ask_again_after(self.interval);
        None
    }

    fn ask_again_after(&mut self, pause: Duration) {
        self.next_question = Instant::now() + pause;
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("interval", &self.interval)
            .field("failures", &self.failures)
            .finish_non_exhaustive()
    }
}

/// What ends a login is for the person who logs in: it has one kind.
impl Error {
    fn login_ended(problem: &str) -> Self {
        Self::told(
            ErrorKind::SignIn,
            "the login",
            format!("{problem}; begin another one"),
        )
    }
}

#[cfg(test)]
mod tests;
