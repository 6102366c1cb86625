//! Numbers of as many bytes as they need: seven bits a byte, the lowest first.

/// Appends `value`.
pub fn write(out: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// How many bytes `value` takes.
pub fn width(value: u32) -> usize {
    (32 - (value | 1).leading_zeros()).div_ceil(7) as usize
}

/// Appends a number of up to 128 bits: a set of fields.
pub fn write_wide(out: &mut Vec<u8>, mut value: u128) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Reads the number at `at` and moves `at` behind it. Behind the end of the bytes there are zeros:
/// the index reads what it has written itself, and a wrong number is better than a panic.
#[inline]
pub fn read(bytes: &[u8], at: &mut usize) -> u32 {
    let first = bytes.get(*at).copied().unwrap_or(0);
    *at += 1;
    if first < 0x80 {
        return u32::from(first);
    }
    let mut value = u32::from(first & 0x7f);
    let mut shift = 7;
    loop {
        let byte = bytes.get(*at).copied().unwrap_or(0);
        *at += 1;
        value |= u32::from(byte & 0x7f) << shift;
        if byte < 0x80 || shift >= 28 {
            return value;
        }
        shift += 7;
    }
}

/// As [`read`], for what [`write_wide`] has written.
pub fn read_wide(bytes: &[u8], at: &mut usize) -> u128 {
    let mut value = 0;
    let mut shift = 0;
    loop {
        let byte = bytes.get(*at).copied().unwrap_or(0);
        *at += 1;
        value |= u128::from(byte & 0x7f) << shift;
        if byte < 0x80 || shift >= 126 {
            return value;
        }
        shift += 7;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut bytes = Vec::new();
        let values = [0, 1, 127, 128, 300, 1 << 21, u32::MAX];
        for value in values {
            write(&mut bytes, value);
        }
        write_wide(&mut bytes, u128::MAX);
        write_wide(&mut bytes, 5);
        let mut at = 0;
        for value in values {
            assert_eq!(read(&bytes, &mut at), value);
        }
        assert_eq!(read_wide(&bytes, &mut at), u128::MAX);
        assert_eq!(read_wide(&bytes, &mut at), 5);
        assert_eq!(at, bytes.len());
        assert_eq!(read(&bytes, &mut at), 0);
    }
}
