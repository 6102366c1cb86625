//! Bytes in, bytes out: requests that are split, malformed, huge or cut off.

use redpoll_tests::{Raw, Server, eventually};

/// A request that is no RESP: the answer is this text, and the connection ends.
#[track_caller]
fn refused(server: &Server, sent: &[u8], message: &str) {
    let mut raw = server.raw();
    raw.send(b"*1\r\n$4\r\nPING\r\n");
    raw.expect("+PONG\r\n");
    raw.check(sent, format!("-ERR Protocol error: {message}\r\n"));
    raw.expect_closed();
}

#[test]
fn what_is_no_resp_is_refused_and_the_connection_ends() {
    let server = Server::start(&[]);
    let cases: &[(&[u8], &str)] = &[
        (b"*x\r\n", "invalid multibulk length"),
        (b"*1048577\r\n", "invalid multibulk length"),
        (b"*20000000000\r\n", "invalid multibulk length"),
        (b"*99999999999999999999\r\n", "invalid multibulk length"),
        (b"*3\r\n$3\r\nSET\r\n$1\r\nx\r\nfooz\r\n", "expected '$', got 'f'"),
        (b"*1\r\n:1\r\n", "expected '$', got ':'"),
        (b"*1\r\n\r\n", "expected '$', got '\r'"),
        (b"*1\r\n$x\r\n", "invalid bulk length"),
        (b"*1\r\n$-1\r\n", "invalid bulk length"),
        (b"*1\r\n$-10\r\n", "invalid bulk length"),
        (b"*1\r\n$536870913\r\n", "invalid bulk length"),
        (b"*1\r\n$2000000000\r\n", "invalid bulk length"),
        (b"*1\r\n$18446744073709551615\r\n", "invalid bulk length"),
        (b"SET k \"open\r\n", "unbalanced quotes in request"),
        (b"SET k 'open\r\n", "unbalanced quotes in request"),
        (b"SET k \"a\"b\r\n", "unbalanced quotes in request"),
    ];
    for (sent, message) in cases {
        // A carriage return in the text would end the reply's line early.
        let message = message.replace('\r', " ");
        refused(&server, sent, &message);
    }
    server.raw().check("PING\r\n", "+PONG\r\n");
}

#[test]
fn lines_without_end_are_refused() {
    let server = Server::start(&[]);
    let long = "1".repeat(70_000);
    refused(&server, long.as_bytes(), "too big inline request");
    refused(&server, format!("*{long}").as_bytes(), "too big mbulk count string");
    refused(&server, format!("*1\r\n${long}").as_bytes(), "too big bulk count string");
}

#[test]
fn a_stranger_may_send_only_short_commands() {
    let server = Server::start(&["--requirepass", "secret"]);
    refused_before_auth(&server, b"*11\r\n", "unauthenticated multibulk length");
    refused_before_auth(&server, b"*1\r\n$16385\r\n", "unauthenticated bulk length");
    let mut raw = server.raw();
    raw.check("PING\r\n", "-NOAUTH Authentication required.\r\n");
    raw.check(
        "AUTH wrong\r\n",
        "-WRONGPASS invalid username-password pair or user is disabled.\r\n",
    );
    raw.check("AUTH secret\r\n", "+OK\r\n");
    raw.send("*11\r\n$4\r\nMGET\r\n".to_owned() + &"$1\r\nk\r\n".repeat(10));
    raw.expect("*10\r\n".to_owned() + &"$-1\r\n".repeat(10));
}

#[track_caller]
fn refused_before_auth(server: &Server, sent: &[u8], message: &str) {
    let mut raw = server.raw();
    raw.check(sent, format!("-ERR Protocol error: {message}\r\n"));
    raw.expect_closed();
}

#[test]
fn what_came_before_the_fault_is_answered() {
    let server = Server::start(&[]);
    let mut raw = server.raw();
    raw.send("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n*1\r\n!\r\n");
    raw.expect("+OK\r\n$1\r\nv\r\n-ERR Protocol error: expected '$', got '!'\r\n");
    raw.expect_closed();
}

#[test]
fn a_pipeline_may_be_split_at_every_byte() {
    let server = Server::start(&[]);
    let request = b"*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$12\r\nhello\r\nworld\r\nGET key\r\n\
        *1\r\n$4\r\nPING\r\n*2\r\n$4\r\nECHO\r\n$0\r\n\r\nPING \"a b\"\r\n*0\r\n\r\nPING\r\n";
    let answer = b"+OK\r\n$12\r\nhello\r\nworld\r\n+PONG\r\n$0\r\n\r\n$3\r\na b\r\n+PONG\r\n";
    let mut raw = server.raw();
    for at in 0..=request.len() {
        raw.send(&request[..at]);
        // A round trip of another connection: the first part has most likely been read alone.
        server.raw().check("PING\r\n", "+PONG\r\n");
        raw.check(&request[at..], answer);
    }
    for byte in request {
        raw.send([*byte]);
    }
    raw.expect(answer);
}

#[test]
fn inline_commands() {
    let server = Server::start(&[]);
    let mut raw = server.raw();
    raw.check("PING\n", "+PONG\r\n");
    raw.check("  ping\t hi \r\n", "$2\r\nhi\r\n");
    raw.check("\r\n\r\nPING\r\n", "+PONG\r\n");
    raw.check(b"SET k \"a\\r\\n\\x41\\\\\\\"z\"\r\n", "+OK\r\n");
    raw.check("GET k\r\n", "$7\r\na\r\nA\\\"z\r\n");
    raw.check(b"SET k 'it\\'s \\n'\r\n", "+OK\r\n");
    raw.check("GET 'k'\r\n", "$7\r\nit's \\n\r\n");
    raw.check("SET k \"\"\r\nGET k\r\n", "+OK\r\n$0\r\n\r\n");
    raw.check("FOO bar 'b z'\r\n", UNKNOWN);
    raw.check("GET\r\n", "-ERR wrong number of arguments for 'get' command\r\n");
}

