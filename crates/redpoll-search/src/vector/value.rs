//! A vector, as the index keeps it.

use crate::schema::{Element, Metric, VectorField};

/// A vector. For the cosine it has the length 1, so that the inner product is the cosine.
#[derive(Debug, Clone, PartialEq)]
pub enum Vector {
    /// Of single precision. Shorter numbers are kept so, too.
    Single(Box<[f32]>),
    /// Of double precision.
    Double(Box<[f64]>),
}

impl Vector {
    /// The vector in `bytes`, in the field's format. None if there are not as many bytes as the
    /// field says.
    pub fn from_bytes(bytes: &[u8], field: &VectorField) -> Option<Self> {
        let size = field.element.bytes();
        if bytes.len() != field.dimensions.checked_mul(size)? || field.dimensions == 0 {
            return None;
        }
        let elements = bytes.chunks_exact(size);
        let mut vector = match field.element {
            Element::Float64 => Vector::Double(elements.map(double).collect()),
            Element::Float32 => Vector::Single(elements.map(single).collect()),
            Element::Float16 => Vector::Single(elements.map(|b| half(word(b))).collect()),
            Element::BFloat16 => {
                let wide = |b: &[u8]| f32::from_bits(u32::from(word(b)) << 16);
                Vector::Single(elements.map(wide).collect())
            }
            Element::Int8 => Vector::Single(bytes.iter().map(|b| f32::from(*b as i8)).collect()),
            Element::UInt8 => Vector::Single(bytes.iter().map(|b| f32::from(*b)).collect()),
        };
        if field.metric == Metric::Cosine {
            vector.normalize();
        }
        Some(vector)
    }

    fn normalize(&mut self) {
        match self {
            Vector::Single(values) => {
                let length =
                    values.iter().map(|v| f64::from(*v) * f64::from(*v)).sum::<f64>().sqrt();
                if length > 0.0 {
                    values.iter_mut().for_each(|v| *v = (f64::from(*v) / length) as f32);
                }
            }
            Vector::Double(values) => {
                let length = values.iter().map(|v| v * v).sum::<f64>().sqrt();
                if length > 0.0 {
                    values.iter_mut().for_each(|v| *v /= length);
                }
            }
        }
    }

    /// Reads a little of every piece of memory that the vector is in: so the memory of many vectors
    /// can be waited for at once, before their distances are computed one after the other.
    #[inline]
    pub fn touch(&self) -> u64 {
        match self {
            Vector::Single(values) => {
                values.iter().step_by(16).fold(0, |sum, v| sum ^ u64::from(v.to_bits()))
            }
            Vector::Double(values) => values.iter().step_by(8).fold(0, |sum, v| sum ^ v.to_bits()),
        }
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        match self {
            Vector::Single(values) => values.len() * 4,
            Vector::Double(values) => values.len() * 8,
        }
    }
}

fn single(bytes: &[u8]) -> f32 {
    bytes.try_into().map_or(0.0, f32::from_le_bytes)
}

fn double(bytes: &[u8]) -> f64 {
    bytes.try_into().map_or(0.0, f64::from_le_bytes)
}

fn word(bytes: &[u8]) -> u16 {
    bytes.try_into().map_or(0, u16::from_le_bytes)
}

/// A number of 16 bits: one of sign, five of exponent, ten of fraction.
fn half(bits: u16) -> f32 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let exponent = i32::from(bits >> 10 & 0x1f);
    let fraction = f32::from(bits & 0x3ff);
    let size = match exponent {
        0 => fraction * 2f32.powi(-24),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        _ => (1.0 + fraction / 1024.0) * 2f32.powi(exponent - 15),
    };
    sign * size
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Algorithm;

    fn field(element: Element, metric: Metric) -> VectorField {
        VectorField { element, dimensions: 2, metric, algorithm: Algorithm::Flat }
    }

    #[test]
    fn every_format_is_read() {
        let want = Vector::Single([1.0, -2.0].into());
        let cases: [(Element, &[u8]); 4] = [
            (Element::Float32, &[0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]),
            (Element::Float16, &[0, 0x3c, 0, 0xc0]),
            (Element::BFloat16, &[0x80, 0x3f, 0, 0xc0]),
            (Element::Int8, &[1, 0xfe]),
        ];
        for (element, bytes) in cases {
            let field = field(element, Metric::L2);
            assert_eq!(Vector::from_bytes(bytes, &field), Some(want.clone()), "{element:?}");
            assert_eq!(Vector::from_bytes(&bytes[1..], &field), None);
        }
        let bytes: Vec<u8> = [3.0f64, 4.0].iter().flat_map(|v| v.to_le_bytes()).collect();
        let got = Vector::from_bytes(&bytes, &field(Element::Float64, Metric::Cosine));
        assert_eq!(got, Some(Vector::Double([0.6, 0.8].into())));
        assert_eq!(half(1), 2f32.powi(-24));
        assert!(half(0x7c01).is_nan());
        assert_eq!(half(0xfc00), f32::NEG_INFINITY);
    }
}
