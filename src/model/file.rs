//! TOML text → a tree in file order in which every key and value knows its place, and a [`Reader`]
//! that takes tables apart and reports everything that is wrong with them at once.
//!
//! Not known here: what the keys mean.

use std::collections::BTreeSet;
use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::messages::{infinite, wrong_kind};
use crate::diagnostics::{Diagnostic, FileId, Severity, Span, nearest};

/// A value and where it stands.
#[derive(Debug, Clone)]
pub struct Item {
    pub span: Span,
    pub value: Value,
    /// First byte of a string's content (behind its quotes).
    pub content: usize,
}

#[derive(Debug, Clone)]
pub enum Value {
    Text(String),
    Number(f64),
    Truth(bool),
    List(Vec<Item>),
    Table(Table),
    /// A kind of value that no file of ours uses (a date).
    Other(&'static str),
}

#[derive(Debug, Clone)]
pub struct Table {
    pub span: Span,
    /// In file order.
    pub entries: Vec<Entry>,
}

#[derive(Debug, Clone)]
pub struct Entry {
    pub key: String,
    pub key_span: Span,
    pub item: Item,
}

impl Item {
    pub fn kind(&self) -> &'static str {
        match &self.value {
            Value::Text(_) => "a string",
            Value::Number(_) => "a number",
            Value::Truth(_) => "true or false",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
            Value::Other(kind) => kind,
        }
    }

    /// The place of a byte range of this string's content.
    pub fn within(&self, range: Range<usize>) -> Span {
        let end = self.span.range.end;
        let clip = |at: usize| (self.content + at).min(end);
        Span {
            file: self.span.file,
            range: clip(range.start)..clip(range.end),
        }
    }
}

impl Table {
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }
}

/// An error about a place.
pub fn problem(code: &'static str, message: String, span: Span, label: &str) -> Diagnostic {
    Diagnostic {
        severity: Severity::Error,
        code,
        message,
        span: Some(span),
        label: label.to_string(),
        notes: Vec::new(),
        help: None,
    }
}

/// `problem` with a way out.
pub fn problem_with_help(
    code: &'static str,
    message: String,
    span: Span,
    label: &str,
    help: Option<String>,
) -> Diagnostic {
    Diagnostic {
        help,
        ..problem(code, message, span, label)
    }
}

/// "did you mean …" for a name, if anything is near.
pub fn suggestion<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let known: Vec<&str> = known.into_iter().collect();
    let near = nearest(name, known.iter().copied());
    match near.as_slice() {
        [] => None,
        names => Some(format!(
            "did you mean {}?",
            names
                .iter()
                .map(|name| format!("`{name}`"))
                .collect::<Vec<_>>()
                .join(" or ")
        )),
    }
}

/// Parses a whole file. Syntax problems come with their place; what could be read is returned too.
pub fn parse(file: FileId, text: &str) -> (Table, Vec<Diagnostic>) {
    let mut problems = Vec::new();
    if text.trim().is_empty() {
        problems.push(problem_with_help(
            "empty-file",
            "this file is empty".to_string(),
            Span { file, range: 0..0 },
            "nothing here",
            Some("start with `format = 1` and a `title`".to_string()),
        ));
    }
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let range = error.span().unwrap_or(text.len()..text.len());
        problems.push(problem_with_help(
            "toml-syntax",
            format!("this is not valid TOML: {}", error.message()),
            Span { file, range },
            "here",
            syntax_help(error.message()).map(str::to_string),
        ));
    }
    let span = Span {
        file,
        range: 0..text.len(),
    };
    (convert_table(file, text, table.get_ref(), span), problems)
}

