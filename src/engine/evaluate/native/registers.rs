//! Keeps results in registers while they are needed: straight-line code, so every later use is known.
//!
//! Comes in: instructions in order, and for each value when it is read next. Goes out: machine code in
//! which a value is loaded once, stays while registers last (the one read last gives way first: Belady
//! 1966, *IBM Systems Journal* 5, 78) and is stored only where somebody reads it from memory.

use super::assembler::{Arithmetic, Assembler, Bitwise, Comparison, Constant, Operand, Vector};
use crate::engine::evaluate::{Instruction, Opcode};

/// Read never again.
pub const NEVER: u32 = u32::MAX;

/// When the values of one instruction are read after it.
#[derive(Debug, Clone, Copy)]
pub struct Uses {
    /// Position of the next reader of the result, and of each argument's value.
    pub result: u32,
    pub arguments: [u32; 3],
    /// No later instruction of the tape writes the result's slot: it is an output.
    pub is_last_in_slot: bool,
}

/// The uses of every instruction, from the last to the first. `arity` says how many arguments count.
pub fn uses(instructions: &[Instruction], arity: impl Fn(usize) -> usize) -> Vec<Uses> {
    let slots = super::slots_of(instructions);
    let mut next = vec![NEVER; slots];
    let mut written = vec![false; slots];
    let mut all = Vec::with_capacity(instructions.len());
    for (position, instruction) in instructions.iter().enumerate().rev() {
        let out = instruction.out as usize;
        let read = instruction.arguments.map(|slot| slot as usize);
        let counted = &read[..arity(position)];
        let result = std::mem::replace(&mut next[out], NEVER);
        let is_last_in_slot = !std::mem::replace(&mut written[out], true);
        let arguments = read.map(|slot| next[slot]);
        for &slot in counted {
            next[slot] = position as u32;
        }
        all.push(Uses {
            result,
            arguments,
            is_last_in_slot,
        });
    }
    all.reverse();
    all
}

#[derive(Debug, Clone, Copy)]
struct Held {
    slot: u32,
    /// Next reader, within the piece.
    next: u32,
    /// Memory does not have it.
    only_here: bool,
    is_last_in_slot: bool,
}

/// Two registers are never given away.
const SCRATCH: [u8; 2] = [0, 1];

pub struct Registers<'a> {
    pub assembler: &'a mut Assembler,
    held: Vec<Option<Held>>,
    /// Register of each slot's present value.
    place: Vec<Option<u8>>,
    /// End of the piece: who reads later reads memory.
    end: u32,
}

impl<'a> Registers<'a> {
    pub fn new(assembler: &'a mut Assembler, vector: Vector, slots: usize, end: u32) -> Self {
        Registers {
            assembler,
            held: vec![None; vector.registers()],
            place: vec![None; slots],
            end,
        }
    }

    /// Translates one instruction.
    pub fn instruction(&mut self, opcode: Opcode, instruction: &Instruction, uses: &Uses) {
        use Opcode::*;
        let arity = opcode.arity();
        // Which argument the processor may read from memory.
        let from_memory = match opcode {
            Add | Subtract | Multiply | Divide | Less | LessOrEqual => Some(1),
            Minimum | Maximum => Some(0),
            _ => None,
        };
        let mut operands = [Operand::Register(0); 3];
        // Sums and products are the same either way round: what is in a register goes first.
        let mut read = instruction.arguments;
        let mut next = uses.arguments;
        let held = |slot: u32| self.place[slot as usize].is_some();
        if matches!(opcode, Add | Multiply) && !held(read[0]) && held(read[1]) {
            read.swap(0, 1);
            next.swap(0, 1);
        }
        let read = &read[..arity];
        for k in 0..arity {
            let read_again = next[k] < self.end || repeats(read, k);
            operands[k] = match self.place[read[k] as usize] {
                Some(register) => Operand::Register(register),
                None if from_memory == Some(k) && !read_again => Operand::Slot(read[k]),
                None => Operand::Register(self.load(read[k], read)),
            };
        }
        // Whatever an operation takes, its last instruction alone writes the result, so that this may
        // stand where an argument stood.
        self.release(read, &next);
        let to = self.take(instruction.out, uses);
        self.emit(opcode, operands, to);
        self.settle(instruction.out);
    }

