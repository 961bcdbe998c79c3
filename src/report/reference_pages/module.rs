//! One module for a physiologist: what it stands for, what it takes, its numbers with their origin, its
//! equations as written.

use super::MADE_BY;
use super::chapter::Chapter;
use super::markdown::{
    cite, code, count, exact, exact_quantity, paragraphs, prose, section, table, unit,
};
use crate::model::file::{Item, Value};
use crate::model::{
    Band, Biomarker, Direction, EdgeId, Equilibrium, InputKind, Limit, Model, Origin, Parameter,
    Process,
};
use crate::report::words;

/// From a page of a module to the folder of all pages.
const UP: &str = "../";

pub fn text(chapter: &Chapter) -> String {
    let module = chapter.module;
    let mut text = format!(
        "# {}\n\nMade from `models/{}.toml` {MADE_BY}; [all pages](../README.md). In the models: {}.\n\n{}\n\n",
        prose(&module.title),
        module.name,
        chapter.models.join(", "),
        paragraphs(&module.about)
    );
    text.push_str(&interface(chapter));
    text.push_str(&inputs(chapter));
    text.push_str(&states(chapter));
    text.push_str(&parameters(chapter));
    text.push_str(&variables(chapter));
    text.push_str(&processes(chapter));
    text.push_str(&rates(chapter));
    text.push_str(&tables(chapter));
    text.push_str(&modalities(chapter));
    text.push_str(&limits(chapter));
    text.push_str(&biomarkers(chapter));
    text.push_str(&crosstalk(chapter));
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

/// What it reads of other modules, by module.
fn interface(chapter: &Chapter) -> String {
    let mut by_module: Vec<(&str, Vec<String>)> = Vec::new();
    for used in &chapter.module.uses {
        let (module, name) = used.split_once('.').unwrap_or((used, ""));
        let shown = match name {
            "" => "all of it".to_string(),
            name => format!("{} ({})", prose(&title(chapter.model, used)), code(name)),
        };
        match by_module.iter_mut().find(|(known, _)| *known == module) {
            Some((_, names)) => names.push(shown),
            None => by_module.push((module, vec![shown])),
        }
    }
    let rows: Vec<Vec<String>> = by_module
        .into_iter()
        .map(|(module, names)| vec![format!("[{module}]({module}.md)"), names.join("; ")])
        .collect();
    section(
        "What it takes from other modules",
        &["module", "quantities"],
        &rows,
    )
}

/// How far it holds: a run that goes beyond stops.
fn limits(chapter: &Chapter) -> String {
    let row = |limit: &Limit| {
        let name = chapter.own(&limit.name)?;
        Some(vec![
            code(name),
            prose(&limit.title),
            code(&limit.text),
            prose(&limit.beyond),
        ])
    };
    let rows: Vec<Vec<String>> = chapter.model.limits.iter().filter_map(row).collect();
    let head = [
        "name",
        "meaning",
        "holds while",
        "what it leaves out beyond",
    ];
    section("Limits of its range", &head, &rows)
}

/// The title of anything that has a dotted name.
fn title(model: &Model, name: &str) -> String {
    let parameter = model.parameter(name);
    let declared = parameter.and_then(|id| model.parameters[id.index()].title.clone());
    declared
        .or_else(|| model.column(name).map(|column| model.column_title(column)))
        .unwrap_or_else(|| words::plain(name))
}

fn inputs(chapter: &Chapter) -> String {
    let mut rows = Vec::new();
    for input in &chapter.model.inputs {
        let Some(name) = chapter.own(&input.name) else {
            continue;
        };
        let how = match &input.kind {
            InputKind::Rate { default } => format!(
                "held between changes; {} unless a scenario says",
                exact_quantity(*default, &input.unit)
            ),
            InputKind::Bolus { to } => {
                let names = to.iter().map(|(state, _)| {
                    title(chapter.model, &chapter.model.states[state.index()].name)
                });
                let names: Vec<String> = names.map(|name| prose(&name)).collect();
                format!("at once, into: {}", names.join(", "))
            }
        };
        let role = input.role.map_or(String::new(), |role| {
            let key = input.key.as_deref().unwrap_or_default();
            format!("{} {}", format!("{role:?}").to_lowercase(), code(key))
        });
        rows.push(vec![
            code(name),
            prose(&title(chapter.model, &input.name)),
            unit(&input.unit),
            how,
            role.trim_end().to_string(),
        ]);
    }
    let head = ["name", "meaning", "unit", "how it enters", "driven by"];
    section("What a scenario may drive", &head, &rows)
}

fn states(chapter: &Chapter) -> String {
    let mut rows = Vec::new();
    for state in &chapter.model.states {
        let Some(name) = chapter.own(&state.name) else {
            continue;
        };
        let matter = state
            .of
            .iter()
            .map(|(key, amount)| matter(chapter.model, key, *amount));
        let matter: Vec<String> = matter.collect();
        let initial = chapter.written("states", name, "initial");
        let held = match state.equilibrium {
            Equilibrium::Solve => "",
            Equilibrium::Hold => ", held",
        };
        rows.push(vec![
            code(name),
            prose(&title(chapter.model, &state.name)),
            unit(&state.unit),
            matter.join(", "),
            format!("{}{held}", initial.map_or(String::new(), as_written)),
        ]);
    }
    let head = ["name", "meaning", "unit", "matter", "starts at"];
    let body = section("States", &head, &rows);
    if body.is_empty() {
        return body;
    }
    let held = match body.contains(", held |") {
        true => " *Held*: slower than a year, keeps its value unless a laboratory value sets it.",
        false => "",
    };
    format!(
        "{body}Unless a scenario starts from declared values, these are where the search for the person's \
         own equilibrium begins.{held}\n\n"
    )
}

/// What a state is made of, by the nutrient's title if it is one.
fn matter(model: &Model, key: &str, amount: f64) -> String {
    let title = match model.nutrients.get(key) {
        Some(nutrient) => prose(&nutrient.title),
        None => words::plain(key).to_lowercase(),
    };
    match amount == 1.0 {
        true => title,
        false => format!("{} {title}", exact(amount)),
    }
}

/// A number with its digits, a formula as code.
fn as_written(item: &Item) -> String {
    match &item.value {
        Value::Number(number) => exact(*number),
        Value::Text(text) => code(text),
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(as_written).collect();
            items.join(", ")
        }
        Value::Table(table) => {
            let entries = table.entries.iter();
            let entries: Vec<String> = entries
                .map(|entry| format!("{} {}", entry.key, as_written(&entry.item)))
                .collect();
            entries.join("; ")
        }
        Value::Truth(truth) => truth.to_string(),
        Value::Other(kind) => kind.to_string(),
    }
}

