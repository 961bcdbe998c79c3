//! Units as people print them on axes: `µg/L`, `mL kg⁻¹ min⁻¹`, `m²`.

use super::Rational;
use super::parse::{decimal, split_power};

/// With one division a slash, with several negative exponents; empty for the unit `1`.
pub fn pretty(text: &str) -> String {
    // Parentheses are rare and already read well; flattening them could only surprise.
    if text.contains('(') {
        return text.to_string();
    }
    let mut factors: Vec<(String, Rational)> = Vec::new();
    let mut below = false;
    let mut start = 0;
    let ends = text
        .char_indices()
        .filter(|&(at, c)| "/*· ".contains(c) || (c == '.' && !inside_number(text, at)))
        .map(|(at, c)| (at, c.len_utf8(), c == '/'))
        .chain([(text.len(), 0, false)]);
    for (end, width, divides) in ends {
        let word = &text[start..end];
        start = end + width;
        if !word.is_empty() {
            let (symbol, power) = split_power(word);
            let power = decimal(power.trim_start_matches('^')).unwrap_or(Rational::ONE);
            let power = if below { power.negated() } else { power };
            if symbol != "1" {
                factors.push((spelled(symbol), power));
            }
            below = false;
        }
        below |= divides;
    }
    let negative = |power: &Rational| *power < Rational::ZERO;
    let slash =
        factors.len() > 1 && factors.iter().filter(|(_, power)| negative(power)).count() == 1;
    if slash {
        factors.sort_by_key(|(_, power)| negative(power));
    }
    let mut shown = String::new();
    for (symbol, power) in factors {
        let divided = slash && negative(&power);
        if !shown.is_empty() {
            shown.push(if divided { '/' } else { ' ' });
        }
        shown.push_str(&symbol);
        shown.push_str(&raised(if divided { power.negated() } else { power }));
    }
    shown
}

/// The point of `0.45`, not the one of `W.min`.
fn inside_number(text: &str, at: usize) -> bool {
    let digit = |at: usize| text.as_bytes().get(at).is_some_and(u8::is_ascii_digit);
    // In `m2.10` the point follows an exponent, but so it does in `m^2.10`; only `^` takes decimals.
    let number = text[..at].rfind(|c: char| !c.is_ascii_digit());
    let marked = number.is_none_or(|before| "^-/*· .".contains(&text[before..=before]));
    at > 0 && digit(at - 1) && digit(at + 1) && marked
}

fn spelled(symbol: &str) -> String {
    match symbol {
        "Cel" => "°C".to_string(),
        _ => match symbol.strip_prefix(['u', 'μ']) {
            Some(rest) if !rest.is_empty() => format!("µ{rest}"),
            _ => symbol.to_string(),
        },
    }
}

fn raised(power: Rational) -> String {
    if power == Rational::ONE {
        return String::new();
    }
    let text = power.to_string();
    if text.contains('/') {
        return format!("^{}", power.to_f64());
    }
    let digits = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let raise = |c: char| c.to_digit(10).map_or('⁻', |digit| digits[digit as usize]);
    text.chars().map(raise).collect()
}
