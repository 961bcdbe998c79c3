//! Runs a checked scenario: initial states, warm-up, all arms in parallel, expectations.

use std::sync::Arc;

use super::{RunResult, Scenario};
use crate::compile::Program;
use crate::model::Model;

/// Runs every arm. `progress` is called with (arms finished, arms).
pub fn run(
    _model: Arc<Model>,
    _program: Arc<Program>,
    _scenario: Arc<Scenario>,
    _progress: &(dyn Fn(usize, usize) + Sync),
) -> RunResult {
    unimplemented!("scenario")
}
