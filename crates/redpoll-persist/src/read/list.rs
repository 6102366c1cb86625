//! Lists: elements one by one, one ziplist, or nodes.

use super::packed;
use crate::{Fault, Result, Source, length, text};
use redpoll_types::limits::Limits;
use redpoll_types::list::{ChunkRef, List};
use redpoll_types::listpack::{Builder, Listpack};

/// A node that holds one large element.
const PLAIN: u64 = 1;
/// A node that is a listpack.
const PACKED: u64 = 2;

/// Nodes larger than any setting makes them are cut: a change costs the size of its node.
const NODE_BYTES_MAX: usize = 128 << 10;
/// What they are cut into.
const PIECE_BYTES: usize = 8 << 10;

/// Elements one by one.
pub(super) fn plain(source: &mut impl Source, limits: &Limits) -> Result<List> {
    let count = length::read_plain(source)?;
    let (mut list, mut element) = (List::new(), Vec::new());
    for _ in 0..count {
        text::read_into(source, &mut element)?;
        list.push_back(&element, limits);
    }
    Ok(list)
}

/// One ziplist.
pub(super) fn ziplist(source: &mut impl Source, limits: &Limits) -> Result<List> {
    let mut nodes = Nodes::default();
    nodes.add(packed::ziplist(source)?);
    Ok(nodes.finish(limits))
}

/// Nodes that are ziplists.
pub(super) fn quicklist(source: &mut impl Source, limits: &Limits) -> Result<List> {
    let count = length::read_plain(source)?;
    let mut nodes = Nodes::default();
    for _ in 0..count {
        nodes.add(packed::ziplist(source)?);
    }
    Ok(nodes.finish(limits))
}

/// Nodes that are listpacks or large elements.
pub(super) fn quicklist_2(source: &mut impl Source, limits: &Limits) -> Result<List> {
    let count = length::read_plain(source)?;
    let mut nodes = Nodes::default();
    for _ in 0..count {
        match length::read_plain(source)? {
            PACKED => nodes.add(packed::listpack(source)?),
            PLAIN => {
                let element = text::read(source)?;
                // No writer gives an empty element a node of its own.
                if element.is_empty() {
                    return Err(source.error(Fault::Packed));
                }
                nodes.0.push(Node::Plain(element));
            }
            kind => return Err(source.error(Fault::ListNode(kind))),
        }
    }
    Ok(nodes.finish(limits))
}

enum Node {
    Packed(Listpack),
    Plain(Vec<u8>),
}

/// The nodes so far. None is an empty listpack.
#[derive(Default)]
struct Nodes(Vec<Node>);

impl Nodes {
    fn add(&mut self, node: Listpack) {
        if node.bytes_len() > NODE_BYTES_MAX {
            return self.add_in_pieces(&node);
        }
        if !node.is_empty() {
            self.0.push(Node::Packed(node));
        }
    }

    fn add_in_pieces(&mut self, node: &Listpack) {
        let mut elements = node.iter().peekable();
        while elements.peek().is_some() {
            let mut piece = Builder::with_capacity(PIECE_BYTES);
            while let Some(element) = elements.next_if(|next| fits(piece.bytes_len(), next.len())) {
                piece.push_element(element);
            }
            self.0.push(Node::Packed(piece.finish()));
        }
    }

    fn finish(self, limits: &Limits) -> List {
        let chunks = self.0.iter().map(|node| match node {
            Node::Packed(listpack) => ChunkRef::Packed(listpack),
            Node::Plain(element) => ChunkRef::Plain(element),
        });
        List::from_chunks(chunks, limits)
    }
}

/// Whether an element of `len` bytes still goes into a piece: into an empty one always.
fn fits(piece: usize, len: usize) -> bool {
    piece + len <= PIECE_BYTES || piece <= Listpack::new().bytes_len()
}
