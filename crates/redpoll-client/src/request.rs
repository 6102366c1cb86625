//! Arguments to bytes: a request is an array of bulk strings, whatever the protocol version.

use std::io::Write;

/// Appends the request made of `arguments` to `out`. O(bytes).
///
/// An empty list appends an empty array, which servers ignore without answering.
pub fn encode<A: AsRef<[u8]>>(out: &mut Vec<u8>, arguments: &[A]) {
    header(out, b'*', arguments.len());
    for bytes in arguments {
        argument(out, bytes.as_ref());
    }
}

/// Appends one argument.
pub(crate) fn argument(out: &mut Vec<u8>, bytes: &[u8]) {
    header(out, b'$', bytes.len());
    out.extend_from_slice(bytes);
    out.extend_from_slice(b"\r\n");
}

/// Appends a line of a kind and a number.
pub(crate) fn header(out: &mut Vec<u8>, kind: u8, length: usize) {
    out.push(kind);
    // Writing into a Vec cannot fail.
    let _ = write!(out, "{length}\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_binary_and_empty_arguments() {
        let mut out = b"before".to_vec();
        encode(&mut out, &[&b"SET"[..], b"", b"a\r\n\0"]);
        assert_eq!(out, b"before*3\r\n$3\r\nSET\r\n$0\r\n\r\n$4\r\na\r\n\0\r\n");
    }

    #[test]
    fn no_arguments_are_an_empty_array() {
        let mut out = Vec::new();
        encode::<&str>(&mut out, &[]);
        assert_eq!(out, b"*0\r\n");
    }
}
