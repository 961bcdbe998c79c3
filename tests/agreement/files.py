"""What a scenario exports and what our own run of it gives, as Python values."""

import csv
import json
import math
import re
import subprocess
import tomllib
import xml.etree.ElementTree as ET
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SBML = "{http://www.sbml.org/sbml/level3/version2/core}"


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


def schedules(path, end):
    """A file's scheduled events -> the times at which each fires, after 0 and up to the end."""
    model = ET.parse(path).getroot().find(f"{SBML}model")
    values = {}
    for parameter in model.iter(f"{SBML}parameter"):
        if parameter.get("id").startswith("event_") and parameter.get("value") is not None:
            scale = 1e9 if (parameter.get("units") or "").endswith("ns") else 1.0
            values[parameter.get("id")] = (float(parameter.get("value")), scale)
    found = {}
    for name, (value, scale) in values.items():
        if name.endswith("__at"):
            found[name.removesuffix("__at")] = [value]
        elif name.endswith("__first"):
            event = name.removesuffix("__first")
            period, count = values[f"{event}__period"][0], int(values[f"{event}__times"][0])
            since = (k * period for k in range(count))
            found[event] = [(value + (it if scale == 1.0 else math.floor(it + 0.5))) / scale for it in since]
    return {event: [time for time in times if 0 < time <= end] for event, times in found.items()}


def instants(path, end):
    """Times at which any scheduled event of a file fires, after 0 and up to the end."""
    return sorted({time for times in schedules(path, end).values() for time in times})


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
