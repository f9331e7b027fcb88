//! Coloured characters in a grid, drawn where the last ones were.

use std::fmt::Write;

/// A terminal's colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Color {
    /// Dark grey.
    Dim,
    /// As the terminal has it.
    #[default]
    Plain,
    /// Red.
    Red,
    /// Green.
    Green,
    /// Yellow.
    Yellow,
    /// Blue.
    Blue,
    /// Magenta.
    Magenta,
    /// Cyan.
    Cyan,
}

impl Color {
    fn code(self) -> u8 {
        match self {
            Self::Plain => 0,
            Self::Red => 91,
            Self::Green => 92,
            Self::Yellow => 93,
            Self::Blue => 94,
            Self::Magenta => 95,
            Self::Cyan => 96,
            Self::Dim => 90,
        }
    }
}

/// A picture of characters with lines of text below.
#[derive(Clone, Debug)]
pub struct Canvas {
    width: usize,
    height: usize,
    cells: Vec<(char, Color)>,
    lines: Vec<(String, Color)>,
}

impl Canvas {
    pub(super) fn new(width: usize, height: usize) -> Self {
        Self { width, height, cells: vec![(' ', Color::Plain); width * height], lines: Vec::new() }
    }

    pub(super) fn clear(&mut self) {
        self.cells.fill((' ', Color::Plain));
        self.lines.clear();
    }

    /// Puts a character at a place, both axes from 0 to 1; outside it is not seen.
    pub fn put(&mut self, x: f32, y: f32, letter: char, color: Color) {
        let column = (x * self.width as f32).floor();
        let row = (y * self.height as f32).floor();
        let is_inside =
            (0.0..self.width as f32).contains(&column) && (0.0..self.height as f32).contains(&row);
        // What moves the terminal's cursor is no picture.
        if is_inside && !letter.is_control() {
            self.cells[row as usize * self.width + column as usize] = (letter, color);
        }
    }

    /// Fills a box, from one corner to the other.
    pub fn fill(&mut self, from: [f32; 2], to: [f32; 2], letter: char, color: Color) {
        let (width, height) = (self.width as f32, self.height as f32);
        let columns = (from[0] * width).round() as i32..((to[0] * width).round() as i32).max(1);
        for row in (from[1] * height).round() as i32..((to[1] * height).round() as i32).max(1) {
            for column in columns.clone() {
                let x = (column as f32 + 0.5) / width;
                self.put(x, (row as f32 + 0.5) / height, letter, color);
            }
        }
    }

    /// Adds a line of text below the picture.
    pub fn line(&mut self, text: &str, color: Color) {
        let text = text.chars().filter(|letter| !letter.is_control()).collect();
        self.lines.push((text, color));
    }

    /// The last two lines of text in one.
    pub(super) fn last_lines(&self) -> String {
        let last = self.lines.len().saturating_sub(2);
        let texts: Vec<&str> = self.lines[last..].iter().map(|(text, _)| text.as_str()).collect();
        texts.join("   ")
    }

    /// The picture as a terminal draws it, from its top left corner.
    pub(super) fn render(&self) -> String {
        let mut out = String::from("\x1b[H");
        let edge = "─".repeat(self.width);
        let _ = writeln!(out, "\x1b[90m┌{edge}┐\x1b[0m\x1b[K");
        for row in self.cells.chunks(self.width) {
            out.push_str("\x1b[90m│");
            let mut now = Color::Dim;
            for (letter, color) in row {
                if *color != now && *letter != ' ' {
                    let _ = write!(out, "\x1b[{}m", color.code());
                    now = *color;
                }
                out.push(*letter);
            }
            out.push_str("\x1b[90m│\x1b[0m\x1b[K\n");
        }
        let _ = writeln!(out, "\x1b[90m└{edge}┘\x1b[0m\x1b[K");
        for (text, color) in &self.lines {
            let _ = writeln!(out, "\x1b[{}m{text}\x1b[0m\x1b[K", color.code());
        }
        out.push_str("\x1b[J");
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_outside_or_moves_the_cursor_is_not_drawn() {
        let mut canvas = Canvas::new(4, 2);
        canvas.put(0.99, 0.99, '@', Color::Red);
        canvas.put(1.0, 0.0, '!', Color::Red);
        canvas.put(-0.1, f32::NAN, '!', Color::Red);
        canvas.put(0.0, 0.0, '\x1b', Color::Red);
        canvas.fill([0.5, 0.0], [0.75, 0.5], '#', Color::Dim);
        canvas.line("one\x1b[2J\ntwo", Color::Plain);
        let picture = canvas.render();
        assert!(picture.contains('@') && picture.contains('#') && !picture.contains('!'));
        assert!(picture.contains("one[2Jtwo"));
    }
}
