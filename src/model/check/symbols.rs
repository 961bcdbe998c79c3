//! Gives every declared thing its id and answers what a name means in a module.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostics::{Diagnostic, Span};
use crate::model::declare::Declared;
use crate::model::file::problem_with_help;
use crate::model::load::{Connection, ModelFile, Shared};
use crate::model::messages::{unknown_name, wrong_unit};
use crate::model::types::*;
use crate::units::Unit;

type Out<'a> = &'a mut Vec<Diagnostic>;

/// From where a name is looked up.
#[derive(Debug, Clone, Copy)]
pub struct Scope {
    pub module: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Symbol {
    Parameter(ParameterId),
    Input(InputId),
    State(StateId),
    Variable(VariableId),
    Process(ProcessId),
    Table(TableId),
    Biomarker(BiomarkerId),
}

/// All names of a composed model, by dotted name.
#[derive(Debug, Default)]
pub struct Symbols {
    by_name: BTreeMap<String, (Symbol, Span)>,
    pub modules: Vec<String>,
    uses: Vec<Vec<String>>,
    /// Dotted names of declarations that could not be read: already reported.
    broken: BTreeSet<String>,
    /// What stands in for an input.
    connected: BTreeMap<InputId, Symbol>,
}

impl Symbols {
    /// Fills the model's lists (formulas still empty) and the names.
    pub fn declare(file: &ModelFile, shared: &Shared, model: &mut Model, out: Out) -> Symbols {
        let mut symbols = Symbols::default();
        for (_, module) in &file.modules {
            symbols.modules.push(module.name.clone());
            symbols
                .uses
                .push(module.uses.iter().map(|(name, _)| name.clone()).collect());
            let dotted = |name: &String| format!("{}.{name}", module.name);
            symbols.broken.extend(module.broken.iter().map(dotted));
        }
        symbols.declare_parameters_and_inputs(file, shared, model, out);
        symbols.declare_states_and_algebra(file, model, out);
        symbols.declare_processes(file, model, out);
        symbols.declare_biomarkers(file, model, out);
        symbols.check_uses(file, out);
        symbols.connect(file, model, out);
        symbols
    }

    /// Takes over the model file's connections: a rate input on the left, a value of the same kind on
    /// the right.
    fn connect(&mut self, file: &ModelFile, model: &mut Model, out: Out) {
        for Connection { input, value } in &file.connections {
            let id = match self.global(&input.0) {
                Some(Symbol::Input(id)) => id,
                found => {
                    let inputs = model.inputs.iter().map(|input| input.name.as_str());
                    let what = if found.is_some() {
                        "not an input"
                    } else {
                        "not declared"
                    };
                    let message = format!("`{}` is {what}", input.0);
                    out.push(unknown_name(message, &input.0, input.1.clone(), inputs));
                    continue;
                }
            };
            let Some((unit, symbol)) = self.readable(&value.0, model) else {
                let message = format!("`{}` is no value of this model", value.0);
                out.push(unknown_name(
                    message,
                    &value.0,
                    value.1.clone(),
                    self.names(),
                ));
                continue;
            };
            let (wanted, bolus) = {
                let input = &model.inputs[id.index()];
                let bolus = matches!(input.kind, InputKind::Bolus { .. });
                (input.unit.clone(), bolus)
            };
            if bolus || unit.dimension != wanted.dimension {
                let message = match bolus {
                    true => format!("`{}` takes doses: it has no value to connect", input.0),
                    false => format!(
                        "`{}` is {}, `{}` is {}",
                        input.0,
                        wanted.describe(),
                        value.0,
                        unit.describe()
                    ),
                };
                out.push(wrong_unit(message, value.1.clone(), &unit, &wanted));
                continue;
            }
            model.inputs[id.index()].connected = Some(value.0.clone());
            self.connected.insert(id, symbol);
        }
    }

