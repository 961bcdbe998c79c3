"""Runs exported scenarios in libRoadRunner and COPASI and compares every number with our own.

For each scenario: export SBML of every arm, let libSBML check it (units included), run it with all three
programs at tight tolerance, compare all states and biomarkers at all output times.

The difference of a quantity at a time is |theirs - ours| / (|ours| + 1e-3 * scale), where the scale of a state
is its natural size as the model declares it, and that of a biomarker its largest |ours| in the arm. Above LIMIT the scenario fails by name, and so it does for any
message of libSBML. Times of events differ by at most EVENT_LIMIT, relative to the time.
"""

import argparse
import csv
import json
import math
import os
import re
import resource
import subprocess
import sys
import tempfile
import tomllib
import xml.etree.ElementTree as ET
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 1e-5
EVENT_LIMIT = 1e-6
RTOL = 1e-10
# Below this share of a quantity's scale differences are not told apart from rounding.
FLOOR = 1e-3
SBML = "{http://www.sbml.org/sbml/level3/version2/core}"

# A short part: each model, each kind of event, tables, states that start from formulas, marked events.
SUBSET = [
    "scenarios/fibre/twitch.toml",
    "scenarios/fibre/prolonged_exercise.toml",
    "scenarios/energy/sprint_of_the_prototype.toml",
    "scenarios/energy/exhausting_work.toml",
    "scenarios/b_vitamins/riboflavin_refill.toml",
    "scenarios/redox/march.toml",
    "scenarios/bout/b_vitamins_and_work.toml",
    "scenarios/iron/marathon.toml",
    "scenarios/vitamin_c/with_iron_tablets.toml",
]


def ours(binary, *arguments):
    """Runs our own program; its output, or what it complained about."""
    done = subprocess.run([binary, *arguments], capture_output=True, encoding="utf-8", cwd=ROOT)
    if done.returncode not in (0, 4):
        raise RuntimeError(f"myoflux {' '.join(arguments)}: {done.stderr.strip()[-2000:]}")
    return done.stdout


def identifier(variable):
    """A name in our tables -> the identifier in SBML: biomarkers have no module in front."""
    return variable.replace(".", "__") if "." in variable else f"marker__{variable}"


SECONDS = {"s": 1.0, "ms": 1e-3, "min": 60.0, "h": 3600.0, "d": 86400.0}


def declared_scales():
    """identifier of a state -> its natural size."""
    scales = {}
    for path in sorted((ROOT / "models").glob("*.toml")):
        if path.name.endswith(".model.toml"):
            continue
        for name, state in tomllib.loads(path.read_text(encoding="utf-8")).get("states", {}).items():
            scales[f"{path.stem}__{name}"] = state["scale"]
    return scales


def reference(folder):
    """Our own results: arm -> (times in s, {identifier: values}), and arm -> [(event, time)]."""
    arms = {}
    with open(folder / "timeseries.csv", newline="", encoding="utf-8") as file:
        rows = csv.reader(file)
        next(rows)
        for _, arm, _, time, unit, variable, value, _ in rows:
            # Output times lie on whole nanoseconds.
            seconds = round(float(time) * SECONDS[unit] * 1e9) / 1e9
            columns = arms.setdefault(arm, {})
            columns.setdefault(identifier(variable), []).append((seconds, float(value)))
    series = {}
    for arm, columns in arms.items():
        times = [time for time, _ in next(iter(columns.values()))]
        series[arm] = (times, {name: [v for _, v in rows] for name, rows in columns.items()})
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    events = {arm["name"]: arm.get("events", []) for arm in run["arms"]}
    return series, events


def sabotage(path):
    """Makes the first kinetic law one per cent faster, for proof that the comparison notices."""
    text = path.read_text(encoding="utf-8")
    place = text.index("<kineticLaw")
    changed = re.sub(
        r"(<cn [^>]*>)([^<]+)(</cn>)",
        lambda found: f"{found[1]}{float(found[2]) * 1.01!r}{found[3]}",
        text[place:],
        count=1,
    )
    path.write_text(text[:place] + changed, encoding="utf-8")


def messages(path):
    """What libSBML has to say about a file, its units included."""
    import libsbml

    document = libsbml.readSBML(str(path))
    document.setConsistencyChecks(libsbml.LIBSBML_CAT_UNITS_CONSISTENCY, True)
    document.checkConsistency()
    found = [document.getError(k) for k in range(document.getNumErrors())]
    return [f"{e.getSeverityAsString()} {e.getErrorId()} line {e.getLine()}: {e.getShortMessage()}" for e in found]


