//! The shipped models through the lanes: compiled programs promise the same bits as systems by hand.

use myoflux::engine::{Member, Outcome, run_member};

use crate::lanes::{WIDTHS, assert_same, run_on, under_every_instruction_set};
use crate::members::{Case, Random, case};

/// Members with this share of their parameters spread, with horizons of their own, so that lanes are refilled at different times.
fn members(case: &Case, count: usize, spread: f64) -> Vec<Member> {
    let mut members = case.spread(count, 0.3);
    let mut random = Random(5);
    for member in &mut members {
        // All start where the first person does: were every parameter another's, most would start beyond
        // a limit of theirs, such as the water that their own volumes hold.
        for (value, usual) in member.parameters.iter_mut().zip(&case.member.parameters) {
            if random.uniform() > spread {
                *value = *usual;
            }
        }
        member.t_end *= 0.3 + 0.7 * random.uniform();
        let t_end = member.t_end;
        member
            .breakpoints
            .retain(|breakpoint| breakpoint.t <= t_end);
        member.output_times.retain(|time| *time <= t_end);
    }
    // One that cannot run.
    members[3].y0[0] = f64::NAN;
    members
}

fn assert_every_way_agrees(mut case: Case, count: usize, spread: f64) {
    // Far more than a member needs that does not blow up.
    case.options.max_steps = 2_000;
    let case = &case;
    let mut members = members(case, count, spread);
    let alone: Vec<Outcome> = members
        .iter()
        .map(|member| run_member(&case.program, member, &case.options))
        .collect();
    assert!(alone.iter().filter(|outcome| outcome.is_ok()).count() * 2 > count);
    assert!(alone[3].is_err());
    under_every_instruction_set(|set| {
        for width in WIDTHS {
            let found = run_on(2, &case.program, &members, &case.options, width);
            assert_same(&found, &alone, &format!("{width:?}, {set:?}"));
        }
    });
    members.reverse();
    let turned: Vec<Outcome> = alone.into_iter().rev().collect();
    let found = run_on(1, &case.program, &members, &case.options, WIDTHS[2]);
    assert_same(&found, &turned, "in reverse order");
}

#[test]
fn the_athlete_gives_the_same_bits_in_every_lane() {
    let case = case(
        "scenarios/iron/low_ferritin_runner.toml",
        &[("duration", "3 d")],
    );
    assert_every_way_agrees(case, 21, 0.1);
}

#[test]
fn the_fibre_gives_the_same_bits_in_every_lane() {
    let case = case(
        "scenarios/fibre/tetanus_and_relaxation.toml",
        &[("duration", "0.2 s")],
    );
    assert_every_way_agrees(case, 19, 1.0);
}
