//! A sweep on disk: its plan, chunks of results while it runs, tables and figures when it is done.
//!
//! `plan.rs`: sweep.json, what is run and whether two folders belong together; `chunk.rs`: results of some
//! members as one file, written whole; `tables.rs`: all chunks in order → members.csv, failures.csv,
//! series.csv, columns.csv, one chunk in memory at a time; `figures/`: pictures from these tables.
//!
//! Promise: the tables are the same bytes however the chunks came about. Start reading at [`tables::assemble`].

pub mod chunk;
pub mod figures;
pub mod plan;
pub mod tables;
