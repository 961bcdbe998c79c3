//! From model text to numbers: what the language says is what the engine integrates.

use std::path::Path;

use myoflux::compile::{Program, Slot, compile};
use myoflux::diagnostics::{Sources, render};
use myoflux::engine::{
    Breakpoint, Member, Method, Options, Row, Share, System, equilibrium, run_member,
};
use myoflux::model::{Model, load::check_models, load::load_model};

fn small() -> (Model, Program) {
    let mut sources = Sources::default();
    let folder = Path::new("tests/fixtures/small");
    match load_model(folder, "small", &mut sources) {
        Ok(model) => {
            let program = compile(&model);
            (model, program)
        }
        Err(problems) => panic!("{}", render(&problems, &sources, false)),
    }
}

fn parameters(model: &Model) -> Vec<f64> {
    model
        .parameters
        .iter()
        .map(|parameter| parameter.value)
        .collect()
}

fn options(states: usize, rtol: f64) -> Options {
    Options {
        method: Method::Rodas5p,
        rtol,
        atol: vec![rtol * 1e-3; states],
        max_steps: 100_000,
        event_actions: vec![],
        bout_inputs: vec![],
    }
}

/// Claim: a bolus of 10 mg splits 0.8 : 0.2, the gut empties exponentially, the plasma follows.
/// With the edge off and no infusion the two-pool chain has an exact solution.
#[test]
fn units_convert_and_the_chain_follows_its_exact_solution() {
    let (model, program) = small();
    let mut parameters = parameters(&model);
    let strength = model
        .parameter("edges.kinetics.signal_slows_excretion.strength")
        .expect("an edge");
    parameters[strength.index()] = 0.0;
    let n = program.engine_states();
    let member = Member {
        parameters,
        inputs: vec![0.0; model.inputs.len()],
        y0: vec![0.0; n],
        t0: 0.0,
        t_end: 6.0 * 3600.0,
        breakpoints: vec![Breakpoint {
            t: 0.0,
            inputs: vec![],
            boluses: vec![(0, 10.0)],
        }],
        output_times: vec![6.0 * 3600.0],
        restore: None,
    };
    let end = run_member(&program, &member, &options(n, 1e-10)).expect("a solution");
    // 15 mL/min out of 3 L is 0.3 per hour.
    let (ka, ke, t) = (1.2f64, 0.3f64, 6.0f64);
    let gut = 8.0 * (-ka * t).exp();
    let plasma = 8.0 * ka / (ka - ke) * ((-ke * t).exp() - (-ka * t).exp());
    let Slot::State(at) = program.slot(model.column("kinetics.plasma").expect("a state")) else {
        panic!("a state is a state")
    };
    assert!(
        (end.states[0] - gut).abs() < 1e-8,
        "{} is not {gut}",
        end.states[0]
    );
    assert!(
        (end.states[at] - plasma).abs() < 1e-8,
        "{} is not {plasma}",
        end.states[at]
    );
    // 2 mg went to `lost`, which counts in µg.
    assert_eq!(end.states[2], 2000.0);
    let Slot::Observable(at) = program.slot(model.column("plasma_tracer").expect("a marker"))
    else {
        panic!("a biomarker is observed")
    };
    let concentration = plasma / 3.0 / 100.0 * 1000.0;
    assert!((end.observables[at] - concentration).abs() < 1e-8);
}

/// Claim: what enters is what is stored plus what left, to round-off, whatever the tolerance.
#[test]
fn the_ledger_closes_to_round_off() {
    let (model, program) = small();
    let n = program.engine_states();
    let member = Member {
        parameters: parameters(&model),
        inputs: vec![0.0, 2.0],
        y0: {
            let mut y = vec![0.0; n];
            y[1] = 12.0;
            y[3] = 1.0;
            y
        },
        t0: 0.0,
        t_end: 48.0 * 3600.0,
        breakpoints: vec![Breakpoint {
            t: 7200.0,
            inputs: vec![(1, 5.0)],
            boluses: vec![(0, 10.0)],
        }],
        output_times: vec![],
        restore: None,
    };
    let end = run_member(&program, &member, &options(n, 1e-6))
        .expect("a solution")
        .final_state;
    let stores = end[0] + end[1] + end[2] / 1000.0;
    // Accumulators: supply, excretion, then the bolus.
    let balance = 12.0 + end[4] - end[5] + end[6] - stores;
    assert!(balance.abs() < 1e-9 * stores, "{balance:e} of {stores}");
}

/// Claim: what moves to and fro between two states, two units of one for one of the other, is conserved
/// as a whole; `check` lists it.
#[test]
fn conserved_totals_are_listed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for name in [
        "references.bib",
        "nutrients.toml",
        "rate_laws.toml",
        "reference.toml",
        "kinetics.toml",
    ] {
        let from = Path::new("tests/fixtures/small").join(name);
        std::fs::copy(from, folder.path().join(name)).expect("writable");
    }
    let text = r#"
        format = 1
        title = "To and fro"
        about = "Two states and what passes between them."
        [parameters.k]
        value = 1
        unit = "1/s"
        range = [0.5, 2]
        assumed = "a round number"
        grade = "C"
        [states.pair]
        unit = "mol"
        initial = 1
        scale = 1
        of = { piece = 2 }
        [states.single]
        unit = "mol"
        initial = 1
        scale = 1
        of = { piece = 1 }
        [processes.split]
        from = { pair = 1 }
        to = { single = 2 }
        rate = "k * pair"
    "#;
    let module = folder.path().join("pieces.toml");
    std::fs::write(&module, text).expect("writable");
    let mut sources = Sources::default();
    let (problems, facts) = check_models(&module, &mut sources);
    assert!(
        problems.is_empty(),
        "{}",
        render(&problems, &sources, false)
    );
    assert_eq!(
        facts,
        ["module pieces: conserved 2·pieces.pair + pieces.single"]
    );
}

#[test]
fn an_equilibrium_of_a_model_does_not_move() {
    let (model, program) = small();
    let n = program.engine_states();
    let rows: Vec<Row> = (0..n)
        .map(|i| {
            if i == 2 || i >= 4 {
                Row::Hold(0.0)
            } else {
                Row::Steady
            }
        })
        .collect();
    let guess = {
        let mut y = vec![0.0; n];
        y[1] = 12.0;
        y[3] = 1.0;
        y
    };
    let y = equilibrium(
        &program,
        &parameters(&model),
        &Share::always(&[0.0, 2.0]),
        &guess,
        &rows,
        &vec![1.0; n],
    )
    .expect("an equilibrium");
    let mut rates = vec![[0.0]; n];
    let mut scratch = vec![[0.0]; System::<1>::scratch_len(&program)];
    System::<1>::set_parameters(&program, 0, &parameters(&model), &mut scratch);
    System::<1>::set_inputs(&program, 0, &[0.0, 2.0], &mut scratch);
    let state: Vec<[f64; 1]> = y.iter().map(|v| [*v]).collect();
    System::<1>::rates(&program, &[0.0], &state, &mut rates, &mut scratch);
    for i in [0, 1, 3] {
        assert!(
            rates[i][0].abs() < 1e-14,
            "state {i} drifts at {:e}/s",
            rates[i][0]
        );
    }
}
