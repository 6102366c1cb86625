//! What is told of a certificate: its number, how long it is valid, and whom it names.

use rustls::pki_types::CertificateDer;
use x509_cert::Certificate;
use x509_cert::der::{Decode, Encode};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

/// A certificate's number and times.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CertificateFacts {
    /// The serial number, in hexadecimal digits.
    pub serial: String,
    /// Valid from this time, in seconds since 1970.
    pub from: i64,
    /// Valid until this time, in seconds since 1970.
    pub until: i64,
}

impl CertificateFacts {
    /// What a certificate says of itself; `None` if it cannot be read.
    pub(super) fn of(certificate: &CertificateDer<'_>) -> Option<Self> {
        let certificate = Certificate::from_der(certificate).ok()?;
        let body = &certificate.tbs_certificate;
        let seconds = |time: &x509_cert::time::Time| {
            i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX)
        };
        let serial = body.serial_number.as_bytes();
        Some(CertificateFacts {
            serial: serial.iter().map(|byte| format!("{byte:02X}")).collect(),
            from: seconds(&body.validity.not_before),
            until: seconds(&body.validity.not_after),
        })
    }

    /// Of several, what is known of the one that ends first.
    pub(super) fn first_to_end(certificates: &[CertificateDer<'_>]) -> Option<Self> {
        certificates.iter().filter_map(CertificateFacts::of).min_by_key(|facts| facts.until)
    }
}

/// Whom a certificate names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The common name of its subject; the last, if there are several.
    pub common_name: Option<String>,
    /// The URIs among its subject's alternative names.
    pub uris: Vec<String>,
}

impl Identity {
    /// Reads the names of a certificate that has been verified. A name with a control byte is none:
    /// a NUL in it has made users of others before.
    pub(crate) fn of(certificate: &CertificateDer<'_>) -> Self {
        let Ok(certificate) = Certificate::from_der(certificate) else {
            return Identity::default();
        };
        let body = &certificate.tbs_certificate;
        let clean = |name: &String| !name.is_empty() && !name.chars().any(char::is_control);
        let names = body.subject.0.iter().flat_map(|part| part.0.iter());
        let common_name = names
            .filter(|name| name.oid.to_string() == "2.5.4.3")
            .filter_map(|name| string(&name.value))
            .next_back()
            .filter(clean);
        let alternatives = body.get::<SubjectAltName>().ok().flatten();
        let uris =
            alternatives.into_iter().flat_map(|(_, names)| names.0).filter_map(|name| match name {
                GeneralName::UniformResourceIdentifier(uri) => Some(uri.as_str().to_owned()),
                _ => None,
            });
        Identity { common_name, uris: uris.filter(clean).collect() }
    }
}

/// The text of a string of ASN.1, in the forms that names are written in.
fn string(value: &x509_cert::der::Any) -> Option<String> {
    use x509_cert::der::{Tag, Tagged};
    match value.tag() {
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String | Tag::TeletexString => {
            // Encoding cannot fail for what has just been decoded; the contents are valid UTF-8 in
            // all forms that matter.
            value.to_der().ok()?;
            String::from_utf8(value.value().to_vec()).ok()
        }
        _ => None,
    }
}
