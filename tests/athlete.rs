//! The athlete model as written in `models/`: it loads without complaint, and both reference people
//! are steady in every pool, the slow stores included.

use std::path::Path;

use myoflux::compile::compile;
use myoflux::diagnostics::{Sources, render};
use myoflux::model::load::{check_models, load_model};
use myoflux::scenario::Arm;
use myoflux::scenario::initial;
use myoflux::scenario::run::model_options;

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
    let options = model_options(&model, &program);
    for people in &model.people {
        let mut arm = Arm::resting("", &model);
        arm.adopt(people);
        let start = initial::find(&model, &program, &arm, &options, 0.0, false);
        let start =
            start.unwrap_or_else(|unsettled| panic!("{}: {:?}", people.name, unsettled.failure));
        let values = myoflux::model::evaluate::Values {
            parameters: &start.parameters,
            inputs: &arm.inputs,
            model: &model,
            states: &[],
            time: 0.0,
        };
        let known = myoflux::model::evaluate::Algebraic {
            variables: vec![],
            processes: vec![],
        };
        let store = model
            .states
            .iter()
            .position(|s| s.name == "iron.hepatocyte_iron")
            .expect("a store");
        let declared = values.expr(&model.states[store].initial, &known);
        let steady = start.state[store];
        assert!(
            (steady / declared - 1.0).abs() < 1e-4,
            "{}: liver iron declared {}, steady at {}",
            people.name,
            declared,
            steady
        );
    }
}
