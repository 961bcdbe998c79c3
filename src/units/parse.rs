//! Spellings of units: factors joined by `.`, `*`, `·` or a space, divided by `/` from left to right,
//! powers as `m2`, `m^2`, `m^-1`, `mg^0.45`, `m^(1/2)`.

use super::{Base, Dimension, Quantity, Rational, Unit, UnitError};
use crate::diagnostics::nearest;

/// Name, factor as numerator and denominator, base dimensions, whether prefixes may stand before it.
type Atom = (&'static str, i128, i128, &'static [(Base, i128)], bool);

use Base::*;

const ATOMS: [Atom; 46] = [
    ("s", 1, 1, &[(Time, 1)], true),
    ("min", 60, 1, &[(Time, 1)], false),
    ("h", 3600, 1, &[(Time, 1)], false),
    ("d", 86_400, 1, &[(Time, 1)], false),
    ("wk", 604_800, 1, &[(Time, 1)], false),
    ("a", 31_557_600, 1, &[(Time, 1)], false),
    ("y", 31_557_600, 1, &[(Time, 1)], false),
    ("g", 1, 1000, &[(Mass, 1)], true),
    ("m", 1, 1, &[(Length, 1)], true),
    ("L", 1, 1000, &[(Length, 3)], true),
    ("l", 1, 1000, &[(Length, 3)], true),
    ("mol", 1, 1, &[(Amount, 1)], true),
    ("M", 1000, 1, &[(Amount, 1), (Length, -3)], true),
    ("Hz", 1, 1, &[(Time, -1)], true),
    ("N", 1, 1, &[(Mass, 1), (Length, 1), (Time, -2)], true),
    ("Pa", 1, 1, &[(Mass, 1), (Length, -1), (Time, -2)], true),
    (
        "bar",
        100_000,
        1,
        &[(Mass, 1), (Length, -1), (Time, -2)],
        true,
    ),
    (
        "mmHg",
        133_322_387_415,
        1_000_000_000,
        &[(Mass, 1), (Length, -1), (Time, -2)],
        false,
    ),
    ("J", 1, 1, &[(Mass, 1), (Length, 2), (Time, -2)], true),
    (
        "cal",
        4184,
        1000,
        &[(Mass, 1), (Length, 2), (Time, -2)],
        true,
    ),
    ("W", 1, 1, &[(Mass, 1), (Length, 2), (Time, -3)], true),
    ("A", 1, 1, &[(Current, 1)], true),
    ("C", 1, 1, &[(Current, 1), (Time, 1)], true),
    (
        "V",
        1,
        1,
        &[(Mass, 1), (Length, 2), (Time, -3), (Current, -1)],
        true,
    ),
    ("K", 1, 1, &[(Temperature, 1)], true),
    ("U", 1, 1, &[(Activity, 1)], true),
    ("IU", 1, 1, &[(InternationalUnit, 1)], true),
    ("RAE", 1, 1, &[(Equivalent("RAE"), 1)], false),
    ("DFE", 1, 1, &[(Equivalent("DFE"), 1)], false),
    ("NE", 1, 1, &[(Equivalent("NE"), 1)], false),
    ("TE", 1, 1, &[(Equivalent("TE"), 1)], false),
    ("%", 1, 100, &[], false),
    ("%VO2max", 1, 100, &[], false),
    ("%1RM", 1, 100, &[], false),
    ("ppm", 1, 1_000_000, &[], false),
    ("kg", 1, 1, &[(Mass, 1)], false),
    ("dL", 1, 10_000, &[(Length, 3)], false),
    ("cm", 1, 100, &[(Length, 1)], false),
    ("mM", 1, 1, &[(Amount, 1), (Length, -3)], false),
    ("day", 86_400, 1, &[(Time, 1)], false),
    ("days", 86_400, 1, &[(Time, 1)], false),
    ("week", 604_800, 1, &[(Time, 1)], false),
    ("weeks", 604_800, 1, &[(Time, 1)], false),
    ("hour", 3600, 1, &[(Time, 1)], false),
    ("Cel", 1, 1, &[(Temperature, 1)], false),
    ("°C", 1, 1, &[(Temperature, 1)], false),
];

