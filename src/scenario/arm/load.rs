//! What the body is put through: training, electrical pulses, any input driven by hand.

use super::timeline::ns;
use super::{Builder, Out, in_unit_of_time, only, unknown};
use crate::diagnostics::Diagnostic;
use crate::model::declare::duration_s;
use crate::model::file::{Item, Reader, Value, problem, problem_with_help};
use crate::model::messages::wrong_kind;
use crate::model::*;
use crate::scenario::training::{self, Piece};
use crate::scenario::{Bout, Dose};
use crate::units::{Quantity, Unit};

const TRAINING_KEYS: [&str; 3] = ["what", "when", "habitual"];

impl Builder<'_, '_> {
    pub fn training(&mut self, reader: &mut Reader, out: Out) -> Option<()> {
        let what = reader.required_text("what", out);
        let times = self.when(reader, out);
        let (text, item) = what?;
        let (verb, pieces) = match training::session(text) {
            Ok(session) => session,
            Err(why) => {
                let message = format!("this session cannot be read: {why}");
                let (span, help) = (item.span.clone(), Some(training::FORMS.to_string()));
                out.push(problem_with_help(
                    "bad-training",
                    message,
                    span,
                    "not understood",
                    help,
                ));
                return None;
            }
        };
        let modalities = &self.model.modalities;
        let Some(modality) = modalities.iter().find(|m| m.verbs.contains(&verb)) else {
            let verbs = modalities.iter().flat_map(|m| m.verbs.iter());
            let message = format!("`{verb}` is not a kind of exercise that the model knows");
            let span = item.span.clone();
            unknown(message, &verb, verbs.map(String::as_str), span, out);
            return None;
        };
        let mut set = modality.set.clone();
        let keys = &TRAINING_KEYS;
        for (input, value) in
            self.settings(reader.table, keys, Role::Training, "this training", out)
        {
            set.retain(|(known, _)| *known != input);
            set.push((input, value));
        }
        for start in times? {
            self.bout(start, &pieces, &set, (text, item), out)?;
        }
        Some(())
    }

    /// One session; nothing if another is going on.
    fn bout(
        &mut self,
        start: f64,
        pieces: &[Piece],
        set: &[(InputId, f64)],
        (text, item): (&str, &Item),
        out: Out,
    ) -> Option<()> {
        let to_s = start + pieces.last().map_or(0.0, |piece| piece.to_s);
        let (from_ns, to_ns) = (ns(start), ns(to_s));
        let before = self.sessions.range(..to_ns).next_back();
        if let Some((_, (_, other))) = before.filter(|(_, (until, _))| *until > from_ns) {
            let at = in_unit_of_time(start, &self.model.time_unit);
            let message = format!("this session overlaps with \"{other}\" at {at}");
            let label = "one body does one thing at a time";
            let help = Some("let one end before the next begins".to_string());
            let span = item.span.clone();
            out.push(problem_with_help(
                "overlapping-bouts",
                message,
                span,
                label,
                help,
            ));
            return None;
        }
        self.sessions.insert(from_ns, (to_ns, text.to_string()));
        let intensity = self.driven(Role::Training, "intensity");
        for piece in pieces {
            let window = (start + piece.from_s, start + piece.to_s);
            // What the kind of exercise sets for itself counts.
            let free = intensity
                .iter()
                .filter(|input| set.iter().all(|(other, _)| other != *input));
            let work = free.map(|&input| (input, piece.intensity));
            for setting in work.chain(set.iter().copied()) {
                self.hold(window, setting, item, out).then_some(())?;
            }
        }
        self.arm.bouts.push(Bout {
            from_s: start,
            to_s,
            label: text.to_string(),
        });
        Some(())
    }

    pub fn stimulation(&mut self, reader: &mut Reader, out: Out) -> Option<()> {
        let what = reader.required_text("what", out);
        let starts = reader.required("at", out).map(|item| starts(item, out));
        only(reader, &["what", "at"], out);
        let (text, item) = what?;
        let pulses = match pulses(text) {
            Ok(pulses) => pulses,
            Err(why) => {
                let span = item.span.clone();
                out.push(problem("bad-stimulation", why, span, "not understood"));
                return None;
            }
        };
        let inputs: Vec<(InputId, f64)> = self
            .model
            .inputs
            .iter()
            .enumerate()
            .filter(|(_, input)| input.role == Some(Role::Stimulation))
            .filter_map(|(at, input)| Some((InputId(at as u32), input.pulse_s?)))
            .collect();
        if inputs.is_empty() {
            let message = "this model cannot be stimulated pulse by pulse".to_string();
            let span = item.span.clone();
            out.push(problem("bad-stimulation", message, span, "no such input"));
        }
        for start in starts? {
            for &(input, width) in &inputs {
                for pulse in &pulses {
                    let window = (start + pulse, start + pulse + width);
                    self.hold(window, (input, 1.0), item, out).then_some(())?;
                    self.arm.pulses.push(window);
                }
            }
            self.arm.pulses.sort_by(|a, b| a.0.total_cmp(&b.0));
            self.arm.pulses.dedup();
            self.arm.bouts.push(Bout {
                from_s: start,
                to_s: start + pulses.last().copied().unwrap_or(0.0),
                label: text.to_string(),
            });
        }
        Some(())
    }

