//! Figures, the network and the page, made from shipped models and scenarios.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use assert_cmd::Command;
use myoflux::compile::compile;
use myoflux::diagnostics::Sources;
use myoflux::engine::Failure;
use myoflux::model::{Band, Edge, EdgeKind, Model, Origin, load::load_model};
use myoflux::report::dictionary::{Kind, TABLES};
use myoflux::report::drawing::svg::{Font, svg};
use myoflux::report::drawing::{Colour, Mark, Scene, Text};
use myoflux::report::network::Shape;
use myoflux::report::page::CONTEXT_OF_USE;
use myoflux::report::{contents, figure, network};
use myoflux::scenario::figure::shown_column;
use myoflux::scenario::load::{Overrides, load_scenario};
use myoflux::scenario::{Data, RunResult, Scenario, run::run};
use myoflux::units::Unit;
use rayon::prelude::*;

const ONE_RUN: &str = "scenarios/iron/hepcidin_after_run.toml";

fn finished(path: &str, change: impl Fn(&Model, &mut Scenario)) -> RunResult {
    let mut sources = Sources::default();
    let loaded = load_scenario(
        Path::new(path),
        Path::new("models"),
        &Overrides::default(),
        &mut sources,
    );
    let (model, mut scenario) = loaded.expect("shipped scenarios pass the check");
    change(&model, &mut scenario);
    let program = Arc::new(compile(&model));
    run(model, program, Arc::new(scenario), &|_, _| {})
}

fn models() -> Vec<Model> {
    let names = ["athlete", "fibre"];
    names
        .iter()
        .map(|name| {
            load_model(Path::new("models"), name, &mut Sources::default())
                .expect("shipped models pass the check")
        })
        .collect()
}

fn file<'a>(files: &'a [(String, Vec<u8>)], name: &str) -> &'a str {
    let (_, bytes) = files
        .iter()
        .find(|(known, _)| known == name)
        .unwrap_or_else(|| panic!("{name} is written"));
    std::str::from_utf8(bytes).expect("it is text")
}

/// Texts keep apart and on the page. A hair of overlap is allowed for letters that lean.
fn assert_legible(scene: &Scene) {
    let texts = scene.texts();
    let apart = |a: &Text, b: &Text| {
        let (a, b) = (a.bounds(), b.bounds());
        let slack = 0.5;
        a.2 <= b.0 + slack || b.2 <= a.0 + slack || a.3 <= b.1 + slack || b.3 <= a.1 + slack
    };
    for (at, text) in texts.iter().enumerate() {
        let (left, top, right, bottom) = text.bounds();
        assert!(
            left >= 0.0 && top >= 0.0 && right <= scene.width && bottom <= scene.height,
            "“{}” leaves the page of “{}”",
            text.text,
            scene.title
        );
        for other in &texts[at + 1..] {
            assert!(
                apart(text, other),
                "“{}” lies on “{}” in “{}”",
                text.text,
                other.text,
                scene.title
            );
        }
    }
}

#[test]
fn texts_of_figures_neither_touch_nor_leave_the_page() {
    let mut paths = Vec::new();
    files_ending(&["toml"], Path::new("scenarios"), &mut paths);
    paths.retain(|path| !path.ends_with(".study.toml"));
    paths.par_iter().for_each(|path| {
        let result = finished(path, |_, _| {});
        let scenes = figure::scenes(&result);
        assert!(!scenes.is_empty(), "{path} has no figure");
        scenes.iter().for_each(assert_legible);
        figure::status::scenes(&result)
            .iter()
            .for_each(assert_legible);
    });
}

