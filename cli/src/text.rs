//! Numbers and tables as people read them.

use std::io::{self, Write};

/// A whole number with commas: 1,016,880.
pub fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Where a column's cells stand.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Align {
    Left,
    Right,
}

/// Writes rows in columns as wide as their widest cells, two spaces apart, each line after `indent`.
pub fn table(out: &mut dyn Write, indent: &str, columns: &[Align], rows: &[Vec<String>]) -> io::Result<()> {
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    for row in rows {
        let mut line = String::from(indent);
        for ((cell, align), width) in row.iter().zip(columns).zip(&widths) {
            let padding = " ".repeat(width - cell.chars().count());
            match align {
                Align::Left => line.extend([cell, padding.as_str(), "  "]),
                Align::Right => line.extend([padding.as_str(), cell, "  "]),
            }
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_stand_before_each_three_digits() {
        for (number, text) in
            [(0, "0"), (999, "999"), (1_000, "1,000"), (74_048, "74,048"), (1_016_880, "1,016,880")]
        {
            assert_eq!(thousands(number), text);
        }
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cells() {
        let rows = [["a", "1"], ["bcd", "10"]].map(|row| row.map(str::to_owned).to_vec());
        let mut text = Vec::new();
        table(&mut text, "  ", &[Align::Left, Align::Right], &rows).expect("memory takes all text");
        assert_eq!(String::from_utf8_lossy(&text), "  a     1\n  bcd  10\n");
    }
}
