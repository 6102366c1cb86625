//! The dense form: registers of six bits, one behind the other from the low bits of each byte on.

/// The value of a register.
pub(super) fn get(data: &[u8], register: usize) -> u8 {
    let (at, shift) = (register * 6 / 8, register * 6 % 8);
    let low = u16::from(data[at]);
    let high = data.get(at + 1).map_or(0, |byte| u16::from(*byte));
    ((low | high << 8) >> shift) as u8 & 63
}

/// Raises a register if it is lower. Answers whether it was.
#[inline]
pub(super) fn raise(data: &mut [u8], register: usize, value: u8) -> bool {
    if get(data, register) >= value {
        return false;
    }
    set(data, register, value);
    true
}

fn set(data: &mut [u8], register: usize, value: u8) {
    let (at, shift) = (register * 6 / 8, register * 6 % 8);
    let (mask, bits) = (63u16 << shift, u16::from(value) << shift);
    data[at] = data[at] & !(mask as u8) | bits as u8;
    if shift > 2 {
        data[at + 1] = data[at + 1] & !((mask >> 8) as u8) | (bits >> 8) as u8;
    }
}

/// Six bytes are eight registers; they become the eight bytes of a word.
#[inline(always)]
pub(super) fn spread(six: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    bytes[..6].copy_from_slice(six);
    let packed = u64::from_le_bytes(bytes);
    // The halves move apart, then their halves, then theirs.
    let apart = packed & 0x00ff_ffff | packed << 8 & 0x00ff_ffff_0000_0000;
    let apart = apart & 0x0000_0fff_0000_0fff | apart << 4 & 0x0fff_0000_0fff_0000;
    apart & 0x003f_003f_003f_003f | apart << 2 & 0x3f00_3f00_3f00_3f00
}

/// The reverse of [`spread`].
#[inline(always)]
pub(super) fn squeeze(word: u64) -> [u8; 6] {
    let close = word & 0x003f_003f_003f_003f | (word & 0x3f00_3f00_3f00_3f00) >> 2;
    let close = close & 0x0000_0fff_0000_0fff | (close & 0x0fff_0000_0fff_0000) >> 4;
    let close = close & 0x00ff_ffff | (close & 0x00ff_ffff_0000_0000) >> 8;
    let [bytes @ .., _, _] = close.to_le_bytes();
    bytes
}

/// Counts the registers of each value.
///
/// Most registers have one of a few values. With one counter for a value, each addition would wait
/// for the one before; so there are four.
pub(super) fn histogram(data: &[u8], histogram: &mut [u32; 64]) {
    let mut parts = [[0u32; 64]; 4];
    for six in data.chunks_exact(6) {
        for (at, value) in spread(six).to_le_bytes().into_iter().enumerate() {
            parts[at % 4][usize::from(value & 63)] += 1;
        }
    }
    for part in parts {
        histogram.iter_mut().zip(part).for_each(|(all, some)| *all += some);
    }
}
