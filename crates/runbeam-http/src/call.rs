//! One call: a request, sent as often as the policy allows, until there is an answer to keep.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use runbeam_model::retry_after;
use tokio::time::Instant;
use tracing::Instrument;

use crate::body::Reading;
use crate::circuit::Permit;
use crate::client::HttpClient;
use crate::deadline::Deadline;
use crate::retry::{Verdict, judge};
use crate::servers::Server;
use crate::{Attempt, Attempts, Error, ErrorKind, Outcome, Phase, RequestOptions, Stop, trace};

type Answer = Result<Response<Bytes>, Error>;

/// What one call goes by, and what it has tried so far.
pub(crate) struct Call<'a> {
    client: &'a HttpClient,
    server: &'a Server,
    options: RequestOptions,
    may_repeat: bool,
    start: Instant,
    deadline: Deadline,
    tried: Vec<Attempt>,
}

impl<'a> Call<'a> {
    pub(crate) fn new(
        client: &'a HttpClient,
        server: &'a Server,
        request: &Request<Bytes>,
        options: RequestOptions,
    ) -> Self {
        let start = Instant::now();
        Self {
            client,
            server,
            options,
            may_repeat: options.may_repeat(request),
            start,
            deadline: Deadline::new(start, client.limits.total),
            tried: Vec::new(),
        }
    }

    pub(crate) async fn run(mut self, mut request: Request<Bytes>) -> Answer {
        let mut permit = match self.enter() {
            Ok(permit) => permit,
            Err(wait) => return Err(self.not_asked(wait)),
        };
        loop {
            let attempts_left = self.client.retries.attempts as usize - self.tried.len();
            let again = (attempts_left > 1).then(|| request.clone());
            let begun = Instant::now();
            let answer = self.attempt(request).await;
            let verdict = conclude(permit, &answer);
            if verdict == Verdict::Final && self.tried.is_empty() && answer.is_ok() {
                return answer;
            }
            self.tried.push(Attempt {
                started: begun - self.start,
                took: begun.elapsed(),
                outcome: outcome(&answer),
            });
            request = match self.before_next(verdict, &answer, again) {
                Ok((again, wait)) => {
                    tokio::time::sleep(wait).await;
                    again
                }
                Err(stop) => return self.end(answer, stop),
            };
            permit = match self.enter() {
                Ok(permit) => permit,
                Err(_) => return self.end(answer, Stop::CircuitOpen),
            };
        }
    }

    fn enter(&self) -> Result<Permit<'a>, Duration> {
        self.server.circuit.enter(self.client.retries.circuit)
    }

    /// Sends the request once.
    async fn attempt(&self, request: Request<Bytes>) -> Answer {
        let tally = &self.client.shared.tally;
        tally.count(!self.tried.is_empty());
        let span = trace::span(&request, self.tried.len());
        let answer = self.exchange(request).instrument(span.clone()).await;
        if !span.is_disabled() {
            trace::record(&span, outcome(&answer));
        }
        answer
    }

    async fn exchange(&self, request: Request<Bytes>) -> Answer {
        let (limits, server) = (self.client.limits, &self.server.origin);
        let answer = self.client.shared.way.send(request, server);
        let answer = self
            .deadline
            .within(Phase::Answer, limits.idle, server, answer);
        let (mut head, body) = answer.await??.into_parts();
        let reading = Reading {
            server,
            limit: self.options.body_limit.unwrap_or(limits.body),
            idle: limits.idle,
            deadline: self.deadline,
        };
        let body = reading.read(&mut head.headers, body).await?;
        Ok(Response::from_parts(head, body))
    }

    /// What to send in the next attempt, and how long to wait before it; the error is why there is none.
    fn before_next(
        &self,
        verdict: Verdict,
        answer: &Answer,
        again: Option<Request<Bytes>>,
    ) -> Result<(Request<Bytes>, Duration), Stop> {
        if verdict == Verdict::Final {
            return Err(Stop::Final);
        }
        if !(self.may_repeat || answer.as_ref().is_err_and(Error::never_left)) {
            return Err(Stop::NotRepeatable);
        }
        let again = again.ok_or(Stop::AttemptsSpent)?;
        let asked = answer.as_ref().ok().and_then(|response| {
            let now = self.client.shared.clock.now();
            retry_after(response.headers(), now)
        });
        let wait = self.client.retries.wait(self.tried.len(), asked);
        if !self.deadline.allows(wait) {
            return Err(Stop::DeadlineNear);
        }
        if !self.client.shared.tally.budget.spend() {
            return Err(Stop::BudgetSpent);
        }
        let (server, outcome) = (&self.server.origin, outcome(answer));
        tracing::debug!(%server, %outcome, ?wait, "trying again");
        Ok((again, wait))
    }

    fn not_asked(&self, wait: Duration) -> Error {
        let problem = "it failed too often in a row and is left alone for a while";
        Error::new(ErrorKind::CircuitOpen, &self.server.origin, problem).with_retry_after(wait)
    }

    fn end(self, answer: Answer, stop: Stop) -> Answer {
        match answer {
            Ok(mut response) => {
                let list = self.tried;
                response.extensions_mut().insert(Attempts { list, stop });
                Ok(response)
            }
            Err(error) => Err(error.after(self.tried, stop)),
        }
    }
}

/// What the answer means for those after it, which the circuit learns as well.
fn conclude(permit: Permit<'_>, answer: &Answer) -> Verdict {
    let verdict = match answer {
        Ok(response) => judge(response.status()),
        Err(error) => match error.kind() {
            // Nothing of the time is left to try again, and yet the server was too slow.
            ErrorKind::Timeout(Phase::Total) => {
                permit.fail();
                return Verdict::Final;
            }
            _ if error.is_transient() => Verdict::Down,
            _ => Verdict::Final,
        },
    };
    match (verdict, answer) {
        (Verdict::Down, _) => permit.fail(),
        (_, Ok(_)) => permit.succeed(),
        // That it cannot be trusted or understood, trying again does not change.
        (_, Err(_)) => drop(permit),
    }
    verdict
}

fn outcome(answer: &Answer) -> Outcome {
    match answer {
        Ok(response) => Outcome::Answered(response.status()),
        Err(error) => Outcome::Failed(error.kind()),
    }
}
