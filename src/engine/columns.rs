//! Storage for lanes: `[f64; W]` side by side, starting on a cache line.
//!
//! A plain `Vec<[f64; 8]>` starts anywhere, and then every access splits a cache line: measured, that
//! costs a quarter to a third of the speed.

use std::ops::{Deref, DerefMut};

/// One cache line.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
struct Line([f64; 8]);

/// A fixed number of `[f64; W]`, zero at first, aligned to 64 bytes.
#[derive(Debug, Clone)]
pub struct Columns<const W: usize> {
    lines: Vec<Line>,
    len: usize,
}

impl<const W: usize> Columns<W> {
    pub fn zeros(len: usize) -> Columns<W> {
        let lines = vec![Line([0.0; 8]); (len * W).div_ceil(8)];
        Columns { lines, len }
    }
}

impl<const W: usize> Deref for Columns<W> {
    type Target = [[f64; W]];

    fn deref(&self) -> &[[f64; W]] {
        // SAFETY: `zeros` made at least `len * W` initialised numbers, contiguous and aligned beyond
        // what `[f64; W]` needs; the lifetime is that of `self`.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.len) }
    }
}

impl<const W: usize> DerefMut for Columns<W> {
    fn deref_mut(&mut self) -> &mut [[f64; W]] {
        // SAFETY: as in `deref`, and `self` is borrowed alone.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.len) }
    }
}

#[cfg(test)]
mod tests {
    use super::Columns;

    #[test]
    fn columns_start_on_a_cache_line_and_hold_what_is_put_in() {
        let mut columns = Columns::<4>::zeros(5);
        assert_eq!(columns.as_ptr() as usize % 64, 0);
        columns[4] = [1.0, 2.0, 3.0, 4.0];
        assert_eq!(
            (columns.len(), columns[4][3], columns[3]),
            (5, 4.0, [0.0; 4])
        );
    }
}
