use crate::{run_text, trajectory, values};

const DAY: f64 = 86_400.0;

/// A runner's habit: meals, three sessions a week, a tablet a day.
const HABIT: &str = "format = 1\ntitle = \"A habit\"\nmodel = \"athlete\"\nduration = \"28 d\"\n\
    output_every = \"1 h\"\n[status]\nserum_ferritin = \"60 ug/L\"\n[diet]\n\
    meals = [\"07:30\", \"12:30\", \"19:00\"]\nshares = [0.25, 0.35, 0.4]\n[[training]]\n\
    what = \"run 40 min at 70 %VO2max\"\nwhen = \"Mon Wed Fri at 17:00\"\nhabitual = true\n\
    [[supplement]]\nnutrient = \"vitamin_c\"\ndose = \"200 mg\"\nwhen = \"daily at 08:00\"\nhabitual = true\n";

/// Claim: a scenario begins where its habit has led: the first week is like the fourth, in every pool
/// that was solved for. Tolerance: 2 %, the bend of rates between the mean over the habit and living it.
#[test]
fn a_habit_begins_on_its_own_orbit() {
    let result = run_text(HABIT);
    let run = trajectory(&result, 0);
    let width = run.final_state.len();
    let mean = |state: usize, week: f64| {
        let rows = (0..run.times.len()).filter(|row| {
            let t = run.times[*row] / (7.0 * DAY);
            (week..week + 1.0).contains(&t) && run.times[*row] % 3600.0 == 0.0
        });
        let found: Vec<f64> = rows.map(|row| run.states[row * width + state]).collect();
        assert_eq!(found.len(), 168);
        found.iter().sum::<f64>() / 168.0
    };
    let pinned: Vec<_> = result.arms[0]
        .drift
        .iter()
        .map(|(id, _)| id.index())
        .collect();
    assert_eq!(pinned.len(), 1, "one status, one pool");
    for (at, state) in result.model.states.iter().enumerate() {
        if pinned.contains(&at) {
            continue;
        }
        let (first, last) = (mean(at, 0.0), mean(at, 3.0));
        let drift = (last - first).abs() / first.abs().max(1e-3 * state.scale);
        assert!(
            drift < 0.02,
            "{}: {first} in the first week, {last} in the fourth",
            state.name
        );
    }
}

/// Claim: what is eaten in meals is what was said to be eaten in a day.
#[test]
fn meals_deliver_the_days_intake() {
    let diet = |meals: &str| {
        let text = format!(
            "format = 1\ntitle = \"Diet\"\nmodel = \"athlete\"\nduration = \"2 d\"\n[diet]\n\
             nonhaem_iron = \"12 mg/d\"\n{meals}"
        );
        let result = run_text(&text);
        let ledger = result.arms[0].ledger.iter().find(|l| l.matter == "iron");
        ledger.expect("a ledger of iron").gained
    };
    let spread = diet("");
    let eaten = diet("meals = [\"07:30\", \"19:00\"]\nlasting = \"45 min\"\n");
    assert!(
        (eaten / spread - 1.0).abs() < 1e-9,
        "{eaten} mg in meals, {spread} mg spread"
    );
}

/// Claim: a given laboratory value is met at t = 0, and its drift under the habit is told.
#[test]
fn a_status_is_met_and_its_drift_is_told() {
    let result = run_text(HABIT);
    let ferritin = values(&result, 0, "serum_ferritin");
    assert!((ferritin[0] / 60.0 - 1.0).abs() < 0.01, "{}", ferritin[0]);
    let (_, drift) = result.arms[0].drift[0];
    assert!(drift.is_finite() && drift != 0.0);
}

/// Claim: a dose in international units is the amount that the nutrient's potency says: 400 IU of vitamin E
/// at 0.67 mg each.
#[test]
fn units_of_potency_convert() {
    let dose = |dose: &str| {
        let result = run_text(&format!(
            "format = 1\ntitle = \"Potency\"\nmodel = \"athlete\"\nduration = \"1 d\"\n\
             [[supplement]]\nnutrient = \"vitamin_e\"\ndose = \"{dose}\"\nwhen = \"daily at 08:00\"\n"
        ));
        let flows = result.arms[0].ledger.iter().flat_map(|l| &l.crossings);
        let doses = flows.filter(|crossing| crossing.name.ends_with("supplement"));
        doses.map(|crossing| crossing.amount).sum::<f64>()
    };
    let (units, weight) = (dose("400 IU"), dose("268 mg"));
    assert!(
        units > 0.0 && (units / weight - 1.0).abs() < 1e-9,
        "{units} and {weight}"
    );
}

/// Claim: a bout that exhaustion ends stays ended over its later steps, and the next bout is whole: what its
/// kind sets, weights that rest at 1 included, is there again.
#[test]
fn exhaustion_ends_a_bout_and_no_other() {
    let text = "format = 1\ntitle = \"Too hard, then easy\"\nmodel = \"athlete\"\nduration = \"60 h\"\n\
        output_every = \"5 min\"\n[[training]]\n\
        what = \"run 2 x (20 min at 120 %VO2max, 20 min at 115 %VO2max)\"\nwhen = \"at 0 d 08:00\"\n\
        [[training]]\nwhat = \"run 40 min at 60 %VO2max\"\nwhen = \"at 2 d 08:00\"\n";
    let result = run_text(text);
    let times: Vec<f64> = trajectory(&result, 0).times.clone();
    let active = values(&result, 0, "driver.active");
    let lost = values(&result, 0, "driver.haemolysis");
    let within = |from: f64, to: f64| -> Vec<usize> {
        let inside = |row: &usize| (from..to).contains(&(times[*row] / 3600.0));
        (0..times.len()).filter(inside).collect()
    };
    let first = within(8.0, 8.0 + 80.0 / 60.0);
    let over = first.iter().position(|row| active[*row] == 0.0);
    let over = over.expect("nobody runs 80 min beyond the maximum");
    assert!(over > 0, "it begins");
    assert!(first[over..].iter().all(|row| active[*row] == 0.0));
    let easy = within(56.0 + 0.01, 56.0 + 39.0 / 60.0);
    assert!(!easy.is_empty());
    assert!(
        easy.iter()
            .all(|row| active[*row] == 1.0 && lost[*row] > 0.0)
    );
}
