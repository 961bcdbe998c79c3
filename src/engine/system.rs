//! What the engine asks of a system of equations, and what it gives back.

/// Where the entries of a sparse matrix sit: compressed rows, columns ascending in each row.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pattern {
    pub row_start: Vec<u32>,
    pub column: Vec<u32>,
}

/// `y' = f(t, y; parameters, inputs)` for `W` members side by side.
///
/// Arrays are `[quantity][lane]`. A lane's results depend on that lane's arguments alone. `scratch`
/// belongs to one worker: `scratch_len` slots that the system may use as it likes; what
/// [`System::set_parameters`] and [`System::set_inputs`] leave there must survive until they are
/// called again for that lane.
pub trait System<const W: usize>: Sync {
    fn state_count(&self) -> usize;
    fn scratch_len(&self) -> usize;
    /// Pattern of ∂f/∂y, without explicit diagonal unless it is non-zero.
    fn jacobian_pattern(&self) -> &Pattern;
    /// Takes over one lane's parameters.
    fn set_parameters(&self, lane: usize, parameters: &[f64], scratch: &mut [[f64; W]]);
    /// Takes over one lane's inputs; parameters are already set.
    fn set_inputs(&self, lane: usize, inputs: &[f64], scratch: &mut [[f64; W]]);
    /// `rates[i] = f_i`.
    fn rates(&self, t: &[f64; W], y: &[[f64; W]], rates: &mut [[f64; W]], scratch: &mut [[f64; W]]);
    /// `rates`, `jacobian[k]` = entry k of the pattern, `time_derivative[i]` = ∂f_i/∂t.
    fn linearise(
        &self,
        t: &[f64; W],
        y: &[[f64; W]],
        rates: &mut [[f64; W]],
        jacobian: &mut [[f64; W]],
        time_derivative: &mut [[f64; W]],
        scratch: &mut [[f64; W]],
    );
    fn event_count(&self) -> usize {
        0
    }
    /// `roots[k]`: event k fires when it rises through zero.
    fn events(
        &self,
        _t: &[f64; W],
        _y: &[[f64; W]],
        _roots: &mut [[f64; W]],
        _scratch: &mut [[f64; W]],
    ) {
    }
    fn limit_count(&self) -> usize {
        0
    }
    /// The range in which the system holds: limit k is passed while `sides[2k] > sides[2k + 1]`.
    fn limits(
        &self,
        _t: &[f64; W],
        _y: &[[f64; W]],
        _sides: &mut [[f64; W]],
        _scratch: &mut [[f64; W]],
    ) {
    }
    fn observable_count(&self) -> usize {
        0
    }
    fn observe(
        &self,
        _t: &[f64; W],
        _y: &[[f64; W]],
        _values: &mut [[f64; W]],
        _scratch: &mut [[f64; W]],
    ) {
    }
    /// Adds `amount` of bolus input `input` to one lane's states.
    fn apply_bolus(
        &self,
        _lane: usize,
        _input: usize,
        _amount: f64,
        _t: f64,
        _y: &mut [[f64; W]],
        _scratch: &mut [[f64; W]],
    ) {
    }
}

/// An instant at which inputs change or amounts are added. Breakpoints are sorted by time, at most
/// one per instant; inputs are set before boluses enter.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Breakpoint {
    pub t: f64,
    /// (input slot, value from now on).
    pub inputs: Vec<(u32, f64)>,
    /// (bolus input slot, amount).
    pub boluses: Vec<(u32, f64)>,
}

/// One run.
#[derive(Debug, Clone)]
pub struct Member {
    pub parameters: Vec<f64>,
    /// Values of all input slots before the first breakpoint.
    pub inputs: Vec<f64>,
    pub y0: Vec<f64>,
    pub t0: f64,
    pub t_end: f64,
    /// Within [t0, t_end]; those at t0 apply before the first step.
    pub breakpoints: Vec<Breakpoint>,
    /// Ascending, within [t0, t_end]. A row at a breakpoint shows the values just after it.
    pub output_times: Vec<f64>,
    /// Restored to their values in `y0` at each of these instants (ascending): pinned pools in a
    /// warm-up.
    pub restore: Option<Restore>,
}

#[derive(Debug, Clone, Default)]
pub struct Restore {
    pub states: Vec<u32>,
    pub times: Vec<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    Rodas5p,
    Dopri5,
    Dop853,
}

/// How many members one worker integrates side by side. Changes speed, never bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Width {
    One,
    Four,
    /// Best for most sweeps: groups stay full and the working set stays small.
    #[default]
    Eight,
    /// For large sweeps on AVX-512.
    Sixteen,
}

#[derive(Debug, Clone)]
pub struct Options {
    pub method: Method,
    pub rtol: f64,
    /// One per state; infinite for accumulators (outside the error norm).
    pub atol: Vec<f64>,
    pub max_steps: u64,
    /// What happens when event k fires.
    pub event_actions: Vec<EventResponse>,
    /// Input slots that are set to zero (with all later changes of them until they would have ended)
    /// when an event ends the bout.
    pub bout_inputs: Vec<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventResponse {
    Mark,
    Stop,
    EndBout,
}

/// Rows in order of `Member::output_times` (fewer if an event stopped the run).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Trajectory {
    pub times: Vec<f64>,
    /// `states[row * state_count + i]`.
    pub states: Vec<f64>,
    /// `observables[row * observable_count + k]`.
    pub observables: Vec<f64>,
    /// `inputs[row * input_count + k]`.
    pub inputs: Vec<f64>,
    /// (event, time).
    pub events: Vec<(u32, f64)>,
    pub final_state: Vec<f64>,
    pub statistics: Statistics,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Statistics {
    pub steps: u64,
    pub rejected: u64,
    pub rates: u64,
    pub factorisations: u64,
    pub restarts: u64,
}

/// What becomes of a member.
pub type Outcome = Result<Trajectory, Failure>;

/// Why a member has no result. Slots, not names: the caller translates.
#[derive(Debug, Clone, PartialEq)]
pub enum Failure {
    /// A derivative or state stopped being a number.
    NotFinite {
        t: f64,
        state: u32,
    },
    /// The step size fell below what time can resolve; `state` resisted most.
    StepTooSmall {
        t: f64,
        h: f64,
        state: u32,
    },
    TooManySteps {
        t: f64,
        steps: u64,
    },
    Singular {
        t: f64,
        state: u32,
    },
    /// It left the range in which the system holds: which limit it passed, and its two sides then, the
    /// first above the second. Noticed at the end of a step or at a breakpoint.
    OutOfRange {
        t: f64,
        limit: u32,
        sides: (f64, f64),
    },
    /// No equilibrium: which state drifts most, and how fast (per second, in its unit).
    NoEquilibrium {
        state: u32,
        drift: f64,
    },
}
