//! Commands whose replies are laid out for reading: they are printed as they are in every form.

/// Whether the reply to this command is such a text.
pub fn is_reading_text(command: &[Vec<u8>]) -> bool {
    let word =
        |index: usize| command.get(index).map(|word| word.to_ascii_lowercase()).unwrap_or_default();
    let count = command.len();
    match (word(0).as_slice(), word(1).as_slice()) {
        (b"info" | b"lolwut", _) => true,
        (b"debug", b"htstats" | b"htstats-key" | b"client-eviction") => true,
        (b"memory", b"malloc-stats" | b"doctor") => true,
        (b"cluster", b"nodes" | b"info") | (b"latency", b"doctor") => count == 2,
        (b"client", b"list" | b"info") | (b"proxy", b"info") => true,
        (b"latency", b"graph") => count == 3,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_depend_on_the_number_of_words() {
        let check = |line: &str| {
            let words: Vec<Vec<u8>> = line.split(' ').map(|w| w.as_bytes().to_vec()).collect();
            is_reading_text(&words)
        };
        for line in ["INFO", "info server", "Client LIST type normal", "cluster info"] {
            assert!(check(line), "{line}");
        }
        for line in ["get info", "client getname", "cluster info x", "latency graph"] {
            assert!(!check(line), "{line}");
        }
    }
}
