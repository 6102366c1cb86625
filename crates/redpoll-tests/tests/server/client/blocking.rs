//! The blocking connection and its typed commands.

use super::{reachable, shm, with};
use redpoll_client::{Error, ReplyError, Value, cmd, connect, pipe};
use redpoll_tests::Server;
use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::{Duration, Instant};

#[test]
fn values_go_there_and_back_over_every_transport() {
    let (_server, uris) = reachable();
    for (uri, name) in uris.iter().zip(["tcp", "unix", "shm"]) {
        for protocol in ["protocol=2", "protocol=3"] {
            let mut c = connect(&with(uri, protocol)).expect("a connection");
            assert_eq!((c.transport().name(), c.refusal()), (name, None));
            cmd("FLUSHALL").exec(&mut c).expect("done");
            values(&mut c).expect("no error");
        }
    }
}

fn values(c: &mut redpoll_client::Connection) -> Result<(), Error> {
    let bytes: Vec<u8> = (0..=255).collect();
    c.set::<()>("k", &bytes)?;
    assert_eq!(c.get::<Vec<u8>>("k")?, bytes);
    assert_eq!(c.get::<Option<String>>("none")?, None);
    assert!(c.set_nx::<bool>("n", 1)? && !c.set_nx::<bool>("n", 2)?);
    assert_eq!(c.incr_by::<i64>("n", 41)?, 42);
    c.mset::<()>([("a", "1"), ("b", "2")])?;
    assert_eq!(c.mget::<(i64, Option<i64>, u8)>(["a", "none", "b"])?, (1, None, 2));
    let hash = BTreeMap::from([("x".to_owned(), 1.5), ("y".to_owned(), -2.0)]);
    assert_eq!(c.hset::<usize>("h", &hash)?, 2);
    assert_eq!(c.hgetall::<BTreeMap<String, f64>>("h")?, hash);
    c.sadd::<()>("s", ["a", "b"])?;
    assert_eq!(c.smembers::<BTreeSet<String>>("s")?, BTreeSet::from(["a".into(), "b".into()]));
    c.zadd::<()>("z", [(2, "two"), (1, "one")])?;
    let ranked: Vec<(String, f64)> = c.zrange_withscores("z", 0, -1)?;
    assert_eq!(ranked, [("one".to_owned(), 1.0), ("two".to_owned(), 2.0)]);
    c.rpush::<()>("l", [1, 2, 3])?;
    assert_eq!(c.lrange::<Vec<i32>>("l", 0, -1)?, [1, 2, 3]);
    assert_eq!(c.blpop::<(String, i32)>("l", 1)?, ("l".to_owned(), 1));
    assert_eq!(c.blpop::<Option<(String, i32)>>("nothing", 0.01)?, None);
    let entries = cmd("XADD").arg("x").arg("1-1").arg(("f", "v"));
    assert_eq!(entries.query::<String>(c)?, "1-1");
    let entries: Vec<(String, Vec<(String, String)>)> =
        cmd("XRANGE").arg(("x", "-", "+")).query(c)?;
    assert_eq!(entries, [("1-1".to_owned(), vec![("f".to_owned(), "v".to_owned())])]);
    match c.lpush::<i64>("k", 1) {
        Err(Error::Reply(error)) => assert_eq!(error.code(), "WRONGTYPE"),
        other => panic!("{other:?}"),
    }
    assert!(matches!(c.get::<i64>("k"), Err(Error::Type(_))));
    assert!(matches!(cmd("INCR").arg("k").query::<Value>(c)?, Value::Error(_)));
    assert_eq!(c.ping::<String>()?, "PONG");
    Ok(())
}

#[test]
fn pipelines_and_transactions() {
    let (_server, uris) = reachable();
    for uri in &uris {
        let mut c = connect(uri).expect("a connection");
        let (n, both): (i64, Vec<Option<String>>) = pipe()
            .cmd("SET")
            .arg("a")
            .arg("1")
            .ignore()
            .cmd("INCR")
            .arg("a")
            .cmd("MGET")
            .arg(["a", "none"])
            .query(&mut c)
            .expect("no error");
        assert_eq!((n, both), (2, vec![Some("2".to_owned()), None]));
        let failing = pipe().cmd("INCR").arg("a").cmd("LLEN").arg("a");
        let parts: (i64, Result<i64, ReplyError>) = failing.query(&mut c).expect("parts");
        assert_eq!((parts.0, parts.1.unwrap_err().code()), (3, "WRONGTYPE"));
        assert!(matches!(failing.exec(&mut c), Err(Error::Reply(_))));

        // Two connections, one of which loses.
        let mut other = connect(uri).expect("a connection");
        cmd("WATCH").arg("a").exec(&mut c).expect("done");
        other.incr::<()>("a").expect("done");
        let set = pipe().atomic().cmd("SET").arg("a").arg("0");
        assert_eq!(set.query::<Option<(bool,)>>(&mut c).expect("no error"), None);
        assert_eq!(set.query::<Option<(bool,)>>(&mut c).expect("no error"), Some((true,)));
        let refused = pipe().atomic().cmd("SET").arg("a").query::<()>(&mut c);
        assert!(refused.unwrap_err().to_string().contains("wrong number of arguments"));
    }
}

