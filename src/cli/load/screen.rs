//! A run as it goes on: a few lines that are drawn again where there is a terminal, else one now and
//! then.

use crate::cli::say;
use crate::load::{Progress, Second, plain};
use std::collections::VecDeque;
use std::io::{IsTerminal, Write};

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const WIDTH: usize = 48;
/// Where there is no terminal one line in so many seconds is enough.
const SAID_EVERY: u64 = 5;
const LINES: usize = 7;
/// Figures before their bars.
const ROOM: usize = 48;

/// Where progress is shown.
pub(super) struct Screen {
    is_terminal: bool,
    has_drawn: bool,
    phase: &'static str,
    gaps: VecDeque<f64>,
    visible: VecDeque<f64>,
}

impl Screen {
    pub(super) fn new() -> Self {
        Self {
            is_terminal: std::io::stdout().is_terminal(),
            has_drawn: false,
            phase: "",
            gaps: VecDeque::new(),
            visible: VecDeque::new(),
        }
    }

    pub(super) fn show(&mut self, progress: &Progress) {
        let second = &progress.second;
        keep(&mut self.gaps, if second.acks > 0 { second.ack_p99 } else { second.gap_p99 });
        keep(&mut self.visible, second.visible_p99);
        if self.is_terminal {
            self.draw(progress);
        } else if self.phase != progress.phase || second.at.is_multiple_of(SAID_EVERY) {
            say(&format!(
                "{:>4} s  {:<13} {} of {} play in {} matches   {} {}   seen after p99 {:.1} ms   {} packets",
                second.at,
                progress.phase,
                second.playing,
                progress.players,
                progress.matches,
                if second.acks > 0 { "answer" } else { "gap" },
                times(second),
                second.visible_p99,
                second.packets,
            ));
            if let Some(why) = &progress.refusal {
                say(&format!("        refused: {}", plain(why)));
            }
        }
        self.phase = progress.phase;
    }

    fn draw(&mut self, progress: &Progress) {
        let second = &progress.second;
        let named = if second.acks > 0 { "answer after" } else { "packet gap" };
        let filled = (progress.done.clamp(0.0, 1.0) * WIDTH as f64) as usize;
        let lines = [
            format!(
                "{:<13} {}{}  {} s",
                progress.phase,
                "█".repeat(filled),
                "·".repeat(WIDTH - filled),
                second.at
            ),
            format!(
                "players       {} of {} in {} matches, {} packets a second",
                second.playing, progress.players, progress.matches, second.packets
            ),
            format!("{:<ROOM$}  {}", format!("{named:<13} {}", times(second)), line(&self.gaps)),
            format!(
                "{:<ROOM$}  {}",
                format!("seen after    p99 {:.1} ms", second.visible_p99),
                line(&self.visible)
            ),
            format!(
                "bytes         {:.1} kB/s in, {:.1} kB/s out",
                second.bytes_in as f64 / 1e3,
                second.bytes_out as f64 / 1e3
            ),
            format!("own lateness  p99 {:.1} ms", second.own_late_p99),
            progress
                .refusal
                .as_ref()
                .map_or_else(String::new, |why| format!("refused       {}", plain(why))),
        ];
        // What is too long for the terminal is cut, so that lines stay as many as they are.
        let mut out = String::from("\x1b[?7l");
        if self.has_drawn {
            out.push_str(&format!("\x1b[{LINES}A"));
        }
        for line in lines {
            out.push_str(&format!("\x1b[2K{line}\n"));
        }
        out.push_str("\x1b[?7h");
        self.has_drawn = true;
        let mut stdout = std::io::stdout().lock();
        // A terminal that is gone is no reason to stop.
        let _ = stdout.write_all(out.as_bytes()).and_then(|()| stdout.flush());
    }

    /// Takes away what was drawn.
    pub(super) fn clear(&mut self) {
        if std::mem::take(&mut self.has_drawn) {
            let mut stdout = std::io::stdout().lock();
            let _ = write!(stdout, "\x1b[{LINES}A\x1b[0J");
        }
    }
}

/// How long players waited in a second: for packets, or for answers where there are no packets.
fn times(second: &Second) -> String {
    if second.acks > 0 {
        format!("p99 {:.1} ms", second.ack_p99)
    } else if second.packets == 0 {
        "– nothing came".into()
    } else {
        let Second { gap_p50, gap_p99, gap_max, .. } = second;
        format!("p50 {gap_p50:.1} p99 {gap_p99:.1} max {gap_max:.1} ms")
    }
}

fn keep(values: &mut VecDeque<f64>, value: f64) {
    if values.len() == WIDTH {
        values.pop_front();
    }
    values.push_back(value);
}

/// Values as bars, the highest as the highest.
fn line(values: &VecDeque<f64>) -> String {
    let most = values.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    let bar = |value: &f64| BARS[((value / most * 7.0).round() as usize).min(7)];
    values.iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_as_high_as_its_values() {
        let mut values = VecDeque::new();
        (0..100).for_each(|value| keep(&mut values, f64::from(value)));
        let drawn = line(&values);
        assert_eq!(drawn.chars().count(), WIDTH);
        assert!(drawn.starts_with('▅') && drawn.ends_with('█'), "{drawn}");
        assert_eq!(line(&VecDeque::from([0.0, 0.0])), "▁▁");
    }
}
