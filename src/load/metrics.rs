//! What a server says of itself: its `/metrics`, read once a second.

use std::collections::BTreeMap;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, TryRecvError};
use std::time::{Duration, Instant};

/// How often it is asked.
const EVERY: Duration = Duration::from_secs(1);
/// And how long it may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// What each server of matches tells.
const ALWAYS_THERE: &str = "tickwire_ticks_skipped_total";
/// When it is asked for the last time it is not waited for any longer than this.
const LAST_WITHIN: Duration = Duration::from_secs(2);

/// Where a server is asked, and as whom.
#[derive(Clone, Debug)]
pub struct Desk {
    /// The address of its metrics.
    pub url: String,
    /// The operator's token.
    pub token: Option<String>,
}

/// All metrics at one time, by name and labels as they are written.
#[derive(Clone, Debug)]
pub struct Reading {
    /// When the answer came.
    pub at: Instant,
    values: BTreeMap<String, f64>,
}

impl Desk {
    /// Asks for the first time: whether this is the right server, and the right operator.
    pub fn first(&self) -> anyhow::Result<Reading> {
        let url = &self.url;
        let reading = self.read().map_err(|error| match error.downcast_ref() {
            Some(ureq::Error::StatusCode(401 | 403)) => anyhow::anyhow!(
                "{url} answers its operator only: give the token of `admin.token` as LOAD_METRICS_TOKEN"
            ),
            _ => error.context(url.clone()),
        })?;
        let is_one = reading.values.contains_key(ALWAYS_THERE);
        anyhow::ensure!(is_one, "{url} has no metrics of a server of matches");
        Ok(reading)
    }

    /// Asks once.
    pub fn read(&self) -> anyhow::Result<Reading> {
        let agent = ureq::Agent::config_builder().timeout_global(Some(PATIENCE)).build();
        let mut request = ureq::Agent::new_with_config(agent).get(&self.url);
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let text = request.call()?.body_mut().read_to_string()?;
        Ok(Reading { at: Instant::now(), values: parse(&text) })
    }
}

fn parse(text: &str) -> BTreeMap<String, f64> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let pair = |line: &str| {
        let (name, value) = line.rsplit_once(' ')?;
        Some((name.to_owned(), value.parse().ok()?))
    };
    lines.filter_map(pair).collect()
}

impl Reading {
    /// A value; 0 if there is none of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> f64 {
        self.values.get(name).copied().unwrap_or(0.0)
    }

    /// How much a value grew since an earlier reading.
    #[must_use]
    pub fn since(&self, before: &Self, name: &str) -> f64 {
        self.get(name) - before.get(name)
    }

    /// The share of what a histogram took up since an earlier reading was within this; evenly spread
    /// within each bucket. None if there was nothing.
    #[must_use]
    pub fn quantile(&self, before: &Self, name: &str, share: f64) -> Option<f64> {
        let prefix = format!("{name}_bucket{{le=\"");
        let mut buckets: Vec<(f64, f64)> = self
            .values
            .iter()
            .filter_map(|(key, count)| {
                let bound = key.strip_prefix(&prefix)?.strip_suffix("\"}")?;
                let bound = if bound == "+Inf" { f64::INFINITY } else { bound.parse().ok()? };
                Some((bound, count - before.get(key)))
            })
            .collect();
        buckets.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        let all = buckets.last().map(|(_, count)| *count).filter(|all| *all > 0.0)?;
        let (mut low, mut under) = (0.0, 0.0);
        for (bound, count) in buckets {
            if count >= share * all {
                let within = (share * all - under) / (count - under).max(f64::MIN_POSITIVE);
                return Some(if bound.is_finite() { low + (bound - low) * within } else { low });
            }
            (low, under) = (bound, count);
        }
        None
    }
}

/// Asks a server every second, in a thread of its own, which ends some time after this.
pub struct Probe {
    stop: Sender<()>,
    said: Receiver<Reading>,
}

impl Probe {
    /// Begins to ask.
    #[must_use]
    pub fn start(desk: Desk) -> Self {
        let (stop, stopped): (_, Receiver<()>) = mpsc::channel();
        let (say, said) = mpsc::channel();
        std::thread::spawn(move || {
            loop {
                let is_over =
                    stopped.recv_timeout(Duration::ZERO) != Err(RecvTimeoutError::Timeout);
                // A server that does not answer leaves a gap, which is seen.
                let is_heard = desk.read().ok().is_none_or(|reading| say.send(reading).is_ok());
                if is_over || !is_heard {
                    return;
                }
                // Woken by the end, whatever that is.
                let _ = stopped.recv_timeout(EVERY);
            }
        });
        Self { stop, said }
    }

