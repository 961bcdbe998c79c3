//! Random people: whatever their status between severe deficiency and toxicity, their diet, their
//! tablets and their training, the model carries them, loses no matter and lets no pool fall below zero.
//!
//! Each person is a scenario as a user would write it. Another draw: `PEOPLE_SEED=7 PEOPLE=2000`.

use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use myoflux::compile::{Program, compile};
use myoflux::diagnostics::{Sources, render};
use myoflux::engine::Trajectory;
use myoflux::model::{Band, Biomarker, Input, InputKind, Model, People, Role};
use myoflux::scenario::load::{Overrides, load_scenario};
use myoflux::scenario::measure::series;
use myoflux::scenario::{ArmResult, RunResult, Scenario, run::run};
use rayon::prelude::*;

const SEED: u64 = 20_261_124;

/// Uniform on [0, 1), the same everywhere (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.next()
    }

    fn log_between(&mut self, low: f64, high: f64) -> f64 {
        low * (high / low).powf(self.next())
    }

    fn chance(&mut self, probability: f64) -> bool {
        self.next() < probability
    }

    fn whole(&mut self, low: u32, high: u32) -> u32 {
        low + (self.next() * f64::from(high - low + 1)) as u32
    }

    fn one_of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.whole(0, choices.len() as u32 - 1) as usize]
    }
}

/// A model with what its reference people measure: the ground from which people are drawn.
struct Ground {
    name: &'static str,
    model: Arc<Model>,
    program: Arc<Program>,
    /// Per people preset, per biomarker: its value in health.
    healthy: Vec<Vec<f64>>,
}

impl Ground {
    fn new(name: &'static str) -> Self {
        let at_rest = |people: &str| {
            format!(
                "format = 1\ntitle = \"Rest\"\nmodel = \"{name}\"\nduration = \"1 h\"\nwarm_up = \"0 d\"\n\
                 [person]\npeople = \"{people}\"\n"
            )
        };
        let (model, _) = read(&at_rest("man"));
        let program = Arc::new(compile(&model));
        let healthy = model.people.iter().map(|people| {
            let (model, scenario) = read(&at_rest(&people.name));
            let result = run(model, program.clone(), scenario, &|_, _| {});
            let markers = result.model.biomarkers.iter();
            markers.map(|m| values(&result, 0, &m.name)[0]).collect()
        });
        let healthy = healthy.collect();
        Ground {
            name,
            model,
            program,
            healthy,
        }
    }

    fn run(&self, text: &str) -> RunResult {
        let (model, scenario) = read(text);
        run(model, self.program.clone(), scenario, &|_, _| {})
    }
}

fn read(text: &str) -> (Arc<Model>, Arc<Scenario>) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("scenario.toml");
    std::fs::write(&path, text).expect("room for a file");
    let mut sources = Sources::default();
    let overrides = Overrides::default();
    let (model, scenario) = load_scenario(&path, Path::new("models"), &overrides, &mut sources)
        .unwrap_or_else(|problems| panic!("{}", render(&problems, &sources, false)));
    (model, Arc::new(scenario))
}

fn trajectory(arm: &ArmResult) -> &Trajectory {
    arm.outcome.as_ref().expect("this arm runs to its end")
}

/// Values of a named quantity over the rows of an arm.
fn values(result: &RunResult, arm: usize, name: &str) -> Vec<f64> {
    let column = result.model.column(name);
    let column = column.unwrap_or_else(|| panic!("the model has no {name}"));
    series(&result.program, trajectory(&result.arms[arm]), column)
}

/// Writes one person: who, with which status, eating, swallowing and doing what, and for how long.
fn person(ground: &Ground, examined: bool, random: &mut Random) -> String {
    let at = random.whole(0, ground.model.people.len() as u32 - 1) as usize;
    let people = &ground.model.people[at];
    let mut text = head(ground, people, random.whole(2, 7), "8 h");
    if examined {
        text += &status(ground, at, random);
    }
    text += &diet(ground, people, random);
    for _ in 0..random.whole(0, 3) {
        text += &supplement(ground, people, random);
    }
    let sessions = random.whole(0, 2) as usize;
    for hour in &["07:00", "17:00"][..sessions] {
        text += &session(random, hour);
    }
    text
}

