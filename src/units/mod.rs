//! Units of measure: `"mmol/L/min"` → a dimension with rational exponents and an exact rational
//! factor to the coherent unit of that dimension.
//!
//! Promises: parsing and conversion are exact (no float enters before the last step); two units of
//! one dimension convert by one rational factor; nothing here knows nutrients (mass ↔ amount needs a
//! molar mass, potency units need a potency: the caller brings them).
//!
//! Start reading at [`Unit::parse`].

use std::ops::Range;

/// An exact fraction, always reduced, denominator positive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rational {
    numerator: i128,
    denominator: i128,
}

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
    /// `RAE`, retinol activity equivalents (`ug.RAE`).
    RetinolEquivalent,
    /// `DFE`, dietary folate equivalents.
    FolateEquivalent,
    /// `NE`, niacin equivalents.
    NiacinEquivalent,
    /// `TE`, α-tocopherol equivalents.
    TocopherolEquivalent,
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

impl Unit {
    /// Reads a unit: UCUM and everyday spellings (`mg/d`, `µmol/L`, `mL/kg/min`, `mg^0.45/h`, `1`).
    ///
    /// # Errors
    /// Unknown or malformed parts, with their place in `text`.
    pub fn parse(_text: &str) -> Result<Unit, UnitError> {
        unimplemented!("units")
    }
    /// The unit `1`.
    pub fn one() -> Unit {
        unimplemented!("units")
    }
    /// Exact factor from this unit to `other`; `None` if the dimensions differ or overflow.
    pub fn factor_to(&self, _other: &Unit) -> Option<Rational> {
        unimplemented!("units")
    }
    /// Factor as the nearest f64 (see [`Unit::factor_to`]).
    pub fn ratio_to(&self, _other: &Unit) -> Option<f64> {
        unimplemented!("units")
    }
    /// Product, quotient, rational power. `None` on overflow or for affine units.
    pub fn times(&self, _other: &Unit) -> Option<Unit> {
        unimplemented!("units")
    }
    pub fn per(&self, _other: &Unit) -> Option<Unit> {
        unimplemented!("units")
    }
    pub fn power(&self, _exponent: Rational) -> Option<Unit> {
        unimplemented!("units")
    }
    /// `"mass per volume"`: for messages. Falls back to base dimensions (`"m·s^-2"`).
    pub fn describe(&self) -> String {
        unimplemented!("units")
    }
    /// For axis titles: `"µg/L"`, `"mL·kg⁻¹·min⁻¹"`-style beautified text.
    pub fn pretty(&self) -> String {
        unimplemented!("units")
    }
    pub fn is_dimensionless(&self) -> bool {
        unimplemented!("units")
    }
}

impl Quantity {
    /// Reads `"18 ug/L"`, `"70 %VO2max"`, `"1e-3 mol"`, `"5"` (dimensionless).
    ///
    /// # Errors
    /// As [`Unit::parse`]; ranges are places in `text`.
    pub fn parse(_text: &str) -> Result<Quantity, UnitError> {
        unimplemented!("units")
    }
    /// The value in `unit`; `None` if the dimensions differ. Handles °C ↔ K.
    pub fn value_in(&self, _unit: &Unit) -> Option<f64> {
        unimplemented!("units")
    }
}