    fn readable(&self, dotted: &str, model: &Model) -> Option<(Unit, Symbol)> {
        let symbol = self.global(dotted)?;
        let unit = match symbol {
            Symbol::Parameter(id) => &model.parameters[id.index()].unit,
            Symbol::State(id) => &model.states[id.index()].unit,
            Symbol::Variable(id) => &model.variables[id.index()].unit,
            Symbol::Process(id) => &model.processes[id.index()].unit,
            Symbol::Input(_) | Symbol::Table(_) | Symbol::Biomarker(_) => return None,
        };
        Some((unit.clone(), symbol))
    }

    /// What formulas read in place of a connected input.
    pub fn instead_of(&self, input: InputId) -> Option<Symbol> {
        self.connected.get(&input).copied()
    }

    fn declare_parameters_and_inputs(
        &mut self,
        file: &ModelFile,
        shared: &Shared,
        model: &mut Model,
        out: Out,
    ) {
        for (_, module) in &file.modules {
            let m = module.name.as_str();
            for p in &module.parameters {
                self.add(
                    m,
                    p,
                    Symbol::Parameter(ParameterId(model.parameters.len() as u32)),
                    out,
                );
                model.parameters.push(Parameter {
                    name: format!("{m}.{}", p.name),
                    title: p.title.clone(),
                    kind: ParameterKind::Declared,
                    value: p.body.value,
                    unit: p.body.unit.clone(),
                    range: p.body.range,
                    cv: p.body.cv,
                    origin: p.body.origin.clone(),
                    grade: Some(p.body.grade),
                    span: Some(p.span.clone()),
                });
            }
            for i in &module.inputs {
                self.add(m, i, Symbol::Input(InputId(model.inputs.len() as u32)), out);
                if let Some((key, span)) = &i.body.nutrient
                    && !shared.nutrients.contains_key(key)
                {
                    out.push(unknown_name(
                        format!("`{key}` is not in nutrients.toml"),
                        key,
                        span.clone(),
                        shared.nutrients.keys().map(String::as_str),
                    ));
                }
                model.inputs.push(Input {
                    name: format!("{m}.{}", i.name),
                    title: i.title.clone(),
                    unit: i.body.unit.clone(),
                    kind: match i.body.default {
                        Some(default) => InputKind::Rate { default },
                        None => InputKind::Bolus { to: Vec::new() },
                    },
                    role: i.body.role,
                    key: i
                        .body
                        .key
                        .clone()
                        .or_else(|| i.body.role.map(|_| i.name.clone())),
                    nutrient: i.body.nutrient.as_ref().map(|(name, _)| name.clone()),
                    pulse_s: i.body.pulse_s,
                    connected: None,
                    span: i.span.clone(),
                });
            }
        }
    }

    fn declare_states_and_algebra(&mut self, file: &ModelFile, model: &mut Model, out: Out) {
        for (_, module) in &file.modules {
            let m = module.name.as_str();
            for s in &module.states {
                self.add(m, s, Symbol::State(StateId(model.states.len() as u32)), out);
                model.states.push(State {
                    name: format!("{m}.{}", s.name),
                    title: s.title.clone(),
                    unit: s.body.unit.clone(),
                    initial: Expr::Number(0.0),
                    scale: s.body.scale,
                    of: s.body.of.clone(),
                    equilibrium: s.body.equilibrium,
                    signed: s.body.signed,
                    identifiers: s.body.identifiers.clone(),
                    span: s.span.clone(),
                });
            }
            for v in &module.variables {
                self.add(
                    m,
                    v,
                    Symbol::Variable(VariableId(model.variables.len() as u32)),
                    out,
                );
                model.variables.push(Variable {
                    name: format!("{m}.{}", v.name),
                    title: v.title.clone(),
                    unit: v.body.unit.clone(),
                    text: v.body.formula.text.clone(),
                    expr: Expr::Number(0.0),
                    raw: Expr::Number(0.0),
                    edges: Vec::new(),
                    span: v.span.clone(),
                });
            }
            for t in &module.tables {
                self.add(m, t, Symbol::Table(TableId(model.tables.len() as u32)), out);
                model.tables.push(Table {
                    name: format!("{m}.{}", t.name),
                    unit: t.body.unit.clone(),
                    x: t.body.x.clone(),
                    x_unit: t.body.x_unit.clone(),
                    y: t.body.y.clone(),
                    y_unit: t.body.y_unit.clone(),
                    values: t.body.values.clone(),
                    origin: t.body.origin.clone(),
                });
            }
        }
    }

