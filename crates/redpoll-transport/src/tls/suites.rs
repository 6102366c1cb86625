//! What may be negotiated: versions and ciphers, as OpenSSL's names and lists say it.
//!
//! A list for TLS 1.2 is OpenSSL's small language: words separated by `:`, `,` or blanks; `!`
//! forbids for good, `-` takes away, `+` moves to the end, and a word may be a cipher, a keyword,
//! or several of them joined by `+`, all of which must hold. As in OpenSSL a word that names
//! nothing known is passed over, and a list from which nothing follows is an error.

use super::TlsError;
use rustls::crypto::CryptoProvider;
use rustls::crypto::ring::{ALL_CIPHER_SUITES, default_provider};
use rustls::version::{TLS12, TLS13};
use rustls::{CipherSuite, SupportedCipherSuite, SupportedProtocolVersion};

/// What may be negotiated; `None` leaves the choice to the library.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allowed {
    /// `tls-protocols`: words such as `TLSv1.2 TLSv1.3`.
    pub protocols: Option<String>,
    /// `tls-ciphers`: for TLS 1.2.
    pub ciphers: Option<String>,
    /// `tls-ciphersuites`: for TLS 1.3.
    pub ciphersuites: Option<String>,
}

/// A cipher of TLS 1.2: what it is here, its name in OpenSSL, and the keywords it goes by.
struct Cipher {
    suite: CipherSuite,
    name: &'static str,
    keywords: &'static [&'static str],
}

const CIPHERS: [Cipher; 6] = [
    Cipher {
        suite: CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        name: "ECDHE-ECDSA-AES256-GCM-SHA384",
        keywords: &["aECDSA", "ECDSA", "AES", "AES256", "AESGCM", "SHA384"],
    },
    Cipher {
        suite: CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        name: "ECDHE-RSA-AES256-GCM-SHA384",
        keywords: &["aRSA", "AES", "AES256", "AESGCM", "SHA384"],
    },
    Cipher {
        suite: CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
        name: "ECDHE-ECDSA-CHACHA20-POLY1305",
        keywords: &["aECDSA", "ECDSA", "CHACHA20"],
    },
    Cipher {
        suite: CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
        name: "ECDHE-RSA-CHACHA20-POLY1305",
        keywords: &["aRSA", "CHACHA20"],
    },
    Cipher {
        suite: CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        name: "ECDHE-ECDSA-AES128-GCM-SHA256",
        keywords: &["aECDSA", "ECDSA", "AES", "AES128", "AESGCM", "SHA256"],
    },
    Cipher {
        suite: CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        name: "ECDHE-RSA-AES128-GCM-SHA256",
        keywords: &["aRSA", "AES", "AES128", "AESGCM", "SHA256"],
    },
];

/// Keywords that all of them go by: they are of TLS 1.2, agree on keys by elliptic curves, and are
/// strong.
const COMMON: [&str; 11] = [
    "ALL", "DEFAULT", "HIGH", "ECDHE", "EECDH", "kECDHE", "kEECDH", "ECDH", "TLSv1.2", "AEAD",
    "FIPS",
];

const SUITES_13: [(&str, CipherSuite); 3] = [
    ("TLS_AES_256_GCM_SHA384", CipherSuite::TLS13_AES_256_GCM_SHA384),
    ("TLS_CHACHA20_POLY1305_SHA256", CipherSuite::TLS13_CHACHA20_POLY1305_SHA256),
    ("TLS_AES_128_GCM_SHA256", CipherSuite::TLS13_AES_128_GCM_SHA256),
];

impl Cipher {
    fn is(&self, word: &str) -> bool {
        let known = |keyword: &&str| keyword.eq_ignore_ascii_case(word);
        self.name.eq_ignore_ascii_case(word)
            || self.keywords.iter().any(known)
            || COMMON.iter().any(known)
    }
}

/// The versions that are allowed.
pub(super) fn versions(
    allowed: &Allowed,
) -> Result<Vec<&'static SupportedProtocolVersion>, TlsError> {
    let Some(words) = &allowed.protocols else { return Ok(vec![&TLS13, &TLS12]) };
    let mut versions = Vec::new();
    for word in words.split_whitespace() {
        match word.to_ascii_lowercase().as_str() {
            "tlsv1.3" => versions.push(&TLS13),
            "tlsv1.2" => versions.push(&TLS12),
            // Neither is spoken by anybody who should be; a list that names them beside others
            // works without them.
            "tlsv1" | "tlsv1.1" => {}
            _ => {
                return Err(TlsError::new(
                    "Invalid tls-protocols specified. Use a combination of 'TLSv1.2' and \
                     'TLSv1.3'.",
                ));
            }
        }
    }
    if versions.is_empty() {
        return Err(TlsError::new("tls-protocols allows neither TLSv1.2 nor TLSv1.3"));
    }
    Ok(versions)
}

