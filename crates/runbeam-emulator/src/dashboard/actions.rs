//! What the buttons of the dashboard do. Each leads back to the page, so that loading it again repeats nothing.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use tokio::task::spawn_blocking;

use crate::{
    admin::{clock::duration, control},
    cloud::Cloud,
    faults::{Fault, FaultRule},
    form::Form,
    html::page,
    issuer::SigningKey,
    operation::Operation,
};

/// The size of a body that fills the memory of whoever does not limit it.
const HUGE: u64 = 64 * 1024 * 1024;

pub(crate) async fn act(State(cloud): State<Arc<Cloud>>, form: Result<Form, Response>) -> Response {
    let form = match form {
        Ok(form) => form,
        Err(refusal) => return refusal,
    };
    match perform(&cloud, &form).await {
        Ok(()) => (StatusCode::SEE_OTHER, [(header::LOCATION, "/_emulator")]).into_response(),
        Err(text) => {
            let main = format!(
                "<div class=\"card narrow\" role=\"alert\"><p>{text}</p>\
                 <p><a href=\"/_emulator\">Back to the dashboard</a></p></div>\n"
            );
            page(StatusCode::UNPROCESSABLE_ENTITY, "That did not work", &main)
        }
    }
}

/// The error is a sentence for the person at the page.
async fn perform(cloud: &Cloud, form: &Form) -> Result<(), &'static str> {
    let value = form.text("value").unwrap_or_default();
    match form.text("action").unwrap_or_default() {
        "advance" => {
            let by = form.text("by").and_then(duration);
            let by = by.ok_or("That is no duration. Write it as 30d, 2h 30m or -1d.")?;
            cloud.clock.advance(by);
        }
        "freeze" => cloud.clock.freeze(),
        "resume" => cloud.clock.resume(),
        "real_time" => cloud.clock.reset(),
        "fault" => {
            cloud.faults.add(rule(form)?);
        }
        "jwks_outage" => {
            cloud.faults.add(FaultRule::jwks_outage());
        }
        "end_fault" => {
            let ended = value.parse().is_ok_and(|id| cloud.faults.remove(id));
            return ended.then_some(()).ok_or("That fault is over already.");
        }
        "end_faults" => cloud.faults.clear(),
        "rotate" => {
            let key = spawn_blocking(SigningKey::generate).await;
            control::rotate_to(cloud, key.map_err(|_| "No key could be made.")?);
        }
        "withdraw" => {
            return control::withdraw(cloud, value).map_err(|_| "That key cannot be withdrawn.");
        }
        _ => return Err("There is no such action."),
    }
    control::keep_clock(cloud);
    Ok(())
}

fn rule(form: &Form) -> Result<FaultRule, &'static str> {
    let fault = match form.text("fault").unwrap_or_default() {
        "status_503" => Fault::status(503),
        "status_500" => Fault::status(500),
        "status_429" => Fault::status_with_retry_after(429, 5),
        "delay" => Fault::delay(Duration::from_secs(3)),
        "truncated_body" => Fault::truncated_body(10),
        "reset_before" => Fault::ResetBefore,
        "reset_after" => Fault::ResetAfter,
        "content_type" => Fault::content_type("text/html"),
        "huge_body" => Fault::huge_body(HUGE),
        _ => return Err("There is no such fault."),
    };
    let mut rule = FaultRule::new(fault);
    if let Some(id) = form.text("operation").filter(|id| !id.is_empty()) {
        rule = rule.on(Operation::with_id(id).ok_or("There is no such operation.")?);
    }
    if let Some(count) = form.text("count").filter(|count| !count.is_empty()) {
        let count = count.parse().map_err(|_| "How often is a whole number.")?;
        rule = rule.times(count);
    }
    Ok(rule)
}
