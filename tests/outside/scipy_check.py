"""Outside check: reads the model files with its own small interpreter and integrates them with SciPy.

usage, from the root of the repository:
    python3 tests/outside/scipy_check.py MODEL SECONDS [--people NAME] [--input NAME=VALUE ...] [--against CSV]
Starts every state at its declared value, without warm-up; inputs keep their defaults or VALUE (in the input's
unit) throughout; the clock starts at midnight. Factor edges count as off, structural edges as on. Prints every
state at the end in its declared unit; with --against the last row of a timeseries.csv beside it, and the largest
relative difference.
Not understood: norm(), reference(), two-way tables, boluses.
"""
import argparse, csv
import math, re, sys, tomllib
import numpy as np
from scipy.integrate import solve_ivp

BASE = dict(s=1, min=60, h=3600, d=86400, wk=604800, a=31557600, y=31557600, g=1e-3, m=1, L=1e-3, l=1e-3,
            mol=1, M=1e3, Hz=1, N=1, Pa=1, J=1, W=1, A=1, C=1, V=1, K=1, U=1, IU=1, F=1, S=1, Ohm=1, ohm=1,
            kg=1, dL=1e-4, cm=1e-2, Cel=1, ppm=1e-6, **{"%": 1e-2, "%VO2max": 1e-2, "%1RM": 1e-2})
PREFIX = dict(f=1e-15, p=1e-12, n=1e-9, u=1e-6, m=1e-3, k=1e3, M=1e6, G=1e9)


def unit(text):
    """Factor from the unit to SI."""
    out, sign = 1.0, 1
    for part in re.split(r"([/.])", text.replace("µ", "u").replace("μ", "u")):
        if part == "/":
            sign = -1
        elif part == ".":
            sign = 1
        elif part and part != "1":
            name, power = re.fullmatch(r"(.*?[^\d^-])\^?(-?\d*\.?\d*)", part).groups()
            scale = BASE.get(name) or PREFIX[name[0]] * BASE[name[1:]]
            out *= scale ** (sign * float(power or 1))
    return out


def python(text):
    text = re.sub(r"edge\(\s*\w+\s*,", "_id(", text).replace("if(", "_if(").replace("reference(", "_ref(")
    text = re.sub(r"(?<![<>=!])=(?!=)", "==", text)
    text = re.sub(r"molar_mass\((\w+)\)", r'_mm("\1")', text)
    return text.replace("^", "**")


class F(float):
    """A number whose non-integer powers act on max(x, 1e-12)."""
    def __pow__(self, p):
        return F(float(self) ** p if float(p).is_integer() else max(float(self), 1e-12) ** float(p))
    def __rpow__(self, b):
        return F(float(b) ** float(self))


for op in "add radd sub rsub mul rmul truediv rtruediv neg abs".split():
    def make(name):
        return lambda self, *o: F(getattr(float, name)(self, *(float(v) for v in o)))
    setattr(F, f"__{op}__", make(f"__{op}__"))


