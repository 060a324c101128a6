//! The one place that reads this crate's part of the environment.

use std::env::VarError;

use runbeam_model::{BaseUrl, ParseError, Secret};

use crate::Error;

const API_URL: &str = "RUNBEAM_API_URL";
/// The cloud that is meant where nobody names another.
pub const DEFAULT_API_URL: &str = "https://api.runbeam.io";
const JWT_SECRET: &str = "RUNBEAM_JWT_SECRET";

/// The cloud that `RUNBEAM_API_URL` names, or the product's own.
pub(crate) fn api_url() -> Result<BaseUrl, Error> {
    let url = read(API_URL)?;
    url.as_deref()
        .unwrap_or(DEFAULT_API_URL)
        .parse()
        .map_err(|error: ParseError| {
            Error::configuration(format!("{API_URL} is set but of no use: {error}"))
        })
}

/// The secret of `RUNBEAM_JWT_SECRET`. There is none built in.
pub(crate) fn jwt_secret() -> Result<Secret, Error> {
    match read(JWT_SECRET)? {
        Some(secret) if !secret.is_empty() => Ok(secret.into()),
        _ => Err(Error::configuration(format!(
            "{JWT_SECRET} is not set: HS256 needs the secret that is shared with the issuer, at least 32 bytes"
        ))),
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "configuration of this crate is read here"
)]
fn read(variable: &str) -> Result<Option<String>, Error> {
    match std::env::var(variable) {
        Ok(value) => Ok(Some(value)),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => {
            Err(Error::configuration(format!("{variable} is not UTF-8")))
        }
    }
}