def instants(path, end):
    """Times at which a file's scheduled events fire, after 0 and up to the end."""
    model = ET.parse(path).getroot().find(f"{SBML}model")
    values = {}
    for parameter in model.iter(f"{SBML}parameter"):
        if parameter.get("id").startswith("event_") and parameter.get("value") is not None:
            scale = 1e9 if (parameter.get("units") or "").endswith("ns") else 1.0
            values[parameter.get("id")] = (float(parameter.get("value")), scale)
    times = set()
    for name, (value, scale) in values.items():
        if name.endswith("__at"):
            times.add(value)
        elif name.endswith("__first"):
            event = name.removesuffix("__first")
            period, count = values[f"{event}__period"][0], int(values[f"{event}__times"][0])
            for k in range(count):
                since = k * period if scale == 1.0 else math.floor(k * period + 0.5)
                times.add((value + since) / scale)
    return sorted(time for time in times if 0 < time <= end)


def structure(path):
    """A file without its values and names: equal ones differ in numbers only."""
    text = re.sub(r'(<(?:parameter|species)\b[^>]*?)\s(?:value|initialAmount|initialConcentration)="[^"]*"', r"\1", path.read_text(encoding="utf-8"))
    text = re.sub(r"<notes>.*?</notes>", "", text, flags=re.S)
    return re.sub(r'\sname="[^"]*"', "", text)


def start_values(path):
    """identifier -> value that the file gives."""
    model = ET.parse(path).getroot().find(f"{SBML}model")
    found = {}
    for kind in ("parameter", "species"):
        for element in model.iter(f"{SBML}{kind}"):
            for key in ("value", "initialAmount", "initialConcentration"):
                if element.get(key) is not None:
                    found[element.get("id")] = float(element.get(key))
    return found


class RoadRunner:
    """libRoadRunner. An arm that differs from the one before in numbers only runs in the model that is
    already compiled: compiling takes longer than running."""

    name = "libRoadRunner"

    def __init__(self):
        import roadrunner

        config = roadrunner.Config
        config.setValue(config.LLVM_BACKEND, config.LLJIT)
        config.setValue(config.LLJIT_OPTIMIZATION_LEVEL, config.NONE)
        roadrunner.Logger.setLevel(roadrunner.Logger.LOG_ERROR)
        self.roadrunner = roadrunner
        self.runner = None
        self.structure = None

    def run(self, path, times, names, scales):
        found = structure(path)
        with_formulas = "<listOfInitialAssignments>" in found
        if found != self.structure or with_formulas:
            self.runner, self.structure = self.roadrunner.RoadRunner(str(path)), found
        runner = self.runner
        runner.resetAll()
        if not with_formulas:
            for name, value in start_values(path).items():
                runner[name] = value
        runner.timeCourseSelections = ["time", *names]
        integrator = runner.integrator
        integrator.relative_tolerance = RTOL
        integrator.maximum_num_steps = 10_000_000
        # One absolute tolerance per state: a scalar is scaled by initial amounts, some of which are zero.
        for k in range(len(integrator.getAbsoluteToleranceVector())):
            state = runner.model.getStateVectorId(k)
            integrator.setIndividualTolerance(state, RTOL * FLOOR * scales.get(state, 1.0))
        return [list(map(float, row)) for row in runner.simulate(times=times)]


class Copasi:
    """COPASI through basico. It calls quantities by their titles, and by their identifiers in a file without."""

    name = "COPASI"

    def __init__(self):
        import basico

        self.basico = basico

    def run(self, path, times, names, scales):
        basico = self.basico
        plain = path.with_suffix(".plain.xml")
        plain.write_text(re.sub(r'\sname="[^"]*"', "", path.read_text(encoding="utf-8")), encoding="utf-8")
        model = basico.load_model(str(plain))
        try:
            species = set(basico.get_species(model=model).index) if basico.get_species(model=model) is not None else set()
            # In a compartment of one litre a concentration is the amount.
            shown = [f"[{name}]" if name in species else f"Values[{name}]" for name in names]
            # The tightest tolerance at which its integrator gets through.
            for rtol in (RTOL, 1e-9, 1e-8):
                frame = basico.run_time_course_with_output(
                    ["Time", *shown],
                    values=times,
                    use_initial_values=True,
                    r_tol=rtol,
                    a_tol=rtol * 1e-4,
                    max_steps=100_000_000,
                    model=model,
                )
                rows = [list(map(float, row)) for row in frame.to_numpy()]
                if rows and rows[-1][0] >= times[-1] * (1 - 1e-9):
                    break
            return rows
        finally:
            basico.remove_datamodel(model)
            plain.unlink()


