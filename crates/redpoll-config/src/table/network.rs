//! Where the server listens, and its sockets.

use super::*;
use crate::config::Config;
use crate::directive::Flags;
use crate::kind::{Kind, Notation};
use crate::special::Special;
use crate::value::{Text, Value};
use std::sync::Arc;

directives! {
    after 0;
    section "Network";

    bind: Addresses, "bind", [MULTI],
        "Addresses to listen on; a leading `-` allows one to be missing. Empty: no TCP at all.";
    port: Port(6379), "port", [],
        "TCP port to listen on; 0 listens on none.";
    bind_source_addr: OptStr, "bind-source-addr", [],
        "Local address of outgoing connections, to a primary and to other nodes.";
    tcp_backlog: Int(511, 0, INT_MAX), "tcp-backlog", [IMMUTABLE],
        "Connections the kernel queues until they are accepted.";
    tcp_keepalive: Int(300, 0, INT_MAX), "tcp-keepalive", [],
        "Seconds of silence before a client is probed; 0 never probes.";
    timeout: Int(0, 0, INT_MAX), "timeout", [],
        "Seconds after which an idle client is disconnected; 0 never disconnects.";
    unixsocket: OptStr, "unixsocket", [IMMUTABLE],
        "Path of a Unix socket to listen on.";
    unixsocketperm: Mode(0), "unixsocketperm", [IMMUTABLE],
        "Permissions of the Unix socket, in octal; 0 leaves them to the umask.";
    socket_mark_id: Int(0, 0, UINT_MAX), "socket-mark-id", [IMMUTABLE],
        "Mark set on listening sockets for the firewall; 0 sets none.";
}
