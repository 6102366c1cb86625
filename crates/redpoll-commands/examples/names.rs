//! Prints every command and subcommand, one a line: its group, a tab, its full name (`config|get`).
//!
//! For tools that want the list without linking the engine, as `cargo xtask codegen` does.

#![forbid(unsafe_code)]

fn main() {
    for command in redpoll_commands::all() {
        let spec = &command.spec;
        println!("{}\t{}", spec.group.name(), spec.name);
        for sub in spec.subcommands {
            println!("{}\t{}|{}", spec.group.name(), spec.name, sub.spec.name);
        }
    }
}
