"""Four weeks of the whole athlete in libRoadRunner, in COPASI and in our own engine, in one table.

All start from the same numbers, those of the exported file, and give a row every hour. The error of a run is the
largest |y - exact| / (|exact| + 1e-3 * natural size) of all states and hours, as in docs/agreement.md, where exact
is our own run at a relative tolerance of 1e-10: what the others converge to. Of each engine the cheapest setting
counts whose error is at most 1e-4, else the most exact one. Times are processor time of integration alone, rows
included; loading and compiling stand apart.

libRoadRunner gets the rewritten file (tests/agreement/once.py: it cannot load the whole body as exported), compiled
at its highest level, with an absolute tolerance for each state, the same as ours. COPASI loses the state on the first
bout of training, so it runs until just before and its time is multiplied; it gets the equations without events, from
one event to the next (tests/agreement/pieces.py). What `--own` holds is written by benches/peers.rs.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests/agreement"))
from compare import at, worst
from engines import Copasi, RoadRunner, Stopped
from files import declared_scales, instants, ours, reference

SCENARIO = "scenarios/athlete/four_weeks.toml"
EXACT = 1e-10
ENOUGH = 1e-4
TOLERANCES = [1e-5, 1e-6, 1e-7, 3e-8, 1e-8]
# At looser ones COPASI loses the state at meals, too.
COPASI_TOLERANCES = [1e-7, 1e-8]
DAY = 86400.0


class Body:
    """The exported file and what is compared with it."""

    def __init__(self, binary, folder):
        self.path = folder / "arm.xml"
        ours(binary, "export", "sbml", SCENARIO, "--rtol", str(EXACT), "-o", str(self.path))
        ours(binary, "run", SCENARIO, "--rtol", str(EXACT), "-o", str(folder / "run"))
        series, _ = reference(folder / "run")
        ((self.times, columns),) = series.values()
        self.scales = declared_scales()
        self.exact = {name: values for name, values in columns.items() if name in self.scales}
        self.names = list(self.exact)
        # Points on the instants at which something happens: a step could pass over a trigger between two points.
        self.every = sorted({*self.times, *instants(self.path, self.times[-1])})

    def error(self, rows, times):
        """(error, state, time) of rows at these times, the first ones of the reference."""
        return worst(rows, times, self.names, self.exact, self.scales)


def measured(what):
    before = time.process_time()
    result = what()
    return result, time.process_time() - before


def told(engine, load, rtol, seconds, error, **more):
    value, state, when = error
    print(f"{engine}, rtol {rtol:g}: {seconds:.2f} s, error {value:.1e} in {state} at {when / DAY:.2f} d", flush=True)
    return {"engine": engine, "load": load, "rtol": rtol, "ms": 1e3 * seconds, "error": value, **more}


def road_runner(body, rounds):
    """Its fastest run at each tolerance."""
    engine = RoadRunner("AGGRESSIVE")
    _, load = measured(lambda: engine.prepare(body.path, body.names, body.scales))
    print(f"libRoadRunner: {load:.1f} s to rewrite, read and compile the file")
    found = []
    for rtol in TOLERANCES:
        spent = []
        for _ in range(rounds):
            engine.prepare(body.path, body.names, body.scales, rtol)
            rows, seconds = measured(lambda: engine.runner.simulate(times=body.every))
            spent.append(seconds)
        error = body.error(at([list(map(float, row)) for row in rows], body.times), body.times)
        found.append(told(engine.name, "alone", rtol, min(spent), error))
        if error[0] <= ENOUGH:
            break
    return found


class Timed(Copasi):
    """COPASI at one tolerance; the last run's processor time in s."""

    seconds = 0.0

    def course(self, *arguments, **more):
        rows, seconds = measured(lambda: super(Timed, self).course(*arguments, **more))
        self.seconds += seconds
        return rows


def copasi(body, days):
    """The first days at each tolerance; ms are those of all days."""
    engine = Timed()
    times, every = ([it for it in every if it <= days * DAY] for every in (body.times, body.every))
    found = []
    for engine.rtol in COPASI_TOLERANCES:
        engine.seconds = 0.0
        try:
            rows, whole = measured(lambda: engine.run(body.path, every, body.names, body.scales, []))
        except Stopped as reason:
            print(f"COPASI, rtol {engine.rtol:g}: {reason}")
            continue
        print(f"COPASI: {whole - engine.seconds:.1f} s to read and compile the file and to set what events set")
        error = body.error(at(rows, times), times)
        seconds = engine.seconds * body.times[-1] / times[-1]
        found.append(told(engine.name, "alone", engine.rtol, seconds, error, part=f"{days:g} d, scaled up"))
        if error[0] <= ENOUGH:
            break
    return found


def own(path):
    """Our own times, the cost of spread members, and what comes before integration."""
    before, *found = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    sets = {"Avx2": "AVX2", "Avx512": "AVX-512"}
    for it in found:
        it["engine"] = f"own, W = {it['width']}" + (f", {sets[it['set']]}" if it["width"] > 1 else "")
    return before, found


def cheapest(found):
    """Of each engine and load the cheapest whose error is small enough, else the most exact one."""
    kinds = {}
    for it in found:
        kinds.setdefault((it["load"], it["engine"]), []).append(it)
    for kind in kinds.values():
        fit = [it for it in kind if it["error"] <= ENOUGH]
        yield min(fit, key=lambda it: it["ms"]) if fit else min(kind, key=lambda it: it["error"])


def table(found):
    chosen = list(cheapest(found))
    base = next((it["ms"] for it in chosen if it["engine"] == RoadRunner.name), float("nan"))
    same = {(it["engine"], it["rtol"]): it["ms"] for it in found if it["load"] == "identical"}
    yield "| engine | members | rtol | worst error | steps | ms per member | libRoadRunner over it | over identical |"
    yield "|---|---|---|---|---|---|---|---|"
    for it in chosen:
        steps = f"{it['steps']}" if "steps" in it else "-"
        if it.get("steps_least") != it.get("steps_most"):
            steps += f" ({it['steps_least']} to {it['steps_most']})"
        late = "" if it["error"] <= ENOUGH else " (too large)"
        members = it["load"] if it["load"] == "alone" else f"{it['members']} {it['load']}"
        engine = f"{it['engine']} ({it['part']})" if "part" in it else it["engine"]
        more = f"{it['ms'] / same[it['engine'], it['rtol']]:.2f}" if it["load"] == "spread" else ""
        cells = [engine, members, f"{it['rtol']:g}", f"{it['error']:.1e}{late}", steps]
        yield "| " + " | ".join([*cells, f"{it['ms']:.0f}", f"{base / it['ms']:.1f}", more]) + " |"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True, help="the program `myoflux`")
    parser.add_argument("--own", type=Path, required=True, help="what `cargo bench --bench peers` wrote with --json")
    parser.add_argument("--rounds", type=int, default=2, help="runs of libRoadRunner at each tolerance")
    parser.add_argument("--copasi-days", type=float, default=0.7, help="simulated days in COPASI; 0: without it")
    arguments = parser.parse_args()
    before, found = own(arguments.own)
    print("own, before integration: " + ", ".join(f"{name} {value:g}" for name, value in before.items()))
    with tempfile.TemporaryDirectory() as folder:
        body = Body(arguments.binary, Path(folder))
        print(f"{len(body.names)} states at {len(body.times)} times")
        found += road_runner(body, arguments.rounds)
        if arguments.copasi_days > 0:
            found += copasi(body, arguments.copasi_days)
    print("\n".join(["", *table(found)]))


if __name__ == "__main__":
    main()
