use myoflux::model::{EdgeKind, Grade};
use myoflux::scenario::RunResult;
use myoflux::scenario::explain::Instant;

use crate::{run_text, trajectory};

const DAY: f64 = 86_400.0;

/// A year without exercise on the habitual diet, hourly on the first and on the last day.
fn year_at_rest(people: &str) -> RunResult {
    run_text(&format!(
        "format = 1\ntitle = \"A year at rest\"\nmodel = \"athlete\"\nduration = \"365 d\"\n\
         output_every = \"1 h\"\n[person]\npeople = \"{people}\"\n"
    ))
}

/// Rows of the day that begins at `from_s`, its end left out.
fn rows(result: &RunResult, from_s: f64) -> Vec<usize> {
    let times = &trajectory(result, 0).times;
    (0..times.len())
        .filter(|row| (from_s..from_s + DAY - 1.0).contains(&times[*row]))
        .collect()
}

/// Claim: the reference man and woman are at home in the model: a year at rest moves no pool's daily
/// mean by more than 1 %.
#[test]
fn a_year_at_rest_moves_no_pool_by_more_than_a_hundredth() {
    for people in ["man", "woman"] {
        let result = year_at_rest(people);
        let run = trajectory(&result, 0);
        let width = run.final_state.len();
        let mean = |rows: &[usize], state: usize| {
            rows.iter()
                .map(|row| run.states[row * width + state])
                .sum::<f64>()
                / rows.len() as f64
        };
        let (first, last) = (rows(&result, 0.0), rows(&result, 364.0 * DAY));
        assert_eq!((first.len(), last.len()), (24, 24));
        for (at, state) in result.model.states.iter().enumerate() {
            let (before, after) = (mean(&first, at), mean(&last, at));
            let drift = (after - before).abs() / before.abs().max(1e-3 * state.scale);
            assert!(
                drift <= 0.01,
                "{people}: {} goes from {before} to {after} {}",
                state.name,
                state.unit.text
            );
        }
    }
}

/// Claim (the promise of factor edges): for the reference man and woman the mean over 24 h of what an
/// edge multiplies its target by lies within 1 ± 0.05, so that switching edges on moves nobody healthy.
#[test]
fn factor_edges_are_neutral_for_the_reference_people() {
    for people in ["man", "woman"] {
        let result = year_at_rest(people);
        let run = trajectory(&result, 0);
        let model = &result.model;
        let (width, inputs) = (run.final_state.len(), model.inputs.len());
        let rows = rows(&result, 0.0);
        let mut tried = 0;
        for edge in model.edges.iter().filter(|e| e.kind == EdgeKind::Factor) {
            let (Some((_, factor)), Some(reference)) = (&edge.factor, edge.reference) else {
                panic!("{} is a factor edge without a factor", edge.name);
            };
            let parameters = &result.arms[0].parameters;
            let parameter = model.references[reference.index()].parameter;
            let reference = parameters[parameter.index()];
            let at = |row: &usize| {
                let instant = Instant {
                    t: run.times[*row],
                    parameters: parameters.clone(),
                    inputs: run.inputs[row * inputs..(row + 1) * inputs].to_vec(),
                    states: run.states[row * width..(row + 1) * width].to_vec(),
                };
                let values = instant.values(model);
                values.expr(factor, &values.all()) / reference
            };
            let mean = rows.iter().map(at).sum::<f64>() / rows.len() as f64;
            tried += 1;
            assert!(
                (mean - 1.0).abs() <= 0.05,
                "{people}: {} (grade {:?}) multiplies by {mean} over the day",
                edge.name,
                edge.grade
            );
        }
        assert!(tried > 0 && model.edges.iter().any(|e| e.grade == Grade::A));
    }
}
