//! One chunk of a sweep: members are made when a lane is free for them, warmed up, run and reduced to what
//! the study keeps.
//!
//! Two passes over the lanes: warm-ups, then runs. Between them a member is its start alone; its rows exist
//! only while it is in a lane. Start reading at [`chunk`].

use std::sync::{Mutex, MutexGuard};

use super::Sweep;
use super::vary::{Resolved, Varied};
use crate::compile::Program;
use crate::engine::{Failure, Member, Options, Trajectory, Width, stream_members};
use crate::scenario::initial::{self, Initial, References, Unsettled};
use crate::scenario::{Arm, measure, run};
use crate::study::design::Setting;

/// What all chunks share.
pub struct Prepared<'s> {
    pub sweep: &'s Sweep,
    pub program: &'s Program,
    pub width: Width,
    options: Options,
    /// Per arm, if all members start from one state.
    shared: Option<Vec<Initial>>,
}

/// What becomes of a member.
#[derive(Debug, Clone)]
pub struct MemberResult {
    pub member: u64,
    pub settings: Vec<Setting>,
    pub outcome: Result<Recorded, Failed>,
}

#[derive(Debug, Clone, Default)]
pub struct Recorded {
    /// One per record; `None`: it has no value (a level that is never crossed).
    pub values: Vec<Option<f64>>,
    /// Per arm of the series: its times, s, and per column the values.
    pub series: Vec<(Vec<f64>, Vec<Vec<f64>>)>,
}

/// Why a member has no numbers.
#[derive(Debug, Clone)]
pub struct Failed {
    /// Place of the arm; `None` when there are none.
    pub arm: Option<usize>,
    pub cause: Cause,
}

#[derive(Debug, Clone)]
pub enum Cause {
    /// The scenario refuses these settings.
    Scenario(String),
    /// No start: the engine's reason, and what is asked that no state has, in words.
    Start(Failure, Option<String>),
    WarmUp(Failure),
    Run(Failure),
}

impl<'s> Prepared<'s> {
    /// # Errors
    /// Why there is no shared start, if the study asks for one: which arm, and what the engine says.
    pub fn new(
        sweep: &'s Sweep,
        program: &'s Program,
        width: Width,
    ) -> Result<Prepared<'s>, (String, Failure)> {
        let scenario = &sweep.template.scenario;
        let options = run::options(&sweep.model, program, scenario);
        let shared = sweep.shared_start.then(|| {
            let written = &sweep.written;
            let references = References::default();
            let start = |arm: &Arm| {
                let (warm_up, declared) = (written.warm_up_s, written.declared_initial);
                let model = &sweep.model;
                let found = initial::find_among(
                    &references,
                    model,
                    program,
                    arm,
                    &options,
                    warm_up,
                    declared,
                );
                found.map_err(|unsettled| (arm.name.clone(), unsettled.failure))
            };
            written.arms.iter().map(start).collect()
        });
        Ok(Prepared {
            sweep,
            program,
            width,
            shared: shared.transpose()?,
            options,
        })
    }
}

/// One arm of one member on its way.
enum Stage {
    Waiting,
    /// Settled, and warmed up when the first pass is over.
    Ready(Box<Initial>),
    Failed(Cause),
    /// Values of the terms of each record that this arm is read for, and its series.
    Done(Reduced),
}

#[derive(Default)]
struct Reduced {
    terms: Vec<[Option<f64>; 2]>,
    series: Option<(Vec<f64>, Vec<Vec<f64>>)>,
}

struct Jobs<'p, 's> {
    prepared: &'p Prepared<'s>,
    members: Vec<Result<Varied, String>>,
    stages: Vec<Mutex<Stage>>,
    references: References,
}

