//! What the operating system knows of the process. Where it does not tell, figures are 0.

use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use std::fs;

/// Processor time in microseconds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct CpuTime {
    /// In the kernel.
    pub system: i64,
    /// In the program.
    pub user: i64,
}

/// Whose processor time.
#[derive(Clone, Copy)]
pub(super) enum Who {
    /// The process with all its threads.
    Process,
    /// Child processes that have ended.
    Children,
}

/// The processor time used so far.
pub(super) fn cpu_time(who: Who) -> CpuTime {
    let who = match who {
        Who::Process => UsageWho::RUSAGE_SELF,
        Who::Children => UsageWho::RUSAGE_CHILDREN,
    };
    let times = |usage: Usage| CpuTime {
        system: usage.system_time().num_microseconds(),
        user: usage.user_time().num_microseconds(),
    };
    getrusage(who).map(times).unwrap_or_default()
}

/// The processor time that the main thread has used: what the threads that serve clients have not.
pub(super) fn main_thread_cpu_time() -> CpuTime {
    let text = fs::read_to_string(format!("/proc/self/task/{}/stat", std::process::id()));
    let text = text.unwrap_or_default();
    // The name of the thread, in parentheses, may hold anything; the 12th field behind is the time
    // in the program, in hundredths of a second.
    let fields = text.rsplit_once(')').map_or("", |(_, rest)| rest);
    let mut times = fields.split_whitespace().skip(11).map(|field| field.parse().unwrap_or(0));
    let mut micros = || times.next().unwrap_or(0i64).saturating_mul(10_000);
    CpuTime { user: micros(), system: micros() }
}

/// Bytes of physical memory that the process has.
pub(super) fn resident_memory() -> usize {
    kilobytes("/proc/self/status", "VmRSS:").saturating_mul(1024)
}

/// Bytes of physical memory that the machine has.
pub(super) fn system_memory() -> usize {
    kilobytes("/proc/meminfo", "MemTotal:").saturating_mul(1024)
}

/// The number behind a name in a file of such lines.
fn kilobytes(file: &str, name: &str) -> usize {
    let text = fs::read_to_string(file).unwrap_or_default();
    let value = text.lines().find_map(|line| line.strip_prefix(name));
    let number = value.and_then(|value| value.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_tells() {
        assert!(cpu_time(Who::Process).user >= 0);
        assert_eq!(kilobytes("/nowhere", "x"), 0);
        if cfg!(target_os = "linux") {
            assert!(resident_memory() > 0 && system_memory() > resident_memory());
        }
    }
}
