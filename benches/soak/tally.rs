//! What happened, counted; and what must not have happened.

use std::collections::BTreeMap;
use std::fmt;

/// So many of what went wrong are told one by one.
const TOLD_MOST: u64 = 20;

/// How often, by code.
#[derive(Debug, Default)]
pub(crate) struct ByCode(BTreeMap<u16, u64>);

impl ByCode {
    pub(crate) fn note(&mut self, code: u16) {
        *self.0.entry(code).or_default() += 1;
    }
}

impl fmt::Display for ByCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.values().sum::<u64>())?;
        for (number, (code, count)) in self.0.iter().enumerate() {
            write!(f, "{}{code}: {count}", if number == 0 { " (" } else { ", " })?;
        }
        f.write_str(if self.0.is_empty() { "" } else { ")" })
    }
}

/// All that is counted. A code of 0 is an end without a closing frame.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) joins: u64,
    pub(crate) spectators: u64,
    pub(crate) joins_refused: ByCode,
    pub(crate) matches_ended: ByCode,
    pub(crate) leaves: u64,
    pub(crate) losses: u64,
    /// Came back to their socket and their seat.
    pub(crate) came_back: u64,
    /// Came back to their socket, but not to their seat.
    pub(crate) came_back_refused: ByCode,
    /// Came back too late, or too early: the socket was another one.
    pub(crate) came_back_new: u64,
    pub(crate) stalls: u64,
    pub(crate) greedy_stalls: u64,
    pub(crate) stalls_cut: ByCode,
    pub(crate) keyframes_asked: u64,
    pub(crate) odd_inputs: u64,
    /// Lies and goodbyes, by what they were.
    pub(crate) deeds: BTreeMap<&'static str, ByCode>,
    pub(crate) keyframes: u64,
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
    pub(crate) wrongs: BTreeMap<&'static str, u64>,
}

impl Tally {
    /// Something happened that must not.
    pub(crate) fn wrong(&mut self, what: &'static str, about: &dyn fmt::Display) {
        let count = self.wrongs.entry(what).or_default();
        *count += 1;
        if *count <= TOLD_MOST {
            eprintln!("WRONG: {what}: {about}");
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "joins            {} ({} as spectators)", self.joins, self.spectators)?;
        writeln!(f, "joins refused    {}", self.joins_refused)?;
        writeln!(f, "leaves           {}", self.leaves)?;
        writeln!(f, "out of matches   {}", self.matches_ended)?;
        writeln!(f, "connections lost {}", self.losses)?;
        writeln!(
            f,
            "come-backs       {} to their seats, refused {}, as new sockets {}",
            self.came_back, self.came_back_refused, self.came_back_new
        )?;
        writeln!(
            f,
            "stalls           {} ({} greedy), cut {}",
            self.stalls, self.greedy_stalls, self.stalls_cut
        )?;
        writeln!(
            f,
            "keyframes        {} asked for, {} came",
            self.keyframes_asked, self.keyframes
        )?;
        writeln!(f, "odd inputs       {}", self.odd_inputs)?;
        writeln!(f, "packets          {}, {} MB", self.packets, self.bytes / 1_000_000)?;
        for (deed, ends) in &self.deeds {
            writeln!(f, "{deed:16} {ends}")?;
        }
        for (what, count) in &self.wrongs {
            writeln!(f, "WRONG: {what}: {count}")?;
        }
        Ok(())
    }
}
