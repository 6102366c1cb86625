//! Certificates for tests: an authority, what it signs, and a server that speaks TLS with them.

use crate::server::new_directory;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SerialNumber,
};
use redpoll_client::{Tls, TlsSettings};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Whether all connections of all tests are to speak TLS.
pub fn is_everywhere() -> bool {
    std::env::var_os("REDPOLL_TEST_TLS").is_some_and(|value| value == "1")
}

/// A client's side that trusts any server.
///
/// # Panics
/// Never, as no file is read.
pub fn trusting() -> Tls {
    let settings = TlsSettings { insecure: true, ..TlsSettings::default() };
    Tls::load(&settings).expect("nothing is read")
}

/// A certificate of its own in a directory.
///
/// # Panics
/// If it cannot be written.
pub fn self_signed(directory: &Path) -> Files {
    let path = |name| directory.join(name).to_str().expect("a path of text").to_owned();
    let files = Files { certificate: path("own.crt"), key: path("own.key") };
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a key");
    fs::write(&files.certificate, made.cert.pem()).expect("a file");
    fs::write(&files.key, made.signing_key.serialize_pem()).expect("a file");
    files
}

/// An authority and the directory of its files, which goes with it.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    directory: PathBuf,
}

/// A certificate and its key, as files.
pub struct Files {
    /// The certificate.
    pub certificate: String,
    /// The key.
    pub key: String,
}

impl Default for Authority {
    fn default() -> Self {
        Authority::new()
    }
}

impl Authority {
    /// A new authority; its certificate is in [`Authority::file`].
    ///
    /// # Panics
    /// If the files cannot be written.
    pub fn new() -> Authority {
        let directory = new_directory();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        params.distinguished_name.push(DnType::CommonName, "Test authority");
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        fs::write(directory.join("ca.crt"), certificate.pem()).expect("a file");
        Authority { issuer: Issuer::new(params, key), directory }
    }

    /// The directory of all files.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The path of a file.
    pub fn path(&self, name: &str) -> String {
        self.directory.join(name).to_str().expect("a path of text").to_owned()
    }

    /// The file of the authority's certificate.
    pub fn file(&self) -> String {
        self.path("ca.crt")
    }

    /// Signs a certificate for this host that is valid now.
    pub fn sign(&self, name: &str) -> Files {
        let hour = Duration::from_secs(3600);
        self.sign_for(name, SystemTime::now() - hour, SystemTime::now() + 100 * hour)
    }

    /// Signs a certificate for this host that has expired.
    pub fn sign_expired(&self, name: &str) -> Files {
        let hour = Duration::from_secs(3600);
        self.sign_for(name, SystemTime::now() - 3 * hour, SystemTime::now() - hour)
    }

    fn sign_for(&self, name: &str, from: SystemTime, until: SystemTime) -> Files {
        let hosts = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let mut params = CertificateParams::new(hosts).expect("names");
        params.distinguished_name.push(DnType::CommonName, name);
        params.serial_number = Some(SerialNumber::from(u64::from_be_bytes(*b"\x01redpoll")));
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        (params.not_before, params.not_after) = (from.into(), until.into());
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        let files = Files {
            certificate: self.path(&format!("{name}.crt")),
            key: self.path(&format!("{name}.key")),
        };
        fs::write(&files.certificate, certificate.pem()).expect("a file");
        fs::write(&files.key, key.serialize_pem()).expect("a file");
        files
    }

    /// What a client needs that trusts this authority and shows a certificate, or none.
    pub fn client(&self, own: Option<&Files>) -> Tls {
        let settings = TlsSettings {
            authority_file: Some(self.file().into()),
            certificate: own.map(|files| files.certificate.clone().into()),
            key: own.map(|files| files.key.clone().into()),
            ..TlsSettings::default()
        };
        Tls::load(&settings).expect("files that fit together")
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}
