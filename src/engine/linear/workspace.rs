//! The numbers of one matrix: side by side, so that machine code addresses them from one place.

use super::Symbolic;
use crate::engine::columns::Columns;

/// Where things are in a [`Workspace`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Places {
    pub lu: usize,
    pub x: usize,
    pub shift: usize,
    pub zero: usize,
    pub one: usize,
    pub product: usize,
    pub work: usize,
    end: usize,
}

impl Places {
    /// The Jacobian's entries come first.
    pub fn new(n: usize, entries: usize, factors: usize) -> Places {
        let x = entries + factors;
        let shift = x + n;
        Places {
            lu: entries,
            x,
            shift,
            zero: shift + 1,
            one: shift + 2,
            product: shift + 3,
            work: shift + 4,
            end: shift + 4 + n,
        }
    }
}

/// Jacobian, factors and right-hand side of `W` members.
pub struct Workspace<const W: usize> {
    pub(super) slots: Columns<W>,
    places: Places,
}

impl<const W: usize> Workspace<W> {
    pub fn new(symbolic: &Symbolic) -> Workspace<W> {
        let places = symbolic.places;
        let mut slots = Columns::zeros(places.end);
        slots[places.one] = [1.0; W];
        Workspace { slots, places }
    }

    /// Entries of the pattern, for [`Symbolic::factor`].
    pub fn jacobian(&mut self) -> &mut [[f64; W]] {
        &mut self.slots[..self.places.lu]
    }

    /// Right-hand side for [`Symbolic::solve`], afterwards the solution; one per unknown.
    pub fn x(&mut self) -> &mut [[f64; W]] {
        &mut self.slots[self.places.x..self.places.shift]
    }

    /// Jacobian and factors apart.
    pub(super) fn factors(&mut self) -> (&[[f64; W]], &mut [[f64; W]]) {
        let (jacobian, rest) = self.slots.split_at_mut(self.places.lu);
        (jacobian, &mut rest[..self.places.x - self.places.lu])
    }

    pub(super) fn parts(&mut self) -> Parts<'_, W> {
        let Places {
            lu, x, shift, work, ..
        } = self.places;
        let (before, rest) = self.slots.split_at_mut(x);
        let (right, rest) = rest.split_at_mut(shift - x);
        Parts {
            lu: &before[lu..],
            x: right,
            work: &mut rest[work - shift..],
        }
    }
}

/// What substitution works on: factors, right-hand side, and room for as many numbers.
pub(super) struct Parts<'a, const W: usize> {
    pub lu: &'a [[f64; W]],
    pub x: &'a mut [[f64; W]],
    pub work: &'a mut [[f64; W]],
}
