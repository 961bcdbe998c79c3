"""The events and choices of an exported file, carried out from outside.

COPASI loses the whole body's state ("Invalid state") on the first day of meals and training as it is exported, at a
time that depends on its tolerance and not on an event; why is not known. Without events it does so less often: from one
event to the next it comes as far as the first bout of training. There it stops at each of three tolerances, or goes on
as if there had been no bout. So benches/peers.py gives it the equations alone until then, and what happens in between
is computed here, as the file says it. Conditions compare inputs and parameters only, so between two events each is a
number: `choice__K`, 1 or 0.
"""

import math
import operator
import xml.etree.ElementTree as ET
from functools import reduce

from files import SBML, schedules
from once import MATH, apply, name, number

OPERATIONS = {
    "plus": lambda *terms: math.fsum(terms),
    "times": lambda *factors: reduce(operator.mul, factors),
    "minus": lambda first, *second: first - second[0] if second else -first,
    "divide": operator.truediv,
    "gt": operator.gt,
    "lt": operator.lt,
    "neq": operator.ne,
    "and": lambda *parts: all(parts),
}


class Pieces:
    """Equations without events and conditions, and what is to be done between runs of them.

    `happenings` are (time, events in order), an event is a list of (variable, formula); `choices` are (parameter,
    formula). State events happen when our own run says so: what is compared is what lies between them, and
    libRoadRunner finds their times by itself."""

    def __init__(self, text, path, end, fired):
        self.root = ET.fromstring(text)
        model = self.root.find(f"{SBML}model")
        times = schedules(path, end)
        for event in fired:
            times.setdefault(f"event__{event['event'].replace('.', '__')}", []).append(event["time_s"])
        due = {}
        for event in model.iter(f"{SBML}event"):
            sets = [(it.get("variable"), it.find(f"{MATH}math")[0]) for it in event.iter(f"{SBML}eventAssignment")]
            priority = value(event.find(f"{SBML}priority/{MATH}math")[0], None, 0.0)
            for time in times.get(event.get("id"), []):
                due.setdefault(time, []).append((priority, sets))
        # Of equal priority the file's order.
        self.happenings = [(at, [sets for _, sets in sorted(due[at], key=lambda it: -it[0])]) for at in sorted(due)]
        events = model.find(f"{SBML}listOfEvents")
        if events is not None:
            model.remove(events)
        self.choices = []
        self.choose(model)
        parameters = model.find(f"{SBML}listOfParameters")
        for choice, _ in self.choices:
            ET.SubElement(parameters, f"{SBML}parameter", id=choice, value="0", constant="false")

    def choose(self, element):
        """Writes each `piecewise` below as choice * piece + (1 - choice) * otherwise."""
        for at, part in enumerate(element):
            self.choose(part)
            if part.tag == f"{MATH}piecewise":
                (piece, condition), (otherwise,) = part
                choice = f"choice__{len(self.choices)}"
                self.choices.append((choice, condition))
                rest = applied("minus", number(1), name(choice))
                element[at] = applied("plus", applied("times", name(choice), piece), applied("times", rest, otherwise))

    def text(self):
        ET.register_namespace("", SBML[1:-1])
        return ET.tostring(self.root, "unicode", xml_declaration=True)


def applied(operation, *arguments):
    return apply(ET.Element(MATH + operation), *arguments)


def value(formula, known, time):
    """A formula's value at a time; `known` gives that of an identifier."""
    kind = formula.tag.removeprefix(MATH)
    if kind == "cn":
        return float(formula.text)
    if kind == "ci":
        return known(formula.text.strip())
    if kind == "csymbol":
        return time
    if kind == "piecewise":
        for part in formula:
            if part.tag == f"{MATH}otherwise" or value(part[1], known, time):
                return value(part[0], known, time)
    operation = OPERATIONS[formula[0].tag.removeprefix(MATH)]
    return operation(*(value(part, known, time) for part in formula[1:]))
