//! Calls that look beyond the instant: reference values, the clock, molar masses, structural edges.

use super::{Context, Lowered, Lowering, Reported, Typed, boxed, pure, unnamed};
use crate::model::file::problem_with_help;
use crate::model::formula::{Node, NodeKind};
use crate::model::messages::unknown_name;
use crate::model::types::*;
use crate::units::Unit;

impl Lowering<'_> {
    pub(super) fn reference(
        &mut self,
        name: &str,
        arguments: &[Node],
        node: &Node,
        context: &mut Context,
    ) -> Lowered {
        let [argument] = self.exactly::<1>(name, arguments, node, context)?;
        if context.inside_reference {
            self.out.push(problem_with_help(
                "nested-reference",
                "`norm`, `reference` and `edge` cannot hold one another".to_string(),
                context.span(node),
                "inside another one",
                Some("make the inner one a variable, or leave it out".to_string()),
            ));
            return Err(Reported);
        }
        context.inside_reference = true;
        let typed = self.lower(argument, context);
        context.inside_reference = false;
        let typed = typed?;
        let text = context.item.within(argument.range.clone());
        let parameter =
            self.reference_parameter(&typed, &format!("{}..{}", text.range.start, text.range.end));
        let reference = Expr::Parameter(parameter);
        Ok(if name == "norm" {
            pure(Expr::Divide(boxed(typed.expr), boxed(reference)))
        } else {
            Typed {
                expr: reference,
                unit: typed.unit,
                zero: false,
            }
        })
    }

    /// The hidden parameter that will hold this expression's value at the reference equilibrium.
    pub fn reference_parameter(&mut self, typed: &Typed, text: &str) -> ParameterId {
        if let Some(known) = self
            .model
            .references
            .iter()
            .find(|known| known.of == typed.expr)
        {
            return known.parameter;
        }
        let id = ReferenceId(self.model.references.len() as u32);
        let parameter = ParameterId(self.model.parameters.len() as u32);
        self.model.parameters.push(Parameter {
            name: format!("references.{}", id.0),
            title: None,
            kind: ParameterKind::Reference(id),
            // 1 until the reference equilibrium is solved: any finite value would do.
            value: 1.0,
            unit: typed.unit.clone(),
            range: None,
            cv: None,
            origin: Origin::Assumed("read from the reference equilibrium".to_string()),
            grade: None,
            span: None,
        });
        self.model.references.push(Reference {
            parameter,
            of: typed.expr.clone(),
            text: text.to_string(),
        });
        parameter
    }

    /// clock.on · cos(2π (time + clock.offset − peak) / 1 d)
    pub(super) fn diurnal(
        &mut self,
        arguments: &[Node],
        node: &Node,
        context: &mut Context,
    ) -> Lowered {
        let [argument] = self.exactly::<1>("diurnal", arguments, node, context)?;
        let second = Unit::parse("s").expect("s is a unit");
        let peak = self.lower(argument, context)?;
        let Some(peak) = self.convert(peak, &second) else {
            self.out.push(problem_with_help(
                "wrong-unit",
                "`diurnal` takes the time of day of the peak".to_string(),
                context.span(argument),
                "not a time",
                Some("give it a parameter in hours".to_string()),
            ));
            return Err(Reported);
        };
        let (on, offset) = self.clock;
        let clock = Expr::Add(boxed(Expr::Time), boxed(Expr::Parameter(offset)));
        let since = Expr::Subtract(boxed(clock), boxed(peak.expr));
        let turn = Expr::Multiply(
            boxed(since),
            boxed(Expr::Factor(
                std::f64::consts::TAU / 86_400.0,
                unnamed(Unit::parse("1/s").expect("1/s is a unit")),
            )),
        );
        let wave = Expr::Call(Function::Cos, boxed(turn));
        Ok(pure(Expr::Multiply(
            boxed(Expr::Parameter(on)),
            boxed(wave),
        )))
    }

    pub(super) fn molar_mass(
        &mut self,
        arguments: &[Node],
        node: &Node,
        context: &mut Context,
    ) -> Lowered {
        let [argument] = self.exactly::<1>("molar_mass", arguments, node, context)?;
        let NodeKind::Name(key) = &argument.kind else {
            let message = "`molar_mass` takes the name of a nutrient".to_string();
            let known = self.shared.nutrients.keys().map(String::as_str);
            let diagnostic = unknown_name(message, "", context.span(argument), known);
            self.out.push(diagnostic);
            return Err(Reported);
        };
        let unit = Unit::parse("g/mol").expect("g/mol is a unit");
        match self.shared.nutrients.get(key) {
            Some(Nutrient {
                molar_mass_g_per_mol: Some(mass),
                ..
            }) => Ok(Typed {
                expr: Expr::Factor(*mass, unnamed(unit.clone())),
                unit,
                zero: false,
            }),
            known => {
                let message = match known {
                    Some(_) => format!("nutrients.toml gives no molar mass for `{key}`"),
                    None => format!("`{key}` is not in nutrients.toml"),
                };
                let mut diagnostic = unknown_name(
                    message,
                    key,
                    context.span(argument),
                    self.shared.nutrients.keys().map(String::as_str),
                );
                if known.is_some() {
                    diagnostic.help = Some("add `molar_mass = \"… g/mol\"` there".to_string());
                }
                self.out.push(diagnostic);
                Err(Reported)
            }
        }
    }

    /// strength·argument + (1 − strength)·reference(argument): with strength 1 exactly the argument.
    pub(super) fn structural_edge(
        &mut self,
        arguments: &[Node],
        node: &Node,
        context: &mut Context,
    ) -> Lowered {
        let [name_node, argument] = self.exactly::<2>("edge", arguments, node, context)?;
        let NodeKind::Name(name) = &name_node.kind else {
            self.out.push(problem_with_help(
                "unknown-name",
                "`edge` takes the name of a structural edge first".to_string(),
                context.span(name_node),
                "not a name",
                Some("write `edge(name, argument)`".to_string()),
            ));
            return Err(Reported);
        };
        let dotted = format!("{}.{name}", self.symbols.modules[context.scope.module]);
        let Some((structural, used)) = self.structural.get_mut(&dotted) else {
            let known: Vec<String> = self
                .structural
                .keys()
                .map(|known| known.rsplit('.').next().unwrap_or(known).to_string())
                .collect();
            if !self.symbols.is_broken(context.scope.module, name) {
                self.out.push(unknown_name(
                    format!("this module has no structural edge `{name}`"),
                    name,
                    context.span(name_node),
                    known.iter().map(String::as_str),
                ));
            }
            return Err(Reported);
        };
        *used = true;
        let strength = structural.strength;
        let was_inside = std::mem::replace(&mut context.inside_reference, true);
        let typed = self.lower(argument, context);
        context.inside_reference = was_inside;
        let typed = typed?;
        let reference = self.reference_parameter(&typed, name);
        let kept = Expr::Multiply(boxed(Expr::Parameter(strength)), boxed(typed.expr));
        let off = Expr::Subtract(boxed(Expr::Number(1.0)), boxed(Expr::Parameter(strength)));
        let frozen = Expr::Multiply(boxed(off), boxed(Expr::Parameter(reference)));
        Ok(Typed {
            expr: Expr::Add(boxed(kept), boxed(frozen)),
            unit: typed.unit,
            zero: false,
        })
    }
}