/// Claim: the panel of laboratory markers holds every marker, each person's own cut-offs, and stays legible
/// with more markers and arms than any scenario has.
#[test]
fn the_status_panel_is_legible_with_many_markers() {
    let mut result = finished(ONE_RUN, |_, scenario| {
        scenario.arms[1].people = "woman".to_string();
    });
    let model = Arc::make_mut(&mut result.model);
    for marker in &mut model.biomarkers {
        let band = |people: &str, high: f64| Band {
            people: Some(people.to_string()),
            deficient_below: Some(0.5),
            insufficient_below: Some(12.5),
            high_above: Some(high),
            insufficient_above: None,
            deficient_above: None,
            origin: Origin::Assumed("a test".to_string()),
        };
        marker
            .title
            .push_str(" with a name that is longer than it has to be");
        marker.bands = vec![band("man", 250.0), band("woman", 150.0)];
    }
    let count = result.model.biomarkers.len();
    let scenes = figure::status::scenes(&result);
    assert!(count > 30 && scenes.len() > 1, "{count} markers");
    scenes.iter().for_each(assert_legible);
    let said = |text: &str| {
        let texts = scenes.iter().flat_map(Scene::texts);
        texts.filter(|known| known.text == text).count()
    };
    assert_eq!((said("250"), said("150")), (count, count));
}

/// Claim: the table of markers has the conventional unit beside the model's.
#[test]
fn markers_convert_to_conventional_units() {
    let mut result = finished(ONE_RUN, |_, _| {});
    let model = Arc::make_mut(&mut result.model);
    let marker = model
        .biomarkers
        .iter_mut()
        .find(|m| m.name == "serum_ferritin");
    let unit = Unit::parse("ng/mL").expect("a unit");
    marker.expect("ferritin").conventional = Some((unit, 1.0));
    let files = contents(&result);
    let page = file(&files, "report.html");
    assert!(page.contains("Laboratory status") && page.contains("ng/mL</td>"));
    assert!(
        files
            .iter()
            .any(|(name, _)| name == "figures/status_panel.png")
    );
}

/// Claim: headers, tables.json and docs/outputs.md tell of the same columns.
#[test]
fn every_column_is_explained() {
    let files = contents(&finished(ONE_RUN, |_, _| {}));
    let json: serde_json::Value =
        serde_json::from_str(file(&files, "tables.json")).expect("it is JSON");
    let docs = std::fs::read_to_string("docs/outputs.md").expect("readable");
    for (at, table) in TABLES.iter().enumerate() {
        let name = format!("{}.csv", table.name);
        let csv = file(&files, &name);
        let header: Vec<&str> = csv.lines().next().expect("a header").split(',').collect();
        let told = &json["tables"][at];
        assert_eq!(told["url"], name);
        let columns = told["tableSchema"]["columns"].as_array().expect("columns");
        let names: Vec<&str> = columns.iter().filter_map(|c| c["name"].as_str()).collect();
        assert_eq!(header, names);
        let (_, chapter) = docs.split_once(&format!("## {name}\n")).expect("a chapter");
        let chapter = chapter.split("\n## ").next().expect("its text");
        for column in names {
            let known = chapter.contains(&format!("`{column}`"));
            assert!(known, "docs/outputs.md tells nothing of {column} of {name}");
        }
        let mut rows = csv::Reader::from_reader(csv.as_bytes());
        let mut filled = vec![false; header.len()];
        for (row, record) in rows.records().enumerate() {
            let record = record.expect("as many cells as columns");
            for (cell, (column, kind, _)) in record.iter().zip(table.columns) {
                let number = cell.is_empty() || cell.parse::<f64>().is_ok();
                assert!(*kind == Kind::Text || number, "{name}: {column} = {cell}");
                // What looks like a whole number at first would be taken for one for good.
                let whole = cell.parse::<i64>().is_ok();
                assert!(
                    *kind == Kind::Integer || !whole,
                    "{name}: {column} = {cell}"
                );
            }
            if row < 100 {
                let cells = record.iter().enumerate();
                cells.for_each(|(at, cell)| filled[at] |= !cell.is_empty());
            }
        }
        // Readers that judge a column by its first hundred rows find something there.
        assert!(
            filled.iter().all(|seen| *seen),
            "{name}: {header:?} {filled:?}"
        );
    }
}

