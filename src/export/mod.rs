//! A checked model with the state it starts from → SBML, so that simulators that nobody here wrote run the
//! same equations.
//!
//! Promises: every equation of the model is in the file, with its units on every literal; equal input gives
//! equal bytes. Not known here: files, how a run is integrated.
//!
//! `model.rs` puts a file together, `math.rs` writes formulas, `functions.rs` rate laws and tables, `units.rs`
//! units, `xml.rs` the tree of elements. Start reading at [`sbml`].

mod functions;
mod math;
mod model;
mod names;
mod units;
mod xml;

pub use model::{Subject, sbml};

/// The namespace of what is written.
const SBML: &str = "http://www.sbml.org/sbml/level3/version2/core";
