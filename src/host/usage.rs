//! What a process has used, where the system tells it: in /proc.

use std::io;
use std::path::Path;
use std::time::Duration;

/// Where `stat` has what, behind the process's name; and in what.
const STAT_USER: usize = 11;
const STAT_SYSTEM: usize = 12;
const JIFFIES_PER_SECOND: u64 = 100;

/// What a process has used so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Processor time.
    pub cpu: Duration,
    /// Resident memory.
    pub memory_kib: u64,
    /// Open descriptors.
    pub descriptors: u64,
}

impl Usage {
    /// Of this process.
    pub fn own() -> io::Result<Self> {
        Self::read(Path::new("/proc/self"))
    }

    /// Of the process with this id.
    pub fn of(process: u32) -> io::Result<Self> {
        Self::read(&Path::new("/proc").join(process.to_string()))
    }

    fn read(folder: &Path) -> io::Result<Self> {
        let stat = std::fs::read_to_string(folder.join("stat"))?;
        let status = std::fs::read_to_string(folder.join("status"))?;
        let usage = processor_time(&stat).zip(memory(&status));
        let (cpu, memory_kib) =
            usage.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "/proc"))?;
        let descriptors = std::fs::read_dir(folder.join("fd"))?.count() as u64;
        Ok(Self { cpu, memory_kib, descriptors })
    }
}

/// The processor time in what /proc says of a process or a thread.
pub fn processor_time(stat: &str) -> Option<Duration> {
    // A name may have anything in it, brackets and spaces too.
    let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
    let field = |at: usize| fields.get(at)?.parse::<u64>().ok();
    let jiffies = field(STAT_USER)? + field(STAT_SYSTEM)?;
    Some(Duration::from_millis(jiffies * 1000 / JIFFIES_PER_SECOND))
}

fn memory(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_read_whatever_its_name_is() {
        let stat = "7 (a ) b) S 1 7 7 0 -1 4194560 100 0 0 0 150 25 0 0 20 0 1 0 100 1 1";
        assert_eq!(processor_time(stat), Some(Duration::from_millis(1750)));
        assert_eq!(processor_time("7 (a"), None);
        assert_eq!(memory("Name:\ta\nVmRSS:\t    1234 kB\n"), Some(1234));
        assert_eq!(memory("Name:\ta\n"), None);
    }

    #[test]
    fn this_process_has_memory_and_descriptors() {
        let usage = Usage::own().unwrap();
        assert!(usage.memory_kib > 1000 && usage.descriptors > 2, "{usage:?}");
        let same = Usage::of(std::process::id()).unwrap();
        assert!(same.cpu >= usage.cpu, "{same:?}");
    }
}
