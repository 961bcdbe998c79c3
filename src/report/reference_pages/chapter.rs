//! The modules of all models, each once, with what is declared in it and how it was written.

use std::path::Path;

use crate::diagnostics::FileId;
use crate::model::file::{Item, Table, Value, parse};
use crate::model::{Edge, Grade, Model, Module, Origin, Parameter, ParameterKind};

/// A module as the largest model that holds it has checked it, and its text taken apart: formulas of
/// initial values and coefficients are told as written, not as lowered.
pub struct Chapter<'m> {
    pub model: &'m Model,
    pub module: &'m Module,
    pub tree: Table,
    /// Names of all models that are made of it.
    pub models: Vec<&'m str>,
}

/// Modules in the order in which models are composed, those of the largest model first.
pub fn chapters(models: &[Model]) -> Vec<Chapter<'_>> {
    let mut largest_first: Vec<&Model> = models.iter().collect();
    largest_first.sort_by_key(|model| std::cmp::Reverse(model.modules.len()));
    let mut chapters: Vec<Chapter> = Vec::new();
    for model in largest_first {
        for module in &model.modules {
            let told = chapters.iter_mut().find(|c| c.module.name == module.name);
            if let Some(told) = told {
                told.models.push(&model.name);
                continue;
            }
            let file = format!("{}.toml", module.name);
            let text = model
                .files
                .iter()
                .find(|(path, _)| path == Path::new(&file));
            let text = text.map_or("", |(_, text)| text.as_str());
            chapters.push(Chapter {
                model,
                module,
                tree: parse(FileId(0), text).0,
                models: vec![&model.name],
            });
        }
    }
    chapters
}

impl<'m> Chapter<'m> {
    /// The bare name of what this module declares, `None` for what another does.
    pub fn own<'n>(&self, name: &'n str) -> Option<&'n str> {
        name.strip_prefix(self.module.name.as_str())?
            .strip_prefix('.')
    }

    pub fn parameters(&self) -> impl Iterator<Item = &'m Parameter> + '_ {
        let declared = |p: &&Parameter| p.kind == ParameterKind::Declared;
        let all = self.model.parameters.iter().filter(declared);
        all.filter(|parameter| self.own(&parameter.name).is_some())
    }

    pub fn edges(&self) -> impl Iterator<Item = &'m Edge> + '_ {
        let all = self.model.edges.iter();
        all.filter(|edge| self.own(&edge.name).is_some())
    }

    /// What was written at `[section.name]` for `key`.
    pub fn written(&self, section: &str, name: &str, key: &str) -> Option<&Item> {
        let section = table_at(&self.tree, section)?;
        table_at(section, name)?.get(key).map(|entry| &entry.item)
    }

    pub fn tally(&self) -> Tally {
        self.parameters().fold(Tally::default(), Tally::with)
    }
}

fn table_at<'t>(table: &'t Table, key: &str) -> Option<&'t Table> {
    match &table.get(key)?.item.value {
        Value::Table(inner) => Some(inner),
        _ => None,
    }
}

/// How many parameters rest on what.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tally {
    pub all: usize,
    pub sourced: usize,
    /// A, B, C, D.
    pub by_grade: [usize; 4],
}

impl Tally {
    pub fn with(mut self, parameter: &Parameter) -> Tally {
        self.all += 1;
        self.sourced += usize::from(matches!(parameter.origin, Origin::Source { .. }));
        if let Some(grade) = parameter.grade {
            self.by_grade[place(grade)] += 1;
        }
        self
    }

    pub fn plus(mut self, other: Tally) -> Tally {
        self.all += other.all;
        self.sourced += other.sourced;
        for (sum, more) in self.by_grade.iter_mut().zip(other.by_grade) {
            *sum += more;
        }
        self
    }

    /// All, sourced, assumed, then by grade; a dash for none.
    pub fn cells(&self) -> Vec<String> {
        let counts = [self.all, self.sourced, self.all - self.sourced];
        let counts = counts.into_iter().chain(self.by_grade);
        counts
            .map(|n| match n {
                0 => "–".to_string(),
                n => n.to_string(),
            })
            .collect()
    }
}

fn place(grade: Grade) -> usize {
    match grade {
        Grade::A => 0,
        Grade::B => 1,
        Grade::C => 2,
        Grade::D => 3,
    }
}
