//! Model text → checked [`Model`]: what a later stage accepts without checking again.
//!
//! `load.rs` reads files, `file.rs` mirrors what is written, `formula.rs` parses formulas, `check/`
//! resolves names, checks units and lowers every formula to a numeric [`Expr`] (rate laws inlined,
//! unit factors inserted, edges applied). Not known here: derivatives, time steps, scenarios.
//!
//! Start reading at [`Model`]; `load` makes one.

pub mod load;
pub mod types;

pub use types::*;

impl Model {
    /// A recordable quantity by its dotted name, or a biomarker by its bare name.
    pub fn column(&self, _name: &str) -> Option<Column> {
        unimplemented!("model")
    }
    /// Every name that [`Model::column`] knows, for suggestions.
    pub fn column_names(&self) -> Vec<String> {
        unimplemented!("model")
    }
    pub fn column_unit(&self, _column: Column) -> &crate::units::Unit {
        unimplemented!("model")
    }
    /// Dotted name (bare for biomarkers).
    pub fn column_name(&self, _column: Column) -> String {
        unimplemented!("model")
    }
    /// Title for people; the name in words where none is declared.
    pub fn column_title(&self, _column: Column) -> String {
        unimplemented!("model")
    }
    pub fn parameter(&self, _name: &str) -> Option<ParameterId> {
        unimplemented!("model")
    }
}
