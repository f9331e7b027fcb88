//! A server in a process of its own, to be put under load.

use super::metrics::Desk;
use crate::host::Usage;
use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// What the server says when it starts is no longer.
const LINES_MOST: usize = 8;
/// Settings by environment have names that begin so.
const VARIABLES: &str = "TICKWIRE_";
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
        command.args(["serve", "--until-input-ends", "--listen", "127.0.0.1:0"]);
        // What is set for another server is not meant for this one.
        let set = std::env::vars_os().map(|(name, _)| name);
        for name in set.filter(|name| name.to_string_lossy().starts_with(VARIABLES)) {
            command.env_remove(name);
        }
        let admin = format!("admin={{listen=\"127.0.0.1:0\",token=\"{TOKEN}\"}}");
        for setting in settings.iter().chain([&&*admin]) {
            command.args(["--set", setting]);
        }
        // Whatever ends this process ends its server; who interrupts this one wants to know first what
        // came of it.
        command.stdin(Stdio::piped()).process_group(0);
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
    pub fn usage(&self) -> io::Result<Usage> {
        Usage::of(self.child.id())
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