#[test]
fn long_names_wrap() {
    let result = finished(ONE_RUN, |_, scenario| {
        let long =
            "a name that somebody wrote in one breath without thinking of the page ".repeat(3);
        scenario.arms[1].name = long.clone();
        scenario.figures[0].title = long.clone();
        scenario.figures[0].show[0].title = long;
    });
    figure::scenes(&result).iter().for_each(assert_legible);
}

#[test]
fn pictures_are_accessible_and_hold_only_numbers() {
    let result = finished(ONE_RUN, |_, _| {});
    let files = contents(&result);
    let picture = file(&files, "figures/figure_1.svg");
    let title = &result.scenario.figures[0].title;
    assert!(picture.contains(&format!("<title>{title}</title>")));
    assert!(picture.contains("role=\"img\"") && picture.contains("<desc>"));
    assert!(picture.contains("@font-face"), "the font travels along");
    // Without the font: any three letters occur somewhere in its code.
    for scene in figure::scenes(&result) {
        let bare = svg(&scene, Font::FromPage);
        for word in ["NaN", "inf\"", "inf,"] {
            assert!(!bare.contains(word), "{word}");
        }
    }
    let (_, png) = files
        .iter()
        .find(|(name, _)| name == "figures/figure_1.png")
        .expect("the PNG is written");
    let width = u32::from_be_bytes(png[16..20].try_into().expect("an IHDR chunk"));
    assert_eq!(width, 1800);
}

#[test]
fn the_same_run_gives_the_same_bytes() {
    let [first, second] = [0, 1].map(|_| contents(&finished(ONE_RUN, |_, _| {})));
    assert_eq!(first.len(), second.len());
    for (a, b) in first.iter().zip(&second) {
        assert!(a == b, "{} differs", a.0);
    }
}

/// Claim: measured points appear in the panel of their quantity and in the table of residuals.
#[test]
fn measured_data_are_drawn_and_compared() {
    let result = finished(ONE_RUN, |model, scenario| {
        let shown = scenario.figures[0].show[1].clone();
        let column = model.column(&shown.name).expect("a shown quantity");
        let point = |hour: f64, arm: Option<&str>| {
            let arm = arm.map(str::to_string);
            (hour * 3600.0, 5.0, Some(0.5), arm)
        };
        scenario.data.push(Data {
            file: "measured.csv".into(),
            label: "Runners of a trial".to_string(),
            shown: shown_column(column, None, model),
            source: None,
            points: vec![
                point(8.0, Some("ferritin 53")),
                point(14.0, Some("ferritin 53")),
                point(14.0, None),
                // Long after the run: neither drawn nor compared.
                point(500.0, Some("ferritin 53")),
            ],
        });
    });
    figure::scenes(&result).iter().for_each(assert_legible);
    let files = contents(&result);
    let picture = file(&files, "figures/figure_1.svg");
    assert_eq!(picture.matches("class=\"observed\"").count(), 3);
    assert!(picture.contains("Runners of a trial, ferritin 53 (± SD)"));

    let page = file(&files, "report.html");
    assert!(page.contains("Measured data"));
    let rows: Vec<&str> = page
        .lines()
        .filter(|l| l.contains("<td>Runners of a trial</td>"))
        .collect();
    // The point without an arm is held against each of them.
    assert_eq!(rows.len(), result.arms.len());
    let counts = |count: &str| {
        let cell = format!("<td class=\"number\">{count}</td>");
        rows.iter().filter(|row| row.contains(&cell)).count()
    };
    assert_eq!((counts("3"), counts("1")), (1, rows.len() - 1));
}

#[test]
fn the_page_says_what_it_is_for_and_asks_nothing_of_the_network() {
    let mut result = finished(ONE_RUN, |_, _| {});
    let state = 0;
    result.arms[1].outcome = Err(Failure::NotFinite { t: 60.0, state });
    let files = contents(&result);
    let page = file(&files, "report.html");
    assert!(page.contains(CONTEXT_OF_USE));
    let name = &result.model.states[0].name;
    assert!(page.contains(&format!("{name} stopped being a number at 60 s")));
    for (at, _) in page.match_indices("http") {
        let known = page[at..].starts_with("http://www.w3.org/2000/svg");
        assert!(known, "{}", &page[at..at + 60]);
    }
    assert!(
        !page.contains("Measured data"),
        "empty sections are left out"
    );
    assert_eq!(page.matches("@font-face").count(), 1);
}

