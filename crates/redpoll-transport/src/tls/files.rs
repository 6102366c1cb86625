//! PEM files: certificates, private keys, and the authorities that are trusted.

use super::TlsError;
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

/// No file of certificates is larger: the authorities of a whole system take a quarter of a
/// megabyte.
const FILE_MAX: u64 = 16 << 20;

/// The files that bundles of the system's authorities are found in, by distribution.
const SYSTEM_BUNDLES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

fn read(path: &Path, what: &str) -> Result<Vec<u8>, TlsError> {
    let fail = |cause: &dyn std::fmt::Display| {
        format!("Failed to load {what}: {}: {cause}", path.display())
    };
    let file = File::open(path).map_err(|error| TlsError(fail(&error)))?;
    let mut bytes = Vec::new();
    file.take(FILE_MAX + 1).read_to_end(&mut bytes).map_err(|error| TlsError(fail(&error)))?;
    if bytes.len() as u64 > FILE_MAX {
        return Err(TlsError(fail(&"the file is too large")));
    }
    Ok(bytes)
}

/// The certificates of a file, the first being the owner's.
pub(super) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let bytes = read(path, "certificate")?;
    let fail = |cause: String| {
        TlsError(format!("Failed to load certificate: {}: {cause}", path.display()))
    };
    let found: Vec<_> = CertificateDer::pem_slice_iter(&bytes)
        .collect::<Result<_, _>>()
        .map_err(|error| fail(error.to_string()))?;
    if found.is_empty() {
        return Err(fail("there is no certificate in PEM in it".to_owned()));
    }
    Ok(found)
}

/// The first private key of a file. An encrypted one needs its password.
pub(super) fn private_key(
    path: &Path,
    password: Option<&[u8]>,
) -> Result<PrivateKeyDer<'static>, TlsError> {
    let bytes = read(path, "private key")?;
    let fail = |cause: &dyn std::fmt::Display| {
        TlsError(format!("Failed to load private key: {}: {cause}", path.display()))
    };
    let text = String::from_utf8_lossy(&bytes);
    if let Some(start) = text.find("-----BEGIN ENCRYPTED PRIVATE KEY-----") {
        return decrypt(&text[start..], password).map_err(|cause| fail(&cause));
    }
    if text.contains("Proc-Type: 4,ENCRYPTED") {
        let cause = "the key is encrypted in OpenSSL's old form; convert it with \
                     `openssl pkcs8 -topk8`";
        return Err(fail(&cause));
    }
    PrivateKeyDer::from_pem_slice(&bytes).map_err(|error| fail(&error))
}

fn decrypt(text: &str, password: Option<&[u8]>) -> Result<PrivateKeyDer<'static>, String> {
    use pkcs8::EncryptedPrivateKeyInfo;
    use pkcs8::der::Decode;
    let password = password.ok_or("the key is encrypted, and no password is set")?;
    const END: &str = "-----END ENCRYPTED PRIVATE KEY-----";
    let end = text.find(END).ok_or("the key has no end")? + END.len();
    let (_, der) = pkcs8::Document::from_pem(&text[..end]).map_err(|error| error.to_string())?;
    let info = EncryptedPrivateKeyInfo::from_der(der.as_bytes()).map_err(|e| e.to_string())?;
    let key = info.decrypt(password).map_err(|_| "the password is wrong, or the key damaged")?;
    Ok(PrivatePkcs8KeyDer::from(key.as_bytes().to_vec()).into())
}

/// The authorities of a file and of all files in a directory, and their certificates.
pub(super) fn authorities(
    file: Option<&Path>,
    directory: Option<&Path>,
) -> Result<(RootCertStore, Vec<CertificateDer<'static>>), TlsError> {
    let mut store = RootCertStore::empty();
    let mut all = Vec::new();
    let mut add = |path: &Path, found: Vec<CertificateDer<'static>>| {
        for certificate in found {
            store.add(certificate.clone()).map_err(|error| {
                let path = path.display();
                TlsError(format!("Failed to configure CA certificate(s): {path}: {error}"))
            })?;
            all.push(certificate);
        }
        Ok(())
    };
    if let Some(path) = file {
        add(path, certificates(path)?)?;
    }
    if let Some(directory) = directory {
        // Whatever holds no certificate (a list of revoked ones, a README) is passed over, and so
        // is one that is broken: a directory often belongs to somebody else.
        for path in entries(directory)? {
            if let Ok(found) = certificates(&path) {
                let _ = add(&path, found);
            }
        }
    }
    if store.is_empty() {
        return Err(TlsError::new("Failed to configure CA certificate(s): there are none"));
    }
    Ok((store, all))
}

fn entries(directory: &Path) -> Result<Vec<PathBuf>, TlsError> {
    let fail = |error: std::io::Error| {
        TlsError(format!("Failed to configure CA certificate(s): {}: {error}", directory.display()))
    };
    let mut paths = Vec::new();
    for entry in fs::read_dir(directory).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        if path.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// The authorities that the system trusts.
pub(super) fn system_authorities() -> Result<RootCertStore, TlsError> {
    let named = std::env::var_os("SSL_CERT_FILE").map(PathBuf::from);
    let known = SYSTEM_BUNDLES.iter().map(PathBuf::from);
    let path = named.into_iter().chain(known).find(|path| path.is_file()).ok_or_else(|| {
        TlsError::new("the system has no list of trusted authorities; name one with --cacert")
    })?;
    let mut store = RootCertStore::empty();
    // A bundle may hold certificates that are too old in form; the others count.
    store.add_parsable_certificates(certificates(&path)?);
    Ok(store)
}

/// What tells whether files have changed, without reading them: their numbers, times and sizes.
pub(super) fn fingerprint<'a>(paths: impl Iterator<Item = &'a Path>) -> Vec<(u64, i64, i64, u64)> {
    use std::os::unix::fs::MetadataExt;
    let mut marks = Vec::new();
    for path in paths {
        let mark = fs::metadata(path).map_or((0, 0, 0, 0), |found| {
            (found.ino(), found.mtime(), found.mtime_nsec(), found.size())
        });
        marks.push(mark);
    }
    marks
}