const PREFIXES: [(&str, i32); 14] = [
    ("da", 1),
    ("h", 2),
    ("f", -15),
    ("p", -12),
    ("n", -9),
    ("u", -6),
    ("µ", -6),
    ("μ", -6),
    ("m", -3),
    ("c", -2),
    ("d", -1),
    ("k", 3),
    ("M", 6),
    ("G", 9),
];

pub fn quantity(text: &str) -> Result<Quantity, UnitError> {
    let trimmed = text.trim_start();
    let start = text.len() - trimmed.len();
    // The longest prefix that is a number: "1e-3 mol", "5", "70 %".
    let end = (1..=trimmed.len())
        .rev()
        .filter(|end| trimmed.is_char_boundary(*end))
        .find(|end| {
            let head = trimmed[..*end].trim_end();
            head.ends_with(|c: char| c.is_ascii_digit() || c == '.') && head.parse::<f64>().is_ok()
        });
    let Some(end) = end else {
        return Err(UnitError {
            range: 0..text.len(),
            message: "a number comes first, then its unit".to_string(),
            suggestions: Vec::new(),
        });
    };
    let parsed = trimmed[..end].trim_end().parse().ok();
    let value = parsed
        .filter(|value: &f64| value.is_finite())
        .ok_or_else(|| UnitError {
            range: start..start + end,
            message: "this number is out of range".to_string(),
            suggestions: Vec::new(),
        })?;
    let rest = &trimmed[end..];
    if rest.trim().is_empty() {
        return Ok(Quantity {
            value,
            unit: Unit::one(),
        });
    }
    let unit = unit(rest).map_err(|error| UnitError {
        range: error.range.start + start + end..error.range.end + start + end,
        ..error
    })?;
    Ok(Quantity { value, unit })
}

/// More bytes than any unit needs: joining texts takes time that grows with their square.
const LONGEST: usize = 200;

