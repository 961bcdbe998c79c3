//! Machine code against the interpreter, on tapes of random operations on awkward numbers.

use myoflux::engine::evaluate::{Instruction, Opcode, Run, Tape};

use crate::lanes::under_every_instruction_set;
use crate::members::Random;

const SLOTS: usize = 120;

/// Far more than a tape runs before it is translated.
const OFTEN: usize = 60;

const OPCODES: [Opcode; 14] = [
    Opcode::Add,
    Opcode::Subtract,
    Opcode::Multiply,
    Opcode::Negate,
    Opcode::Absolute,
    Opcode::Minimum,
    Opcode::Maximum,
    Opcode::Less,
    Opcode::LessOrEqual,
    Opcode::Select,
    Opcode::Divide,
    Opcode::SquareRoot,
    // Interpreted between pieces of machine code.
    Opcode::Exp,
    Opcode::Power,
];

const AWKWARD: [f64; 12] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::MIN_POSITIVE,
    5e-324,
    f64::MAX,
    -1e-300,
    0.1,
];

/// Runs of up to nine equal operations whose arguments and results are any slots.
fn tape(random: &mut Random) -> Tape {
    let mut tape = Tape::default();
    let mut below = |limit: usize| (random.uniform() * limit as f64) as usize;
    for _ in 0..60 {
        let opcode = OPCODES[below(OPCODES.len())];
        let start = tape.instructions.len() as u32;
        for _ in 0..=below(9) {
            let arguments = std::array::from_fn(|_| below(SLOTS) as u32);
            // Few results: slots are written again and again, often over an argument.
            let choice = if below(2) == 0 { SLOTS } else { 20 };
            let out = below(choice) as u32;
            tape.instructions.push(Instruction { out, arguments });
        }
        let end = tape.instructions.len() as u32;
        tape.runs.push(Run { opcode, start, end });
    }
    tape
}

fn numbers<const W: usize>(random: &mut Random) -> Vec<[f64; W]> {
    let mut number = || match (random.uniform() * 24.0) as usize {
        awkward if awkward < AWKWARD.len() => AWKWARD[awkward],
        _ => 4.0 * random.uniform() - 1.0,
    };
    (0..SLOTS)
        .map(|_| std::array::from_fn(|_| number()))
        .collect()
}

/// Bits of every number; what is no number has none of its own.
fn bits<const W: usize>(slots: &[[f64; W]]) -> Vec<u64> {
    let bits = |value: &f64| {
        if value.is_nan() {
            f64::NAN.to_bits()
        } else {
            value.to_bits()
        }
    };
    slots.as_flattened().iter().map(bits).collect()
}

/// As programs do it.
fn run<const W: usize>(tape: &Tape, slots: &mut [[f64; W]]) {
    if !tape.execute_translated(&[], slots) {
        tape.interpret(&[], slots);
    }
}

fn assert_translations_agree<const W: usize>(seed: u64) {
    let mut random = Random(seed);
    let tape = tape(&mut random);
    let start = numbers::<W>(&mut random);
    let mut interpreted = start.clone();
    tape.interpret(&[], &mut interpreted);
    for _ in 0..OFTEN {
        let mut found = start.clone();
        run(&tape, &mut found);
        assert_eq!(bits(&found), bits(&interpreted), "seed {seed}, {W} lanes");
    }
}

#[test]
fn machine_code_gives_the_bits_of_the_interpreter() {
    under_every_instruction_set(|_| {
        for seed in 0..150 {
            assert_translations_agree::<1>(seed);
            assert_translations_agree::<4>(seed);
            assert_translations_agree::<8>(seed);
            assert_translations_agree::<16>(seed);
            // Lanes that fill no vector.
            assert_translations_agree::<2>(seed);
        }
    });
}

/// Without this the test above could compare the interpreter with itself.
#[test]
#[cfg(target_arch = "x86_64")]
fn a_tape_that_runs_often_is_translated() {
    use myoflux::engine::InstructionSet;

    under_every_instruction_set(|set| {
        let tape = tape(&mut Random(1));
        let mut slots = numbers::<8>(&mut Random(2));
        assert!(tape.translations.get(&tape, 8).is_none(), "not at once");
        for _ in 0..OFTEN {
            run(&tape, &mut slots);
        }
        let translated = tape.translations.get(&tape, 8).is_some();
        assert_eq!(translated, set != InstructionSet::Baseline, "{set:?}");
    });
}
