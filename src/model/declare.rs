//! One module file → its declarations: everything that can be said about a module without looking at
//! another one. Formulas are parsed, not yet resolved.
//!
//! Start reading at [`ModuleFile::read`].

use super::file::{Item, Reader, Table as Tree, Value, problem, problem_with_help, suggestion};
use super::formula::{self, Node};
use super::types::{Direction, EdgeKind, Effect, Equilibrium, EventAction, Grade, Origin, Role};
use crate::diagnostics::{Diagnostic, FileId, Span};
use crate::units::Unit;

/// A formula as written, with its place.
#[derive(Debug, Clone)]
pub struct Formula {
    pub text: String,
    pub item: Item,
    pub node: Node,
}

/// A number or a formula.
#[derive(Debug, Clone)]
pub enum Amount {
    Number(f64),
    Formula(Formula),
}

#[derive(Debug, Clone, Default)]
pub struct ModuleFile {
    pub name: String,
    pub title: String,
    pub about: String,
    pub uses: Vec<(String, Span)>,
    pub parameters: Vec<Declared<ParameterFile>>,
    pub inputs: Vec<Declared<InputFile>>,
    pub states: Vec<Declared<StateFile>>,
    pub variables: Vec<Declared<VariableFile>>,
    pub processes: Vec<Declared<ProcessFile>>,
    pub rates: Vec<Declared<Formula>>,
    pub tables: Vec<Declared<TableFile>>,
    pub edges: Vec<Declared<EdgeFile>>,
    pub events: Vec<Declared<EventFile>>,
    pub biomarkers: Vec<Declared<BiomarkerFile>>,
    pub modalities: Vec<Declared<ModalityFile>>,
}

/// A declaration and where its name stands.
#[derive(Debug, Clone)]
pub struct Declared<T> {
    pub name: String,
    pub span: Span,
    pub title: Option<String>,
    pub body: T,
}

#[derive(Debug, Clone)]
pub struct ParameterFile {
    pub value: f64,
    pub unit: Unit,
    pub range: Option<(f64, f64)>,
    pub cv: Option<f64>,
    pub origin: Origin,
    pub origin_span: Span,
    pub grade: Grade,
}

#[derive(Debug, Clone)]
pub struct InputFile {
    pub unit: Unit,
    /// `None` for boluses.
    pub default: Option<f64>,
    pub to: Vec<(String, Span, Amount)>,
    pub role: Option<Role>,
    pub key: Option<String>,
    pub nutrient: Option<(String, Span)>,
    pub pulse_s: Option<f64>,
}

#[derive(Debug, Clone)]
pub struct StateFile {
    pub unit: Unit,
    pub initial: Amount,
    pub scale: f64,
    pub of: Vec<(String, f64)>,
    pub equilibrium: Equilibrium,
    pub signed: bool,
}

/// How edges on one target join.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Combine {
    Product,
    Minimum,
    Sum,
}

#[derive(Debug, Clone)]
pub struct VariableFile {
    pub unit: Unit,
    pub formula: Formula,
    pub combine: Combine,
    pub clamp: Option<(f64, f64)>,
}

#[derive(Debug, Clone)]
pub struct ProcessFile {
    pub unit: Option<Unit>,
    pub from: Vec<(String, Span, f64)>,
    pub to: Vec<(String, Span, f64)>,
    pub rate: Formula,
    pub combine: Combine,
    pub clamp: Option<(f64, f64)>,
}

impl ProcessFile {
    pub fn boundary(&self) -> Option<Direction> {
        match (self.from.is_empty(), self.to.is_empty()) {
            (true, false) => Some(Direction::Gain),
            (false, true) => Some(Direction::Loss),
            _ => None,
        }
    }
}

#[derive(Debug, Clone)]
pub struct TableFile {
    pub unit: Unit,
    pub x: Vec<f64>,
    pub x_unit: Unit,
    pub y: Vec<f64>,
    pub y_unit: Unit,
    pub values: Vec<Vec<f64>>,
    pub origin: Origin,
}

