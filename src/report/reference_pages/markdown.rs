//! Markdown spelling: headings and tables that show a text as it is.

use crate::report::words;
use crate::units::Unit;

/// One line, with nothing in it that Markdown would take for its own.
pub fn prose(text: &str) -> String {
    let line = one_line(text);
    let mut shown = String::new();
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        let tag = |next: &char| next.is_alphabetic() || "/!?".contains(*next);
        match letter {
            '<' if letters.peek().is_some_and(tag) => shown.push_str("&lt;"),
            '|' | '*' | '~' | '[' | ']' | '$' => shown.extend(['\\', letter]),
            _ => shown.push(letter),
        }
    }
    shown
}

/// As [`prose`], with empty lines between paragraphs kept.
pub fn paragraphs(text: &str) -> String {
    let parts = text.split("\n\n").map(prose);
    parts
        .filter(|p| !p.is_empty())
        .collect::<Vec<_>>()
        .join("\n\n")
}

/// A formula or name as written. Inside a table a bar would end the cell even in code.
pub fn code(text: &str) -> String {
    match text.trim() {
        "" => String::new(),
        _ => format!("`{}`", one_line(text).replace('|', "\\|")),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Cells are Markdown already. Columns in which nothing stands are left out; nothing for no rows.
pub fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let filled = |at: usize| {
        rows.iter()
            .any(|row| row.get(at).is_some_and(|c| !c.is_empty()))
    };
    let kept: Vec<usize> = (0..head.len()).filter(|at| filled(*at)).collect();
    let line = |cells: Vec<&str>| format!("| {} |\n", cells.join(" | "));
    let mut text = line(kept.iter().map(|at| head[*at]).collect());
    text.push_str(&format!("|{}\n", "---|".repeat(kept.len())));
    for row in rows {
        let cell = |at: &usize| row.get(*at).map_or("", String::as_str);
        text.push_str(&line(kept.iter().map(cell).collect()));
    }
    text.push('\n');
    text
}

/// A heading and a table below it; nothing for no rows.
pub fn section(title: &str, head: &[&str], rows: &[Vec<String>]) -> String {
    match rows.is_empty() {
        true => String::new(),
        false => format!("## {title}\n\n{}", table(head, rows)),
    }
}

/// A link to the bibliography; `up` leads to the folder of the pages.
pub fn cite(key: &str, up: &str) -> String {
    format!("[{key}]({up}sources.md#{key})")
}

pub fn cites(keys: &[String], up: &str) -> String {
    let keys: Vec<String> = keys.iter().map(|key| cite(key, up)).collect();
    keys.join(", ")
}

/// The unit as people print it; empty for 1.
pub fn unit(unit: &Unit) -> String {
    prose(&unit.pretty())
}

/// What was written, unlike a result: eight digits where a result has four, powers of ten where plain
/// digits would be long.
pub fn exact(value: f64) -> String {
    let value: f64 = format!("{value:.7e}").parse().unwrap_or(value);
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let text = match (-4..7).contains(&exponent) {
        true => format!("{value}"),
        false if digits == "1" => format!("10{}", words::superscript(exponent)),
        false => format!("{digits}×10{}", words::superscript(exponent)),
    };
    text.replace('-', "−")
}

pub fn exact_quantity(value: f64, of: &Unit) -> String {
    format!("{} {}", exact(value), unit(of))
        .trim_end()
        .to_string()
}

/// `"3 parameters"`, `"1 parameter"`.
pub fn count(number: usize, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_stay_as_they_are() {
        assert_eq!(prose("a < b | <i>\n *d*"), "a < b \\| &lt;i> \\*d\\*");
        assert_eq!(exact(28.0 / 75.0), "0.37333333");
        assert_eq!(code("a * b"), "`a * b`");
        assert_eq!(exact(0.1548), "0.1548");
        assert_eq!(exact(23400.0), "23400");
        assert_eq!(exact(-1e-9), "−1×10⁻⁹");
        assert_eq!(exact(1e-9), "10⁻⁹");
    }

    #[test]
    fn a_column_in_which_nothing_stands_is_left_out() {
        let rows = [vec!["1".to_string(), String::new(), "3".to_string()]];
        assert_eq!(
            table(&["a", "b", "c"], &rows),
            "| a | c |\n|---|---|\n| 1 | 3 |\n\n"
        );
    }
}
