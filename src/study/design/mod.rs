//! Which members a study has: blocks of factors that multiply, each member found from its number alone.
//!
//! In: blocks of factors (see `read.rs` for how a file says them). Out: for any member its [`Setting`]s, one
//! per factor. Nothing is drawn in advance and nothing kept, so a design of a million members is as small as
//! one of ten, and shards need not talk.
//!
//! `sobol.rs` and `random.rs` give the numbers between 0 and 1 that sampled blocks spread over ranges. Start
//! reading at [`Design::settings`].

mod every;
mod factor;
pub mod random;
pub mod read;
pub mod sobol;

use crate::engine::evaluate::math::{exp, ln};
use crate::model::file::{Item, Value};
use crate::units::Unit;

/// Blocks in file order; the last varies fastest.
#[derive(Debug, Clone)]
pub struct Design {
    pub blocks: Vec<Block>,
    pub seed: u64,
}

#[derive(Debug, Clone)]
pub struct Block {
    pub kind: Kind,
    pub factors: Vec<Factor>,
    pub members: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Every combination of the levels; the last factor varies fastest.
    Grid,
    /// First levels together, second levels together …
    Zip,
    /// Independent draws.
    Random,
    /// One draw in each of as many equal strata as there are members, in every factor.
    LatinHypercube,
    /// Scrambled Sobol points.
    Sobol,
}

/// What varies together as one number.
#[derive(Debug, Clone)]
pub struct Factor {
    /// Column of the table of members.
    pub name: String,
    pub title: Option<String>,
    /// Paths of the scenario that it sets.
    pub paths: Vec<String>,
    pub values: Values,
    /// How a number becomes a value of the scenario.
    pub form: Form,
    /// In the table of members.
    pub listed: bool,
    /// Where the study names it: problems with its values are shown there.
    pub place: Item,
}

#[derive(Debug, Clone)]
pub enum Values {
    /// One after the other; a sampled block draws among them.
    Levels(Vec<Setting>),
    Spread(Spread),
}

/// How shares between 0 and 1 become numbers, in the unit of the factor's form.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Spread {
    Uniform {
        low: f64,
        high: f64,
    },
    LogUniform {
        low: f64,
        high: f64,
    },
    LogNormal {
        median: f64,
        cv: f64,
    },
    /// Half of the draws on each side of `middle`, evenly over each side: of logarithms if all are above
    /// zero.
    Around {
        low: f64,
        middle: f64,
        high: f64,
    },
}

/// How a number is written in a scenario.
#[derive(Debug, Clone)]
pub enum Form {
    /// Levels that are no numbers.
    AsWritten,
    Number,
    /// With its unit.
    Quantity(Unit),
    /// Inside a text, in place of `{}`.
    Text(String),
}

/// What one factor is for one member.
#[derive(Debug, Clone)]
pub struct Setting {
    /// In the unit of the factor's form; `None` for levels that are no numbers.
    pub number: Option<f64>,
    /// For tables and labels.
    pub label: String,
    /// What the scenario is given.
    pub item: Item,
}

impl Design {
    /// All members.
    pub fn members(&self) -> u64 {
        self.blocks.iter().map(|block| block.members).product()
    }

    pub fn factors(&self) -> impl Iterator<Item = &Factor> {
        self.blocks.iter().flat_map(|block| &block.factors)
    }

    /// The settings of a member, one per factor in order.
    pub fn settings(&self, member: u64) -> Vec<Setting> {
        let mut settings: Vec<Vec<Setting>> = Vec::new();
        let mut rest = member;
        for (at, block) in self.blocks.iter().enumerate().rev() {
            let own = rest % block.members;
            rest /= block.members;
            settings.push(block.settings(own, random::key(&[self.seed, at as u64])));
        }
        settings.into_iter().rev().flatten().collect()
    }
}

impl Block {
    fn settings(&self, at: u64, key: u64) -> Vec<Setting> {
        let mut settings = Vec::with_capacity(self.factors.len());
        let mut rest = at;
        for (k, factor) in self.factors.iter().enumerate() {
            let own = random::key(&[key, k as u64]);
            settings.push(match self.kind {
                Kind::Grid => {
                    // Mixed radix: the block's later factors turn faster.
                    let later = self.factors[k + 1..].iter().map(|f| f.levels());
                    let stride: u64 = later.product();
                    let level = rest / stride;
                    rest %= stride;
                    factor.level(level as usize)
                }
                Kind::Zip => factor.level(at as usize),
                Kind::Random => factor.at_share(random::unit(random::key(&[own, at]))),
                Kind::LatinHypercube => {
                    let stratum = random::shuffled(at, self.members, own);
                    let inside = random::unit(random::key(&[own, at]));
                    factor.at_share((stratum as f64 + inside) / self.members as f64)
                }
                Kind::Sobol => factor.at_share(sobol::point(at, k, own)),
            });
        }
        settings
    }
}

