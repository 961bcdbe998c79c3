//! What is eaten: the habitual diet (spread over the day or in meals), single meals, supplements.

use super::{Builder, Out, only};
use crate::model::declare::duration_s;
use crate::model::file::{Entry, Item, Reader, Table as Tree, Value, problem, problem_with_help};
use crate::model::*;
use crate::scenario::{Dose, schedule};

const DAY: f64 = 86_400.0;
/// How long a meal lasts if nothing is said: assumed.
const MEAL_S: f64 = 1200.0;
const DIET_KEYS: [&str; 3] = ["meals", "shares", "lasting"];
const MEAL_KEYS: [&str; 4] = ["when", "title", "lasting", "habitual"];

impl Builder<'_, '_> {
    pub fn diet(&mut self, tree: &Tree, out: Out) {
        let mut reader = Reader::new(tree, "this scenario", tree.span.clone());
        let Some(table) = reader.sub("diet", out) else {
            return;
        };
        for (input, value) in self.settings(table, &DIET_KEYS, Role::Diet, "the diet", out) {
            self.arm.inputs[input.index()] = value;
        }
        let mut reader = Reader::new(table, "the diet", table.span.clone());
        let meals = reader.list("meals", out);
        let shares = reader.list("shares", out);
        let lasting = reader.text("lasting", out);
        let lasting = lasting.and_then(|(text, item)| duration_s(text, item, out));
        if let Some(meals) = meals {
            let _ = self.diet_meals(meals, shares, lasting.unwrap_or(MEAL_S), out);
        } else if let Some(entry) = table.get("shares").or(table.get("lasting")) {
            needs_meals(entry, out);
        }
    }

    /// Lets the day's intake in at meals instead of evenly: [`Role::Eating`] is then 0 between them, and
    /// 1 on average.
    fn diet_meals(
        &mut self,
        meals: &[Item],
        shares: Option<&[Item]>,
        lasting: f64,
        out: Out,
    ) -> Option<()> {
        let shares = shares_of(meals, shares, out)?;
        let is_eating = |input: &Input| input.role == Some(Role::Eating);
        let Some(eating) = self.model.inputs.iter().position(is_eating) else {
            let message = "this model has no diet that could be eaten in meals".to_string();
            let span = meals.first().map(|item| item.span.clone())?;
            out.push(problem("bad-diet", message, span, "no input takes it"));
            return None;
        };
        let eating = InputId(eating as u32);
        self.arm.inputs[eating.index()] = 0.0;
        let window = -self.past()..self.frame.duration_s;
        for (item, share) in meals.iter().zip(shares) {
            let Value::Text(clock) = &item.value else {
                continue;
            };
            let when = format!("daily at {clock}");
            let Ok(times) = schedule::instants(&when, self.frame.start_s, window.clone()) else {
                let message = "a meal of the diet is a time of day".to_string();
                let help = Some("write it as \"07:30\"".to_string());
                let span = item.span.clone();
                out.push(problem_with_help(
                    "bad-schedule",
                    message,
                    span,
                    "not understood",
                    help,
                ));
                return None;
            };
            for at in times {
                let rate = share * DAY / lasting;
                if !self.hold((at, at + lasting), (eating, rate), item, out) {
                    return None;
                }
            }
        }
        Some(())
    }

    pub fn meal(&mut self, reader: &mut Reader, out: Out) -> Option<()> {
        let times = self.when(reader, out);
        let title = reader.text("title", out);
        let title = title.map_or("meal".to_string(), |(text, _)| text.to_string());
        let lasting = reader.text("lasting", out);
        let lasting = lasting
            .and_then(|(text, item)| duration_s(text, item, out))
            .unwrap_or(MEAL_S);
        let parts = self.settings(reader.table, &MEAL_KEYS, Role::Meal, "a meal", out);
        let item = reader.item("when")?;
        for at in times? {
            for &(input, value) in &parts {
                match self.model.inputs[input.index()].kind {
                    InputKind::Rate { .. } => {
                        if !self.hold((at, at + lasting), (input, value), item, out) {
                            return None;
                        }
                    }
                    InputKind::Bolus { .. } => self.timeline.add(at, input, value),
                }
            }
            self.dose(at, &title);
        }
        Some(())
    }

    pub fn supplement(&mut self, reader: &mut Reader, out: Out) -> Option<()> {
        let nutrient = reader.required_text("nutrient", out);
        let form = reader.text("form", out).map(|(text, _)| text.to_string());
        let dose = reader.required("dose", out);
        let times = self.when(reader, out);
        only(
            reader,
            &["nutrient", "form", "dose", "when", "habitual"],
            out,
        );
        let (name, name_item) = nutrient?;
        let key = form.map_or(name.to_string(), |form| format!("{name}.{form}"));
        let inputs = self.driven(Role::Supplement, &key);
        if inputs.is_empty() {
            let of_role = |i: &&Input| i.role == Some(Role::Supplement);
            let known = self.model.inputs.iter().filter(of_role);
            let names = known.filter_map(|input| input.key.as_deref());
            let message = format!("the model knows no supplement `{key}`");
            super::unknown(message, &key, names, name_item.span.clone(), out);
        }
        let dose = dose?;
        let mut amounts = Vec::new();
        for input in inputs {
            amounts.push((input, self.input_value(input, dose, out)?));
        }
        let label = match &dose.value {
            Value::Text(text) => format!("{text} {}", name.replace('_', " ")),
            _ => name.to_string(),
        };
        for at in times? {
            for &(input, amount) in &amounts {
                self.timeline.add(at, input, amount);
            }
            self.dose(at, &label);
        }
        Some(())
    }

    pub fn dose(&mut self, at_s: f64, label: &str) {
        let label = label.to_string();
        self.arm.doses.push(Dose { at_s, label });
    }
}

fn needs_meals(entry: &Entry, out: Out) {
    out.push(problem_with_help(
        "bad-diet",
        format!("`{}` says how meals divide the diet", entry.key),
        entry.key_span.clone(),
        "no meals",
        Some("add `meals = [\"07:30\", \"12:30\", \"19:00\"]`".to_string()),
    ));
}

/// Shares of the day's intake, one per meal: equal ones if nothing is said.
fn shares_of(meals: &[Item], shares: Option<&[Item]>, out: Out) -> Option<Vec<f64>> {
    let Some(given) = shares else {
        return Some(vec![1.0 / meals.len() as f64; meals.len()]);
    };
    let span = given.first().or(meals.first())?.span.clone();
    let number = |item: &Item| match item.value {
        Value::Number(number) if number > 0.0 => Some(number),
        _ => None,
    };
    let shares: Option<Vec<f64>> = given.iter().map(number).collect();
    let fits = |shares: &Vec<f64>| {
        shares.len() == meals.len() && (shares.iter().sum::<f64>() - 1.0).abs() < 1e-6
    };
    let found = shares.filter(fits);
    if found.is_none() {
        let message =
            "the shares of the meals are numbers, one per meal, that sum to 1".to_string();
        out.push(problem("bad-diet", message, span, "these shares"));
    }
    found
}
