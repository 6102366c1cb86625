//! INFO's section `TLS`: the certificates in use, and how long they last.

use super::text::Text;
use crate::prelude::*;
use crate::server::survey::Survey;
use redpoll_engine::engine::Certificate;

pub(super) fn write(text: &mut Text, ctx: &Ctx<'_>, _survey: &Survey) {
    let certificates = ctx.engine.certificates.read().clone();
    let now = redpoll_keyspace::clock::now_ms() / 1000;
    for (name, certificate) in [
        ("server", certificates.server),
        ("client", certificates.client),
        ("ca", certificates.authority),
    ] {
        let Certificate { serial, until } =
            certificate.unwrap_or_else(|| Certificate { serial: "none".to_owned(), until: now });
        text.field(&format!("tls_{name}_cert_serial"), serial);
        text.field(&format!("tls_{name}_cert_expires_in_seconds"), until - now);
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::TestServer;
    use redpoll_engine::engine::Certificate;

    #[test]
    fn tells_what_is_in_use() {
        let mut server = TestServer::new();
        let mut session = server.client();
        let info = server.run(&mut session, "INFO tls");
        assert!(info.contains("tls_server_cert_serial:none\r\n"), "{info}");
        assert!(info.contains("tls_ca_cert_expires_in_seconds:0\r\n"), "{info}");
        let until = redpoll_keyspace::clock::now_ms() / 1000 + 999_999;
        let certificate = Certificate { serial: "0A".to_owned(), until };
        server.engine.certificates.write().server = Some(certificate);
        let info = server.run(&mut session, "INFO tls");
        assert!(info.contains("tls_server_cert_serial:0A\r\n"), "{info}");
        assert!(info.contains("tls_server_cert_expires_in_seconds:99999"), "{info}");
    }
}
