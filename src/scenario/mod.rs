//! Scenario text + model → arms with timelines → runs and measured expectations.
//!
//! `load.rs` reads files (extends, set), `resolve.rs` checks a scenario against its model, with `arm/` for
//! what is done to the body (`schedule.rs` and `training.rs` read the texts in it), `expectation.rs` and
//! `expect.rs` for what should follow, `figure.rs` for figures and `data.rs` for the user's own
//! measurements. `initial.rs` finds initial states, `run.rs` runs arms, `ledger.rs` balances matter,
//! `intake.rs` says what is eaten a day, `measure.rs` reads numbers off a run for expectations, `quadrature.rs` says where to look for a mean,
//! `explain/` says why a quantity has its value.
//!
//! Start reading at [`types`]: [`Scenario`] is checked, [`RunResult`] is what reports see.

pub mod arm;
pub mod data;
pub mod expect;
pub mod expectation;
pub mod explain;
pub mod figure;
pub mod initial;
pub mod intake;
pub mod ledger;
pub mod load;
pub mod measure;
pub mod quadrature;
pub mod resolve;
pub mod run;
pub mod schedule;
pub mod training;
pub mod types;

pub use types::*;
