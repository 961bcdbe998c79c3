//! `[edges]` and the command line's wishes about edges → strengths.

use super::{Builder, Out, unknown};
use crate::diagnostics::Span;
use crate::model::file::{Reader, Table as Tree, Value, problem_with_help};
use crate::model::messages::wrong_kind;
use crate::model::{Edge, Grade};

/// A wish: which edge, how strong, and where that is written.
type Wish = (String, f64, Span);

impl Builder<'_, '_> {
    pub fn edges(&mut self, tree: &Tree, out: Out) {
        let mut reader = Reader::new(tree, "this scenario", tree.span.clone());
        let mut wishes = Vec::new();
        let mut least = None;
        if let Some(table) = reader.sub("edges", out) {
            let mut inner = Reader::new(table, "`edges`", table.span.clone());
            least = inner.text("min_grade", out).and_then(|(text, item)| {
                let found = Grade::parse(text);
                if found.is_none() {
                    let message = format!("`min_grade` cannot be \"{text}\"");
                    let help = Some("grades are A, B, C, D".to_string());
                    let span = item.span.clone();
                    out.push(problem_with_help(
                        "unknown-choice",
                        message,
                        span,
                        "not known",
                        help,
                    ));
                }
                found
            });
            let off = inner.texts("off", out).into_iter();
            wishes.extend(off.map(|(name, span)| (name, 0.0, span)));
            if let Some(table) = inner.sub("strength", out) {
                wishes.extend(strengths(table, out));
            }
            inner.finish(out);
        }
        if let Some(least) = least.or(self.frame.overrides.min_grade) {
            for edge in self.model.edges.iter().filter(|edge| edge.grade > least) {
                if let Some(strength) = edge.strength {
                    self.arm.parameters[strength.index()] = 0.0;
                }
            }
        }
        let overrides = self.frame.overrides;
        let span = &self.frame.command_line;
        let off = overrides.edges_off.iter().map(|name| (name, 0.0));
        let given = overrides.edge_strengths.iter().map(|(name, s)| (name, *s));
        wishes.extend(off.chain(given).map(|(n, s)| (n.clone(), s, span.clone())));
        for wish in wishes {
            self.strength(wish, out);
        }
    }

    /// By dotted or bare name, or by the row of the list of edges.
    fn strength(&mut self, (name, value, span): Wish, out: Out) {
        let bare = format!(".{name}");
        let fits = |edge: &&Edge| {
            edge.name == name || edge.name.ends_with(&bare) || edge.id.as_deref() == Some(&name)
        };
        let mut waiting: Vec<&Edge> = self.model.edges.iter().filter(fits).collect();
        if waiting.is_empty() {
            let names = self.model.edges.iter().flat_map(|edge| {
                let bare = edge.name.rsplit('.').next();
                bare.into_iter().chain([edge.name.as_str()])
            });
            let message = format!("there is no edge `{name}`");
            unknown(message, &name, names, span.clone(), out);
        }
        if !(0.0..=2.0).contains(&value) {
            let message = format!("a strength lies between 0 and 2, not {value}");
            let help = Some("0 is off, 1 is as published, 2 is twice as strong".to_string());
            let label = "out of range";
            out.push(problem_with_help(
                "impossible-value",
                message,
                span,
                label,
                help,
            ));
            return;
        }
        while let Some(edge) = waiting.pop() {
            if let Some(strength) = edge.strength {
                self.arm.parameters[strength.index()] = value;
                self.arm.changed.push(strength);
            }
            waiting.extend(edge.made_of.iter().map(|id| &self.model.edges[id.index()]));
        }
    }
}

fn strengths(table: &Tree, out: Out) -> Vec<Wish> {
    let mut wishes = Vec::new();
    for entry in &table.entries {
        match entry.item.value {
            Value::Number(number) => {
                wishes.push((entry.key.clone(), number, entry.key_span.clone()));
            }
            _ => {
                let name = format!("`{}`", entry.key);
                out.push(wrong_kind(&name, &entry.item, "a number"));
            }
        }
    }
    wishes
}