pub fn unit(text: &str) -> Result<Unit, UnitError> {
    if text.len() > LONGEST {
        return Err(UnitError {
            range: 0..text.len(),
            message: "this is too long for a unit".to_string(),
            suggestions: Vec::new(),
        });
    }
    let mut parser = Parser {
        text,
        at: 0,
        depth: 0,
    };
    let mut unit = parser.product()?;
    parser.space();
    if parser.at < text.len() {
        return Err(parser.error(
            parser.at..text.len(),
            "this does not belong to a unit",
            Vec::new(),
        ));
    }
    unit.text = text.trim().to_string();
    Ok(unit)
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    depth: u32,
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn space(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += self.peek().map_or(0, char::len_utf8);
        }
    }

    fn error(
        &self,
        range: std::ops::Range<usize>,
        message: &str,
        suggestions: Vec<String>,
    ) -> UnitError {
        UnitError {
            range,
            message: message.to_string(),
            suggestions,
        }
    }

    fn product(&mut self) -> Result<Unit, UnitError> {
        self.space();
        let start = self.at;
        // `/h` is `1/h`, as in UCUM.
        let mut unit = match self.peek() {
            Some('/') => Unit::one(),
            _ => self.factor()?,
        };
        loop {
            self.space();
            let divide = match self.peek() {
                Some('/') => true,
                Some('.' | '*' | '·') => false,
                Some(c) if c != ')' => {
                    let next = self.factor()?;
                    unit = self.join(unit, next, false, start)?;
                    continue;
                }
                _ => return Ok(unit),
            };
            self.at += self.peek().map_or(0, char::len_utf8);
            self.space();
            let next = self.factor()?;
            unit = self.join(unit, next, divide, start)?;
        }
    }

    fn join(&self, left: Unit, right: Unit, divide: bool, start: usize) -> Result<Unit, UnitError> {
        let joined = if divide {
            left.per(&right)
        } else {
            left.times(&right)
        };
        joined.ok_or_else(|| {
            let message = if left.affine || right.affine {
                "a temperature in °C cannot be multiplied: use K"
            } else {
                "this unit is too large or too small"
            };
            self.error(start..self.at, message, Vec::new())
        })
    }

    fn factor(&mut self) -> Result<Unit, UnitError> {
        let start = self.at;
        let base = match self.peek() {
            Some('(') => {
                self.depth += 1;
                if self.depth > 32 {
                    return Err(self.error(
                        start..self.text.len(),
                        "too many parentheses",
                        Vec::new(),
                    ));
                }
                self.at += 1;
                let inner = self.product()?;
                self.space();
                if self.peek() != Some(')') {
                    return Err(self.error(
                        start..self.text.len(),
                        "this parenthesis is not closed",
                        Vec::new(),
                    ));
                }
                self.at += 1;
                self.depth -= 1;
                inner
            }
            Some(c) if c.is_ascii_digit() => self.number()?,
            Some(_) => self.atom()?,
            None => return Err(self.error(start..start, "a unit is missing here", Vec::new())),
        };
        self.exponent(base, start)
    }

    fn number(&mut self) -> Result<Unit, UnitError> {
        let start = self.at;
        while self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.at += 1;
        }
        // The point of `1.5` belongs to the number, the one of `10.mg` multiplies.
        let rest = self.rest();
        if rest.starts_with('.') && rest[1..].starts_with(|c: char| c.is_ascii_digit()) {
            self.at += 1;
            while self.peek().is_some_and(|c| c.is_ascii_digit()) {
                self.at += 1;
            }
        }
        match decimal(&self.text[start..self.at]) {
            Some(number) if number > Rational::ZERO => Ok(Unit {
                factor: number,
                ..Unit::one()
            }),
            _ => Err(self.error(start..self.at, "not a number above zero", Vec::new())),
        }
    }

    fn atom(&mut self) -> Result<Unit, UnitError> {
        let start = self.at;
        let stops = |c: char| c.is_whitespace() || "/.*·^()".contains(c);
        let word_end = self
            .rest()
            .find(stops)
            .map_or(self.text.len(), |at| start + at);
        let word = &self.text[start..word_end];
        if let Some(unit) = known(word) {
            self.at = word_end;
            return Ok(unit);
        }
        // `m2`: a power written without a sign.
        let (letters, _) = split_power(word);
        if letters.len() < word.len()
            && let Some(unit) = known(letters)
        {
            self.at = start + letters.len();
            return Ok(unit);
        }
        if word.is_empty() {
            let end = start + self.peek().map_or(0, char::len_utf8);
            return Err(self.error(start..end, "a unit is missing here", Vec::new()));
        }
        // Edit distance would offer `mg` for `mcg`: near in letters, a thousandfold in dose.
        if let Some(meant) = everyday(word) {
            let message = format!("`{word}` is written `{meant}` here");
            return Err(self.error(start..word_end, &message, vec![meant.to_string()]));
        }
        let spellings: Vec<String> = ATOMS
            .iter()
            .flat_map(|(name, _, _, _, prefixed)| {
                let prefixes: &[&str] = if *prefixed {
                    &["", "m", "u", "n", "k"]
                } else {
                    &[""]
                };
                prefixes.iter().map(move |prefix| format!("{prefix}{name}"))
            })
            .collect();
        let end = word_end.max(start + self.peek().map_or(0, char::len_utf8));
        Err(self.error(
            start..end,
            &format!("`{word}` is not known"),
            nearest(word, spellings.iter().map(String::as_str)),
        ))
    }

    fn exponent(&mut self, base: Unit, start: usize) -> Result<Unit, UnitError> {
        let marked = self.peek() == Some('^');
        if marked {
            self.at += 1;
        }
        let begin = self.at;
        let exponent = if marked && self.peek() == Some('(') {
            let close = self.rest().find(')').map(|at| begin + at);
            let Some(close) = close else {
                return Err(self.error(
                    begin..self.text.len(),
                    "this parenthesis is not closed",
                    Vec::new(),
                ));
            };
            self.at = close + 1;
            fraction(&self.text[begin + 1..close])
        } else {
            if self.peek() == Some('-') {
                self.at += 1;
            }
            while self.peek().is_some_and(|c| c.is_ascii_digit())
                || (marked
                    && self.peek() == Some('.')
                    && self.rest()[1..].starts_with(|c: char| c.is_ascii_digit()))
            {
                self.at += 1;
            }
            if self.at == begin && !marked {
                return Ok(base);
            }
            decimal(&self.text[begin..self.at])
        };
        let power = exponent
            .ok_or_else(|| self.error(begin..self.at, "this is not an exponent", Vec::new()))?;
        // A root of a factor that is no exact root (mg^0.45) is carried by the exact root of the
        // coherent unit only where both exist; elsewhere the unit stays unconverted.
        base.power(power)
            .or_else(|| rootless(&base, power))
            .ok_or_else(|| self.error(start..self.at, "this power is out of range", Vec::new()))
    }
}

