//! From nothing to ten times the upper level of every nutrient that the athlete takes.

use myoflux::engine::Failure;
use myoflux::model::{Input, InputKind, Model, Role};

use crate::{run_text, scenario};

const EMPTY: &str = "format = 1\ntitle = \"Nothing\"\nmodel = \"athlete\"\nduration = \"1 d\"\n";
const TIMES: [f64; 4] = [0.0, 1.0, 3.0, 10.0];

/// Inputs of a nutrient with a role.
fn inputs<'a>(model: &'a Model, nutrient: &str, role: Role) -> Vec<&'a Input> {
    let of =
        |input: &&Input| input.role == Some(role) && input.nutrient.as_deref() == Some(nutrient);
    model.inputs.iter().filter(of).collect()
}

/// Upper level of a nutrient for the man, else the highest dose studied, else what he eats: amount and
/// unit of a day.
fn level(model: &Model, nutrient: &str) -> (f64, String) {
    let intakes = &model.nutrients[nutrient].intakes;
    let of = |kind: &str| {
        let found = intakes
            .iter()
            .find(|row| row.people == "man" && row.kind == kind)?;
        Some((found.value, found.unit.text.clone()))
    };
    let eaten = || {
        let input = *inputs(model, nutrient, Role::Diet).first()?;
        let InputKind::Rate { default } = input.kind else {
            return None;
        };
        Some((default, input.unit.text.clone()))
    };
    let found = of("ul").or_else(|| of("studied")).or_else(eaten);
    let (value, unit) = found.unwrap_or_else(|| panic!("{nutrient} has no dose to try"));
    let unit = unit.strip_suffix("/d").expect("an intake a day");
    (value, unit.to_string())
}

/// One scenario of a nutrient: the diet without it, and so many upper levels a day of it, as a dose every
/// morning where there is a supplement, else in the diet.
fn doses(model: &Model, nutrient: &str) -> String {
    let (level, unit) = level(model, nutrient);
    let mut text = format!(
        "format = 1\ntitle = \"{nutrient}\"\nmodel = \"athlete\"\nduration = \"28 d\"\n\
         output_every = \"6 h\"\nwarm_up = \"0 s\"\nbase = \"0\"\n"
    );
    for input in inputs(model, nutrient, Role::Diet) {
        text += &format!(
            "[[drive]]\ninput = \"{}\"\nvalue = \"0 {}\"\nat = \"0 d\"\nfor = \"28 d\"\n",
            input.name, input.unit.text
        );
    }
    let path = match inputs(model, nutrient, Role::Supplement).first() {
        Some(input) => {
            let (key, form) = split(input);
            text += &format!(
                "[[supplement]]\nnutrient = \"{key}\"\n{form}dose = \"0 {unit}\"\n\
                 when = \"daily at 08:00\"\n"
            );
            ("supplement.0.dose", unit)
        }
        None => ("drive.0.value", format!("{unit}/d")),
    };
    for times in &TIMES[1..] {
        text += &format!(
            "[[arm]]\nname = \"{times}\"\nset = {{ \"{}\" = \"{} {}\" }}\n",
            path.0,
            level * times,
            path.1
        );
    }
    text
}

/// Key of a supplement and the line that names its form.
fn split(input: &Input) -> (&str, String) {
    let key = input.key.as_deref().expect("a key");
    match key.split_once('.') {
        Some((key, form)) => (key, format!("form = \"{form}\"\n")),
        None => (key, String::new()),
    }
}

/// Claim: four weeks without a nutrient, and with one, three and ten upper levels of it, take no pool below
/// zero (past its tolerance); a run that leaves the range in which the model holds ends as an outcome that
/// names the limit, never as anything else. Nothing stops at the upper level itself or below.
#[test]
fn from_nothing_to_ten_upper_levels_no_pool_is_negative() {
    let (model, ..) = scenario(EMPTY);
    let (mut tried, mut wrong) = (Vec::new(), Vec::new());
    let taken = |nutrient: &str| {
        let of = |role| !inputs(&model, nutrient, role).is_empty();
        of(Role::Diet) || of(Role::Supplement)
    };
    for nutrient in model.nutrients.keys().filter(|key| taken(key)) {
        let result = run_text(&doses(&model, nutrient));
        for (arm, times) in result.arms.iter().zip(TIMES) {
            let below = arm.warnings.iter().filter(|w| w.contains("below zero"));
            wrong.extend(below.map(|warning| format!("{nutrient} at {times}: {warning}")));
            match &arm.outcome {
                Ok(run) => assert!(run.states.iter().all(|value| value.is_finite())),
                Err(Failure::OutOfRange { limit, .. }) => {
                    let name = &result.model.limits[*limit as usize].name;
                    println!("{nutrient} at {times} passes {name}");
                    if times <= 1.0 {
                        wrong.push(format!("{nutrient} at {times} passes {name}"));
                    }
                }
                Err(other) => wrong.push(format!("{nutrient} at {times} ends with {other:?}")),
            }
        }
        tried.push(nutrient.clone());
    }
    println!("{} nutrients: {tried:?}", tried.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(tried.len() >= 20, "{tried:?}");
}
