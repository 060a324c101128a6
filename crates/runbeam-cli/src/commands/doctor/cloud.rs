//! The way to the cloud: its name, its address, its certificate, its keys and its clock.

use std::time::Duration;

use http::{Request, Response};
use runbeam_sdk::auth::JwkSet;
use runbeam_sdk::http::{Error, ErrorKind, HttpClient, Limits};
use runbeam_sdk::model::{BaseUrl, Clock, SystemClock, Timestamp};

use super::{Finding, PATIENCE, Status};
use crate::session::Session;
use crate::spoken_time;

const DNS: &str = "dns";
const REACH: &str = "cloud";
const KEYS: &str = "key set";
const CLOCK: &str = "clock";

/// Tokens are good for this long beyond their times, so that clocks may differ as much.
const LEEWAY: Duration = Duration::from_secs(60);

pub(super) async fn check(session: &Session) -> Vec<Finding> {
    let Ok(base) = session.settings.base_url() else {
        return vec![Finding::skipped(REACH, "there is no usable address")];
    };
    let (dns, way) = tokio::join!(names(&base), way(session, &base));
    let has_arrived = way.iter().any(|finding| finding.status == Status::Good);
    match dns {
        // A proxy may know a name that this machine does not.
        Some(dns) if dns.fault.is_some() && has_arrived => way,
        // Where there is no name, nothing else is news; but what a proxy says is.
        Some(dns) if dns.fault.is_some() && !way.iter().any(is_of_proxy) => vec![dns],
        dns => dns.into_iter().chain(way).collect(),
    }
}

fn is_of_proxy(finding: &Finding) -> bool {
    finding.fault == Some("proxy-in-the-way")
}

async fn names(base: &BaseUrl) -> Option<Finding> {
    let origin = base.origin();
    if origin.ip_address().is_some() {
        return None;
    }
    let text = origin.to_string();
    let (_, host) = text.split_once("://")?;
    let host = host.split(':').next()?.to_owned();
    let lookup = tokio::net::lookup_host((host.as_str(), 443));
    let failed = |why: String| {
        Finding::fault(
            DNS,
            "name-unresolved",
            format!("the name {host} has no address: {why}"),
            "check the spelling with `runbeam config:get api-url`, and the connection and name servers of this machine",
        )
    };
    Some(match tokio::time::timeout(PATIENCE, lookup).await {
        Ok(Ok(mut addresses)) => match addresses.next() {
            Some(address) => Finding::good(DNS, format!("{host} is at {}", address.ip())),
            None => failed("none was found".to_owned()),
        },
        Ok(Err(error)) => failed(error.to_string()),
        Err(_) => failed("no name server answers".to_owned()),
    })
}

async fn way(session: &Session, base: &BaseUrl) -> Vec<Finding> {
    let limits = Limits::new().with_connect(PATIENCE).with_total(PATIENCE);
    let mut http = HttpClient::builder().with_limits(limits);
    if let Ok(Some(pem)) = session.settings.root_certificates()
        && let Ok(with_roots) = http.clone().with_root_certificates_pem(pem)
    {
        http = with_roots;
    }
    let Ok(http) = http.build() else {
        return vec![Finding::fault(
            REACH,
            "no-roots",
            "no TLS can be set up on this machine",
            "install its certificate authorities (the package ca-certificates)",
        )];
    };
    let Ok(request) = Request::get(base.jwks_url()).body(Default::default()) else {
        return Vec::new();
    };
    match http.send(request).await {
        Err(error) => vec![unreached(base, &error)],
        Ok(response) => {
            let mut findings = vec![Finding::good(REACH, format!("{base} answers"))];
            findings.extend(clock(&response));
            findings.push(keys(base, &response));
            findings
        }
    }
}

