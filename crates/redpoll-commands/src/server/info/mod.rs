//! `INFO [section ...]`: what the server knows of itself. Each section is a file.

use super::survey::Survey;
use crate::prelude::*;
use text::Text;

mod background;
mod clients;
mod cluster;
mod commandstats;
mod cpu;
mod debug;
mod errorstats;
mod keysizes;
mod keyspace;
mod latencystats;
mod memory;
mod modules;
mod persistence;
mod replication;
mod search;
mod server;
mod shm;
mod stats;
mod text;
mod tiers;
mod tls;

pub(super) use keysizes::Sizes;
pub(super) use tiers::region_facts;

pub const INFO: Command = Command {
    spec: Spec {
        name: "info",
        history: &[("7.0.0", "Takes several sections.")],
        arity: -1,
        flags: Flags::LOADING.with(Flags::STALE),
        acl: Acl::DANGEROUS,
        group: Group::Server,
        since: "1.0.0",
        summary: "Tells what the server knows of itself.",
        args: &[Arg::string("section").optional().multiple()],
        tips: &["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
        locks: Locks::Own,
        ..Spec::EMPTY
    },
    run,
};

/// A section: its names, of which the first is its heading; whether it is shown unasked; how to
/// write it.
struct Section {
    names: &'static [&'static str],
    by_default: bool,
    write: fn(&mut Text, &Ctx<'_>, &Survey),
}

const fn section(
    names: &'static [&'static str],
    by_default: bool,
    write: fn(&mut Text, &Ctx<'_>, &Survey),
) -> Section {
    Section { names, by_default, write }
}

/// In the order in which they are shown.
const SECTIONS: &[Section] = &[
    section(&["Server"], true, server::write),
    section(&["Clients"], true, clients::write),
    section(&["Memory"], true, memory::write),
    section(&["Persistence"], true, persistence::write),
    section(&["Stats"], true, stats::write),
    section(&["Replication"], true, replication::write),
    section(&["CPU"], true, cpu::write),
    section(&["TLS"], true, tls::write),
    section(&["Shm"], true, shm::write),
    section(&["Tiers"], true, tiers::write),
    section(&["Background"], true, background::write),
    section(&["Search"], true, search::write),
    section(&["Modules", "module_list"], true, modules::write),
    section(&["Commandstats"], false, commandstats::write),
    section(&["Errorstats"], true, errorstats::write),
    section(&["Latencystats"], false, latencystats::write),
    section(&["Cluster"], true, cluster::write),
    section(&["Keyspace"], true, keyspace::write),
    section(&[KEYSIZES], false, keysizes::write),
    section(&[DEBUG], false, debug::write),
];

/// The sections that are shown only by their own names.
const KEYSIZES: &str = "Keysizes";
const DEBUG: &str = "Debug";

fn only_by_name(section: &Section) -> bool {
    matches!(section.names[0], KEYSIZES | DEBUG)
}

fn run(ctx: &mut Ctx<'_>, args: Args<'_>) -> Result {
    let text = write(ctx, |section| is_wanted(section, args));
    ctx.reply.verbatim("txt", text.as_bytes());
    Ok(())
}

/// All sections but the sizes, which take a walk over all keys, for the program's own use.
pub fn everything(ctx: &mut Ctx<'_>) -> String {
    write(ctx, |section| !only_by_name(section)).into_string()
}

fn write(ctx: &mut Ctx<'_>, is_wanted: impl Fn(&Section) -> bool) -> Text {
    let wanted: Vec<&Section> = SECTIONS.iter().filter(|section| is_wanted(section)).collect();
    let mut survey = Survey::take(ctx);
    if wanted.iter().any(|section| section.names[0] == KEYSIZES) {
        survey.sizes = Sizes::take(ctx);
    }
    let mut text = Text::default();
    for section in wanted {
        text.heading(section.names[0]);
        (section.write)(&mut text, ctx, &survey);
    }
    text
}

fn is_wanted(section: &Section, args: Args<'_>) -> bool {
    let names = |word: &[u8]| match word {
        _ if parse::is(word, "all") || parse::is(word, "everything") => !only_by_name(section),
        _ if parse::is(word, "default") => section.by_default,
        _ => section.names.iter().any(|name| parse::is(word, name)),
    };
    if args.len() == 1 { section.by_default } else { args.iter_from(1).any(names) }
}

#[cfg(test)]
mod tests {
    use crate::testing::TestServer;

    fn headings(info: &str) -> Vec<&str> {
        info.lines().filter_map(|line| line.strip_prefix("# ")).collect()
    }

    fn info(command: &str) -> String {
        let mut server = TestServer::new();
        let mut session = server.client();
        server.run(&mut session, command)
    }

    const DEFAULT: [&str; 16] = [
        "Server",
        "Clients",
        "Memory",
        "Persistence",
        "Stats",
        "Replication",
        "CPU",
        "TLS",
        "Shm",
        "Tiers",
        "Background",
        "Search",
        "Modules",
        "Errorstats",
        "Cluster",
        "Keyspace",
    ];

    #[test]
    fn sections_are_chosen_by_name() {
        assert_eq!(headings(&info("INFO")), DEFAULT);
        assert_eq!(headings(&info("INFO default")), DEFAULT);
        assert_eq!(headings(&info("INFO ALL")).len(), 18);
        assert_eq!(headings(&info("INFO everything")).len(), 18);
        assert_eq!(headings(&info("INFO cpu SERVER cpu")), ["Server", "CPU"]);
        assert_eq!(headings(&info("INFO default commandstats"))[13], "Commandstats");
        assert_eq!(info("INFO nothing"), r#""""#);
    }

    #[test]
    fn sections_are_apart_by_an_empty_line() {
        let text = info("INFO cluster modules");
        assert_eq!(text, "# Modules\r\n\r\n# Cluster\r\ncluster_enabled:0\r\n");
    }

    #[test]
    fn works_in_a_transaction() {
        let mut server = TestServer::new();
        let mut session = server.client();
        for command in ["MULTI", "SET k v", "INFO keyspace"] {
            server.run(&mut session, command);
        }
        let replies = server.run(&mut session, "EXEC");
        assert!(replies.contains("db0:keys=1,expires=0,avg_ttl=0"), "{replies}");
    }

    #[test]
    fn every_line_is_a_field() {
        for line in info("INFO everything").lines().filter(|line| !line.is_empty()) {
            assert!(line.starts_with("# ") || line.contains(':'), "{line}");
        }
    }
}