/// A power whose factor is irrational (10^-2.7): the nearest fraction. Negative powers are reciprocals
/// of positive ones, so that `mg^-0.45` and `1/mg^0.45` are the same unit.
fn rootless(base: &Unit, power: Rational) -> Option<Unit> {
    let negative = power < Rational::ZERO;
    let positive = if negative { power.negated() } else { power };
    let size = Rational::nearest(base.factor.to_f64().powf(positive.to_f64()))?;
    Some(Unit {
        text: String::new(),
        dimension: base.dimension.power(power)?,
        factor: if negative {
            Rational::ONE.checked_div(size)?
        } else {
            size
        },
        affine: false,
    })
}

pub fn decimal(text: &str) -> Option<Rational> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    if part.len() > 9 || whole.len() > 18 {
        return None;
    }
    let digits: i128 = format!("{whole}{part}").parse().ok()?;
    Some(Rational::new(digits, 10i128.pow(part.len() as u32)))
}

fn fraction(text: &str) -> Option<Rational> {
    let (above, below) = text.split_once('/').unwrap_or((text, "1"));
    let below = decimal(below.trim())?;
    decimal(above.trim())?.checked_div(below)
}

/// A word and the power written behind it: `m2` → `m`, `2`; `kg^-1` → `kg`, `^-1`.
pub fn split_power(word: &str) -> (&str, &str) {
    if let Some(caret) = word.find('^') {
        return word.split_at(caret);
    }
    let letters = word
        .trim_end_matches(|c: char| c.is_ascii_digit())
        .trim_end_matches('-');
    if letters.is_empty() {
        return (word, "");
    }
    word.split_at(letters.len())
}

/// Common spellings that are no UCUM.
fn everyday(word: &str) -> Option<&'static str> {
    Some(match word.to_lowercase().as_str() {
        "mcg" => "ug",
        "sec" | "second" | "seconds" => "s",
        "mins" | "minute" | "minutes" => "min",
        "hr" | "hrs" | "hours" => "h",
        "yr" | "year" | "years" => "a",
        "liter" | "litre" | "liters" | "litres" => "L",
        "gram" | "grams" => "g",
        "celsius" | "degc" => "Cel",
        "percent" => "%",
        "bpm" => "1/min",
        "cc" => "mL",
        _ => return None,
    })
}

fn known(word: &str) -> Option<Unit> {
    if let Some(atom) = ATOMS.iter().find(|(name, ..)| *name == word) {
        return Some(build(atom, Rational::ONE));
    }
    for (prefix, power) in PREFIXES {
        let Some(rest) = word.strip_prefix(prefix) else {
            continue;
        };
        let Some(atom) = ATOMS
            .iter()
            .find(|(name, _, _, _, prefixed)| *prefixed && *name == rest)
        else {
            continue;
        };
        let ten = 10i128.pow(power.unsigned_abs());
        let scale = if power < 0 {
            Rational::new(1, ten)
        } else {
            Rational::new(ten, 1)
        };
        return Some(build(atom, scale));
    }
    None
}

fn build(atom: &Atom, scale: Rational) -> Unit {
    let (name, numerator, denominator, bases, _) = atom;
    let mut dimension = Dimension::default();
    for (base, power) in *bases {
        let part = Dimension::of(*base)
            .power(Rational::new(*power, 1))
            .unwrap_or_default();
        dimension = dimension.combine(&part, 1).unwrap_or_default();
    }
    Unit {
        text: (*name).to_string(),
        dimension,
        factor: Rational::new(*numerator, *denominator)
            .checked_mul(scale)
            .unwrap_or(Rational::ONE),
        affine: *name == "Cel" || *name == "°C",
    }
}
