//! Addresses, as the libraries have them.

use libc::{sockaddr_in, sockaddr_in6, sockaddr_storage};
use std::mem::zeroed;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

/// An address for the library.
pub fn to_raw(address: SocketAddr) -> sockaddr_storage {
    // SAFETY: all zeros is a storage of no family.
    let mut storage: sockaddr_storage = unsafe { zeroed() };
    let place = &raw mut storage;
    match address {
        SocketAddr::V4(v4) => {
            // SAFETY: a storage has room for every kind of address and is aligned for it; zeros
            // are valid in all fields.
            let raw = unsafe { &mut *place.cast::<sockaddr_in>() };
            raw.sin_family = libc::AF_INET as libc::sa_family_t;
            raw.sin_port = v4.port().to_be();
            raw.sin_addr.s_addr = u32::from_ne_bytes(v4.ip().octets());
        }
        SocketAddr::V6(v6) => {
            // SAFETY: as above.
            let raw = unsafe { &mut *place.cast::<sockaddr_in6>() };
            raw.sin6_family = libc::AF_INET6 as libc::sa_family_t;
            raw.sin6_port = v6.port().to_be();
            raw.sin6_addr.s6_addr = v6.ip().octets();
            raw.sin6_flowinfo = v6.flowinfo();
            raw.sin6_scope_id = v6.scope_id();
        }
    }
    storage
}

/// An address of the library, if it is one of IP.
pub fn from_raw(storage: &sockaddr_storage) -> Option<SocketAddr> {
    let place = &raw const *storage;
    match libc::c_int::from(storage.ss_family) {
        libc::AF_INET => {
            // SAFETY: the family says that it is one of these, and a storage is aligned for it.
            let raw = unsafe { &*place.cast::<sockaddr_in>() };
            let ip = Ipv4Addr::from(raw.sin_addr.s_addr.to_ne_bytes());
            Some(SocketAddrV4::new(ip, u16::from_be(raw.sin_port)).into())
        }
        libc::AF_INET6 => {
            // SAFETY: as above.
            let raw = unsafe { &*place.cast::<sockaddr_in6>() };
            let ip = Ipv6Addr::from(raw.sin6_addr.s6_addr);
            let port = u16::from_be(raw.sin6_port);
            Some(SocketAddrV6::new(ip, port, raw.sin6_flowinfo, raw.sin6_scope_id).into())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_come_back() {
        for text in ["10.9.0.1:6379", "[fe80::1%3]:1", "[::1]:65535"] {
            let address: SocketAddr = text.parse().expect("an address");
            assert_eq!(from_raw(&to_raw(address)), Some(address));
        }
        // SAFETY: as in `to_raw`.
        assert_eq!(from_raw(&unsafe { zeroed() }), None);
    }
}
