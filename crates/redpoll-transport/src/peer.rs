//! Who is at the other end of a connection from this host.

use rustix::net::sockopt;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::BorrowedFd;

/// Who is at the other end, as the kernel says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Peer {
    /// The process that has connected; 0 if it cannot be seen from here.
    pub pid: i32,
    /// Its user.
    pub uid: u32,
}

impl Peer {
    /// That of a Unix socket.
    pub(crate) fn of_unix(socket: BorrowedFd<'_>) -> Option<Peer> {
        let peer = sockopt::socket_peercred(socket).ok()?;
        Some(Peer { pid: peer.pid.as_raw_nonzero().get(), uid: peer.uid.as_raw() })
    }

    /// That of a TCP connection between these two ends, if both are on this host and within sight:
    /// the kernel lists whose sockets there are.
    pub(crate) fn of_tcp(peer: SocketAddr, own: SocketAddr) -> Option<Peer> {
        let list = match peer {
            SocketAddr::V4(_) => "/proc/net/tcp",
            SocketAddr::V6(_) => "/proc/net/tcp6",
        };
        // A client that came by IPv4 to a socket for both is listed as one of IPv4.
        let mapped =
            |address: SocketAddr| SocketAddr::new(address.ip().to_canonical(), address.port());
        let find = |list: &str, peer: SocketAddr, own: SocketAddr| {
            let text = std::fs::read_to_string(list).ok()?;
            owner(&text, &listed(peer), &listed(own))
        };
        let uid =
            find(list, peer, own).or_else(|| find("/proc/net/tcp", mapped(peer), mapped(own)))?;
        Some(Peer { pid: 0, uid })
    }
}

/// An address as the kernel lists it: words of 32 bits in the machine's order.
fn listed(address: SocketAddr) -> String {
    let octets = match address.ip() {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    let words = octets.chunks_exact(4).map(|word| {
        let mut bytes = [0; 4];
        bytes.copy_from_slice(word);
        format!("{:08X}", u32::from_ne_bytes(bytes))
    });
    format!("{}:{:04X}", words.collect::<String>(), address.port())
}

/// The user whose socket has these two ends.
fn owner(text: &str, local: &str, remote: &str) -> Option<u32> {
    text.lines().find_map(|line| {
        let mut fields = line.split_whitespace().skip(1);
        // Local and remote address; state, queues, timer, retransmissions; then the user.
        let found = fields.next() == Some(local) && fields.next() == Some(remote);
        found.then(|| fields.nth(4)?.parse().ok()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn a_client_of_this_host_is_found_in_the_kernels_list() {
        let text = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt \
                    uid\n   1: 0100007F:18EB 0100007F:C350 01 00000000:00000000 00:00000000 \
                    00000000  1000        0 1 1 0 20 4 30 10 -1\n";
        assert_eq!(owner(text, "0100007F:18EB", "0100007F:C350"), Some(1000));
        assert_eq!(owner(text, "0100007F:18EB", "0100007F:C351"), None);

        for bind in ["127.0.0.1:0", "[::1]:0"] {
            // Without IPv6 there is nothing to see.
            let Ok(listener) = TcpListener::bind(bind) else { continue };
            let address = listener.local_addr().expect("bound");
            let client = TcpStream::connect(address).expect("it listens");
            let (server, _) = listener.accept().expect("a client");
            let own = std::fs::metadata("/proc/self").expect("this process").uid();
            let peer = Peer::of_tcp(
                server.peer_addr().expect("connected"),
                server.local_addr().expect("connected"),
            );
            assert_eq!(peer.map(|peer| peer.uid), Some(own));
            drop(client);
        }
    }
}
