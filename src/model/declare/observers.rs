//! Biomarkers and modalities: how a body is read and how exercise is written.
//!
//! In: the table of one declaration. Out: its values, or `None` if they could not be read; every
//! mistake goes to `out`.

use super::fields::*;
use super::{BiomarkerFile, ModalityFile};
use crate::diagnostics::Diagnostic;
use crate::model::file::{Reader, problem_with_help};
use crate::model::messages::{table_of, written_quantity};
use crate::model::shared::molar_mass_g_per_mol;
use crate::model::types::Band;
use crate::units::Unit;

type Out<'a> = &'a mut Vec<Diagnostic>;

pub fn biomarker(reader: &mut Reader, out: Out) -> Option<BiomarkerFile> {
    let unit = required_unit(reader, out);
    let formula = required_formula(reader, "formula", out);
    let conventional = conventional(reader, unit.as_ref(), out);
    let pins = reader.one_or_more("pins", out);
    let mut bands = Vec::new();
    for item in reader.list("bands", out).unwrap_or_default() {
        let Some(tree) = table_of("a band", item, out) else {
            continue;
        };
        let mut inner = Reader::new(tree, "this band", item.span.clone());
        let number = |inner: &mut Reader, key, out: Out| inner.number(key, out).map(|(n, _)| n);
        let people = inner.text("people", out).map(|(text, _)| text.to_string());
        let deficient_below = number(&mut inner, "deficient_below", out);
        let insufficient_below = number(&mut inner, "insufficient_below", out);
        let high_above = number(&mut inner, "high_above", out);
        let insufficient_above = number(&mut inner, "insufficient_above", out);
        let deficient_above = number(&mut inner, "deficient_above", out);
        let origin = origin(&mut inner, out);
        inner.finish(out);
        let Some(origin) = origin else { continue };
        let band = Band {
            people,
            deficient_below,
            insufficient_below,
            high_above,
            insufficient_above,
            deficient_above,
            origin,
        };
        match disorder(&band) {
            None => bands.push(band),
            Some(why) => out.push(problem_with_help(
                "impossible-value",
                format!("these cut-offs contradict each other: {why}"),
                item.span.clone(),
                "no order",
                Some("either `deficient_below` < `insufficient_below` < `high_above`, or, where lack raises the marker, `insufficient_above` < `deficient_above`".to_string()),
            )),
        }
    }
    Some(BiomarkerFile {
        unit: unit?,
        conventional,
        formula: formula?,
        pins,
        bands,
    })
}

/// What is wrong with the order of cut-offs.
fn disorder(band: &Band) -> Option<&'static str> {
    let falls = [
        band.deficient_below,
        band.insufficient_below,
        band.high_above,
    ];
    let rises = [band.insufficient_above, band.deficient_above];
    if band.lack_rises() && falls.iter().any(Option::is_some) {
        return Some("lack either lowers a marker or raises it");
    }
    let ordered = |limits: &[Option<f64>]| {
        let known: Vec<f64> = limits.iter().flatten().copied().collect();
        known.windows(2).all(|pair| pair[0] < pair[1])
    };
    (!ordered(&falls) || !ordered(&rises)).then_some("they do not rise in this order")
}

/// The unit that laboratories of other countries print: mass instead of amount needs `molar_mass`.
fn conventional(reader: &mut Reader, unit: Option<&Unit>, out: Out) -> Option<(Unit, f64)> {
    let mass_of_a_mole = reader.item("molar_mass");
    let mass_of_a_mole = mass_of_a_mole.and_then(|item| molar_mass_g_per_mol(item, out));
    let (text, item) = reader.text("conventional", out)?;
    let (unit, other) = (unit?, unit_of(text, item, out)?);
    let factor = unit.ratio_to(&other).or_else(|| {
        let gram_per_mole = Unit::parse("g/mol").ok()?;
        let molar_mass = mass_of_a_mole?;
        if let Some(factor) = unit
            .times(&gram_per_mole)
            .and_then(|mass| mass.ratio_to(&other))
        {
            return Some(factor * molar_mass);
        }
        Some(unit.per(&gram_per_mole)?.ratio_to(&other)? / molar_mass)
    });
    if factor.is_none() {
        out.push(problem_with_help(
            "wrong-unit",
            format!(
                "{} is in {}, which does not convert to {}",
                reader.what, unit.text, other.text
            ),
            item.span.clone(),
            &other.describe(),
            Some("between amount and mass say `molar_mass = \"400.6 g/mol\"`".to_string()),
        ));
    }
    Some((other, factor?))
}

pub fn modality(reader: &mut Reader, out: Out) -> Option<ModalityFile> {
    let verbs = reader
        .texts("verbs", out)
        .into_iter()
        .map(|(verb, _)| verb)
        .collect();
    let mut set = Vec::new();
    for entry in reader
        .sub("set", out)
        .map(|table| table.entries.as_slice())
        .unwrap_or_default()
    {
        if let Some(quantity) = written_quantity(&entry.item, out) {
            let (name, span) = (entry.key.clone(), entry.key_span.clone());
            set.push((name, span, quantity, entry.item.span.clone()));
        }
    }
    let _ = origin(reader, out);
    let _ = grade(reader, false, out);
    Some(ModalityFile { verbs, set })
}

#[cfg(test)]
mod tests {
    use super::biomarker;
    use crate::diagnostics::FileId;
    use crate::model::file::{Reader, parse};

    /// Claim: amount becomes mass by the molar mass, and mass amount; other units by their ratio.
    #[test]
    fn conventional_units_convert() {
        for (unit, other, factor) in [
            ("nmol/L", "ng/mL", 0.4006),
            ("ng/mL", "nmol/L", 1.0 / 0.4006),
            ("g/L", "g/dL", 0.1),
        ] {
            let text = format!(
                "unit = \"{unit}\"\nconventional = \"{other}\"\nmolar_mass = \"400.6 g/mol\"\n\
                 formula = \"x\""
            );
            let (tree, _) = parse(FileId(0), &text);
            let mut reader = Reader::new(&tree, "a marker", tree.span.clone());
            let mut problems = Vec::new();
            let marker = biomarker(&mut reader, &mut problems).expect("it can be read");
            assert!(problems.is_empty());
            let (_, found) = marker.conventional.expect("a factor");
            assert!((found / factor - 1.0).abs() < 1e-12, "{unit}: {found}");
        }
    }
}
