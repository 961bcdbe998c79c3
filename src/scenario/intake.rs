//! What an arm eats in a day on average, nutrient by nutrient, beside what people of its kind need and
//! bear.
//!
//! Comes in: a checked model with its catalogue of nutrients, and an arm's protocol; nothing is run. Goes
//! out: one [`Intake`] for each nutrient that the model lets people eat and that the catalogue has a
//! reference intake of. Promise: a dose counts once, however many inputs of the model it drives.
//!
//! Start reading at [`intakes`].

use std::collections::BTreeSet;

use super::Arm;
use crate::model::*;
use crate::units::Unit;

const DAY_S: f64 = 86_400.0;
/// Rounding of sums must not turn "as much as needed" into "less".
const ROUNDING: f64 = 1e-9;

/// The days that a mean was taken over.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Over {
    /// The first whole days of the run, this many.
    Run(f64),
    /// The habit before the start: the run is shorter than a day.
    Habit,
}

/// Mean intake of one nutrient, all amounts in `unit`.
#[derive(Debug, Clone)]
pub struct Intake {
    pub nutrient: String,
    pub unit: Unit,
    /// Meals included.
    pub diet: f64,
    pub supplements: f64,
    pub ear: Option<f64>,
    pub rda: Option<f64>,
    pub ai: Option<f64>,
    pub ul: Option<Upper>,
    pub verdict: Adequacy,
}

/// An upper level and what of the intake counts towards it.
#[derive(Debug, Clone)]
pub struct Upper {
    pub level: f64,
    pub counted: f64,
    /// The form that counts, in the catalogue's words.
    pub note: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adequacy {
    AboveUpper,
    BelowAverage,
    Between,
    Recommended,
    BelowAdequate,
    Adequate,
    /// There is an upper level alone, and it is not passed.
    Tolerable,
}

impl Intake {
    pub fn total(&self) -> f64 {
        self.diet + self.supplements
    }
}

/// What one input brings: in its nutrient's mass or amount per day.
struct Source<'a> {
    input: &'a Input,
    role: Role,
    nutrient: &'a str,
    mean: f64,
    unit: Unit,
}

/// Every nutrient in the catalogue's order, and the days counted.
pub fn intakes(model: &Model, arm: &Arm, duration_s: f64) -> (Over, Vec<Intake>) {
    let days = (duration_s / DAY_S + ROUNDING).floor();
    let (over, means) = match days >= 1.0 {
        true => (Over::Run(days), means_of_run(model, arm, days * DAY_S)),
        false => (Over::Habit, means_of_habit(model, arm)),
    };
    let sources = sources(model, &means);
    let all = model.nutrients.values();
    let found = all.filter_map(|nutrient| intake(model, arm, nutrient, &sources));
    (over, found.collect())
}

/// The input that is 1 on average and says when the habitual diet is eaten.
fn eating(model: &Model) -> Option<usize> {
    let is_eating = |input: &Input| input.role == Some(Role::Eating) && input.connected.is_none();
    model.inputs.iter().position(is_eating)
}

/// How much of each input there is now, the diet only while it is eaten.
fn eaten(model: &Model, inputs: &[f64]) -> Vec<f64> {
    let now = eating(model).map_or(1.0, |at| inputs[at]);
    let share = |input: &Input| match input.role {
        Some(Role::Diet) => now,
        _ => 1.0,
    };
    let values = model.inputs.iter().zip(inputs);
    values.map(|(input, value)| share(input) * value).collect()
}

/// Mean of rates, and of boluses per day, from 0 to `end_s`.
fn means_of_run(model: &Model, arm: &Arm, end_s: f64) -> Vec<f64> {
    let mut inputs = arm.inputs.clone();
    let mut sums = vec![0.0; inputs.len()];
    let mut since = 0.0;
    let mut live = |inputs: &[f64], until: f64, sums: &mut [f64]| {
        for (sum, value) in sums.iter_mut().zip(eaten(model, inputs)) {
            *sum += value * (until - since);
        }
        since = until;
    };
    for point in arm.breakpoints.iter().filter(|point| point.t < end_s) {
        live(&inputs, point.t.max(0.0), &mut sums);
        for (input, value) in &point.inputs {
            inputs[*input as usize] = *value;
        }
        for (input, amount) in &point.boluses {
            sums[*input as usize] += amount * DAY_S;
        }
    }
    live(&inputs, end_s, &mut sums);
    sums.into_iter().map(|sum| sum / end_s).collect()
}

