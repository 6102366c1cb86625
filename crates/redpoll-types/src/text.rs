//! Words as characters: what is typed is compared without regard to case, and allowed an error.

/// `text` in lower case. Bytes that are no UTF-8 stay as they are.
pub fn lower_case(text: &[u8]) -> Vec<u8> {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut out = Vec::with_capacity(text.len());
    for chunk in text.utf8_chunks() {
        for character in chunk.valid().chars() {
            for lower in character.to_lowercase() {
                out.extend_from_slice(lower.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
        out.extend_from_slice(chunk.invalid());
    }
    out
}

/// The characters of a word; a byte that is no text is a character of its own.
pub fn characters(word: &[u8]) -> Vec<char> {
    let mut out = Vec::with_capacity(word.len());
    for chunk in word.utf8_chunks() {
        out.extend(chunk.valid().chars());
        out.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    out
}

/// Goes on by one character in a table of edit distances: `row[i]` is the distance between what was
/// read, `depth` characters, and the first i characters of `word`.
pub fn next_row(row: &mut [usize], word: &[char], character: char, depth: usize) {
    let mut diagonal = std::mem::replace(&mut row[0], depth);
    for (at, own) in word.iter().enumerate() {
        let replaced = diagonal + usize::from(*own != character);
        diagonal = row[at + 1];
        row[at + 1] = replaced.min(diagonal + 1).min(row[at] + 1);
    }
}
