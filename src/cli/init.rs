//! `myoflux init`: a commented starter scenario, for the models that are there.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use super::say;

#[derive(Debug, Args)]
pub struct InitArguments {
    /// File to write; it must not exist yet
    file: PathBuf,
}

pub fn run(arguments: &InitArguments) -> u8 {
    let made = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&arguments.file);
    match made.and_then(|mut file| file.write_all(STARTER.as_bytes())) {
        Ok(()) => {
            say(&format!(
                "wrote {0}; try: myoflux run {0}\n",
                arguments.file.display()
            ));
            0
        }
        Err(error) => {
            eprintln!(
                "error: {} could not be written: {error}",
                arguments.file.display()
            );
            1
        }
    }
}

const STARTER: &str = r#"format = 1
title = "My question"
about = "Whom, what is done, what to look for."
model = "athlete"              # models/athlete.model.toml
duration = "14 d"              # t = 0 is Monday 00:00

[person]
sex = "female"                 # a preset of models/reference.toml
# body_mass = "58 kg"          # any parameter of the module `person`

# [status]                     # laboratory values at the start; `myoflux models` lists them
# NAME = "18 ug/L"

# [diet]                       # habitual intake, spread over the day unless there are meals
# NAME = "11 mg/d"
# meals = ["07:30", "12:30", "19:00"]

[[training]]
what = "run 50 min at 70 %VO2max"   # or: "run 6 x (4 min at 90 %VO2max, 3 min at 50 %VO2max)"
when = "Mon Wed Fri at 17:00"
# habitual = true              # it went on before t = 0 as well

# [[supplement]]
# nutrient = "NAME"
# dose = "60 mg"
# when = "every 2 d at 07:00"

[[arm]]                        # the comparison this scenario exists for
name = "harder"
set = { "training.0.what" = "run 50 min at 85 %VO2max" }

# [[data]]                     # your own measurements: a CSV with the columns time,value,sd
# file = "measured.csv"
# show = "NAME"

# [[figure]]                   # without one, the laboratory values are drawn
# title = "…"
# show = ["NAME"]

# [[expect]]                   # published physiology as data
# what = "change of NAME from 0 d to 14 d"
# is = "3 ug/L to 12 ug/L"
# role = "test"
# source = "a key of models/references.bib"
"#;
