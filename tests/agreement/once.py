"""An exported file -> the same equations so that libRoadRunner computes every rule once.

libRoadRunner writes a rule's formula out wherever its quantity is used, and what that formula uses inside of it, and
so on: the cache of its code generator (`LLVM_SYMBOL_CACHE`) is filled but not read. Code grows with the number of
paths through the rules instead of with the rules: 6e11 instructions for the whole body. What it does compute once,
in the order of the file and whenever the state changes, is `stoichiometryMath`, and it reads a reference's value
where the reference's id is used. So each rule becomes the stoichiometry of a species in a reaction that never runs.

Only libRoadRunner reads what is written: Level 2 Version 4, where these formulas are at home, with `min` and `max`
of Level 3 and references by their ids. Units, titles, notes and priorities of events are left out.

    python once.py athlete.xml      # writes athlete.once.xml
"""

import sys
import xml.etree.ElementTree as ET
from pathlib import Path

L3 = "{http://www.sbml.org/sbml/level3/version2/core}"
L2 = "{http://www.sbml.org/sbml/level2/version4}"
MATH = "{http://www.w3.org/1998/Math/MathML}"


def once(path):
    """Writes the file that libRoadRunner reads beside the one that was exported; its path."""
    written = path.with_suffix(".once.xml")
    ET.register_namespace("", L2[1:-1])
    ET.ElementTree(document(ET.parse(path).getroot().find(f"{L3}model"))).write(written, "utf-8", xml_declaration=True)
    return written


def document(model):
    parts = {part.tag.removeprefix(f"{L3}listOf"): list(part) for part in model}
    rates = {it.get("variable"): formula(it) for it in parts["Rules"] if it.tag == f"{L3}rateRule"}
    rules = {it.get("variable"): formula(it) for it in parts["Rules"] if it.tag == f"{L3}assignmentRule"}
    laws = {it.get("id"): formula(it.find(f"{L3}kineticLaw")) for it in parts.get("Reactions", [])}
    turn_around(rules, laws)
    lets = [it for it in ordered(rules) if not it.startswith("marker__") and names(rules[it])]
    plain = {it: rule for it, rule in rules.items() if it not in lets}

    root = ET.Element(f"{L2}sbml", level="2", version="4")
    out = ET.SubElement(root, f"{L2}model", id=model.get("id"))
    for it in parts.get("FunctionDefinitions", []):
        put(out, "FunctionDefinitions", "functionDefinition", formula(it), id=it.get("id"))
    for it in parts["Compartments"]:
        put(out, "Compartments", "compartment", **some(it, "id", "size"))
    for it in parts.get("Species", []):
        put(out, "Species", "species", **some(it, "id", "compartment", "initialAmount", "initialConcentration", "hasOnlySubstanceUnits"))
    for it in parts["Parameters"]:
        if it.get("id") not in lets:
            # What depends on nothing but constants is never computed again after the start.
            put(out, "Parameters", "parameter", constant="false", **some(it, "id", "value"))
    for it in parts.get("InitialAssignments", []):
        put(out, "InitialAssignments", "initialAssignment", formula(it), symbol=it.get("symbol"))
    for it in lets:
        # Without these the formulas at the start would be written out in one another again.
        put(out, "InitialAssignments", "initialAssignment", number(0), symbol=it)
    for kind, formulas in (("assignmentRule", plain), ("rateRule", rates)):
        for variable, math in formulas.items():
            put(out, "Rules", kind, math, variable=variable)
    for it in parts.get("Reactions", []):
        reaction = put(out, "Reactions", "reaction", id=it.get("id"), reversible="true")
        for side in ("Reactants", "Products"):
            for end in it.iterfind(f"{L3}listOf{side}/{L3}speciesReference"):
                put(reaction, side, "speciesReference", **some(end, "species", "stoichiometry"))
        put(reaction, None, "kineticLaw", laws[it.get("id")])
    never_run(out, lets, rules, [it.get("id") for it in parts.get("Species", [])])
    for it in parts.get("Events", []):
        event = put(out, "Events", "event", id=it.get("id"), useValuesFromTriggerTime="false")
        put(event, None, "trigger", formula(it.find(f"{L3}trigger")))
        for assignment in it.iter(f"{L3}eventAssignment"):
            put(event, "EventAssignments", "eventAssignment", formula(assignment), variable=assignment.get("variable"))
    return root


def turn_around(rules, laws):
    """The rate of a process in its own unit is a multiple of the reaction's: computed first instead, the law from it."""
    for variable, rule in rules.items():
        used = [it for it in names(rule) if it in laws]
        if used:
            (back, reaction), law = list(rule)[1:], used[0]
            assert reaction.text == law and back.tag == f"{MATH}cn"
            rules[variable] = apply("times", back, laws[law])
            laws[law] = apply("divide", name(variable), back)


def never_run(out, lets, rules, species):
    """Reactions of rate zero; one species of each belongs to one rule, in the order in which they are computed."""
    for first in range(0, len(lets), len(species)):
        reaction = put(out, "Reactions", "reaction", id=f"never__{first}", reversible="false")
        for moved, let in zip(species, lets[first:]):
            end = put(reaction, "Products", "speciesReference", id=let, species=moved)
            put(end, None, "stoichiometryMath", rules[let])
        put(reaction, None, "kineticLaw", number(0))


def ordered(rules):
    """Each rule after those that it uses."""
    placed = {}

    def place(variable):
        if variable in rules and variable not in placed:
            for used in names(rules[variable]):
                place(used)
            placed[variable] = None

    for variable in rules:
        place(variable)
    return list(placed)


def put(parent, group, kind, math=None, **attributes):
    """A new element of this kind, in the list of this name."""
    if group:
        found = parent.find(f"{L2}listOf{group}")
        parent = ET.SubElement(parent, f"{L2}listOf{group}") if found is None else found
    element = ET.SubElement(parent, L2 + kind, attributes)
    if math is not None:
        ET.SubElement(element, f"{MATH}math").append(math)
    return element


def some(element, *keys):
    return {key: element.get(key) for key in keys if element.get(key) is not None}


def formula(element):
    """What an element's `math` holds, without units; `None` where there is none."""
    held = element.find(f"{MATH}math")[0]
    for literal in held.iter(f"{MATH}cn"):
        literal.attrib.pop(f"{L3}units", None)
    return held


def names(math):
    """The identifiers in a formula; time counts as one."""
    return [it.text.strip() for it in math.iter() if it.tag in (f"{MATH}ci", f"{MATH}csymbol")]


def apply(operator, *arguments):
    element = ET.Element(f"{MATH}apply")
    element.extend([ET.Element(MATH + operator), *arguments])
    return element


def name(identifier):
    element = ET.Element(f"{MATH}ci")
    element.text = identifier
    return element


def number(value):
    element = ET.Element(f"{MATH}cn")
    element.text = repr(value)
    return element


if __name__ == "__main__":
    print(once(Path(sys.argv[1])))
