//! A tape as machine code: what is cheap becomes a row of vector instructions without dispatch, what is
//! dear (powers, tables …) stays with [`super::tape`].
//!
//! Promises: the bits of the interpreter, because each operation is the same instruction on the same
//! numbers in the same order. Where the processor is none we know, its vectors are limited or the
//! system allows no new code, there is no translation, and the interpreter does everything.
//!
//! Start reading at [`Native::new`].

mod assembler;
mod registers;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use memmap2::{Mmap, MmapMut};

use super::tape::{Instruction, Tape};
use crate::engine::instructions::InstructionSet;
use assembler::{Assembler, CONSTANTS, Constants, Vector};
use registers::{Registers, uses};

/// Executions of a tape before it is translated: short runs do without.
const WORTH_IT: u32 = 50;

/// Translations of one tape, made when they pay. Part of no comparison: they follow from the tape.
#[derive(Default)]
pub struct Translations {
    executions: AtomicU32,
    /// One for each of [`Translations::KINDS`].
    made: [OnceLock<Option<Native>>; 6],
}

impl Translations {
    /// Lane counts and vectors that go together.
    const KINDS: [(usize, Vector); 6] = [
        (1, Vector::Scalar),
        (4, Vector::Four),
        (8, Vector::Four),
        (8, Vector::Eight),
        (16, Vector::Four),
        (16, Vector::Eight),
    ];

    /// The translation for `width` lanes, if there is one and this tape has run often enough.
    #[inline]
    pub fn get(&self, tape: &Tape, width: usize) -> Option<&Native> {
        let vector = vector_for(width)?;
        let kind = Self::KINDS
            .iter()
            .position(|kind| *kind == (width, vector))?;
        if let Some(made) = self.made[kind].get() {
            return made.as_ref();
        }
        if self.executions.fetch_add(1, Ordering::Relaxed) < WORTH_IT {
            return None;
        }
        let make = || Native::new(tape, width, vector);
        self.made[kind].get_or_init(make).as_ref()
    }
}

impl Clone for Translations {
    fn clone(&self) -> Self {
        Translations::default()
    }
}

impl PartialEq for Translations {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Translations {}

impl std::fmt::Debug for Translations {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str("Translations")
    }
}

/// The widest vectors that `width` lanes fill and that may be used now.
fn vector_for(width: usize) -> Option<Vector> {
    if !cfg!(target_arch = "x86_64") {
        return None;
    }
    match InstructionSet::for_width(width.max(4)) {
        InstructionSet::Baseline => None,
        _ if width == 1 => Some(Vector::Scalar),
        InstructionSet::Avx512 if width.is_multiple_of(8) => Some(Vector::Eight),
        _ if width.is_multiple_of(4) => Some(Vector::Four),
        _ => None,
    }
}

/// A tape translated for one lane count.
pub struct Native {
    code: Mmap,
    pieces: Vec<Piece>,
    /// Slots that it touches.
    slots: usize,
    width: usize,
    /// How many times a piece runs, each for a vector's share of the lanes.
    shares: usize,
}

/// Parts of a tape in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    /// Machine code that starts here.
    Code(usize),
    /// Runs `start..end` of the tape.
    Interpreted(u32, u32),
}

/// Slots in `rdi`, [`CONSTANTS`] in `rsi`.
#[cfg(target_arch = "x86_64")]
type Code = unsafe extern "sysv64" fn(*mut f64, *const Constants);

impl Native {
    /// `None` where the system allows no new code.
    fn new(tape: &Tape, width: usize, vector: Vector) -> Option<Native> {
        let slots = slots_of(&tape.instructions);
        let mut assembler = Assembler::new(vector, width);
        let mut pieces = Vec::new();
        let arities = arities(tape);
        let uses = uses(&tape.instructions, |position| arities[position]);
        let mut runs = tape.runs.as_slice();
        let mut at = 0;
        while let Some(first) = runs.first() {
            let translated = first.opcode.has_machine_code();
            let len = runs
                .iter()
                .take_while(|run| run.opcode.has_machine_code() == translated)
                .count();
            let (here, rest) = runs.split_at(len);
            if translated {
                pieces.push(Piece::Code(assembler.code.len()));
                let end = here[len - 1].end;
                let mut registers = Registers::new(&mut assembler, vector, slots, end);
                for run in here {
                    for position in run.start as usize..run.end as usize {
                        let instruction = &tape.instructions[position];
                        registers.instruction(run.opcode, instruction, &uses[position]);
                    }
                }
                assembler.finish();
            } else {
                pieces.push(Piece::Interpreted(at, at + len as u32));
            }
            at += len as u32;
            runs = rest;
        }
        let mut memory = MmapMut::map_anon(assembler.code.len().max(1)).ok()?;
        memory[..assembler.code.len()].copy_from_slice(&assembler.code);
        Some(Native {
            code: memory.make_exec().ok()?,
            pieces,
            slots,
            width,
            shares: width / vector.lanes(),
        })
    }

    /// Does what `tape` says, which it was made from.
    pub fn execute<const W: usize>(
        &self,
        slots: &mut [[f64; W]],
        mut interpret: impl FnMut(std::ops::Range<usize>, &mut [[f64; W]]),
    ) {
        assert!(
            W == self.width && slots.len() >= self.slots,
            "the lanes and slots that the tape was translated for"
        );
        for piece in &self.pieces {
            match *piece {
                Piece::Interpreted(start, end) => interpret(start as usize..end as usize, slots),
                Piece::Code(at) => self.call(at, slots.as_flattened_mut()),
            }
        }
    }

    /// [`Native::execute`] of a tape without dear operations.
    pub fn execute_alone<const W: usize>(&self, slots: &mut [[f64; W]]) {
        self.execute(slots, |runs, _| {
            unreachable!("{runs:?} of the tape are dear")
        });
    }

    #[cfg(target_arch = "x86_64")]
    fn call(&self, at: usize, slots: &mut [f64]) {
        // SAFETY: `at` is the first byte of a piece that `new` wrote into `code`, which ends with a
        // return and keeps the convention named by the type: it changes vector and mask registers alone.
        // It reads CONSTANTS and reads and writes slots below `self.slots`, of which `execute` has seen
        // that they are there; shares of the lanes start within a slot.
        unsafe {
            let code = std::mem::transmute::<*const u8, Code>(self.code.as_ptr().add(at));
            for share in 0..self.shares {
                let lanes = self.width / self.shares;
                code(slots.as_mut_ptr().add(share * lanes), &CONSTANTS);
            }
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn call(&self, _: usize, _: &mut [f64]) {
        unreachable!("no translation is made for other processors")
    }
}

/// One more than the highest slot.
fn slots_of(instructions: &[Instruction]) -> usize {
    let highest = |i: &Instruction| i.arguments.iter().copied().chain([i.out]).max();
    let slots = instructions.iter().filter_map(highest).max();
    slots.map_or(0, |slot| slot as usize + 1)
}

/// How many arguments of each instruction count.
fn arities(tape: &Tape) -> Vec<usize> {
    let mut arities = vec![0; tape.instructions.len()];
    for run in &tape.runs {
        arities[run.start as usize..run.end as usize].fill(run.opcode.arity());
    }
    arities
}
