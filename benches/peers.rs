//! Four weeks of the whole athlete, meals and training every day, a row every hour: what a member costs of one
//! processor, alone and among others, identical or with every uncertain parameter over its stated range.
//!
//! A time is processor time of integration alone, the fastest of rounds in which all settings take turns; beside it
//! stands the worst error of the rows. Eight lanes, with `--sixteen` sixteen, too. `benches/peers.sh` lays
//! libRoadRunner and COPASI beside it.
//!
//!     cargo bench --bench peers -- --members 32 --rounds 3 --rtol 1e-6,1e-8 --json peers.jsonl

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::thread;

use myoflux::compile::{Program, compile};
use myoflux::diagnostics::{Sources, render};
use myoflux::engine::{
    InstructionSet, Member, Options, Outcome, Trajectory, Width, stream_members,
};
use myoflux::model::Model;
use myoflux::scenario::initial::References;
use myoflux::scenario::load::{Overrides, load_scenario};
use myoflux::scenario::run::{options, prepare, tolerances};
use myoflux::scenario::{Arm, Scenario};
use myoflux::study::load::{AnyStudy, load_study};
use myoflux::study::sweep::Sweep;
use myoflux::study::sweep::vary::Resolved;
use serde_json::{Value, json};

const EXACT: f64 = 1e-10;
const TOLERANCES: &str = "1e-6,1e-8,1e-9";
/// What counts as equal error.
const LIMIT: f64 = 1e-4;
/// From this error on the run alone is no answer.
const WRONG: f64 = 1e-2;
/// Below this share of a state's natural size differences are not told apart from rounding.
const FLOOR: f64 = 1e-3;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    // As one of many targets of `cargo test` it has nothing to say.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return;
    }
    let after = |name: &str| {
        let place = arguments.iter().position(|argument| argument == name);
        place.and_then(|at| arguments.get(at + 1))
    };
    let number = |name, usual| after(name).map_or(usual, |n| n.parse().expect("a whole number"));
    let (count, rounds) = (number("--members", 32), number("--rounds", 3));
    let tolerances = after("--rtol")
        .map_or(TOLERANCES, String::as_str)
        .split(',');
    let sixteen = arguments.iter().any(|argument| argument == "--sixteen");
    let mut told = Told::default();

    let (body, mut before) = Body::new();
    let single = Load::new("alone", vec![body.exact_member()], &body);
    let same = single.repeated("identical", count);
    let (spread, spent, without) = body.spread(count);
    let drawn = spread.len();
    let spread = Load::new("spread", spread, &body);
    before["start_ms_spread"] = json!(1e3 * spent / (drawn + without) as f64);
    before["without_start"] = json!(without);
    before["without_end"] = json!(drawn - spread.members.len());
    told.say(before);

    let mut timed = Vec::new();
    for rtol in tolerances.map(|rtol| rtol.parse().expect("a number")) {
        let alone = single.found(&body, rtol);
        assert!(alone[0].error < WRONG, "a wrong answer");
        let loads = [
            (&same, vec![alone[0].clone(); count]),
            (&single, alone),
            (&spread, spread.found(&body, rtol)),
        ];
        for set in [InstructionSet::Avx2, InstructionSet::Avx512] {
            if set > InstructionSet::available() {
                continue;
            }
            for (load, found) in &loads {
                let widths: &[Width] = match (load.name, set) {
                    // One lane is the same with all.
                    ("alone", InstructionSet::Avx2) => &[Width::One],
                    ("alone", _) => &[],
                    // Sixteen lanes are for the widest vectors.
                    _ if set == InstructionSet::Avx512 && sixteen => {
                        &[Width::Eight, Width::Sixteen]
                    }
                    _ => &[Width::Eight],
                };
                timed.extend(widths.iter().map(|&width| Timed {
                    load,
                    set,
                    width,
                    rtol,
                    found: found.clone(),
                    times: Vec::new(),
                }));
            }
        }
    }
    // Loads of one tolerance and instruction set side by side: on one processor they take turns in short slices, so
    // that a machine whose speed wanders is as fast for each of them.
    for _ in 0..rounds {
        for together in timed.chunk_by_mut(|one, other| one.kind() == other.kind()) {
            together[0].set.limit();
            thread::scope(|scope| {
                for setting in together {
                    scope.spawn(|| setting.time(&body));
                }
            });
            InstructionSet::Avx512.limit();
        }
    }
    for setting in &timed {
        told.say(setting.told(&body));
    }
    if let Some(path) = after("--json") {
        fs::write(path, told.lines).expect("writable");
    }
}

/// Answers, as lines of JSON; printed as they come.
#[derive(Default)]
struct Told {
    lines: String,
}

