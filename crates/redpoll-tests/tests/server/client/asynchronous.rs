//! The asynchronous connection: many tasks on one connection.

use super::{reachable, shm, with};
use redpoll_client::{Error, Value, aio, cmd, pipe};
use redpoll_tests::server::free_port;
use redpoll_tests::{Authority, PATIENCE, Server};
use std::future::Future;
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// Runs a test on one thread, and on several.
fn run<F: Future<Output = ()>>(test: impl Fn() -> F) {
    // Building takes its time, which is not the test's.
    redpoll_tests::server::program();
    let mut one = tokio::runtime::Builder::new_current_thread();
    let mut many = tokio::runtime::Builder::new_multi_thread();
    for builder in [&mut one, many.worker_threads(3)] {
        let runtime = builder.enable_all().build().expect("a runtime");
        runtime.block_on(async {
            timeout(PATIENCE, test()).await.expect("the test ends");
        });
    }
}

#[test]
fn tasks_share_a_connection_and_each_gets_its_own_replies() {
    let (_server, uris) = reachable();
    run(|| async {
        for (uri, name) in uris.iter().zip(["tcp", "unix", "shm"]) {
            let c = aio::connect(uri).await.expect("a connection");
            assert_eq!((c.transport(), c.refusal()), (name, None));
            c.del::<()>("n").await.expect("done");
            let tasks: Vec<_> = (0..20)
                .map(|task| {
                    let c = c.clone();
                    tokio::spawn(async move {
                        for turn in 0..50 {
                            let text = format!("{task}-{turn}");
                            let echo: String =
                                cmd("ECHO").arg(&text).query_async(&c).await.expect("a reply");
                            assert_eq!(echo, text);
                            c.incr::<()>("n").await.expect("done");
                        }
                    })
                })
                .collect();
            for task in tasks {
                task.await.expect("no panic");
            }
            assert_eq!(c.get::<i64>("n").await.expect("a reply"), 1000);
        }
    });
}

#[test]
fn pipelines_transactions_and_large_values() {
    let (_server, uris) = reachable();
    let value = vec![b'v'; 8 << 20];
    run(|| async {
        for uri in &uris {
            let c = aio::connect(uri).await.expect("a connection");
            let set: (bool, i64) = pipe()
                .atomic()
                .cmd("SET")
                .arg("a")
                .arg(1)
                .cmd("INCR")
                .arg("a")
                .query_async(&c)
                .await
                .expect("no error");
            assert_eq!(set, (true, 2));
            assert!(matches!(c.lpush::<i64>("a", 1).await, Err(Error::Reply(_))));
            let tasks: Vec<_> = (0..4)
                .map(|task| {
                    let (c, value) = (c.clone(), value.clone());
                    tokio::spawn(async move {
                        let key = format!("large:{task}");
                        c.set::<()>(&key, &value).await.expect("done");
                        c.get::<Vec<u8>>(&key).await.expect("a reply") == value
                    })
                })
                .collect();
            for task in tasks {
                assert!(task.await.expect("no panic"));
            }
            let mut many = pipe();
            for number in 0..10_000 {
                many = many.cmd("ECHO").arg(number);
            }
            let echoes: Vec<usize> = many.query_async(&c).await.expect("replies");
            assert!(echoes.into_iter().eq(0..10_000));
        }
    });
}

#[test]
fn messages_come_beside_replies() {
    let (_server, uris) = reachable();
    run(|| async {
        for uri in &uris {
            let c = aio::connect(&with(uri, "protocol=3")).await.expect("a connection");
            let mut pushes = c.pushes();
            let mut others = c.pushes();
            c.subscribe(["a", "b"]).await.expect("done");
            c.psubscribe("p*").await.expect("done");
            assert_eq!(c.publish::<i64>("b", "1").await.expect("a reply"), 1);
            assert_eq!(pushes.next_message().await.expect("a message").payload, b"1");
            // While the connection is idle, too.
            let publisher = aio::connect(uri).await.expect("a connection");
            tokio::time::sleep(Duration::from_millis(20)).await;
            publisher.publish::<()>("px", "2").await.expect("done");
            let message = pushes.next_message().await.expect("a message");
            assert_eq!((message.pattern, message.payload), (Some(b"p*".to_vec()), b"2".to_vec()));
            assert_eq!(others.next_message().await.expect("a message").payload, b"1");
            c.unsubscribe(["a", "b"]).await.expect("done");
            // With RESP2, replies and messages could not be told apart.
            let Err(Error::Io(error)) = publisher.subscribe("a").await else { panic!("refused") };
            assert!(error.to_string().contains("RESP3"));
            drop(c);
            drop(publisher);
        }
    });
}

