//! The handlers, one file for each kind of operation.

pub(crate) mod authorize;
pub(crate) mod gateways;
pub(crate) mod keys;
