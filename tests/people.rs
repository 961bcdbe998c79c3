//! Random people: whatever their status between severe deficiency and toxicity, their diet, their
//! tablets and their training, the model carries them, loses no matter and lets no pool fall below zero;
//! or it says why not, for one of the few reasons listed here.
//!
//! Each person is a scenario as a user would write it. Another draw: `PEOPLE_SEED=7 PEOPLE=2000`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use myoflux::compile::{Program, compile};
use myoflux::diagnostics::{Sources, render};
use myoflux::engine::{Failure, Trajectory};
use myoflux::model::{Band, Biomarker, Input, InputKind, Model, ParameterKind, People, Role};
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

/// How far from health laboratory values are drawn.
#[derive(Clone, Copy)]
enum Range {
    /// From the limit of deficiency to the limit of what is high: what a clinic sees every day.
    Plausible,
    /// From 0.4 of the limit of deficiency to twice the limit of what is high.
    Extreme,
}

/// Writes one person: who, with which status, eating, swallowing and doing what, for two days.
fn person(ground: &Ground, range: Range, random: &mut Random) -> String {
    let at = random.whole(0, ground.model.people.len() as u32 - 1) as usize;
    let people = &ground.model.people[at];
    let mut text = head(ground, people, "2 d", "8 h");
    text += &status(ground, at, range, random);
    text += &diet(ground, people, range, random);
    for _ in 0..random.whole(0, 3) {
        text += &supplement(ground, people, random);
    }
    let sessions = random.whole(0, 2) as usize;
    for hour in &["07:00", "17:00"][..sessions] {
        text += &session(random, hour);
    }
    text
}

fn head(ground: &Ground, people: &People, duration: &str, every: &str) -> String {
    format!(
        "format = 1\ntitle = \"A person\"\nmodel = \"{}\"\nduration = \"{duration}\"\nwarm_up = \"1 d\"\n\
         output_every = \"{every}\"\n[person]\npeople = \"{}\"\n",
        ground.name, people.name
    )
}

/// Each laboratory value that can be given, with probability 1/3; of values that set the same pool, as many
/// as there are pools.
fn status(ground: &Ground, people: usize, range: Range, random: &mut Random) -> String {
    let markers = &ground.model.biomarkers;
    let mut drawn: Vec<usize> = (0..markers.len())
        .filter(|at| !markers[*at].pins.is_empty() && random.chance(1.0 / 3.0))
        .collect();
    // Those with the fewest pools to choose from choose first, as when a scenario is read.
    drawn.sort_by_key(|at| markers[*at].pins.len());
    let mut taken = Vec::new();
    let mut text = "[status]\n".to_string();
    for at in drawn {
        let marker = &markers[at];
        let Some(pool) = marker.pins.iter().find(|pool| !taken.contains(*pool)) else {
            continue;
        };
        taken.push(*pool);
        let name = &ground.model.people[people].name;
        let (low, high) = reach(marker, name, range, ground.healthy[people][at]);
        let value = random.log_between(low, high);
        let unit = Some(&marker.unit.text).filter(|unit| *unit != "1");
        let unit = unit.map_or(String::new(), |unit| format!(" {unit}"));
        let _ = writeln!(text, "{} = \"{value:.4}{unit}\"", marker.name);
    }
    text
}

/// An activation coefficient rises in deficiency and is lowest in health, where the enzyme is full: it goes
/// from there up.
fn reach(marker: &Biomarker, people: &str, range: Range, healthy: f64) -> (f64, f64) {
    let (less, more, freely) = match range {
        Range::Plausible => (1.0, 1.0, 1.5),
        Range::Extreme => (0.4, 2.0, 4.0),
    };
    let ours = |band: &&Band| band.people.as_deref().is_none_or(|name| name == people);
    let Some(band) = marker.bands.iter().find(ours) else {
        return (healthy / freely, healthy * freely);
    };
    let high = band.high_above.or(band.deficient_above);
    match (band.deficient_below, high.or(band.insufficient_above)) {
        (None, Some(high)) => (healthy, high * if more > 1.0 { 1.4 } else { 1.0 }),
        (low, high) => (
            low.map_or(healthy / freely, |limit| less * limit),
            high.map_or(healthy * freely, |limit| more * limit),
        ),
    }
}