#[derive(Debug, Clone)]
pub struct EdgeFile {
    pub id: Option<String>,
    pub kind: EdgeKind,
    pub from: String,
    pub onto: String,
    pub onto_span: Option<Span>,
    pub effect: Effect,
    pub grade: Grade,
    pub sources: Vec<(String, Span)>,
    pub assumed: Option<String>,
    pub against: Vec<(String, Span)>,
    pub claim: String,
    pub on: bool,
    pub made_of: Vec<(String, Span)>,
    pub factor: Option<Formula>,
}

#[derive(Debug, Clone)]
pub struct EventFile {
    pub when: Formula,
    pub action: EventAction,
}

#[derive(Debug, Clone)]
pub struct BiomarkerFile {
    pub unit: Unit,
    pub conventional: Option<Unit>,
    pub formula: Formula,
    pub pins: Option<(String, Span)>,
    pub bands: Vec<super::types::Band>,
}

#[derive(Debug, Clone)]
pub struct ModalityFile {
    pub verbs: Vec<String>,
    pub set: Vec<(String, Span, String, Span)>,
}

type Out<'a> = &'a mut Vec<Diagnostic>;

impl ModuleFile {
    /// Reads a parsed module file; whatever is wrong goes to `out`, the rest is kept.
    pub fn read(name: &str, file: FileId, tree: &Tree, out: Out) -> ModuleFile {
        let top = Span { file, range: 0..0 };
        let mut reader = Reader::new(tree, format!("module `{name}`"), top);
        check_format(&mut reader, out);
        let title = reader
            .required_text("title", out)
            .map(|(text, _)| text.to_string());
        let about = reader
            .required_text("about", out)
            .map(|(text, _)| text.trim().to_string());
        let mut module = ModuleFile {
            name: name.to_string(),
            title: title.unwrap_or_default(),
            about: about.unwrap_or_default(),
            uses: reader.texts("uses", out),
            parameters: section(&mut reader, "parameters", out, parameter),
            inputs: section(&mut reader, "inputs", out, input),
            states: section(&mut reader, "states", out, state),
            variables: section(&mut reader, "variables", out, variable),
            processes: section(&mut reader, "processes", out, process),
            tables: section(&mut reader, "tables", out, table),
            edges: section(&mut reader, "edges", out, edge),
            events: section(&mut reader, "events", out, event),
            biomarkers: section(&mut reader, "biomarkers", out, biomarker),
            modalities: section(&mut reader, "modalities", out, modality),
            rates: Vec::new(),
        };
        if let Some(rates) = reader.sub("rates", out) {
            for entry in &rates.entries {
                if let Some(body) = formula_of(&entry.item, out) {
                    module.rates.push(Declared {
                        name: entry.key.clone(),
                        span: entry.key_span.clone(),
                        title: None,
                        body,
                    });
                }
            }
        }
        reader.finish(out);
        module
    }
}

/// `format = 1` is required in every file of ours.
pub fn check_format(reader: &mut Reader, out: Out) {
    if let Some((format, item)) = reader.required_number("format", out)
        && format != 1.0
    {
        out.push(problem(
            "unknown-format",
            format!("format {format} is not known to this version"),
            item.span.clone(),
            "must be 1",
        ));
    }
}

/// Reads one `[section]` of `[section.NAME]` tables.
fn section<T>(
    reader: &mut Reader,
    key: &'static str,
    out: Out,
    read: fn(&mut Reader, Out) -> Option<T>,
) -> Vec<Declared<T>> {
    let mut declared = Vec::new();
    let Some(tree) = reader.sub(key, out) else {
        return declared;
    };
    let singular = key
        .strip_suffix("es")
        .filter(|_| key == "processes")
        .unwrap_or(
            key.strip_suffix("ies")
                .map_or(key.trim_end_matches('s'), |_| "modality"),
        );
    for entry in &tree.entries {
        check_name(&entry.key, &entry.key_span, out);
        let Value::Table(body) = &entry.item.value else {
            out.push(problem(
                "wrong-kind",
                format!("{singular} `{}` must be a table", entry.key),
                entry.item.span.clone(),
                "a table",
            ));
            continue;
        };
        let what = format!("{singular} `{}`", entry.key);
        let mut inner = Reader::new(body, what, entry.key_span.clone());
        let title = inner.text("title", out).map(|(text, _)| text.to_string());
        let body = read(&mut inner, out);
        inner.finish(out);
        if let Some(body) = body {
            declared.push(Declared {
                name: entry.key.clone(),
                span: entry.key_span.clone(),
                title,
                body,
            });
        }
    }
    declared
}

