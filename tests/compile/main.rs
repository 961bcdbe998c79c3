//! Compiled programs against two independent judges: the plain tree evaluator, and differences.

mod derivatives;
mod layout;
mod small;
mod values;
