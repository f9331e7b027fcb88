//! Which addresses broke rules lately: who does nothing else is not let in for a while.
//!
//! A broken rule is cheap to commit and dear to find (a flood, a megabyte of brackets), and a new
//! connection costs nothing. So each address may break some, each second forgives one, and whoever
//! goes on regardless is turned away where that costs least.

use super::admission::network;
use crate::host::{Clock, Tokens};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// So many broken rules are forgiven in a second.
const FORGIVEN: u32 = 1;
/// Fewer addresses than this are not worth looking through.
const FEW: usize = 64;

/// What is known against whom.
#[derive(Debug)]
pub(super) struct Conduct {
    clock: Clock,
    /// So many broken rules are borne; none: everybody is always welcome.
    borne: u32,
    ledger: Mutex<Ledger>,
}

#[derive(Debug, Default)]
struct Ledger {
    /// Only those who broke rules and are not forgiven yet.
    by_address: HashMap<IpAddr, Tokens>,
    /// With so many it is looked through for those who are forgiven.
    swept_from: usize,
}

impl Conduct {
    pub(super) fn new(clock: Clock, borne: u32) -> Self {
        Self { clock, borne, ledger: Mutex::default() }
    }

    /// Whether somebody from there may come in.
    pub(super) fn is_welcome(&self, address: IpAddr) -> bool {
        self.is_welcome_at(address, self.clock.now())
    }

    /// Somebody from there broke a rule.
    pub(super) fn blame(&self, address: IpAddr) {
        self.blame_at(address, self.clock.now());
    }

    fn is_welcome_at(&self, address: IpAddr, now: Duration) -> bool {
        let mut ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        let tokens = ledger.by_address.get_mut(&network(address));
        tokens.is_none_or(|tokens| tokens.has(1, FORGIVEN, self.borne, now))
    }

    fn blame_at(&self, address: IpAddr, now: Duration) {
        if self.borne == 0 {
            return;
        }
        let mut ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        let tokens = ledger.by_address.entry(network(address));
        let tokens = tokens.or_insert_with(|| Tokens::new(self.borne, now));
        tokens.owe(1, FORGIVEN, self.borne, now);
        if ledger.by_address.len() > ledger.swept_from.max(FEW) {
            ledger
                .by_address
                .retain(|_, tokens| !tokens.has(self.borne, FORGIVEN, self.borne, now));
            ledger.by_address.shrink_to(FEW);
            ledger.swept_from = 2 * ledger.by_address.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn who_breaks_too_many_rules_is_kept_out_until_time_has_forgiven_them() {
        let conduct = Conduct::new(Clock::default(), 3);
        let (bad, good) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        for _ in 0..2 {
            conduct.blame_at(bad, SECOND);
            assert!(conduct.is_welcome_at(bad, SECOND));
        }
        conduct.blame_at(bad, SECOND);
        assert!(!conduct.is_welcome_at(bad, SECOND));
        assert!(conduct.is_welcome_at(good, SECOND));
        assert!(conduct.is_welcome_at(bad, 2 * SECOND));
        // However often: it is kept out for so many seconds, not for ever.
        (0..1000).for_each(|_| conduct.blame_at(bad, 2 * SECOND));
        assert!(!conduct.is_welcome_at(bad, 5 * SECOND));
        assert!(conduct.is_welcome_at(bad, 6 * SECOND));
    }

    #[test]
    fn those_who_are_forgiven_are_forgotten() {
        let conduct = Conduct::new(Clock::default(), 3);
        for number in 0..100_000 {
            let address = Ipv4Addr::from_bits(number).into();
            conduct.blame_at(address, SECOND * number / 100);
        }
        let known = conduct.ledger.lock().unwrap().by_address.len();
        assert!(known <= 512, "{known} addresses are remembered");
    }

    #[test]
    fn whoever_asks_for_no_such_limit_has_none() {
        let conduct = Conduct::new(Clock::default(), 0);
        let address = IpAddr::from([10, 0, 0, 1]);
        (0..1000).for_each(|_| conduct.blame_at(address, SECOND));
        assert!(conduct.is_welcome_at(address, SECOND));
    }
}
