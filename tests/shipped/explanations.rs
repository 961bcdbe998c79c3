use myoflux::model::Column;
use myoflux::scenario::explain::{Instant, Question, at_instant, reach, why};
use myoflux::scenario::load::Overrides;

use crate::{column, load, scenario, values};

const DAY: f64 = 86_400.0;

const TWO_ARMS: &str = "format = 1\ntitle = \"Iron or not\"\nmodel = \"athlete\"\nduration = \"4 d\"\n\
    output_every = \"1 d\"\n[status]\nserum_ferritin = \"20 ug/L\"\n[[supplement]]\nnutrient = \"iron\"\n\
    dose = \"60 mg\"\nwhen = \"daily at 07:00\"\n[[arm]]\nname = \"less\"\nset = { \"supplement.0.dose\" = \"6 mg\" }\n";

/// Claim: what `explain` shows (tree, standard library's arithmetic) is what the run recorded (tape).
#[test]
fn explained_values_are_those_of_the_run() {
    let (model, program, scenario) = scenario(TWO_ARMS);
    let result =
        myoflux::scenario::run::run(model.clone(), program.clone(), scenario.clone(), &|_, _| {});
    let instant = reach(&model, &program, &scenario, &scenario.arms[0], 3.0 * DAY);
    let instant = instant.expect("three days");
    let times = &crate::trajectory(&result, 0).times;
    let row = times
        .iter()
        .position(|t| *t == 3.0 * DAY)
        .expect("a row at day 3");
    let shaken = shaken(&instant);
    for name in model.column_names() {
        let column = column(&model, &name);
        let value = |instant| at_instant(&model, instant, column).quantity.value;
        let (shown, recorded) = (value(&instant), values(&result, 0, &name)[row]);
        // Differences of near numbers keep what those were rounded by: as much as the last digits of the
        // states move them.
        let rounding = 10.0 * (value(&shaken) - shown).abs() + 1e-15;
        assert!(
            (shown - recorded).abs() <= 1e-9 * recorded.abs() + rounding,
            "{name}: {shown}, the run has {recorded}"
        );
    }
}

/// The same instant with every state off by 1e-15 of itself, up and down in turn.
fn shaken(instant: &Instant) -> Instant {
    let off = |(at, state): (usize, &f64)| {
        state
            * if at % 2 == 0 {
                1.0 + 1e-15
            } else {
                1.0 - 1e-15
            }
    };
    Instant {
        t: instant.t,
        parameters: instant.parameters.clone(),
        inputs: instant.inputs.clone(),
        states: instant.states.iter().enumerate().map(off).collect(),
    }
}

/// Claim: a pool's history adds up: what it held, plus what every flux brought, is what it holds.
/// Tolerance: 1e-4 of the change, the quadrature of fluxes that jump at doses.
#[test]
fn the_flows_of_a_pool_add_up_to_its_change() {
    let (model, program, scenario) = scenario(TWO_ARMS);
    let question = Question {
        model: &model,
        program: &program,
        scenario: &scenario,
        arm: &scenario.arms[0],
        other: &scenario.arms[1],
        t: 4.0 * DAY,
        column: column(&model, "iron.enterocyte_iron"),
    };
    let found = why(&question, &|_, _| {}).expect("both arms run");
    let brought: f64 = found.flows.iter().map(|flow| flow.amount.0).sum();
    let turnover: f64 = found.flows.iter().map(|flow| flow.amount.0.abs()).sum();
    let change = found.end.0 - found.start.0;
    assert!(
        (brought - change).abs() < 1e-4 * turnover,
        "{brought} brought, {change} more, {turnover} turned over"
    );
    // Ten times the dose brings more iron in; it is told through the flux that carries it.
    assert!(found.difference() > 0.0);
    let largest = found.flows.first().and_then(|flow| flow.process);
    assert!(largest.is_some());
}

/// Claim: the parts that arguments carry add up to the difference where the formula is a sum.
#[test]
fn parts_of_a_sum_are_its_whole() {
    let overrides = Overrides::default();
    let runner = "scenarios/iron/low_ferritin_runner.toml";
    let (model, program, scenario) = load(runner.as_ref(), &overrides);
    let question = Question {
        model: &model,
        program: &program,
        scenario: &scenario,
        arm: &scenario.arms[1],
        other: &scenario.arms[2],
        t: 7.0 * DAY,
        column: column(&model, "serum_ferritin"),
    };
    assert!(matches!(question.column, Column::Biomarker(_)));
    let found = why(&question, &|_, _| {}).expect("both arms run");
    let parts: f64 = found.causes.iter().map(|cause| cause.part).sum();
    let whole = found.difference();
    assert!((parts / whole - 1.0).abs() < 0.01, "{parts} of {whole}");
    assert!(!found.knockouts.is_empty());
}
