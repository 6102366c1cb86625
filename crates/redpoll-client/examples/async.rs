//! Many tasks over one connection, with tokio.
//!
//!     cargo run -p redpoll-client --features tokio --example async -- redis+shm:///path/to/socket

use redpoll_client::{Error, aio, cmd, pipe};
use std::collections::HashMap;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let uri = std::env::args().nth(1).unwrap_or_else(|| "redis://127.0.0.1:6379".to_owned());
    // Pushes need RESP3.
    let join = if uri.contains('?') { '&' } else { '?' };
    let redpoll = aio::connect(&format!("{uri}{join}protocol=3")).await?;
    println!("connected through {}", redpoll.transport());

    // A handle for each task; their requests share the connection.
    redpoll.del::<()>("visits").await?;
    let tasks: Vec<_> = (0..10)
        .map(|_| {
            let redpoll = redpoll.clone();
            tokio::spawn(async move { redpoll.incr::<i64>("visits").await })
        })
        .collect();
    for task in tasks {
        task.await.map_err(|error| Error::Io(std::io::Error::other(error)))??;
    }
    println!("{} visits", redpoll.get::<i64>("visits").await?);

    // Any command, and several at once.
    cmd("HSET")
        .arg("bird")
        .arg([("name", "redpoll"), ("eats", "seeds")])
        .query_async::<()>(&redpoll)
        .await?;
    let (bird, visits): (HashMap<String, String>, i64) = pipe()
        .atomic()
        .cmd("HGETALL")
        .arg("bird")
        .cmd("INCRBY")
        .arg("visits")
        .arg(5)
        .query_async(&redpoll)
        .await?;
    println!("{bird:?}, {visits} visits");

    // Messages.
    let mut pushes = redpoll.pushes();
    redpoll.subscribe("news").await?;
    redpoll.publish::<()>("news", "spring is here").await?;
    let message = pushes.next_message().await?;
    println!("{}", String::from_utf8_lossy(&message.payload));
    Ok(())
}
