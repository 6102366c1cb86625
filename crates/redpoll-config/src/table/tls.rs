//! Encrypted connections.

use super::*;
use crate::choice::{TlsAuthClients, TlsAuthClientsUser};
use crate::config::Config;
use crate::directive::Flags;
use crate::kind::{Kind, Notation};
use crate::value::Text;

directives! {
    after search::END;
    section "TLS";

    tls_port: Port(0), "tls-port", [],
        "TCP port for TLS connections; 0 listens on none.";
    tls_cert_file: OptStr, "tls-cert-file", [VOLATILE],
        "Certificate of the server, in PEM.";
    tls_key_file: OptStr, "tls-key-file", [VOLATILE],
        "Private key of the server's certificate.";
    tls_key_file_pass: OptStr, "tls-key-file-pass", [SENSITIVE],
        "Password of the private key.";
    tls_client_cert_file: OptStr, "tls-client-cert-file", [VOLATILE],
        "Certificate for outgoing connections, where it is another one.";
    tls_client_key_file: OptStr, "tls-client-key-file", [VOLATILE],
        "Private key for outgoing connections.";
    tls_client_key_file_pass: OptStr, "tls-client-key-file-pass", [SENSITIVE],
        "Password of the private key for outgoing connections.";
    tls_dh_params_file: OptStr, "tls-dh-params-file", [VOLATILE],
        "Accepted without effect: keys are agreed on by elliptic curves only.";
    tls_ca_cert_file: OptStr, "tls-ca-cert-file", [VOLATILE],
        "Certificates of authorities that clients and other servers are checked against.";
    tls_ca_cert_dir: OptStr, "tls-ca-cert-dir", [VOLATILE],
        "Directory of such certificates.";
    tls_auth_clients: Word(TlsAuthClients, Yes), "tls-auth-clients", [],
        "Whether clients must show a certificate.";
    tls_auth_clients_user: Word(TlsAuthClientsUser, Off), "tls-auth-clients-user", [],
        "What of a client's certificate names the user it is logged in as.";
    tls_replication: Bool(false), "tls-replication", [],
        "Connect to the primary over TLS.";
    tls_cluster: Bool(false), "tls-cluster", [],
        "Use TLS between the nodes of a cluster.";
    tls_protocols: OptStr, "tls-protocols", [],
        "Versions of TLS to allow, as words such as TLSv1.2 TLSv1.3.";
    tls_ciphers: OptStr, "tls-ciphers", [],
        "Ciphers to allow up to TLS 1.2.";
    tls_ciphersuites: OptStr, "tls-ciphersuites", [],
        "Cipher suites to allow from TLS 1.3 on.";
    tls_prefer_server_ciphers: Bool(false), "tls-prefer-server-ciphers", [],
        "Choose ciphers by the server's preference rather than the client's.";
    tls_session_caching: Bool(true), "tls-session-caching", [],
        "Let clients resume sessions.";
    tls_session_cache_size: Int(20480, 0, INT_MAX), "tls-session-cache-size", [],
        "Sessions kept for resumption; 0 has no limit.";
    tls_session_cache_timeout: Int(300, 0, INT_MAX), "tls-session-cache-timeout", [],
        "Seconds a session can be resumed.";
    tls_auto_reload_interval: Int(0, 0, INT_MAX), "tls-auto-reload-interval", [],
        "Seconds between looks at the files of certificates, which are read anew; 0 never looks.";
}
