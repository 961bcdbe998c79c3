//! Elimination and substitution as tapes over a [`Workspace`](super::workspace::Workspace), for machine
//! code: the operations of the loops in [`super`], one by one in the same order.

use super::Symbolic;
use crate::engine::evaluate::{Instruction, Opcode, Run, Tape};

/// `lu` = factors of `diag(shift) − jacobian`, row by row.
pub(super) fn elimination(plan: &Symbolic) -> Tape {
    let places = &plan.places;
    let (zero, one) = (places.zero, places.one);
    let mut source = vec![zero; plan.len()];
    for (entry, &slot) in plan.scatter.iter().enumerate() {
        source[slot] = entry;
    }
    let mut writer = Writer::default();
    let mut eliminations = plan.eliminations.iter().peekable();
    for row in 0..plan.n {
        let end = plan.row_start[row + 1];
        for slot in plan.row_start[row]..end {
            let lu = places.lu + slot;
            writer.push(Opcode::Subtract, lu, zero, source[slot]);
            if slot == plan.diagonal[row] {
                writer.push(Opcode::Add, lu, lu, places.shift);
            }
        }
        while let Some(elimination) = eliminations.next_if(|e| (e.entry as usize) < end) {
            let factor = places.lu + elimination.entry as usize;
            writer.push(
                Opcode::Multiply,
                factor,
                factor,
                places.lu + elimination.pivot as usize,
            );
            let updates = elimination.first as usize..elimination.last as usize;
            for &(target, source) in &plan.updates[updates] {
                let [target, source] = [target, source].map(|slot| places.lu + slot as usize);
                writer.push(Opcode::Multiply, places.product, factor, source);
                writer.push(Opcode::Subtract, target, target, places.product);
            }
        }
        let pivot = places.lu + plan.diagonal[row];
        writer.push(Opcode::Divide, pivot, one, pivot);
    }
    writer.tape
}

/// `x` = solution, in its place.
pub(super) fn substitution(plan: &Symbolic) -> Tape {
    let places = &plan.places;
    let mut writer = Writer::default();
    let subtract = |writer: &mut Writer, row: usize, slots: std::ops::Range<usize>| {
        let x = places.x + plan.order[row];
        for slot in slots {
            let known = places.x + plan.order[plan.column[slot]];
            writer.push(Opcode::Multiply, places.product, known, places.lu + slot);
            writer.push(Opcode::Subtract, x, x, places.product);
        }
    };
    for row in 0..plan.n {
        subtract(&mut writer, row, plan.row_start[row]..plan.diagonal[row]);
    }
    for row in (0..plan.n).rev() {
        subtract(
            &mut writer,
            row,
            plan.diagonal[row] + 1..plan.row_start[row + 1],
        );
        let x = places.x + plan.order[row];
        writer.push(Opcode::Multiply, x, x, places.lu + plan.diagonal[row]);
    }
    writer.tape
}

#[derive(Default)]
struct Writer {
    tape: Tape,
}

impl Writer {
    /// `slots[out] = slots[a] ∘ slots[b]`
    fn push(&mut self, opcode: Opcode, out: usize, a: usize, b: usize) {
        let [out, a, b] = [out, a, b].map(|slot| slot as u32);
        let start = self.tape.instructions.len() as u32;
        self.tape.instructions.push(Instruction {
            out,
            arguments: [a, b, a],
        });
        match self.tape.runs.last_mut() {
            Some(run) if run.opcode == opcode => run.end = start + 1,
            _ => self.tape.runs.push(Run {
                opcode,
                start,
                end: start + 1,
            }),
        }
    }
}
