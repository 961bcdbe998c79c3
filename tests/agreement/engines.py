"""The two simulators, each behind `run(path, times, names, scales)`: one row (time, *values) per time, those
just after what happens at a time last."""

import re

from files import instants, start_values, structure
from once import is_bearable, readable, size
from pieces import Pieces, value

RTOL = 1e-10
# In the whole body some quantities, which are small differences, would be off by 1e-5 at that.
TIGHTER = 1e-11
# Parts of formulas, written out: the whole body has 8e11, what COPASI runs to its end 3e6 at most.
LOST = 1e9
# Below this share of a quantity's scale differences are not told apart from rounding.
FLOOR = 1e-3
# How often a piece that COPASI does not finish is tried, and with how many steps from one row to the next.
ATTEMPTS = 6
FEW_STEPS = 5_000


class Stopped(Exception):
    """The simulator itself gave up: what it said."""


def plain(path):
    """A file's text with neither titles nor annotations: COPASI warns of every resource that it does not know."""
    text = re.sub(r'\s(?:name|sboTerm)="[^"]*"', "", path.read_text(encoding="utf-8"))
    return re.sub(r"<(annotation|notes)>.*?</\1>", "", text, flags=re.S)


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

    def loses(self, path):
        return False

    def run(self, path, times, names, scales, fired):
        self.prepare(path, names, scales, RTOL if is_bearable(path) else TIGHTER)
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
    rtol = RTOL

    def __init__(self):
        import basico
        import COPASI

        self.basico, self.message, self.objects = basico, COPASI.CCopasiMessage, COPASI.ObjectStdVector

    def loses(self, path):
        """Whether it does not reach the end of the file, as of the whole body, which is far larger than all others."""
        return size(path) > LOST

    def run(self, path, times, names, scales, fired):
        pieces = Pieces(plain(path), path, times[-1], fired) if self.loses(path) else None
        model = self.load(pieces.text() if pieces else plain(path))
        try:
            return self.in_pieces(model, times, names, pieces) if pieces else self.course(model, times, names)
        finally:
            self.basico.remove_datamodel(model)

    def load(self, text):
        return self.basico.load_model_from_string(text)

    def in_pieces(self, model, times, names, pieces):
        """As `course`, from one event to the next; each piece leaves the model where it ends."""
        basico, species = self.basico, self.species(model)

        def known(name):
            if name in species:
                return float(basico.get_species(name, exact=True, model=model)["concentration"].iloc[0])
            found = basico.get_parameters(name, exact=True, model=model)
            return float(found["value" if found["type"].iloc[0] == "assignment" else "initial_value"].iloc[0])

        def change(name, number):
            if name in species:
                basico.set_species(name, exact=True, model=model, initial_concentration=number)
            else:
                basico.set_parameters(name, exact=True, model=model, initial_value=number)

        rows, since = [], times[0]
        for until, events in [*pieces.happenings, (times[-1], [])]:
            if until > since:
                for name, condition in pieces.choices:
                    change(name, float(value(condition, known, since)))
                piece = [since, *(time for time in times if since < time < until), until]
                rows += self.patiently(model, piece, names, change)
            for sets in events:
                new = [(name, value(formula, known, until)) for name, formula in sets]
                for name, number in new:
                    change(name, number)
            since = until
        return rows

    def patiently(self, model, times, names, change):
        """One piece, integrated without what follows from sums that stay: a third of the time. Where COPASI loses the
        state or hardly moves, which depends on its steps, it tries again at a slightly tighter tolerance."""
        start = self.moving(model)
        for attempt in range(ATTEMPTS):
            try:
                return self.course(model, times, names, 0.7**attempt, update_model=True, reduced=True)
            except Stopped:
                if attempt + 1 == ATTEMPTS:
                    raise
                for name, number in start.items():
                    change(name, number)

    def moving(self, model):
        """Where the next run starts: of species and of quantities with a rate rule."""
        species = self.basico.get_species(model=model)
        quantities = self.basico.get_parameters(model=model)
        rates = quantities[quantities["type"] == "ode"]
        return {**species["initial_concentration"].to_dict(), **rates["initial_value"].to_dict()}

    def species(self, model):
        found = self.basico.get_species(model=model)
        return set() if found is None else set(found.index)

    def course(self, model, times, names, tighter=1.0, update_model=False, reduced=False):
        species = self.species(model)
        method = {"method": {"Integrate Reduced Model": reduced}}
        self.basico.set_task_settings(self.basico.T.TIME_COURSE, method, model=model)
        # In a compartment of one litre a concentration is the amount.
        shown = [f"[{name}]" if name in species else f"Values[{name}]" for name in names]
        self.message.clearDeque()
        frame = self.basico.run_time_course_with_output(
            ["Time", *shown],
            values=times,
            use_initial_values=True,
            update_model=update_model,
            r_tol=self.rtol * tighter,
            a_tol=self.rtol * tighter * 1e-4,
            max_steps=FEW_STEPS if reduced else 100_000_000,
            model=model,
        )
        rows = [list(map(float, row)) for row in frame.to_numpy()]
        if not rows or rows[-1][0] < times[-1] * (1 - 1e-9):
            said = re.findall(r">EXCEPTION[^<]*<\s*(.*)", self.message.getAllMessageText())
            reached = rows[-1][0] if rows else 0.0
            raise Stopped(f"COPASI stops after {reached:g} s: {said[-1] if said else 'it does not say why'}")
        return rows
