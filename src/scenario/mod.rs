//! Scenario text + model → arms with timelines → runs and measured expectations.
//!
//! `file.rs` mirrors the TOML, `load.rs` reads it (extends, set), `check.rs` checks it against a
//! model, `timeline.rs` turns schedules into breakpoints, `initial.rs` finds initial states,
//! `run.rs` runs arms, `measure.rs` reads numbers off a run for expectations.
//!
//! Start reading at [`types`]: [`Scenario`] is checked, [`RunResult`] is what reports see.

pub mod arm;
pub mod expect;
pub mod initial;
pub mod load;
pub mod measure;
pub mod resolve;
pub mod run;
pub mod schedule;
pub mod training;
pub mod types;

pub use types::*;