def at(rows, times):
    """The rows at these times; of several at one time the last, which is after what happens then."""
    found, k = [], 0
    for time in times:
        tolerance = 1e-9 * max(abs(time), 1e-3)
        while k + 1 < len(rows) and rows[k + 1][0] <= time + tolerance:
            k += 1
        if abs(rows[k][0] - time) > tolerance:
            raise RuntimeError(f"no row at {time} s")
        found.append(rows[k])
    return found


def worst(rows, times, names, series, scales):
    """(largest difference, quantity, time)."""
    most = (0.0, "", 0.0)
    for column, name in enumerate(names, start=1):
        values = series[name]
        for row, time, value in zip(rows, times, values):
            size = abs(value) + FLOOR * scales[name]
            difference = abs(row[column] - value)
            if difference == 0.0:
                continue
            relative = difference / size if size > 0.0 else math.inf
            if not relative <= most[0]:
                most = (relative, name, time)
    return most


def event_times(rows, column):
    """Times at which a state event fired, from the column that holds the last one."""
    times = []
    for row in rows:
        if row[column] > 0.0 and (not times or row[column] != times[-1]):
            times.append(row[column])
    return times


def check(job):
    """One scenario: what libSBML says, the worst differences, what went wrong."""
    scenario, binary, engines, sabotaged = job
    start = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    result = {"scenario": scenario, "arms": 0, "messages": [], "worst": {}, "events": {}, "problems": []}
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        try:
            written = ours(binary, "export", "sbml", scenario, "--rtol", str(RTOL), "-o", str(folder / "arm.xml"))
            ours(binary, "run", scenario, "--rtol", str(RTOL), "-o", str(folder / "run"))
            series, events = reference(folder / "run")
            files = [line.split("\t") for line in written.splitlines()]
            runners = [kind() for kind in engines]
            for name, arm in files:
                path = Path(name)
                if sabotaged:
                    sabotage(path)
                compare(path, arm, series[arm], events[arm], runners, result)
                result["arms"] += 1
        except Exception as problem:
            result["problems"].append(f"{type(problem).__name__}: {problem}")
    spent = resource.getrusage(resource.RUSAGE_SELF)
    result["cpu"] = spent.ru_utime - start
    return result


def compare(path, arm, series, events, runners, result):
    """Adds one arm to the result."""
    result["messages"] += [f"{arm}: {message}" for message in messages(path)]
    times, columns = series
    text = path.read_text(encoding="utf-8")
    known = set(re.findall(r'<(?:species|parameter) (?:metaid="[^"]*" )?id="([^"]+)"', text))
    lost = [name for name in columns if name not in known]
    if lost:
        result["problems"].append(f"{arm}: not in the file: {', '.join(lost)}")
    natural = declared_scales()
    names = [name for name in columns if name in known and (name in natural or name.startswith("marker__"))]
    scales = {name: natural.get(name) or max(map(abs, columns[name])) or 1.0 for name in names}
    fired = sorted({event["event"] for event in events})
    marks = [f"event__{name.replace('.', '__')}__time" for name in fired]
    every = sorted({*times, *instants(path, times[-1])})
    for runner in runners:
        try:
            rows = at(runner.run(path, every, names + marks, scales), every)
        except Exception as problem:
            result["problems"].append(f"{arm}: {runner.name}: {type(problem).__name__}: {problem}")
            continue
        for k, (mark, event) in enumerate(zip(marks, fired)):
            theirs = event_times(rows, 1 + len(names) + k)
            expected = [e["time_s"] for e in events if e["event"] == event]
            late = compare_events(expected, theirs)
            result["events"][runner.name] = max(result["events"].get(runner.name, 0.0), late)
        rows = at(rows, times)
        found = worst(rows, times, names, columns, scales)
        if not found[0] <= result["worst"].get(runner.name, (-1.0,))[0]:
            result["worst"][runner.name] = (*found, arm)


