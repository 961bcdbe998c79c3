"""The two simulators, each behind `run(path, times, names, scales)`: one row (time, *values) per time, those
just after what happens at a time last."""

import re

from files import instants, start_values, structure
from once import readable

RTOL = 1e-10
# Below this share of a quantity's scale differences are not told apart from rounding.
FLOOR = 1e-3


class Stopped(Exception):
    """The simulator itself gave up: what it said."""


class RoadRunner:
    """libRoadRunner. An arm that differs from the one before in numbers only runs in the model that is
    already compiled: compiling takes longer than running."""

    name = "libRoadRunner"

    def __init__(self, optimised="NONE"):
        import roadrunner

        config = roadrunner.Config
        config.setValue(config.LLVM_BACKEND, config.LLJIT)
        config.setValue(config.LLJIT_OPTIMIZATION_LEVEL, getattr(config, optimised))
        roadrunner.Logger.setLevel(roadrunner.Logger.LOG_ERROR)
        self.roadrunner = roadrunner
        self.runner = None
        self.structure = None

    def run(self, path, times, names, scales):
        self.prepare(path, names, scales)
        return self.course(times, set(instants(path, times[-1])), names)

    def prepare(self, path, names, scales, rtol=RTOL):
        found = structure(path)
        with_formulas = "<listOfInitialAssignments>" in found
        if found != self.structure or with_formulas:
            self.runner, self.structure = self.roadrunner.RoadRunner(str(readable(path))), found
        runner = self.runner
        runner.resetAll()
        if not with_formulas:
            for name, value in start_values(path).items():
                runner[name] = value
        runner.timeCourseSelections = ["time", *names]
        integrator = runner.integrator
        integrator.relative_tolerance = rtol
        integrator.maximum_num_steps = 10_000_000
        # One absolute tolerance per state: a scalar is scaled by initial amounts, some of which are zero.
        for k in range(len(integrator.getAbsoluteToleranceVector())):
            state = runner.model.getStateVectorId(k)
            integrator.setIndividualTolerance(state, rtol * FLOOR * scales.get(state, 1.0))
        # What is set from outside is no state: the rules are told.
        runner.getRatesOfChange()

    def course(self, times, instants, names):
        """Rows at these times. Rules that are computed once follow the state, but not what an event sets before the
        next step: at instants at which something happens they are read a moment later."""
        rules = [column for column, name in enumerate(names, start=1) if name.startswith("marker__")]
        later = {time * (1 + 1e-11) for time in times if time in instants} if rules else set()
        every = sorted({*times, *later})
        rows = [list(map(float, row)) for row in self.runner.simulate(times=every)]
        kept = []
        for time, row in zip(every, rows, strict=True):
            if time in later:
                for column in rules:
                    kept[-1][column] = row[column]
            else:
                kept.append(row)
        return kept


class Copasi:
    """COPASI through basico. It calls quantities by their titles, and by their identifiers in a file without."""

    name = "COPASI"

    def __init__(self):
        import basico
        import COPASI

        self.basico, self.message = basico, COPASI.CCopasiMessage

    def run(self, path, times, names, scales):
        basico = self.basico
        plain = path.with_suffix(".plain.xml")
        # Neither titles nor annotations: it warns of every resource that it does not know.
        text = re.sub(r'\s(?:name|sboTerm)="[^"]*"', "", path.read_text(encoding="utf-8"))
        text = re.sub(r"<(annotation|notes)>.*?</\1>", "", text, flags=re.S)
        plain.write_text(text, encoding="utf-8")
        model = basico.load_model(str(plain))
        try:
            return self.course(model, times, names, RTOL)
        finally:
            basico.remove_datamodel(model)
            plain.unlink()

    def course(self, model, times, names, rtol):
        species = self.basico.get_species(model=model)
        species = set() if species is None else set(species.index)
        # In a compartment of one litre a concentration is the amount.
        shown = [f"[{name}]" if name in species else f"Values[{name}]" for name in names]
        self.message.clearDeque()
        frame = self.basico.run_time_course_with_output(
            ["Time", *shown],
            values=times,
            use_initial_values=True,
            r_tol=rtol,
            a_tol=rtol * 1e-4,
            max_steps=100_000_000,
            model=model,
        )
        rows = [list(map(float, row)) for row in frame.to_numpy()]
        if not rows or rows[-1][0] < times[-1] * (1 - 1e-9):
            said = re.findall(r">EXCEPTION[^<]*<\s*(.*)", self.message.getAllMessageText())
            reached = rows[-1][0] if rows else 0.0
            raise Stopped(f"COPASI stops after {reached:g} s: {said[-1] if said else 'it does not say why'}")
        return rows
