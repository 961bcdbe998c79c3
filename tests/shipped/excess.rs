//! From nothing to ten times the upper level of every nutrient that the athlete takes.

use myoflux::engine::Failure;
use myoflux::model::{InputKind, Model, Role};

use crate::{run_text, scenario};

const EMPTY: &str = "format = 1\ntitle = \"Nothing\"\nmodel = \"athlete\"\nduration = \"1 d\"\n";
const TIMES: [f64; 4] = [0.0, 1.0, 3.0, 10.0];

/// Upper level of a nutrient for the man, or the highest dose studied where there is none, as written.
fn level(model: &Model, nutrient: &str) -> Option<(f64, String)> {
    let intakes = &model.nutrients[nutrient].intakes;
    let of = |kind: &str| {
        let found = intakes.iter().find(|row| row.0 == "man" && row.1 == kind)?;
        Some((found.2, found.3.text.clone()))
    };
    of("ul").or_else(|| of("studied"))
}

/// One scenario of a nutrient: the diet without it, and a dose of so many upper levels every morning.
fn doses(model: &Model, nutrient: &str) -> String {
    let of = |role: Role| {
        model.inputs.iter().filter(move |input| {
            input.role == Some(role) && input.nutrient.as_deref() == Some(nutrient)
        })
    };
    let (level, unit) = level(model, nutrient).expect("a level");
    let amount = unit.strip_suffix("/d").expect("an intake a day");
    let mut text = format!(
        "format = 1\ntitle = \"{nutrient}\"\nmodel = \"athlete\"\nduration = \"28 d\"\n\
         output_every = \"6 h\"\nwarm_up = \"0 s\"\nbase = \"0\"\n"
    );
    for input in of(Role::Diet) {
        text += &format!(
            "[[drive]]\ninput = \"{}\"\nvalue = \"0 {}\"\nat = \"0 d\"\nfor = \"28 d\"\n",
            input.name, input.unit.text
        );
    }
    let mut supplements = of(Role::Supplement);
    let input = supplements.next().expect("a supplement");
    assert!(matches!(input.kind, InputKind::Bolus { .. }));
    let (key, form) = match input.key.as_deref().expect("a key").split_once('.') {
        Some((key, form)) => (key, format!("form = \"{form}\"\n")),
        None => (input.key.as_deref().expect("a key"), String::new()),
    };
    text += &format!(
        "[[supplement]]\nnutrient = \"{key}\"\n{form}dose = \"0 {amount}\"\nwhen = \"daily at 08:00\"\n"
    );
    for times in &TIMES[1..] {
        text += &format!(
            "[[arm]]\nname = \"{times}\"\nset = {{ \"supplement.0.dose\" = \"{} {amount}\" }}\n",
            level * times
        );
    }
    text
}

/// Claim: four weeks without a nutrient, and with one, three and ten upper levels of it, take no pool below
/// zero (past its tolerance); a run that leaves the range in which the model holds ends as an outcome that
/// names the limit, never as anything else. Nothing stops at the upper level itself or below.
#[test]
fn from_nothing_to_ten_upper_levels_no_pool_is_negative() {
    let (model, ..) = scenario(EMPTY);
    let mut tried = Vec::new();
    let taken = |nutrient: &str| {
        let mut inputs = model.inputs.iter();
        inputs.any(|i| i.role == Some(Role::Supplement) && i.nutrient.as_deref() == Some(nutrient))
    };
    for nutrient in model.nutrients.keys().filter(|key| taken(key)) {
        if level(&model, nutrient).is_none() {
            panic!("{nutrient} has neither an upper level nor a dose studied");
        }
        let result = run_text(&doses(&model, nutrient));
        for (arm, times) in result.arms.iter().zip(TIMES) {
            let below: Vec<_> = arm
                .warnings
                .iter()
                .filter(|w| w.contains("below zero"))
                .collect();
            assert!(below.is_empty(), "{nutrient} at {times}: {below:?}");
            match &arm.outcome {
                Ok(run) => assert!(run.states.iter().all(|value| value.is_finite())),
                Err(Failure::OutOfRange { limit, .. }) => {
                    let name = &result.model.limits[*limit as usize].name;
                    assert!(times > 1.0, "{nutrient} at {times} passes {name}");
                }
                Err(other) => panic!("{nutrient} at {times} ends with {other:?}"),
            }
        }
        tried.push(nutrient.clone());
    }
    assert!(tried.len() >= 15, "{tried:?}");
}