/// Runs the members of a chunk on the calling thread; one result each, in order. `finished` is told of every
/// arm of a member that has ended.
pub fn chunk(prepared: &Prepared, chunk: u64, finished: &mut dyn FnMut()) -> Vec<MemberResult> {
    let sweep = prepared.sweep;
    let numbers: Vec<u64> = sweep.members_of(chunk).collect();
    let mut resolved = Resolved::default();
    let settings: Vec<Vec<Setting>> = numbers.iter().map(|m| sweep.design.settings(*m)).collect();
    let vary = |settings: &Vec<Setting>| {
        let (template, own) = (&sweep.template, settings.clone());
        template.vary(&sweep.opened, &sweep.design, own, &mut resolved)
    };
    let members: Vec<_> = settings.iter().map(vary).collect();
    let count = members.len() * sweep.arms.len();
    let jobs = Jobs {
        prepared,
        members,
        stages: (0..count).map(|_| Mutex::new(Stage::Waiting)).collect(),
        references: References::default(),
    };
    jobs.warm_up();
    jobs.run(finished);
    let mut stages = jobs.stages.into_iter();
    let arms = sweep.arms.len();
    let mut results = Vec::with_capacity(numbers.len());
    for ((member, settings), varied) in numbers.into_iter().zip(settings).zip(jobs.members) {
        let own: Vec<Stage> = stages
            .by_ref()
            .take(arms)
            .map(|stage| stage.into_inner().expect("no thread has panicked"))
            .collect();
        let outcome = match varied {
            Err(why) => Err(Failed {
                arm: None,
                cause: Cause::Scenario(why),
            }),
            Ok(_) => joined(sweep, own),
        };
        results.push(MemberResult {
            member,
            settings,
            outcome,
        });
    }
    results
}

/// What the arms of a member come to together.
fn joined(sweep: &Sweep, stages: Vec<Stage>) -> Result<Recorded, Failed> {
    let mut arms = Vec::new();
    for (stage, arm) in stages.into_iter().zip(&sweep.arms) {
        match stage {
            Stage::Done(reduced) => arms.push(reduced),
            Stage::Failed(cause) => {
                return Err(Failed {
                    arm: Some(*arm),
                    cause,
                });
            }
            Stage::Waiting | Stage::Ready(_) => unreachable!("the lanes hand every member in"),
        }
    }
    let place = |arm: usize| sweep.arms.iter().position(|known| *known == arm);
    let value = |(at, record): (usize, &super::Record)| {
        let term = |k: usize, own: Option<usize>| {
            let arm = place(own.unwrap_or(record.arm))?;
            arms[arm].terms[at][k]
        };
        let first = term(0, record.measure.first.arm)?;
        let second = match &record.measure.second {
            Some((_, other)) => Some(term(1, other.arm)?),
            None => None,
        };
        measure::joined(&record.measure, first, second).ok()
    };
    let values = sweep.records.iter().enumerate().map(value).collect();
    let series = arms.into_iter().filter_map(|arm| arm.series).collect();
    Ok(Recorded { values, series })
}