impl Told {
    fn say(&mut self, answer: Value) {
        let facts = answer.as_object().expect("facts");
        let facts = facts.iter().map(|(name, value)| match value.as_f64() {
            Some(number) if number.fract() != 0.0 && number < 1.0 => format!("{name} {number:.1e}"),
            Some(number) if number.fract() != 0.0 => format!("{name} {number:.1}"),
            _ => format!("{name} {value}"),
        });
        println!("{}", facts.collect::<Vec<_>>().join("  "));
        writeln!(self.lines, "{answer}").expect("a text takes every line");
    }
}

/// Processor time of this thread, s: what others take of the processor is not in it.
fn processor_time() -> f64 {
    let told = fs::read_to_string("/proc/thread-self/schedstat").expect("Linux counts it");
    let nanoseconds = told.split_whitespace().next().expect("the first of three");
    nanoseconds.parse::<f64>().expect("a number") * 1e-9
}

fn measured<T>(what: impl FnOnce() -> T) -> (T, f64) {
    let before = processor_time();
    let result = what();
    (result, processor_time() - before)
}

/// The scenario, ready to run.
struct Body {
    model: std::sync::Arc<Model>,
    program: Program,
    scenario: Scenario,
    sweep: Sweep,
}

impl Body {
    /// With what comes before integration, in ms.
    fn new() -> (Body, Value) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let (path, models) = (
            root.join("scenarios/athlete/four_weeks.toml"),
            root.join("models"),
        );
        let (mut sources, usual) = (Sources::default(), Overrides::default());
        let (loaded, load) = measured(|| load_scenario(&path, &models, &usual, &mut sources));
        let (model, scenario) =
            loaded.unwrap_or_else(|problems| panic!("{}", render(&problems, &sources, false)));
        let (program, compiling) = measured(|| compile(&model));
        let study = root.join("benches/peers.study.toml");
        let sweep = match load_study(&study, &models, &usual, &mut sources) {
            Ok(AnyStudy::Sweep(sweep)) => *sweep,
            Ok(AnyStudy::Average(_)) => unreachable!("it says that it is a sweep"),
            Err(problems) => panic!("{}", render(&problems, &sources, false)),
        };
        let body = Body {
            model,
            program,
            scenario,
            sweep,
        };
        let found = measured(|| body.start(&body.scenario, &body.scenario.arms[0]));
        let before = json!({
            "states": body.model.states.len(),
            "load_ms": 1e3 * load,
            "compile_ms": 1e3 * compiling,
            "start_ms": 1e3 * found.1,
        });
        (body, before)
    }

    fn start(&self, scenario: &Scenario, arm: &Arm) -> Option<Member> {
        let alone = References::default();
        let prepared = prepare(&self.model, &self.program, scenario, arm, &alone);
        prepared.ok().map(|(_, member, _)| Member {
            output_times: scenario.table_times.clone(),
            ..member
        })
    }

    /// The man as he is, from where `--rtol 1e-10` starts: what the exported file holds.
    fn exact_member(&self) -> Member {
        let mut scenario = self.scenario.clone();
        scenario.rtol = EXACT;
        let member = self.start(&scenario, &scenario.arms[0]);
        member.expect("a shipped scenario has a start")
    }

    /// Members with a start until there are as many; processor time of the search, s, and how many had none.
    fn spread(&self, count: usize) -> (Vec<Member>, f64, usize) {
        let (mut members, mut without) = (Vec::new(), 0);
        let ((), spent) = measured(|| {
            for number in 0..self.sweep.members() {
                match self.start(&self.scenario, &self.drawn(number)) {
                    Some(member) => members.push(member),
                    None => without += 1,
                }
                if members.len() == count {
                    break;
                }
            }
        });
        (members, spent, without)
    }

    /// The arm with the uncertain parameters of this member.
    fn drawn(&self, number: u64) -> Arm {
        let sweep = &self.sweep;
        let settings = sweep.design.settings(number);
        let mut resolved = Resolved::default();
        let varied = sweep
            .template
            .vary(&sweep.opened, &sweep.design, settings, &mut resolved)
            .expect("parameters alone vary");
        Arm {
            parameters: sweep.template.arm(&sweep.design, &varied, 0).parameters,
            ..self.scenario.arms[0].clone()
        }
    }

    fn options(&self, rtol: f64) -> Options {
        let mut scenario = self.scenario.clone();
        scenario.rtol = rtol;
        let usual = options(&self.model, &self.program, &scenario);
        Options {
            atol: tolerances(&self.model, &self.program, rtol),
            ..usual
        }
    }

    fn run(
        &self,
        members: &[Member],
        rtol: f64,
        width: Width,
        each: &mut dyn FnMut(usize, Outcome),
    ) {
        let make = |at: usize| Some(members[at].clone());
        let options = self.options(rtol);
        stream_members(&self.program, members.len(), &make, &options, width, each);
    }

    /// The model's states of all rows, without what is counted along.
    fn states<'t>(&self, run: &'t Trajectory) -> impl Iterator<Item = &'t [f64]> + use<'t> {
        let own = self.model.states.len();
        let rows = run.states.chunks(self.program.engine_states());
        rows.map(move |row| &row[..own])
    }
}

