//! A message about someone's file: place, problem, reason, way out.
//!
//! In: what a stage found wrong, with byte spans. Out: text for a terminal (annotate-snippets) or
//! JSON. All problems of a file are collected and shown in file order.
//!
//! Start reading at [`Diagnostic`].

use std::ops::Range;
use std::path::PathBuf;

/// Which file of a [`Sources`] a span points into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A stretch of bytes in a file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Span {
    pub file: FileId,
    pub range: Range<usize>,
}

/// The texts that spans point into.
#[derive(Debug, Default, Clone)]
pub struct Sources {
    pub files: Vec<SourceFile>,
}

/// One file as it was read. `path` is shown to people as given on the command line.
#[derive(Debug, Clone)]
pub struct SourceFile {
    pub path: PathBuf,
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    Error,
    Warning,
}

/// One problem. `code` is a stable kebab-case name (`"unknown-name"`) for scripts and tests.
#[derive(Debug, Clone)]
pub struct Diagnostic {
    pub severity: Severity,
    pub code: &'static str,
    pub message: String,
    /// The place, with a few words under the caret. `None` only when there is no file to point into.
    pub span: Option<Span>,
    pub label: String,
    /// Facts that help to understand, each may point at another place.
    pub notes: Vec<(String, Option<Span>)>,
    /// The way out.
    pub help: Option<String>,
}

mod nearest;
mod render;

pub use nearest::nearest;
pub use render::{render, to_json};

/// A byte of a text that can be shown: on a character boundary, and not behind the last word. What is
/// missing at the end of a file is missing there, not on the empty lines that follow.
fn clip(text: &str, at: usize) -> usize {
    let mut at = at.min(text.trim_end().len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

impl Sources {
    /// Adds a file (or finds it again, if path and text are the same).
    pub fn add(&mut self, path: PathBuf, text: String) -> FileId {
        let known = self
            .files
            .iter()
            .position(|file| file.path == path && file.text == text);
        let index = known.unwrap_or_else(|| {
            self.files.push(SourceFile { path, text });
            self.files.len() - 1
        });
        FileId(index as u32)
    }

    /// Line and column (both from 1, columns in characters) of a byte of a file.
    pub fn line_column(&self, file: FileId, at: usize) -> (usize, usize) {
        let text = self.text(file);
        line_column(text, &line_starts(text), at)
    }

    fn text(&self, file: FileId) -> &str {
        self.files
            .get(file.0 as usize)
            .map_or("", |file| file.text.as_str())
    }
}

/// The first byte of every line.
fn line_starts(text: &str) -> Vec<usize> {
    let behind_newlines = text.match_indices('\n').map(|(at, _)| at + 1);
    std::iter::once(0).chain(behind_newlines).collect()
}

fn line_column(text: &str, line_starts: &[usize], at: usize) -> (usize, usize) {
    let at = clip(text, at);
    let line = line_starts.partition_point(|start| *start <= at);
    let start = line_starts[line - 1];
    (line, text[start..at].chars().count() + 1)
}