impl Jobs<'_, '_> {
    fn stage(&self, job: usize) -> MutexGuard<'_, Stage> {
        self.stages[job].lock().expect("no thread has panicked")
    }

    fn member(&self, job: usize) -> (Option<&Varied>, usize) {
        let arms = &self.prepared.sweep.arms;
        let varied = self.members[job / arms.len()].as_ref().ok();
        (varied, arms[job % arms.len()])
    }

    /// Finds the starts and takes them through their warm-ups.
    fn warm_up(&self) {
        let Prepared {
            sweep,
            program,
            options,
            ..
        } = self.prepared;
        let quiet = Options {
            event_actions: Vec::new(),
            ..options.clone()
        };
        let make = |job: usize| {
            let (varied, at) = self.member(job);
            let varied = varied?;
            let arm = sweep.template.arm(&sweep.design, varied, at);
            match self.start(varied, &arm, at) {
                Ok((start, member)) => {
                    *self.stage(job) = Stage::Ready(Box::new(start));
                    member
                }
                Err(unsettled) => {
                    *self.stage(job) = Stage::Failed(refused(sweep, &arm, unsettled));
                    None
                }
            }
        };
        let mut each = |job: usize, outcome: Result<Trajectory, Failure>| {
            let (varied, at) = self.member(job);
            let varied = varied.expect("only members with arms are warmed up");
            let mut stage = self.stage(job);
            let Stage::Ready(start) = &mut *stage else {
                unreachable!("only members that are ready are warmed up");
            };
            let arm = sweep.template.arm(&sweep.design, varied, at);
            let begun = match outcome {
                Ok(run) => start.begin(&sweep.model, program, &arm, run.final_state),
                Err(failure) => {
                    *stage = Stage::Failed(Cause::WarmUp(failure));
                    return;
                }
            };
            if let Err(unsettled) = begun {
                *stage = Stage::Failed(refused(sweep, &arm, unsettled));
            }
        };
        stream_members(
            *program,
            self.stages.len(),
            &make,
            &quiet,
            self.prepared.width,
            &mut each,
        );
    }

    /// Where an arm starts, and the warm-up that it still needs.
    fn start(
        &self,
        varied: &Varied,
        arm: &Arm,
        at: usize,
    ) -> Result<(Initial, Option<Member>), Unsettled> {
        let Prepared {
            sweep,
            program,
            options,
            ..
        } = self.prepared;
        let model = &sweep.model;
        if let Some(shared) = &self.prepared.shared {
            let mut start = shared[at].clone();
            let mut parameters = arm.parameters.clone();
            for reference in &model.references {
                let id = reference.parameter.index();
                parameters[id] = start.parameters[id];
            }
            start.parameters = parameters;
            return Ok((start, None));
        }
        let scenario = &varied.scenario;
        let (warm_up, declared) = (scenario.warm_up_s, scenario.declared_initial);
        let reference = self.references.find(model, program, arm, declared)?;
        let mut start = initial::settle(model, program, arm, &reference, declared)?;
        let schedule = &scenario.arms[at];
        let member = initial::warm_up(schedule, options, warm_up, declared, &start);
        if member.is_none() && !declared {
            let state = start.state.clone();
            start.begin(model, program, arm, state)?;
        }
        Ok((start, member.map(|(member, _)| member)))
    }

    /// Runs what is ready and keeps what the study asks for.
    fn run(&self, finished: &mut dyn FnMut()) {
        let Prepared {
            sweep,
            program,
            options,
            ..
        } = self.prepared;
        let make = |job: usize| {
            let (varied, at) = self.member(job);
            let varied = varied?;
            let mut stage = self.stage(job);
            let Stage::Ready(start) = &*stage else {
                return None;
            };
            let scenario = &varied.scenario;
            let member = run::member(scenario, &scenario.arms[at], start);
            *stage = Stage::Waiting;
            Some(member)
        };
        let mut each = |job: usize, outcome: Result<Trajectory, Failure>| {
            let (_, at) = self.member(job);
            *self.stage(job) = match outcome {
                Ok(run) => Stage::Done(reduced(sweep, program, &run, at)),
                Err(failure) => Stage::Failed(Cause::Run(failure)),
            };
            finished();
        };
        stream_members(
            *program,
            self.stages.len(),
            &make,
            options,
            self.prepared.width,
            &mut each,
        );
    }
}

fn refused(sweep: &Sweep, arm: &Arm, unsettled: Unsettled) -> Cause {
    let Unsettled { failure, refusal } = unsettled;
    let told = |refusal| initial::told(&sweep.model, arm, &failure, &refusal).message;
    let told = refusal.map(told);
    Cause::Start(failure, told)
}

/// What a study keeps of the run of one arm.
fn reduced(sweep: &Sweep, program: &Program, run: &Trajectory, arm: usize) -> Reduced {
    let read = |record: &super::Record| {
        let term = |term: &crate::scenario::Term| {
            let own = term.arm.unwrap_or(record.arm) == arm;
            own.then(|| measure::term(term, program, run).ok())
                .flatten()
        };
        let second = record.measure.second.as_ref();
        [
            term(&record.measure.first),
            second.and_then(|(_, other)| term(other)),
        ]
    };
    let series = sweep
        .series
        .as_ref()
        .filter(|series| series.arms.contains(&arm));
    let series = series.map(|series| {
        let near = |time: &f64| {
            run.times
                .binary_search_by(|known| known.total_cmp(time))
                .ok()
        };
        let rows: Vec<usize> = series.times.iter().filter_map(near).collect();
        let times = rows.iter().map(|row| run.times[*row]).collect();
        let values = series.columns.iter().map(|(column, _)| {
            let all = measure::series(program, run, *column);
            rows.iter().map(|row| all[*row]).collect()
        });
        (times, values.collect())
    });
    Reduced {
        terms: sweep.records.iter().map(read).collect(),
        series,
    }
}