#[test]
fn a_dropped_request_disturbs_no_other() {
    let (_server, uris) = reachable();
    run(|| async {
        for uri in &uris {
            let c = aio::connect(uri).await.expect("a connection");
            let slow = c.blpop::<Value>("nothing", 0.2);
            assert!(timeout(Duration::from_millis(20), slow).await.is_err());
            let text: String = cmd("ECHO").arg("next").query_async(&c).await.expect("a reply");
            assert_eq!(text, "next");
        }
    });
}

#[test]
fn requests_wait_while_the_server_has_nothing_to_say() {
    let (_server, uris) = reachable();
    run(|| async {
        for uri in &uris {
            let waiting = aio::connect(uri).await.expect("a connection");
            let other = aio::connect(uri).await.expect("a connection");
            for _ in 0..20 {
                let pop = waiting.blpop::<(String, i64)>("l", 0);
                let push = async {
                    tokio::time::sleep(Duration::from_millis(3)).await;
                    other.rpush::<()>("l", 5).await
                };
                let (popped, pushed) = tokio::join!(pop, push);
                pushed.expect("done");
                assert_eq!(popped.expect("a reply").1, 5);
            }
        }
    });
}

#[test]
fn a_busy_task_lets_others_run() {
    let server = Server::start(&[]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let c = aio::connect(&shm(&server)).await.expect("a connection");
        let busy = tokio::spawn(async move {
            loop {
                c.ping::<()>().await.expect("a reply");
            }
        });
        for _ in 0..10 {
            timeout(PATIENCE, tokio::time::sleep(Duration::from_millis(2))).await.expect("a turn");
        }
        busy.abort();
    });
}

#[test]
fn a_dead_server_is_an_error_within_a_second() {
    run(|| async {
        let mut server = Server::start(&[]);
        let c = aio::connect(&shm(&server)).await.expect("a connection");
        assert_eq!(c.transport(), "shm");
        let waiting = tokio::spawn({
            let c = c.clone();
            async move { (c.blpop::<Value>("nothing", 0).await, Instant::now()) }
        });
        let mut pushes = c.pushes();
        tokio::time::sleep(Duration::from_millis(50)).await;
        let killed = Instant::now();
        server.signal("KILL");
        let (result, noticed) = waiting.await.expect("no panic");
        server.wait();
        assert!(matches!(result, Err(Error::Closed)), "{result:?}");
        assert!(noticed - killed < Duration::from_secs(1), "{:?}", noticed - killed);
        assert!(c.is_closed() && c.ping::<()>().await.is_err());
        assert!(pushes.next().await.is_err());
        assert!(aio::connect(&shm(&server)).await.is_err());
    });
}

#[test]
fn the_last_handle_closes_the_connection() {
    let server = Server::start(&[]);
    run(|| async {
        let c = aio::connect(&shm(&server)).await.expect("a connection");
        let name = cmd("CLIENT").arg("SETNAME").arg("gone");
        name.query_async::<()>(&c).await.expect("done");
        let twin = c.clone();
        drop(c);
        twin.ping::<()>().await.expect("a reply");
        drop(twin);
        let other = aio::connect(&shm(&server)).await.expect("a connection");
        let list = cmd("CLIENT").arg("LIST");
        while list.query_async::<String>(&other).await.expect("a list").contains("name=gone") {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
}

#[test]
fn tls_by_a_uri() {
    let authority = Authority::new();
    let (own, client) = (authority.sign("server"), authority.sign("client"));
    let (port, file) = (free_port().to_string(), authority.file());
    let mut settings = vec!["--tls-port", &port, "--tls-ca-cert-file", &file];
    settings.extend(["--tls-cert-file", &own.certificate, "--tls-key-file", &own.key]);
    let _server = Server::start(&settings);
    let (certificate, key) = (&client.certificate, &client.key);
    let login = format!("cert={certificate}&key={key}");
    let uri = format!("rediss://127.0.0.1:{port}?cacert={file}&{login}");
    let value = vec![b'v'; 4 << 20];
    let mut blocking = redpoll_client::connect(&uri).expect("a connection");
    blocking.set::<()>("large", &value).expect("done");
    assert_eq!(blocking.transport().name(), "tls");
    run(|| async {
        let c = aio::connect(&uri).await.expect("a connection");
        assert_eq!(c.transport(), "tls");
        let (one, two) = tokio::join!(c.get::<Vec<u8>>("large"), c.append::<usize>("large", "x"));
        assert!(one.expect("a reply") == value && two.expect("a reply") == value.len() + 1);
        c.set::<()>("large", &value).await.expect("done");
    });
    let stranger = format!("rediss://127.0.0.1:{port}?{login}");
    assert!(redpoll_client::connect(&stranger).is_err());
    let careless = format!("{stranger}#insecure");
    assert!(redpoll_client::connect(&careless).is_ok());
}
