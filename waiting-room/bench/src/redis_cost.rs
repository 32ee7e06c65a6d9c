//! What a load costs Redis, by what `INFO` tells before and after.

use std::{ops::Sub, time::Duration};

use test_backends::RedisServer;

use crate::Outcome;

/// What Redis has done since it started.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct RedisCost {
    /// Scripts run.
    pub(crate) scripts: u64,
    /// Commands that scripts ran.
    pub(crate) commands: u64,
    /// Time spent in scripts.
    pub(crate) in_scripts: Duration,
    /// CPU time, the network's part included.
    pub(crate) cpu: Duration,
}

impl RedisCost {
    /// What `server` has done so far.
    pub(crate) fn of(server: &RedisServer) -> Outcome<Self> {
        let told = server.command("INFO commandstats");
        let cpu = server.command("INFO cpu");
        Self::parse(&told, &cpu).ok_or_else(|| format!("not understood: {told}\n{cpu}").into())
    }

    fn parse(commandstats: &str, cpu: &str) -> Option<Self> {
        let mut cost = Self::default();
        for line in commandstats.lines() {
            let Some((command, figures)) = line
                .strip_prefix("cmdstat_")
                .and_then(|line| line.split_once(':'))
            else {
                continue;
            };
            let calls: u64 = field(figures.split(','), "calls", '=')?;
            match command {
                "evalsha" | "eval" => {
                    cost.scripts += calls;
                    let micros = field(figures.split(','), "usec", '=')?;
                    cost.in_scripts += Duration::from_micros(micros);
                }
                // What clients send besides; no script does.
                "info" | "quit" | "ping" | "hello" | "memory" => {}
                _ if command.starts_with("client") || command.starts_with("script") => {}
                _ => cost.commands += calls,
            }
        }
        for name in ["used_cpu_user", "used_cpu_sys"] {
            cost.cpu += Duration::from_secs_f64(field(cpu.lines(), name, ':')?);
        }
        Some(cost)
    }
}

impl Sub for RedisCost {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self {
            scripts: self.scripts - earlier.scripts,
            commands: self.commands - earlier.commands,
            in_scripts: self.in_scripts - earlier.in_scripts,
            cpu: self.cpu - earlier.cpu,
        }
    }
}

/// How much memory `server` uses for what it holds, in bytes.
pub(crate) fn used_memory(server: &RedisServer) -> Outcome<u64> {
    let told = server.command("INFO memory");
    field(told.lines(), "used_memory", ':').ok_or_else(|| "no used_memory".into())
}

fn field<'a, T: std::str::FromStr>(
    mut pairs: impl Iterator<Item = &'a str>,
    name: &str,
    separator: char,
) -> Option<T> {
    let value = pairs.find_map(|pair| pair.strip_prefix(name)?.strip_prefix(separator))?;
    value.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATS: &str = "# Commandstats\r\n\
        cmdstat_evalsha:calls=40,usec=9000,usec_per_call=225.00,rejected_calls=0,failed_calls=1\r\n\
        cmdstat_zadd:calls=90,usec=300,usec_per_call=3.33,rejected_calls=0,failed_calls=0\r\n\
        cmdstat_hset:calls=10,usec=30,usec_per_call=3.00,rejected_calls=0,failed_calls=0\r\n\
        cmdstat_info:calls=7,usec=800,usec_per_call=114.00,rejected_calls=0,failed_calls=0\r\n\
        cmdstat_client|setinfo:calls=2,usec=8,usec_per_call=4.00,rejected_calls=0,failed_calls=0\r\n";
    const CPU: &str =
        "# CPU\r\nused_cpu_sys:0.250000\r\nused_cpu_user:1.500000\r\nused_cpu_sys_children:9.0\r\n";

    #[test]
    fn scripts_their_commands_and_cpu_are_told_apart() {
        let cost = RedisCost::parse(STATS, CPU).unwrap();
        assert_eq!(
            cost,
            RedisCost {
                scripts: 40,
                commands: 100,
                in_scripts: Duration::from_millis(9),
                cpu: Duration::from_millis(1_750),
            }
        );
        assert_eq!(cost - cost, RedisCost::default());
        assert_eq!(RedisCost::parse(STATS, ""), None);
    }

    #[test]
    fn a_server_tells_what_it_did() {
        let server = RedisServer::start();
        let before = RedisCost::of(&server).unwrap();
        server.command(r#"EVAL "redis.call('incr','x')" 0"#);
        let cost = RedisCost::of(&server).unwrap() - before;
        assert_eq!((cost.scripts, cost.commands), (1, 1));
        assert!(used_memory(&server).unwrap() > 100_000);
    }
}
