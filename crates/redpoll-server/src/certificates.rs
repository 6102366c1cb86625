//! The certificates that TLS connections are accepted with: read, checked, and replaced as a whole.
//!
//! What cannot be used is refused and what was there stays, so that a mistake costs nobody a
//! connection. Connections keep what they were accepted with.

use parking_lot::{Mutex, RwLock};
use redpoll_config::{Config, Text, TlsAuthClients};
use redpoll_engine::Engine;
use redpoll_engine::engine::Certificate;
use redpoll_transport::tls::{
    Allowed, CertificateFacts, Client, ClientCertificates, ClientSettings, Server, ServerSettings,
    Sessions, TlsError,
};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What tells whether files have changed.
type Fingerprint = Vec<(u64, i64, i64, u64)>;

/// See the module's head.
#[derive(Default)]
pub struct Certificates {
    current: RwLock<Option<Loaded>>,
    seen: Mutex<Seen>,
}

/// What is in use.
struct Loaded {
    server: Arc<Server>,
    client: Option<CertificateFacts>,
}

/// What the files looked like, and when.
#[derive(Default)]
struct Seen {
    files: Fingerprint,
    at: Option<Instant>,
}

/// How a certificate is treated that is not valid at the moment.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expired {
    /// There is nothing else: it is used, with a warning.
    Used,
    /// What is in use is better.
    Refused,
}

impl Certificates {
    /// What connections are to be accepted with; `None` without certificates.
    pub fn server(&self) -> Option<Arc<Server>> {
        self.current.read().as_ref().map(|loaded| Arc::clone(&loaded.server))
    }

    /// Reads everything anew, if TLS is asked for at all. An error is for the log, and leaves what
    /// was there.
    pub fn load(&self, config: &Config) -> Result<(), String> {
        if config.tls_port() == 0 && !config.tls_replication() && !config.tls_cluster() {
            return Ok(());
        }
        let settings = server_settings(config)?;
        let files = settings.fingerprint();
        let expired = match &*self.current.read() {
            Some(_) => Expired::Refused,
            None => Expired::Used,
        };
        let loaded = load(config, &settings, expired)?;
        *self.current.write() = Some(loaded);
        *self.seen.lock() = Seen { files, at: Some(Instant::now()) };
        Ok(())
    }

    /// Reads everything anew if the time for it has come and the files have changed.
    pub fn look(&self, config: &Config) {
        let Ok(interval @ 1..) = u64::try_from(config.tls_auto_reload_interval()) else { return };
        let Ok(settings) = server_settings(config) else { return };
        let mut seen = self.seen.lock();
        let due = seen.at.is_some_and(|at| at.elapsed() >= Duration::from_secs(interval));
        if !due {
            return;
        }
        seen.at = Some(Instant::now());
        let files = settings.fingerprint();
        if files == seen.files {
            return;
        }
        // Also where they cannot be used: that is said once, and not at every look.
        seen.files = files;
        drop(seen);
        match load(config, &settings, Expired::Refused) {
            Ok(loaded) => {
                *self.current.write() = Some(loaded);
                log::info!("The files of certificates have changed and were read anew.");
            }
            Err(error) => {
                log::warn!("{error}");
                log::warn!("The files of certificates have changed; the old ones stay in use.");
            }
        }
    }

    /// Tells INFO what is in use.
    pub fn publish(&self, engine: &Engine) {
        let certificate = |facts: &CertificateFacts| Certificate {
            serial: facts.serial.clone(),
            until: facts.until,
        };
        let current = self.current.read();
        let loaded = current.as_ref();
        let server = loaded.and_then(|loaded| loaded.server.certificate.as_ref());
        let authority = loaded.and_then(|loaded| loaded.server.authorities.as_ref());
        let client = loaded.and_then(|loaded| loaded.client.as_ref());
        let mut certificates = engine.certificates.write();
        certificates.server = server.map(certificate);
        certificates.authority = authority.map(certificate);
        certificates.client = client.map(certificate);
    }
}

