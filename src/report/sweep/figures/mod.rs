//! Figures of a sweep, made from its tables.
