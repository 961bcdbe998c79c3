//! Many runs, one question: a study file and the model it asks → numbers that no single run gives.
//!
//! Kinds: `average` stimulates a pulse-resolved model at many rates until it repeats itself and keeps the
//! means as tables, for models whose clock ticks in hours. `load.rs` reads and checks study files,
//! `average.rs` runs the members, `quadrature.rs` places what they record, `module.rs` writes the means as
//! a module file. Not known here: figures, arguments.
//!
//! Start reading at [`load::load_study`], then [`average::means`].

pub mod average;
pub mod load;
pub mod module;
pub mod quadrature;
