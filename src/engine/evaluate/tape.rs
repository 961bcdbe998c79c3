//! A tape: straight-line arithmetic on slots, equal operations side by side.
//!
//! Comes in: instructions grouped into runs of one opcode, and slots `[f64; W]`.
//! Goes out: the same slots, results filled in.
//!
//! Promises: each lane's bits depend on that lane's slots alone, not on `W` or the instruction set:
//! every operation is written once ([`kernel`]), no fused multiply-add, no libm, no reordering.

use super::math;
use super::native::Translations;
use super::table::{Reading, Table};
use crate::engine::instructions::widest;

/// One operation. Comparisons give 1 or 0; [`Opcode::Select`] chooses by "not zero".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Opcode {
    Add,
    Subtract,
    Multiply,
    Negate,
    Absolute,
    Minimum,
    Maximum,
    Less,
    LessOrEqual,
    Select,
    Divide,
    SquareRoot,
    Exp,
    Ln,
    Power,
    Sin,
    Cos,
    Tanh,
    /// Value of a table; the second argument is ignored when it has one axis.
    TableValue(u32),
    /// ∂value/∂first argument.
    TableSlopeX(u32),
    /// ∂value/∂second argument.
    TableSlopeY(u32),
}

impl Opcode {
    /// How many arguments count.
    #[inline(always)]
    pub fn arity(self) -> usize {
        use Opcode::*;
        match self {
            Negate | Absolute | SquareRoot | Exp | Ln | Sin | Cos | Tanh => 1,
            Select => 3,
            _ => 2,
        }
    }

    /// So dear that a single lane gains from computing several side by side.
    fn is_dear(self) -> bool {
        use Opcode::*;
        matches!(self, Exp | Ln | Power | Sin | Cos | Tanh)
    }

    /// The processor does it in a few instructions; others are interpreted between pieces of machine code.
    pub fn has_machine_code(self) -> bool {
        self.is_cheap() || matches!(self, Opcode::Divide | Opcode::SquareRoot)
    }

    /// Cheap enough that grouping it gains little.
    pub fn is_cheap(self) -> bool {
        self < Opcode::Divide
    }
}

/// `slots[out] = opcode(slots[arguments…])`; unused arguments repeat the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instruction {
    pub out: u32,
    pub arguments: [u32; 3],
}

/// Instructions `start..end` share an opcode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    pub opcode: Opcode,
    pub start: u32,
    pub end: u32,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tape {
    pub instructions: Vec<Instruction>,
    pub runs: Vec<Run>,
    pub translations: Translations,
}

impl Tape {
    #[inline(always)]
    fn of(&self, run: &Run) -> &[Instruction] {
        &self.instructions[run.start as usize..run.end as usize]
    }

    /// Runs all lanes by machine code if there is any; otherwise leaves the slots alone and says so.
    pub fn execute_translated<const W: usize>(
        &self,
        tables: &[Table],
        slots: &mut [[f64; W]],
    ) -> bool {
        let Some(native) = self.translations.get(self, W) else {
            return false;
        };
        native.execute(slots, |runs, slots| {
            execute_runs(self, &self.runs[runs], tables, slots);
        });
        true
    }

    /// Runs all lanes, with the widest vectors the machine has.
    pub fn interpret<const W: usize>(&self, tables: &[Table], slots: &mut [[f64; W]]) {
        execute_runs(self, &self.runs, tables, slots);
    }

    /// Runs one lane and leaves the others alone.
    pub fn execute_lane<const W: usize>(
        &self,
        lane: usize,
        tables: &[Table],
        slots: &mut [[f64; W]],
    ) {
        for run in &self.runs {
            for instruction in self.of(run) {
                let [a, b, c] = instruction
                    .arguments
                    .map(|slot| [slots[slot as usize][lane]]);
                slots[instruction.out as usize][lane] = kernel(run.opcode, tables, a, b, c)[0];
            }
        }
    }
}

widest! {
    fn execute_runs<const W: usize>(
        tape: &Tape,
        runs: &[Run],
        tables: &[Table],
        slots: &mut [[f64; W]],
    ) {
        for run in runs {
            execute_run(run.opcode, tape.of(run), tables, slots);
        }
    }
}

/// One loop per opcode, so that the inner work is known when it is compiled. A macro, not closures:
/// those would be compiled once, for the narrowest vectors.
#[inline(always)]
fn execute_run<const W: usize>(
    opcode: Opcode,
    instructions: &[Instruction],
    tables: &[Table],
    slots: &mut [[f64; W]],
) {
    macro_rules! each {
        ($opcode:expr) => {
            for instruction in instructions {
                let [a, b, c] = instruction.arguments.map(|slot| slot as usize);
                let arity = $opcode.arity();
                // Reading only what counts saves the checks of the rest.
                let a = slots[a];
                let b = if arity > 1 { slots[b] } else { a };
                let c = if arity > 2 { slots[c] } else { a };
                slots[instruction.out as usize] = kernel($opcode, tables, a, b, c);
            }
        };
    }
    macro_rules! loops {
        ($($name:ident)*) => {
            match opcode {
                $(Opcode::$name => each!(Opcode::$name),)*
                table => each!(table),
            }
        };
    }
    if W == 1 && opcode.is_dear() && instructions.len() > 1 {
        return execute_side_by_side(opcode, instructions, slots);
    }
    loops!(Add Subtract Multiply Negate Absolute Minimum Maximum Less LessOrEqual Select Divide
        SquareRoot Exp Ln Power Sin Cos Tanh)
}

