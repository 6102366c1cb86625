//! The server's side: what the directives ask for, made into what connections are accepted with.

use super::certificate::CertificateFacts;
use super::session_cache::SessionCache;
use super::suites::{self, Allowed};
use super::{Session, TlsError, files};
use crate::Stream;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{RootCertStore, ServerConfig};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use x509_cert::der::{Decode, Encode};

/// Whether clients must show a certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientCertificates {
    /// They are not asked for one.
    No,
    /// One is checked if shown.
    Optional,
    /// They must.
    #[default]
    Required,
}

/// How sessions may be resumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sessions {
    /// How many are kept; 0 has no limit.
    pub size: usize,
    /// How long each is.
    pub timeout: Duration,
}

/// What a server's side is made from.
#[derive(Clone, Debug, Default)]
pub struct ServerSettings {
    /// The file of its certificate, with those between it and the authority.
    pub certificate: PathBuf,
    /// The file of the certificate's key.
    pub key: PathBuf,
    /// The password of the key.
    pub key_password: Option<Vec<u8>>,
    /// A file of authorities that clients' certificates are checked against.
    pub authority_file: Option<PathBuf>,
    /// A directory of them.
    pub authority_directory: Option<PathBuf>,
    /// Whether clients must show a certificate.
    pub clients: ClientCertificates,
    /// What may be negotiated.
    pub allowed: Allowed,
    /// Whether the order of the server's ciphers counts, rather than the client's.
    pub prefer_server_ciphers: bool,
    /// How sessions may be resumed; `None`: not at all.
    pub sessions: Option<Sessions>,
}

impl ServerSettings {
    /// What changes when one of the files does.
    pub fn fingerprint(&self) -> Vec<(u64, i64, i64, u64)> {
        let some = [&self.authority_file, &self.authority_directory];
        let paths = [&self.certificate, &self.key].into_iter().chain(some.into_iter().flatten());
        files::fingerprint(paths.map(PathBuf::as_path))
    }
}

/// See the module's head. Connections that were accepted with it keep it.
#[derive(Clone, Debug)]
pub struct Server {
    config: Arc<ServerConfig>,
    /// The server's certificate.
    pub certificate: Option<CertificateFacts>,
    /// Of the authorities, the one that ends first.
    pub authorities: Option<CertificateFacts>,
}

impl Server {
    /// Reads all files and checks that they fit together.
    ///
    /// # Errors
    /// Whatever cannot be used.
    pub fn load(settings: &ServerSettings) -> Result<Self, TlsError> {
        let versions = suites::versions(&settings.allowed)?;
        let provider = Arc::new(suites::provider(&settings.allowed)?);
        let (file, directory) =
            (settings.authority_file.as_deref(), settings.authority_directory.as_deref());
        let (roots, authorities) = if file.is_some() || directory.is_some() {
            files::authorities(file, directory)?
        } else {
            (RootCertStore::empty(), Vec::new())
        };
        let verifier = verifier(settings.clients, roots, &provider)?;
        let own = certified_key(
            &settings.certificate,
            &settings.key,
            settings.key_password.as_deref(),
            &provider,
        )?;
        let certificate = own.cert.first().and_then(CertificateFacts::of);
        let fail = |error: rustls::Error| TlsError(format!("Failed to configure TLS: {error}"));
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&versions)
            .map_err(fail)?
            .with_client_cert_verifier(verifier)
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(own)));
        config.ignore_client_order = settings.prefer_server_ciphers;
        match settings.sessions {
            Some(Sessions { size, timeout }) => {
                config.session_storage = Arc::new(SessionCache::new(size, timeout));
                // Each is a message and an entry of the cache; clients of a database reconnect one
                // by one.
                config.send_tls13_tickets = 1;
            }
            None => {
                config.session_storage = Arc::new(NoServerSessionStorage {});
                config.send_tls13_tickets = 0;
            }
        }
        let authorities = CertificateFacts::first_to_end(&authorities);
        Ok(Server { config: Arc::new(config), certificate, authorities })
    }

    /// Puts TLS over a connection that has been accepted; the handshake is still to be done.
    ///
    /// # Errors
    /// If the settings cannot be carried out; not because of the client.
    pub fn accept(&self, stream: Stream) -> Result<Stream, TlsError> {
        let session = Session::server(Arc::clone(&self.config));
        Ok(stream.with_session(session.map_err(|error| TlsError(error.to_string()))?))
    }
}

fn verifier(
    clients: ClientCertificates,
    roots: RootCertStore,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    if clients == ClientCertificates::No {
        return Ok(WebPkiClientVerifier::no_client_auth());
    }
    if roots.is_empty() {
        return Err(TlsError::new(
            "Either tls-ca-cert-file or tls-ca-cert-dir must be specified when tls-cluster, \
             tls-replication or tls-auth-clients are enabled!",
        ));
    }
    let builder =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
    let builder = match clients {
        ClientCertificates::Optional => builder.allow_unauthenticated(),
        _ => builder,
    };
    builder.build().map_err(|error| TlsError(format!("Failed to configure TLS: {error}")))
}

/// A certificate with its key, which must belong to it.
pub(super) fn certified_key(
    certificate: &Path,
    key: &Path,
    password: Option<&[u8]>,
    provider: &CryptoProvider,
) -> Result<CertifiedKey, TlsError> {
    let chain = files::certificates(certificate)?;
    let private = files::private_key(key, password)?;
    let fail = |cause: &dyn std::fmt::Display| {
        TlsError(format!("Failed to load private key: {}: {cause}", key.display()))
    };
    let signer = sign(provider, private).map_err(|error| fail(&error))?;
    let public = public_key(&chain[0]).ok_or_else(|| {
        TlsError(format!(
            "Failed to load certificate: {}: it cannot be read",
            certificate.display()
        ))
    })?;
    if signer.public_key().is_some_and(|of_key| of_key.as_ref() != public) {
        return Err(fail(&"the key does not belong to the certificate"));
    }
    Ok(CertifiedKey::new(chain, signer))
}

fn sign(
    provider: &CryptoProvider,
    key: PrivateKeyDer<'static>,
) -> Result<Arc<dyn rustls::sign::SigningKey>, rustls::Error> {
    provider.key_provider.load_private_key(key)
}

/// The public key that a certificate is for, in DER.
fn public_key(certificate: &CertificateDer<'_>) -> Option<Vec<u8>> {
    let certificate = x509_cert::Certificate::from_der(certificate).ok()?;
    certificate.tbs_certificate.subject_public_key_info.to_der().ok()
}
