//! The engine, without the compiler where a problem can be written by hand.

mod lanes;
mod members;
mod native;
mod problems;
mod schedule;
mod shipped;
mod textbook;
