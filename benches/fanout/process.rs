//! The server's process, and what it has used.

use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Of the clock that /proc tells processor time by.
const JIFFIES_PER_SECOND: u64 = 100;

pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

pub(crate) struct Usage {
    pub(crate) cpu: Duration,
    pub(crate) memory_kib: i64,
}

impl Server {
    /// Starts it on these cores (empty: on all) with these settings; what it logs goes to `log`.
    pub(crate) fn start(
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
        for setting in settings {
            command.args(["--set", setting]);
        }
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn()?;
        let mut line = String::new();
        let out = child.stdout.take().ok_or_else(|| io::Error::other("no output"))?;
        let mut out = BufReader::new(out);
        out.read_line(&mut line)?;
        let address = line.trim().rsplit(' ').next().unwrap_or_default().parse()?;
        // Taken until its end: a server that cannot print is another one than is meant.
        std::thread::spawn(move || io::copy(&mut out, &mut io::sink()));
        Ok(Self { child, address })
    }

    pub(crate) fn usage(&self) -> anyhow::Result<Usage> {
        let id = self.child.id();
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat"))?;
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
        let jiffies: u64 = fields[11].parse::<u64>()? + fields[12].parse::<u64>()?;
        let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let memory = line.and_then(|line| line.split_whitespace().next());
        Ok(Usage {
            cpu: Duration::from_millis(jiffies * 1000 / JIFFIES_PER_SECOND),
            memory_kib: memory.ok_or_else(|| io::Error::other("no VmRSS"))?.parse()?,
        })
    }

    /// How many descriptors it has.
    pub(crate) fn descriptors(&self) -> anyhow::Result<usize> {
        Ok(std::fs::read_dir(format!("/proc/{}/fd", self.child.id()))?.count())
    }

    pub(crate) fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Keeps this process on a core.
pub(crate) fn pin_self(core: &str) -> anyhow::Result<()> {
    if !core.is_empty() {
        let id = std::process::id().to_string();
        let done =
            Command::new("taskset").args(["-pc", core, &id]).stdout(Stdio::null()).status()?;
        anyhow::ensure!(done.success(), "taskset failed");
    }
    Ok(())
}
