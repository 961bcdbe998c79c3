//! Units of measure: `"mmol/L/min"` → a dimension with rational exponents and an exact rational
//! factor to the coherent unit of that dimension.
//!
//! Promises: parsing and conversion are exact (no float enters before the last step, but for the
//! size of a power like `mg^0.45`, which is no fraction); two units of
//! one dimension convert by one rational factor; nothing here knows nutrients (mass ↔ amount needs a
//! molar mass, potency units need a potency: the caller brings them).
//!
//! Start reading at [`Unit::parse`].

use std::ops::Range;

/// Base quantities. The last six are conventions of the laboratory and the label: they convert to
/// mass or amount only through a declared potency or not at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Base {
    Length,
    Mass,
    Time,
    Current,
    Temperature,
    Amount,
    /// `U`: enzyme or hormone activity.
    Activity,
    /// `IU`.
    InternationalUnit,
    /// Potency relative to a reference substance, by its symbol (`RAE`, `DFE`, …): each a kind of its own,
    /// which only a declared potency turns into mass.
    Equivalent(&'static str),
}

/// Exponents of the base quantities; absent means zero.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Dimension {
    /// Sorted by base, no zero exponents.
    exponents: Vec<(Base, Rational)>,
}

/// A unit as written, with its meaning.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Unit {
    /// As written: shown in tables and plots.
    pub text: String,
    pub dimension: Dimension,
    /// One of this unit in coherent SI (m, kg, s, A, K, mol and the base conventions).
    pub factor: Rational,
    /// °C only: added after scaling. Refused in products.
    pub affine: bool,
}

/// What is wrong with a unit's spelling, and where in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitError {
    pub range: Range<usize>,
    pub message: String,
    /// Nearest known spellings.
    pub suggestions: Vec<String>,
}

/// A number with its unit: `"18 ug/L"`.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantity {
    pub value: f64,
    pub unit: Unit,
}

mod parse;
mod pretty;
mod rational;
#[cfg(test)]
mod tests;

pub use rational::Rational;

impl Base {
    /// The coherent unit, for messages.
    fn symbol(self) -> &'static str {
        match self {
            Base::Length => "m",
            Base::Mass => "kg",
            Base::Time => "s",
            Base::Current => "A",
            Base::Temperature => "K",
            Base::Amount => "mol",
            Base::Activity => "U",
            Base::InternationalUnit => "IU",
            Base::Equivalent(symbol) => symbol,
        }
    }
}

impl Dimension {
    fn of(base: Base) -> Dimension {
        Dimension {
            exponents: vec![(base, Rational::ONE)],
        }
    }

    fn combine(&self, other: &Dimension, sign: i128) -> Option<Dimension> {
        let mut exponents = self.exponents.clone();
        for (base, power) in &other.exponents {
            let power = power.checked_mul(Rational::new(sign, 1))?;
            match exponents.iter_mut().find(|(known, _)| known == base) {
                Some((_, sum)) => *sum = sum.checked_add(power)?,
                None => exponents.push((*base, power)),
            }
        }
        exponents.retain(|(_, power)| *power != Rational::ZERO);
        exponents.sort();
        Some(Dimension { exponents })
    }

    fn power(&self, exponent: Rational) -> Option<Dimension> {
        let mut exponents = Vec::new();
        for (base, power) in &self.exponents {
            exponents.push((*base, power.checked_mul(exponent)?));
        }
        exponents.retain(|(_, power)| *power != Rational::ZERO);
        Some(Dimension { exponents })
    }

    /// Base quantities with their exponents, in order.
    pub fn exponents(&self) -> &[(Base, Rational)] {
        &self.exponents
    }

    fn is_none(&self) -> bool {
        self.exponents.is_empty()
    }
}

impl Unit {
    /// Reads a unit: UCUM and everyday spellings (`mg/d`, `µmol/L`, `mL/kg/min`, `mg^0.45/h`, `1`).
    ///
    /// # Errors
    /// Unknown or malformed parts, with their place in `text`.
    pub fn parse(text: &str) -> Result<Unit, UnitError> {
        parse::unit(text)
    }

    /// The unit `1`.
    pub fn one() -> Unit {
        Unit {
            text: "1".to_string(),
            dimension: Dimension::default(),
            factor: Rational::ONE,
            affine: false,
        }
    }

    /// Exact factor from this unit to `other`; `None` if the dimensions differ, the exponents make it
    /// irrational, or it overflows.
    pub fn factor_to(&self, other: &Unit) -> Option<Rational> {
        if self.dimension != other.dimension || self.affine != other.affine {
            return None;
        }
        self.factor.checked_div(other.factor)
    }

    /// Factor as the nearest f64 (see [`Unit::factor_to`]).
    pub fn ratio_to(&self, other: &Unit) -> Option<f64> {
        self.factor_to(other).map(Rational::to_f64)
    }

