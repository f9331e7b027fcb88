//! A road between a client and its server, one way: long, uneven, now and then blocked. What goes in
//! comes out later, all of it and in order, as TCP would have it.

use crate::sim::Random;
use bytes::Bytes;
use std::collections::VecDeque;
use std::time::Duration;

/// A blocked road is so every so often, on average.
const STALL_EVERY: Duration = Duration::from_secs(10);

/// How bad a network is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weather {
    /// What it adds to a round trip; half of it each way.
    pub latency: Duration,
    /// Each packet takes up to so much longer.
    pub jitter: Duration,
    /// Now and then nothing gets through for so long.
    pub stall: Duration,
}

impl Weather {
    /// Whether it is as if it were not there.
    #[must_use]
    pub fn is_fine(&self) -> bool {
        *self == Self::default()
    }
}

/// One direction of one connection.
#[derive(Debug)]
pub struct Road {
    weather: Weather,
    random: Random,
    under_way: VecDeque<(Duration, Bytes)>,
    bytes: usize,
    /// Nothing arrives before.
    clear_at: Duration,
    next_stall: Duration,
}

impl Road {
    /// A road that is open from now on.
    #[must_use]
    pub fn new(weather: Weather, seed: u64, now: Duration) -> Self {
        let mut road = Self {
            weather,
            random: Random::from_seed(seed),
            under_way: VecDeque::new(),
            bytes: 0,
            clear_at: now,
            next_stall: now,
        };
        road.next_stall = now + road.pause();
        road
    }

    /// Sends a packet on its way.
    pub fn send(&mut self, packet: Bytes, now: Duration) {
        while !self.weather.stall.is_zero() && now >= self.next_stall {
            self.clear_at = self.clear_at.max(self.next_stall + self.weather.stall);
            let pause = self.pause();
            self.next_stall += self.weather.stall + pause;
        }
        let slower = self.weather.jitter.mul_f32(self.random.unit());
        let arrives = (now + self.weather.latency / 2 + slower).max(self.clear_at);
        // What comes behind waits for it.
        self.clear_at = arrives;
        self.bytes += packet.len();
        self.under_way.push_back((arrives, packet));
    }

    /// What has arrived by now, one packet after the other.
    pub fn arrived(&mut self, now: Duration) -> Option<Bytes> {
        self.under_way.pop_front_if(|(arrives, _)| *arrives <= now).map(|(_, packet)| {
            self.bytes -= packet.len();
            packet
        })
    }

    /// When the next packet arrives.
    #[must_use]
    pub fn due(&self) -> Option<Duration> {
        self.under_way.front().map(|(arrives, _)| *arrives)
    }

    /// How many bytes are under way.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    fn pause(&mut self) -> Duration {
        STALL_EVERY.mul_f32(self.random.between(0.5, 1.5))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    /// Sends a packet every 10 ms for so long; when each left, arrived, and its number.
    fn travel(weather: Weather, for_ms: u64) -> Vec<(u64, u64, u64)> {
        let mut road = Road::new(weather, 7, MS(0));
        let mut arrived = Vec::new();
        for now in 0..for_ms + 60_000 {
            if now % 10 == 0 && now < for_ms {
                road.send(Bytes::copy_from_slice(&now.to_le_bytes()), MS(now));
            }
            while let Some(packet) = road.arrived(MS(now)) {
                let left = u64::from_le_bytes(*packet.first_chunk().unwrap());
                arrived.push((left, now, arrived.len() as u64));
            }
        }
        assert_eq!((road.bytes(), road.due()), (0, None));
        arrived
    }

    #[test]
    fn everything_arrives_in_order_and_as_late_as_the_weather_says() {
        let weather = Weather { latency: MS(100), jitter: MS(30), stall: MS(0) };
        let arrived = travel(weather, 20_000);
        assert_eq!(arrived.len(), 2000);
        for (left, at, number) in &arrived {
            assert_eq!(*left, number * 10, "in order");
            assert!((50..=81).contains(&(at - left)), "{left} arrived at {at}");
        }
        let late = arrived.iter().map(|(left, at, _)| at - left).max();
        assert!(late > Some(75), "the jitter is used: {late:?}");
    }

    #[test]
    fn a_blocked_road_lets_all_through_at_once_afterwards() {
        let weather = Weather { latency: MS(0), jitter: MS(0), stall: MS(2000) };
        let arrived = travel(weather, 60_000);
        assert_eq!(arrived.len(), 6000);
        let late: Vec<_> = arrived.iter().filter(|(left, at, _)| at - left > 1).collect();
        let longest = arrived.iter().map(|(left, at, _)| at - left).max().unwrap();
        assert!((1900..=2000).contains(&longest), "{longest}");
        // Four to eight blocks of 200 packets each.
        assert!((600..2000).contains(&late.len()), "{}", late.len());
    }
}
