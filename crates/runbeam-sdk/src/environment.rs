//! The one place that reads this crate's part of the environment.

use runbeam_model::BaseUrl;

use crate::Error;

const API_URL: &str = "RUNBEAM_API_URL";
const DEFAULT_API_URL: &str = "https://api.runbeam.io";

/// The cloud that `RUNBEAM_API_URL` names, or the product's own.
#[allow(
    clippy::disallowed_methods,
    reason = "configuration of this crate is read here"
)]
pub(crate) fn api_url() -> Result<BaseUrl, Error> {
    let unusable = |problem: String| {
        Error::configuration(format!("{API_URL} is set but of no use: {problem}"))
    };
    match std::env::var(API_URL) {
        Ok(url) => url
            .parse()
            .map_err(|error: runbeam_model::ParseError| unusable(error.to_string())),
        Err(std::env::VarError::NotPresent) => DEFAULT_API_URL.parse().map_err(Error::from),
        Err(std::env::VarError::NotUnicode(_)) => Err(unusable("it is not UTF-8".to_owned())),
    }
}
