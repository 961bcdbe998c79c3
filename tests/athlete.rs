//! The athlete model as written in `models/`: it loads without complaint, and both reference people
//! are steady in every pool, the slow stores included.

use std::path::Path;

use myoflux::compile::compile;
use myoflux::diagnostics::{Sources, render};
use myoflux::engine::{Row, Share, equilibrium};
use myoflux::model::load::{check_models, load_model};

#[test]
fn every_model_file_is_accepted() {
    let mut sources = Sources::default();
    let (problems, _) = check_models(Path::new("models"), &mut sources);
    assert!(
        problems.is_empty(),
        "{}",
        render(&problems, &sources, false)
    );
}

#[test]
fn reference_people_keep_their_stores() {
    let mut sources = Sources::default();
    let model = load_model(Path::new("models"), "athlete", &mut sources)
        .unwrap_or_else(|problems| panic!("{}", render(&problems, &sources, false)));
    let program = compile(&model);
    let n = program.engine_states();
    for people in &model.people {
        let mut parameters: Vec<f64> = model.parameters.iter().map(|p| p.value).collect();
        for edge in &model.edges {
            if let (Some(strength), Some(_)) = (edge.strength, edge.reference) {
                parameters[strength.index()] = 0.0;
            }
        }
        for value in &mut parameters {
            if value.is_nan() {
                *value = 1.0;
            }
        }
        let clock = model.parameter("clock.on").expect("a clock");
        parameters[clock.index()] = 0.0;
        let mut inputs: Vec<f64> = model
            .inputs
            .iter()
            .map(|input| match &input.kind {
                myoflux::model::InputKind::Rate { default } => *default,
                myoflux::model::InputKind::Bolus { .. } => 0.0,
            })
            .collect();
        for (id, value) in &people.parameters {
            parameters[id.index()] = *value;
        }
        for (id, value) in &people.inputs {
            inputs[id.index()] = *value;
        }
        let values = myoflux::model::evaluate::Values {
            parameters: &parameters,
            inputs: &inputs,
            model: &model,
            states: &[],
            time: 0.0,
        };
        let known = myoflux::model::evaluate::Algebraic {
            variables: vec![],
            processes: vec![],
        };
        let mut guess = vec![0.0; n];
        let mut scale = vec![1.0; n];
        let mut rows = vec![Row::Steady; n];
        for (i, state) in model.states.iter().enumerate() {
            guess[i] = values.expr(&state.initial, &known);
            scale[i] = state.scale;
        }
        for (i, row) in rows.iter_mut().enumerate().skip(model.states.len()) {
            *row = Row::Hold(guess[i]);
        }
        let y = equilibrium(
            &program,
            &parameters,
            &Share::always(&inputs),
            &guess,
            &rows,
            &scale,
        )
        .unwrap_or_else(|failure| panic!("{}: {failure:?}", people.name));
        let store = model
            .states
            .iter()
            .position(|s| s.name == "iron.hepatocyte_iron")
            .expect("a store");
        assert!(
            (y[store] / guess[store] - 1.0).abs() < 1e-4,
            "{}: liver iron declared {}, steady at {}",
            people.name,
            guess[store],
            y[store]
        );
    }
}