fn head(ground: &Ground, people: &People, days: u32, every: &str) -> String {
    format!(
        "format = 1\ntitle = \"A person\"\nmodel = \"{}\"\nduration = \"{days} d\"\nwarm_up = \"2 d\"\n\
         output_every = \"{every}\"\nsolver = {{ rtol = 1e-6 }}\n[person]\npeople = \"{}\"\n",
        ground.name, people.name
    )
}

/// Each laboratory value that can be given, with probability 1/3.
fn status(ground: &Ground, people: usize, random: &mut Random) -> String {
    let mut text = "[status]\n".to_string();
    for (at, marker) in ground.model.biomarkers.iter().enumerate() {
        if marker.pins.is_some() && random.chance(1.0 / 3.0) {
            let name = &ground.model.people[people].name;
            let (low, high) = reach(marker, name, ground.healthy[people][at]);
            let value = random.log_between(low, high);
            let _ = writeln!(
                text,
                "{} = \"{value:.4} {}\"",
                marker.name, marker.unit.text
            );
        }
    }
    text
}

/// From a severe deficiency (0.4 of the limit of deficiency) to a clear excess (twice the limit of what
/// is high). An activation coefficient rises in deficiency and is lowest in health, where the enzyme
/// is full: it goes from there to 1.4 times its limit.
fn reach(marker: &Biomarker, people: &str, healthy: f64) -> (f64, f64) {
    if marker.name == "erythrocyte_nad" {
        // Red cells hold hardly more NAD however much niacin there is (`nad_ceiling`, 1.3).
        return (0.25, 1.25);
    }
    let ours = |band: &&Band| band.people.as_deref().is_none_or(|name| name == people);
    let Some(band) = marker.bands.iter().find(ours) else {
        return (healthy / 4.0, healthy * 4.0);
    };
    match (band.deficient_below, band.high_above) {
        (None, Some(high)) => (healthy, 1.4 * high),
        (low, high) => (
            low.map_or(healthy / 4.0, |limit| 0.4 * limit),
            high.map_or(healthy * 4.0, |limit| 2.0 * limit),
        ),
    }
}

/// A tenth to three times of what the reference person eats of everything, spread or in meals.
fn diet(ground: &Ground, people: &People, random: &mut Random) -> String {
    let mut text = "[diet]\n".to_string();
    for (at, input) in ground.model.inputs.iter().enumerate() {
        let (Some(Role::Diet), Some(key)) = (input.role, &input.key) else {
            continue;
        };
        let own = people.inputs.iter().find(|(id, _)| id.index() == at);
        let usual = own.map_or(usually(input), |(_, value)| *value);
        let value = usual * random.log_between(0.1, 3.0);
        let _ = writeln!(text, "{key} = \"{value:.5} {}\"", input.unit.text);
    }
    if random.chance(0.5) {
        text += "meals = [\"08:00\", \"12:30\", \"19:30\"]\nshares = [0.25, 0.35, 0.4]\n";
    }
    text
}

/// What is eaten without a preset; of what the reference diet leaves out, a customary amount.
fn usually(input: &Input) -> f64 {
    match (&input.kind, input.key.as_deref()) {
        (InputKind::Rate { default }, _) if *default > 0.0 => *default,
        (_, Some("tea")) => 2.0,
        _ => 100.0,
    }
}

/// A tablet a day, from the recommended intake to ten times the upper level.
fn supplement(ground: &Ground, people: &People, random: &mut Random) -> String {
    let swallowed = |input: &&Input| input.role == Some(Role::Supplement);
    let inputs: Vec<_> = ground.model.inputs.iter().filter(swallowed).collect();
    let key = random.one_of(&inputs).key.as_deref().expect("a key");
    let (low, high, unit) = doses(&ground.model, key, &people.name);
    let dose = random.log_between(low, high);
    let habitual = random.chance(0.5);
    format!(
        "[[supplement]]\nnutrient = \"{key}\"\ndose = \"{dose:.4} {unit}\"\nwhen = \"daily at 09:00\"\n\
         habitual = {habitual}\n"
    )
}

