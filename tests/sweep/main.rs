//! Sweeps: a member is a run, the tables are the same bytes however they came about, and nothing that ends
//! the program early costs more than a chunk.

#[cfg(feature = "parquet")]
mod as_parquet;
mod bench;
mod designs;
mod interrupted;
mod same_bytes;
mod same_run;
