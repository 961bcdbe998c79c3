//! Reads scenario files: the only place in this stage that touches the disk.

use std::path::Path;
use std::sync::Arc;

use super::Scenario;
use crate::diagnostics::{Diagnostic, Sources};
use crate::model::Model;

/// What the command line changes.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// `path=value` in order.
    pub set: Vec<(String, String)>,
    pub edges_off: Vec<String>,
    pub edge_strengths: Vec<(String, f64)>,
    pub min_grade: Option<crate::model::Grade>,
    pub rtol: Option<f64>,
    pub method: Option<crate::engine::Method>,
}

/// Reads a scenario (with `extends`), loads its model from `models`, checks one against the other.
///
/// # Errors
/// Every problem found in the scenario or in the model's files.
pub fn load_scenario(
    _path: &Path,
    _models: &Path,
    _overrides: &Overrides,
    _sources: &mut Sources,
) -> Result<(Arc<Model>, Scenario), Vec<Diagnostic>> {
    unimplemented!("scenario")
}
