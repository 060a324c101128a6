//! Which requests go through a proxy, and the one place that reads it from the environment.

use std::env::VarError;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use http::Uri;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use runbeam_model::Origin;

use crate::BuildError;

type BoxError = Box<dyn StdError + Send + Sync>;

/// Which requests go through which proxy. This machine itself is never asked for through one.
///
/// `Debug` of [`Matcher`] leaves credentials out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Proxies(Option<Arc<Matcher>>);

impl Proxies {
    /// What the environment says: see
    /// [`HttpClientBuilder::with_proxy`](crate::HttpClientBuilder::with_proxy).
    pub(crate) fn of_environment() -> Result<Self, BuildError> {
        // A server hands the header `Proxy` of a request to a CGI program in this variable (CVE-2016-5385).
        let http: &[_] = match read(&["REQUEST_METHOD"])? {
            Some(_) => &["http_proxy"],
            None => &["http_proxy", "HTTP_PROXY"],
        };
        let http = read_proxy(http)?;
        let https = read_proxy(&["https_proxy", "HTTPS_PROXY"])?;
        let all = read_proxy(&["all_proxy", "ALL_PROXY"])?;
        if [&http, &https, &all].iter().all(|url| url.is_none()) {
            return Ok(Self(None));
        }
        let no = read(&["no_proxy", "NO_PROXY"])?.map(|(_, hosts)| hosts);
        let matcher = Matcher::builder()
            .http(http.unwrap_or_default())
            .https(https.unwrap_or_default())
            .all(all.unwrap_or_default())
            .no(no.unwrap_or_default());
        Ok(Self(Some(Arc::new(matcher.build()))))
    }

    /// One proxy for everything.
    pub(crate) fn all(url: &str) -> Result<Self, BuildError> {
        let usable = usable(url).map_err(|problem| {
            BuildError::new(format!("the URL of the proxy is of no use: {problem}"))
        })?;
        Ok(Self(Some(Arc::new(Matcher::builder().all(usable).build()))))
    }

    /// The proxy that a request goes through.
    pub(crate) fn of(&self, uri: &Uri) -> Option<Intercept> {
        let matcher = self.0.as_ref()?;
        let is_here = Origin::of(&uri.to_string()).is_ok_and(|origin| origin.is_loopback());
        if is_here {
            return None;
        }
        matcher.intercept(uri)
    }
}

fn read_proxy(variables: &[&str]) -> Result<Option<String>, BuildError> {
    let Some((variable, url)) = read(variables)? else {
        return Ok(None);
    };
    // To connect without the proxy that somebody asked for is not what they asked for.
    let usable = usable(&url).map_err(|problem| {
        BuildError::new(format!("{variable} is set but of no use: {problem}"))
    })?;
    Ok(Some(usable.to_owned()))
}

fn usable(url: &str) -> Result<&str, &'static str> {
    let url = url.trim();
    let uri: Uri = url
        .parse()
        .map_err(|_| "it is no URL; percent-encode what is special in a user name or a password")?;
    match uri.scheme_str() {
        None | Some("http" | "https") => {}
        Some(_) => return Err("the proxy has to be one of http or https"),
    }
    match uri
        .authority()
        .map(|authority| authority.as_str().matches('@').count())
    {
        Some(0 | 1) if uri.host().is_some_and(|host| !host.is_empty()) => Ok(url),
        // Who takes the first of them for the separator would tell a part of the password.
        Some(2..) => Err("it holds an unencoded @; percent-encode what is special in a password"),
        _ => Err("it names no host"),
    }
}

/// The first of the variables that is set to something, and its value.
#[allow(
    clippy::disallowed_methods,
    reason = "configuration of this crate is read here"
)]
fn read<'a>(variables: &[&'a str]) -> Result<Option<(&'a str, String)>, BuildError> {
    for variable in variables {
        match std::env::var(variable) {
            Ok(value) if value.trim().is_empty() => {}
            Ok(value) => return Ok(Some((variable, value))),
            Err(VarError::NotPresent) => {}
            Err(VarError::NotUnicode(_)) => {
                return Err(BuildError::new(format!("{variable} is not UTF-8")));
            }
        }
    }
    Ok(None)
}

/// The proxy cannot be reached, or does not let through.
#[derive(Debug)]
pub(crate) struct ProxyFault(pub(crate) BoxError);

impl ProxyFault {
    /// Whether credentials are missing, or others are needed. The tunnel tells it in words only.
    pub(crate) fn wants_credentials(&self) -> bool {
        self.0.to_string().contains("authorization required")
    }

    /// Whether the proxy was reached, and does not connect to the server.
    pub(crate) fn is_refusal(&self) -> bool {
        self.0.to_string().contains("unsuccessful")
    }
}

impl fmt::Display for ProxyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no way through the proxy")
    }
}

impl StdError for ProxyFault {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.0)
    }
}
