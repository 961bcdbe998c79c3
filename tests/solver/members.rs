//! Shipped scenarios as members for the engine; shared with the benchmarks.

use std::path::Path;

use myoflux::compile::{Program, compile};
use myoflux::diagnostics::{Sources, render};
use myoflux::engine::{Member, Options};
use myoflux::model::{Model, ParameterKind};
use myoflux::scenario::initial::References;
use myoflux::scenario::load::{Overrides, load_scenario};
use myoflux::scenario::run;

/// A model, compiled, with the first arm of a scenario.
pub struct Case {
    pub program: Program,
    pub options: Options,
    pub member: Member,
    /// Parameters that a module file declares.
    declared: Vec<usize>,
}

/// Loads a scenario with these `--set` values and finds where its first arm starts.
pub fn case(scenario: &str, set: &[(&str, &str)]) -> Case {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let overrides = Overrides {
        set: set
            .iter()
            .map(|(key, value)| (key.to_string(), value.to_string()))
            .collect(),
        ..Overrides::default()
    };
    let mut sources = Sources::default();
    let (model, scenario) = load_scenario(
        &root.join(scenario),
        &root.join("models"),
        &overrides,
        &mut sources,
    )
    .unwrap_or_else(|problems| panic!("{}", render(&problems, &sources, false)));
    let program = compile(&model);
    let prepared = run::prepare(
        &model,
        &program,
        &scenario,
        &scenario.arms[0],
        &References::default(),
    );
    let (_, member, options) = prepared.expect("a shipped scenario has a start");
    Case {
        declared: declared(&model),
        program,
        options,
        member,
    }
}

fn declared(model: &Model) -> Vec<usize> {
    let parameters = model.parameters.iter().enumerate();
    parameters
        .filter(|(_, parameter)| parameter.kind == ParameterKind::Declared)
        .map(|(at, _)| at)
        .collect()
}

impl Case {
    /// Members whose declared parameters are multiplied by `exp(sigma·z)`, z normal.
    pub fn spread(&self, count: usize, sigma: f64) -> Vec<Member> {
        let mut random = Random(1);
        let mut draw = || {
            let mut member = self.member.clone();
            for &at in &self.declared {
                member.parameters[at] *= (sigma * random.normal()).exp();
            }
            member
        };
        (0..count).map(|_| draw()).collect()
    }
}

/// SplitMix64 (Steele, Lea & Flood 2014).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Within [0, 1).
    pub fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Standard normal, near enough: twelve uniform numbers less six.
    pub fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }

    /// Puts items into random order (Fisher–Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, (self.next() % (last as u64 + 1)) as usize);
        }
    }
}