    fn declare_processes(&mut self, file: &ModelFile, model: &mut Model, out: Out) {
        for (at, (_, module)) in file.modules.iter().enumerate() {
            let scope = Scope { module: at };
            for p in &module.processes {
                self.add(
                    &module.name,
                    p,
                    Symbol::Process(ProcessId(model.processes.len() as u32)),
                    out,
                );
                let side = |list: &[(String, Span, f64)], out: Out| {
                    list.iter()
                        .filter_map(|(name, span, c)| {
                            Some((self.find_state(scope, name, span, out)?, *c))
                        })
                        .collect::<Vec<(StateId, f64)>>()
                };
                let from = side(&p.body.from, out);
                let to = side(&p.body.to, out);
                let lost = from.len() + to.len() < p.body.from.len() + p.body.to.len();
                let unit = p.body.unit.clone().unwrap_or_else(|| {
                    let first = from.iter().chain(&to).next();
                    first
                        .and_then(|(state, _)| {
                            let text = &model.states[state.index()].unit.text;
                            Unit::parse(&format!("{text}/d")).ok()
                        })
                        .unwrap_or_else(Unit::one)
                });
                model.processes.push(Process {
                    name: format!("{}.{}", module.name, p.name),
                    title: p.title.clone(),
                    unit,
                    from,
                    to,
                    text: p.body.rate.text.clone(),
                    rate: Expr::Number(0.0),
                    raw: Expr::Number(0.0),
                    edges: Vec::new(),
                    boundary: p
                        .body
                        .boundary()
                        .map(|direction| (direction, 1.0, Unit::one())),
                    span: p.span.clone(),
                });
                if lost {
                    self.broken.insert(format!("{}.{}", module.name, p.name));
                }
            }
        }
    }

    fn declare_biomarkers(&mut self, file: &ModelFile, model: &mut Model, out: Out) {
        for (at, (_, module)) in file.modules.iter().enumerate() {
            for b in &module.biomarkers {
                self.add(
                    &module.name,
                    b,
                    Symbol::Biomarker(BiomarkerId(model.biomarkers.len() as u32)),
                    out,
                );
                let scope = Scope { module: at };
                let pins = b.body.pins.iter();
                let pins = pins
                    .filter_map(|(name, span)| self.find_state(scope, name, span, out))
                    .collect();
                if let Some(twin) = model.biomarkers.iter().find(|other| other.name == b.name) {
                    out.push(problem_with_help(
                        "duplicate-name",
                        format!(
                            "biomarker `{}` is also declared by module `{}`",
                            b.name, twin.module
                        ),
                        b.span.clone(),
                        "declared twice",
                        Some("biomarker names are unique in a model".to_string()),
                    ));
                }
                model.biomarkers.push(Biomarker {
                    name: b.name.clone(),
                    module: module.name.clone(),
                    title: b.title.clone().unwrap_or_else(|| b.name.replace('_', " ")),
                    unit: b.body.unit.clone(),
                    conventional: b.body.conventional.clone(),
                    text: b.body.formula.text.clone(),
                    expr: Expr::Number(0.0),
                    pins,
                    bands: b.body.bands.clone(),
                    span: b.span.clone(),
                });
            }
        }
    }