fn check_name(name: &str, span: &Span, out: Out) {
    let mut chars = name.chars();
    let good = chars.next().is_some_and(|c| c.is_ascii_lowercase())
        && chars.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !good {
        out.push(problem_with_help(
            "bad-name",
            format!("`{name}` cannot be a name"),
            span.clone(),
            "letters a-z, digits and _, beginning with a letter",
            None,
        ));
    }
}

pub fn unit_of(text: &str, item: &Item, out: Out) -> Option<Unit> {
    match Unit::parse(text) {
        Ok(unit) => Some(unit),
        Err(error) => {
            out.push(problem_with_help(
                "unknown-unit",
                format!("`{text}` is not a unit: {}", error.message),
                item.within(error.range),
                "not understood",
                match error.suggestions.as_slice() {
                    [] => None,
                    names => Some(format!("did you mean {}?", names.join(" or "))),
                },
            ));
            None
        }
    }
}

fn required_unit(reader: &mut Reader, out: Out) -> Option<Unit> {
    let (text, item) = reader.required_text("unit", out)?;
    unit_of(text, item, out)
}

pub fn formula_of(item: &Item, out: Out) -> Option<Formula> {
    let Value::Text(text) = &item.value else {
        out.push(problem(
            "wrong-kind",
            format!("a formula must be a string, this is {}", item.kind()),
            item.span.clone(),
            "a string",
        ));
        return None;
    };
    match formula::parse(text) {
        Ok(node) => Some(Formula {
            text: text.clone(),
            item: item.clone(),
            node,
        }),
        Err(error) => {
            out.push(problem_with_help(
                "formula-syntax",
                format!("this formula cannot be read: {}", error.message),
                item.within(error.range),
                "here",
                error.help,
            ));
            None
        }
    }
}

fn required_formula(reader: &mut Reader, key: &'static str, out: Out) -> Option<Formula> {
    let item = reader.required(key, out)?;
    formula_of(item, out)
}

fn amount(item: &Item, out: Out) -> Option<Amount> {
    match item.value {
        Value::Number(number) if number.is_finite() => Some(Amount::Number(number)),
        _ => formula_of(item, out).map(Amount::Formula),
    }
}

fn choice<T: Copy>(
    reader: &mut Reader,
    key: &'static str,
    known: &[(&str, T)],
    out: Out,
) -> Option<T> {
    let (text, item) = reader.text(key, out)?;
    let found = known
        .iter()
        .find(|(name, _)| *name == text)
        .map(|(_, value)| *value);
    if found.is_none() {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        out.push(problem_with_help(
            "unknown-choice",
            format!("`{key}` cannot be \"{text}\""),
            item.span.clone(),
            "not known",
            suggestion(text, names.iter().copied())
                .or_else(|| Some(format!("one of: {}", names.join(", ")))),
        ));
    }
    found
}

pub fn grade(reader: &mut Reader, required: bool, out: Out) -> Option<Grade> {
    if required {
        reader.required("grade", out)?;
    }
    let grades = [
        ("A", Grade::A),
        ("B", Grade::B),
        ("C", Grade::C),
        ("D", Grade::D),
    ];
    choice(reader, "grade", &grades, out)
}

/// `source` (with `where`) or `assumed`.
fn origin(reader: &mut Reader, out: Out) -> Option<(Origin, Span)> {
    let source = reader
        .text("source", out)
        .map(|(text, item)| (text.to_string(), item.span.clone()));
    let place = reader.text("where", out).map(|(text, _)| text.to_string());
    let assumed = reader
        .text("assumed", out)
        .map(|(text, item)| (text.to_string(), item.span.clone()));
    match (source, assumed) {
        (Some((key, span)), _) => Some((Origin::Source { key, place }, span)),
        (None, Some((reason, span))) if !reason.trim().is_empty() => {
            Some((Origin::Assumed(reason), span))
        }
        _ => {
            out.push(problem_with_help(
                "missing-origin",
                format!("{} does not say where its value comes from", reader.what),
                reader.name_span.clone(),
                "no origin",
                Some(
                    "add `source = \"a key of references.bib\"` or `assumed = \"the reason\"`"
                        .to_string(),
                ),
            ));
            None
        }
    }
}