class Model:
    def __init__(self, name, people=None):
        read = lambda path: tomllib.load(open(f"models/{path}", "rb"))
        self.modules = {m: read(f"{m}.toml") for m in read(f"{name}.model.toml")["modules"]}
        nutrients = read("nutrients.toml").get("nutrients", {})
        self.env = {"pi": math.pi, "_id": lambda x: x, "_if": lambda c, a, b: a if c else b,
                    "_mm": lambda n: F(float(nutrients[n]["molar_mass"].split()[0]) * 1e-3),
                    "min": min, "max": max, "abs": abs,
                    "exp": lambda x: F(math.exp(x)), "ln": lambda x: F(math.log(max(x, 1e-12))),
                    "log10": lambda x: F(math.log10(max(x, 1e-12))), "sqrt": lambda x: F(math.sqrt(max(x, 1e-12))),
                    "diurnal": lambda peak: F(math.cos(2 * math.pi * (float(self.now) - float(peak)) / 86400)),
                    "tanh": lambda x: F(math.tanh(x)), "sin": lambda x: F(math.sin(x)), "cos": lambda x: F(math.cos(x))}
        for law, body in read("rate_laws.toml")["laws"].items():
            code = compile(python(body["formula"]), law, "eval")
            def call(*values, code=code, names=body["arguments"]):
                return eval(code, {**self.env, **dict(zip(names, values))})
            self.env[law] = call
        preset = read("reference.toml")["people"].get(people, {}).get("set", {}) if people else {}
        self.fixed, self.states, self.lazy = {}, [], {}
        for m, body in self.modules.items():
            for section, key in (("parameters", "value"), ("inputs", "default")):
                for n, p in body.get(section, {}).items():
                    if key in p or section == "parameters" or p.get("kind") == "rate":
                        self.fixed[f"{m}.{n}"] = F(p.get(key, 0) * unit(p["unit"]))
            for n, t in body.get("tables", {}).items():
                x, v = t["x"], t["values"]
                if "y" not in t:
                    self.fixed[f"{m}.{n}"] = (lambda q, k=np.array(x["knots"]) * unit(x["unit"]), v=np.array(v) * unit(t["unit"]):
                                              F(np.interp(q, k, v)))
        for name, value in preset.items():
            number, _, u = str(value).partition(" ")
            if name in self.fixed:
                self.fixed[name] = F(float(number) * unit(u or "1"))
        for m, body in self.modules.items():
            for n, s in body.get("states", {}).items():
                self.states.append((f"{m}.{n}", unit(s["unit"]), s["scale"]))
            for n, v in body.get("variables", {}).items():
                self.lazy[f"{m}.{n}"] = v["formula"]
            for n, p in body.get("processes", {}).items():
                self.lazy[f"{m}.{n}"] = p["rate"]
        self.code = {}
        for m, body in self.modules.items():
            for n in (n for section in ("variables", "processes") for n in body.get(section, {})):
                self.code[f"{m}.{n}"] = (m, compile(self.qualify(m, self.lazy[f"{m}.{n}"]), n, "eval"))
        self.rates = [(f"{m}.{n}", m, compile(self.qualify(m, f), n, "eval"))
                      for m, body in self.modules.items() for n, f in body.get("rates", {}).items()]
        self.moves = [(f"{m}.{n}", [(f"{m}.{s}" if "." not in s else s, -c) for s, c in p.get("from", {}).items()]
                       + [(f"{m}.{s}" if "." not in s else s, c) for s, c in p.get("to", {}).items()])
                      for m, body in self.modules.items() for n, p in body.get("processes", {}).items()]
        self.y0 = []
        for (name, scale, _) in self.states:
            m, n = name.split(".")
            initial = self.modules[m]["states"][n]["initial"]
            if isinstance(initial, str):
                scope = Scope(self, {}, 0.0)
                self.y0.append(float(eval(self.qualify(m, initial), scope.globals(), scope)))
            else:
                self.y0.append(initial * scale)

    def qualify(self, module, text):
        """Names become v["module.name"]."""
        own = {n for s in ("parameters", "inputs", "states", "variables", "processes", "tables")
               for n in self.modules[module].get(s, {})}
        def swap(match):
            word = match.group(0)
            if "." in word:
                return f'v["{word}"]'
            return f'v["{module}.{word}"]' if word in own else word
        return re.sub(r'"[^"]*"|(?<![\w.])[a-z_]\w*(?:\.[a-z_]\w*)?',
                      lambda g: g.group(0) if g.group(0)[0] == '"' else swap(g), python(text)).strip()

    def derivative(self, t, y):
        self.now = t
        scope = Scope(self, {n: F(v) for (n, _, _), v in zip(self.states, y)}, t)
        out = dict.fromkeys((n for n, _, _ in self.states), 0.0)
        env = scope.globals()
        for name, _, code in self.rates:
            out[name] += float(eval(code, env))
        for name, parts in self.moves:
            flow = float(scope[name])
            for state, c in parts:
                out[state] += c * flow
        return [out[n] for n, _, _ in self.states]


class Scope(dict):
    def __init__(self, model, states, t):
        super().__init__(model.fixed)
        self.update(states)
        self.model, self.t = model, t
        self._g = {**model.env, "v": self, "time": F(t)}
    def globals(self):
        return self._g
    def __missing__(self, name):
        module, code = self.model.code[name]
        self[name] = value = F(eval(code, self._g))
        return value


if __name__ == "__main__":
    ask = argparse.ArgumentParser()
    ask.add_argument("model")
    ask.add_argument("seconds", type=float)
    ask.add_argument("--people")
    ask.add_argument("--input", action="append", default=[])
    ask.add_argument("--against")
    ask = ask.parse_args()
    model = Model(ask.model, ask.people)
    for text in ask.input:
        name, value = text.split("=")
        module, short = name.split(".")
        model.fixed[name] = F(float(value) * unit(model.modules[module]["inputs"][short]["unit"]))
    scale = np.array([u * s for _, u, s in model.states])
    run = solve_ivp(model.derivative, (0, ask.seconds), model.y0, method="Radau", rtol=1e-10, atol=1e-14 * scale)
    assert run.success, run.message
    ours = {}
    if ask.against:
        for row in csv.DictReader(open(ask.against)):
            ours[row["variable"]] = float(row["value"])
    worst = 0.0
    for (name, u, s), a, b in zip(model.states, model.y0, run.y[:, -1]):
        line = f"{name:40s} {a / u:16.9g} -> {b / u:16.9g}"
        if name in ours:
            gap = abs(ours[name] - b / u) / (abs(b / u) + 1e-3 * s)
            worst = max(worst, gap)
            line += f"  myoflux {ours[name]:16.9g}  {gap:.1e}"
        print(line)
    if ours:
        print(f"largest relative difference {worst:.1e}")
