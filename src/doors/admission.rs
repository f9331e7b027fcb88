//! How many are in, in all and from each address.

use super::conduct::Conduct;
use crate::host;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// Why somebody does not come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Full {
    /// Too many in all.
    House,
    /// Too many from there.
    Address,
}

/// Counts those who are in.
#[derive(Debug, Default)]
pub(super) struct Admission {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// A place inside, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    of: Arc<Admission>,
    address: IpAddr,
}

/// A session's place; what its client does wrong is remembered against its address.
#[derive(Debug)]
pub(super) struct SessionPlace {
    pub(super) place: Place,
    pub(super) conduct: Arc<Conduct>,
}

impl host::Place for SessionPlace {
    fn blame(&self) {
        self.conduct.blame(self.place.address);
    }
}

impl Admission {
    pub(super) fn enter(
        self: &Arc<Self>,
        address: IpAddr,
        most: usize,
        most_from_address: usize,
    ) -> Result<Place, Full> {
        let address = network(address);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.all >= most {
            return Err(Full::House);
        }
        let from_address = state.by_address.entry(address).or_default();
        if *from_address >= most_from_address {
            return Err(Full::Address);
        }
        *from_address += 1;
        state.all += 1;
        Ok(Place { of: self.clone(), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.of.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.all -= 1;
        if let Some(count) = state.by_address.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                state.by_address.remove(&self.address);
                // What a crowd needed is given back once it is gone.
                if state.by_address.capacity() > 4 * state.by_address.len() + 64 {
                    state.by_address.shrink_to_fit();
                }
            }
        }
    }
}

/// One customer's addresses count as one: in IPv6 that is a network of 64 bits.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)))
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_by_address_and_in_all_and_given_back() {
        let admission = Arc::new(Admission::default());
        let address = |text: &str| text.parse().unwrap();
        let enter = |text: &str| admission.enter(address(text), 3, 2);
        let first = enter("10.0.0.1").unwrap();
        let second = enter("::ffff:10.0.0.1").unwrap();
        assert_eq!(enter("10.0.0.1").unwrap_err(), Full::Address);
        let third = enter("2001:db8::1").unwrap();
        assert_eq!(enter("10.0.0.2").unwrap_err(), Full::House);
        drop(first);
        let fourth = enter("2001:db8::ffff:2").unwrap();
        drop(second);
        assert_eq!(enter("2001:db8::3").unwrap_err(), Full::Address);
        drop((third, fourth));
        assert!(admission.state.lock().unwrap().by_address.is_empty());
    }
}
