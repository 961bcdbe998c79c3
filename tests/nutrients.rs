//! The catalogue of nutrients: reference intakes are whole, sourced, and say which form they count.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use myoflux::compile::compile;
use myoflux::diagnostics::Sources;
use myoflux::model::load::load_model;
use myoflux::scenario::load::{Overrides, load_scenario};
use myoflux::scenario::run::run;
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
        for row in &nutrient.intakes {
            rows += 1;
            people.entry(&row.kind).or_default().insert(&row.people);
            let fits = row.unit.dimension == mass_per_day.dimension && row.value > 0.0;
            assert!(fits, "{}: {row:?}", nutrient.key);
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
                let row = rows.find(|row| row.people == who && row.kind == kind)?;
                let value = row.value * row.unit.ratio_to(&gram_per_day)?;
                Some((value, row.note.is_some()))
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

/// Cells of a line; commas inside quotes are text.
fn cells(line: &str) -> Vec<String> {
    let parts = line.split('"').enumerate();
    let hidden = parts.map(|(at, part)| match at % 2 {
        0 => part.to_string(),
        _ => part.replace(',', "\0"),
    });
    let cells = hidden.collect::<String>();
    let cells = cells.split(',').map(|cell| cell.replace('\0', ","));
    cells.collect()
}

/// Rows of intake.csv of a scenario written for this: (arm, nutrient) → column → cell.
fn eaten(text: &str) -> BTreeMap<(String, String), BTreeMap<String, String>> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("eaten.toml");
    std::fs::write(&path, text).expect("writable");
    let mut sources = Sources::default();
    let models = Path::new("models");
    let loaded = load_scenario(&path, models, &Overrides::default(), &mut sources);
    let (model, scenario) = loaded.expect("it passes the check");
    let program = Arc::new(compile(&model));
    let result = run(model, program, Arc::new(scenario), &|_, _| {});
    let csv = myoflux::report::intake::csv(&result);
    let page = myoflux::report::page::page(&result, &[], &[]);
    assert!(page.contains("Intake against reference values"));
    let mut lines = csv.lines().map(cells);
    let head = lines.next().expect("a header");
    let rows = lines.map(|cells| {
        let row: BTreeMap<String, String> = head.iter().cloned().zip(cells).collect();
        ((row["arm"].clone(), row["nutrient"].clone()), row)
    });
    rows.collect()
}

/// Claim: an intake is compared with what its arm's people need, whatever the unit, the meals and the number
/// of inputs that a dose drives; an upper level counts the forms that the catalogue says, no others.
#[test]
fn intakes_are_compared_with_reference_values() {
    let rows = eaten(
        r#"
format = 1
title = "Eaten"
model = "athlete"
duration = "2 d"
initial = "declared"
output_every = "1 d"

[person]
sex = "female"

[diet]
meals = ["07:30", "12:30", "19:00"]
nonhaem_iron = "10 mg/d"
haem_iron = "1 mg/d"
magnesium = "500 mg/d"
folate = "300 ug/d"
niacin = "4 mg/d"
tryptophan = "600 mg/d"
vitamin_c = "50 mg/d"
retinol = "500 ug/d"
carotenoids = "2900 ug/d"
selenium = "60 ug/d"

[[supplement]]
nutrient = "vitamin_c"
dose = "100 mg"
when = "at 1 d 08:00"

[[supplement]]
nutrient = "magnesium"
dose = "0 mg"
when = "daily at 08:00"

[[supplement]]
nutrient = "folate"
dose = "0 ug"
when = "daily at 08:00"

[[arm]]
name = "tablets"
set = { "supplement.1.dose" = "400 mg", "supplement.2.dose" = "300 ug" }
"#,
    );
    let cell = |arm: &str, nutrient: &str, column: &str| {
        let row = &rows[&(arm.to_string(), nutrient.to_string())];
        row[column].clone()
    };
    let near = |arm: &str, nutrient: &str, column: &str, wanted: f64| {
        let found: f64 = cell(arm, nutrient, column).parse().expect("a number");
        let fits = (found - wanted).abs() <= 1e-6 * wanted.abs();
        assert!(
            fits,
            "{column} of {nutrient} in {arm}: {found}, not {wanted}"
        );
    };
    let base = rows.keys().next().map(|(arm, _)| arm.clone());
    let base = &*base.filter(|arm| arm != "tablets").expect("a base arm");
    assert_eq!(cell(base, "iron", "over"), "run");
    near(base, "iron", "days", 2.0);
    // Haem and other iron together, over all meals; between the woman's 8.1 and 18 mg.
    near(base, "iron", "total", 11.0);
    assert_eq!(cell(base, "iron", "verdict"), "between EAR and RDA");
    // One tablet in two days, though two modules take note of it.
    near(base, "vitamin_c", "supplements", 50.0);
    near(base, "vitamin_c", "total", 100.0);
    assert_eq!(cell(base, "vitamin_c", "verdict"), "at least RDA");
    // The UL of magnesium (350 mg) counts supplements alone: food beyond it is none.
    near(base, "magnesium", "counted", 0.0);
    assert_eq!(cell(base, "magnesium", "verdict"), "at least RDA");
    near("tablets", "magnesium", "counted", 400.0);
    near("tablets", "magnesium", "total", 900.0);
    assert_eq!(cell("tablets", "magnesium", "verdict"), "above UL");
    // Carotenoids are vitamin A, but not preformed: 3400 ug in all, 500 towards 3000.
    near(base, "vitamin_a", "total", 3400.0);
    near(base, "vitamin_a", "counted", 500.0);
    assert_eq!(cell(base, "vitamin_a", "verdict"), "at least RDA");
    // 600 mg of tryptophan are 10 mg of niacin.
    near(base, "niacin", "total", 14.0);
    assert_eq!(cell(base, "niacin", "verdict"), "at least RDA");
    // 300 ug of folic acid are 500 ug of folate; towards the UL they count as 300.
    assert_eq!(cell(base, "folate", "verdict"), "below EAR");
    let equivalent: f64 = cell("tablets", "folate", "supplements")
        .parse()
        .expect("a number");
    let counted: f64 = cell("tablets", "folate", "counted")
        .parse()
        .expect("a number");
    assert!((equivalent - 500.0).abs() < 1.0, "{equivalent}");
    assert!((counted - 300.0).abs() < 1.0, "{counted}");
    assert_eq!(cell("tablets", "folate", "verdict"), "at least RDA");
    let folic_acid = ("tablets".to_string(), "folic_acid".to_string());
    assert!(!rows.contains_key(&folic_acid), "it is eaten as folate");
}

/// Claim: a run of some hours has no intake of a day; its habit has, fasting arms included.
#[test]
fn a_short_run_tells_the_intake_of_its_habit() {
    let rows = eaten(
        r#"
format = 1
title = "Morning"
model = "athlete"
duration = "6 h"
initial = "declared"
output_every = "1 h"

[diet]
selenium = "60 ug/d"

[[supplement]]
nutrient = "selenium"
dose = "500 ug"
when = "at 0 d 01:00"
"#,
    );
    for ((arm, nutrient), row) in &rows {
        assert_eq!(
            (&*row["over"], &*row["days"]),
            ("habit", ""),
            "{arm} {nutrient}"
        );
    }
    let selenium = rows.iter().find(|((_, name), _)| name == "selenium");
    let (_, selenium) = selenium.expect("it is eaten");
    // The dose of the morning is no habit.
    assert_eq!(selenium["total"], "60.0");
    assert_eq!(selenium["verdict"], "at least RDA");
}
