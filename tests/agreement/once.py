"""An exported file -> the same equations so that libRoadRunner computes every rule once.

libRoadRunner writes a rule's formula out wherever its quantity is used, and what that formula uses inside of it, and
so on: the cache of its code generator (`LLVM_SYMBOL_CACHE`) is filled but not read. Code grows with the number of
paths through the rules instead of with the rules: 6e11 instructions for the whole body. What it does compute once,
in the order of the file and whenever the state changes, is `stoichiometryMath`, and it reads a reference's value
where the reference's id is used. So each rule becomes the stoichiometry of a species in a reaction that never runs.
Reading one takes a search in a matrix, so a rule that is used once is written into the formula that uses it, and a
formula that uses one several times is a function of it: arguments are read once. What nothing uses is left out.

Only libRoadRunner reads what is written: Level 2 Version 4, where these formulas are at home, with `min` and `max`
of Level 3 and references by their ids. Units, titles, notes and priorities of events are left out.

    python once.py athlete.xml      # writes athlete.once.xml
"""

import copy
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

L3 = "{http://www.sbml.org/sbml/level3/version2/core}"
L2 = "{http://www.sbml.org/sbml/level2/version4}"
MATH = "{http://www.w3.org/1998/Math/MathML}"
# Elements of formulas that are no formulas.
PARTS = [MATH + part for part in ("piece", "otherwise", "logbase")]
# Parts of formulas, written out, up to which libRoadRunner gets a file as it is: loaded in two seconds. In the short
# part of the comparison some files are above it.
BEARABLE = 7e4


def readable(path):
    """The exported file where libRoadRunner can load it, else one with the same equations beside it."""
    return path if is_bearable(path) else once(path)


def is_bearable(path):
    """Whether libRoadRunner can load the file as it is exported."""
    return size(path) <= BEARABLE


def size(path):
    """Parts that all formulas of a file have, written out."""
    return written_out(Equations(path))


def once(path):
    """Writes the file whose rules libRoadRunner computes once; its path."""
    written = path.with_suffix(".once.xml")
    ET.register_namespace("", L2[1:-1])
    ET.ElementTree(document(Equations(path))).write(written, "utf-8", xml_declaration=True)
    return written


class Equations:
    """What a file holds: its lists, and what stands in rules, rate rules and kinetic laws, by identifier."""

    def __init__(self, path):
        model = ET.parse(path).getroot().find(f"{L3}model")
        self.id = model.get("id")
        self.lists = {part.tag.removeprefix(f"{L3}listOf"): list(part) for part in model}
        changing = self.all("Rules")
        self.rules = {it.get("variable"): formula(it) for it in changing if it.tag == f"{L3}assignmentRule"}
        self.rates = {it.get("variable"): formula(it) for it in changing if it.tag == f"{L3}rateRule"}
        self.laws = {it.get("id"): formula(it.find(f"{L3}kineticLaw")) for it in self.all("Reactions")}
        parts = [part for event in self.all("Events") for part in event.iter()]
        self.events = [formula(it) for it in parts if it.tag in (f"{L3}trigger", f"{L3}eventAssignment")]
        self.turn_around()

    def turn_around(self):
        """The rate of a process is a multiple of its reaction's: computed from the formula instead, the law from it."""
        for variable, rule in self.rules.items():
            used = [it for it in names(rule) if it in self.laws]
            if used:
                (back, reaction), law = list(rule)[1:], used[0]
                assert reaction.text == law and back.tag == f"{MATH}cn", f"{variable} is more than a multiple of {law}"
                self.rules[variable] = apply(ET.Element(f"{MATH}times"), back, self.laws[law])
                self.laws[law] = apply(ET.Element(f"{MATH}divide"), name(variable), back)

    def all(self, kind):
        return self.lists.get(kind, [])

    def ordered(self):
        """The rules, each after those that it uses."""
        placed = {}

        def place(variable):
            if variable in self.rules and variable not in placed:
                for used in names(self.rules[variable]):
                    place(used)
                placed[variable] = None

        for variable in self.rules:
            place(variable)
        return list(placed)


def written_out(equations):
    """Parts that all formulas have when each rule stands where its quantity is used."""
    known = {}

    def parts(math):
        return sum(1 for _ in math.iter()) + sum(known.get(it, 0) for it in names(math))

    for rule in equations.ordered():
        known[rule] = parts(equations.rules[rule])
    return sum(known.values()) + sum(map(parts, [*equations.rates.values(), *equations.laws.values()]))


