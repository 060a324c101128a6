//! The request log: read, waited for, and cleared.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{RawQuery, State},
};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use crate::{cloud::Cloud, problem::Problem, request_log::LoggedRequest};

/// The longest wait, in milliseconds.
const MAX_WAIT: u64 = 30_000;

/// Which requests are wanted.
#[derive(Debug, Default)]
struct Query {
    /// Those after this number.
    after: u64,
    operation: Option<String>,
    /// How many to wait for.
    count: usize,
    /// How long to wait for them.
    wait: u64,
}

impl Query {
    fn parse(query: &str) -> Result<Self, Problem> {
        let mut wanted = Self {
            count: 1,
            ..Self::default()
        };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let wrong = |_| Problem::invalid(&name, "It must be a whole number.");
            match &*name {
                "after" => wanted.after = value.parse().map_err(wrong)?,
                "count" => wanted.count = value.parse().map_err(wrong)?,
                "wait_ms" => wanted.wait = value.parse().map_err(wrong)?,
                "operation" => wanted.operation = Some(value.into_owned()),
                _ => return Err(Problem::invalid(&name, "It is not known here.")),
            }
        }
        wanted.wait = wanted.wait.min(MAX_WAIT);
        Ok(wanted)
    }

    fn wants(&self, request: &LoggedRequest) -> bool {
        request.number > self.after
            && self
                .operation
                .as_deref()
                .is_none_or(|id| request.operation == Some(id))
    }
}

pub(super) async fn list(
    State(cloud): State<Arc<Cloud>>,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Problem> {
    let query = Query::parse(query.as_deref().unwrap_or_default())?;
    let found = || -> Vec<LoggedRequest> {
        let mut requests = cloud.log.after(query.after);
        requests.retain(|request| query.wants(request));
        requests
    };
    let deadline = Instant::now() + Duration::from_millis(query.wait);
    let mut requests = found();
    while requests.len() < query.count && Instant::now() < deadline {
        let last = requests.last().map_or(query.after, |last| last.number);
        let next = cloud
            .log
            .wait_for(|request| request.number > last && query.wants(request));
        if timeout_at(deadline, next).await.is_err() {
            break;
        }
        requests = found();
    }
    Ok(Json(json!({ "requests": requests })))
}

pub(super) async fn clear(State(cloud): State<Arc<Cloud>>) -> Json<Value> {
    cloud.log.clear();
    Json(json!({ "requests": [] }))
}
