"""Runs exported scenarios in libRoadRunner and COPASI and compares every number with our own.

For each scenario: export SBML of every arm, let libSBML check it (units included), run it with all three
programs at tight tolerance, ours tighter, compare all states and biomarkers at all output times.

The difference of a quantity at a time is |theirs - ours| / (|ours| + 1e-3 * scale), where the scale of a state
is its natural size as the model declares it, and that of a biomarker its largest |ours| in the arm. Above LIMIT
the scenario fails by name, and so it does for any message of libSBML. Times of events differ by at most
EVENT_LIMIT, relative to the time.
"""

import argparse
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import rates
from compare import at, compare_events, event_times, worst
from engines import FLOOR, RTOL, TIGHTER, Copasi, RoadRunner, Stopped
from files import ROOT, declared_scales, instants, messages, ours, reference, sabotage, structure
from once import BEARABLE, is_bearable

# Below that of most; a tenth of the tightest takes twice as long, most of it for the way to the start.
OUR_RTOL = TIGHTER
LIMIT = 1e-5
EVENT_LIMIT = 1e-6
ENGINES = {"libroadrunner": RoadRunner, "copasi": Copasi}
CHECKS = ["libsbml", *ENGINES]
OURS = "own run"

# A short part: kinds of model, each kind of event, a table, states that start from formulas, marked events, rules that
# libRoadRunner gets as stoichiometries. Not the whole body, which takes a minute and more for an arm.
SUBSET = [
    "scenarios/fibre/twitch.toml",
    "scenarios/fibre/prolonged_exercise.toml",
    "scenarios/energy/sprint_of_the_prototype.toml",
    "scenarios/energy/exhausting_work.toml",
    "scenarios/b_vitamins/riboflavin_refill.toml",
    "scenarios/redox/march.toml",
]


def ours_of(scenario, binary, folder):
    """What all programs are compared with: the arms' files and our own run, written into a folder."""
    rtol = ("--rtol", str(OUR_RTOL))
    written = ours(binary, "export", "sbml", scenario, *rtol, "-o", str(folder / "arm.xml"))
    files = [line.split("\t") for line in written.splitlines()]
    (folder / "files.json").write_text(json.dumps(files), encoding="utf-8")
    ours(binary, "run", scenario, *rtol, "-o", str(folder / "run"))


def one(check, folder, sabotaged):
    """One scenario in one program: prints what was found in each arm as a line of JSON. A program that cannot run the
    file tells rates of change in the first arm."""
    files = [(Path(path), arm) for path, arm in json.loads((folder / "files.json").read_text(encoding="utf-8"))]
    say({"arms": len(files)})
    if check == "libsbml":
        lint(files)
        return
    series, events = reference(folder / "run")
    engine = ENGINES[check]()
    by_rates = engine.loses(files[0][0])
    if by_rates:
        files = files[:1]
    for path, arm in files:
        if sabotaged:
            path = Path(shutil.copy(path, path.with_suffix(f".{check}.xml")))
            sabotage(path)
        try:
            times, _ = series[arm]
            found = rates.compare(path, times[-1], declared_scales()) if by_rates else None
            say({"arm": arm, **(found or compare(path, series[arm], events[arm], engine))})
        except Stopped as reason:
            say({"arm": arm, "problem": str(reason)})
        except Exception as problem:
            say({"arm": arm, "problem": f"{engine.name}: {type(problem).__name__}: {problem}"})


def spent():
    """CPU seconds of this process and of what it has waited for."""
    own, others = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime


def say(found):
    print(json.dumps(found), flush=True)


def lint(files):
    """What libSBML says; arms that differ in numbers only are checked once."""
    seen = set()
    for path, arm in files:
        form = structure(path)
        say({"arm": arm, "messages": [] if form in seen else messages(path)})
        seen.add(form)


def compare(path, series, events, engine):
    """One arm in one engine: the worst difference, where and when, and that of the events' times."""
    times, columns = series
    text = path.read_text(encoding="utf-8")
    known = set(re.findall(r'<(?:species|parameter) (?:metaid="[^"]*" )?id="([^"]+)"', text))
    lost = [name for name in columns if name not in known]
    if lost:
        raise RuntimeError(f"not in the file: {', '.join(lost)}")
    natural = declared_scales()
    names = [name for name in columns if name in natural or name.startswith("marker__")]
    scales = {name: natural.get(name) or max(map(abs, columns[name])) or 1.0 for name in names}
    fired = sorted({event["event"] for event in events})
    marks = [f"event__{name.replace('.', '__')}__time" for name in fired]
    # Points on the instants at which something happens: a step could pass over a trigger between two points.
    every = sorted({*times, *instants(path, times[-1])})
    rows = at(engine.run(path, every, names + marks, scales, events), every)
    late = None
    for k, event in enumerate(fired):
        theirs = event_times(rows, 1 + len(names) + k)
        expected = [e["time_s"] for e in events if e["event"] == event]
        late = max(late or 0.0, compare_events(expected, theirs))
    return {"worst": worst(at(rows, times), times, names, columns, scales), "late": late}


