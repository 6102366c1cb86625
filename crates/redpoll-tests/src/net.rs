//! A network of namespaces: hosts with an address each on one switch, from which each can be taken
//! off without noticing. It needs `ip` and its rights.

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// See the module's head. It is gone when it is dropped.
pub struct Network {
    name: String,
    hosts: usize,
}

/// Runs `ip`, or another program, with these words; whether it was content.
fn run(line: &str) -> bool {
    let mut words = line.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or_default());
    let silent = command.args(words).stdout(Stdio::null()).stderr(Stdio::null());
    silent.status().is_ok_and(|status| status.success())
}

impl Network {
    /// One with so many hosts, numbered from 0. Where there can be none, it says that the test is
    /// skipped.
    pub fn new(hosts: usize) -> Option<Network> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Relaxed);
        let network = Network { name: format!("rp{}-{number}", std::process::id()), hosts };
        let there = network.build();
        if !there {
            eprintln!("skipped: network namespaces cannot be made here (`ip netns`, as root)");
        }
        there.then_some(network)
    }

    fn build(&self) -> bool {
        let switch = self.switch();
        let mut lines = vec![
            format!("ip netns add {switch}"),
            format!("ip -n {switch} link add sw type bridge"),
            format!("ip -n {switch} link set sw up"),
        ];
        for host in 0..self.hosts {
            let (name, address) = (self.host(host), self.address(host));
            let peer = format!("peer name eth0 netns {name}");
            lines.extend([
                format!("ip netns add {name}"),
                format!("ip -n {name} link set lo up"),
                format!("ip -n {switch} link add p{host} type veth {peer}"),
                format!("ip -n {switch} link set p{host} master sw"),
                format!("ip -n {switch} link set p{host} up"),
                format!("ip -n {name} address add {address}/24 dev eth0"),
                format!("ip -n {name} link set eth0 up"),
            ]);
        }
        lines.iter().all(|line| run(line))
    }

    fn switch(&self) -> String {
        format!("{}-sw", self.name)
    }

    /// The name of a host's namespace.
    pub fn host(&self, host: usize) -> String {
        format!("{}-{host}", self.name)
    }

    /// The address of a host.
    pub fn address(&self, host: usize) -> String {
        format!("10.77.0.{}", host + 1)
    }

    /// Takes a host off: what is sent to it or by it is lost, and nobody is told.
    ///
    /// # Panics
    /// If that cannot be.
    pub fn take_off(&self, host: usize) {
        assert!(run(&format!("ip -n {} link set p{host} nomaster", self.switch())), "take off");
    }

    /// Puts it back.
    ///
    /// # Panics
    /// If that cannot be.
    pub fn put_back(&self, host: usize) {
        assert!(run(&format!("ip -n {} link set p{host} master sw", self.switch())), "put back");
    }

    /// Lets what goes to a host be late or lost, in the words of `tc`'s netem. Where the kernel
    /// does not have that, it says so.
    pub fn impair(&self, host: usize, how: &str) -> bool {
        run("modprobe sch_netem");
        let line = format!("tc -n {} qdisc replace dev p{host} root netem {how}", self.switch());
        let can = run(&line);
        if !can {
            eprintln!("skipped: this kernel has no netem, so nothing is late or lost");
        }
        can
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for host in 0..self.hosts {
            run(&format!("ip netns del {}", self.host(host)));
        }
        run(&format!("ip netns del {}", self.switch()));
    }
}
