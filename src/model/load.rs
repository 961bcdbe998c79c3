//! Reads model folders: the only place in this stage that touches the disk.

use std::path::Path;

use super::Model;
use crate::diagnostics::{Diagnostic, Sources};

/// Reads, composes and checks `NAME.model.toml` of a models folder.
///
/// # Errors
/// Every problem of every file that takes part.
pub fn load_model(
    _models: &Path,
    _name: &str,
    _sources: &mut Sources,
) -> Result<Model, Vec<Diagnostic>> {
    unimplemented!("model")
}

/// Checks every model file below `path` (a folder or one file): modules that no model composes are
/// checked on their own as far as that goes. Returns all problems; `Ok` facts are the conserved
/// totals found, one line each.
pub fn check_models(_path: &Path, _sources: &mut Sources) -> (Vec<Diagnostic>, Vec<String>) {
    unimplemented!("model")
}