fn pair(reader: &mut Reader, key: &'static str, out: Out) -> Option<(f64, f64)> {
    let items = reader.list(key, out)?;
    let numbers = numbers(items, out);
    match numbers.as_slice() {
        [low, high] if low <= high => Some((*low, *high)),
        _ => {
            let span = reader.item(key).map(|item| item.span.clone())?;
            out.push(problem(
                "impossible-value",
                format!("`{key}` must be [low, high]"),
                span,
                "two numbers, the lower one first",
            ));
            None
        }
    }
}

fn numbers(items: &[Item], out: Out) -> Vec<f64> {
    let mut numbers = Vec::new();
    for item in items {
        match item.value {
            Value::Number(number) if number.is_finite() => numbers.push(number),
            _ => out.push(problem(
                "wrong-kind",
                format!("this must be a finite number, it is {}", item.kind()),
                item.span.clone(),
                "a number",
            )),
        }
    }
    numbers
}

fn parameter(reader: &mut Reader, out: Out) -> Option<ParameterFile> {
    let value = reader.required_number("value", out);
    let unit = required_unit(reader, out);
    let range = pair(reader, "range", out);
    let cv = reader.number("cv", out);
    let origin = origin(reader, out);
    let grade = grade(reader, true, out);
    if reader.table.get("range").is_none() && reader.table.get("cv").is_none() {
        out.push(problem_with_help(
            "missing-range",
            format!("{} has no plausible range", reader.what),
            reader.name_span.clone(),
            "no range",
            Some("add `range = [low, high]` or `cv = 0.2`".to_string()),
        ));
    }
    if let (Some((value, item)), Some((low, high))) = (value, range)
        && !(low..=high).contains(&value)
    {
        out.push(problem(
            "impossible-value",
            format!("{} is outside its own range {low} to {high}", reader.what),
            item.span.clone(),
            "outside the range",
        ));
    }
    if let Some((cv, item)) = cv
        && cv < 0.0
    {
        out.push(problem(
            "impossible-value",
            "a coefficient of variation cannot be negative".to_string(),
            item.span.clone(),
            "negative",
        ));
    }
    let (origin, origin_span) = origin?;
    Some(ParameterFile {
        value: value?.0,
        unit: unit?,
        range,
        cv: cv.map(|(cv, _)| cv),
        origin,
        origin_span,
        grade: grade?,
    })
}

fn input(reader: &mut Reader, out: Out) -> Option<InputFile> {
    let unit = required_unit(reader, out);
    reader.required("kind", out);
    let bolus = choice(reader, "kind", &[("rate", false), ("bolus", true)], out);
    let default = reader.number("default", out).map(|(number, _)| number);
    let mut to = Vec::new();
    if let Some(targets) = reader.sub("to", out) {
        for entry in &targets.entries {
            if let Some(amount) = amount(&entry.item, out) {
                to.push((entry.key.clone(), entry.key_span.clone(), amount));
            }
        }
    }
    let roles = [
        ("diet", Role::Diet),
        ("meal", Role::Meal),
        ("supplement", Role::Supplement),
        ("training", Role::Training),
        ("stimulation", Role::Stimulation),
        ("eating", Role::Eating),
    ];
    let role = choice(reader, "role", &roles, out);
    let key = reader.text("key", out).map(|(text, _)| text.to_string());
    let nutrient = reader
        .text("nutrient", out)
        .map(|(text, item)| (text.to_string(), item.span.clone()));
    let pulse_s = reader
        .text("width", out)
        .and_then(|(text, item)| duration_s(text, item, out));
    let bolus = bolus?;
    let mistake = match (bolus, default, to.is_empty()) {
        (true, _, true) => Some("a bolus input says where it goes: `to = { state = 1 }`"),
        (true, Some(_), _) => Some("a bolus input has no default: it is zero until it is given"),
        (false, None, _) => Some("a rate input has a `default`"),
        (false, _, false) => Some("only a bolus input has `to`"),
        _ => None,
    };
    if let Some(help) = mistake {
        let message = format!("{} is not complete", reader.what);
        out.push(problem(
            "bad-input",
            message,
            reader.name_span.clone(),
            help,
        ));
    }
    Some(InputFile {
        unit: unit?,
        default: if bolus {
            None
        } else {
            Some(default.unwrap_or(0.0))
        },
        to,
        role,
        key,
        nutrient,
        pulse_s,
    })
}

