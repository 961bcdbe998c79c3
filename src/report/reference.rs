//! The reference range of a biomarker for a person, as figures draw it and tables measure against it.

use crate::model::{Band, Biomarker, Column, Model};

/// The cut-offs for these people: their own, or those for everyone.
pub fn band<'a>(biomarker: &'a Biomarker, people: &str) -> Option<&'a Band> {
    let bands = &biomarker.bands;
    let band = bands
        .iter()
        .find(|band| band.people.as_deref() == Some(people))
        .or_else(|| bands.iter().find(|band| band.people.is_none()))?;
    band.limits().iter().any(Option::is_some).then_some(band)
}

/// Lower and upper limit in the marker's own unit, infinite where there is none. `None` if the column is
/// no biomarker or has no limits for these people.
pub fn range(model: &Model, column: Column, people: &str) -> Option<(f64, f64)> {
    let Column::Biomarker(id) = column else {
        return None;
    };
    let band = band(&model.biomarkers[id.index()], people)?;
    let low = band.insufficient_below.or(band.deficient_below);
    let high = band.high_above.or(band.insufficient_above);
    let high = high.or(band.deficient_above);
    let range = (
        low.unwrap_or(f64::NEG_INFINITY),
        high.unwrap_or(f64::INFINITY),
    );
    Some(range)
}
