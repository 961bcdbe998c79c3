//! A checked model with the state it starts from → SBML, so that simulators that nobody here wrote run the
//! same equations.
//!
//! Promises: every equation of the model is in the file, with its units on every literal; equal input gives
//! equal bytes. Not known here: files, how a run is integrated.
//!
//! `subject.rs` says what is exported, `model.rs` puts a file together, `events.rs` what happens when (as the
//! series that `series.rs` finds), `math.rs` writes formulas, `calls.rs` what they may call, `functions.rs` the
//! functions called, `tables.rs` tables, `units.rs` units, `notes.rs` what people read, `xml.rs` the tree of
//! elements; `sedml.rs` says what to run and `omex.rs` packs it all. Start reading at [`sbml`].

mod calls;
mod events;
mod functions;
mod math;
mod model;
mod names;
mod notes;
mod omex;
mod sedml;
mod series;
mod subject;
mod tables;
mod units;
mod xml;

pub use model::sbml;
pub use omex::{Member, archive};
pub use sedml::{Course, sedml};
pub use subject::{NotFinite, Subject};

/// The namespace of what is written.
const SBML: &str = "http://www.sbml.org/sbml/level3/version2/core";
