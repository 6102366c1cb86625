//! Which carriers there are, and in which order they are tried.

use super::super::follower::Link;
use super::tcp;
use redpoll_engine::Engine;
use redpoll_sync::wire::Offer;
use redpoll_sync::{Admits, Area, Carrier, Export, rdma, shm};
use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::Arc;

/// The names that `repl-sync-carriers` lists, in its order.
fn allowed(engine: &Engine) -> Vec<String> {
    let names = engine.config.repl_sync_carriers();
    let names = String::from_utf8_lossy(&names).into_owned();
    names.split(',').map(|name| name.trim().to_owned()).collect()
}

/// Makes an area readable in all ways that work here and are allowed.
pub fn exports(engine: &Engine, area: &Arc<Area>, admits: &Arc<Admits>) -> Vec<Box<dyn Export>> {
    let mut exports: Vec<Box<dyn Export>> = Vec::new();
    for name in allowed(engine) {
        let made = match &*name {
            rdma::NAME if engine.config.rdma_port() == 0 => continue,
            rdma::NAME => {
                let places = (&*rdma_addresses(engine), engine.config.rdma_port());
                rdma::export(Arc::clone(area), Arc::clone(admits), places)
            }
            shm::NAME => shm::export(Arc::clone(area), Arc::clone(admits)),
            tcp::NAME => Ok(tcp::export()),
            _ => continue,
        };
        match made {
            Ok(export) => exports.push(export),
            Err(error) => log::info!("The sync table cannot be read by {name}: {error}"),
        }
    }
    exports
}

/// Where this server listens over RDMA.
fn rdma_addresses(engine: &Engine) -> Vec<IpAddr> {
    let names = engine.config.rdma_bind();
    let names = names.iter().map(|name| name.to_str_lossy().into_owned());
    let known = names.filter_map(|name| match name.trim_start_matches('-') {
        "*" => Some(IpAddr::from([0, 0, 0, 0])),
        // The same place as `*` for whoever has the link's address.
        "::*" => None,
        name => name.parse().ok(),
    });
    known.collect()
}

/// Where the link leads.
fn host(link: &Link) -> io::Result<IpAddr> {
    let mut found = (&*link.primary.host, link.primary.port).to_socket_addrs()?;
    found.next().map(|at| at.ip()).ok_or_else(|| io::ErrorKind::NotFound.into())
}

/// Opens the first way that is offered, allowed, and works.
pub fn open<'l>(link: &'l Link, offer: &Offer) -> io::Result<Box<dyn Carrier + 'l>> {
    let mut why = "none that is offered is allowed".to_owned();
    for name in allowed(&link.engine) {
        let Some(address) = offer.way(&name) else { continue };
        let opened = match &*name {
            // Nothing is encrypted there.
            rdma::NAME if link.engine.config.tls_replication() => continue,
            rdma::NAME => host(link)
                .and_then(|host| rdma::open(address, host, &offer.token, offer.area_len())),
            shm::NAME => shm::open(address, &offer.token, offer.area_len()),
            tcp::NAME => tcp::open(link, &offer.token),
            _ => continue,
        };
        match opened {
            Ok(carrier) => return Ok(carrier),
            Err(error) => {
                log::info!("The primary's sync table cannot be reached by {name}: {error}");
                why = error.to_string();
            }
        }
    }
    Err(io::Error::other(format!("no way to the primary's sync table: {why}")))
}
