//! Runs a checked scenario: initial states, warm-up, all arms in parallel, expectations.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use super::initial::{self, Initial, References, Unsettled};
use super::{Arm, ArmResult, ExpectationResult, RunResult, Scenario, Verdict, ledger, measure};
use crate::compile::Program;
use crate::engine::evaluate::math::power;
use crate::engine::{EventResponse, Failure, Member, Method, Options, Trajectory, run_member};
use crate::model::*;

/// Runs every arm. `progress` is called with (arms finished, arms).
pub fn run(
    model: Arc<Model>,
    program: Arc<Program>,
    scenario: Arc<Scenario>,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> RunResult {
    let finished = AtomicUsize::new(0);
    let references = References::default();
    let arms: Vec<ArmResult> = scenario
        .arms
        .par_iter()
        .map(|arm| {
            let result = run_arm(&model, &program, &scenario, arm, &references);
            progress(
                finished.fetch_add(1, Ordering::Relaxed) + 1,
                scenario.arms.len(),
            );
            result
        })
        .collect();
    let expectations = scenario
        .expectations
        .iter()
        .enumerate()
        .map(|(at, expectation)| {
            match measure::evaluate(&expectation.measure, &program, &arms, expectation.arm) {
                Ok(value) => ExpectationResult {
                    expectation: at,
                    value,
                    verdict: measure::verdict(value, expectation.low, expectation.high),
                    problem: None,
                },
                Err(why) => ExpectationResult {
                    expectation: at,
                    value: f64::NAN,
                    verdict: Verdict::Miss,
                    problem: Some(why),
                },
            }
        })
        .collect();
    RunResult {
        model,
        program,
        scenario,
        arms,
        expectations,
    }
}

/// Absolute tolerance of every engine state: 1e-3·rtol·scale; accumulators stay outside the error norm.
pub fn tolerances(model: &Model, program: &Program, rtol: f64) -> Vec<f64> {
    let scaled = model.states.iter().map(|state| 1e-3 * rtol * state.scale);
    let mut atol: Vec<f64> = scaled.collect();
    atol.resize(program.engine_states(), f64::INFINITY);
    atol
}

/// Solver options of a model on its own, where nothing is scheduled.
pub fn model_options(model: &Model, program: &Program) -> Options {
    let rtol = 1e-8;
    Options {
        method: Method::Rodas5p,
        rtol,
        atol: tolerances(model, program, rtol),
        max_steps: 1_000_000,
        event_actions: Vec::new(),
        bout_inputs: Vec::new(),
    }
}

/// Solver options for a model: atol = 1e-3·rtol·scale, accumulators outside the error norm.
pub fn options(model: &Model, program: &Program, scenario: &Scenario) -> Options {
    let breakpoints = |arm: &Arm| arm.breakpoints.len().max(arm.habitual.len());
    let breakpoints = scenario.arms.iter().map(breakpoints).max().unwrap_or(0);
    let max_steps = match scenario.method {
        // Tens of steps per breakpoint are usual: who needs more runs against a wall. A step of fifth order is
        // 1.6 times shorter for each decade of tolerance.
        Method::Rodas5p => {
            let tighter = power((1e-6 / scenario.rtol).max(1.0), 0.2);
            ((200_000 + 1000 * breakpoints as u64) as f64 * tighter) as u64
        }
        // Explicit methods take as many as the fastest process asks for.
        Method::Dopri5 | Method::Dop853 => 20_000_000,
    };
    let response = |event: &Event| match event.action {
        EventAction::Mark => EventResponse::Mark,
        EventAction::Stop => EventResponse::Stop,
        EventAction::EndBout => EventResponse::EndBout,
    };
    Options {
        method: scenario.method,
        rtol: scenario.rtol,
        atol: tolerances(model, program, scenario.rtol),
        max_steps,
        event_actions: model.events.iter().map(response).collect(),
        bout_inputs: (0..model.inputs.len() as u32)
            .filter(|at| model.inputs[*at as usize].ends_with_bout())
            .collect(),
    }
}

/// Finds where an arm starts and what the engine has to do with it.
///
/// # Errors
/// Why there is no start.
pub fn prepare(
    model: &Model,
    program: &Program,
    scenario: &Scenario,
    arm: &Arm,
    references: &References,
) -> Result<(Initial, Member, Options), Unsettled> {
    let options = options(model, program, scenario);
    let start = initial::find_among(
        references,
        model,
        program,
        arm,
        &options,
        scenario.warm_up_s,
        scenario.declared_initial,
    )?;
    let member = member(scenario, arm, &start);
    Ok((start, member, options))
}

/// What the engine has to do with an arm that starts there.
pub fn member(scenario: &Scenario, arm: &Arm, start: &Initial) -> Member {
    Member {
        parameters: start.parameters.clone(),
        inputs: arm.inputs.clone(),
        y0: start.state.clone(),
        t0: 0.0,
        t_end: scenario.duration_s,
        breakpoints: arm.breakpoints.clone(),
        output_times: scenario.output_times.clone(),
        restore: None,
    }
}

fn run_arm(
    model: &Model,
    program: &Program,
    scenario: &Scenario,
    arm: &Arm,
    references: &References,
) -> ArmResult {
    match prepare(model, program, scenario, arm, references) {
        Err(unsettled) => failed(model, arm, unsettled),
        Ok((start, member, options)) => {
            let outcome = run_member(program, &member, &options);
            summarise(model, start, outcome, &options)
        }
    }
}

fn failed(model: &Model, arm: &Arm, unsettled: Unsettled) -> ArmResult {
    let Unsettled { failure, refusal } = unsettled;
    let refusal = refusal.map(|refusal| initial::told(model, arm, &failure, &refusal));
    ArmResult {
        parameters: arm.parameters.clone(),
        initial: vec![0.0; model.states.len()],
        outcome: Err(failure),
        drift: Vec::new(),
        conserved: Vec::new(),
        ledger: Vec::new(),
        refusal,
        warnings: Vec::new(),
    }
}

fn summarise(
    model: &Model,
    start: Initial,
    outcome: Result<Trajectory, Failure>,
    options: &Options,
) -> ArmResult {
    let mut result = ArmResult {
        parameters: start.parameters,
        initial: start.state,
        outcome,
        drift: start.drift,
        conserved: Vec::new(),
        ledger: Vec::new(),
        refusal: None,
        warnings: Vec::new(),
    };
    let Ok(run) = &result.outcome else {
        return result;
    };
    result.conserved = model
        .conserved
        .iter()
        .map(|total| {
            let sum = |y: &[f64]| {
                total
                    .weights
                    .iter()
                    .map(|(s, w)| w * y[s.index()])
                    .sum::<f64>()
            };
            let before = sum(&result.initial);
            (sum(&run.final_state) - before).abs() / before.abs().max(1e-300)
        })
        .collect();
    result.ledger = ledger::ledger(model, &result.parameters, &result.initial, &run.final_state);
    result.warnings = negatives(model, run, options);
    result
}

fn negatives(model: &Model, run: &Trajectory, options: &Options) -> Vec<String> {
    let width = options.atol.len();
    let mut warnings = Vec::new();
    for (at, state) in model
        .states
        .iter()
        .enumerate()
        .filter(|(_, state)| !state.signed)
    {
        let lowest = run
            .states
            .chunks(width)
            .map(|row| row[at])
            .fold(f64::INFINITY, f64::min);
        if lowest < -options.atol[at] {
            warnings.push(format!(
                "{} fell to {lowest:e} {}, below zero",
                state.name, state.unit.text
            ));
        }
    }
    warnings
}