impl Setting {
    /// As `--set` takes it.
    pub fn written(&self) -> String {
        written(&self.item)
    }
}

/// A value as TOML has it; text that stands alone is bare, as `--set` takes it.
fn written(item: &Item) -> String {
    fn nested(item: &Item) -> String {
        match &item.value {
            Value::Text(text) => serde_json::to_string(text).expect("text is JSON and TOML"),
            Value::Number(number) => number.to_string(),
            Value::Truth(truth) => truth.to_string(),
            Value::List(items) => {
                let items: Vec<String> = items.iter().map(nested).collect();
                format!("[{}]", items.join(", "))
            }
            Value::Table(table) => {
                let entries = table.entries.iter().map(|entry| {
                    let key = serde_json::to_string(&entry.key).expect("text is JSON and TOML");
                    format!("{key} = {}", nested(&entry.item))
                });
                format!("{{ {} }}", entries.collect::<Vec<_>>().join(", "))
            }
            Value::Other(kind) => (*kind).to_string(),
        }
    }
    match &item.value {
        Value::Text(text) => text.clone(),
        _ => nested(item),
    }
}

impl Factor {
    /// How many levels it has; 0 for a spread.
    pub fn levels(&self) -> u64 {
        match &self.values {
            Values::Levels(levels) => levels.len() as u64,
            Values::Spread(_) => 0,
        }
    }

    fn level(&self, at: usize) -> Setting {
        match &self.values {
            Values::Levels(levels) => levels[at].clone(),
            Values::Spread(spread) => self.setting(spread.at(0.5)),
        }
    }

    fn at_share(&self, share: f64) -> Setting {
        match &self.values {
            Values::Levels(levels) => {
                let at = (share * levels.len() as f64) as usize;
                levels[at.min(levels.len() - 1)].clone()
            }
            Values::Spread(spread) => self.setting(spread.at(share)),
        }
    }

    /// A number as the scenario reads it.
    pub fn setting(&self, number: f64) -> Setting {
        let value = match &self.form {
            Form::AsWritten | Form::Number => Value::Number(number),
            Form::Quantity(unit) => Value::Text(format!("{number} {}", unit.text)),
            Form::Text(text) => Value::Text(text.replace("{}", &number.to_string())),
        };
        let item = Item {
            value,
            ..self.place.clone()
        };
        Setting {
            number: Some(number),
            label: number.to_string(),
            item,
        }
    }

    /// Settings that a scenario must accept for every member to have a chance: all levels, or the ends.
    pub fn probes(&self) -> Vec<Setting> {
        match &self.values {
            Values::Levels(levels) => levels.clone(),
            Values::Spread(spread) => {
                let (low, high) = spread.ends();
                vec![self.setting(low), self.setting(high)]
            }
        }
    }

    /// Its values in a few words.
    pub fn describe(&self) -> String {
        let unit = self
            .unit()
            .map_or(String::new(), |unit| format!(" {}", unit.text));
        match &self.values {
            Values::Levels(levels) => {
                let labels: Vec<&str> = levels.iter().map(|level| level.label.as_str()).collect();
                match labels.as_slice() {
                    [first, second, .., last] if labels.len() > 6 => {
                        format!("{first}, {second} … {last}{unit} ({} values)", labels.len())
                    }
                    all => format!("{}{unit}", all.join(", ")),
                }
            }
            Values::Spread(Spread::Uniform { low, high }) => {
                format!("{low} to {high}{unit}, evenly")
            }
            Values::Spread(Spread::LogUniform { low, high }) => {
                format!("{low} to {high}{unit}, evenly over logarithms")
            }
            Values::Spread(Spread::LogNormal { median, cv }) => {
                format!("log-normal about {median}{unit}, {} %", 100.0 * cv)
            }
            Values::Spread(Spread::Around { low, middle, high }) => {
                format!("{low} to {high}{unit}, half on each side of {middle}")
            }
        }
    }

    pub fn unit(&self) -> Option<&Unit> {
        match &self.form {
            Form::Quantity(unit) => Some(unit),
            _ => None,
        }
    }
}