def compare_events(ours, theirs):
    """Largest difference of times, relative; infinite where one fired more often between two rows."""
    if len(ours) != len(theirs):
        return math.inf
    return max((abs(a - b) / max(a, 1e-3) for a, b in zip(ours, theirs)), default=0.0)


def verdict(result):
    """Why a scenario fails; nothing if it passes."""
    reasons = list(result["problems"]) + result["messages"]
    for engine, (value, name, time, arm) in result["worst"].items():
        if not value <= LIMIT:
            reasons.append(f"{engine} differs by {value:.1e} in {name} at {time:g} s of arm \"{arm}\"")
    for engine, value in result["events"].items():
        if not value <= EVENT_LIMIT:
            reasons.append(f"{engine}: an event differs by {value:.1e} of its time")
    return reasons


def line(result):
    """One row of the table."""
    def cell(engine):
        found = result["worst"].get(engine)
        return f"{found[0]:.1e} | `{found[1]}`" if found else "- | -"
    events = max(result["events"].values(), default=None)
    events = "" if events is None else f"{events:.0e}"
    name = result["scenario"].removeprefix("scenarios/").removesuffix(".toml")
    engines = " | ".join(cell(engine.name) for engine in (RoadRunner, Copasi))
    return f"| {name} | {result['arms']} | {len(result['messages'])} | {engines} | {events} | {result['cpu']:.0f} |"


HEAD = """# Agreement with other simulators

Written by `tests/agreement/run.sh --table docs/agreement.md`. Every scenario, all its arms: exported as SBML,
checked by libSBML (units included), run by libRoadRunner and COPASI (relative tolerance {rtol:g}), compared with our
own run at the same tolerance in all states and biomarkers at all output times. Difference:
|theirs - ours| / (|ours| + {floor:g} * scale): a state's natural size, a biomarker's largest value. The worst one of each scenario and
the quantity in which it occurs; events: worst difference of their times, relative. Limits: {limit:g} and
{event_limit:g}. CPU: seconds for checking and comparing.

| scenario | arms | messages of libSBML | libRoadRunner | in | COPASI | in | events | CPU s |
|---|---|---|---|---|---|---|---|---|
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenarios", nargs="*", help="scenario files (default: all)")
    parser.add_argument("--subset", action="store_true", help="a short part: each model, each kind of event")
    parser.add_argument("--binary", default=str(ROOT / "target/release/myoflux"))
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--engine", choices=["libroadrunner", "copasi"], help="only this one")
    parser.add_argument("--table", help="write the table to this file")
    parser.add_argument("--sabotage", action="store_true", help="change one kinetic law of each export: must fail")
    arguments = parser.parse_args()
    everything = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("scenarios/*/*.toml"))
    everything = [path for path in everything if not path.endswith(".study.toml")]
    scenarios = arguments.scenarios or (SUBSET if arguments.subset else everything)
    engines = {"libroadrunner": [RoadRunner], "copasi": [Copasi]}.get(arguments.engine, [RoadRunner, Copasi])
    jobs = [(scenario, arguments.binary, engines, arguments.sabotage) for scenario in scenarios]
    results = []
    # A process per scenario: what one leaves behind in an engine concerns no other.
    with ProcessPoolExecutor(max_workers=arguments.jobs, max_tasks_per_child=1) as pool:
        for result in pool.map(check, jobs):
            results.append(result)
            reasons = verdict(result)
            print(("FAIL " if reasons else "ok   ") + line(result), flush=True)
            for reason in reasons[:10]:
                print(f"       {result['scenario']}: {reason}", flush=True)
    failed = [result["scenario"] for result in results if verdict(result)]
    own = resource.getrusage(resource.RUSAGE_CHILDREN)
    arms = sum(result["arms"] for result in results)
    total = f"{len(results)} scenarios, {arms} arms, {own.ru_utime + own.ru_stime:.0f} s of CPU time"
    print(f"{total}; {len(failed)} failed")
    if arguments.table:
        head = HEAD.format(rtol=RTOL, floor=FLOOR, limit=LIMIT, event_limit=EVENT_LIMIT)
        Path(arguments.table).write_text(head + "\n".join(map(line, results)) + f"\n\n{total}.\n", encoding="utf-8")
    if failed:
        print("failed: " + ", ".join(failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