/// The way out of the commonest slips of spelling.
fn syntax_help(message: &str) -> Option<&'static str> {
    const SLIPS: [(&str, &str); 8] = [
        (
            "duplicate key",
            "a name stands once in a table: rename one, or join the two",
        ),
        (
            "invalid basic string",
            "close the text with the quotes it began with",
        ),
        (
            "invalid literal string",
            "close the text with the quote it began with",
        ),
        (
            "missing value",
            "write `key = value`; text stands in quotes",
        ),
        (
            "key with no value",
            "write `key = value`; text stands in quotes",
        ),
        (
            "string values must be quoted",
            "put text in quotes; numbers stand bare",
        ),
        ("invalid boolean", "put text in quotes; numbers stand bare"),
        ("unclosed", "close the bracket that was opened"),
    ];
    let slip = SLIPS.iter().find(|(part, _)| message.contains(part));
    slip.map(|(_, way_out)| *way_out)
}

fn convert_table(file: FileId, text: &str, table: &DeTable<'_>, span: Span) -> Table {
    let mut entries: Vec<Entry> = table
        .iter()
        .map(|(key, value)| Entry {
            key: key.get_ref().to_string(),
            key_span: Span {
                file,
                range: key.span(),
            },
            item: convert(file, text, value.get_ref(), value.span()),
        })
        .collect();
    entries.sort_by_key(|entry| entry.key_span.range.start);
    Table { span, entries }
}

fn convert(file: FileId, text: &str, value: &DeValue<'_>, range: Range<usize>) -> Item {
    let span = Span {
        file,
        range: range.clone(),
    };
    let raw = text.get(range.clone()).unwrap_or("");
    let content = range.start + quote_length(raw);
    let value = match value {
        DeValue::String(string) => Value::Text(string.to_string()),
        DeValue::Integer(integer) => {
            i64::from_str_radix(&integer.as_str().replace('_', ""), integer.radix())
                .map_or(Value::Other("an integer that is too large"), |n| {
                    Value::Number(n as f64)
                })
        }
        DeValue::Float(float) => float
            .as_str()
            .replace('_', "")
            .parse::<f64>()
            .map_or(Value::Other("a number that cannot be read"), Value::Number),
        DeValue::Boolean(truth) => Value::Truth(*truth),
        DeValue::Datetime(_) => Value::Other("a date"),
        DeValue::Array(array) => Value::List(
            array
                .iter()
                .map(|item| convert(file, text, item.get_ref(), item.span()))
                .collect(),
        ),
        DeValue::Table(table) => Value::Table(convert_table(file, text, table, span.clone())),
    };
    Item {
        span,
        value,
        content,
    }
}

fn quote_length(raw: &str) -> usize {
    if raw.starts_with("\"\"\"") || raw.starts_with("'''") {
        3 + raw[3..].starts_with('\n') as usize
    } else {
        usize::from(raw.starts_with('"') || raw.starts_with('\''))
    }
}

/// Takes one table apart: remembers which keys were asked for, so that [`Reader::finish`] can refuse
/// the others.
pub struct Reader<'a> {
    pub table: &'a Table,
    /// What people call this table in messages.
    pub what: String,
    /// Where the table is named: the place for "missing key".
    pub name_span: Span,
    asked: BTreeSet<&'static str>,
}

impl<'a> Reader<'a> {
    pub fn new(table: &'a Table, what: impl Into<String>, name_span: Span) -> Self {
        Self {
            table,
            what: what.into(),
            name_span,
            asked: BTreeSet::new(),
        }
    }

