//! INFO's section `CPU`: processor time in seconds.

use super::text::Text;
use crate::prelude::*;
use crate::server::process::{CpuTime, Who, cpu_time};
use crate::server::survey::Survey;

pub(super) fn write(text: &mut Text, _ctx: &Ctx<'_>, _survey: &Survey) {
    for (who, suffix) in [(Who::Process, ""), (Who::Children, "_children")] {
        let CpuTime { system, user } = cpu_time(who);
        text.field(&format!("used_cpu_sys{suffix}"), seconds(system));
        text.field(&format!("used_cpu_user{suffix}"), seconds(user));
    }
}

fn seconds(micros: i64) -> String {
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn seconds_have_six_decimals() {
        assert_eq!(
            [seconds(0), seconds(1), seconds(12_345_678)],
            ["0.000000", "0.000001", "12.345678"]
        );
    }
}
