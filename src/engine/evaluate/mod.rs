//! Arithmetic for many members at once: [`tape`] runs, [`math`] and [`table`] compute, [`native`] makes
//! machine code of what runs often.
//!
//! Promises: the same bits at every lane count, in every lane, on every instruction set.

pub mod math;
pub mod native;
pub mod table;
pub mod tape;

pub use table::Table;
pub use tape::{Instruction, Opcode, Run, Tape, kernel};
