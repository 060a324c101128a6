//! What an error of the libraries beneath means: they spread it along a chain of causes.

use std::error::Error as StdError;
use std::io;

use hyper_util::client::legacy;
use runbeam_model::Origin;
use rustls::CertificateError;

use crate::connector::ConnectTimeout;
use crate::proxy::ProxyFault;
use crate::resolver::{ForbiddenAddress, Unresolved};
use crate::{Error, ErrorKind, Phase};

/// What an error of the pool means for the request.
pub(crate) fn of_pool(error: legacy::Error, server: &Origin) -> Error {
    let named = if error.is_connect() {
        while_connecting(&error, server).unwrap_or_else(|| {
            let problem = find(&error, |cause| Some(io_problem(cause.downcast_ref()?)));
            let problem = problem.unwrap_or("nothing answers there");
            Error::new(ErrorKind::Connect, server, problem)
        })
    } else {
        in_general(&error, server)
    };
    named.with_source(error)
}

/// What an error of another transport means for the request.
pub(crate) fn of_other(error: Box<dyn StdError + Send + Sync>, server: &Origin) -> Error {
    match error.downcast::<Error>() {
        Ok(error) => *error,
        Err(error) => in_general(&*error, server).with_source(error),
    }
}

fn while_connecting(error: &(dyn StdError + 'static), server: &Origin) -> Option<Error> {
    find(error, |cause| {
        if let Some(ConnectTimeout(deadline)) = cause.downcast_ref() {
            return Some(Error::timeout(Phase::Connect, server, *deadline));
        }
        let timed_out = |error: &io::Error| error.kind() == io::ErrorKind::TimedOut;
        let (kind, problem) = if cause.downcast_ref().is_some_and(timed_out) {
            let kind = ErrorKind::Timeout(Phase::Connect);
            (kind, "connecting took too long".to_owned())
        } else if let Some(forbidden) = cause.downcast_ref::<ForbiddenAddress>() {
            (ErrorKind::Address, forbidden.to_string())
        } else if let Some(fault) = cause.downcast_ref::<ProxyFault>() {
            proxy_problem(fault)
        } else if cause.is::<Unresolved>() {
            let problem = "its name leads to no address; check its spelling and the resolver";
            (ErrorKind::Resolve, problem.to_owned())
        } else if let Some(error) = cause.downcast_ref::<rustls::Error>() {
            (ErrorKind::Tls, tls_problem(error))
        } else {
            return None;
        };
        Some(Error::new(kind, server, problem))
    })
}

/// What is wrong with the proxy, or with the way to it.
fn proxy_problem(fault: &ProxyFault) -> (ErrorKind, String) {
    if fault.wants_credentials() {
        let problem = "it asks for a user name and a password; put them into the proxy's URL";
        return (ErrorKind::Proxy, problem.to_owned());
    }
    if let Some(problem) = find(fault, |cause| Some(tls_problem(cause.downcast_ref()?))) {
        return (ErrorKind::Tls, format!("to the proxy before it: {problem}"));
    }
    let problem = if fault.is_refusal() {
        "the proxy before it does not connect to it"
    } else {
        "the proxy before it cannot be reached"
    };
    (ErrorKind::Connect, problem.to_owned())
}

fn in_general(error: &(dyn StdError + 'static), server: &Origin) -> Error {
    let told = find(error, |cause| {
        if let Some(error) = cause.downcast_ref::<rustls::Error>() {
            return Some(Error::new(ErrorKind::Tls, server, tls_problem(error)));
        }
        if cause.downcast_ref::<h2::Error>().is_some_and(is_refusal) {
            let problem = "the server did not take the request";
            return Some(Error::new(ErrorKind::Interrupted, server, problem).that_never_left());
        }
        let error = cause.downcast_ref::<hyper::Error>()?;
        if error.is_canceled() {
            let problem = "it was closed before the request was sent";
            return Some(Error::new(ErrorKind::Interrupted, server, problem).that_never_left());
        }
        if !error.is_parse() {
            return None;
        }
        // hyper tells a client this in words only.
        Some(if error.to_string().contains("too large") {
            let problem = "its headers have more than 64 KiB or 100 fields";
            Error::new(ErrorKind::TooLarge, server, problem)
        } else {
            Error::new(ErrorKind::Protocol, server, "it is not HTTP")
        })
    });
    told.unwrap_or_else(|| Error::new(ErrorKind::Interrupted, server, "no answer came"))
}

/// Whether the server says that it has done nothing about the request: it refused the stream (RFC 9113, section 8.7),
/// or the stream is beyond the last one of its GOAWAY (section 6.8).
fn is_refusal(error: &h2::Error) -> bool {
    error.is_remote() && (error.is_go_away() || error.reason() == Some(h2::Reason::REFUSED_STREAM))
}

/// Walks along the causes, and along those that an I/O error wraps, which its source skips.
fn find<T>(
    cause: &(dyn StdError + 'static),
    meaning: impl Fn(&(dyn StdError + 'static)) -> Option<T> + Copy,
) -> Option<T> {
    let wrapped = cause
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref);
    meaning(cause)
        .or_else(|| find(wrapped?, meaning))
        .or_else(|| find(cause.source()?, meaning))
}

fn io_problem(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "nothing listens there",
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            "there is no way to it; check the network"
        }
        io::ErrorKind::ConnectionReset | io::ErrorKind::UnexpectedEof => {
            "it closed the connection before it was of use"
        }
        _ => "nothing answers there",
    }
}

/// What is wrong with the certificate, and what to do about it.
fn tls_problem(error: &rustls::Error) -> String {
    let rustls::Error::InvalidCertificate(error) = error else {
        return error.to_string();
    };
    let problem = match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "its certificate has expired; renew it there, or set the clock here"
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid yet; set the clock here or there"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "its certificate is for another name; correct the host in the URL"
        }
        CertificateError::UnknownIssuer => {
            "its certificate is by an authority that is unknown here; add the authority's root"
        }
        CertificateError::Revoked => "its certificate was revoked; it needs a new one",
        _ => return format!("its certificate is of no use: {error}"),
    };
    problem.to_owned()
}

/// The error of a body that broke off.
pub(crate) fn of_body(error: Box<dyn StdError + Send + Sync>, server: &Origin) -> Error {
    Error::new(ErrorKind::Interrupted, server, "its body is incomplete").with_source(error)
}
