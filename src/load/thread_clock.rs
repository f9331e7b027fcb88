//! What the load itself uses of the processor, thread by thread.

use crate::host::processor_time;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

/// The processor clock of one thread, which others can read.
#[derive(Debug)]
pub(super) struct ThreadClock(PathBuf);

impl ThreadClock {
    /// That of the calling thread; none where the system does not say.
    pub(super) fn own() -> Option<Self> {
        let own = fs::read_link("/proc/thread-self").ok()?;
        Some(Self(PathBuf::from("/proc").join(own)))
    }

    /// How long it has run; nothing once it is gone.
    pub(super) fn ran(&self) -> Duration {
        self.exactly().or_else(|| self.roughly()).unwrap_or_default()
    }

    /// To the nanosecond, where the system counts that.
    fn exactly(&self) -> Option<Duration> {
        let said = fs::read_to_string(self.0.join("schedstat")).ok()?;
        let ran = said.split(' ').next()?.parse().ok()?;
        Some(Duration::from_nanos(ran)).filter(|ran| !ran.is_zero())
    }

    fn roughly(&self) -> Option<Duration> {
        let stat = fs::read_to_string(self.0.join("stat")).ok()?;
        processor_time(&stat)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORK: Duration = Duration::from_millis(60);

    #[test]
    fn a_thread_s_clock_counts_that_thread_and_no_other() {
        let own = ThreadClock::own().unwrap();
        let before = own.ran();
        // Another one works while this one waits for it.
        let other = std::thread::spawn(|| {
            let clock = ThreadClock::own().unwrap();
            while clock.roughly().unwrap() < WORK || clock.ran() < WORK {
                std::hint::spin_loop();
            }
            clock
        });
        let other = other.join().unwrap();
        assert!(own.ran() - before < WORK);
        assert_eq!(other.ran(), Duration::ZERO, "it is gone");
    }
}
