//! INFO's section `CPU`: processor time in seconds.

use super::text::Text;
use crate::prelude::*;
use crate::server::process::{CpuTime, Who, cpu_time, main_thread_cpu_time};
use crate::server::survey::Survey;

pub(super) fn write(text: &mut Text, _ctx: &Ctx<'_>, _survey: &Survey) {
    let times = [
        ("", cpu_time(Who::Process)),
        ("_children", cpu_time(Who::Children)),
        ("_main_thread", main_thread_cpu_time()),
    ];
    for (suffix, CpuTime { system, user }) in times {
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