fn unreached(base: &BaseUrl, error: &Error) -> Finding {
    let because = error.to_string();
    let is_proxy = error.kind() == ErrorKind::Proxy || because.contains("the proxy before it");
    match error.kind() {
        _ if is_proxy => Finding::fault(
            REACH,
            "proxy-in-the-way",
            because,
            "check the address, the user name and the password of the proxy in HTTPS_PROXY or ALL_PROXY; or list the cloud in NO_PROXY",
        ),
        ErrorKind::Tls if because.contains("xpired") || because.contains("alid yet") => {
            Finding::fault(
                REACH,
                "certificate-expired",
                because,
                "check the clock of this machine; if it is right, the server needs a new certificate",
            )
        }
        ErrorKind::Tls => Finding::fault(
            REACH,
            "certificate-untrusted",
            because,
            "check the address; name a certificate authority of your own with `runbeam config:set ca-file FILE`",
        ),
        ErrorKind::Timeout(_) => Finding::fault(
            REACH,
            "cloud-silent",
            format!("{base} does not answer in time"),
            "check the connection, and whether a firewall holds packets back",
        ),
        ErrorKind::Connect => Finding::fault(
            REACH,
            "cloud-refused",
            format!("{base} cannot be reached: {because}"),
            "check the address and the port with `runbeam config:get api-url`, and the connection of this machine",
        ),
        _ => Finding::fault(
            REACH,
            "cloud-garbled",
            format!("what answers at {base} does not speak as Runbeam Cloud does: {because}"),
            "check the address with `runbeam config:get api-url`; something on the way may change answers",
        ),
    }
}

fn keys(base: &BaseUrl, response: &Response<impl AsRef<[u8]>>) -> Finding {
    let status = response.status();
    if status.is_server_error() {
        return Finding::fault(
            KEYS,
            "key-set-unavailable",
            format!(
                "{base} does not give out the keys that logins are checked with (status {status})"
            ),
            "try again later; if it stays, report it to whoever runs the cloud",
        );
    }
    let body = response.body().as_ref();
    match JwkSet::parse(body) {
        Ok(keys) if status.is_success() && !keys.is_empty() => {
            let keys = spoken_time::counted(keys.len() as u64, "key");
            Finding::good(
                KEYS,
                format!("the cloud gives out {keys} that logins are checked with"),
            )
        }
        Ok(_) if status.is_success() => Finding::fault(
            KEYS,
            "key-set-empty",
            format!("{base} gives out no key that a login could be checked with"),
            "report it to whoever runs the cloud",
        ),
        _ => Finding::fault(
            KEYS,
            "not-the-cloud",
            format!("what answers at {base} is not Runbeam Cloud (status {status})"),
            "correct the address with `runbeam config:set api-url URL`",
        ),
    }
}

fn clock<B>(response: &Response<B>) -> Option<Finding> {
    let date = response.headers().get(http::header::DATE)?.to_str().ok()?;
    let theirs = parse_date(date)?;
    let ours = SystemClock.now();
    let ahead = ours.saturating_duration_since(theirs);
    let behind = theirs.saturating_duration_since(ours);
    let (skew, how) = if ahead > behind {
        (ahead, "fast")
    } else {
        (behind, "slow")
    };
    if skew <= LEEWAY {
        return Some(Finding::good(CLOCK, "it agrees with that of the cloud"));
    }
    Some(Finding::fault(
        CLOCK,
        "clock-skewed",
        format!(
            "the clock of this machine is {} {how}",
            spoken_time::span(skew)
        ),
        "set it, best by a time service (NTP): tokens are good only at their times",
    ))
}

/// The date of an HTTP header (RFC 9110, section 5.6.7) in the form that servers must send:
/// `Sun, 06 Nov 1994 08:49:37 GMT`.
fn parse_date(text: &str) -> Option<Timestamp> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let (_, rest) = text.split_once(", ")?;
    let [day, month, year, time, "GMT"] = rest.split(' ').collect::<Vec<_>>()[..] else {
        return None;
    };
    let month = 1 + MONTHS.iter().position(|name| *name == month)?;
    format!("{year}-{month:02}-{day}T{time}Z").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_of_a_server_is_read() {
        let date = parse_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        assert_eq!(date.to_string(), "1994-11-06T08:49:37.000000Z");
        for odd in [
            "",
            "Sun",
            "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 06 Foo 1994 08:49:37 GMT",
        ] {
            assert!(parse_date(odd).is_none(), "{odd}");
        }
    }
}
