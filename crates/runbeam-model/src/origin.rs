//! The origin of a URL (RFC 6454): scheme, host and port, the unit of trust.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use http::Uri;

use crate::ParseError;

/// Scheme, host and port of an HTTP URL. Two origins are equal when all three are (RFC 6454, section 5).
///
/// Only `http` and `https` with a host and without user information have one here. The host is compared in
/// lower case; a port that is the scheme's default is the same as none.
///
/// ```
/// # use runbeam_model::Origin;
/// let issuer = Origin::of("https://api.runbeam.io:443/api/cli/check-login/dt_7pZr0k2Vx9")?;
/// assert_eq!(issuer, Origin::of("https://API.runbeam.io")?);
/// assert_ne!(issuer, Origin::of("https://api.runbeam.io.evil.test")?);
/// assert_eq!(issuer.to_string(), "https://api.runbeam.io");
/// # Ok::<_, runbeam_model::ParseError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    is_https: bool,
    host: Box<str>,
    port: u16,
}

impl Origin {
    /// The origin of `url`, whatever path, query or fragment it has.
    ///
    /// # Errors
    ///
    /// If `url` is not an absolute `http` or `https` URL in the strict spelling of RFC 3986, or if it holds
    /// user information.
    pub fn of(url: &str) -> Result<Self, ParseError> {
        let invalid = |problem| ParseError::new("URL", problem);
        let without_fragment = url.split('#').next().unwrap_or_default();
        let uri: Uri = without_fragment
            .parse()
            .map_err(|_| invalid("it is not written as RFC 3986 asks"))?;
        let is_https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(invalid("its scheme is not https or http")),
        };
        let authority = uri.authority().ok_or_else(|| invalid("it has no host"))?;
        if authority.as_str().contains('@') {
            return Err(invalid("it holds a user name or a password"));
        }
        let host = authority.host().to_ascii_lowercase();
        let is_name = host
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'));
        let is_ip6 = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .is_some_and(|host| host.parse::<std::net::Ipv6Addr>().is_ok());
        if host.is_empty() || !(is_name || is_ip6) {
            return Err(invalid("its host is not a name or an address"));
        }
        let port = match authority.port() {
            Some(port) => port.as_u16(),
            None if authority.as_str().len() > authority.host().len() => {
                return Err(invalid("its port is not a number up to 65535"));
            }
            None if is_https => 443,
            None => 80,
        };
        Ok(Self {
            is_https,
            host: host.into(),
            port,
        })
    }

    /// Whether `url` is a URL of this origin: whether [`Origin::of`] gives an equal one.
    #[must_use]
    pub fn is_origin_of(&self, url: &str) -> bool {
        self.is_plainly_origin_of(url) || Self::of(url).is_ok_and(|origin| origin == *self)
    }

    /// Whether `url` is this origin as it is displayed and a path of letters, digits and their like: most URLs are
    /// written so, and there is nothing in them to be read in another way.
    fn is_plainly_origin_of(&self, url: &str) -> bool {
        let (scheme, default_port) = if self.is_https {
            ("https://", 443)
        } else {
            ("http://", 80)
        };
        let Some(rest) = url
            .strip_prefix(scheme)
            .and_then(|rest| rest.strip_prefix(&*self.host))
        else {
            return false;
        };
        let path = if self.port == default_port {
            rest
        } else {
            let digits = rest.strip_prefix(':').unwrap_or_default();
            let end = digits.find('/').unwrap_or(digits.len());
            let (port, path) = digits.split_at(end);
            if port.starts_with(['0', '+']) || port.parse() != Ok(self.port) {
                return false;
            }
            path
        };
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte);
        path.is_empty() || path.starts_with('/') && path.bytes().all(is_plain)
    }

    /// Whether the scheme is `https`.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.is_https
    }

    /// The address that the host is, if it is one and not a name.
    #[must_use]
    pub fn ip_address(&self) -> Option<IpAddr> {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        host.parse().ok()
    }

    /// Whether the host is this machine: an address of the loopback range, or `localhost` (RFC 6761,
    /// section 6.3).
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        &*self.host == "localhost"
            || self
                .ip_address()
                .is_some_and(|address| address.is_loopback())
    }
}

impl FromStr for Origin {
    type Err = ParseError;