/// Claim: what the model only passes round inside stands apart from nutrients, and no ledger is lost by it.
#[test]
fn the_ledger_keeps_nutrients_apart_from_moieties() {
    let result = finished(ONE_RUN, |_, _| {});
    let files = contents(&result);
    let rows: Vec<Vec<&str>> = file(&files, "ledger.csv")
        .lines()
        .skip(1)
        .filter(|line| line.contains(",total,"))
        .map(|line| line.rsplit(',').collect())
        .collect();
    let kept: usize = result.arms.iter().map(|arm| arm.ledger.len()).sum();
    assert_eq!(rows.len(), kept);
    // From the right: unit, relative, amount, end, start, title, name, route, entry, kind, nutrient.
    let kind = |matter: &str| {
        let row = rows.iter().find(|row| row[10] == matter);
        row.expect("it has a ledger")[9]
    };
    for nutrient in ["iron", "magnesium", "water"] {
        assert_eq!(kind(nutrient), "nutrient", "{nutrient}");
    }
    for moiety in ["adenine", "carbon", "electron_pairs", "creatine"] {
        assert_eq!(kind(moiety), "moiety", "{moiety}");
    }
    let per_arm = kept / result.arms.len();
    for arm in rows.chunks(per_arm) {
        let first = arm.iter().position(|row| row[9] == "moiety");
        let first = first.expect("there are moieties");
        assert!(arm[first..].iter().all(|row| row[9] == "moiety"));
    }
    let page = file(&files, "report.html");
    let tables: Vec<&str> = page
        .split("<h2>")
        .filter(|part| part.starts_with("Nutrient ledger"))
        .collect();
    let nutrients = tables[0]
        .split("Conserved moiety</th>")
        .next()
        .expect("text");
    assert!(nutrients.contains("<td>Iron</td>") && !nutrients.contains("<td>Adenine</td>"));
    assert!(tables[0].contains("<td>Adenine</td>"));
}

fn network_of(model: &Model, strengths: &[f64], shape: Shape) -> Scene {
    network::scene(model, strengths, shape)
}

/// Claim: the network shows every edge once, computed ones apart from claims, what is off apart from what
/// is on, on a page as on a scroll.
#[test]
fn the_network_has_one_stroke_per_edge() {
    for model in models() {
        for shape in [Shape::Page, Shape::Scroll] {
            let strengths = network::default_strengths(&model);
            let scene = network_of(&model, &strengths, shape);
            assert_legible(&scene);
            let picture = svg(&scene, Font::FromPage);
            assert!(!picture.contains("NaN"));
            for (kind, class) in [
                (EdgeKind::Factor, "edge factor"),
                (EdgeKind::Structural, "edge structural"),
                (EdgeKind::Claim, "edge claim"),
            ] {
                for (on, end) in [(true, ""), (false, " off")] {
                    let all = model.edges.iter();
                    let edges = all.filter(|edge| edge.kind == kind && edge.on == on);
                    let class = format!("<g class=\"{class}{end}\">");
                    let strokes = picture.matches(&class).count();
                    assert_eq!(strokes, edges.count(), "{class} of {}", model.name);
                }
            }
            let again = network_of(&model, &strengths, shape);
            assert_eq!(picture, svg(&again, Font::FromPage));
        }
    }
}

/// Claim: the whole-body network is a page of about an A series' proportion, in letters as large as those
/// at the axes of other figures.
#[test]
fn the_network_fits_a_page() {
    let model = models().remove(0);
    let scene = network_of(&model, &network::default_strengths(&model), Shape::Page);
    let proportion = scene.height / scene.width;
    assert!((1.2..1.6).contains(&proportion), "{proportion}");
    assert!(scene.width < 1750.0, "{}", scene.width);
    let small = |text: &&Text| text.size < figure::style::TICK_SIZE;
    assert_eq!(scene.texts().into_iter().find(small).map(|t| &t.text), None);
}