/// A time such as `"14 d"`, in seconds.
pub fn duration_s(text: &str, item: &Item, out: Out) -> Option<f64> {
    let second = Unit::parse("s").expect("s is a unit");
    let quantity = match crate::units::Quantity::parse(text) {
        Ok(quantity) => quantity,
        Err(error) => {
            out.push(problem(
                "unknown-unit",
                format!("`{text}` is not a time: {}", error.message),
                item.within(error.range),
                "not understood",
            ));
            return None;
        }
    };
    let value = quantity
        .value_in(&second)
        .filter(|value| *value >= 0.0 && value.is_finite());
    if value.is_none() {
        out.push(problem(
            "wrong-unit",
            format!("`{text}` is not a time"),
            item.span.clone(),
            "a time such as \"14 d\"",
        ));
    }
    value
}

fn state(reader: &mut Reader, out: Out) -> Option<StateFile> {
    let unit = required_unit(reader, out);
    let initial = reader
        .required("initial", out)
        .and_then(|item| amount(item, out));
    let scale = reader.required_number("scale", out);
    if let Some((scale, item)) = scale
        && scale <= 0.0
    {
        out.push(problem(
            "impossible-value",
            format!("the scale of {} must be above zero", reader.what),
            item.span.clone(),
            "not above zero",
        ));
    }
    let signed = reader.truth("signed", out).unwrap_or(false);
    if let (Some(Amount::Number(value)), false) = (&initial, signed)
        && *value < 0.0
        && let Some(item) = reader.item("initial")
    {
        out.push(problem_with_help(
            "impossible-value",
            format!("{} starts below zero", reader.what),
            item.span.clone(),
            "negative",
            Some("say `signed = true` if it may be negative".to_string()),
        ));
    }
    let mut of = Vec::new();
    match reader.item("of").map(|item| (&item.value, item)) {
        Some((Value::Text(matter), _)) => of.push((matter.clone(), 1.0)),
        Some((Value::Table(table), _)) => {
            for entry in &table.entries {
                match entry.item.value {
                    Value::Number(number) if number > 0.0 => of.push((entry.key.clone(), number)),
                    _ => out.push(problem(
                        "impossible-value",
                        format!(
                            "how much {} one unit contains must be a number above zero",
                            entry.key
                        ),
                        entry.item.span.clone(),
                        "a number above zero",
                    )),
                }
            }
        }
        Some((_, item)) => out.push(problem(
            "wrong-kind",
            "`of` names the matter that the state contains".to_string(),
            item.span.clone(),
            "a name, or a table of names and numbers",
        )),
        None => {}
    }
    of.sort_by(|a, b| a.0.cmp(&b.0));
    let kinds = [("solve", Equilibrium::Solve), ("hold", Equilibrium::Hold)];
    let equilibrium = choice(reader, "equilibrium", &kinds, out).unwrap_or(Equilibrium::Solve);
    Some(StateFile {
        unit: unit?,
        initial: initial?,
        scale: scale?.0,
        of,
        equilibrium,
        signed,
    })
}

fn combine(reader: &mut Reader, out: Out) -> Combine {
    let kinds = [
        ("product", Combine::Product),
        ("min", Combine::Minimum),
        ("sum", Combine::Sum),
    ];
    choice(reader, "combine", &kinds, out).unwrap_or(Combine::Product)
}

fn variable(reader: &mut Reader, out: Out) -> Option<VariableFile> {
    let unit = required_unit(reader, out);
    let formula = required_formula(reader, "formula", out);
    let combine = combine(reader, out);
    let clamp = pair(reader, "clamp", out);
    Some(VariableFile {
        unit: unit?,
        formula: formula?,
        combine,
        clamp,
    })
}