fn parameters(chapter: &Chapter) -> String {
    let row = |parameter: &Parameter| {
        vec![
            code(chapter.own(&parameter.name).unwrap_or(&parameter.name)),
            prose(&title(chapter.model, &parameter.name)),
            exact_quantity(parameter.value, &parameter.unit),
            plausible(parameter),
            origin(&parameter.origin),
            parameter.grade.map_or(String::new(), |g| format!("{g:?}")),
        ]
    };
    let rows: Vec<Vec<String>> = chapter.parameters().map(row).collect();
    let tally = chapter.tally();
    let head = [
        "name",
        "meaning",
        "value",
        "plausible range",
        "source or assumption",
        "grade",
    ];
    let body = section("Parameters", &head, &rows);
    match tally.all {
        0 => body,
        all => format!(
            "{body}{}: {} from a source, {} assumed.\n\n",
            count(all, "parameter"),
            tally.sourced,
            all - tally.sourced
        ),
    }
}

fn plausible(parameter: &Parameter) -> String {
    match (parameter.range, parameter.cv) {
        (Some((low, high)), _) => format!("{} to {}", exact(low), exact(high)),
        (None, Some(cv)) => format!("varies by {} %", words::number(100.0 * cv)),
        (None, None) => String::new(),
    }
}

fn origin(origin: &Origin) -> String {
    match origin {
        Origin::Source { key, place } => match place {
            Some(place) => format!("{}, {}", cite(key, UP), prose(place)),
            None => cite(key, UP),
        },
        Origin::Assumed(reason) => format!("*assumed:* {}", prose(reason)),
        Origin::Computed { model, study, .. } => {
            format!("*computed:* from the model `{model}` by `{study}`")
        }
    }
}

