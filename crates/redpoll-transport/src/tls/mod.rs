//! TLS: certificates and keys from files, what may be negotiated, and sessions over sockets that
//! do not block.
//!
//! The protocol itself is rustls with the primitives of `ring`; nothing of OpenSSL is needed on the
//! machine. What is here is the way from OpenSSL's habits, on which Redis's directives are built
//! (lists of ciphers, PEM files, directories of authorities), to rustls.

mod certificate;
mod client;
mod files;
mod server;
mod session;
mod session_cache;
mod suites;

pub use certificate::{CertificateFacts, Identity};
pub use client::{Client, ClientSettings};
pub use server::{ClientCertificates, Server, ServerSettings, Sessions};
pub(crate) use session::{Session, transmit};
pub use suites::Allowed;

use std::fmt;

/// Why certificates, keys or lists of ciphers cannot be used, for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsError(pub(crate) String);

impl TlsError {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        TlsError(text.into())
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TlsError {}