    pub fn drive(&mut self, reader: &mut Reader, out: Out) -> Option<()> {
        let name = reader.required_text("input", out);
        let (value, amount) = (reader.item("value"), reader.item("amount"));
        let at = time(reader, "at", out);
        let lasting = time(reader, "for", out);
        let has_when = reader.item("when").is_some();
        let habitual = reader.truth("habitual", out).unwrap_or(false);
        let times = if has_when {
            self.when(reader, out)
        } else if habitual && at.is_none() && lasting.is_none() {
            // A value that has held as long as anything is known.
            Some(vec![-self.past()])
        } else if habitual {
            once_is_no_habit(reader, out);
            None
        } else {
            Some(vec![at.unwrap_or(0.0)])
        };
        let keys = ["input", "value", "amount", "at", "for", "when", "habitual"];
        only(reader, &keys, out);
        let (name, item) = name?;
        let inputs = &self.model.inputs;
        let Some(found) = inputs.iter().position(|input| input.name == name) else {
            let names = inputs.iter().map(|input| input.name.as_str());
            let message = format!("the model has no input `{name}`");
            unknown(message, name, names, item.span.clone(), out);
            return None;
        };
        let input = InputId(found as u32);
        let bolus = matches!(inputs[found].kind, InputKind::Bolus { .. });
        let Some(given) = (if bolus { amount } else { value }) else {
            let wanted = if bolus {
                "`amount`: it enters at an instant"
            } else {
                "`value`: it is held for a time"
            };
            let message = format!("`{name}` takes {wanted}");
            let span = item.span.clone();
            out.push(problem("missing-key", message, span, "this input"));
            return None;
        };
        let quantity = self.input_value(input, given, out)?;
        for start in times? {
            match lasting {
                _ if bolus => {
                    self.timeline.add(start, input, quantity);
                    let label = name.to_string();
                    self.arm.doses.push(Dose { at_s: start, label });
                }
                Some(lasting) => {
                    let window = (start, start + lasting);
                    self.hold(window, (input, quantity), given, out)
                        .then_some(())?;
                }
                None => self.timeline.set(start, input, quantity),
            }
        }
        Some(())
    }
}

fn time(reader: &mut Reader, key: &'static str, out: Out) -> Option<f64> {
    let (text, item) = reader.text(key, out)?;
    duration_s(text, item, out)
}

fn once_is_no_habit(reader: &mut Reader, out: Out) {
    let span = reader.item("habitual").map(|item| item.span.clone());
    out.push(problem_with_help(
        "bad-schedule",
        "what happens once is no habit".to_string(),
        span.unwrap_or(reader.name_span.clone()),
        "with `at` or `for`",
        Some("give `when`, or leave `at` and `for` out: it then holds throughout".to_string()),
    ));
}

/// One time or a list of them.
fn starts(item: &Item, out: &mut Vec<Diagnostic>) -> Vec<f64> {
    let items = match &item.value {
        Value::List(items) => items.as_slice(),
        _ => std::slice::from_ref(item),
    };
    let mut found = Vec::new();
    for item in items {
        match &item.value {
            Value::Text(text) => found.extend(duration_s(text, item, out)),
            _ => {
                out.push(wrong_kind("a time", item, "a string"));
            }
        }
    }
    found
}

/// `"twitch"` or `"50 Hz for 1 s"` → pulse times after the start.
fn pulses(text: &str) -> Result<Vec<f64>, String> {
    if text.trim() == "twitch" {
        return Ok(vec![0.0]);
    }
    let wanted = "a stimulation reads `twitch` or `50 Hz for 1 s`";
    let (rate, time) = text.split_once(" for ").ok_or(wanted)?;
    let number = |text: &str, unit: &str| {
        let unit = Unit::parse(unit).expect("a known unit");
        Quantity::parse(text.trim())
            .ok()
            .and_then(|quantity| quantity.value_in(&unit))
            .filter(|v| *v > 0.0)
    };
    let (rate, time) = (
        number(rate, "Hz").ok_or(wanted)?,
        number(time, "s").ok_or(wanted)?,
    );
    let count = (rate * time - 1e-9).floor() as u64 + 1;
    if count > 1_000_000 {
        return Err("this is more than a million pulses".to_string());
    }
    Ok((0..count).map(|k| k as f64 / rate).collect())
}
