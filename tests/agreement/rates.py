"""Whether COPASI reads the same equations where it cannot integrate them: rates of change at the same states.

COPASI loses the whole body's state ("Invalid state") on the first day of meals and training (pieces.py), so there it is
not asked for a course. libRoadRunner runs the first days, and halfway between any two instants at which something
happens COPASI gets all that has changed by then, in the file as it is exported, and tells the rate of every state.

The difference of a rate is |theirs - its| / (|its| + FLOOR * scale / hour), with the scale of the state.
"""

import xml.etree.ElementTree as ET

from engines import FLOOR, Copasi, RoadRunner, plain
from files import SBML, instants

DAYS = 2.0
DAY = 86400.0
HOUR = 3600.0


def compare(path, end, scales):
    """One arm: the worst difference, where and when, and the days that it was looked for in."""
    end = min(end, DAYS * DAY)
    runner = RoadRunner()
    runner.prepare(path, [], scales)
    runner = runner.runner
    states = [runner.model.getStateVectorId(k) for k in range(len(runner.integrator.getAbsoluteToleranceVector()))]
    theirs = Rates(path)
    most = (0.0, "", 0.0)
    bounds = sorted({0.0, *instants(path, end), end})
    for since, until in zip(bounds, bounds[1:]):
        middle = (since + until) / 2
        # Points on the instants: a step could pass over a trigger between two points.
        runner.simulate(times=[runner.model.getTime(), *([since] if since > 0.0 else []), middle])
        its = {name: runner.getValue(f"{name}'") for name in states}
        changed = {name: runner[name] for name in {*states, *theirs.inputs}}
        found = theirs.at(middle, changed)
        for name in states:
            size = abs(its[name]) + FLOOR * scales.get(name, 1.0) / HOUR
            difference = abs(found[name] - its[name]) / size
            if not difference <= most[0]:
                most = (difference, name, middle)
    return {"worst": most, "days": end / DAY}


class Rates:
    """One file in COPASI: what changes in it, by identifier, and the rates at a state."""

    def __init__(self, path):
        model = ET.parse(path).getroot().find(f"{SBML}model")
        sets = [it.get("variable") for it in model.iter(f"{SBML}eventAssignment")]
        self.engine = Copasi()
        self.loaded = self.engine.load(plain(path))
        held = self.loaded.getModel()
        self.quantities = {it.getSBMLId(): it for it in held.getModelValues()}
        self.species = {it.getSBMLId(): it for it in held.getMetabolites()}
        self.inputs = [name for name in dict.fromkeys(sets) if name in self.quantities]

    def at(self, time, values):
        """identifier -> rate, of all states."""
        model, changed = self.loaded.getModel(), self.engine.objects()
        model.setInitialTime(time)
        for name, value in values.items():
            if name in self.species:
                self.species[name].setInitialConcentration(value)
                changed.append(self.species[name].getInitialConcentrationReference())
            elif name in self.quantities:
                self.quantities[name].setInitialValue(value)
                changed.append(self.quantities[name].getInitialValueReference())
        model.updateInitialValues(changed)
        model.applyInitialValues()
        container = model.getMathContainer()
        container.updateSimulatedValues(False)
        container.pushAllTransientValues()
        rates = {name: it.getConcentrationRate() for name, it in self.species.items()}
        return rates | {name: it.getRate() for name, it in self.quantities.items()}