fn process(reader: &mut Reader, out: Out) -> Option<ProcessFile> {
    let from = coefficients(reader, "from", out);
    let to = coefficients(reader, "to", out);
    let rate = required_formula(reader, "rate", out);
    let unit = reader
        .text("unit", out)
        .and_then(|(text, item)| unit_of(text, item, out));
    let combine = combine(reader, out);
    let clamp = pair(reader, "clamp", out);
    if from.is_empty() && to.is_empty() {
        out.push(problem(
            "bad-process",
            format!("{} moves nothing", reader.what),
            reader.name_span.clone(),
            "needs `from`, `to` or both",
        ));
        return None;
    }
    Some(ProcessFile {
        unit,
        from,
        to,
        rate: rate?,
        combine,
        clamp,
    })
}

fn coefficients(reader: &mut Reader, key: &'static str, out: Out) -> Vec<(String, Span, f64)> {
    let mut list = Vec::new();
    let Some(table) = reader.sub(key, out) else {
        return list;
    };
    for entry in &table.entries {
        match entry.item.value {
            Value::Number(number) if number > 0.0 && number.is_finite() => {
                list.push((entry.key.clone(), entry.key_span.clone(), number));
            }
            _ => out.push(problem(
                "impossible-value",
                "a stoichiometric coefficient is a number above zero".to_string(),
                entry.item.span.clone(),
                "a number above zero",
            )),
        }
    }
    list
}

fn axis(tree: &Tree, name: &str, span: &Span, out: Out) -> Option<(Vec<f64>, Unit)> {
    let mut reader = Reader::new(tree, format!("axis `{name}`"), span.clone());
    let unit = required_unit(&mut reader, out);
    reader.required("knots", out);
    let knots = reader
        .list("knots", out)
        .map(|items| numbers(items, out))
        .unwrap_or_default();
    let most = if name == "x" { 32 } else { 12 };
    if knots.len() < 2 || knots.len() > most || knots.windows(2).any(|pair| pair[0] >= pair[1]) {
        out.push(problem(
            "bad-table",
            format!("axis `{name}` needs 2 to {most} knots, ascending"),
            span.clone(),
            "these knots",
        ));
    }
    reader.finish(out);
    Some((knots, unit?))
}

fn table(reader: &mut Reader, out: Out) -> Option<TableFile> {
    let unit = required_unit(reader, out);
    let span = reader.name_span.clone();
    reader.required("x", out);
    let x = reader
        .sub("x", out)
        .and_then(|tree| axis(tree, "x", &span, out));
    let y = reader
        .sub("y", out)
        .and_then(|tree| axis(tree, "y", &span, out));
    reader.required("values", out);
    let items = reader.list("values", out).unwrap_or_default();
    let values: Vec<Vec<f64>> = if items
        .iter()
        .any(|item| matches!(item.value, Value::List(_)))
    {
        items
            .iter()
            .map(|item| match &item.value {
                Value::List(row) => numbers(row, out),
                _ => Vec::new(),
            })
            .collect()
    } else {
        vec![numbers(items, out)]
    };
    let origin = origin(reader, out);
    let _ = grade(reader, false, out);
    let (x, x_unit) = x?;
    let (y, y_unit) = y.unwrap_or((Vec::new(), Unit::one()));
    if values.len() != y.len().max(1) || values.iter().any(|row| row.len() != x.len()) {
        out.push(problem(
            "bad-table",
            format!(
                "{} needs {} row(s) of {} values",
                reader.what,
                y.len().max(1),
                x.len()
            ),
            span,
            "shape does not fit the knots",
        ));
        return None;
    }
    Some(TableFile {
        unit: unit?,
        x,
        x_unit,
        y,
        y_unit,
        values,
        origin: origin?.0,
    })
}

