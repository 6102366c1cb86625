//! `ROLE`: whether the server is a primary, and of whom, or a replica, and whose.

use crate::prelude::*;
use redpoll_engine::replication::{Link, Replica};

pub const ROLE: Command = Command {
    spec: Spec {
        name: "role",
        arity: 1,
        flags: Flags::NOSCRIPT.with(Flags::LOADING).with(Flags::STALE).with(Flags::FAST),
        acl: Acl::ADMIN.with(Acl::DANGEROUS),
        group: Group::Server,
        since: "2.8.12",
        summary: "Tells whether the server is a primary or a replica, and of whom.",
        ..Spec::EMPTY
    },
    run,
};

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    match ctx.engine.replication.link() {
        Some(link) => replica(ctx, &link),
        None => primary(ctx),
    }
    Ok(())
}

fn primary(ctx: &mut Ctx<'_>) {
    let replication = &ctx.engine.replication;
    let replicas = replication.replicas();
    let online: Vec<_> = replicas.iter().filter(|replica| replica.is_online()).collect();
    ctx.reply.array(3);
    ctx.reply.bulk(b"master");
    ctx.reply.int(replication.offset() as i64);
    ctx.reply.array(online.len());
    for replica in online {
        let replica: &Replica = replica;
        ctx.reply.array(3);
        ctx.reply.bulk(replica.address().as_bytes());
        ctx.reply.bulk(replica.announced.port.to_string().as_bytes());
        ctx.reply.bulk(replica.acknowledged().to_string().as_bytes());
    }
}

fn replica(ctx: &mut Ctx<'_>, link: &Link) {
    ctx.reply.array(5);
    ctx.reply.bulk(b"slave");
    ctx.reply.bulk(link.primary.host.as_bytes());
    ctx.reply.int(i64::from(link.primary.port));
    ctx.reply.bulk(link.state.name().as_bytes());
    ctx.reply.int(if link.is_up() { ctx.engine.replication.offset() as i64 } else { -1 });
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn primary_or_replica() {
        check("ROLE", "[master 0 []]");
        check("REPLICAOF host 7000 | ROLE", "OK | [slave host 7000 connect -1]");
    }
}