    fn add<T>(&mut self, module: &str, item: &Declared<T>, symbol: Symbol, out: Out) {
        let name = format!("{module}.{}", item.name);
        if let Some((_, first)) = self.by_name.get(&name) {
            let mut diagnostic = problem_with_help(
                "duplicate-name",
                format!("`{}` is declared twice in module `{module}`", item.name),
                item.span.clone(),
                "second declaration",
                Some("give one of them another name".to_string()),
            );
            diagnostic
                .notes
                .push(("first declared here".to_string(), Some(first.clone())));
            out.push(diagnostic);
            self.broken.insert(name);
            return;
        }
        self.by_name.insert(name, (symbol, item.span.clone()));
    }

    fn check_uses(&self, file: &ModelFile, out: Out) {
        for (_, module) in &file.modules {
            for (name, span) in &module.uses {
                if !self.by_name.contains_key(name) && !self.broken.contains(name) {
                    out.push(unknown_name(
                        format!("no module of this model declares `{name}`"),
                        name,
                        span.clone(),
                        self.by_name.keys().map(String::as_str),
                    ));
                }
            }
        }
    }

    pub fn own_state(&self, module: usize, name: &str) -> Option<StateId> {
        match self
            .by_name
            .get(&format!("{}.{name}", self.modules[module]))?
            .0
        {
            Symbol::State(id) => Some(id),
            _ => None,
        }
    }

    pub fn own_input(&self, module: usize, name: &str) -> Option<InputId> {
        match self
            .by_name
            .get(&format!("{}.{name}", self.modules[module]))?
            .0
        {
            Symbol::Input(id) => Some(id),
            _ => None,
        }
    }

    /// Whether a name stands for a declaration that could not be read.
    pub fn is_broken(&self, module: usize, name: &str) -> bool {
        self.is_lost(name) || self.is_lost(&format!("{}.{name}", self.modules[module]))
    }

    /// Whether a dotted name stands for a declaration that could not be read whole.
    pub fn is_lost(&self, dotted: &str) -> bool {
        self.broken.contains(dotted)
    }

    /// Whether any declaration could not be read.
    pub fn any_broken(&self) -> bool {
        !self.broken.is_empty()
    }

    /// By dotted name, whoever asks.
    pub fn global(&self, dotted: &str) -> Option<Symbol> {
        self.by_name.get(dotted).map(|(symbol, _)| *symbol)
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }

    /// What a name means in a module; a problem if it means nothing or is not declared in `uses`.
    pub fn find(&self, scope: Scope, name: &str, span: &Span, out: Out) -> Option<Symbol> {
        let module = &self.modules[scope.module];
        if let Some((symbol, _)) = self.by_name.get(&format!("{module}.{name}")) {
            return Some(*symbol);
        }
        if let Some((symbol, _)) = self.by_name.get(name) {
            let own = name.split('.').next() == Some(module.as_str());
            if !own && !self.uses[scope.module].iter().any(|used| used == name) {
                out.push(problem_with_help(
                    "undeclared-use",
                    format!("module `{module}` does not declare that it uses `{name}`"),
                    span.clone(),
                    "not in `uses`",
                    Some(format!("add \"{name}\" to `uses` at the top of the module")),
                ));
            }
            return Some(*symbol);
        }
        let prefix = format!("{module}.");
        let known: Vec<&str> = self
            .by_name
            .keys()
            .map(|known| known.strip_prefix(&prefix).unwrap_or(known))
            .collect();
        if !self.is_broken(scope.module, name) {
            out.push(unknown_name(
                format!("`{name}` is not declared in module `{module}` or anywhere else"),
                name,
                span.clone(),
                known,
            ));
        }
        None
    }

    pub fn find_state(&self, scope: Scope, name: &str, span: &Span, out: Out) -> Option<StateId> {
        match self.find(scope, name, span, out)? {
            Symbol::State(id) => Some(id),
            _ => {
                out.push(problem_with_help(
                    "not-a-state",
                    format!("`{name}` is not a state"),
                    span.clone(),
                    "must be a state",
                    Some("only states hold matter: name one that [states] declares".to_string()),
                ));
                None
            }
        }
    }
}