/// Sources or the reason, as a table of the file holds them.
fn written_origin(chapter: &Chapter, section: &str, name: &str) -> String {
    let text = |key: &str| match &chapter.written(section, name, key)?.value {
        Value::Text(text) => Some(text.as_str()),
        _ => None,
    };
    match (text("source"), text("assumed")) {
        (Some(key), _) => cite(key, UP),
        (_, Some(reason)) => format!("*assumed:* {}", prose(reason)),
        _ => String::new(),
    }
}

fn variables(chapter: &Chapter) -> String {
    let mut rows = Vec::new();
    for variable in &chapter.model.variables {
        if let Some(name) = chapter.own(&variable.name) {
            rows.push(vec![
                code(name),
                prose(&title(chapter.model, &variable.name)),
                unit(&variable.unit),
                code(&variable.text),
                modifiers(chapter, &variable.edges),
            ]);
        }
    }
    let head = ["name", "meaning", "unit", "equation", "modified by"];
    section("Variables", &head, &rows)
}

fn processes(chapter: &Chapter) -> String {
    let mut rows = Vec::new();
    for process in &chapter.model.processes {
        if let Some(name) = chapter.own(&process.name) {
            rows.push(vec![
                code(name),
                prose(&title(chapter.model, &process.name)),
                path(chapter, name, process),
                code(&process.text),
                modifiers(chapter, &process.edges),
            ]);
        }
    }
    let head = ["name", "meaning", "moves", "rate", "modified by"];
    section("Processes", &head, &rows)
}

/// `"gut iron → enterocyte iron"`, with coefficients as written where they are not 1.
fn path(chapter: &Chapter, name: &str, process: &Process) -> String {
    let end = |key: &str| -> String {
        let Some(Value::Table(table)) = chapter.written("processes", name, key).map(|i| &i.value)
        else {
            return String::new();
        };
        let entries: Vec<String> = table
            .entries
            .iter()
            .map(|entry| match &entry.item.value {
                Value::Number(1.0) => code(&entry.key),
                _ => format!("{} {}", as_written(&entry.item), code(&entry.key)),
            })
            .collect();
        entries.join(" + ")
    };
    let (from, to) = (end("from"), end("to"));
    match process.boundary.as_ref().map(|(direction, _, _)| direction) {
        Some(Direction::Gain) => format!("into the body → {to}"),
        Some(Direction::Loss) => format!("{from} → out of the body"),
        None => format!("{from} → {to}"),
    }
}

fn rates(chapter: &Chapter) -> String {
    let mut rows = Vec::new();
    for rate in &chapter.model.rates {
        let state = &chapter.model.states[rate.state.index()];
        if let Some(name) = chapter.own(&state.name) {
            rows.push(vec![code(name), code(&rate.text)]);
        }
    }
    section("Rates of change", &["of", "equation"], &rows)
}

/// Edges that multiply a quantity.
fn modifiers(chapter: &Chapter, edges: &[EdgeId]) -> String {
    let names = edges.iter().map(|id| {
        let edge = &chapter.model.edges[id.index()];
        format!("[{0}](../edges.md#{0})", edge.name)
    });
    names.collect::<Vec<_>>().join(", ")
}

