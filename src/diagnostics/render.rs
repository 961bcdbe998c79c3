//! Problems as text for a terminal, or as JSON for programs.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::{Diagnostic, Severity, Sources, Span, clip, line_column, line_starts};

/// As many as anyone reads. Drawing one looks through its whole file.
const MOST: usize = 100;

/// All problems in the given order, one block each; of very many the first, and how many more.
pub fn render(diagnostics: &[Diagnostic], sources: &Sources, color: bool) -> String {
    let renderer = if color {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let mut text = String::new();
    for diagnostic in diagnostics.iter().take(MOST) {
        text.push_str(&renderer.render(&[group(diagnostic, sources)]).to_string());
        text.push_str("\n\n");
    }
    if diagnostics.len() > MOST {
        text.push_str(&format!("… and {} more\n\n", diagnostics.len() - MOST));
    }
    text
}

fn group<'a>(diagnostic: &'a Diagnostic, sources: &'a Sources) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(diagnostic.message.as_str()));
    if let Some(span) = &diagnostic.span
        && let Some(file) = sources.files.get(span.file.0 as usize)
    {
        let range = safe(&file.text, span);
        let annotation = AnnotationKind::Primary
            .span(range)
            .label(diagnostic.label.as_str());
        let path = file.path.display().to_string();
        group = group.element(
            Snippet::source(file.text.as_str())
                .path(path)
                .annotation(annotation),
        );
    }
    for (note, span) in &diagnostic.notes {
        let place = span
            .as_ref()
            .map_or(String::new(), |span| format!(" ({})", place(span, sources)));
        group = group.element(Level::NOTE.message(format!("{note}{place}")));
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    group
}

fn place(span: &Span, sources: &Sources) -> String {
    let (line, column) = sources.line_column(span.file, span.range.start);
    let path = sources
        .files
        .get(span.file.0 as usize)
        .map(|file| file.path.display().to_string());
    format!("{}:{line}:{column}", path.unwrap_or_default())
}

/// The span clipped to what can be shown.
fn safe(text: &str, span: &Span) -> std::ops::Range<usize> {
    let start = clip(text, span.range.start);
    start..clip(text, span.range.end).max(start)
}

/// One object per problem.
pub fn to_json(diagnostics: &[Diagnostic], sources: &Sources) -> serde_json::Value {
    // Found once per file: there may be very many problems.
    let lines: Vec<Vec<usize>> = sources
        .files
        .iter()
        .map(|file| line_starts(&file.text))
        .collect();
    let object = |diagnostic: &Diagnostic| {
        let place = diagnostic.span.as_ref().and_then(|span| {
            let file = sources.files.get(span.file.0 as usize)?;
            let lines = &lines[span.file.0 as usize];
            let start = line_column(&file.text, lines, span.range.start);
            let end = line_column(&file.text, lines, span.range.end);
            Some((file.path.display().to_string(), start, end))
        });
        serde_json::json!({
            "severity": match diagnostic.severity { Severity::Error => "error", Severity::Warning => "warning" },
            "code": diagnostic.code,
            "message": diagnostic.message,
            "file": place.as_ref().map(|(path, _, _)| path.clone()),
            "line": place.as_ref().map(|(_, (line, _), _)| *line),
            "column": place.as_ref().map(|(_, (_, column), _)| *column),
            "end_line": place.as_ref().map(|(_, _, (line, _))| *line),
            "end_column": place.as_ref().map(|(_, _, (_, column))| *column),
            "label": diagnostic.label,
            "notes": diagnostic.notes.iter().map(|(note, _)| note.clone()).collect::<Vec<_>>(),
            "help": diagnostic.help,
        })
    };
    diagnostics.iter().map(object).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::Severity;

    proptest::proptest! {
        /// Spans may lie between bytes of one character, in empty files or past the end.
        #[test]
        fn no_span_breaks_the_message(
            text in "[aµ\n\r\t€]{0,8}",
            start in 0usize..24,
            length in 0usize..24,
        ) {
            let mut sources = Sources::default();
            let file = sources.add("a.toml".into(), text);
            let span = Span { file, range: start..start + length };
            let diagnostic = Diagnostic {
                severity: Severity::Error,
                code: "test",
                message: "wrong".to_string(),
                span: Some(span.clone()),
                label: "here".to_string(),
                notes: vec![("because".to_string(), Some(span))],
                help: Some("try".to_string()),
            };
            let _ = to_json(std::slice::from_ref(&diagnostic), &sources);
            proptest::prop_assert!(render(&[diagnostic], &sources, false).starts_with("error: wrong"));
        }
    }
}