/// Members that run together.
struct Load {
    name: &'static str,
    members: Vec<Member>,
    /// Rows of states at the tightest tolerance.
    exact: Vec<Vec<f64>>,
}

impl Load {
    /// Members that do not reach the end are left out.
    fn new(name: &'static str, members: Vec<Member>, body: &Body) -> Load {
        let mut exact = vec![None; members.len()];
        let width = if members.len() > 1 {
            Width::Eight
        } else {
            Width::One
        };
        body.run(&members, EXACT, width, &mut |at, outcome| {
            exact[at] = outcome
                .ok()
                .map(|run| body.states(&run).flatten().copied().collect());
        });
        let pairs = members.into_iter().zip(exact);
        let (members, exact) = pairs
            .filter_map(|(member, exact)| Some((member, exact?)))
            .unzip();
        Load {
            name,
            members,
            exact,
        }
    }

    fn repeated(&self, name: &'static str, count: usize) -> Load {
        Load {
            name,
            members: vec![self.members[0].clone(); count],
            exact: Vec::new(),
        }
    }

    /// What each member comes to.
    fn found(&self, body: &Body, rtol: f64) -> Vec<Found> {
        let mut found = vec![Found::default(); self.members.len()];
        body.run(&self.members, rtol, Width::Eight, &mut |at, outcome| {
            let run = outcome.expect("it reaches the end at a tighter tolerance");
            found[at] = Found {
                steps: run.statistics.steps,
                ..worst(body, &run, &self.exact[at])
            };
        });
        found
    }
}

#[derive(Clone, Default)]
struct Found {
    error: f64,
    state: usize,
    hour: usize,
    steps: u64,
}

/// The largest `|y - exact| / (|exact| + FLOOR · natural size)` of all states and rows, as in docs/agreement.md.
fn worst(body: &Body, run: &Trajectory, exact: &[f64]) -> Found {
    let states = &body.model.states;
    let rows = exact.chunks(states.len());
    assert_eq!(body.states(run).count(), rows.len(), "a row for each");
    let mut worst = Found::default();
    for (hour, (row, exact)) in body.states(run).zip(rows).enumerate() {
        for state in 0..states.len() {
            let error = (row[state] - exact[state]).abs()
                / (exact[state].abs() + FLOOR * states[state].scale);
            // What is not a number is the worst of all.
            if error.is_nan() || error > worst.error {
                worst = Found {
                    error,
                    state,
                    hour,
                    steps: 0,
                };
            }
        }
    }
    worst
}

/// One load in one setting.
struct Timed<'l> {
    load: &'l Load,
    set: InstructionSet,
    width: Width,
    rtol: f64,
    /// As [`Load::found`]: bits are the same in all settings.
    found: Vec<Found>,
    /// s of each round.
    times: Vec<f64>,
}

impl Timed<'_> {
    fn kind(&self) -> (InstructionSet, u64) {
        (self.set, self.rtol.to_bits())
    }

    fn time(&mut self, body: &Body) {
        let ((), spent) = measured(|| {
            body.run(&self.load.members, self.rtol, self.width, &mut |_, _| {});
        });
        self.times.push(spent);
    }

    fn told(&self, body: &Body) -> Value {
        let count = self.found.len();
        let mut sorted = self.found.clone();
        sorted.sort_by(|a, b| a.error.total_cmp(&b.error));
        let worst = &sorted[count - 1];
        let steps = self.found.iter().map(|found| found.steps);
        let mut times = self.times.clone();
        times.sort_by(f64::total_cmp);
        json!({
            "load": self.load.name,
            "set": format!("{:?}", self.set),
            "width": match self.width {
                Width::One => 1,
                Width::Four => 4,
                Width::Eight => 8,
                Width::Sixteen => 16,
            },
            "rtol": self.rtol,
            "members": count,
            "ms": times.first().map(|s| 1e3 * s / count as f64),
            "ms_median": times.get(times.len() / 2).map(|s| 1e3 * s / count as f64),
            "steps": steps.clone().sum::<u64>() / count as u64,
            "steps_least": steps.clone().min(),
            "steps_most": steps.max(),
            "error": worst.error,
            "error_in": format!("{} at {} h", body.model.states[worst.state].name, worst.hour),
            "error_median": sorted[count / 2].error,
            "errors_above_limit": sorted.iter().filter(|found| found.error > LIMIT).count(),
        })
    }
}