impl Spread {
    /// The number below which this share of the draws lies.
    pub fn at(&self, share: f64) -> f64 {
        // A share of exactly 0 has no logarithm.
        let share = share.max(1.0 / (1u64 << 54) as f64);
        let between = |low: f64, high: f64, share: f64| low + share * (high - low);
        let between_logarithms = |low: f64, high: f64, share: f64| {
            let value = exp(between(ln(low), ln(high), share));
            value.clamp(low, high)
        };
        match *self {
            Spread::Uniform { low, high } => between(low, high, share),
            Spread::LogUniform { low, high } => between_logarithms(low, high, share),
            Spread::LogNormal { median, cv } => {
                let sigma = ln(1.0 + cv * cv).sqrt();
                median * exp(sigma * random::normal(share))
            }
            Spread::Around { low, middle, high } => {
                let (from, to, part) = if share < 0.5 {
                    (low, middle, 2.0 * share)
                } else {
                    (middle, high, 2.0 * share - 1.0)
                };
                if low > 0.0 {
                    between_logarithms(from, to, part)
                } else {
                    between(from, to, part)
                }
            }
        }
    }

    /// Lowest and highest number; of a log-normal all but one in a thousand on each side.
    pub fn ends(&self) -> (f64, f64) {
        match *self {
            Spread::Uniform { low, high }
            | Spread::LogUniform { low, high }
            | Spread::Around { low, high, .. } => (low, high),
            Spread::LogNormal { .. } => {
                let (a, b) = (self.at(0.001), self.at(0.999));
                (a.min(b), a.max(b))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::{FileId, Span};

    fn factor(values: Values) -> Factor {
        let place = Item {
            span: Span {
                file: FileId(0),
                range: 0..0,
            },
            value: Value::Truth(true),
            content: 0,
        };
        Factor {
            name: "x".to_string(),
            title: None,
            paths: vec!["x".to_string()],
            values,
            form: Form::Number,
            listed: true,
            place,
        }
    }

    fn levels(numbers: &[f64]) -> Factor {
        let mut made = factor(Values::Levels(Vec::new()));
        let listed = numbers.iter().map(|n| made.setting(*n)).collect();
        made.values = Values::Levels(listed);
        made
    }

    fn numbers(design: &Design) -> Vec<Vec<f64>> {
        let row = |member| {
            let settings = design.settings(member);
            settings.iter().filter_map(|s| s.number).collect()
        };
        (0..design.members()).map(row).collect()
    }

    #[test]
    fn blocks_multiply_and_the_last_turns_fastest() {
        let grid = Block {
            kind: Kind::Grid,
            factors: vec![levels(&[1.0, 2.0]), levels(&[10.0, 20.0, 30.0])],
            members: 6,
        };
        let zip = Block {
            kind: Kind::Zip,
            factors: vec![levels(&[0.1, 0.2]), levels(&[7.0, 8.0])],
            members: 2,
        };
        let design = Design {
            blocks: vec![zip, grid],
            seed: 1,
        };
        let rows = numbers(&design);
        assert_eq!(rows.len(), 12);
        assert_eq!(rows[0], [0.1, 7.0, 1.0, 10.0]);
        assert_eq!(rows[1], [0.1, 7.0, 1.0, 20.0]);
        assert_eq!(rows[3], [0.1, 7.0, 2.0, 10.0]);
        assert_eq!(rows[11], [0.2, 8.0, 2.0, 30.0]);
    }

    #[test]
    fn a_latin_hypercube_has_one_member_in_each_stratum() {
        let spread = Spread::Uniform {
            low: 0.0,
            high: 50.0,
        };
        let block = Block {
            kind: Kind::LatinHypercube,
            factors: vec![
                factor(Values::Spread(spread)),
                factor(Values::Spread(spread)),
            ],
            members: 50,
        };
        let design = Design {
            blocks: vec![block],
            seed: 5,
        };
        let rows = numbers(&design);
        for k in 0..2 {
            let mut strata: Vec<u64> = rows.iter().map(|row| row[k] as u64).collect();
            strata.sort_unstable();
            assert!(strata.into_iter().eq(0..50));
        }
        assert!(rows.iter().any(|row| row[0] as u64 != row[1] as u64));
    }

    #[test]
    fn spreads_have_their_median_and_ends() {
        let around = Spread::Around {
            low: 1.0,
            middle: 2.0,
            high: 32.0,
        };
        assert!((around.at(0.5) - 2.0).abs() < 1e-12);
        assert!((around.at(0.75) - 8.0).abs() < 1e-12);
        assert!((around.at(0.0) - 1.0).abs() < 1e-12 && around.at(1.0) <= 32.0);
        let normal = Spread::LogNormal {
            median: 3.0,
            cv: 0.3,
        };
        assert!((normal.at(0.5) - 3.0).abs() < 1e-12);
        // ln of a log-normal is normal: cv² = exp(σ²) − 1.
        let sigma = (1.0f64 + 0.09).ln().sqrt();
        let one_above = 0.841_344_746_068_542_9;
        assert!(((normal.at(one_above) / 3.0).ln() - sigma).abs() < 1e-12);
    }
}