/// Instructions of a single lane that are computed at once.
const GROUP: usize = 4;

/// One lane's dear operations, those that do not wait for each other as if they were lanes.
fn execute_side_by_side<const W: usize>(
    opcode: Opcode,
    mut instructions: &[Instruction],
    slots: &mut [[f64; W]],
) {
    while !instructions.is_empty() {
        let (group, rest) = instructions.split_at(independent(instructions));
        let (mut a, mut b) = ([1.0; GROUP], [1.0; GROUP]);
        for (k, instruction) in group.iter().enumerate() {
            a[k] = slots[instruction.arguments[0] as usize][0];
            b[k] = slots[instruction.arguments[1] as usize][0];
        }
        let results = dear(opcode, a, b);
        for (instruction, result) in group.iter().zip(results) {
            slots[instruction.out as usize][0] = result;
        }
        instructions = rest;
    }
}

/// How many instructions at the front, at most [`GROUP`], read nothing that one of them writes.
fn independent(instructions: &[Instruction]) -> usize {
    let most = instructions.len().min(GROUP);
    let waits = |at: &usize| {
        let read = instructions[*at].arguments;
        instructions[..*at].iter().any(|i| read.contains(&i.out))
    };
    (1..most).find(waits).unwrap_or(most)
}

widest! {
    fn dear<const W: usize>(opcode: Opcode, a: [f64; W], b: [f64; W]) -> [f64; W] {
        match opcode {
            Opcode::Power => power(a, b),
            Opcode::Exp => map(a, math::exp),
            Opcode::Ln => map(a, math::ln),
            cheap_or_rare => kernel(cheap_or_rare, &[], a, b, a),
        }
    }
}

/// The definition of every operation.
#[inline(always)]
pub fn kernel<const W: usize>(
    opcode: Opcode,
    tables: &[Table],
    a: [f64; W],
    b: [f64; W],
    c: [f64; W],
) -> [f64; W] {
    let truth = |yes: bool| if yes { 1.0 } else { 0.0 };
    match opcode {
        Opcode::Add => zip(a, b, |x, y| x + y),
        Opcode::Subtract => zip(a, b, |x, y| x - y),
        Opcode::Multiply => zip(a, b, |x, y| x * y),
        Opcode::Divide => zip(a, b, |x, y| x / y),
        Opcode::Negate => map(a, |x| -x),
        Opcode::Absolute => map(a, f64::abs),
        Opcode::SquareRoot => map(a, f64::sqrt),
        Opcode::Minimum => zip(a, b, math::minimum),
        Opcode::Maximum => zip(a, b, math::maximum),
        Opcode::Less => zip(a, b, |x, y| truth(x < y)),
        Opcode::LessOrEqual => zip(a, b, |x, y| truth(x <= y)),
        Opcode::Select => {
            let mut out = c;
            for lane in 0..W {
                out[lane] = if a[lane] != 0.0 { b[lane] } else { c[lane] };
            }
            out
        }
        Opcode::Exp => map(a, math::exp),
        Opcode::Ln => map(a, math::ln),
        Opcode::Power => power(a, b),
        Opcode::Sin => circular(a, 0),
        Opcode::Cos => circular(a, 1),
        Opcode::Tanh => map(a, math::tanh),
        Opcode::TableValue(k) => tables[k as usize].read(Reading::Value, a, b),
        Opcode::TableSlopeX(k) => tables[k as usize].read(Reading::SlopeX, a, b),
        Opcode::TableSlopeY(k) => tables[k as usize].read(Reading::SlopeY, a, b),
    }
}

/// [`math::power`] in stages: a loop over lanes becomes vector code only while it is short.
#[inline(always)]
fn power<const W: usize>(base: [f64; W], exponent: [f64; W]) -> [f64; W] {
    let (mut high, mut low, mut product, mut tail) = (base, base, base, base);
    for lane in 0..W {
        (high[lane], low[lane]) = math::ln_two_parts(base[lane]);
    }
    for lane in 0..W {
        (product[lane], tail[lane]) = math::scale_two_parts(exponent[lane], high[lane], low[lane]);
    }
    zip(product, tail, math::exp_sum)
}

/// [`math::sin`] (`ahead` = 0) or [`math::cos`] (1) in stages.
#[inline(always)]
fn circular<const W: usize>(angle: [f64; W], ahead: u64) -> [f64; W] {
    let mut quarter = [0; W];
    let (mut r, mut tail, mut out) = (angle, angle, angle);
    for lane in 0..W {
        (quarter[lane], r[lane], tail[lane]) = math::reduce_quarter(angle[lane]);
    }
    for lane in 0..W {
        out[lane] = math::circular(quarter[lane].wrapping_add(ahead), r[lane], tail[lane]);
    }
    out
}

#[inline(always)]
fn map<const W: usize>(a: [f64; W], f: impl Fn(f64) -> f64) -> [f64; W] {
    let mut out = a;
    for lane in 0..W {
        out[lane] = f(a[lane]);
    }
    out
}

#[inline(always)]
fn zip<const W: usize>(a: [f64; W], b: [f64; W], f: impl Fn(f64, f64) -> f64) -> [f64; W] {
    let mut out = a;
    for lane in 0..W {
        out[lane] = f(a[lane], b[lane]);
    }
    out
}