/// Claim: modules stand together under the system that they name; one that names none under its own title.
#[test]
fn the_network_is_grouped_by_system() {
    let mut model = models().remove(0);
    let headings = |model: &Model| -> Vec<String> {
        let scene = network_of(model, &network::default_strengths(model), Shape::Page);
        let named = model.modules.iter().map(|module| match &module.system {
            Some(system) => system.clone(),
            None => module.title.clone(),
        });
        let known: BTreeSet<String> = named.collect();
        let texts = scene.texts().into_iter().map(|text| text.text.clone());
        let titles = texts.filter_map(|text| {
            let (number, title) = text.split_once("  ")?;
            number.parse::<u32>().is_ok().then(|| title.to_string())
        });
        titles.filter(|title| known.contains(title)).collect()
    };
    let grouped = headings(&model);
    let systems: BTreeSet<&Option<String>> = model.modules.iter().map(|m| &m.system).collect();
    assert!(!systems.contains(&None), "every shipped module names one");
    assert_eq!(grouped.len(), systems.len());
    assert!(grouped.len() <= 14, "{grouped:?}");
    let alone = model.modules.iter().position(|m| m.name == "methylation");
    let alone = &mut model.modules[alone.expect("the module is there")];
    alone.system = None;
    let title = alone.title.clone();
    assert!(!grouped.contains(&title));
    assert!(headings(&model).contains(&title));
}

/// Claim: the layout also holds for several times the edges of the whole list.
#[test]
fn a_network_several_times_as_large_is_still_legible() {
    let mut model = models().remove(0);
    let some = model.edges.clone();
    for copy in 1..3 {
        for (at, edge) in some.iter().enumerate() {
            // Every third edge acts on the same quantity as before, so that some gather many.
            let mut edge = edge.clone();
            edge.name = format!("{}_{copy}", edge.name);
            let (module, name) = edge.name.split_once('.').expect("edge names are dotted");
            edge.from = format!("{module}.source_of_{name}");
            if at % 3 != 0 {
                edge.onto = format!("{module}.target_of_{name}_with_a_long_name");
            }
            model.edges.push(edge);
        }
    }
    assert!(model.edges.len() > 450);
    let scene = network_of(&model, &network::default_strengths(&model), Shape::Page);
    assert_legible(&scene);
}

/// Claim: what is switched off is paler than what is on, claims included, and says so.
#[test]
fn an_edge_that_is_switched_off_looks_switched_off() {
    let mut model = models().remove(0);
    let on = network::default_strengths(&model);
    let mut off = on.clone();
    let mut switched = Vec::new();
    for kind in [EdgeKind::Factor, EdgeKind::Structural, EdgeKind::Claim] {
        let alike = |e: &&Edge| e.on && e.kind == kind && e.made_of.is_empty();
        let edge = model.edges.iter().find(alike).expect("some edge is on");
        switched.push(edge.name.clone());
        if let Some(strength) = edge.strength {
            off[strength.index()] = 0.0;
        }
    }
    let before = network_of(&model, &on, Shape::Page);
    for edge in &mut model.edges {
        edge.on &= edge.strength.is_some() || !switched.contains(&edge.name);
    }
    let after = network_of(&model, &off, Shape::Page);
    for name in &switched {
        let (before, after) = (drawn(&before, name), drawn(&after, name));
        assert!(
            after.0 > before.0 + 60,
            "{name}: {} to {}",
            before.0,
            after.0
        );
        assert!(!before.1.ends_with(" off") && after.1.ends_with(" off"));
    }
    let (on, off) = (svg(&before, Font::FromPage), svg(&after, Font::FromPage));
    assert!(!on.contains(", changed") && off.contains("strength 0, changed"));
}

