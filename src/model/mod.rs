//! Model text → checked [`Model`]: what a later stage accepts without checking again.
//!
//! `load.rs` reads files, `file.rs` mirrors what is written, `declare/` takes it apart, `formula.rs`
//! parses formulas, `fingerprint.rs` tells whether what a table was computed from has changed, `messages.rs` words what many readers refuse, `check/` resolves names, checks units and lowers every formula to a numeric [`Expr`] (rate laws inlined,
//! unit factors inserted, edges applied), whose parts `expr.rs` names. Not known here: derivatives, time steps, scenarios.
//!
//! Start reading at [`Model`]; `load` makes one.

pub mod check;
pub mod declare;
pub mod evaluate;
mod expr;
pub mod file;
pub mod fingerprint;
pub mod formula;
pub mod laws;
pub mod load;
pub mod messages;
pub mod shared;
pub mod types;

pub use types::*;

impl Model {
    /// A recordable quantity by its dotted name, or a biomarker by its bare name.
    pub fn column(&self, name: &str) -> Option<Column> {
        fn find<'a>(mut names: impl Iterator<Item = &'a str>, name: &str) -> Option<usize> {
            names.position(|known| known == name)
        }
        if let Some(at) = find(self.states.iter().map(|s| s.name.as_str()), name) {
            return Some(Column::State(StateId(at as u32)));
        }
        if let Some(at) = find(self.variables.iter().map(|v| v.name.as_str()), name) {
            return Some(Column::Variable(VariableId(at as u32)));
        }
        if let Some(at) = find(self.processes.iter().map(|p| p.name.as_str()), name) {
            return Some(Column::Process(ProcessId(at as u32)));
        }
        if let Some(at) = find(self.biomarkers.iter().map(|b| b.name.as_str()), name) {
            return Some(Column::Biomarker(BiomarkerId(at as u32)));
        }
        find(self.inputs.iter().map(|i| i.name.as_str()), name)
            .map(|at| Column::Input(InputId(at as u32)))
    }

    /// Every name that [`Model::column`] knows, for suggestions.
    pub fn column_names(&self) -> Vec<String> {
        let states = self.states.iter().map(|s| s.name.clone());
        let variables = self.variables.iter().map(|v| v.name.clone());
        let processes = self.processes.iter().map(|p| p.name.clone());
        let biomarkers = self.biomarkers.iter().map(|b| b.name.clone());
        let inputs = self.inputs.iter().map(|i| i.name.clone());
        states
            .chain(variables)
            .chain(processes)
            .chain(biomarkers)
            .chain(inputs)
            .collect()
    }

    pub fn column_unit(&self, column: Column) -> &crate::units::Unit {
        match column {
            Column::State(id) => &self.states[id.index()].unit,
            Column::Variable(id) => &self.variables[id.index()].unit,
            Column::Process(id) => &self.processes[id.index()].unit,
            Column::Biomarker(id) => &self.biomarkers[id.index()].unit,
            Column::Input(id) => &self.inputs[id.index()].unit,
            Column::Accumulator(id) => match &self.processes[id.index()].boundary {
                Some((_, _, unit)) => unit,
                None => &self.processes[id.index()].unit,
            },
        }
    }

    /// Dotted name (bare for biomarkers).
    pub fn column_name(&self, column: Column) -> String {
        match column {
            Column::State(id) => self.states[id.index()].name.clone(),
            Column::Variable(id) => self.variables[id.index()].name.clone(),
            Column::Process(id) => self.processes[id.index()].name.clone(),
            Column::Biomarker(id) => self.biomarkers[id.index()].name.clone(),
            Column::Input(id) => self.inputs[id.index()].name.clone(),
            Column::Accumulator(id) => format!("{}.total", self.processes[id.index()].name),
        }
    }

    /// Title for people; the name in words where none is declared.
    pub fn column_title(&self, column: Column) -> String {
        let declared = match column {
            Column::State(id) => self.states[id.index()].title.clone(),
            Column::Variable(id) => self.variables[id.index()].title.clone(),
            Column::Process(id) => self.processes[id.index()].title.clone(),
            Column::Biomarker(id) => Some(self.biomarkers[id.index()].title.clone()),
            Column::Input(id) => self.inputs[id.index()].title.clone(),
            Column::Accumulator(id) => self.processes[id.index()]
                .title
                .as_ref()
                .map(|title| format!("{title}, total")),
        };
        declared.unwrap_or_else(|| {
            let name = self.column_name(column);
            let words = name.rsplit('.').next().unwrap_or(&name).replace('_', " ");
            let mut letters = words.chars();
            letters.next().map_or(String::new(), |first| {
                first.to_uppercase().chain(letters).collect()
            })
        })
    }

    pub fn parameter(&self, name: &str) -> Option<ParameterId> {
        self.parameters
            .iter()
            .position(|p| p.name == name)
            .map(|at| ParameterId(at as u32))
    }
}