    /// Product. `None` on overflow or for affine units.
    pub fn times(&self, other: &Unit) -> Option<Unit> {
        self.join(other, 1, self.factor.checked_mul(other.factor)?, "·")
    }

    /// Quotient. `None` on overflow or for affine units.
    pub fn per(&self, other: &Unit) -> Option<Unit> {
        self.join(other, -1, self.factor.checked_div(other.factor)?, "/")
    }

    fn join(&self, other: &Unit, sign: i128, factor: Rational, sign_text: &str) -> Option<Unit> {
        if self.affine || other.affine {
            return None;
        }
        let dimension = self.dimension.combine(&other.dimension, sign)?;
        let text = match (self.text.as_str(), other.text.as_str()) {
            (left, "1") => left.to_string(),
            (left, right) if right.contains(['/', '·', '.']) => {
                format!("{left}{sign_text}({right})")
            }
            (left, right) => format!("{left}{sign_text}{right}"),
        };
        Some(Unit {
            text,
            dimension,
            factor,
            affine: false,
        })
    }

    /// Rational power. `None` on overflow, for affine units, and where the factor has no exact root.
    pub fn power(&self, exponent: Rational) -> Option<Unit> {
        if self.affine {
            return None;
        }
        let dimension = self.dimension.power(exponent)?;
        let factor = self.factor.checked_pow(exponent)?;
        Some(Unit {
            text: format!("({})^{exponent}", self.text),
            dimension,
            factor,
            affine: false,
        })
    }

    pub fn is_dimensionless(&self) -> bool {
        self.dimension.is_none()
    }

    /// `"mass per volume"`: for messages. Falls back to base dimensions.
    pub fn describe(&self) -> String {
        const KNOWN: [(&str, &str); 28] = [
            ("s", "time"),
            ("1/s", "a rate (per time)"),
            ("kg", "mass"),
            ("kg/s", "mass per time"),
            ("kg/m3", "mass per volume"),
            ("kg/m3/s", "mass per volume and time"),
            ("mol", "amount"),
            ("mol/s", "amount per time"),
            ("mol/m3", "amount per volume"),
            ("mol/m3/s", "amount per volume and time"),
            ("mol/kg", "amount per mass"),
            ("mol/kg/s", "amount per mass and time"),
            ("m3", "volume"),
            ("m3/s", "volume per time"),
            ("m3/kg/s", "volume per mass and time"),
            ("m", "length"),
            ("m2", "area"),
            ("K", "temperature"),
            ("W", "power"),
            ("N", "force"),
            ("kg.RAE/s", "mass of retinol equivalents per time"),
            ("kg.DFE/s", "mass of folate equivalents per time"),
            ("kg/mol", "molar mass"),
            ("Pa", "pressure"),
            ("J", "energy"),
            ("V", "electric potential"),
            ("IU", "international units"),
            ("U/m3", "activity per volume"),
        ];
        if self.is_dimensionless() {
            return "a pure number".to_string();
        }
        for (text, name) in KNOWN {
            if Unit::parse(text).is_ok_and(|unit| unit.dimension == self.dimension) {
                return name.to_string();
            }
        }
        let parts: Vec<String> = self
            .dimension
            .exponents
            .iter()
            .map(|(base, power)| match *power {
                Rational::ONE => base.symbol().to_string(),
                _ => format!("{}^{power}", base.symbol()),
            })
            .collect();
        parts.join("·")
    }

    /// For axis titles: `"µg/L"`, `"mL kg⁻¹ min⁻¹"`; empty for the unit `1`.
    pub fn pretty(&self) -> String {
        pretty::pretty(&self.text)
    }
}

impl Quantity {
    /// Reads `"18 ug/L"`, `"70 %VO2max"`, `"1e-3 mol"`, `"5"` (dimensionless).
    ///
    /// # Errors
    /// As [`Unit::parse`]; ranges are places in `text`.
    pub fn parse(text: &str) -> Result<Quantity, UnitError> {
        parse::quantity(text)
    }

    /// The value in `unit`; `None` if the dimensions differ. Handles °C ↔ K.
    pub fn value_in(&self, unit: &Unit) -> Option<f64> {
        if self.unit.dimension != unit.dimension {
            return None;
        }
        const ZERO_CELSIUS: f64 = 273.15;
        let offset = |affine: bool| if affine { ZERO_CELSIUS } else { 0.0 };
        if self.unit.affine == unit.affine {
            return Some(self.unit.factor.checked_div(unit.factor)?.scale(self.value));
        }
        let kelvin = self.value * self.unit.factor.to_f64() + offset(self.unit.affine);
        Some((kelvin - offset(unit.affine)) / unit.factor.to_f64())
    }
}