fn load(config: &Config, settings: &ServerSettings, expired: Expired) -> Result<Loaded, String> {
    let server = Server::load(settings).map_err(|error| error.to_string())?;
    if let Some(facts) = &server.certificate {
        check_time(facts, &settings.certificate.display().to_string(), expired)?;
    }
    let mut client = None;
    if let Some(settings) = client_settings(config) {
        let loaded = Client::load(&settings).map_err(|error: TlsError| error.to_string())?;
        client = loaded.certificate;
    }
    if config.tls_dh_params_file().is_some() {
        log::warn!("tls-dh-params-file has no effect: keys are agreed on by elliptic curves only.");
    }
    Ok(Loaded { server: Arc::new(server), client })
}

fn check_time(facts: &CertificateFacts, name: &str, expired: Expired) -> Result<(), String> {
    let now = redpoll_keyspace::clock::now_ms() / 1000;
    let what = match now {
        now if now > facts.until => "has expired",
        now if now < facts.from => "is not valid yet",
        _ => return Ok(()),
    };
    let text = format!("The certificate {name} {what}");
    match expired {
        Expired::Refused => Err(text),
        Expired::Used => {
            log::warn!("{text}: clients that check it will not connect.");
            Ok(())
        }
    }
}

fn path(text: Option<Text>) -> Option<PathBuf> {
    text.map(|text| text.as_path().to_owned())
}

fn allowed(config: &Config) -> Allowed {
    let text = |text: Option<Text>| text.map(|text| text.to_str_lossy().into_owned());
    Allowed {
        protocols: text(config.tls_protocols()),
        ciphers: text(config.tls_ciphers()),
        ciphersuites: text(config.tls_ciphersuites()),
    }
}

fn server_settings(config: &Config) -> Result<ServerSettings, String> {
    let clients = match config.tls_auth_clients() {
        TlsAuthClients::No => ClientCertificates::No,
        TlsAuthClients::Yes => ClientCertificates::Required,
        TlsAuthClients::Optional => ClientCertificates::Optional,
    };
    let sessions = config.tls_session_caching().then(|| Sessions {
        size: usize::try_from(config.tls_session_cache_size()).unwrap_or(0),
        timeout: Duration::from_secs(
            u64::try_from(config.tls_session_cache_timeout()).unwrap_or(0),
        ),
    });
    Ok(ServerSettings {
        certificate: path(config.tls_cert_file()).ok_or("No tls-cert-file configured!")?,
        key: path(config.tls_key_file()).ok_or("No tls-key-file configured!")?,
        key_password: config.tls_key_file_pass().map(|text| text.to_vec()),
        authority_file: path(config.tls_ca_cert_file()),
        authority_directory: path(config.tls_ca_cert_dir()),
        clients,
        allowed: allowed(config),
        prefer_server_ciphers: config.tls_prefer_server_ciphers(),
        sessions,
    })
}

/// What links to other servers are made with: the certificate that is named for them, or else the
/// server's own.
pub fn outgoing(config: &Config) -> Result<Client, String> {
    let settings = match client_settings(config) {
        Some(settings) => settings,
        None => {
            let own = server_settings(config)?;
            ClientSettings {
                server_name: None,
                insecure: own.authority_file.is_none() && own.authority_directory.is_none(),
                authority_file: own.authority_file,
                authority_directory: own.authority_directory,
                certificate: Some(own.certificate),
                key: Some(own.key),
                key_password: own.key_password,
                allowed: own.allowed,
            }
        }
    };
    if settings.insecure {
        return Err("Either tls-ca-cert-file or tls-ca-cert-dir must be specified!".to_owned());
    }
    Client::load(&settings).map_err(|error: TlsError| error.to_string())
}

/// What outgoing connections are made with, if a certificate is named for them.
fn client_settings(config: &Config) -> Option<ClientSettings> {
    let certificate = path(config.tls_client_cert_file())?;
    let key = path(config.tls_client_key_file())?;
    let (file, directory) = (path(config.tls_ca_cert_file()), path(config.tls_ca_cert_dir()));
    Some(ClientSettings {
        server_name: None,
        // Without an authority nobody can be connected to, but the files can be checked.
        insecure: file.is_none() && directory.is_none(),
        authority_file: file,
        authority_directory: directory,
        certificate: Some(certificate),
        key: Some(key),
        key_password: config.tls_client_key_file_pass().map(|text| text.to_vec()),
        allowed: allowed(config),
    })
}
