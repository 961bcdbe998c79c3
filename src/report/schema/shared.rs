//! What all models of a folder share: nutrients, reference people, rate laws.

use super::*;

fn head() -> Fields {
    vec![
        ("format!", format()),
        ("title", text("Name for people")),
        ("about", text("What the file holds")),
    ]
}

pub fn nutrients() -> Value {
    let intake = table(vec![
        ("people!", text("Preset of reference.toml")),
        (
            "kind!",
            choice(
                &["ear", "rda", "ai", "ul", "ul_eu", "studied"],
                "Kind of reference intake",
            ),
        ),
        ("value!", quantity("Such as \"8 mg/d\"")),
        ("note", text("The form that it counts, in words")),
        (
            "counts",
            texts(
                "What counts towards it: a role, role.key or a nutrient that is part of this one",
            ),
        ),
        ("source", text("Key of references.bib")),
        ("assumed", text("The reason, where no source is known")),
    ]);
    let nutrient = table(vec![
        ("title!", text("Name for people")),
        ("molar_mass", text("Such as \"55.845 g/mol\"")),
        (
            "part_of",
            text("Nutrient that this one is eaten as, by the unit of potency that both have"),
        ),
        ("source", text("Key of references.bib")),
        (
            "potency",
            named(
                quantity("Quantity that one unit of potency stands for"),
                "Units of potency: IU = \"0.3 ug/IU\"",
            ),
        ),
        (
            "intake",
            list(intake, "Reference intakes, one row per people and kind"),
        ),
    ]);
    let mut fields = head();
    fields.push(("nutrients", named(nutrient, "One table per nutrient")));
    table(fields)
}

pub fn reference() -> Value {
    let people = table(vec![
        ("title!", text("Name for people")),
        ("sex!", choice(&["male", "female"], "Sex")),
        (
            "set",
            named(
                quantity("Value with its unit"),
                "Parameters and inputs: \"person.body_mass\" = \"75 kg\"",
            ),
        ),
    ]);
    let mut fields = head();
    fields.push(("people", named(people, "One table per preset")));
    table(fields)
}

pub fn rate_laws() -> Value {
    let law = table(vec![
        ("title", text("Name for people")),
        ("about", text("What it describes")),
        ("source", text("Key of references.bib")),
        ("arguments!", texts("Names of the arguments")),
        ("formula!", text("Over the arguments only")),
    ]);
    let mut fields = head();
    fields.push(("laws", named(law, "One table per law")));
    table(fields)
}
