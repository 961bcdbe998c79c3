"""How far two runs lie apart."""

import math

from engines import FLOOR


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


def compare_events(ours, theirs):
    """Largest difference of times, relative; infinite where one fired more often between two rows."""
    if len(ours) != len(theirs):
        return math.inf
    return max((abs(a - b) / max(a, 1e-3) for a, b in zip(ours, theirs)), default=0.0)