fn doses(model: &Model, key: &str, people: &str) -> (f64, f64, String) {
    let nutrient = key.split('.').next().and_then(|k| model.nutrients.get(k));
    let Some(nutrient) = nutrient else {
        // Curcumin and omega-3 fatty acids have no reference intake: up to what trials gave, and twice.
        return (50.0, 6000.0, "mg".to_string());
    };
    let intake = |kinds: &[&str]| {
        let found = nutrient.intakes.iter();
        found
            .filter(|(whose, ..)| whose == people)
            .find(|(_, kind, ..)| kinds.contains(&kind.as_str()))
    };
    let (_, _, low, unit, _) = intake(&["rda", "ai"]).expect("a recommended intake");
    // Without an upper level: a hundred recommended intakes.
    let high = intake(&["ul"]).map_or(100.0 * low, |(_, _, value, ..)| 10.0 * value);
    (*low, high, unit.text.trim_end_matches("/d").to_string())
}

fn session(random: &mut Random, hour: &str) -> String {
    let verb = *random.one_of(&["run", "walk", "cycle", "downhill", "sprint", "squat"]);
    let intensity = random.between(30.0, 95.0);
    let what = match verb {
        "squat" => format!("squat {} x 8 at {intensity:.0} %1RM", random.whole(2, 8)),
        "sprint" => format!(
            "sprint {} x (2 min at {intensity:.0} %VO2max, 2 min at 40 %VO2max)",
            random.whole(2, 12)
        ),
        _ => format!(
            "{verb} {} min at {intensity:.0} %VO2max",
            random.whole(10, 150)
        ),
    };
    let habitual = random.chance(0.5);
    format!("[[training]]\nwhat = \"{what}\"\nwhen = \"daily at {hour}\"\nhabitual = {habitual}\n")
}

/// A bout of someone with a random status, on the model with working muscle.
fn bout(ground: &Ground, random: &mut Random) -> String {
    let at = random.whole(0, ground.model.people.len() as u32 - 1) as usize;
    let mut text = head(ground, &ground.model.people[at], 1, "10 min");
    text += &status(ground, at, random);
    let (minutes, intensity) = (random.whole(10, 60), random.between(40.0, 85.0));
    let verb = random.one_of(&["run", "cycle"]);
    let _ = write!(
        text,
        "[[training]]\nwhat = \"{verb} {minutes} min at {intensity:.0} %VO2max\"\nwhen = \"at 0 d 08:00\"\n"
    );
    text
}

enum Verdict {
    Sound,
    /// A combination of laboratory values that no steady state has; which ones stand in the way is told.
    Unreachable(String),
    Broken(String),
}

fn judge(ground: &Ground, text: &str) -> Verdict {
    let Ok(result) = catch_unwind(AssertUnwindSafe(|| ground.run(text))) else {
        return Verdict::Broken("a panic".to_string());
    };
    let arm = &result.arms[0];
    match &arm.outcome {
        Err(_) if !arm.warnings.is_empty() => Verdict::Unreachable(arm.warnings.join("; ")),
        Err(failure) => Verdict::Broken(told(&ground.model, failure)),
        Ok(run) => {
            let mut faults = arm.warnings.clone();
            faults.extend(lost_matter(&ground.model, arm));
            faults.extend(not_numbers(&ground.model, run));
            match faults.is_empty() {
                true => Verdict::Sound,
                false => Verdict::Broken(faults.join("; ")),
            }
        }
    }
}

fn told(model: &Model, failure: &myoflux::engine::Failure) -> String {
    use myoflux::engine::Failure::*;
    let name = |state: &u32| model.states.get(*state as usize).map(|s| s.name.as_str());
    match failure {
        NotFinite { state, .. }
        | StepTooSmall { state, .. }
        | Singular { state, .. }
        | NoEquilibrium { state, .. } => format!("{failure:?}, in {:?}", name(state)),
        TooManySteps { .. } => format!("{failure:?}"),
    }
}

