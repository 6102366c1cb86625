//! Values, pipelines, a transaction and messages on a blocking connection.
//!
//!     cargo run -p redpoll-client --example basics -- redis+shm:///path/to/socket

use redpoll_client::{Error, cmd, connect, pipe};
use std::collections::BTreeMap;

fn main() -> Result<(), Error> {
    let uri = std::env::args().nth(1).unwrap_or_else(|| "redis://127.0.0.1:6379".to_owned());
    let mut redpoll = connect(&uri)?;
    match redpoll.refusal() {
        Some(why) => println!("shared memory is refused ({why}); the socket does"),
        None => println!("connected through {}", redpoll.transport().name()),
    }

    // The common commands are methods.
    redpoll.set::<()>("greeting", "hello")?;
    let greeting: String = redpoll.get("greeting")?;
    let nothing: Option<String> = redpoll.get("no such key")?;
    println!("{greeting}, {nothing:?}");

    // All others are built. A value may be several arguments, and a reply may be any type.
    cmd("HSET")
        .arg("bird")
        .arg(BTreeMap::from([("name", "redpoll"), ("grams", "13")]))
        .exec(&mut redpoll)?;
    let bird: BTreeMap<String, String> = cmd("HGETALL").arg("bird").query(&mut redpoll)?;
    println!("{bird:?}");

    // Several at once, as one transaction.
    let (set, length): (bool, usize) = pipe()
        .atomic()
        .cmd("SET")
        .arg("name")
        .arg("siskin")
        .cmd("STRLEN")
        .arg("name")
        .query(&mut redpoll)?;
    println!("{set}, {length} letters");

    // An error reply is an error.
    if let Err(Error::Reply(error)) = redpoll.incr::<i64>("name") {
        println!("{} ({})", error.detail(), error.code());
    }

    // Messages come on a connection of their own.
    let mut listener = connect(&uri)?;
    listener.subscribe("news")?;
    redpoll.publish::<()>("news", "spring is here")?;
    let message = listener.next_message()?;
    println!("{}", String::from_utf8_lossy(&message.payload));
    redpoll.del::<()>(["greeting", "bird", "name"])
}
