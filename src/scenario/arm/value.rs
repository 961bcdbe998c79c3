//! Quantities as people write them → numbers in the unit of what they set.

use super::Out;
use crate::model::Nutrient;
use crate::model::file::{Item, problem_with_help};
use crate::model::messages::written_quantity;
use crate::units::{Quantity, Unit};

/// A quantity in `unit`, converted through the nutrient where mass meets amount or potency.
pub fn value_in(item: &Item, unit: &Unit, nutrient: Option<&Nutrient>, out: Out) -> Option<f64> {
    let quantity = written_quantity(item, out)?;
    let value = quantity
        .value_in(unit)
        .or_else(|| through(&quantity, unit, nutrient?));
    match value {
        Some(value) if value.is_finite() => Some(value),
        _ => {
            out.push(problem_with_help(
                "wrong-unit",
                format!(
                    "this needs {} ({}), here is {}",
                    unit.describe(),
                    unit.text,
                    quantity.unit.describe()
                ),
                item.span.clone(),
                &quantity.unit.describe(),
                Some(format!("write it in {}", unit.text)),
            ));
            None
        }
    }
}

fn through(quantity: &Quantity, unit: &Unit, nutrient: &Nutrient) -> Option<f64> {
    let gram_per_mole = Unit::parse("g/mol").ok()?;
    if let Some(mass) = nutrient.molar_mass_g_per_mol {
        let as_mass = quantity.unit.times(&gram_per_mole)?;
        if let Some(factor) = as_mass.ratio_to(unit) {
            return Some(quantity.value * mass * factor);
        }
        let as_amount = quantity.unit.per(&gram_per_mole)?;
        if let Some(factor) = as_amount.ratio_to(unit) {
            return Some(quantity.value / mass * factor);
        }
    }
    nutrient
        .potency
        .iter()
        .find_map(|(name, amount, amount_unit)| {
            // Written as an amount ("0.025 ug") or as an amount per unit of potency ("0.025 ug/IU").
            let base = Unit::parse(name).ok()?;
            let units = quantity.unit.per(&base)?;
            let direct = units.times(amount_unit)?.ratio_to(unit);
            let factor = direct.or_else(|| quantity.unit.times(amount_unit)?.ratio_to(unit))?;
            Some(quantity.value * amount * factor)
        })
}

/// Beyond this many times the upper intake level a dose is a slip of the pen: more than ten times what
/// any published overdose of ours describes.
const IMPOSSIBLE: f64 = 500.0;

/// Refuses amounts that nobody can take: `value` in `unit`, an amount or an amount per time.
pub fn possible(
    value: f64,
    unit: &Unit,
    nutrient: Option<&Nutrient>,
    item: &Item,
    out: Out,
) -> bool {
    let day = Unit::parse("d").expect("d is a unit");
    let limit = nutrient.and_then(|nutrient| {
        let level = nutrient.intakes.iter().find(|intake| intake.kind == "ul")?;
        let amount = level.unit.times(&day)?;
        let factor = level
            .unit
            .ratio_to(unit)
            .or_else(|| amount.ratio_to(unit))?;
        Some((level.value * factor, nutrient))
    });
    let Some((limit, nutrient)) = limit.filter(|(limit, _)| value > IMPOSSIBLE * limit) else {
        return true;
    };
    out.push(problem_with_help(
        "impossible-value",
        format!(
            "{value} {} is {:.0} times the upper intake level of {}",
            unit.text,
            value / limit,
            nutrient.title.to_lowercase()
        ),
        item.span.clone(),
        "nobody takes this much",
        Some(format!(
            "is the unit right? The upper level is {limit} {}",
            unit.text
        )),
    ));
    false
}