fn means_of_habit(model: &Model, arm: &Arm) -> Vec<f64> {
    let mut means = vec![0.0; model.inputs.len()];
    for part in &arm.habit {
        for (mean, value) in means.iter_mut().zip(eaten(model, &part.inputs)) {
            *mean += part.share * value;
        }
    }
    // The habit shows boluses as flows per second.
    for (mean, input) in means.iter_mut().zip(&model.inputs) {
        if matches!(input.kind, InputKind::Bolus { .. }) {
            *mean *= DAY_S;
        }
    }
    means
}

/// Inputs that bring nutrients, one for each thing that a scenario can write.
fn sources<'a>(model: &'a Model, means: &[f64]) -> Vec<Source<'a>> {
    let day = Unit::parse("d").expect("d is a unit");
    let mut seen = BTreeSet::new();
    let mut sources = Vec::new();
    for (input, mean) in model.inputs.iter().zip(means) {
        let (Some(role), Some(nutrient)) = (input.role, input.nutrient.as_deref()) else {
            continue;
        };
        // A rate of role meal describes the meal while it lasts; what it brings is a bolus.
        let unit = match (&input.kind, role) {
            (InputKind::Rate { .. }, Role::Diet) => Some(input.unit.clone()),
            (InputKind::Bolus { .. }, Role::Meal | Role::Supplement) => input.unit.per(&day),
            _ => None,
        };
        let named = (role as u8, input.key.as_deref(), nutrient);
        if let Some(unit) = unit
            && input.connected.is_none()
            && seen.insert(named)
        {
            sources.push(Source {
                input,
                role,
                nutrient,
                mean: *mean,
                unit,
            });
        }
    }
    sources
}

fn intake(model: &Model, arm: &Arm, nutrient: &Nutrient, sources: &[Source]) -> Option<Intake> {
    let row = |kind: &str| reference(model, nutrient, &arm.people, kind);
    let kinds = ["rda", "ai", "ear", "ul"];
    let unit = kinds.iter().find_map(|kind| row(kind))?.unit.clone();
    let of_row = |row: &ReferenceIntake| Some(row.value * row.unit.ratio_to(&unit)?);
    let amount = |source: &Source| as_nutrient(model, source, nutrient, &unit);
    let own: Vec<(&Source, f64)> = sources
        .iter()
        .filter_map(|source| Some((source, amount(source)?)))
        .collect();
    // What is eaten as another nutrient has no row of its own; nor has what nobody can eat here.
    if own.is_empty() || nutrient.part_of.is_some() {
        return None;
    }
    let sum = |wanted: &dyn Fn(Role) -> bool| -> f64 {
        let of_role = own.iter().filter(|(source, _)| wanted(source.role));
        of_role.map(|(_, amount)| amount).sum::<f64>() + 0.0
    };
    let upper = row("ul").and_then(|row| {
        Some(Upper {
            level: of_row(row)?,
            counted: counted(model, row, &own, &unit),
            note: row.note.clone(),
        })
    });
    let mut intake = Intake {
        nutrient: nutrient.key.clone(),
        diet: sum(&|role| role != Role::Supplement),
        supplements: sum(&|role| role == Role::Supplement),
        ear: row("ear").and_then(of_row),
        rda: row("rda").and_then(of_row),
        ai: row("ai").and_then(of_row),
        ul: upper,
        verdict: Adequacy::Tolerable,
        unit,
    };
    intake.verdict = verdict(&intake);
    Some(intake)
}

