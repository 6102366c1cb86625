//! Numbers as the replies have them: distances with four decimals, coordinates with up to 17.

/// Decimals of a coordinate.
const DECIMALS: usize = 17;
/// Above this a coordinate does not fit into 64 bits; none is.
const WHOLE_MAX: f64 = 184.0;

/// A distance with four decimals.
pub fn distance_text(distance: f64) -> String {
    let scaled = (distance * 10_000.0).round_ties_even() as i64;
    let (whole, rest) = (scaled.unsigned_abs() / 10_000, scaled.unsigned_abs() % 10_000);
    let sign = if scaled < 0 { "-" } else { "" };
    format!("{sign}{whole}.{rest:04}")
}

/// A coordinate with 17 decimals, without zeros at the end.
pub fn coordinate(value: f64) -> String {
    if value.is_nan() || value.abs() >= WHOLE_MAX {
        return value.to_string();
    }
    let (scaled, one) = (scaled(value.abs()), 10u64.pow(DECIMALS as u32));
    let (whole, rest) = (scaled / one, scaled % one);
    let sign = if value < 0.0 && scaled > 0 { "-" } else { "" };
    if rest == 0 {
        return format!("{sign}{whole}");
    }
    let text = format!("{sign}{whole}.{rest:017}");
    text.trim_end_matches('0').to_owned()
}

/// A number times 10^17, rounded as C's printf rounds: exactly, halves to even.
fn scaled(value: f64) -> u64 {
    let bits = value.to_bits();
    let (exponent, fraction) = ((bits >> 52) as u32, bits & ((1 << 52) - 1));
    // The value is mantissa / 2^shift; one that is too small for its bits is 0 here.
    let mantissa = u128::from(fraction | 1 << 52) * 10u128.pow(DECIMALS as u32);
    let shift = 1075 - exponent;
    if exponent == 0 || shift > 120 {
        return 0;
    }
    let (whole, rest) = (mantissa >> shift, mantissa & ((1 << shift) - 1));
    let half = 1u128 << (shift - 1);
    let up = rest > half || rest == half && whole & 1 == 1;
    whole as u64 + u64::from(up)
}