/// A tenth to three times of what the reference person eats of everything (plausible: half to double),
/// spread or in meals.
fn diet(ground: &Ground, people: &People, range: Range, random: &mut Random) -> String {
    let (least, most) = match range {
        Range::Plausible => (0.5, 2.0),
        Range::Extreme => (0.1, 3.0),
    };
    let mut text = "[diet]\n".to_string();
    let mut written = Vec::new();
    for (at, input) in ground.model.inputs.iter().enumerate() {
        let (Some(Role::Diet), Some(key)) = (input.role, &input.key) else {
            continue;
        };
        // What several modules take in is written once, for all of them.
        if input.connected.is_some() || written.contains(&key) {
            continue;
        }
        written.push(key);
        let own = people.inputs.iter().find(|(id, _)| id.index() == at);
        let usual = own.map_or(usually(input), |(_, value)| *value);
        let value = usual * random.log_between(least, most);
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

/// A tablet a day, from the recommended intake to ten times the upper level; below that level it may have
/// been a habit.
fn supplement(ground: &Ground, people: &People, random: &mut Random) -> String {
    let swallowed = |input: &&Input| input.role == Some(Role::Supplement);
    let inputs: Vec<_> = ground.model.inputs.iter().filter(swallowed).collect();
    let key = random.one_of(&inputs).key.as_deref().expect("a key");
    let (low, high, unit) = doses(&ground.model, key, &people.name);
    let dose = random.log_between(low, high);
    let habitual = random.chance(0.5) && dose < 0.1 * high;
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
            .filter(|row| row.people == people)
            .find(|row| kinds.contains(&row.kind.as_str()))
    };
    let low = intake(&["rda", "ai"]).expect("a recommended intake");
    // Without an upper level: a hundred recommended intakes.
    let high = intake(&["ul"]).map_or(100.0 * low.value, |row| 10.0 * row.value);
    let unit = low.unit.text.trim_end_matches("/d").to_string();
    (low.value, high, unit)
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

/// A bout of someone with a random status, each ten minutes of it looked at.
fn bout(ground: &Ground, random: &mut Random) -> String {
    let at = random.whole(0, ground.model.people.len() as u32 - 1) as usize;
    let mut text = head(ground, &ground.model.people[at], "9 h", "10 min");
    text += &status(ground, at, Range::Extreme, random);
    let (minutes, intensity) = (random.whole(10, 60), random.between(40.0, 85.0));
    let verb = random.one_of(&["run", "cycle"]);
    let _ = write!(
        text,
        "[[training]]\nwhat = \"{verb} {minutes} min at {intensity:.0} %VO2max\"\nwhen = \"at 0 d 08:00\"\n"
    );
    text
}

/// A train of pulses of a fibre with a random status.
fn train(ground: &Ground, random: &mut Random) -> String {
    let mut text = format!(
        "format = 1\ntitle = \"A fibre\"\nmodel = \"{}\"\nduration = \"0.4 s\"\noutput_every = \"20 ms\"\n",
        ground.name
    );
    text += &status(ground, 0, Range::Extreme, random);
    let hertz = random.log_between(5.0, 100.0);
    let _ = write!(
        text,
        "[[stimulation]]\nwhat = \"{hertz:.0} Hz for 0.3 s\"\nat = \"0.02 s\"\n"
    );
    text
}

/// The only ways in which a person may have no numbers.
const REASONS: [&str; 7] = [
    "unreachable-status",
    "conflicting-status",
    "fixed-status",
    "drifting-status",
    "no-steady-state",
    "out-of-range",
    "sound",
];

/// Which of them it is, or what went wrong.
fn judge(ground: &Ground, text: &str) -> Result<&'static str, String> {
    let Ok(result) = catch_unwind(AssertUnwindSafe(|| ground.run(text))) else {
        return Err("a panic".to_string());
    };
    let arm = &result.arms[0];
    match (&arm.refusal, &arm.outcome) {
        (Some(refusal), _) => {
            let told = refusal.help.is_some() && !refusal.message.contains("NaN");
            let known = REASONS.contains(&refusal.code) && told;
            println!("{}: {}", refusal.code, refusal.message);
            known.then_some(refusal.code).ok_or(format!("{refusal:?}"))
        }
        (None, Err(failure @ Failure::OutOfRange { .. })) => {
            println!("out-of-range: {}", told(&ground.model, failure));
            Ok("out-of-range")
        }
        (None, Err(failure)) => Err(told(&ground.model, failure)),
        (None, Ok(run)) => {
            let mut faults = arm.warnings.clone();
            faults.extend(lost_matter(&ground.model, arm));
            faults.extend(not_numbers(&ground.model, run));
            faults.extend(misread(&result));
            match faults.is_empty() {
                true => Ok("sound"),
                false => Err(faults.join("; ")),
            }
        }
    }
}

/// Given laboratory values that read otherwise at the start, by more than a hundredth.
fn misread(result: &RunResult) -> Vec<String> {
    let arm = &result.scenario.arms[0];
    let wrong = arm.status.iter().filter_map(|(marker, given, _)| {
        let name = &result.model.biomarkers[*marker].name;
        let reads = values(result, 0, name)[0];
        let off = (reads / given - 1.0).abs() > 0.01;
        off.then(|| format!("{name} reads {reads} instead of {given}"))
    });
    wrong.collect()
}

fn told(model: &Model, failure: &Failure) -> String {
    use Failure::*;
    let name = |state: &u32| model.states.get(*state as usize).map(|s| s.name.as_str());
    match failure {
        NotFinite { state, .. }
        | StepTooSmall { state, .. }
        | Singular { state, .. }
        | NoEquilibrium { state, .. } => format!("{failure:?}, in {:?}", name(state)),
        TooManySteps { .. } | OutOfRange { .. } => format!("{failure:?}"),
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

/// Runs everyone and counts the reasons; tells who broke, in whole.
fn carry(ground: &Ground, texts: &[String]) -> BTreeMap<&'static str, usize> {
    let verdicts: Vec<_> = texts.par_iter().map(|text| judge(ground, text)).collect();
    let mut counts: BTreeMap<&str, usize> = REASONS.iter().map(|reason| (*reason, 0)).collect();
    let mut broken = Vec::new();
    for (at, verdict) in verdicts.into_iter().enumerate() {
        match verdict {
            Ok(reason) => *counts.entry(reason).or_default() += 1,
            Err(why) => broken.push(format!("person {at}: {why}\n{}", texts[at])),
        }
    }
    println!("{}: {counts:?}", ground.name);
    let (seed, list) = (asked("PEOPLE_SEED", SEED), broken.join("\n"));
    let (some, all) = (broken.len(), texts.len());
    assert!(
        broken.is_empty(),
        "seed {seed}: {some} of {all} broke:\n{list}"
    );
    counts
}

fn drawn(count: u64, salt: u64, mut draw: impl FnMut(&mut Random) -> String) -> Vec<String> {
    let mut random = Random(asked("PEOPLE_SEED", SEED) ^ salt);
    (0..count).map(|_| draw(&mut random)).collect()
}

/// Draws people and carries them; at least this share of them, in percent, is not refused. The shares are
/// what the model does today, a few below it: they guard against becoming worse and are no claim about
/// people. Who is refused is told why (docs/limits.md tells the commonest reasons).
fn most_are_carried(
    ground: &Ground,
    count: u64,
    salt: u64,
    share: u64,
    draw: impl FnMut(&mut Random) -> String,
) {
    let counts = carry(ground, &drawn(count, salt, draw));
    let sound = counts["sound"] as u64;
    assert!(
        100 * sound >= share * count,
        "{sound} of {count} are sound, {counts:?}"
    );
}

/// Claim: people with laboratory values between the limits of deficiency and of excess, on half to double
/// the usual diet, with tablets up to ten times the upper level and up to two hard sessions a day, run to
/// their end: nothing falls below −atol, every balance of matter and every conserved total closes to 1e-9,
/// every given value reads within 1 %; or it is told why they cannot be.
#[test]
fn plausible_people_are_carried() {
    let ground = Ground::new("athlete");
    most_are_carried(&ground, asked("PEOPLE", 180), 0, 75, |random| {
        person(&ground, Range::Plausible, random)
    });
}

/// Claim: the same from severe deficiency to toxicity, each food from a tenth to three times the usual: much
/// of it beyond what anybody lives on.
#[test]
fn extreme_people_are_carried_or_told_why() {
    let ground = Ground::new("athlete");
    most_are_carried(&ground, asked("PEOPLE", 180), 0xE, 33, |random| {
        person(&ground, Range::Extreme, random)
    });
}

/// Claim: the same of bouts of 10 to 60 min at 40 to 85 % of the maximal oxygen uptake, with any status:
/// adenylate, nicotinamide and glutathione stay what they were.
#[test]
fn anybody_can_work() {
    let ground = Ground::new("athlete");
    most_are_carried(&ground, asked("BOUTS", 90), 0xB0, 33, |random| {
        bout(&ground, random)
    });
}

/// Claim: the same of fibres with any magnesium and vitamin D: calcium and magnesium stay what they were.
#[test]
fn any_fibre_twitches() {
    let ground = Ground::new("fibre");
    most_are_carried(&ground, asked("FIBRES", 40), 0xF, 100, |random| {
        train(&ground, random)
    });
}

/// Claim: with every parameter drawn from what is plausible for it (its range or its spread, in logarithms),
/// the reference man still has a start and two days' training, or it is told why not.
#[test]
fn uncertain_parameters_are_carried() {
    let ground = Ground::new("athlete");
    let man = &ground.model.people[0];
    most_are_carried(&ground, asked("DRAWS", 30), 0xA, 10, |random| {
        let mut text = head(&ground, man, "2 d", "8 h");
        text += &parameters(&ground.model, random);
        text + "[[training]]\nwhat = \"run 50 min at 70 %VO2max\"\nwhen = \"daily at 17:00\"\n"
    });
}

fn parameters(model: &Model, random: &mut Random) -> String {
    let mut text = "[parameters]\n".to_string();
    let own = |name: &str| !name.starts_with("person.");
    for p in &model.parameters {
        if p.kind != ParameterKind::Declared || !own(&p.name) {
            continue;
        }
        let value = match (p.range, p.cv) {
            (Some((low, high)), _) if low > 0.0 => random.log_between(low, high),
            (Some((low, high)), _) => random.between(low, high),
            (None, cv) => {
                let spread = 2.0 * cv.unwrap_or(0.1);
                p.value * random.log_between((-spread).exp(), spread.exp())
            }
        };
        let unit = Some(&p.unit.text).filter(|unit| *unit != "1");
        let unit = unit.map_or(String::new(), |unit| format!(" {unit}"));
        let _ = writeln!(text, "\"{}\" = \"{value:e}{unit}\"", p.name);
    }
    text
}
