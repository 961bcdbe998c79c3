//! Units → SBML unit definitions.
//!
//! Every unit is written in the base units of the SI with one factor in front, so that whoever checks
//! products of them meets no second spelling of the same kind. Conventions of the laboratory and the
//! label (U, IU, equivalents) become SBML's `item`. °C is written as kelvin: only differences and
//! comparisons of temperatures occur, each within one scale.

use std::collections::BTreeMap;

use super::xml::Element;
use crate::units::{Base, Rational, Unit};

/// The units met so far, each with its id.
#[derive(Debug, Default)]
pub struct Units {
    known: Vec<(Unit, String)>,
}

/// Exponents of SBML's kinds; `None` if one is no whole number, which SBML's checkers cannot follow.
fn kinds(unit: &Unit) -> Option<BTreeMap<&'static str, i64>> {
    let mut kinds = BTreeMap::new();
    for (base, power) in unit.dimension.exponents() {
        let kind = match base {
            Base::Length => "metre",
            Base::Mass => "kilogram",
            Base::Time => "second",
            Base::Current => "ampere",
            Base::Temperature => "kelvin",
            Base::Amount => "mole",
            Base::Activity | Base::InternationalUnit | Base::Equivalent(_) => "item",
        };
        let exponent = power.to_f64();
        if exponent != exponent.trunc() {
            return None;
        }
        *kinds.entry(kind).or_insert(0) += exponent as i64;
    }
    kinds.retain(|_, exponent| *exponent != 0);
    Some(kinds)
}

/// What a unit is shown as: itself, or a pure number where SBML has no word for it.
pub fn shown(unit: &Unit) -> Unit {
    if kinds(unit).is_some() {
        Unit {
            affine: false,
            ..unit.clone()
        }
    } else {
        Unit::one()
    }
}

impl Units {
    /// The id of a unit, defined if need be.
    pub fn id(&mut self, unit: &Unit) -> String {
        let unit = shown(unit);
        let exponents = unit.dimension.exponents();
        if unit.factor == Rational::ONE {
            match exponents {
                [] => return "dimensionless".to_string(),
                [(Base::Time, Rational::ONE)] => return "second".to_string(),
                _ => {}
            }
        }
        let same = |known: &&(Unit, String)| {
            known.0.dimension == unit.dimension && known.0.factor == unit.factor
        };
        if let Some((_, id)) = self.known.iter().find(same) {
            return id.clone();
        }
        let mut id = spelled(&unit);
        let mut count = 1;
        while id.is_empty() || self.known.iter().any(|(_, known)| *known == id) {
            count += 1;
            id = format!("{}_{count}", spelled(&unit));
        }
        self.known.push((unit, id.clone()));
        id
    }

    /// `listOfUnitDefinitions`.
    pub fn definitions(&self) -> Element {
        let definitions = self.known.iter().map(|(unit, id)| {
            let part = |kind: &str, exponent: i64, multiplier: f64| {
                Element::new("unit")
                    .with("kind", kind)
                    .with("exponent", exponent.to_string())
                    .with("scale", "0")
                    .with("multiplier", multiplier.to_string())
            };
            let factor = unit.factor.to_f64();
            let factor = (factor != 1.0).then(|| part("dimensionless", 1, factor));
            let kinds = kinds(unit).unwrap_or_default();
            let mut parts: Vec<Element> = factor.into_iter().collect();
            parts.extend(kinds.iter().map(|(kind, power)| part(kind, *power, 1.0)));
            if parts.is_empty() {
                parts.push(part("dimensionless", 1, 1.0));
            }
            let definition = Element::new("unitDefinition").with("id", id);
            let definition = if unit.text.is_empty() {
                definition
            } else {
                definition.with("name", unit.text.as_str())
            };
            definition.child(Element::new("listOfUnits").children(parts))
        });
        Element::new("listOfUnitDefinitions").children(definitions)
    }
}

/// `"mL/kg/min"` → `mL_per_kg_per_min`; something made of base units where there is no text.
fn spelled(unit: &Unit) -> String {
    let text = if unit.text.is_empty() {
        let part = |(kind, power): (&'static str, i64)| match power {
            1 => kind.to_string(),
            _ => format!("{kind}^{power}"),
        };
        let kinds = kinds(unit).unwrap_or_default();
        let parts: Vec<String> = kinds.into_iter().map(part).collect();
        format!("factor.{}", parts.join("."))
    } else {
        unit.text.clone()
    };
    let mut id = String::from("unit_");
    for c in text.chars() {
        match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' => id.push(c),
            'µ' | 'μ' => id.push('u'),
            '/' => id.push_str("_per_"),
            '%' => id.push_str("percent"),
            '-' => id.push_str("minus"),
            _ => id.push('_'),
        }
    }
    id.trim_end_matches('_').to_string()
}