const UNKNOWN: &str = "-ERR unknown command 'FOO', with args beginning with: 'bar' 'b z' \r\n";

#[test]
fn empty_and_negative_counts_are_no_commands() {
    let server = Server::start(&[]);
    server.raw().check("*0\r\n*-1\r\n*-7\r\nPING\r\n", "+PONG\r\n");
}

#[test]
fn a_large_value_travels_both_ways() {
    let server = Server::start(&[]);
    let size = 20 << 20;
    let value: Vec<u8> = (0..size).map(|n: usize| (n * 7 % 251) as u8).collect();
    let mut raw = server.raw();
    raw.send(format!("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n${size}\r\n"));
    for part in value.chunks(1_000_003) {
        raw.send(part);
    }
    raw.check("\r\n", "+OK\r\n");
    raw.check("STRLEN k\r\n", format!(":{size}\r\n"));
    raw.send("GET k\r\nPING\r\n");
    raw.expect(format!("${size}\r\n"));
    raw.expect(&value);
    raw.expect("\r\n+PONG\r\n");
}

#[test]
fn many_arguments() {
    let server = Server::start(&[]);
    let count = 200_000;
    let mut request = format!("*{}\r\n$5\r\nRPUSH\r\n$1\r\nl\r\n", count + 2);
    for number in 0..count {
        let text = number.to_string();
        request += &format!("${}\r\n{text}\r\n", text.len());
    }
    let mut raw = server.raw();
    raw.check(request, format!(":{count}\r\n"));
    raw.check("LINDEX l -1\r\n", "$6\r\n199999\r\n");
}

#[test]
fn announced_bytes_are_not_reserved() {
    let server = Server::start(&[]);
    let before = server.resident();
    let mut announcers: Vec<Raw> = (0..200).map(|_| server.raw()).collect();
    for raw in &mut announcers {
        raw.send("*1048576\r\n$3\r\nSET\r\n$1\r\nk\r\n$536870912\r\nxyz");
    }
    let mut talk = server.talk();
    eventually("the bytes have been read", || {
        talk.ask("CLIENT LIST").matches("qbuf=0 ").count() < 2
    });
    let grown = server.resident().saturating_sub(before);
    // 200 clients announce 100 GiB; what they have sent is nothing.
    assert!(grown < 1 << 30, "{grown} bytes more");
    drop(announcers);
    talk.check("PING", "PONG");
}

#[test]
fn clients_that_vanish_leave_nothing_behind() {
    let server = Server::start(&[]);
    let mut talk = server.talk();
    for cut in ["*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100\r\nabc", "*3\r", "SET k", "*1\r\n$4\r\nPI", "M"]
    {
        for _ in 0..20 {
            let mut raw = server.raw();
            raw.check("PING\r\n", "+PONG\r\n");
            raw.send(cut);
        }
    }
    eventually("the others are gone", || talk.info("connected_clients") == 1);
    talk.check("EXISTS k | DBSIZE", ":0 | :0");
}

#[test]
fn a_half_closed_connection_gets_its_answers() {
    let server = Server::start(&[]);
    let mut raw = server.raw();
    raw.send("PING\r\n".repeat(1000));
    raw.finish();
    assert_eq!(raw.read_to_end(), "+PONG\r\n".repeat(1000).into_bytes());
}

#[test]
fn the_unix_socket_speaks_the_same() {
    let server = Server::start(&[]);
    let mut raw = server.raw_unix();
    raw.check("SET k v\r\nGET k\r\n", "+OK\r\n$1\r\nv\r\n");
    raw.check("*1\r\n!\r\n", "-ERR Protocol error: expected '$', got '!'\r\n");
    raw.expect_closed();
}

#[test]
fn quit_and_reset() {
    let server = Server::start(&[]);
    let mut raw = server.raw();
    raw.check("SELECT 3\r\nMULTI\r\nRESET\r\n", "+OK\r\n+OK\r\n+RESET\r\n");
    raw.check("SET k v\r\nSELECT 0\r\nEXISTS k\r\n", "+OK\r\n+OK\r\n:1\r\n");
    raw.check("QUIT\r\nPING\r\n", "+OK\r\n");
    raw.expect_closed();
}

#[test]
fn the_third_protocol_is_spoken_on_request() {
    let server = Server::start(&[]);
    let mut raw = server.raw();
    raw.check("HELLO 4\r\n", "-NOPROTO unsupported protocol version\r\n");
    raw.check("HELLO x\r\n", "-ERR Protocol version is not an integer or out of range\r\n");
    raw.check("GET none\r\n", "$-1\r\n");
    raw.check("HSET h f v\r\nHGETALL h\r\n", ":1\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n");
    let mut three = redpoll_tests::Talk::resp3(server.port);
    three.check("GET none | HGETALL h", "nil | {f v}");
    three.check("SADD s a | SMEMBERS s | ZADD z 1.5 a | ZSCORE z a", ":1 | (a) | :1 | ,1.5");
    three.check("ZRANGE z 0 -1 WITHSCORES", "[[a ,1.5]]");
}