/// Brightness (0 to 255) of an edge's stroke, and its tag.
fn drawn(scene: &Scene, name: &str) -> (i32, String) {
    let group = scene.marks.iter().find_map(|mark| match mark {
        Mark::Group { title, marks, .. } if title.starts_with(&format!("{name} (")) => Some(marks),
        _ => None,
    });
    let group = group.expect("every edge is drawn");
    let stroke = group.iter().find_map(|mark| match mark {
        Mark::Line { stroke, .. } => Some(stroke.colour),
        _ => None,
    });
    let Colour(red, green, blue) = stroke.expect("every edge has a stroke");
    let tag = group.iter().find_map(|mark| match mark {
        Mark::Text(text) => Some(text.text.clone()),
        _ => None,
    });
    let light = (i32::from(red) + i32::from(green) + i32::from(blue)) / 3;
    (light, tag.expect("every edge has a tag"))
}

#[test]
fn the_command_draws_the_network_or_says_why_not() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let draw = |model: &[&str], file: &str| {
        let path = folder.path().join(file);
        let mut command = Command::cargo_bin("myoflux").expect("the binary is built");
        let output = command
            .args(["edges", "network"])
            .args(model)
            .arg("-o")
            .arg(&path)
            .output();
        let code = output.expect("it starts").status.code();
        (code, path.is_file())
    };
    assert_eq!(draw(&["athlete"], "network.svg"), (Some(0), true));
    assert_eq!(draw(&["fibre"], "network.png"), (Some(0), true));
    assert_eq!(draw(&["athlete"], "network.pdf"), (Some(2), false));
    assert_eq!(draw(&["atlete"], "other.svg"), (Some(2), false));
    // The folder has several models: which one must be said.
    assert_eq!(draw(&[], "other.svg"), (Some(2), false));
}

/// Claim: whatever a shipped file or a page of ours says, the bundled font can print.
#[test]
fn the_font_has_every_glyph() {
    let font = std::fs::read("assets/fonts/MyofluxSans.ttf").expect("readable");
    let known = glyphs(&font);
    let mut paths = Vec::new();
    for folder in ["models", "scenarios"] {
        files_ending(&["toml", "bib"], Path::new(folder), &mut paths);
    }
    let read = |path: &String| std::fs::read_to_string(path).expect("text");
    let mut texts: Vec<String> = paths.iter().map(read).collect();
    let files = contents(&finished(ONE_RUN, |_, _| {}));
    texts.push(file(&files, "report.html").to_string());
    let missing: BTreeSet<char> = texts
        .iter()
        .flat_map(|text| text.chars())
        .filter(|letter| !letter.is_control() && !known.contains(&u32::from(*letter)))
        .collect();
    assert!(
        missing.is_empty(),
        "{missing:?}; see assets/fonts/make_font.py"
    );
}

fn files_ending(ends: &[&str], folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).expect("readable").flatten() {
        let path = entry.path();
        let end = path.extension().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            files_ending(ends, &path, found)
        } else if ends.contains(&end.as_ref()) {
            found.push(path.display().to_string())
        }
    }
}

/// Characters of a TrueType file's format 4 table.
///
/// Source: Microsoft OpenType 1.9.1, `cmap`, segment mapping to delta values; a character that a segment
/// maps to glyph 0 does not occur in fonts cut by fontTools.
fn glyphs(font: &[u8]) -> BTreeSet<u32> {
    let short = |at: usize| usize::from(u16::from_be_bytes([font[at], font[at + 1]]));
    let long = |at: usize| short(at) << 16 | short(at + 2);
    let tables = (0..short(4)).map(|k| 12 + 16 * k);
    let cmap = tables
        .clone()
        .find(|at| &font[*at..at + 4] == b"cmap")
        .map(|at| long(at + 8))
        .expect("a font has a cmap");
    let subtable = (0..short(cmap + 2))
        .map(|k| cmap + long(cmap + 4 + 8 * k + 4))
        .find(|at| short(*at) == 4)
        .expect("a format 4 table");
    let segments = short(subtable + 6) / 2;
    let (ends, starts) = (subtable + 14, subtable + 16 + 2 * segments);
    (0..segments)
        .flat_map(|k| short(starts + 2 * k) as u32..=short(ends + 2 * k) as u32)
        .filter(|code| *code != 0xFFFF)
        .collect()
}