fn tables(chapter: &Chapter) -> String {
    let mut text = String::new();
    for known in &chapter.model.tables {
        let Some(name) = chapter.own(&known.name) else {
            continue;
        };
        let mut head = vec![match known.y.is_empty() {
            true => unit(&known.x_unit),
            false => format!("{} \\ {}", unit(&known.y_unit), unit(&known.x_unit)),
        }];
        head.extend(known.x.iter().map(|x| exact(*x)));
        let rows: Vec<Vec<String>> = known
            .values
            .iter()
            .enumerate()
            .map(|(at, values)| {
                let first = known.y.get(at).map_or("value".to_string(), |y| exact(*y));
                let values = values.iter().map(|value| exact(*value));
                std::iter::once(first).chain(values).collect()
            })
            .collect();
        let head: Vec<&str> = head.iter().map(String::as_str).collect();
        text.push_str(&format!(
            "{}{}: {}\n\n{}",
            code(name),
            match unit(&known.unit).as_str() {
                "" => String::new(),
                unit => format!(" ({unit})"),
            },
            origin(&known.origin),
            table(&head, &rows)
        ));
    }
    match text.is_empty() {
        true => text,
        false => format!(
            "## Tables\n\nSmooth and monotone between the knots, constant outside.\n\n{text}"
        ),
    }
}

fn modalities(chapter: &Chapter) -> String {
    let mut rows = Vec::new();
    for modality in &chapter.model.modalities {
        let name = chapter.own(&modality.name).unwrap_or(&modality.name);
        let Some(set) = chapter.written("modalities", name, "set") else {
            continue;
        };
        rows.push(vec![
            code(name),
            modality.verbs.join(", "),
            as_written(set).replace('`', ""),
            written_origin(chapter, "modalities", name),
        ]);
    }
    let head = ["name", "said as", "sets", "source or assumption"];
    section("Kinds of exercise", &head, &rows)
}

fn biomarkers(chapter: &Chapter) -> String {
    let all = chapter.model.biomarkers.iter();
    let own = all.filter(|marker| marker.module == chapter.module.name);
    let rows: Vec<Vec<String>> = own.flat_map(|marker| biomarker(chapter, marker)).collect();
    let head = [
        "name",
        "meaning",
        "unit",
        "equation",
        "a given value sets",
        "for",
        "deficient",
        "insufficient",
        "high",
        "source or assumption",
    ];
    section("Biomarkers", &head, &rows)
}

/// One row per band; what it is stands in the first only.
fn biomarker(chapter: &Chapter, marker: &Biomarker) -> Vec<Vec<String>> {
    let pools = marker.pins.iter().map(|state| {
        let name = &chapter.model.states[state.index()].name;
        code(chapter.own(name).unwrap_or(name))
    });
    let pins = pools.collect::<Vec<String>>().join(", else ");
    let what = vec![
        code(&marker.name),
        prose(&marker.title),
        unit(&marker.unit),
        code(&marker.text),
        pins,
    ];
    let mut rows: Vec<Vec<String>> = marker.bands.iter().map(band).collect();
    if rows.is_empty() {
        rows.push(vec![String::new(); 5]);
    }
    let firsts = std::iter::once(what).chain(std::iter::repeat(vec![String::new(); 5]));
    let joined = firsts.zip(rows).map(|(first, rest)| [first, rest].concat());
    joined.collect()
}

fn band(band: &Band) -> Vec<String> {
    let limit = |below: Option<f64>, above: Option<f64>| match (below, above) {
        (Some(value), _) => format!("< {}", exact(value)),
        (None, Some(value)) => format!("> {}", exact(value)),
        (None, None) => String::new(),
    };
    vec![
        band.people.clone().unwrap_or("everyone".to_string()),
        limit(band.deficient_below, band.deficient_above),
        limit(band.insufficient_below, band.insufficient_above),
        limit(None, band.high_above),
        origin(&band.origin),
    ]
}

fn crosstalk(chapter: &Chapter) -> String {
    let rows: Vec<Vec<String>> = chapter
        .edges()
        .map(|edge| {
            vec![
                edge.id.clone().unwrap_or_default(),
                format!("[{0}](../edges.md#{0})", edge.name),
                prose(&edge.claim),
                format!("{:?}", edge.grade),
            ]
        })
        .collect();
    section(
        "Crosstalk declared here",
        &["row", "edge", "claim", "grade"],
        &rows,
    )
}