def run_all(scenario, checks, arguments):
    """One scenario in these programs, one after another: check -> result."""
    with tempfile.TemporaryDirectory() as folder:
        made = run(scenario, OURS, folder, arguments)
        if not made["problem"]:
            return {OURS: made, **{check: run(scenario, check, folder, arguments) for check in checks}}
        return {OURS: made, **{check: {**made, "check": check, "cpu": 0.0} for check in checks}}


def run(scenario, check, folder, arguments):
    """One scenario in one program, in a process of its own: what it leaves behind concerns no other, and it can
    be stopped."""
    command = [sys.executable, __file__, "--one", check, "--binary", arguments.binary, "--folder", folder, scenario]
    command += ["--sabotage"] if arguments.sabotage else []
    result = {"scenario": scenario, "check": check, "arms": 0, "cpu": 0.0, "found": [], "problem": None}
    try:
        done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=arguments.timeout)
        said = done.stdout
        if done.returncode != 0:
            last = done.stderr.strip().splitlines()[-1:] or ["no message"]
            result["problem"] = f"ended with {done.returncode}: {last[0]}"
    except subprocess.TimeoutExpired as late:
        said = (late.stdout or b"").decode("utf-8")
        result["problem"] = f"stopped after {arguments.timeout:g} s"
    # Libraries write warnings between the lines.
    for found in map(json.loads, (line for line in said.splitlines() if line.startswith("{"))):
        if "arm" in found:
            result["found"].append(found)
        else:
            result |= found
    if result["problem"]:
        done = "" if check == OURS else f", {len(result['found'])} of {result['arms']} arms done"
        result["problem"] = f"{check}: {result['problem']}{done}"
    if arguments.log:
        with open(arguments.log, "a", encoding="utf-8") as log:
            log.write(json.dumps(result) + "\n")
    return result


def worst_of(result):
    """(difference, quantity, time, arm), the largest of all arms; None where none was compared."""
    found = [(*arm["worst"], arm["arm"]) for arm in result["found"] if "worst" in arm]
    return max(found, key=lambda it: it[0] if it[0] == it[0] else float("inf"), default=None)


def reasons(result):
    """Why a scenario fails in one program; nothing if it passes."""
    said = [result["problem"]] if result["problem"] else []
    for arm in result["found"]:
        if "problem" in arm:
            said.append(f"{arm['problem']} (arm \"{arm['arm']}\")")
        said += [f"libSBML: {message} (arm \"{arm['arm']}\")" for message in arm.get("messages", [])]
        if arm.get("late") is not None and not arm["late"] <= EVENT_LIMIT:
            said.append(f"{result['check']}: an event differs by {arm['late']:.1e} of its time (arm \"{arm['arm']}\")")
    found = worst_of(result)
    if found and not found[0] <= LIMIT:
        value, name, time, arm = found
        said.append(f"{result['check']} differs by {value:.1e} in {name} at {time:g} s (arm \"{arm}\")")
    return said


def parts(result):
    """What was compared of a scenario in one program, if not the course of all arms."""
    if any("days" in arm for arm in result["found"]):
        yield "rates"
    if result["problem"] or any("problem" in arm for arm in result["found"]):
        yield "not all arms"


def line(scenario, results):
    """One row of the table."""
    cells = [scenario.removeprefix("scenarios/").removesuffix(".toml")]
    cells.append(str(max((result["arms"] for result in results.values()), default=0)))
    lint = results.get("libsbml")
    cells.append("-" if lint is None or lint["problem"] else str(sum(len(arm["messages"]) for arm in lint["found"])))
    for engine in ENGINES:
        result = results.get(engine)
        found = result and worst_of(result)
        stopped = result and (result["problem"] or any("problem" in arm for arm in result["found"]))
        note = ", ".join(parts(result)) if found else ""
        cells += [f"{found[0]:.1e}" + (f" ({note})" if note else ""), f"`{found[1]}`"] if found else ["stops" if stopped else "-", ""]
    late = [arm["late"] for result in results.values() for arm in result["found"] if arm.get("late") is not None]
    cells.append(f"{max(late):.0e}" if late else "")
    return "| " + " | ".join(cells) + " |"


