//! The table, as Markdown.

use std::fmt::{self, Display};

use crate::row::Row;

const HEAD: [&str; 14] = [
    "target",
    "operation",
    "waiting",
    "conns",
    "req/s",
    "× plain",
    "p50 ms",
    "p99 ms",
    "× plain",
    "CPU µs",
    "× plain",
    "scripts",
    "commands",
    "Redis µs",
];

/// Rows, each with its ratios.
pub(crate) struct Table<'a>(pub(crate) &'a [Row]);

impl Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows: Vec<Vec<String>> = self.0.iter().map(cells).collect();
        let mut widths = HEAD.map(|name| name.chars().count());
        for row in &rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        line(f, &HEAD.map(str::to_owned), &widths)?;
        line(f, &widths.map(|width| "-".repeat(width)), &widths)?;
        rows.iter().try_for_each(|row| line(f, row, &widths))
    }
}

/// One row as it comes.
pub(crate) struct Progress<'a>(pub(crate) &'a Row);

impl Display for Progress<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cells: Vec<String> = cells(self.0).into_iter().take(6).collect();
        f.write_str(cells.join("  ").trim_end())
    }
}

fn line(f: &mut fmt::Formatter<'_>, cells: &[String], widths: &[usize]) -> fmt::Result {
    for (column, (cell, width)) in cells.iter().zip(widths).enumerate() {
        let pad = " ".repeat(width - cell.chars().count());
        match column {
            0 | 1 => write!(f, "| {cell}{pad} ")?,
            _ => write!(f, "| {pad}{cell} ")?,
        }
    }
    writeln!(f, "|")
}

fn cells(row: &Row) -> Vec<String> {
    let mut cells = vec![
        row.target.to_owned(),
        row.operation.clone(),
        row.waiting.map_or_else(String::new, |n| grouped(n as f64)),
        row.connections.to_string(),
    ];
    match &row.figures {
        Ok(figures) => {
            let plain = row.plain.as_ref();
            let ratio =
                |own: f64, of: Option<f64>| of.map_or_else(String::new, |of| significant(own / of));
            let redis = figures.redis.as_ref();
            let part = |part: Option<f64>| part.map_or_else(String::new, significant);
            cells.extend([
                grouped(figures.per_second),
                ratio(figures.per_second, plain.map(|plain| plain.per_second)),
                significant(figures.p50_micros / 1e3),
                significant(figures.p99_micros / 1e3),
                ratio(figures.p99_micros, plain.map(|plain| plain.p99_micros)),
                significant(figures.cpu_micros),
                ratio(figures.cpu_micros, plain.map(|plain| plain.cpu_micros)),
                part(redis.map(|redis| redis.scripts)),
                part(redis.map(|redis| redis.commands)),
                part(redis.map(|redis| redis.cpu_micros)),
            ]);
        }
        Err(why) => cells.push(format!("FAILED: {why}")),
    }
    cells.resize(HEAD.len(), String::new());
    cells
}

/// `number` with three significant digits at least.
fn significant(number: f64) -> String {
    match number.abs() {
        0.0 => "0".to_owned(),
        ..0.0001 => "<0.0001".to_owned(),
        ..0.1 => format!("{number:.4}"),
        ..1.0 => format!("{number:.3}"),
        ..10.0 => format!("{number:.2}"),
        ..100.0 => format!("{number:.1}"),
        _ => grouped(number),
    }
}

/// The whole number next to `number`, its digits in groups of three.
fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::{Figures, RedisFigures};

    #[test]
    fn each_row_shows_its_figures_and_their_ratios_to_the_plain_handlers() {
        let plain = Figures {
            per_second: 100_000.0,
            p50_micros: 500.0,
            p99_micros: 1_000.0,
            cpu_micros: 10.0,
            redis: None,
        };
        let figures = Figures {
            per_second: 62_000.0,
            p50_micros: 900.0,
            p99_micros: 1_500.0,
            cpu_micros: 17.0,
            redis: Some(RedisFigures {
                scripts: 0.0,
                commands: 0.00001,
                cpu_micros: 0.25,
            }),
        };
        let good = Row {
            target: "redis",
            operation: "poll".to_owned(),
            waiting: Some(1_000_000),
            connections: 64,
            figures: Ok(figures),
            plain: Some(plain),
        };
        let bad = Row {
            target: "embedded",
            figures: Err("7 were refused".to_owned()),
            ..good.clone()
        };
        let table = Table(&[good, bad]).to_string();
        let lines: Vec<&str> = table.lines().collect();
        let words: Vec<&str> = lines[2].split('|').map(str::trim).collect();
        assert_eq!(
            words[1..15],
            [
                "redis",
                "poll",
                "1,000,000",
                "64",
                "62,000",
                "0.620",
                "0.900",
                "1.50",
                "1.50",
                "17.0",
                "1.70",
                "0",
                "<0.0001",
                "0.250"
            ]
        );
        assert!(lines[3].contains("FAILED: 7 were refused"));
        let width = lines[0].chars().count();
        assert!(lines.iter().all(|line| line.chars().count() == width));
    }
}
