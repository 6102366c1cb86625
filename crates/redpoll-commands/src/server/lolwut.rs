//! `LOLWUT [VERSION version] [birds]`: redpolls on a wire.

use crate::connection::REDIS_VERSION;
use crate::prelude::*;
use redpoll_types::rng::{Rng, SmallRng};

const WIDTH: usize = 64;
const SKY: usize = 5;
const BIRDS_MAX: i64 = 12;

pub const LOLWUT: Command = Command {
    spec: Spec {
        name: "lolwut",
        arity: -1,
        flags: Flags::READONLY.with(Flags::FAST),
        group: Group::Server,
        since: "5.0.0",
        summary: "Draws birds, and tells the version.",
        args: &[Arg::integer("version").token("VERSION").optional()],
        complexity: "O(N), N being the birds",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let mut next = 1;
    if args.len() >= 3 && args.is(1, "version") {
        parse::int(args.at(2))?;
        next = 3;
    }
    let birds = match args.get(next) {
        Some(word) => parse::int(word)?.clamp(0, BIRDS_MAX),
        None => 4 + ctx.rng.below(4) as i64,
    };
    let mut picture = draw(birds as usize, ctx.rng);
    let version = env!("CARGO_PKG_VERSION");
    picture.push_str(&format!("\nRedpoll ver. {version} (Redis ver. {REDIS_VERSION})\n"));
    ctx.reply.verbatim("txt", picture.as_bytes());
    Ok(())
}

/// Some birds in the air, some on the wire.
fn draw(birds: usize, rng: &mut SmallRng) -> String {
    let mut lines = vec![vec![b' '; WIDTH]; SKY];
    lines.push(vec![b'_'; WIDTH]);
    for _ in 0..birds {
        // Two of three birds sit.
        let (line, bird) = match rng.below(3) {
            0 => (rng.below(SKY as u64) as usize, &b"~v~"[..]),
            1 => (SKY, &b"<o)~"[..]),
            _ => (SKY, &b"~(o>"[..]),
        };
        let column = rng.below((WIDTH - bird.len()) as u64) as usize;
        lines[line][column..column + bird.len()].copy_from_slice(bird);
    }
    let text = |line: &Vec<u8>| String::from_utf8_lossy(line).trim_end().to_owned() + "\n";
    lines.iter().map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestServer;

    #[test]
    fn draws_and_tells_the_version() {
        let mut server = TestServer::new();
        let mut session = server.client();
        for command in ["LOLWUT", "LOLWUT 3", "LOLWUT VERSION 5 1", "LOLWUT -9", "LOLWUT 99999"] {
            let picture = server.run(&mut session, command);
            assert!(picture.contains("Redis ver. 7.2.4)\n"), "{command}: {picture}");
        }
        let text = "ERR value is not an integer or out of range";
        assert_eq!(server.run(&mut session, "LOLWUT x"), text);
        assert_eq!(server.run(&mut session, "LOLWUT VERSION x"), text);
    }

    #[test]
    fn no_birds_no_marks() {
        let empty = "\n".repeat(SKY) + &"_".repeat(WIDTH) + "\n";
        assert_eq!(draw(0, &mut SmallRng::new(1)), empty);
        assert_ne!(draw(3, &mut SmallRng::new(1)), empty);
    }
}
