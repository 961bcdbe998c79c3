//! Names of the model → identifiers of SBML: `iron.ferritin` → `iron__ferritin`.

use crate::model::Process;

/// A dot becomes two underscores; what no identifier may hold becomes one.
pub fn id(name: &str) -> String {
    let mut id = String::new();
    for c in name.chars() {
        match c {
            '.' => id.push_str("__"),
            c if c.is_ascii_alphanumeric() || c == '_' => id.push(c),
            _ => id.push('_'),
        }
    }
    id
}

/// The parameter that holds the rate of a process in its display unit.
pub fn rate(process: &Process) -> String {
    id(&process.name)
}

/// The reaction that a process is.
pub fn reaction(process: &Process) -> String {
    format!("{}__reaction", id(&process.name))
}

/// What a laboratory reads.
pub fn marker(name: &str) -> String {
    format!("marker__{}", id(name))
}

/// What crossed the body's boundary through a process, or entered through a bolus.
pub fn total(name: &str) -> String {
    format!("{}__total", id(name))
}

/// Whether an event has ended the bout that an input belongs to.
pub fn ended(input: &crate::model::Input) -> String {
    format!("{}__ended", id(&input.name))
}

/// The identifier under which a quantity stands.
pub fn column(model: &crate::model::Model, column: crate::model::Column) -> String {
    match column {
        crate::model::Column::Biomarker(at) => marker(&model.biomarkers[at.index()].name),
        crate::model::Column::Accumulator(at) => total(&model.processes[at.index()].name),
        other => id(&model.column_name(other)),
    }
}