    fn from_str(url: &str) -> Result<Self, ParseError> {
        Self::of(url)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.is_https, self.port) {
            (true, 443) => write!(f, "https://{}", self.host),
            (false, 80) => write!(f, "http://{}", self.host),
            (true, port) => write!(f, "https://{}:{port}", self.host),
            (false, port) => write!(f, "http://{}:{port}", self.host),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_default_ports_do_not_matter() {
        let check =
            |url: &str, expected: &str| assert_eq!(Origin::of(url).unwrap().to_string(), expected);
        check("http://h:8090/api/cli/check-login/x", "http://h:8090");
        check("https://h:443/x?y#z", "https://h");
        check("http://h:80", "http://h");
        check("HTTPS://H", "https://h");
        check("https://[::1]:8443/", "https://[::1]:8443");
    }

    #[test]
    fn a_longer_host_or_port_is_another_origin() {
        let trusted = Origin::of("http://127.0.0.1:4297").unwrap();
        for other in [
            "http://127.0.0.1:42971",
            "https://127.0.0.1:4297",
            "http://127.0.0.1",
            "http://127.0.0.10:4297",
            "http://localhost:4297",
        ] {
            assert_ne!(Origin::of(other).unwrap(), trusted, "{other}");
        }
    }

    #[test]
    fn comparing_is_the_same_as_parsing() {
        let origins = [
            "https://h",
            "http://h",
            "https://h:8443",
            "http://[::1]:80",
            "https://h:80",
        ];
        let paths = [
            "",
            "/",
            "/a/b",
            "/a?b",
            "?b",
            "#c",
            "/a#c",
            "/%2e",
            "/a b",
            "/\u{e9}",
            "\\",
            "@evil",
            ".evil",
            ":",
            ":443",
            ":0443",
            ":+443",
            ":80",
            ":080",
            ":8443",
            ":8443/x",
            ":84430",
            ":8443@evil",
            "0",
            "/:8443",
            "//",
        ];
        for trusted in origins.map(|origin| Origin::of(origin).unwrap()) {
            for origin in origins {
                for path in paths {
                    for url in [
                        format!("{origin}{path}"),
                        format!("{origin}{path}").to_uppercase(),
                    ] {
                        let parsed = Origin::of(&url).is_ok_and(|origin| origin == trusted);
                        assert_eq!(trusted.is_origin_of(&url), parsed, "{trusted} {url}");
                        assert!(
                            parsed || !trusted.is_plainly_origin_of(&url),
                            "{trusted} {url}"
                        );
                    }
                }
            }
        }
        let trusted = Origin::of("https://h:8443").unwrap();
        assert!(trusted.is_plainly_origin_of("https://h:8443/api/x"));
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for url in [
            "",
            "https://",
            "https:///x",
            "https:h",
            "//h",
            "h",
            "ftp://h",
            "file:///etc/passwd",
            "data:application/json,{}",
            "https://user@h",
            "https://user:pw@h",
            "https://h:99999",
            "https://h:",
            "https://h\\.evil",
            "https://h%2eevil",
            "https://h%00.evil",
            "https://h\0.evil",
            "https://h\r\nHost: evil",
            "https://h\t.evil",
            "https://h .evil",
            "https://[h]",
            "https://ex\u{e4}mple",
            "https://h\\@evil",
        ] {
            assert!(Origin::of(url).is_err(), "{url:?}");
        }
    }

    #[test]
    fn loopback_is_told_from_what_looks_like_it() {
        let is_loopback = |url: &str| Origin::of(url).unwrap().is_loopback();
        assert!(
            is_loopback("http://127.0.0.1:1")
                && is_loopback("http://127.9.9.9")
                && is_loopback("http://[::1]")
        );
        assert!(is_loopback("http://localhost"));
        assert!(
            !is_loopback("http://127.0.0.1.nip.io") && !is_loopback("http://localhost.evil.test")
        );
        assert!(!is_loopback("http://2130706433") && !is_loopback("http://0.0.0.0"));
    }

    #[test]
    fn an_address_is_told_from_a_name() {
        let check = |url: &str, expected: Option<&str>| {
            let expected = expected.map(|address| address.parse().unwrap());
            assert_eq!(Origin::of(url).unwrap().ip_address(), expected, "{url}");
        };
        check("https://10.0.0.1:8443/keys", Some("10.0.0.1"));
        check("https://[fd00::1]/", Some("fd00::1"));
        check("https://[::ffff:10.0.0.1]/", Some("::ffff:10.0.0.1"));
        check("https://localhost/", None);
        check("https://10.0.0.1.nip.io/", None);
        check("https://2130706433/", None);
        check("https://127.1/", None);
    }
}