#[test]
fn requests_and_replies_larger_than_all_buffers() {
    let (_server, uris) = reachable();
    let value = vec![b'v'; 20 << 20];
    for uri in &uris {
        let mut c = connect(uri).expect("a connection");
        c.set::<()>("large", &value).expect("done");
        assert!(c.get::<Vec<u8>>("large").expect("no error") == value);
        let mut echo = pipe();
        for _ in 0..5 {
            echo = echo.cmd("ECHO").arg(&value);
        }
        let echoes: Vec<Vec<u8>> = echo.query(&mut c).expect("no error");
        assert!(echoes.len() == 5 && echoes.iter().all(|echo| *echo == value));
    }
}

#[test]
fn messages_in_both_protocols() {
    let (_server, uris) = reachable();
    for uri in &uris {
        for protocol in ["protocol=2", "protocol=3"] {
            let mut publisher = connect(uri).expect("a connection");
            let mut listener = connect(&with(uri, protocol)).expect("a connection");
            listener.subscribe(["a", "b"]).expect("done");
            listener.psubscribe("p*").expect("done");
            for channel in ["b", "none", "p1"] {
                publisher.publish::<()>(channel, format!("to {channel}")).expect("done");
            }
            let first = listener.next_message().expect("a message");
            assert_eq!((first.channel, first.payload), (b"b".to_vec(), b"to b".to_vec()));
            let second = listener.next_message().expect("a message");
            assert_eq!((second.pattern, second.payload), (Some(b"p*".to_vec()), b"to p1".to_vec()));
            listener.unsubscribe(["a", "b"]).expect("done");
        }
    }
}

#[test]
fn a_late_reply_is_not_taken_for_the_next_one() {
    let (_server, uris) = reachable();
    for uri in &uris {
        let mut c = connect(&with(uri, "timeout=0.2")).expect("a connection");
        let slow = cmd("BLPOP").arg("nothing").arg(0.5).query::<Value>(&mut c);
        assert!(matches!(slow, Err(Error::Timeout)), "{slow:?}");
        let deadline = Instant::now() + Duration::from_secs(30);
        let pong = loop {
            match c.ping::<String>() {
                Err(Error::Timeout) if Instant::now() < deadline => {}
                other => break other,
            }
        };
        // The first attempts may have timed out, too; all late replies are passed over.
        assert_eq!(pong.expect("a reply"), "PONG");
        c.set::<()>("k", 7).expect("done");
        assert_eq!(c.get::<i64>("k").expect("a reply"), 7);
    }
}

#[test]
fn a_dead_server_is_an_error_within_a_second() {
    let mut server = Server::start(&[]);
    let mut c = connect(&shm(&server)).expect("a connection");
    assert_eq!(c.transport().name(), "shm");
    let waiting = thread::spawn(move || {
        let result = c.blpop::<Value>("nothing", 0);
        (result, Instant::now(), c.ping::<String>())
    });
    let pid = server.pid();
    redpoll_tests::eventually("the client waits", || {
        server.talk().ask("CLIENT LIST").contains("cmd=blpop")
    });
    let killed = Instant::now();
    server.signal("KILL");
    server.wait();
    let (result, noticed, then) = waiting.join().expect("it ends");
    assert!(result.is_err() && then.is_err(), "{result:?}, {then:?}, {pid}");
    assert!(noticed - killed < Duration::from_secs(1), "{:?}", noticed - killed);
}

#[test]
fn a_refusal_falls_back_to_the_socket() {
    let server = Server::start(&["--shm-enabled", "no"]);
    let mut c = connect(&shm(&server)).expect("a connection");
    assert_eq!(c.transport().name(), "unix");
    assert!(c.refusal().is_some_and(|why| why.contains("disabled")));
    assert_eq!(c.ping::<String>().expect("a reply"), "PONG");
    let required = connect(&with(&shm(&server), "fallback=no"));
    assert!(matches!(required.err(), Some(Error::Refused(..))));
}
