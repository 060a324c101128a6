//! Everything that the cloud answers when it refuses, with Laravel's bodies.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use serde_json::{Map, Value, json};

/// A refusal.
#[derive(Debug)]
pub(crate) enum Problem {
    /// No token, or a bad, expired or revoked one.
    Unauthenticated,
    /// The same for a client that did not ask for JSON: it is sent to the login page at this address.
    SignIn(String),
    /// The token is fine and may not do this.
    Forbidden,
    /// The same below `/harmony`, where the body also names the class of the error.
    HarmonyForbidden(&'static str),
    /// There is no such record, or no such address.
    NotFound(String),
    MethodNotAllowed(String),
    BodyTimedOut,
    BodyTooLarge,
    Invalid(FieldErrors),
    /// An error of the mesh tokens: its class, and a text where there is more to say.
    Named(StatusCode, &'static str, Option<&'static str>),
    /// Too many requests; the limiter puts the headers on.
    TooMany,
    /// What a fault answers instead of the operation.
    Injected(StatusCode, String),
    /// The data file could not be written, so that the change might be lost.
    NotStored,
}

impl Problem {
    pub(crate) const UNAUTHORIZED_ACTION: &'static str = "This action is unauthorized.";

    /// There is no such record of this model for the caller.
    pub(crate) fn no(model: &str) -> Self {
        Self::NotFound(format!("{model} not found."))
    }

    pub(crate) fn no_gateway() -> Self {
        Self::no("Gateway")
    }

    /// One field that breaks a rule.
    pub(crate) fn invalid(field: &str, text: &str) -> Self {
        let mut errors = FieldErrors::default();
        errors.add(field, text);
        Self::Invalid(errors)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        match self {
            Self::Unauthenticated => (
                [(header::WWW_AUTHENTICATE, "Bearer")],
                message(StatusCode::UNAUTHORIZED, "Unauthenticated."),
            )
                .into_response(),
            Self::SignIn(location) => {
                let page = format!(
                    "<!DOCTYPE html><title>Redirecting</title><a href=\"{location}\">{location}</a>\n"
                );
                (
                    StatusCode::FOUND,
                    [(header::LOCATION, location)],
                    Html(page),
                )
                    .into_response()
            }
            Self::Forbidden => message(StatusCode::FORBIDDEN, Self::UNAUTHORIZED_ACTION),
            Self::HarmonyForbidden(text) => {
                let body = json!({ "error": "Forbidden", "message": text });
                (StatusCode::FORBIDDEN, Json(body)).into_response()
            }
            Self::NotFound(text) => message(StatusCode::NOT_FOUND, &text),
            Self::MethodNotAllowed(text) => message(StatusCode::METHOD_NOT_ALLOWED, &text),
            Self::BodyTimedOut => message(
                StatusCode::REQUEST_TIMEOUT,
                "The request body did not arrive in time.",
            ),
            Self::BodyTooLarge => {
                message(StatusCode::PAYLOAD_TOO_LARGE, "The POST data is too large.")
            }
            Self::Invalid(errors) => {
                (StatusCode::UNPROCESSABLE_ENTITY, Json(errors.to_body())).into_response()
            }
            Self::Named(status, error, text) => {
                let body = match text {
                    Some(text) => json!({ "error": error, "message": text }),
                    None => json!({ "error": error }),
                };
                let mut response = (status, Json(body)).into_response();
                if status == StatusCode::UNAUTHORIZED {
                    let scheme = HeaderValue::from_static("Bearer");
                    response
                        .headers_mut()
                        .insert(header::WWW_AUTHENTICATE, scheme);
                }
                response
            }
            Self::Injected(status, text) => message(status, &text),
            Self::TooMany => message(StatusCode::TOO_MANY_REQUESTS, "Too Many Attempts."),
            Self::NotStored => message(StatusCode::INTERNAL_SERVER_ERROR, "Server Error"),
        }
    }
}

fn message(status: StatusCode, text: &str) -> Response {
    (status, Json(json!({ "message": text }))).into_response()
}

/// What is wrong with the fields of a request, in the order in which their rules ran.
#[derive(Debug, Default)]
pub(crate) struct FieldErrors {
    errors: Vec<(String, String)>,
}

impl FieldErrors {
    pub(crate) fn add(&mut self, field: impl Into<String>, text: impl Into<String>) {
        self.errors.push((field.into(), text.into()));
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }

    /// Takes over what is wrong with the parts of `field`.
    pub(crate) fn append_below(&mut self, field: &str, parts: Self) {
        for (part, text) in parts.errors {
            self.add(format!("{field}.{part}"), text);
        }
    }

    /// Every finding on a line of its own, for people.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.errors
            .iter()
            .map(|(field, text)| format!("{field}: {text}"))
            .collect()
    }

    /// The body of a 422: the first text as the summary, and all texts by field.
    fn to_body(&self) -> Value {
        let mut fields: Map<String, Value> = Map::new();
        for (field, text) in &self.errors {
            let texts = fields.entry(field).or_insert_with(|| json!([]));
            if let Some(texts) = texts.as_array_mut() {
                texts.push(json!(text));
            }
        }
        json!({ "message": self.summary(), "errors": fields })
    }

    fn summary(&self) -> String {
        let first = self
            .errors
            .first()
            .map_or("The given data was invalid.", |(_, text)| text);
        match self.errors.len().saturating_sub(1) {
            0 => first.to_owned(),
            1 => format!("{first} (and 1 more error)"),
            more => format!("{first} (and {more} more errors)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_counts_what_it_leaves_out() {
        let check = |count: usize, expected: &str| {
            let mut errors = FieldErrors::default();
            (0..count).for_each(|number| errors.add("name", format!("Text {number}.")));
            assert_eq!(errors.to_body()["message"], expected);
            assert_eq!(
                errors.to_body()["errors"]["name"].as_array().unwrap().len(),
                count
            );
        };
        check(1, "Text 0.");
        check(2, "Text 0. (and 1 more error)");
        check(4, "Text 0. (and 3 more errors)");
    }
}
