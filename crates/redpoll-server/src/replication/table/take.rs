//! A replica's first sync from a table.

use super::super::follower::Link;
use super::super::handshake::Line;
use super::super::transfer::nameless_file;
use super::carriers;
use super::read::Table;
use redpoll_engine::Engine;
use redpoll_engine::persistence::LoadError;
use redpoll_engine::replication::{LinkState, Position, SyncReport, TableSync};
use redpoll_keyspace::{Keys, clock};
use redpoll_sync::wire::Offer;
use std::io;
use std::time::Instant;

impl Link {
    /// Replaces the data by what the primary's table holds. Answers the stream's first bytes.
    pub(in crate::replication) fn take_table(
        &self,
        line: &mut Line,
        offer: &Offer,
        (id, offset): (&str, u64),
    ) -> io::Result<Vec<u8>> {
        self.set_state(LinkState::Sync);
        let begun = Instant::now();
        let link = self;
        let carrier = carriers::open(link, offer)?;
        let name = carrier.name();
        log::info!("MASTER <-> REPLICA sync: reading the primary's sync table by {name}");
        link.engine.replication.update_link(link.epoch, |link| {
            let keys = (0, offer.keys);
            link.sync_bytes = (None, 0);
            link.table = Some(TableSync { carrier: name, chunks: 0, keys, begun: clock::now_ms() });
        });
        let (loaded, keys, bytes) = {
            let table = Table::new(link, line, offer, carrier)?;
            let load = |source: &Table<'_>, engine: &Engine, keys: &mut Keys<'_>| {
                let loaded = engine.load_table(keys, source)?;
                // Half of it is not to be taken for the whole.
                source.check_end().map_err(LoadError::Io)?;
                Ok(loaded)
            };
            let loaded = if link.swaps() {
                link.load_beside(|engine, keys| load(&table, engine, keys))?
            } else {
                let kept = match link.has_data() {
                    true => link.keep(&table)?,
                    false => None,
                };
                let source = kept.as_ref().unwrap_or(&table);
                let _alone = link.make_way()?;
                link.load(|engine, keys| load(source, engine, keys))?
            };
            let (keys, bytes) = table.come();
            (loaded, keys, bytes)
        };
        let at = Position { id: id.to_owned(), offset, db: loaded.position.db };
        self.adopt(&at)?;
        let seconds = begun.elapsed().as_secs_f64();
        let report = SyncReport { carrier: name, bytes, keys, seconds };
        let rate = report.rate();
        log::info!(
            "MASTER <-> REPLICA sync: Finished with success by {name} ({keys} keys, {bytes} bytes \
             in {seconds:.3} s, {rate:.0} MB/s)"
        );
        self.report(report);
        Ok(std::mem::take(&mut line.buffer))
    }

    /// Gathers all chunks in a file, if there can be one.
    fn keep<'a>(&self, table: &Table<'a>) -> io::Result<Option<Table<'a>>> {
        let file = match nameless_file() {
            Ok(file) => file,
            Err(error) => {
                log::warn!("The old data go before the snapshot comes; no file for it: {error}");
                return Ok(None);
            }
        };
        log::info!("MASTER <-> REPLICA sync: receiving the snapshot into a file");
        let kept = table.keep(file)?;
        table.check_end()?;
        Ok(Some(kept))
    }
}
