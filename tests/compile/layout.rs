//! Where states, accumulators and boluses stand in a program.

use myoflux::compile::{Slot, compile};
use myoflux::engine::System;
use myoflux::model::*;

use crate::small::*;

/// Matter leaves state 0, half of it reaches state 1; state 1 is lost; input 1 is a bolus.
fn moving_model() -> Model {
    let mut model = model(vec![multiply(p(0), s(0))]);
    model.rates.clear();
    let v0 = Expr::Variable(VariableId(0));
    model.processes = vec![
        process(0, &[(0, 2.0)], &[(1, 1.0)], v0),
        process(1, &[(1, 1.0)], &[], multiply(p(1), s(1))),
    ];
    model
        .order
        .extend((0..2).map(|k| Algebra::Process(ProcessId(k))));
    let to = vec![(StateId(0), p(0)), (StateId(2), multiply(s(0), n(2.0)))];
    model.inputs[1] = input(1, InputKind::Bolus { to });
    model
}

#[test]
fn processes_move_matter_and_boundaries_are_counted() {
    let program = compile(&moving_model());
    assert_eq!(program.engine_states(), 5);
    assert_eq!(
        program.slot(Column::Accumulator(ProcessId(1))),
        Slot::State(3)
    );
    assert_eq!(program.bolus_slot(InputId(1)), Some(4));
    assert_eq!(program.bolus_slot(InputId(0)), None);
    let (out, lost) = (PARAMETERS[0] * STATES[0], PARAMETERS[1] * STATES[1]);
    // The slot of a bolus input is a mean flow: it enters as the amounts of a bolus do.
    let flow = INPUTS[1];
    assert_eq!(
        rates(&program, TIME, &STATES),
        [
            -2.0 * out + PARAMETERS[0] * flow,
            out - lost,
            STATES[0] * 2.0 * flow,
            0.5 * lost,
            flow
        ]
    );
    let Slot::Observable(k) = program.slot(Column::Process(ProcessId(1))) else {
        panic!()
    };
    assert_eq!(observe(&program, TIME, &STATES)[k], lost);
}

#[test]
fn a_bolus_enters_one_lane_with_coefficients_from_before_the_jump() {
    let program = compile(&moving_model());
    let mut y = extended::<4>(&program, &STATES);
    let before = y.clone();
    program.apply_bolus(2, 1, 10.0, TIME, &mut y, &mut scratch(&program));
    assert_eq!(y[0][2], STATES[0] + 10.0 * PARAMETERS[0]);
    assert_eq!(y[2][2], STATES[2] + 10.0 * (STATES[0] * 2.0));
    assert_eq!(y[4][2], 10.0);
    for lane in [0, 1, 3] {
        assert!((0..5).all(|k| y[k][lane] == before[k][lane]));
    }
}
