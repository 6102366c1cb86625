//! The client's side: for the programs of this workspace, and for servers that connect to others.
//!
//! As in Redis's programs, a server is trusted if its certificate comes from an authority that was
//! named, whatever host it is for: such authorities are private ones, and their certificates are
//! often made without host names. Without a named authority those of the system count, which sign
//! for anybody; so the host's name is checked then.

use super::certificate::CertificateFacts;
use super::suites::{self, Allowed};
use super::{Session, TlsError, files, server};
use crate::Stream;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::sign::SingleCertAndKey;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::path::PathBuf;
use std::sync::Arc;

/// What a client's side is made from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientSettings {
    /// The name to ask for, where the server has several; also the name that is checked.
    pub server_name: Option<String>,
    /// A file of authorities.
    pub authority_file: Option<PathBuf>,
    /// A directory of them.
    pub authority_directory: Option<PathBuf>,
    /// The client's own certificate.
    pub certificate: Option<PathBuf>,
    /// The key of it.
    pub key: Option<PathBuf>,
    /// The password of the key.
    pub key_password: Option<Vec<u8>>,
    /// Whether any server is trusted.
    pub insecure: bool,
    /// What may be negotiated.
    pub allowed: Allowed,
}

/// See the module's head.
#[derive(Clone, Debug)]
pub struct Client {
    config: Arc<ClientConfig>,
    server_name: Option<String>,
    /// The client's own certificate.
    pub certificate: Option<CertificateFacts>,
}

impl Client {
    /// Reads all files and checks that they fit together.
    ///
    /// # Errors
    /// Whatever cannot be used.
    pub fn load(settings: &ClientSettings) -> Result<Self, TlsError> {
        let versions = suites::versions(&settings.allowed)?;
        let provider = Arc::new(suites::provider(&settings.allowed)?);
        let fail = |error: rustls::Error| TlsError(format!("Failed to configure TLS: {error}"));
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&versions)
            .map_err(fail)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Verifier::new(settings, &provider)?));
        let mut facts = None;
        let config = match (&settings.certificate, &settings.key) {
            (Some(certificate), Some(key)) => {
                let password = settings.key_password.as_deref();
                let own = server::certified_key(certificate, key, password, &provider)?;
                facts = own.cert.first().and_then(CertificateFacts::of);
                builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(own)))
            }
            (None, None) => builder.with_no_client_auth(),
            _ => return Err(TlsError::new("A certificate and a key are needed, or neither")),
        };
        let server_name = settings.server_name.clone();
        Ok(Client { config: Arc::new(config), server_name, certificate: facts })
    }

    /// Puts TLS over a connection to `host`; the handshake is still to be done.
    ///
    /// # Errors
    /// If the host's name, or the one that is set, cannot be one.
    pub fn connect(&self, stream: Stream, host: &str) -> Result<Stream, TlsError> {
        let host = self.server_name.as_deref().unwrap_or(host);
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| TlsError(format!("Failed to configure SNI: {host}")))?;
        let session = Session::client(Arc::clone(&self.config), name);
        Ok(stream.with_session(session.map_err(|error| TlsError(error.to_string()))?))
    }
}

/// Decides whether a server is trusted.
#[derive(Debug)]
struct Verifier {
    provider: Arc<CryptoProvider>,
    /// `None`: any server is.
    roots: Option<RootCertStore>,
    /// Whether the certificate must be for the host.
    names: bool,
}

impl Verifier {
    fn new(settings: &ClientSettings, provider: &Arc<CryptoProvider>) -> Result<Self, TlsError> {
        let (file, directory) =
            (settings.authority_file.as_deref(), settings.authority_directory.as_deref());
        let named = file.is_some() || directory.is_some();
        let roots = match settings.insecure {
            true => None,
            false if named => Some(files::authorities(file, directory)?.0),
            false => Some(files::system_authorities()?),
        };
        Ok(Verifier { provider: Arc::clone(provider), roots, names: !named })
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if let Some(roots) = &self.roots {
            let certificate = ParsedCertificate::try_from(end_entity)?;
            let algorithms = self.provider.signature_verification_algorithms.all;
            verify_server_cert_signed_by_trust_anchor(
                &certificate,
                roots,
                intermediates,
                now,
                algorithms,
            )?;
            if self.names {
                verify_server_name(&certificate, server_name)?;
            }
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
