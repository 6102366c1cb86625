//! Tests of the events that tell of the fields of hashes.

use crate::testing::{TestServer, configure};
use redpoll_engine::pubsub::Kind;

/// Runs commands and returns what the channels of fields say meanwhile, a line a message.
fn heard(channels: &str, commands: &[&str]) -> String {
    let mut server = TestServer::new();
    configure(&server, "notify-keyspace-events", channels);
    let mut listener = server.client();
    server.engine.pubsub.subscribe(Kind::Pattern, b"__subkey*", &listener.client);
    let mut session = server.client();
    for command in commands {
        server.run(&mut session, command);
    }
    let text = server.receive(&mut listener);
    let messages = text.split("[pmessage __subkey* ").skip(1);
    let lines: Vec<&str> = messages.map(|message| message.trim_end_matches([']', ' '])).collect();
    lines.join("\n")
}

#[test]
fn every_channel_has_its_form() {
    assert_eq!(heard("Sh", &["HSET h f 1 gg 2"]), "__subkeyspace@0__:h hset|1:f,2:gg");
    assert_eq!(heard("Th", &["HSET h f 1 gg 2"]), "__subkeyevent@0__:hset 1:h|1:f,2:gg");
    assert_eq!(
        heard("Ih", &["HSET h f 1 gg 2"]),
        "__subkeyspaceitem@0__:h\nf hset\n__subkeyspaceitem@0__:h\ngg hset"
    );
    assert_eq!(heard("Vh", &["HSET h f 1 gg 2"]), "__subkeyspaceevent@0__:hset|h 1:f,2:gg");
    assert_eq!(heard("Ih", &[r#"HSET "a\nb" f 1"#]), "");
    assert_eq!(heard("KEA", &["HSET h f 1"]), "");
    assert_eq!(heard("ST", &["HSET h f 1"]), "");
}

#[test]
fn every_command_tells_its_fields() {
    let commands = [
        "HSET h a 1 b 1 c 1 d 1",
        "HSETNX h e 1",
        "HSETNX h e 1",
        "HDEL h x c",
        "HINCRBY h a 1",
        "HINCRBYFLOAT h n 1.5",
        "HEXPIRE h 100 FIELDS 3 a b x",
        "HPERSIST h FIELDS 2 a e",
        "HGETEX h PERSIST FIELDS 1 b",
        "HGETEX h EX 7 FIELDS 2 a y",
        "HSETEX h EX 9 FIELDS 1 b 2",
        "HGETDEL h FIELDS 2 b z",
        "~8000",
        "HGET h a",
        "HSETEX h PXAT 1 FIELDS 1 e 2",
        "HPEXPIREAT h 1 FIELDS 2 d n",
    ];
    assert_eq!(
        heard("Sh", &commands).replace("__subkeyspace@0__:h ", ""),
        "hset|1:a,1:b,1:c,1:d\nhset|1:e\nhdel|1:c\nhincrby|1:a\nhincrbyfloat|1:n\n\
         hexpire|1:a,1:b\nhpersist|1:a\nhpersist|1:b\nhexpire|1:a\nhset|1:b\nhexpire|1:b\n\
         hdel|1:b\nhexpired|1:a\nhset|1:e\nhdel|1:e\nhdel|1:d,1:n"
    );
}