fn edge(reader: &mut Reader, out: Out) -> Option<EdgeFile> {
    let id = reader.text("id", out).map(|(text, _)| text.to_string());
    reader.required("kind", out);
    let kinds = [
        ("factor", EdgeKind::Factor),
        ("structural", EdgeKind::Structural),
        ("claim", EdgeKind::Claim),
    ];
    let kind = choice(reader, "kind", &kinds, out);
    let from = reader
        .required_text("from", out)
        .map(|(text, _)| text.to_string());
    let onto = reader
        .required_text("onto", out)
        .map(|(text, item)| (text.to_string(), item.span.clone()));
    reader.required("effect", out);
    let effects = [
        ("facilitates", Effect::Facilitates),
        ("inhibits", Effect::Inhibits),
        ("both", Effect::Both),
    ];
    let effect = choice(reader, "effect", &effects, out);
    let grade = grade(reader, true, out);
    let sources = reader.texts("sources", out);
    let assumed = reader
        .text("assumed", out)
        .map(|(text, _)| text.to_string());
    let against = reader.texts("against", out);
    let claim = reader
        .required_text("claim", out)
        .map(|(text, _)| text.trim().to_string());
    reader.required("default", out);
    let on = choice(reader, "default", &[("on", true), ("off", false)], out);
    let made_of = reader.texts("made_of", out);
    let factor = reader.item("factor").and_then(|item| formula_of(item, out));
    if sources.is_empty() && assumed.is_none() {
        out.push(problem_with_help(
            "edge-without-reference",
            format!("{} names no evidence", reader.what),
            reader.name_span.clone(),
            "no sources",
            Some(
                "add `sources = [\"a key of references.bib\"]` or `assumed = \"the reason\"`"
                    .to_string(),
            ),
        ));
    }
    if (kind == Some(EdgeKind::Factor)) != reader.table.get("factor").is_some() && kind.is_some() {
        out.push(problem(
            "bad-edge",
            format!(
                "{}: a factor edge, and only that, has a `factor`",
                reader.what
            ),
            reader.name_span.clone(),
            "here",
        ));
    }
    let (onto, onto_span) = onto?;
    Some(EdgeFile {
        id,
        kind: kind?,
        from: from?,
        onto,
        onto_span: Some(onto_span),
        effect: effect?,
        grade: grade?,
        sources,
        assumed,
        against,
        claim: claim?,
        on: on?,
        made_of,
        factor,
    })
}

fn event(reader: &mut Reader, out: Out) -> Option<EventFile> {
    let when = required_formula(reader, "when", out);
    reader.required("action", out);
    let actions = [
        ("mark", EventAction::Mark),
        ("stop", EventAction::Stop),
        ("end_bout", EventAction::EndBout),
    ];
    let action = choice(reader, "action", &actions, out);
    Some(EventFile {
        when: when?,
        action: action?,
    })
}

fn biomarker(reader: &mut Reader, out: Out) -> Option<BiomarkerFile> {
    let unit = required_unit(reader, out);
    let formula = required_formula(reader, "formula", out);
    let conventional = reader
        .text("conventional", out)
        .and_then(|(text, item)| unit_of(text, item, out));
    let pins = reader
        .text("pins", out)
        .map(|(text, item)| (text.to_string(), item.span.clone()));
    let mut bands = Vec::new();
    for item in reader.list("bands", out).unwrap_or_default() {
        let Value::Table(tree) = &item.value else {
            let message = "a band is a table".to_string();
            out.push(problem("wrong-kind", message, item.span.clone(), "a table"));
            continue;
        };
        let mut inner = Reader::new(tree, "band", item.span.clone());
        let number = |inner: &mut Reader, key, out: Out| inner.number(key, out).map(|(n, _)| n);
        let people = inner.text("people", out).map(|(text, _)| text.to_string());
        let deficient_below = number(&mut inner, "deficient_below", out);
        let insufficient_below = number(&mut inner, "insufficient_below", out);
        let high_above = number(&mut inner, "high_above", out);
        let origin = origin(&mut inner, out);
        inner.finish(out);
        if let Some((origin, _)) = origin {
            bands.push(super::types::Band {
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

fn modality(reader: &mut Reader, out: Out) -> Option<ModalityFile> {
    let verbs = reader
        .texts("verbs", out)
        .into_iter()
        .map(|(verb, _)| verb)
        .collect();
    let mut set = Vec::new();
    if let Some(table) = reader.sub("set", out) {
        for entry in &table.entries {
            let text = match &entry.item.value {
                Value::Text(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                _ => {
                    let message = "a quantity is a string such as \"0.5 1/h\"".to_string();
                    out.push(problem(
                        "wrong-kind",
                        message,
                        entry.item.span.clone(),
                        "a quantity",
                    ));
                    continue;
                }
            };
            set.push((
                entry.key.clone(),
                entry.key_span.clone(),
                text,
                entry.item.span.clone(),
            ));
        }
    }
    let _ = origin(reader, out);
    let _ = grade(reader, false, out);
    Some(ModalityFile { verbs, set })
}