    /// Asks once more; does not wait for the answer.
    #[must_use]
    pub fn stop(self) -> LastWord {
        drop(self.stop);
        LastWord { said: self.said, readings: Vec::new(), until: Instant::now() + LAST_WITHIN }
    }
}

/// What a server that was asked for the last time has still to say.
pub struct LastWord {
    said: Receiver<Reading>,
    readings: Vec<Reading>,
    until: Instant,
}

impl LastWord {
    /// Whether all was said, or took too long.
    pub fn is_over(&mut self) -> bool {
        loop {
            match self.said.try_recv() {
                Ok(reading) => self.readings.push(reading),
                Err(TryRecvError::Empty) => return Instant::now() >= self.until,
                Err(TryRecvError::Disconnected) => return true,
            }
        }
    }

    /// All that was said.
    #[must_use]
    pub fn readings(self) -> Vec<Reading> {
        self.readings
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    const BEFORE: &str = "# TYPE t histogram\nt_bucket{le=\"0.01\"} 5\nt_bucket{le=\"0.02\"} 5\n\
        t_bucket{le=\"+Inf\"} 5\nskipped_total 2\n# EOF\n";
    const AFTER: &str = "t_bucket{le=\"0.01\"} 55\nt_bucket{le=\"0.02\"} 104\n\
        t_bucket{le=\"+Inf\"} 105\nskipped_total 9\n";

    fn reading(text: &str) -> Reading {
        Reading { at: Instant::now(), values: parse(text) }
    }

    #[test]
    fn what_grew_between_two_readings_counts() {
        let (before, after) = (reading(BEFORE), reading(AFTER));
        assert!((after.since(&before, "skipped_total") - 7.0).abs() < f64::EPSILON);
        let at = |share| after.quantile(&before, "t", share).unwrap();
        assert!((at(0.25) - 0.005).abs() < 1e-9, "half of the first bucket: {}", at(0.25));
        assert!((at(0.99) - 0.02).abs() < 1e-9);
        assert!((at(1.0) - 0.02).abs() < 1e-9, "beyond the last bound nothing is known");
        assert_eq!(after.quantile(&after, "t", 0.5), None, "nothing happened in between");
        assert_eq!(after.quantile(&before, "u", 0.5), None);
    }

    /// What is said of a server that gives this answer.
    fn first(answer: &'static str) -> String {
        let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/metrics", server.local_addr().unwrap());
        let answering = std::thread::spawn(move || {
            let (mut asks, _) = server.accept().unwrap();
            // All that is asked comes at once.
            let _ = asks.read(&mut [0; 4096]).unwrap();
            asks.write_all(answer.as_bytes()).unwrap();
        });
        let first = Desk { url, token: None }.first().map_err(|error| format!("{error:#}"));
        answering.join().unwrap();
        first.map_or_else(|error| error, |reading| format!("{:?}", reading.values))
    }

    #[test]
    fn a_server_is_the_right_one_or_it_is_said_what_is_wrong() {
        let said = first("HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n");
        assert!(said.contains("/metrics answers its operator only") && said.contains("LOAD_"));
        let said = first("HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nWelcome!");
        assert!(said.ends_with("/metrics has no metrics of a server of matches"), "{said}");
        let said =
            first("HTTP/1.1 200 OK\r\ncontent-length: 31\r\n\r\ntickwire_ticks_skipped_total 0\n");
        assert!(said.contains("\"tickwire_ticks_skipped_total\": 0"), "{said}");
        let said = first("HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n");
        assert!(said.contains("/metrics") && said.contains("500"), "{said}");
    }

    #[test]
    fn a_server_that_does_not_answer_holds_nobody_up() {
        let mute = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/metrics", mute.local_addr().unwrap());
        let probe = Probe::start(Desk { url, token: None });
        let (asks, _) = mute.accept().unwrap();
        let mut last = probe.stop();
        assert!(!last.is_over(), "it has not answered, and may still");
        last.until = Instant::now();
        assert!(last.is_over() && last.readings().is_empty());
        drop(asks);
    }
}
