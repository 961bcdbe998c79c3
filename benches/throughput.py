"""What a member of a sweep costs when there are ten times as many, and what a second thread brings.

Three sweeps of one study take turns in short slices, one running while the others stand still: all members with two
threads, a tenth of them with two threads, a tenth with one. So a machine whose speed wanders is as fast for each of
them. Their tables must agree byte for byte as far as they hold the same members. Linux only; nothing else should run.

    cargo build --release
    python3 benches/throughput.py target/release/myoflux        # 15 minutes; --members 2000: two minutes
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

STUDY = Path(__file__).resolve().with_name("throughput.study.toml")
# Of `members.csv`; a design of fewer members is the beginning of one of more.
TABLE = "members.csv"


class Sweep:
    """One sweep as a process that stands still unless it has its slice."""

    def __init__(self, binary, folder, members, threads):
        self.members, self.threads, self.out = members, threads, folder / f"{members}_{threads}"
        study = folder / f"{members}.study.toml"
        text = re.sub(r"(?m)^members = .*$", f"members = {members}", STUDY.read_text(encoding="utf-8"))
        scenario = STUDY.parent / re.search(r'(?m)^scenario = "(.*)"$', text)[1]
        scenario = os.path.relpath(scenario.resolve(), folder.resolve())
        study.write_text(re.sub(r"(?m)^scenario = .*$", f'scenario = "{scenario}"', text), encoding="utf-8")
        command = [binary, "sweep", str(study), "-j", str(threads), "-o", str(self.out)]
        with open(folder / f"{members}_{threads}.log", "w", encoding="utf-8") as self.log:
            self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log)
        self.process.send_signal(signal.SIGSTOP)
        self.wall, self.cpu, self.memory, self.done = 0.0, 0.0, 0, False

    def slice(self, seconds):
        """Runs for this long, or until it ends."""
        since = time.monotonic()
        self.process.send_signal(signal.SIGCONT)
        while not self.done and time.monotonic() - since < seconds:
            time.sleep(0.01)
            pid, status, used = os.wait4(self.process.pid, os.WNOHANG)
            if pid:
                self.process.returncode = os.waitstatus_to_exitcode(status)
                self.cpu, self.memory, self.done = used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, True
        if not self.done:
            self.process.send_signal(signal.SIGSTOP)
        self.wall += time.monotonic() - since

    def check(self):
        """Some members may fail, with their reasons (3); anything else is no result."""
        if self.process.returncode not in (0, 3):
            sys.exit(f"ended with {self.process.returncode}: {Path(self.log.name).read_text(encoding='utf-8')[-2000:]}")

    def rows(self, members):
        with open(self.out / TABLE, "rb") as file:
            return [file.readline() for _ in range(members + 1)]

    def told(self):
        each = f"{1e3 * self.wall / self.members:.2f} ms, {1e3 * self.cpu / self.members:.2f} ms of processor time"
        return f"{self.members} members, -j {self.threads}: {self.wall:.1f} s, {each} a member, {self.memory:.0f} MB"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", help="the program `myoflux`")
    parser.add_argument("--members", type=int, default=20_000)
    parser.add_argument("--slice", type=float, default=0.5, help="seconds of the shortest turn")
    arguments = parser.parse_args()
    part = arguments.members // 10
    with tempfile.TemporaryDirectory() as folder:
        # Turns in proportion to what is to do, so that all end at about the same time.
        turns = [(arguments.members, 2, 10), (part, 2, 1), (part, 1, 2)]
        sweeps = []
        try:
            for members, threads, share in turns:
                sweeps.append((Sweep(arguments.binary, Path(folder), members, threads), share))
            while not all(sweep.done for sweep, _ in sweeps):
                for sweep, share in sweeps:
                    if not sweep.done:
                        sweep.slice(share * arguments.slice)
        finally:
            for sweep, _ in sweeps:
                if not sweep.done:
                    sweep.process.kill()
        many, few, alone = (sweep for sweep, _ in sweeps)
        for sweep in (many, few, alone):
            sweep.check()
            print(sweep.told())
        if not few.rows(part) == alone.rows(part) == many.rows(part):
            sys.exit("the same members, but not the same bytes")
        print(f"a member of {many.members} over one of {few.members}: processor time "
              f"{many.cpu / many.members / (few.cpu / few.members):.3f}, time "
              f"{many.wall / many.members / (few.wall / few.members):.3f}")
        print(f"two threads over one: {alone.wall / few.wall:.2f} times the throughput")


if __name__ == "__main__":
    main()