HEAD = """# Agreement with other simulators

Written by `tests/agreement/run.sh --table docs/agreement.md`. Every scenario, all its arms: exported as SBML,
checked by libSBML (units included), run by libRoadRunner and COPASI (relative tolerance {rtol:g}; the whole body in
libRoadRunner {tighter:g}), compared with our own run at {our_rtol:g} in all states and biomarkers at all output
times. Difference: |theirs - ours| / (|ours| + {floor:g} * scale): a state's natural size, a biomarker's largest value.
The worst one of each scenario and the quantity in which it occurs; events: worst difference of their times, relative,
where the program finds them. Limits: {limit:g} and {event_limit:g}. (rates): not the course was compared but the rates
of change of all states, those of libRoadRunner and COPASI at the same states, halfway between any two events of the
first two days of the first arm; difference: that of rates / (|rate| + {floor:g} * scale / h). `-`: not run for this table.
`tests/agreement/run.sh` runs all; `--log FILE` keeps results, so that it can be interrupted.

libRoadRunner writes out every rule at each place where its quantity is used, all that the rule depends on included:
5e11 parts of formulas for the whole body. Up to {bearable:g} parts it reads a file as it was exported; above, it gets
the same equations with each rule as a stoichiometry, because those it computes once (`tests/agreement/once.py`): the
whole body loads in 4 s. There COPASI's integrator loses the state on the first day, so its rates are compared
(`tests/agreement/rates.py`). libSBML's check of one file of the whole body takes 32 s.

{versions}

| scenario | arms | messages of libSBML | libRoadRunner | in | COPASI | in | events |
|---|---|---|---|---|---|---|---|
"""


def read(log):
    """Results that are in a log already, by (scenario, check)."""
    if not log or not Path(log).exists():
        return {}
    lines = Path(log).read_text(encoding="utf-8").splitlines()
    return {(result["scenario"], result["check"]): result for result in map(json.loads, lines)}


def report(scenario, results):
    """Prints one scenario; whether it passes."""
    said = [reason for result in results.values() for reason in reasons(result)]
    print(("FAIL " if said else "ok   ") + line(scenario, results), flush=True)
    for reason in said[:10]:
        print(f"       {scenario}: {reason}", flush=True)
    return not said


def summary(scenarios, checks, done):
    """How many scenarios passed in each program, of how many that were run."""
    told = []
    for check in checks:
        ran = [result for result in done if result["check"] == check]
        told.append(f"{check} {sum(not reasons(result) for result in ran)} of {len(ran)} run")
    timed = [result["cpu"] for result in done if result["cpu"]]
    cpu = f"{sum(timed):.0f} s of CPU time in {len(timed)} of {len(done)} runs"
    return f"{len(scenarios)} scenarios. Passed: {', '.join(told)}. {cpu}."


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenarios", nargs="*", help="scenario files (default: all)")
    parser.add_argument("--subset", action="store_true", help="a short part: each model, each kind of event")
    parser.add_argument("--binary", default=str(ROOT / "target/release/myoflux"))
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--only", choices=CHECKS, action="append", help="only this program; can be repeated")
    parser.add_argument("--timeout", type=float, default=3600.0, help="seconds for one scenario in one program")
    parser.add_argument("--log", help="keep results in this file; what it holds already is not run again")
    parser.add_argument("--no-run", action="store_true", help="only tell what the log holds")
    parser.add_argument("--table", help="write the table to this file")
    parser.add_argument("--sabotage", action="store_true", help="change one kinetic law of each export: must fail")
    parser.add_argument("--one", choices=[OURS, *CHECKS], help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def main():
    arguments = options()
    if arguments.one == OURS:
        ours_of(arguments.scenarios[0], arguments.binary, arguments.folder)
    elif arguments.one:
        one(arguments.one, arguments.folder, arguments.sabotage)
    if arguments.one:
        say({"cpu": round(spent(), 1)})
        return 0
    everything = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("scenarios/*/*.toml"))
    everything = [path for path in everything if not path.endswith(".study.toml")]
    scenarios = SUBSET if arguments.subset else arguments.scenarios or everything
    checks = [check for check in CHECKS if not arguments.only or check in arguments.only]
    known = read(arguments.log)
    failed, rows, done = [], [], []
    with ThreadPoolExecutor(max_workers=arguments.jobs) as pool:
        waiting = {}
        for scenario in scenarios:
            missing = [check for check in checks if (scenario, check) not in known]
            if missing and not arguments.no_run:
                waiting[scenario] = pool.submit(run_all, scenario, missing, arguments)
        for scenario in scenarios:
            new = waiting[scenario].result() if scenario in waiting else {}
            results = {check: known.get((scenario, check)) or new.get(check) for check in [OURS, *checks]}
            results = {check: result for check, result in results.items() if result}
            if not results:
                continue
            done += results.values()
            results.pop(OURS, None)
            rows.append(line(scenario, results))
            if not report(scenario, results):
                failed.append(scenario)
    total = summary(scenarios, checks, done)
    print(total)
    if arguments.table:
        pinned = (ROOT / "tests/agreement/requirements.txt").read_text(encoding="utf-8").split()
        limits = {"rtol": RTOL, "tighter": TIGHTER, "our_rtol": OUR_RTOL, "floor": FLOOR, "limit": LIMIT, "event_limit": EVENT_LIMIT, "bearable": BEARABLE}
        head = HEAD.format(**limits, versions=", ".join(pinned))
        Path(arguments.table).write_text(head + "\n".join(rows) + f"\n\n{total}\n", encoding="utf-8")
    if failed:
        print("failed: " + ", ".join(failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
