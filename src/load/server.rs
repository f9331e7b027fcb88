//! A server in a process of its own, to be put under load.

use super::metrics::Desk;
use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::num::ParseIntError;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Of the clock that /proc tells processor time by.
pub(super) const JIFFIES_PER_SECOND: u64 = 100;
/// What the server says when it starts is no longer.
const LINES_MOST: usize = 8;
/// It listens to this machine only, so this keeps nobody out; it must be there.
const TOKEN: &str = "the load is its own operator";

/// The process.
pub struct Server {
    child: Child,
    /// Where players find it.
    pub address: SocketAddr,
    /// Where its operator does.
    pub desk: Desk,
}

/// What a process has used.
pub struct Usage {
    /// Processor time.
    pub cpu: Duration,
    /// Resident memory.
    pub memory_kib: i64,
}

impl Server {
    /// Starts it on these cores (empty: on all) with these settings; what it logs goes to `log`.
    pub fn start(
        program: &Path,
        cores: &str,
        settings: &[&str],
        log: Stdio,
    ) -> anyhow::Result<Self> {
        let mut command =
            if cores.is_empty() { Command::new(program) } else { Command::new("taskset") };
        if !cores.is_empty() {
            command.args(["-c", cores]).arg(program);
        }
        command.args(["serve", "--listen", "127.0.0.1:0"]);
        let admin = format!("admin={{listen=\"127.0.0.1:0\",token=\"{TOKEN}\"}}");
        for setting in settings.iter().chain([&&*admin]) {
            command.args(["--set", setting]);
        }
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn()?;
        let out = child.stdout.take().ok_or_else(|| io::Error::other("no output"))?;
        let mut out = BufReader::new(out);
        let (mut address, mut desk) = (None::<SocketAddr>, None::<SocketAddr>);
        for _ in 0..LINES_MOST {
            let mut line = String::new();
            if desk.is_some() || out.read_line(&mut line)? == 0 {
                break;
            }
            let words: Vec<&str> = line.split_whitespace().collect();
            match &words[..] {
                [.., "hosted", "at", at] => address = at.parse().ok(),
                ["operators", at, ..] => desk = at.trim_start_matches("http://").parse().ok(),
                _ => {}
            }
        }
        let Some((address, desk)) = address.zip(desk) else {
            let _ = child.kill();
            anyhow::bail!("{} did not start: {}", program.display(), child.wait()?);
        };
        // Taken until its end: a server that cannot print is another one than is meant.
        std::thread::spawn(move || io::copy(&mut out, &mut io::sink()));
        let desk = Desk { url: format!("http://{desk}/metrics"), token: Some(TOKEN.into()) };
        Ok(Self { child, address, desk })
    }

    /// What it has used so far.
    pub fn usage(&self) -> anyhow::Result<Usage> {
        usage(self.child.id())
    }

    /// How many descriptors it has.
    pub fn descriptors(&self) -> anyhow::Result<usize> {
        Ok(std::fs::read_dir(format!("/proc/{}/fd", self.child.id()))?.count())
    }

    /// Whether it runs.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a process has used so far.
pub fn usage(id: u32) -> anyhow::Result<Usage> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat"))?;
    let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let memory = line.and_then(|line| line.split_whitespace().next());
    Ok(Usage {
        cpu: Duration::from_millis(jiffies(&stat)? * 1000 / JIFFIES_PER_SECOND),
        memory_kib: memory.ok_or_else(|| io::Error::other("no VmRSS"))?.parse()?,
    })
}

/// The processor time in what /proc says of a process or a thread.
pub(super) fn jiffies(stat: &str) -> Result<u64, ParseIntError> {
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    let field = |at: usize| fields.get(at).copied().unwrap_or_default().parse::<u64>();
    Ok(field(11)? + field(12)?)
}

/// Keeps this process on a core; empty: on any.
pub fn pin_self(core: &str) -> anyhow::Result<()> {
    if !core.is_empty() {
        let id = std::process::id().to_string();
        let done =
            Command::new("taskset").args(["-pc", core, &id]).stdout(Stdio::null()).status()?;
        anyhow::ensure!(done.success(), "taskset failed");
    }
    Ok(())
}
