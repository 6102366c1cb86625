//! How far two vectors are apart.
//!
//! The sums run in sixteen lanes that do not wait for one another, which the compiler turns into
//! vector instructions.

use super::Vector;
use crate::schema::Metric;

const LANES: usize = 16;

/// The distance by `metric`. Vectors of different kinds or lengths are infinitely far apart.
#[inline]
pub fn distance(metric: Metric, a: &Vector, b: &Vector) -> f64 {
    match (a, b) {
        (Vector::Single(a), Vector::Single(b)) if a.len() == b.len() => match metric {
            Metric::L2 => f64::from(squares(a, b)),
            Metric::InnerProduct | Metric::Cosine => 1.0 - f64::from(product(a, b)),
        },
        (Vector::Double(a), Vector::Double(b)) if a.len() == b.len() => {
            let pairs = a.iter().zip(b.iter());
            match metric {
                Metric::L2 => pairs.map(|(a, b)| (a - b) * (a - b)).sum(),
                Metric::InnerProduct | Metric::Cosine => {
                    1.0 - pairs.map(|(a, b)| a * b).sum::<f64>()
                }
            }
        }
        _ => f64::INFINITY,
    }
}

fn squares(a: &[f32], b: &[f32]) -> f32 {
    lanes(a, b, |a, b| (a - b) * (a - b))
}

fn product(a: &[f32], b: &[f32]) -> f32 {
    lanes(a, b, |a, b| a * b)
}

#[inline(always)]
fn lanes(a: &[f32], b: &[f32], term: impl Fn(f32, f32) -> f32) -> f32 {
    let mut sums = [0f32; LANES];
    let (chunks_a, chunks_b) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: f32 =
        chunks_a.remainder().iter().zip(chunks_b.remainder()).map(|(a, b)| term(*a, *b)).sum();
    for (a, b) in chunks_a.zip(chunks_b) {
        for lane in 0..LANES {
            sums[lane] += term(a[lane], b[lane]);
        }
    }
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_and_rest_make_the_sum() {
        for len in [1, 15, 16, 17, 100] {
            let a: Vec<f32> = (0..len).map(|i| i as f32).collect();
            let b: Vec<f32> = (0..len).map(|i| 1.0 - i as f32).collect();
            let pairs = || a.iter().zip(&b);
            let (va, vb) = (Vector::Single(a.clone().into()), Vector::Single(b.clone().into()));
            let squares: f32 = pairs().map(|(a, b)| (a - b) * (a - b)).sum();
            assert_eq!(distance(Metric::L2, &va, &vb), f64::from(squares));
            let product: f32 = pairs().map(|(a, b)| a * b).sum();
            assert_eq!(distance(Metric::InnerProduct, &va, &vb), 1.0 - f64::from(product));
        }
        let (a, b) = (Vector::Single([1.0].into()), Vector::Double([1.0].into()));
        assert_eq!(distance(Metric::L2, &a, &b), f64::INFINITY);
    }
}
