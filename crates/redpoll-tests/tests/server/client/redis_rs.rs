//! What programs do with the `redis` crate, on the adapter's connections.

use super::{reachable, with};
use redis::{
    AsyncCommands, Commands, ConnectionLike, ControlFlow, PubSubCommands, RedisResult, Value,
};
use redpoll_redis_rs::{Client, Connection, aio};
use redpoll_tests::{PATIENCE, Server};
use std::collections::{BTreeMap, BTreeSet};

/// Runs a test over shared memory, and over the sockets, in both protocols.
fn everywhere(test: impl Fn(&Client)) {
    let (_server, uris) = reachable();
    for uri in &uris {
        for protocol in ["protocol=2", "protocol=3"] {
            let client = Client::open(with(uri, protocol)).expect("a client");
            let mut connection = connect(&client);
            redis::cmd("FLUSHALL").exec(&mut connection).expect("done");
            test(&client);
        }
    }
}

fn connect(client: &Client) -> Connection {
    let connection = client.get_connection().expect("a connection");
    connection.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    connection
}

#[test]
fn commands() {
    everywhere(|client| commands_on(&mut connect(client)).expect("no error"));
}

fn commands_on(c: &mut Connection) -> RedisResult<()> {
    let bytes: Vec<u8> = (0..=255).collect();
    let _: () = c.set("k", &bytes)?;
    assert_eq!(c.get::<_, Vec<u8>>("k")?, bytes);
    assert_eq!(c.get::<_, Option<String>>("none")?, None);
    assert_eq!(c.incr::<_, _, f64>("f", 0.5)?, 0.5);
    let _: () = c.hset_multiple("h", &[("a", 1), ("b", 2)])?;
    let hash: BTreeMap<String, i64> = c.hgetall("h")?;
    assert_eq!(hash, BTreeMap::from([("a".into(), 1), ("b".into(), 2)]));
    let _: () = c.zadd_multiple("z", &[(1.0, "one"), (2.5, "two")])?;
    let ranked: Vec<(String, f64)> = c.zrange_withscores("z", 0, -1)?;
    assert_eq!(ranked, [("one".into(), 1.0), ("two".into(), 2.5)]);
    for number in 0..100 {
        let _: () = c.sadd("s", number)?;
    }
    let members: BTreeSet<u32> = c.sscan::<_, u32>("s")?.collect::<RedisResult<_>>()?;
    assert_eq!(members.len(), 100);
    let error = c.lpush::<_, _, i64>("k", 1).expect_err("no list");
    assert_eq!(error.code(), Some("WRONGTYPE"));
    assert!(c.check_connection() && c.is_open());
    assert_eq!(c.get_db(), 0);
    assert_eq!(redis::cmd("PING").query::<String>(c)?, "PONG");
    Ok(())
}

#[test]
fn pipelines_and_transactions() {
    everywhere(|client| {
        let mut c = connect(client);
        let (one, two): (i64, Option<i64>) = redis::pipe()
            .cmd("SET")
            .arg("a")
            .arg(41)
            .ignore()
            .incr("a", 1)
            .get("none")
            .query(&mut c)
            .expect("no error");
        assert_eq!((one, two), (42, None));
        let (length,): (usize,) = redis::pipe()
            .atomic()
            .set("a", "abc")
            .ignore()
            .strlen("a")
            .query(&mut c)
            .expect("fine");
        assert_eq!(length, 3);
        let _: () = c.set("n", 1).expect("done");
        let (new,): (i64,) = redis::transaction(&mut c, &["n"], |c, pipe| {
            let old: i64 = c.get("n")?;
            pipe.set("n", old + 1).ignore().get("n").query(c)
        })
        .expect("it is not disturbed");
        assert_eq!(new, 2);
        let refused = redis::pipe().atomic().cmd("SET").arg("n").query::<()>(&mut c);
        assert!(refused.expect_err("refused").to_string().contains("wrong number of arguments"));
        assert_eq!(c.get::<_, i64>("n").expect("in step"), 2);
        // An error within a pipeline, with what stands beside it.
        let failed = redis::pipe().get("n").llen("n").query::<(i64, i64)>(&mut c);
        assert_eq!(failed.expect_err("no list").code(), None);
        let mut many = redis::pipe();
        for _ in 0..5000 {
            many.cmd("ECHO").arg("x".repeat(1000));
        }
        let echoes: Vec<String> = many.query(&mut c).expect("no error");
        assert_eq!(echoes.len(), 5000);
    });
}

