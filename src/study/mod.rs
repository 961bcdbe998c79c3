//! Many runs, one question: a study file and the model it asks → numbers that no single run gives.
//!
//! Kinds: `average` stimulates a pulse-resolved model at many rates until it repeats itself and keeps the
//! means as tables, for models whose clock ticks in hours; `sweep` runs one scenario with many settings. `load.rs` reads and checks study files,
//! `average.rs` runs the members, `module.rs` writes the means as a module file; `design/` says which members
//! a study has, `sweep/` runs them. `effects.rs` needs no file:
//! it tries every switch of a model's edges. Not known here: figures, arguments.
//!
//! Start reading at [`load::load_study`], then [`average::means`].

pub mod average;
pub mod design;
pub mod effects;
pub mod load;
pub mod module;
pub mod sweep;