    pub fn item(&mut self, key: &'static str) -> Option<&'a Item> {
        self.asked.insert(key);
        self.table.get(key).map(|entry| &entry.item)
    }

    pub fn required(&mut self, key: &'static str, out: &mut Vec<Diagnostic>) -> Option<&'a Item> {
        let found = self.item(key);
        if found.is_none() {
            out.push(problem_with_help(
                "missing-key",
                format!("{} has no `{key}`", self.what),
                self.name_span.clone(),
                "belongs here",
                Some(format!("add `{key} = …`")),
            ));
        }
        found
    }

    pub fn text(
        &mut self,
        key: &'static str,
        out: &mut Vec<Diagnostic>,
    ) -> Option<(&'a str, &'a Item)> {
        let item = self.item(key)?;
        match &item.value {
            Value::Text(text) => Some((text, item)),
            _ => refuse_kind(key, item, "a string", out),
        }
    }

    pub fn required_text(
        &mut self,
        key: &'static str,
        out: &mut Vec<Diagnostic>,
    ) -> Option<(&'a str, &'a Item)> {
        self.required(key, out)?;
        self.text(key, out)
    }

    pub fn number(
        &mut self,
        key: &'static str,
        out: &mut Vec<Diagnostic>,
    ) -> Option<(f64, &'a Item)> {
        let item = self.item(key)?;
        match item.value {
            Value::Number(number) if number.is_finite() => Some((number, item)),
            Value::Number(_) => {
                out.push(infinite(&format!("`{key}`"), item));
                None
            }
            _ => refuse_kind(key, item, "a number", out),
        }
    }

    pub fn required_number(
        &mut self,
        key: &'static str,
        out: &mut Vec<Diagnostic>,
    ) -> Option<(f64, &'a Item)> {
        self.required(key, out)?;
        self.number(key, out)
    }

    pub fn truth(&mut self, key: &'static str, out: &mut Vec<Diagnostic>) -> Option<bool> {
        let item = self.item(key)?;
        match item.value {
            Value::Truth(truth) => Some(truth),
            _ => refuse_kind(key, item, "true or false", out),
        }
    }

    pub fn list(&mut self, key: &'static str, out: &mut Vec<Diagnostic>) -> Option<&'a [Item]> {
        let item = self.item(key)?;
        match &item.value {
            Value::List(items) => Some(items),
            _ => refuse_kind(key, item, "a list", out),
        }
    }

    /// A list of strings.
    pub fn texts(&mut self, key: &'static str, out: &mut Vec<Diagnostic>) -> Vec<(String, Span)> {
        let mut texts = Vec::new();
        for item in self.list(key, out).unwrap_or_default() {
            match &item.value {
                Value::Text(text) => texts.push((text.clone(), item.span.clone())),
                _ => out.push(wrong_kind(&format!("each of `{key}`"), item, "a string")),
            }
        }
        texts
    }

    /// A string, or a list of strings.
    pub fn one_or_more(
        &mut self,
        key: &'static str,
        out: &mut Vec<Diagnostic>,
    ) -> Vec<(String, Span)> {
        match self.item(key) {
            Some(item) => match &item.value {
                Value::Text(text) => vec![(text.clone(), item.span.clone())],
                _ => self.texts(key, out),
            },
            None => Vec::new(),
        }
    }

    pub fn sub(&mut self, key: &'static str, out: &mut Vec<Diagnostic>) -> Option<&'a Table> {
        let item = self.item(key)?;
        match &item.value {
            Value::Table(table) => Some(table),
            _ => refuse_kind(key, item, "a table", out),
        }
    }

    /// Refuses every key that nobody asked for.
    pub fn finish(self, out: &mut Vec<Diagnostic>) {
        for entry in &self.table.entries {
            if !self.asked.contains(entry.key.as_str()) {
                out.push(problem_with_help(
                    "unknown-key",
                    format!("{} has no key `{}`", self.what, entry.key),
                    entry.key_span.clone(),
                    "not known",
                    suggestion(&entry.key, self.asked.iter().copied()).or_else(|| {
                        Some(format!(
                            "known here: {}",
                            self.asked.iter().copied().collect::<Vec<_>>().join(", ")
                        ))
                    }),
                ));
            }
        }
    }
}

fn refuse_kind<T>(key: &str, item: &Item, wanted: &str, out: &mut Vec<Diagnostic>) -> Option<T> {
    out.push(wrong_kind(&format!("`{key}`"), item, wanted));
    None
}