/// For these people; for others of their sex where the catalogue does not know them.
fn reference<'a>(
    model: &Model,
    nutrient: &'a Nutrient,
    people: &str,
    kind: &str,
) -> Option<&'a ReferenceIntake> {
    let rows = || nutrient.intakes.iter().filter(|row| row.kind == kind);
    let sex = |name: &str| {
        let known = model.people.iter().find(|known| known.name == name);
        known.map(|known| known.sex.as_str())
    };
    let alike = |row: &&ReferenceIntake| sex(&row.people).is_some_and(|s| Some(s) == sex(people));
    rows()
        .find(|row| row.people == people)
        .or_else(|| rows().find(alike))
}

/// What a source brings of a nutrient, per day, in `unit`; `None` if it brings none.
fn as_nutrient(model: &Model, source: &Source, nutrient: &Nutrient, unit: &Unit) -> Option<f64> {
    if source.nutrient == nutrient.key {
        return by_mass(model, source, unit);
    }
    let part = model.nutrients.get(source.nutrient)?;
    if part.part_of.as_ref() != Some(&nutrient.key) {
        return None;
    }
    // So many units of potency, each of which stands for so much of the nutrient.
    let shared = part.potency.iter().find_map(|(name, amount, of)| {
        let own = nutrient.potency.iter().find(|(other, ..)| other == name)?;
        Some(((*amount, of), (own.1, &own.2)))
    });
    let ((amount, of), (own, own_of)) = shared?;
    let day = Unit::parse("d").expect("d is a unit");
    let potency = by_mass(model, source, &of.per(&day)?)? / amount;
    Some(potency * own * own_of.per(&day)?.ratio_to(unit)?)
}

/// A source's mean in `unit`, mass and amount by the molar mass of its own nutrient.
fn by_mass(model: &Model, source: &Source, unit: &Unit) -> Option<f64> {
    if let Some(factor) = source.unit.ratio_to(unit) {
        return Some(source.mean * factor);
    }
    let molar_mass = model.nutrients.get(source.nutrient)?.molar_mass_g_per_mol?;
    let parse = |text: &str| Unit::parse(text).expect("it is a unit");
    let (gram, mole) = (parse("g/d"), parse("mol/d"));
    if let Some(moles) = source.unit.ratio_to(&mole) {
        return Some(source.mean * moles * molar_mass * gram.ratio_to(unit)?);
    }
    let moles = source.unit.ratio_to(&gram)? / molar_mass;
    Some(source.mean * moles * mole.ratio_to(unit)?)
}

/// What counts towards a row, in `unit`. `own`: what the nutrient's sources bring in that unit.
fn counted(model: &Model, row: &ReferenceIntake, own: &[(&Source, f64)], unit: &Unit) -> f64 {
    let of_source = |(source, amount): &(&Source, f64)| -> f64 {
        let fits = |form: &&Counted| match form {
            Counted::Role(role, key) => {
                let same_key = key.is_none() || *key == source.input.key;
                *role == source.role && same_key
            }
            Counted::Part(part) => part == source.nutrient,
        };
        match row.counts.iter().find(fits) {
            None if row.counts.is_empty() => *amount,
            None => 0.0,
            Some(Counted::Role(..)) => *amount,
            Some(Counted::Part(_)) => by_mass(model, source, unit).unwrap_or(0.0),
        }
    };
    own.iter().map(of_source).sum::<f64>() + 0.0
}

fn verdict(intake: &Intake) -> Adequacy {
    let enough = |level: f64| intake.total() >= level * (1.0 - ROUNDING);
    let passed = |upper: &Upper| upper.counted > upper.level * (1.0 + ROUNDING);
    if intake.ul.as_ref().is_some_and(passed) {
        return Adequacy::AboveUpper;
    }
    match (intake.ear, intake.rda, intake.ai) {
        (_, Some(rda), _) if enough(rda) => Adequacy::Recommended,
        (Some(ear), Some(_), _) if enough(ear) => Adequacy::Between,
        (Some(_), _, _) | (_, Some(_), _) => Adequacy::BelowAverage,
        (_, _, Some(ai)) if enough(ai) => Adequacy::Adequate,
        (_, _, Some(_)) => Adequacy::BelowAdequate,
        (None, None, None) => Adequacy::Tolerable,
    }
}
