//! How guessing a credential is slowed.
//!
//! | wrong credentials | at once | then one each |
//! |---|---|---|
//! | from one client address | 20 | 10 s |
//! | in all | 300 | second |
//!
//! Whoever has none left is turned away without a look at what was presented, so that waiting is all that helps. An
//! address that presented a right one in the last twelve hours is not turned away for what others do: many who guess
//! together don't lock an operator out. Each process counts for itself.
//!
//! Memory is bounded: each address that is remembered for what it did wrong took one of those in all and is forgotten
//! after 200 s, so there are at most 500 of them, and those of the right ones are 1,000 at most.

use std::{
    collections::HashMap,
    net::IpAddr,
    time::{Duration, Instant},
};

/// Refused sign-ins that are told at once; then one a minute, so that nobody drowns the audit log.
pub(super) const TOLD_AT_ONCE: u32 = 20;

const OF_ONE: Allowance = Allowance::new(20, Duration::from_secs(10));
const OF_ALL: Allowance = Allowance::new(300, Duration::from_secs(1));
const TOLD: Allowance = Allowance::new(TOLD_AT_ONCE, Duration::from_secs(60));

/// How long an address is known for a right credential.
const KNOWN_FOR: Duration = Duration::from_secs(12 * 3600);

/// How many of those are known.
const MOST_KNOWN: usize = 1_000;

/// So many at once, and one more each so often.
#[derive(Clone, Copy)]
struct Allowance {
    at_once: u32,
    every: Duration,
}

/// What is used of an allowance: until when it takes to be whole again.
#[derive(Clone, Copy)]
struct Used(Instant);

/// What was presented, by whom, and what is left.
#[derive(Default)]
pub(super) struct Attempts {
    wrong: HashMap<IpAddr, Used>,
    right: HashMap<IpAddr, Instant>,
    all: Option<Used>,
    told: Option<Used>,
    untold: u64,
}

impl Allowance {
    const fn new(at_once: u32, every: Duration) -> Self {
        Self { at_once, every }
    }

    /// How long until there is one left.
    fn wait(self, used: Option<Used>, now: Instant) -> Duration {
        let in_use = used.map_or(Duration::ZERO, |used| used.0.saturating_duration_since(now));
        in_use.saturating_sub(self.every * (self.at_once - 1))
    }

    fn take(self, used: Option<Used>, now: Instant) -> Used {
        Used(used.map_or(now, |used| used.0.max(now)) + self.every)
    }
}

impl Attempts {
    /// Whether what `address` presents is looked at; if not, how long until then.
    pub(super) fn admit(&self, address: IpAddr, now: Instant) -> Result<(), Duration> {
        let own = OF_ONE.wait(self.wrong.get(&address).copied(), now);
        let shared = if self.is_known(address, now) {
            Duration::ZERO
        } else {
            OF_ALL.wait(self.all, now)
        };
        match own.max(shared) {
            Duration::ZERO => Ok(()),
            wait => Err(wait),
        }
    }

    /// `address` presented a wrong one. How many did since it was last told, if it is to be told.
    pub(super) fn failed(&mut self, address: IpAddr, now: Instant) -> Option<u64> {
        self.wrong.retain(|_, used| used.0 > now);
        let used = OF_ONE.take(self.wrong.get(&address).copied(), now);
        self.wrong.insert(address, used);
        self.all = Some(OF_ALL.take(self.all, now));
        self.untold += 1;
        if TOLD.wait(self.told, now) > Duration::ZERO {
            return None;
        }
        self.told = Some(TOLD.take(self.told, now));
        Some(std::mem::take(&mut self.untold))
    }

    /// `address` presented a right one.
    pub(super) fn succeeded(&mut self, address: IpAddr, now: Instant) {
        if self.right.len() >= MOST_KNOWN && !self.right.contains_key(&address) {
            let oldest = self.right.iter().min_by_key(|(_, at)| **at);
            let oldest = oldest.map(|(address, _)| *address);
            oldest.map(|oldest| self.right.remove(&oldest));
        }
        self.right.insert(address, now);
    }

    fn is_known(&self, address: IpAddr, now: Instant) -> bool {
        let at = self.right.get(&address);
        at.is_some_and(|at| now.duration_since(*at) < KNOWN_FOR)
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn address(number: u32) -> IpAddr {
        Ipv4Addr::from_bits(number).into()
    }

    fn fail(attempts: &mut Attempts, from: IpAddr, times: u32, now: Instant) -> u32 {
        let mut looked_at = 0;
        for _ in 0..times {
            if attempts.admit(from, now).is_ok() {
                attempts.failed(from, now);
                looked_at += 1;
            }
        }
        looked_at
    }

    #[test]
    fn one_address_gets_twenty_and_then_one_each_ten_seconds() {
        let (mut attempts, now) = (Attempts::default(), Instant::now());
        assert_eq!(fail(&mut attempts, address(1), 100, now), 20);
        let wait = attempts.admit(address(1), now).unwrap_err();
        assert_eq!(wait, Duration::from_secs(10));
        assert!(attempts.admit(address(2), now).is_ok());
        let later = now + Duration::from_secs(60);
        assert_eq!(fail(&mut attempts, address(1), 100, later), 6);
        let much_later = later + Duration::from_secs(1_000);
        assert_eq!(fail(&mut attempts, address(1), 100, much_later), 20);
    }

    #[test]
    fn many_who_guess_together_share_what_there_is_and_lock_no_operator_out() {
        let (mut attempts, now) = (Attempts::default(), Instant::now());
        attempts.succeeded(address(0), now);
        let looked_at: u32 = (1..=10_000)
            .map(|guesser| fail(&mut attempts, address(guesser), 1, now))
            .sum();
        assert_eq!(looked_at, 300);
        assert!(attempts.admit(address(20_000), now).is_err());
        assert!(attempts.admit(address(0), now).is_ok());
        let later = now + Duration::from_secs(30);
        assert_eq!(fail(&mut attempts, address(30_000), 20, later), 20);
        let forgotten = now + KNOWN_FOR;
        fail(&mut attempts, address(1), 20, forgotten);
        for guesser in 1..=10_000 {
            fail(&mut attempts, address(guesser), 1, forgotten);
        }
        assert!(attempts.admit(address(0), forgotten).is_err());
    }

    #[test]
    fn memory_is_bounded_however_many_there_are() {
        let (mut attempts, start) = (Attempts::default(), Instant::now());
        let mut most = 0;
        for number in 0..50_000 {
            let now = start + Duration::from_millis(number.into());
            fail(&mut attempts, address(number), 1, now);
            attempts.succeeded(address(number), now);
            most = most.max(attempts.wrong.len());
        }
        assert!(most <= 500, "{most}");
        assert_eq!(attempts.right.len(), MOST_KNOWN);
    }

    #[test]
    fn what_was_refused_is_told_without_drowning_who_reads_it() {
        let (mut attempts, now) = (Attempts::default(), Instant::now());
        let told: Vec<u64> = (0..100)
            .filter_map(|number| attempts.failed(address(number), now))
            .collect();
        assert_eq!(told, [1; TOLD_AT_ONCE as usize]);
        let later = now + Duration::from_secs(60);
        assert_eq!(attempts.failed(address(1), later), Some(81));
    }
}
