//! myoflux simulates the exercise micronutrient network.
//!
//! Data flows down this list and never back up:
//! text → [`model`] (checked) → [`compile`] (program) → [`engine`] (trajectories)
//! ← [`scenario`] (what is done to the body) → [`study`] (many runs) → [`export`] (for other simulators) → [`report`] (tables, figures, pages) → [`cli`].

// `"mmol/L/min"` → dimension and exact factor.
pub mod units;

// Messages about someone's file: place, problem, way out.
pub mod diagnostics;

// Model files → checked [`model::Model`].
pub mod model;

// [`model::Model`] → [`compile::Program`]: graph, derivatives, tape.
pub mod compile;

// Numbers and slots → trajectories. Knows no names, units or files.
pub mod engine;

// Scenario files + model → timelines, runs, expectations.
pub mod scenario;

// Many runs, one question.
pub mod study;

// A model or scenario → files that other simulators read.
pub mod export;

// Results → tables, figures, pages, provenance.
pub mod report;

// Arguments in; messages and exit code out.
pub mod cli;