/// Balances and totals that close worse than 1e-9.
fn lost_matter(model: &Model, arm: &ArmResult) -> Vec<String> {
    let open = arm
        .ledger
        .iter()
        .filter(|l| l.error.is_nan() || l.error >= 1e-9);
    let open = open.map(|l| format!("{} closes to {:e}", l.matter, l.error));
    let totals = model.conserved.iter().zip(&arm.conserved);
    let adrift = totals.filter(|(_, drift)| drift.is_nan() || **drift >= 1e-9);
    let adrift = adrift.map(|(total, drift)| format!("{} drifts {drift:e}", total.text));
    open.chain(adrift).collect()
}

fn not_numbers(model: &Model, run: &Trajectory) -> Vec<String> {
    let width = run.final_state.len();
    let broken = |at: &usize| run.states.chunks(width).any(|row| !row[*at].is_finite());
    let states = (0..model.states.len()).filter(broken);
    let mut found: Vec<String> = states
        .map(|at| format!("{} is no number", model.states[at].name))
        .collect();
    if run.observables.iter().any(|value| !value.is_finite()) {
        found.push("a derived quantity is no number".to_string());
    }
    found
}

/// A number from the environment, for draws by hand.
fn asked(name: &str, otherwise: u64) -> u64 {
    let text = std::env::var(name).ok();
    text.map_or(otherwise, |text| text.parse().expect("a whole number"))
}

/// Runs everyone; tells who broke, in whole; at most 5 % may be unreachable.
fn carry(ground: &Ground, texts: &[String]) {
    let verdicts: Vec<Verdict> = texts.par_iter().map(|text| judge(ground, text)).collect();
    let (mut unreachable, mut broken) = (Vec::new(), Vec::new());
    for (at, verdict) in verdicts.iter().enumerate() {
        match verdict {
            Verdict::Sound => {}
            Verdict::Unreachable(why) => unreachable.push(format!("person {at}: {why}")),
            Verdict::Broken(why) => broken.push(format!("person {at}: {why}\n{}", texts[at])),
        }
    }
    let (name, count) = (ground.name, texts.len());
    println!("{name}: {count} people, {} unreachable", unreachable.len());
    println!("{}", unreachable.join("\n"));
    let (seed, list) = (asked("PEOPLE_SEED", SEED), broken.join("\n"));
    assert!(
        broken.is_empty(),
        "seed {seed}: {} of {count} broke:\n{list}",
        broken.len()
    );
    assert!(
        unreachable.len() * 20 <= count,
        "{} of {count} have a status that cannot be met",
        unreachable.len()
    );
}

fn people(examined: bool) {
    let ground = Ground::new("athlete");
    let mut random = Random(asked("PEOPLE_SEED", SEED));
    let people = (0..asked("PEOPLE", 500)).map(|_| person(&ground, examined, &mut random));
    let texts: Vec<String> = people.collect();
    carry(&ground, &texts);
}

/// Claim: 500 people on any diet from a tenth to three times the usual, with tablets up to ten times the
/// upper level and up to two hard sessions a day, run to their end from where this habit has led; no pool
/// falls below −atol, every balance of matter and every conserved total closes to 1e-9, at rtol 1e-6.
#[test]
#[ignore = "a tenth of the drawn habits has no equilibrium of macrophage iron yet"]
fn any_habit_can_be_simulated() {
    people(false);
}

/// Claim: the same of people whose laboratory values are given as well, between severe deficiency and
/// toxicity; of at most 5 % it is told which values cannot be met.
#[test]
#[ignore = "about a fifth of the drawn statuses contradict the diet or are not found; takes minutes"]
fn any_status_can_be_simulated() {
    people(true);
}

/// Claim: the same of forty bouts of 10 to 60 min at 40 to 85 % of the maximal oxygen uptake.
#[test]
#[ignore = "some of the drawn statuses are not found; takes minutes"]
fn any_status_can_work() {
    let ground = Ground::new("bout");
    let mut random = Random(asked("PEOPLE_SEED", SEED) ^ 0xB0);
    let count = asked("BOUTS", 40);
    let texts: Vec<String> = (0..count).map(|_| bout(&ground, &mut random)).collect();
    carry(&ground, &texts);
}
