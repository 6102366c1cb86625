//! Round trips of GET, one after the other, by each way of this house and by the `redis` crate's
//! own: medians and 99th percentiles.
//!
//!     cargo run --profile quick -p redpoll-redis-rs --example latency -- PORT SOCKET

use redis::AsyncCommands;
use std::time::{Duration, Instant};

/// Requests a way, after as many again to warm up (a tenth of them).
const REQUESTS: usize = 50_000;

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn main() -> Outcome {
    let mut arguments = std::env::args().skip(1);
    let (Some(port), Some(socket)) = (arguments.next(), arguments.next()) else {
        return Err("usage: latency PORT SOCKET".into());
    };
    let tcp = format!("redis://127.0.0.1:{port}");
    let (unix, shm) = (format!("unix://{socket}"), format!("redis+shm://{socket}?fallback=no"));
    redpoll_client::connect(&tcp)?.set::<()>("latency:key", "0123456789abcdef")?;
    println!("{:<34}{:>12}{:>12}", "GET, round trip", "p50, us", "p99, us");
    for (name, uri) in [("tcp", &tcp), ("unix", &unix), ("shm", &shm)] {
        blocking(&format!("redpoll-client, {name}"), uri)?;
        asynchronous(&format!("redpoll-client, async, {name}"), uri)?;
    }
    for (name, uri) in [("tcp", &tcp), ("unix", &unix)] {
        let mut own = redis::Client::open(uri.as_str())?.get_connection()?;
        redis_rs(&format!("redis-rs, {name}"), &mut own);
    }
    redis_rs(
        "redis-rs, adapter, shm",
        &mut redpoll_redis_rs::Client::open(&shm)?.get_connection()?,
    );
    redis_rs_async(&tcp, &shm)
}

/// Measures what `request` takes, and prints a line.
fn measure(name: &str, mut request: impl FnMut()) {
    (0..REQUESTS / 10).for_each(|_| request());
    let mut times: Vec<Duration> = Vec::with_capacity(REQUESTS);
    for _ in 0..REQUESTS {
        let start = Instant::now();
        request();
        times.push(start.elapsed());
    }
    print(name, times);
}

fn print(name: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: usize| times[times.len() * share / 100].as_secs_f64() * 1e6;
    println!("{name:<34}{:>12.2}{:>12.2}", at(50), at(99));
}

fn blocking(name: &str, uri: &str) -> Outcome {
    let mut connection = redpoll_client::connect(uri)?;
    measure(name, || drop(connection.get::<Vec<u8>>("latency:key")));
    Ok(())
}

fn asynchronous(name: &str, uri: &str) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let connection = redpoll_client::aio::connect(uri).await?;
        let mut times = Vec::with_capacity(REQUESTS);
        for _ in 0..REQUESTS {
            let start = Instant::now();
            connection.get::<Vec<u8>>("latency:key").await?;
            times.push(start.elapsed());
        }
        print(name, times);
        Ok(())
    })
}

fn redis_rs(name: &str, connection: &mut impl redis::Commands) {
    measure(name, || drop(connection.get::<_, Vec<u8>>("latency:key")));
}

fn redis_rs_async(tcp: &str, shm: &str) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let client = redis::Client::open(tcp)?;
        let mut own = client.get_multiplexed_async_connection().await?;
        times("redis-rs, async, tcp", &mut own).await?;
        let client = redpoll_redis_rs::Client::open(shm)?;
        let mut ours = client.get_multiplexed_async_connection().await?;
        times("redis-rs, adapter, async, shm", &mut ours).await
    })
}

async fn times(name: &str, connection: &mut impl AsyncCommands) -> Outcome {
    let mut times = Vec::with_capacity(REQUESTS);
    for _ in 0..REQUESTS {
        let start = Instant::now();
        let _: Vec<u8> = connection.get("latency:key").await?;
        times.push(start.elapsed());
    }
    print(name, times);
    Ok(())
}
