//! Biomarkers and modalities: how a body is read and how exercise is written.
//!
//! In: the table of one declaration. Out: its values, or `None` if they could not be read; every
//! mistake goes to `out`.

use super::fields::*;
use super::{BiomarkerFile, ModalityFile};
use crate::diagnostics::Diagnostic;
use crate::model::file::Reader;
use crate::model::messages::{table_of, written_quantity};
use crate::model::types::Band;

type Out<'a> = &'a mut Vec<Diagnostic>;

pub fn biomarker(reader: &mut Reader, out: Out) -> Option<BiomarkerFile> {
    let unit = required_unit(reader, out);
    let formula = required_formula(reader, "formula", out);
    let conventional = reader
        .text("conventional", out)
        .and_then(|(text, item)| unit_of(text, item, out));
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
        let origin = origin(&mut inner, out);
        inner.finish(out);
        if let Some(origin) = origin {
            bands.push(Band {
                people,
                deficient_below,
                insufficient_below,
                high_above,
                origin,
            });
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