def document(equations):
    fold(equations)
    rules, rates, laws = equations.rules, equations.rates, equations.laws
    computed = [it for it in equations.ordered() if not is_shown(it) and names(rules[it])]
    root = ET.Element(f"{L2}sbml", level="2", version="4")
    out = ET.SubElement(root, f"{L2}model", id=equations.id)
    for it in equations.all("FunctionDefinitions"):
        put(out, "FunctionDefinitions", "functionDefinition", formula(it), id=it.get("id"))
    for formulas in (rules, rates, laws):
        for it in formulas:
            formulas[it] = read_once(formulas[it], set(computed), out)
    for it in equations.all("Compartments"):
        put(out, "Compartments", "compartment", **some(it, "id", "size"))
    species = equations.all("Species")
    values = {it.get("id"): it.get("value") for it in equations.all("Parameters")}
    for it in species:
        assert values[it.get("conversionFactor")] == "1", "Level 2 has no conversion factors"
        kept = some(it, "id", "compartment", "initialAmount", "initialConcentration", "hasOnlySubstanceUnits")
        put(out, "Species", "species", **kept)
    for it in equations.all("Parameters"):
        if it.get("value") is not None or (it.get("id") in rules and it.get("id") not in computed):
            # What depends on constants only would not be computed after the start.
            put(out, "Parameters", "parameter", constant="false", **some(it, "id", "value"))
    for it in equations.all("InitialAssignments"):
        put(out, "InitialAssignments", "initialAssignment", formula(it), symbol=it.get("symbol"))
    for it in computed:
        # Formulas for the start would be written out in one another.
        put(out, "InitialAssignments", "initialAssignment", number(0), symbol=it)
    for variable, math in rules.items():
        if variable not in computed:
            put(out, "Rules", "assignmentRule", math, variable=variable)
    for variable, math in rates.items():
        put(out, "Rules", "rateRule", math, variable=variable)
    # First, because what stands first in a row of the matrix is found first.
    never_run(out, computed, rules, [it.get("id") for it in species])
    for it in equations.all("Reactions"):
        reaction = put(out, "Reactions", "reaction", id=it.get("id"), reversible="true")
        for side in ("Reactants", "Products"):
            for end in it.iterfind(f"{L3}listOf{side}/{L3}speciesReference"):
                put(reaction, side, "speciesReference", **some(end, "species", "stoichiometry"))
        put(reaction, None, "kineticLaw", laws[it.get("id")])
    for it in equations.all("Events"):
        event = put(out, "Events", "event", id=it.get("id"), useValuesFromTriggerTime="false")
        put(event, None, "trigger", formula(it.find(f"{L3}trigger")))
        for set_ in it.iter(f"{L3}eventAssignment"):
            put(event, "EventAssignments", "eventAssignment", formula(set_), variable=set_.get("variable"))
    return root


def fold(equations):
    """Drops rules that nothing uses and writes those that are used once into the formula that uses them."""
    rules = equations.rules
    used = Counter(it for math in [*equations.rates.values(), *equations.laws.values()] for it in names(math))
    waited_for = {it for math in equations.events for it in names(math)}
    for variable in reversed(equations.ordered()):
        if is_shown(variable) or variable in waited_for or used[variable]:
            used.update(names(rules[variable]))
        else:
            del rules[variable]

    def few(variable):
        # Rows of a table are read at the same knots, by which each formula gets them once anyway.
        return used[variable] <= (3 if variable.startswith("table__") else 1)

    inside = {it: rules[it] for it in rules if few(it) and not is_shown(it) and it not in waited_for}

    def written(math):
        if math.tag == f"{MATH}ci" and math.text in inside:
            return written(copy.deepcopy(inside[math.text]))
        math[:] = [written(part) for part in math]
        return math

    for variable in inside:
        del rules[variable]
    for formulas in (rules, equations.rates, equations.laws):
        for variable in formulas:
            formulas[variable] = written(formulas[variable])


def read_once(math, computed, out):
    """A formula as a call of a function of what it uses several times."""
    often = [it for it, count in Counter(names(math)).items() if count > 1 and it in computed]
    if not often:
        return math
    if math.tag in PARTS or next(math.iter(f"{MATH}piecewise"), None) is not None:
        # No condition in a function: libRoadRunner would write all functions out to find where it changes.
        math[:] = [read_once(part, computed, out) for part in math]
        return math
    function = ET.Element(f"{MATH}lambda")
    for it in often:
        ET.SubElement(function, f"{MATH}bvar").append(name(it))
    function.append(math)
    functions = out.find(f"{L2}listOfFunctionDefinitions")
    identifier = f"read_once__{0 if functions is None else len(functions)}"
    put(out, "FunctionDefinitions", "functionDefinition", function, id=identifier)
    return apply(name(identifier), *map(name, often))


def never_run(out, computed, rules, species):
    """Reactions of rate zero; one species of each belongs to one rule, in the order in which they are computed."""
    for first in range(0, len(computed), len(species)):
        reaction = put(out, "Reactions", "reaction", id=f"never__{first}", reversible="false")
        for moved, rule in zip(species, computed[first:]):
            end = put(reaction, "Products", "speciesReference", id=rule, species=moved)
            put(end, None, "stoichiometryMath", rules[rule])
        put(reaction, None, "kineticLaw", number(0))


def is_shown(variable):
    """Whether results are asked for it: such a rule stays one."""
    return variable.startswith("marker__")


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
    """What an element's `math` holds, without units."""
    held = element.find(f"{MATH}math")[0]
    for literal in held.iter(f"{MATH}cn"):
        literal.attrib.pop(f"{L3}units", None)
    return held


def names(math):
    """The identifiers in a formula."""
    return [it.text for it in math.iter(f"{MATH}ci")]


def apply(operator, *arguments):
    element = ET.Element(f"{MATH}apply")
    element.extend([operator, *arguments])
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
