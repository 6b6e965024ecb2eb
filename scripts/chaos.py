#!/usr/bin/env python3
"""What chaos.sh runs: programs that change files on a mount while it is killed and its server's sessions are cut, against a model of what must be there.

Each worker has a directory of its own and knows what it must hold. A call that returned is done, whatever happens after it; a call that was cut off is done or not
done, nothing in between, but for the pages of a single write. After each kill and remount the workers compare what they see; after each clean unmount the server's disk is compared.
"""

import argparse
import errno
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
import zlib

PIECE = 48 << 10  # one write call: one request to the mount; so is 1 MiB from its beginning on


class Lost(Exception):
    """Something that must be there is not, or something is there that must not be."""


class Worker:
    """One program's files: a model (path -> content, None for a directory) and what of it is in doubt."""

    def __init__(self, chaos, number, seed):
        self.chaos = chaos
        self.name = f"w{number}"
        self.random = random.Random(seed)
        self.model = {"": None}
        self.doubt = []  # further states of the whole model that a call which was cut off may have left
        self.calls = 0

    def path(self, name):
        return os.path.join(self.chaos.mount_point, self.name, name)

    def run(self, until):
        """Works until the time is over or a call fails, which leaves it in doubt."""
        while time.monotonic() < until and not self.doubt:
            try:
                self.step()
            except OSError as error:
                if not self.doubt:
                    self.doubt.append(dict(self.model))
                self.chaos.note(f"{self.name}: {error}")
                return

    def attempt(self, after, call):
        """One system call: in doubt until it returns, then done."""
        self.doubt = [after]
        changed = [f"{p} {'gone' if p not in after else described(after[p])}"
                   for p in sorted({*self.model, *after}) if p not in after or p not in self.model or self.model[p] is not after[p]]
        self.chaos.note(f"{self.name}: {'; '.join(changed)}")
        call()
        self.model, self.doubt = after, []
        self.calls += 1

    def step(self):
        files = [p for p, c in self.model.items() if c is not None]
        directories = [p for p, c in self.model.items() if c is None]
        kind = self.random.choices(["write", "patch", "truncate", "rename", "unlink", "mkdir", "rmdir", "move"], [8, 4, 2, 4, 3, 1, 1, 1])[0]
        fresh = os.path.join(self.random.choice(directories), f"f{self.random.randrange(12)}")
        if kind == "write" and self.model.get(fresh, b"") is not None:
            self.write(fresh)
        elif kind == "patch" and files:
            self.patch(self.random.choice(files))
        elif kind == "truncate" and files:
            name = self.random.choice(files)
            length = self.random.randrange(len(self.model[name]) + 1)
            self.attempt({**self.model, name: self.model[name][:length]}, lambda: os.truncate(self.path(name), length))
        elif kind == "rename" and files and self.model.get(fresh, b"") is not None:
            source = self.random.choice(files)
            if source != fresh:
                after = {p: c for p, c in self.model.items() if p != source}
                self.attempt({**after, fresh: self.model[source]}, lambda: os.rename(self.path(source), self.path(fresh)))
        elif kind == "unlink" and files:
            name = self.random.choice(files)
            self.attempt({p: c for p, c in self.model.items() if p != name}, lambda: os.unlink(self.path(name)))
        elif kind == "mkdir" and len(directories) < 6:
            name = os.path.join(self.random.choice(directories), f"d{self.random.randrange(4)}")
            if name not in self.model and name.count("/") < 3:
                self.attempt({**self.model, name: None}, lambda: os.mkdir(self.path(name)))
        elif kind == "rmdir":
            name = self.random.choice(directories)
            if name and not any(p != name and p.startswith(name + "/") for p in self.model):
                self.attempt({p: c for p, c in self.model.items() if p != name}, lambda: os.rmdir(self.path(name)))
        elif kind == "move":
            source = self.random.choice(directories)
            target = f"d{self.random.randrange(4)}"
            if source and target not in self.model and not target.startswith(source + "/"):
                after = {(target + p[len(source):] if p == source or p.startswith(source + "/") else p): c for p, c in self.model.items()}
                self.attempt(after, lambda: os.rename(self.path(source), self.path(target)))

    def write(self, name):
        """Made anew or over what is there, in one or several calls; now and then with fsync."""
        handle = None

        def begin():
            nonlocal handle
            handle = os.open(self.path(name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)

        content = self.random.randbytes(self.random.choice([0, 1, 100, 100, 5000, 5000, 40_000, 40_000, 200_000, 200_000, 7_000_000]))
        try:
            self.attempt({**self.model, name: b""}, begin)
            size = PIECE if len(content) < 1 << 20 else 1 << 20
            for offset in range(0, len(content), size):
                piece = content[offset:offset + size]
                self.attempt({**self.model, name: content[:offset + len(piece)]}, lambda: write_whole(handle, piece, offset))
            if self.random.random() < 0.1:
                self.attempt(dict(self.model), lambda: os.fsync(handle))
        finally:
            if handle is not None:
                self.attempt_close(handle)

    def patch(self, name):
        handle = os.open(self.path(name), os.O_WRONLY)
        try:
            before = self.model[name]
            offset = self.random.randrange(len(before) + 1000)
            piece = self.random.randbytes(self.random.randrange(1, 8000))
            padded = before.ljust(offset, b"\0")
            self.attempt({**self.model, name: padded[:offset] + piece + padded[offset + len(piece):]}, lambda: write_whole(handle, piece, offset))
        finally:
            self.attempt_close(handle)

    @staticmethod
    def attempt_close(handle):
        try:
            os.close(handle)
        except OSError:
            pass  # the content is what was written, whatever close says

    def settle(self, root, is_final):
        """What is there must be one of the states that can be; from now on it is the one that is."""
        seen = tree(os.path.join(root, self.name))
        for state in [self.model, *self.doubt]:
            if seen == state or self.is_torn(state, seen):
                self.model, self.doubt = seen, []
                return
        raise Lost(f"{self.name} at {root}{' after unmount' if is_final else ''}: " + difference(self.model, seen))


    def is_torn(self, after, seen):
        """Whether it is what a write leaves that was killed while the kernel copied its pages: the first of them are there."""
        changed = [p for p in after if after[p] != seen.get(p)]
        if set(after) != set(seen) or len(changed) != 1 or None in (after[changed[0]], seen[changed[0]], self.model.get(changed[0])):
            return False
        before, wanted, found = self.model[changed[0]], after[changed[0]], seen[changed[0]]
        written = len(os.path.commonprefix([wanted, found]))
        return written % 4096 == 0 and len(before) <= len(wanted) and found == wanted[:written] + before[written:]


def tree(root):
    """A directory as the model has it."""
    found = {"": None}
    for directory, directories, files in os.walk(root, onerror=fail):
        relative = os.path.relpath(directory, root)
        prefix = "" if relative == "." else relative + "/"
        for name in directories:
            found[prefix + name] = None
        for name in files:
            if name.startswith(".pureftpd-"):
                continue  # what Pure-FTPd leaves of a rename when its session is killed
            with open(os.path.join(directory, name), "rb") as file:
                found[prefix + name] = file.read()
    return found


def write_whole(handle, piece, offset):
    """A write that the kill ends after some pages tells how many: that is not one that returned."""
    if os.pwrite(handle, piece, offset) != len(piece):
        raise OSError(errno.EIO, "only a part was written")


def fail(error):
    raise error


def described(content):
    """So that what was found can be looked up in the calls."""
    return "directory" if content is None else f"{len(content)} bytes {zlib.crc32(content):08x}"


def difference(expected, seen):
    parts = []
    for name in sorted(set(expected) | set(seen)):
        if name not in seen:
            parts.append(f"{name} is missing")
        elif name not in expected:
            parts.append(f"{name} is there ({described(seen[name])})")
        elif expected[name] != seen[name]:
            parts.append(f"{name} differs (expected {described(expected[name])}, found {described(seen[name])})")
    return "; ".join(parts[:10])


class Chaos:
    def __init__(self, options):
        self.options = options
        self.random = random.Random(options.seed)
        self.mount_point = os.path.join(options.work, "mnt")
        self.served = os.path.join(options.work, "served")
        self.log = open(os.path.join(options.work, "chaos.log"), "a", buffering=1)
        self.process = None
        self.workers = [Worker(self, n, options.seed * 1000 + n) for n in range(options.workers)]
        self.kills = self.cuts = self.unmounts = 0

    def note(self, text):
        self.log.write(f"{time.time():.3f} {text}\n")

    def mount(self):
        command = [self.options.program, "mount", "-f", "-o", f"cache-dir={self.options.work}/cache,state-dir={self.options.work}/state,"
                   f"log-level={self.options.log_level},timeout=10,attr-timeout=1,dir-timeout=1,write-back={self.options.write_back},{self.options.options}",
                   self.options.url, self.mount_point]
        with open(os.path.join(self.options.work, "mount.log"), "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise Lost(f"the mount ended with {self.process.returncode}; see mount.log")
            try:
                os.listdir(self.mount_point)
                if self.is_mounted():
                    return
            except OSError:
                pass  # the stale mount point of the one that was killed
            time.sleep(0.02)
        raise Lost("not mounted within a minute")

    def is_mounted(self):
        with open("/proc/self/mounts", encoding="utf-8", errors="surrogateescape") as mounts:
            return any(line.split()[1] == self.mount_point and self.is_alive() for line in mounts)

    def is_alive(self):
        try:
            os.stat(self.mount_point)
            return True
        except OSError:
            return False

    def kill(self):
        self.note("kill")
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.kills += 1

    def unmount(self):
        done = subprocess.run([self.options.program, "unmount", self.mount_point, "--timeout", "120"], capture_output=True, text=True, timeout=180, check=False)
        if done.returncode != 0:
            raise Lost(f"unmount: {done.stdout}{done.stderr}")
        self.process.wait(timeout=60)
        self.unmounts += 1

    def cut(self):
        """Ends the server's sessions with their transfers, as a link that is lost."""
        self.note("cut")
        for entry in os.listdir("/proc"):
            if not entry.isdigit() or int(entry) == self.options.server:
                continue
            try:
                if self.is_below(int(entry), self.options.server):
                    os.kill(int(entry), signal.SIGKILL)
            except (OSError, ValueError):
                continue
        self.cuts += 1

    @staticmethod
    def is_below(process, ancestor):
        while process > 1:
            with open(f"/proc/{process}/stat", encoding="utf-8") as stat:
                process = int(stat.read().rsplit(")", 1)[1].split()[1])
            if process == ancestor:
                return True
        return False

    def cycle(self, number):
        until = time.monotonic() + self.random.uniform(0.2, 2.0)
        threads = [threading.Thread(target=worker.run, args=(until,)) for worker in self.workers]
        for thread in threads:
            thread.start()
        for _ in range(self.random.choice([0, 1, 3, 5, 8]) if self.options.cuts is None else self.options.cuts):
            time.sleep(self.random.uniform(0.02, 0.4))
            self.cut()
        ends = number % 5 == 4
        if not ends:
            time.sleep(self.random.uniform(0.05, 1.5))
            self.kill()
        for thread in threads:
            thread.join(120)
            if thread.is_alive():
                raise Lost("a call does not end")
        if ends:
            self.look(is_final=False)
            self.unmount()
            self.compare()
        self.mount()
        self.look(is_final=False)

    def look(self, is_final):
        for worker in self.workers:
            for attempt in range(30):
                try:
                    worker.settle(self.mount_point, is_final)
                    break
                except OSError as error:
                    self.note(f"looking: {error}")
                    time.sleep(0.5)
                except Lost:
                    # What was changed on the server by a call that was cut off is seen after the attribute time-out.
                    if attempt == 29 or not worker.doubt:
                        raise
                    time.sleep(0.5)

    def compare(self):
        for worker in self.workers:
            worker.settle(self.served, is_final=True)
        left = [os.path.join(d, f) for d, _, files in os.walk(self.served) for f in files if f.startswith(".ftpmount-")]
        if left:
            raise Lost(f"left on the server: {left}")

    def run(self):
        self.mount()
        for worker in self.workers:
            os.mkdir(worker.path(""))
        for number in range(self.options.cycles):
            self.cycle(number)
        self.look(is_final=False)
        self.unmount()
        self.compare()
        print(f"seed {self.options.seed}: {self.options.cycles} cycles, {self.kills} kills, {self.cuts} cuts, {self.unmounts} clean unmounts, "
              f"{sum(w.calls for w in self.workers)} calls that returned; nothing lost", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", required=True)
    parser.add_argument("--program", required=True)
    parser.add_argument("--url", required=True)
    parser.add_argument("--server", type=int, required=True)
    parser.add_argument("--options", required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--cycles", type=int, required=True)
    parser.add_argument("--cuts", type=int, help="in each cycle; up to 8 at random unless given")
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--log-level", default="debug")
    parser.add_argument("--write-back", default="0.3")
    chaos = Chaos(parser.parse_args())
    try:
        chaos.run()
    except (Lost, subprocess.TimeoutExpired) as lost:
        print(f"seed {chaos.options.seed}, after {chaos.kills} kills and {chaos.cuts} cuts: {lost}", flush=True)
        return 1
    finally:
        with open(os.path.join(chaos.options.work, "counts"), "w", encoding="ascii") as counts:
            counts.write(f"{chaos.kills} {chaos.cuts}\n")
        if chaos.process is not None and chaos.process.poll() is None:
            chaos.process.kill()
            chaos.process.wait()
        shutil.rmtree(os.path.join(chaos.options.work, "cache"), ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
