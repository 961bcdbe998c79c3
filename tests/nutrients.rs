//! The catalogue of nutrients: reference intakes are whole, sourced, and say which form they count.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use myoflux::diagnostics::Sources;
use myoflux::model::load::load_model;
use myoflux::units::Unit;

/// Claim: every reference intake is there for the man and the woman, as mass per day, with a source that
/// the bibliography has; a dose that was studied may say instead on what it is assumed.
#[test]
fn reference_intakes_are_whole_and_sourced() {
    let model = load_model(Path::new("models"), "athlete", &mut Sources::default());
    let model = model.expect("it loads");
    let mass_per_day = Unit::parse("mg/d").expect("a unit");
    let mut rows = 0;
    for nutrient in model.nutrients.values() {
        let mut people: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (who, kind, value, unit, _) in &nutrient.intakes {
            rows += 1;
            people.entry(kind).or_default().insert(who);
            let fits = unit.dimension == mass_per_day.dimension && *value > 0.0;
            assert!(fits, "{}: {kind} {value} {}", nutrient.key, unit.text);
        }
        for (kind, who) in people {
            assert_eq!(who, ["man", "woman"].into(), "{kind} of {}", nutrient.key);
        }
    }
    assert!(rows > 100, "{rows} rows");
    let text = std::fs::read_to_string("models/nutrients.toml").expect("readable");
    let tree: serde_json::Value = toml::from_str(&text).expect("TOML");
    for (name, nutrient) in tree["nutrients"].as_object().expect("a table") {
        for row in nutrient["intake"].as_array().into_iter().flatten() {
            let source = row["source"].as_str().unwrap_or_default();
            let assumed = row["kind"] == "studied" && row["assumed"].is_string();
            let known = model.references_bib.entries.contains_key(source) || assumed;
            assert!(known, "{name}: {} has source `{source}`", row["kind"]);
        }
    }
}

/// Claim: EAR, RDA and UL of one person stand in this order, unless the UL counts another form.
#[test]
fn requirements_lie_below_limits() {
    let model = load_model(Path::new("models"), "athlete", &mut Sources::default());
    let gram_per_day = Unit::parse("g/d").expect("a unit");
    for nutrient in model.expect("it loads").nutrients.values() {
        for who in ["man", "woman"] {
            let row = |kind: &str| {
                let mut rows = nutrient.intakes.iter();
                let (_, _, value, unit, note) = rows.find(|(p, k, ..)| p == who && k == kind)?;
                Some((value * unit.ratio_to(&gram_per_day)?, note.is_some()))
            };
            let key = &nutrient.key;
            if let (Some((ear, _)), Some((rda, _))) = (row("ear"), row("rda")) {
                assert!(ear < rda, "{key}, {who}: EAR {ear} g/d, RDA {rda} g/d");
            }
            let (needed, limit) = (row("rda").or(row("ai")), row("ul"));
            if let (Some((needed, _)), Some((limit, false))) = (needed, limit) {
                assert!(needed < limit, "{key}, {who}: {needed} g/d, UL {limit} g/d");
            }
        }
    }
}