    fn emit(&mut self, opcode: Opcode, operands: [Operand; 3], to: u8) {
        use Opcode::*;
        let register = |k: usize| match operands[k] {
            Operand::Register(register) => register,
            other => unreachable!("{other:?} was loaded"),
        };
        let smaller_or_larger = |a: &mut Assembler, what: Arithmetic| {
            // The processor returns its second argument where either is no number; ours returns the one
            // that is none.
            let [wanted, mask] = SCRATCH;
            a.arithmetic(what, wanted, register(1), operands[0]);
            let b = Operand::Register(register(1));
            a.choose(
                Comparison::Unordered,
                register(1),
                b,
                [register(1), wanted],
                to,
                mask,
            );
        };
        let a = &mut self.assembler;
        match opcode {
            Add => a.arithmetic(Arithmetic::Add, to, register(0), operands[1]),
            Subtract => a.arithmetic(Arithmetic::Subtract, to, register(0), operands[1]),
            Multiply => a.arithmetic(Arithmetic::Multiply, to, register(0), operands[1]),
            Divide => a.arithmetic(Arithmetic::Divide, to, register(0), operands[1]),
            Negate => a.bitwise(Bitwise::ExclusiveOr, to, register(0), Constant::Sign),
            Absolute => a.bitwise(Bitwise::And, to, register(0), Constant::AllButSign),
            SquareRoot => a.square_root(to, register(0)),
            Minimum => smaller_or_larger(a, Arithmetic::Minimum),
            Maximum => smaller_or_larger(a, Arithmetic::Maximum),
            Less => a.truth(Comparison::Less, to, register(0), operands[1]),
            LessOrEqual => a.truth(Comparison::LessOrEqual, to, register(0), operands[1]),
            Select => {
                let zero = Operand::Constant(Constant::Zero);
                let ways = [register(1), register(2)];
                a.choose(
                    Comparison::NotEqual,
                    register(0),
                    zero,
                    ways,
                    to,
                    SCRATCH[1],
                );
            }
            dear => unreachable!("{dear:?} is not translated"),
        }
    }

    fn load(&mut self, slot: u32, pinned: &[u32]) -> u8 {
        let register = self.free(pinned);
        self.assembler.load(register, slot);
        self.hold(
            register,
            Held {
                slot,
                next: NEVER,
                only_here: false,
                is_last_in_slot: false,
            },
        );
        register
    }

    /// A register for a result; an older value of its slot is read by nobody any more.
    fn take(&mut self, slot: u32, uses: &Uses) -> u8 {
        if let Some(old) = self.place[slot as usize].take() {
            self.held[old as usize] = None;
        }
        let register = self.free(&[]);
        self.hold(
            register,
            Held {
                slot,
                next: uses.result,
                only_here: true,
                is_last_in_slot: uses.is_last_in_slot,
            },
        );
        register
    }

    fn hold(&mut self, register: u8, held: Held) {
        self.held[register as usize] = Some(held);
        self.place[held.slot as usize] = Some(register);
    }

    /// An unused register, emptied if need be; the values of `pinned` slots stay.
    fn free(&mut self, pinned: &[u32]) -> u8 {
        let usable = SCRATCH.len()..self.held.len();
        if let Some(register) = usable.clone().find(|&r| self.held[r].is_none()) {
            return register as u8;
        }
        let register = usable
            .filter(|&r| self.held[r].is_some_and(|held| !pinned.contains(&held.slot)))
            .max_by_key(|&r| self.held[r].map(|held| held.next))
            .expect("no instruction pins all registers");
        let held = self.held[register]
            .take()
            .expect("it was chosen among those held");
        if held.only_here {
            self.assembler.store(held.slot, register as u8);
        }
        self.place[held.slot as usize] = None;
        register as u8
    }

    /// Arguments of the instruction at hand remember when they are read next, and leave if never.
    fn release(&mut self, read: &[u32], next: &[u32; 3]) {
        for (&slot, &next) in read.iter().zip(next) {
            if let Some(register) = self.place[slot as usize] {
                self.pass(register, next);
            }
        }
    }

    /// A value in `register` is read next at `next`.
    fn pass(&mut self, register: u8, next: u32) {
        let Some(held) = self.held[register as usize].as_mut() else {
            return;
        };
        held.next = next;
        let held = *held;
        if next >= self.end {
            if held.only_here && (next != NEVER || held.is_last_in_slot) {
                self.assembler.store(held.slot, register);
            }
            self.held[register as usize] = None;
            self.place[held.slot as usize] = None;
        }
    }

    /// A result that nobody reads in this piece leaves at once.
    fn settle(&mut self, slot: u32) {
        if let Some(register) = self.place[slot as usize]
            && let Some(held) = self.held[register as usize]
        {
            self.pass(register, held.next);
        }
    }
}

/// True where argument `k` stands among the arguments after it, too.
fn repeats(read: &[u32], k: usize) -> bool {
    read.iter().filter(|&&slot| slot == read[k]).count() > 1
}