/// The primitives, with the ciphers that are allowed in the order that is wanted.
pub(super) fn provider(allowed: &Allowed) -> Result<CryptoProvider, TlsError> {
    let mut wanted = match &allowed.ciphersuites {
        None => SUITES_13.iter().map(|(_, suite)| *suite).collect(),
        Some(list) => suites_13(list)?,
    };
    match &allowed.ciphers {
        None => wanted.extend(CIPHERS.iter().map(|cipher| cipher.suite)),
        Some(list) => wanted.extend(ciphers_12(list)?),
    }
    let find = |suite: &CipherSuite| {
        ALL_CIPHER_SUITES.iter().find(|known: &&SupportedCipherSuite| known.suite() == *suite)
    };
    let cipher_suites = wanted.iter().filter_map(find).copied().collect();
    Ok(CryptoProvider { cipher_suites, ..default_provider() })
}

fn suites_13(list: &str) -> Result<Vec<CipherSuite>, TlsError> {
    let mut suites = Vec::new();
    for word in list.split(':').filter(|word| !word.is_empty()) {
        match SUITES_13.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)) {
            Some((_, suite)) => suites.push(*suite),
            None => {
                let known: Vec<&str> = SUITES_13.iter().map(|(name, _)| *name).collect();
                return Err(TlsError(format!(
                    "Failed to configure ciphersuites: {word} is not one of {}",
                    known.join(", ")
                )));
            }
        }
    }
    Ok(suites)
}

fn ciphers_12(list: &str) -> Result<Vec<CipherSuite>, TlsError> {
    let mut chosen: Vec<&Cipher> = Vec::new();
    let mut forbidden: Vec<&str> = Vec::new();
    for word in list.split([':', ',', ' ', ';']).filter(|word| !word.is_empty()) {
        // Orders OpenSSL to sort, or sets a level of security: nothing here is below it.
        if word.starts_with('@') {
            continue;
        }
        let (sign, word) = match word.strip_prefix(['!', '-', '+']) {
            Some(rest) => (word.as_bytes()[0], rest),
            None => (b' ', word),
        };
        let meant = |cipher: &Cipher| word.split('+').all(|part| cipher.is(part));
        match sign {
            b'!' => {
                chosen.retain(|cipher| !meant(cipher));
                forbidden.extend(CIPHERS.iter().filter(|cipher| meant(cipher)).map(|c| c.name));
            }
            b'-' => chosen.retain(|cipher| !meant(cipher)),
            b'+' => chosen.sort_by_key(|cipher| meant(cipher)),
            _ => {
                for cipher in CIPHERS.iter().filter(|cipher| meant(cipher)) {
                    let there = chosen.iter().any(|other| other.name == cipher.name);
                    if !there && !forbidden.contains(&cipher.name) {
                        chosen.push(cipher);
                    }
                }
            }
        }
    }
    if chosen.is_empty() {
        let known: Vec<&str> = CIPHERS.iter().map(|cipher| cipher.name).collect();
        return Err(TlsError(format!(
            "Failed to configure ciphers: {list}: nothing of it is known here; known are {}",
            known.join(", ")
        )));
    }
    Ok(chosen.iter().map(|cipher| cipher.suite).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &str) -> Vec<&'static str> {
        let found = ciphers_12(list).unwrap_or_default();
        let name = |suite: &CipherSuite| CIPHERS.iter().find(|c| c.suite == *suite).unwrap().name;
        found.iter().map(name).collect()
    }

    #[test]
    fn lists_of_ciphers_are_openssls() {
        assert_eq!(names("DEFAULT").len(), 6);
        assert_eq!(names("DEFAULT:!MEDIUM:-AES128-SHA256").len(), 6);
        assert_eq!(names("HIGH:!aNULL:!MD5:@SECLEVEL=2").len(), 6);
        assert_eq!(
            names("ECDHE+AESGCM+aRSA"),
            ["ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-AES128-GCM-SHA256"]
        );
        assert_eq!(names("ALL:!AES:!aRSA"), ["ECDHE-ECDSA-CHACHA20-POLY1305"]);
        assert_eq!(
            names("ecdhe-rsa-aes128-gcm-sha256:ECDHE-RSA-AES256-GCM-SHA384"),
            ["ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384"]
        );
        assert_eq!(names("aRSA:+AES256")[2], "ECDHE-RSA-AES256-GCM-SHA384");
        assert_eq!(names("-AES128:AES128")[..1], ["ECDHE-ECDSA-AES128-GCM-SHA256"]);
        assert_eq!(names("!CHACHA20:ALL").len(), 4);
        for nothing in ["", "AES128-SHA256", "!ALL:ALL", "\u{e9}"] {
            assert!(ciphers_12(nothing).is_err(), "{nothing}");
        }
    }

    #[test]
    fn suites_and_versions_are_named() {
        assert_eq!(
            suites_13("TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256").unwrap(),
            [CipherSuite::TLS13_CHACHA20_POLY1305_SHA256, CipherSuite::TLS13_AES_128_GCM_SHA256]
        );
        assert!(suites_13("TLS_AES_128_CCM_SHA256").is_err());
        let count = |words: &str| {
            let protocols = Some(words.to_owned());
            versions(&Allowed { protocols, ..Allowed::default() }).map(|found| found.len())
        };
        assert_eq!(count("TLSv1.2 tlsv1.3"), Ok(2));
        assert_eq!(count("TLSv1 TLSv1.1 TLSv1.2"), Ok(1));
        assert!(count("TLSv1.1").is_err() && count("TLSv1.4").is_err() && count("").is_err());
        assert_eq!(provider(&Allowed::default()).unwrap().cipher_suites.len(), 9);
    }
}
