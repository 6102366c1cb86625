//! Bitmaps: strings as rows of bits.
//!
//! `offsets` reads bit offsets and ranges; the algorithms are in `redpoll_types::bits`; all other
//! files are commands.

mod offsets;

group! {
    bitcount: BITCOUNT;
    bitfield: BITFIELD, BITFIELD_RO;
    bitop: BITOP;
    bitpos: BITPOS;
    getbit: GETBIT;
    setbit: SETBIT;
}
