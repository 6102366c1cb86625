//! `DEBUG HELP`.

use crate::prelude::*;

pub(super) fn reply(ctx: &mut Ctx<'_>) {
    let lines = [
        ("AOF-FLUSH-SLEEP <microseconds>", "Sleep before the append-only file is written."),
        ("CHANGE-REPL-ID", "Go on with the replication stream under another id."),
        ("CONFIG-REWRITE-FORCE-ALL", "Write every directive into the configuration file."),
        ("DIGEST", "A fingerprint of all data."),
        ("DIGEST-VALUE <key> [<key> ...]", "A fingerprint of each key's value."),
        ("ERROR <text>", "Answer this error."),
        ("HTSTATS <database>", "The tables that hold a database."),
        ("LISTPACK <key>", "The elements of a value that is a listpack."),
        ("LOADAOF", "Replace all data by what the append-only file holds."),
        ("LOG <text>", "Write this to the log."),
        ("OBJECT <key>", "How a value is stored."),
        ("PAUSE-CRON (0|1)", "Whether the timer does nothing."),
        ("POPULATE <count> [<prefix>] [<size>]", "Make so many strings."),
        ("PROTOCOL <type>", "Answer a value of this type of the protocol."),
        ("QUICKLIST-PACKED-THRESHOLD <size>", "From which size elements stand alone in a list."),
        ("REPLICATE <word> ...", "Put a command into the replication stream, and do nothing else."),
        ("RELOAD [NOSAVE] [NOFLUSH] [MERGE]", "Save all data and load it again."),
        ("SET-ACTIVE-EXPIRE (0|1)", "Whether expired keys are removed by themselves."),
        ("SET-DISABLE-DENY-SCRIPTS (0|1)", "Whether scripts may call any command."),
        ("SET-SKIP-CHECKSUM-VALIDATION (0|1)", "Whether RESTORE ignores checksums."),
        ("SLEEP <seconds>", "Stop the whole server for a while."),
        ("STRINGMATCH-LEN <length> <pattern>", "Match a pattern with so many letters a."),
    ];
    crate::help::reply(&mut ctx.reply, "DEBUG", &lines);
}
