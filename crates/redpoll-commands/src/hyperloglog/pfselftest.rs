//! `PFSELFTEST`: whether HyperLogLogs count right on this machine.

use crate::prelude::*;
use redpoll_types::hll::{self, Encoding, Invalid};
use redpoll_types::rng::Rng;

pub const PFSELFTEST: Command = Command {
    spec: Spec {
        name: "pfselftest",
        arity: 1,
        flags: Flags::ADMIN,
        group: Group::HyperLogLog,
        since: "2.8.9",
        summary: "Tests HyperLogLogs of both forms against known counts.",
        complexity: "N/A",
        ..Spec::EMPTY
    },
    run,
};

/// The most elements that are added; counts are checked at the powers of ten up to it.
const ELEMENTS: u64 = 100_000;
/// The standard error of the count.
const ERROR: f64 = 1.04 / 128.0;

fn run(ctx: &mut Ctx<'_>, _args: Args<'_>) -> Result {
    let sparse_max = ctx.limits.hll_sparse_max_bytes;
    match test(ctx.rng.next_u64(), sparse_max) {
        Ok(None) => ctx.reply.ok(),
        Ok(Some(failure)) => return Err(Error::text(format!("ERR TESTFAILED {failure}"))),
        Err(invalid) => return Err(super::value::error(invalid)),
    }
    Ok(())
}

/// Adds elements to a dense and a sparse one, and says what is wrong with their counts.
fn test(seed: u64, sparse_max: usize) -> std::result::Result<Option<String>, Invalid> {
    let (mut sparse, mut dense) = (hll::empty(), hll::empty());
    hll::make_dense(&mut dense)?;
    let mut check_at = 1;
    for number in 1..=ELEMENTS {
        let element = (seed ^ number).to_le_bytes();
        hll::add(&mut sparse, &element, sparse_max)?;
        hll::add(&mut dense, &element, sparse_max)?;
        if number < check_at {
            continue;
        }
        check_at *= 10;
        // An element takes up to five bytes in the sparse form.
        let small = 5 * number < sparse_max.saturating_sub(18) as u64;
        if small && hll::encoding(&sparse)? != Encoding::Sparse {
            return Ok(Some("sparse encoding not used".to_owned()));
        }
        let count = hll::count(&dense)?;
        if hll::count(&sparse)? != count {
            return Ok(Some("dense/sparse disagree".to_owned()));
        }
        let off = count.abs_diff(number);
        if off as f64 > (6.0 * ERROR * number as f64).ceil() {
            return Ok(Some(format!("Too big error. card:{number} abserr:{off}")));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn passes() {
        check("PFSELFTEST", "OK");
    }
}
