//! What clients call themselves.

use crate::prelude::*;

/// A text that may stand in a line of CLIENT LIST: printable ASCII without blanks. `what` begins
/// the error.
pub(super) fn printable(word: &[u8], what: &str) -> Result<String> {
    if !word.iter().all(u8::is_ascii_graphic) {
        let rule = "cannot contain spaces, newlines or special characters.";
        return Err(Error::text(format!("ERR {what} {rule}")));
    }
    Ok(String::from_utf8_lossy(word).into_owned())
}

/// A client's name; the empty one takes its name away.
pub(super) fn client_name(word: &[u8]) -> Result<String> {
    printable(word, "Client names")
}
