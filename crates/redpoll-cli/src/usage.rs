//! The texts of `--help` and `--version`.

/// The redis-cli whose behaviour this one has.
const COMPATIBLE: &str = "7.2.4";

/// The line of `--version`. Called through a link named `redis-cli`, the program answers with
/// redis-cli's line, which scripts take apart.
pub fn version(program: &str) -> String {
    let own = env!("CARGO_PKG_VERSION");
    if program == "redis-cli" {
        format!("redis-cli {COMPATIBLE} (redpoll-cli {own})\n")
    } else {
        format!("{program} {own} (compatible with redis-cli {COMPATIBLE})\n")
    }
}

/// The page of `--help`.
pub fn help(program: &str) -> String {
    format!("{}\n{}", version(program), PAGE.replace("{program}", program))
}

const PAGE: &str = "\
Usage: {program} [options] [command [argument ...]]

Without a command the interactive mode starts; type \"help\" there.

Server
  -h <host>            Host name or address (127.0.0.1)
  -p <port>            Port (6379)
  -s <path>            Unix socket, instead of host and port
  -t <seconds>         Give up connecting after this time, 0.5 for half a second
  --shm                Go on through shared memory; without -s, the server (on this host)
                       is asked for its Unix socket
  --rdma               Over RDMA: the port is the server's rdma-port
  -u <uri>             redis://[[user:]password@][host[:port]][/database]; rediss: TLS;
                       redis+unix:///path or redis+shm:///path for a Unix socket;
                       rdma://host:port
  -n <number>          Database
  -a, --pass <word>    Password; the variable REDISCLI_AUTH is the safer place for it
  --user <name>        User that the password belongs to
  --askpass            Ask for the password
  --no-auth-warning    No warning about passwords on the command line
  -2, -3               Speak RESP2 or RESP3
  -c                   Cluster: follow MOVED and ASK

TLS
  --tls                Speak TLS
  --cacert <file>      Trust servers whose certificate these authorities signed
  --cacertdir <dir>    The same, from a directory; with neither, the system's
                       authorities count, and the host's name must fit
  --cert <file>        Certificate to show, with
  --key <file>         its key
  --sni <host>         Name to ask for
  --insecure           Trust any server
  --tls-ciphers <list>, --tls-ciphersuites <list>
                       Ciphers to offer, up to TLS 1.2 and from TLS 1.3 on

Command
  -r <times>           Repeat the command; -1 for ever
  -i <seconds>         Pause between repetitions, and between rounds of the modes below
  -x                   Take the last argument from stdin
  -X <tag>             Take the argument that reads <tag> from stdin
  --quoted-input       Arguments are quoted strings: '\"a\\x00b\"'
  -e                   Exit code 1 if the command answers an error
  --eval <file>        Run a Lua script: --eval file key1 key2 , argument1 argument2
  --verbose            Say on stderr when a connection is made

Output
  --no-raw             For people: types and numbering (on a terminal, with colours)
  --raw                Only the data (in a pipe)
  --csv                Comma-separated values
  --json               JSON, over RESP3 where the server has it
  --quoted-json        JSON with everything but ASCII escaped
  -d <text>            Raw output: between the elements of a reply (line end)
  -D <text>            Raw output: behind each reply (line end)
  --show-pushes <y|n>  Print push messages (yes on a terminal)

Keys
  --scan               List keys
  --bigkeys            Largest keys of each type, by elements
  --memkeys            Largest keys of each type, by bytes
  --memkeys-samples <n>  The same, looking at n elements of each key
  --hotkeys            Keys used most; the server must evict by LFU
  --pattern <glob>     Only these keys, in the modes above
  --quoted-pattern <q> The same as a quoted string
  --count <n>          COUNT of each SCAN (10)

Measuring
  --stat               A line on the server's load each second
  --sync-stat          How far a replica's full sync is, until it is done
  --latency            Round trips; in a pipe, after a second, \"min max avg samples\"
  --latency-history    The same, begun anew every 15 seconds (-i)
  --latency-dist       Round trips as a spectrum, a line each second (-i); 256 colours
  --mono               Grey shades for the spectrum
  --latency-sample-rate <us>
                       Microseconds between round trips (10000); 0: none
  --intrinsic-latency <seconds>
                       How long the system keeps this program from running; no server
  --lru-test <keys>    Load a cache with 80% of accesses on 20% of keys

Snapshots
  --rdb <file>         Fetch a snapshot (RDB) as a replica does; - is standard output
  --functions-rdb <file>  The same with functions only
  --replica            Play a replica, and show the commands that come

Bulk load
  --pipe               Send stdin (RESP, or lines of commands) and count the replies
  --pipe-timeout <n>   Give up n seconds after the last reply (30); 0: never

  --help, --version

Examples
  {program} -r 3 -i 0.5 incr counter
  {program} --scan --pattern 'user:*' --count 1000
  {program} -x set page < index.html
  {program} -D '' --raw dump key | {program} -X tag restore copy 0 tag
  {program} --latency-history -i 5 --latency-sample-rate 0

Files and variables
  ~/.rediscli_history  History (REDISCLI_HISTFILE)
  ~/.redisclirc        Settings, as \":set hints\" or \":set nohints\" (REDISCLI_RCFILE)
  NO_COLOR             Set: no colours
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_line_suits_the_name() {
        assert!(version("redis-cli").starts_with("redis-cli 7."));
        assert!(version("redpoll-cli").starts_with("redpoll-cli 0."));
    }

    #[test]
    fn the_help_page_fits_a_terminal() {
        for line in help("redpoll-cli").lines() {
            assert!(line.chars().count() <= 90, "{line}");
        }
    }
}