#[test]
fn messages() {
    everywhere(|client| {
        let (mut publisher, mut listener) = (connect(client), connect(client));
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let mut received = 0;
                while received < 3 {
                    received += publisher.publish::<_, _, i64>("news", "hi").expect("done");
                }
            });
            let mut count = 0;
            let text: String = listener
                .subscribe("news", |message| {
                    count += 1;
                    match message.get_payload::<String>() {
                        Ok(text) if count == 3 => ControlFlow::Break(text),
                        _ => ControlFlow::Continue,
                    }
                })
                .expect("messages");
            assert_eq!(text, "hi");
        });
        // The connection is an ordinary one again.
        assert_eq!(listener.get::<_, Option<i64>>("none").expect("a reply"), None);
    });
}

#[test]
fn asynchronous_commands() {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).enable_all().build().expect("a runtime");
    everywhere(|client| {
        runtime.block_on(async {
            let mut c = client.get_multiplexed_async_connection().await.expect("a connection");
            asynchronous(&mut c).await.expect("no error");
        });
    });
}

async fn asynchronous(c: &mut aio::Connection) -> RedisResult<()> {
    let _: () = c.set("k", "v").await?;
    assert_eq!(c.get::<_, String>("k").await?, "v");
    let (n,): (i64,) = redis::pipe().atomic().incr("n", 5).query_async(c).await?;
    assert_eq!(n, 5);
    assert!(c.lpush::<_, _, i64>("k", 1).await.is_err());
    let tasks: Vec<_> = (0..10)
        .map(|_| {
            let mut c = c.clone();
            tokio::spawn(async move { c.incr::<_, _, i64>("n", 1).await })
        })
        .collect();
    for task in tasks {
        task.await.expect("no panic")?;
    }
    assert_eq!(c.get::<_, i64>("n").await?, 15);
    let reply: Value = redis::cmd("CONFIG").arg("GET").arg("save").query_async(c).await?;
    assert!(matches!(reply, Value::Array(_) | Value::Map(_)));
    Ok(())
}

#[test]
fn asynchronous_messages() {
    let (_server, uris) = reachable();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        for uri in &uris {
            let client = Client::open(with(uri, "protocol=3")).expect("a client");
            let mut c = client.get_multiplexed_async_connection().await.expect("a connection");
            let mut messages = c.messages();
            c.subscribe(&["news"]).await.expect("done");
            let _: () = c.publish("news", "hi").await.expect("done");
            let message = messages.next().await.expect("a message");
            assert_eq!(message.get_payload::<String>().expect("text"), "hi");
            assert_eq!(message.get_channel_name(), "news");
        }
    });
}

#[test]
fn a_refusal_falls_back_and_a_dead_server_is_dropped() {
    let mut server = Server::start(&["--shm-enabled", "no"]);
    let client = Client::open(super::shm(&server)).expect("a client");
    let mut c = client.get_connection().expect("a connection");
    assert_eq!(c.transport(), "unix");
    assert!(c.refusal().is_some_and(|why| why.contains("disabled")));
    let _: () = c.set("k", 1).expect("done");
    server.signal("KILL");
    server.wait();
    let error = c.get::<_, i64>("k").expect_err("nobody is there");
    assert!(error.is_connection_dropped() && !c.is_open(), "{error:?}");
    assert!(client.get_connection().is_err());
    assert!(Client::open("http://x").is_err());
}
