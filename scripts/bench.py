#!/usr/bin/env python3
"""What bench.sh runs: the same work through ftpmount and through rclone mount, in turn, from a server on loopback.

Each cold piece of work starts on a fresh mount with an empty cache; the server has its files in memory. Prints the median of the repetitions for each program and how
many times better ftpmount is. With --rtt every packet between the mounts and the server waits, half a round trip each way, in a process of its own; the round trip of
making a connection is not part of that.
"""

import argparse
import asyncio
import filecmp
import multiprocessing
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import time

NEAR, FAR = "127.0.0.1", "127.0.0.2"  # the server itself, and what stands for it behind a long line
LEAST_WAIT = 0.002


# --- the long line --------------------------------------------------------------------------------------------------------

async def carry(reader, writer, delay):
    """Passes on what comes, each piece when its time has come, in order."""
    loop, waiting = asyncio.get_running_loop(), asyncio.Queue(maxsize=4096)

    async def send():
        while True:
            due, piece = await waiting.get()
            await asyncio.sleep(max(0, due - loop.time()))
            if not piece:
                writer.write_eof()
                return
            writer.write(piece)
            await writer.drain()

    sender = asyncio.create_task(send())
    try:
        while True:
            piece = await reader.read(1 << 18)
            await waiting.put((loop.time() + delay, piece))
            if not piece:
                await sender
                return
    except OSError:
        sender.cancel()
        writer.transport.abort()


async def lengthen(port, delay):
    """Connections to FAR:port go on to NEAR:port."""

    async def accept(reader, writer):
        try:
            there_reader, there_writer = await asyncio.open_connection(NEAR, port, limit=1 << 20)
        except OSError:
            writer.transport.abort()
            return
        await asyncio.gather(carry(reader, there_writer, delay), carry(there_reader, writer, delay), return_exceptions=True)
        writer.close()
        there_writer.close()

    await asyncio.start_server(accept, FAR, port, limit=1 << 20)


def serve_long_line(ports, delay, ready):
    async def main():
        for port in ports:
            await lengthen(port, delay)
        ready.set()
        await asyncio.Event().wait()

    asyncio.run(main())


# --- the mounts -----------------------------------------------------------------------------------------------------------

class Mount:
    """One program's mount, which comes and goes."""

    def __init__(self, name, arguments, options):
        self.name = name
        self.arguments = arguments
        self.point = options.mount_point
        self.cache = os.path.join(options.work, "cache")
        self.log = os.path.join(options.work, "mount.log")
        self.environment = os.environ | {"XDG_STATE_HOME": os.path.join(options.work, "state"), "RCLONE_CONFIG": "/dev/null"}
        self.process = None

    def start(self):
        """Seconds until the first listing; the cache is empty."""
        self.stop()
        shutil.rmtree(self.cache, ignore_errors=True)
        os.mkdir(self.cache)
        begin = time.monotonic()
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(self.arguments, stdout=log, stderr=log, env=self.environment)
        while not os.path.ismount(self.point):
            if self.process.poll() is not None or time.monotonic() - begin > 60:
                raise SystemExit(f"bench.sh: {self.name} does not mount: {open(self.log).read()[-500:]}")
            time.sleep(LEAST_WAIT)
        os.listdir(self.point)
        return time.monotonic() - begin

    def stop(self):
        if self.process is None:
            return
        for command in (["fusermount3", "-u"], ["umount"], ["umount", "-l"], ["fusermount3", "-uz"]):
            if not os.path.ismount(self.point):
                break
            subprocess.run([*command, self.point], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def memory(self):
        """Mebibytes resident."""
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS"))

    def processor(self):
        """Seconds of processor time so far."""
        with open(f"/proc/{self.process.pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# --- the data -------------------------------------------------------------------------------------------------------------

def put_files(directory, count, size, rng):
    os.makedirs(directory, exist_ok=True)
    for number in range(count):
        with open(f"{directory}/file{number:03}.txt", "wb") as file:
            file.write(rng.randbytes(size))


def put_data(served, source, size):
    rng = random.Random(7)
    with open(f"{served}/big", "wb") as file:
        for _ in range(size):
            file.write(rng.randbytes(1 << 20))
    for number in range(50):
        put_files(f"{served}/tree/g{number % 10}/d{number:03}", 20, 100, rng)
    for number in range(4):
        put_files(f"{served}/small/d{number}", 50, 10 << 10, rng)
        put_files(f"{source}/d{number}", 50, 10 << 10, rng)
    for number in range(10):
        put_files(f"{served}/text/d{number}", 20, 4000, rng)
    put_files(f"{served}/heads", 40, 64 << 10, rng)
    put_files(f"{served}/repository/a", 100, 4000, rng)
    put_files(f"{served}/repository/b", 100, 4000, rng)
    git = ["git", "-C", f"{served}/repository", "-c", "user.name=bench", "-c", "user.email=bench@localhost"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "all"]):
        subprocess.run([*git, *command], check=True)


def owned_as(path, owner):
    """The server's user owns what it serves."""
    for directory, _, files in os.walk(path):
        os.chown(directory, owner.st_uid, owner.st_gid)
        for name in files:
            os.chown(f"{directory}/{name}", owner.st_uid, owner.st_gid)


# --- the work -------------------------------------------------------------------------------------------------------------

def run(command, cwd=None, allowed=(0,)):
    begin = time.monotonic()
    done = subprocess.run(command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode not in allowed:
        raise SystemExit(f"bench.sh: {' '.join(command)}: {done.stderr[-300:]}")
    return time.monotonic() - begin


def until(condition, what):
    begin = time.monotonic()
    while not condition():
        if time.monotonic() - begin > 600:
            raise SystemExit(f"bench.sh: {what} did not happen within ten minutes")
        time.sleep(LEAST_WAIT)


def same_tree(a, b):
    compared = filecmp.dircmp(a, b)
    return not (compared.left_only or compared.right_only or compared.diff_files or compared.funny_files) and all(
        same_tree(f"{a}/{name}", f"{b}/{name}") for name in compared.common_dirs)


class Work:
    """Each method is a group of figures: (name, unit, whether more is better, value)."""

    def __init__(self, mount, options):
        self.mount = mount
        self.point = options.mount_point
        self.served = options.served
        self.source = options.source
        self.size = options.size
        self.out = os.path.join(options.work, "out")

    def start(self):
        seconds = self.mount.start()
        yield "mount to first ls", "s", False, seconds
        time.sleep(1)
        yield "memory when idle", "MiB", False, self.mount.memory()

    def write(self):
        self.mount.start()
        target = f"{self.served}/written"
        begin = time.monotonic()
        run(["dd", "if=/dev/zero", f"of={self.point}/written", "bs=1M", f"count={self.size}"])
        until(lambda: os.path.exists(target) and os.path.getsize(target) == self.size << 20, "the arrival of the file")
        yield "write until on the server", "MiB/s", True, self.size / (time.monotonic() - begin)
        os.unlink(target)

    def read(self):
        self.mount.start()
        before = self.mount.processor()
        yield "read", "MiB/s", True, self.size / run(["dd", f"if={self.point}/big", "of=/dev/null", "bs=1M"])
        yield "processor per GiB read", "s", False, (self.mount.processor() - before) * 1024 / self.size
        yield "read again", "MiB/s", True, self.size / run(["dd", f"if={self.point}/big", "of=/dev/null", "bs=1M"])

    def random(self):
        self.mount.start()
        rng, times = random.Random(3), []
        with open(f"{self.point}/big", "rb", buffering=0) as file:
            for _ in range(40):
                begin = time.monotonic()
                file.seek(rng.randrange(self.size << 8) << 12)
                file.read(4096)
                times.append(time.monotonic() - begin)
        yield "random 4 KiB, median", "ms", False, statistics.median(times) * 1e3

    def names(self):
        self.mount.start()
        yield "ls -lR, first", "files/s", True, 1000 / run(["ls", "-lR", f"{self.point}/tree"])
        yield "ls -lR, again", "files/s", True, 1000 / run(["ls", "-lR", f"{self.point}/tree"])
        self.mount.start()
        paths = [f"tree/g{d % 10}/d{d:03}/file{f:03}.txt" for d in range(50) for f in range(20)]
        random.Random(1).shuffle(paths)
        begin = time.monotonic()
        for path in paths:
            os.stat(f"{self.point}/{path}")
        yield "stat in any order", "files/s", True, len(paths) / (time.monotonic() - begin)

    def small(self):
        self.mount.start()
        times = []
        for name in sorted(os.listdir(f"{self.served}/heads")):
            begin = time.monotonic()
            with open(f"{self.point}/heads/{name}", "rb", buffering=0) as file:
                file.read(4096)
            times.append(time.monotonic() - begin)
        yield "open, 4 KiB, close, median", "ms", False, statistics.median(times) * 1e3
        self.mount.start()
        shutil.rmtree(self.out, ignore_errors=True)
        yield "cp -r out", "files/s", True, 200 / run(["cp", "-r", f"{self.point}/small", self.out])
        if not same_tree(f"{self.served}/small", self.out):
            raise SystemExit(f"bench.sh: {self.mount.name} read other bytes than the server has")
        self.mount.start()
        yield "grep -r", "files/s", True, 200 / run(["grep", "-rc", "no such text", f"{self.point}/text"], allowed=(0, 1))
        self.mount.start()
        yield "git status, first", "s", False, run(["git", "-c", "safe.directory=*", "status", "--porcelain"], cwd=f"{self.point}/repository")
        self.mount.start()
        target = f"{self.served}/copied"
        begin = time.monotonic()
        run(["cp", "-r", self.source, f"{self.point}/copied"])
        yield "cp -r in, returned", "files/s", True, 200 / (time.monotonic() - begin)
        until(lambda: os.path.isdir(target) and same_tree(self.source, target), "the arrival of the files")
        yield "cp -r in, on the server", "files/s", True, 200 / (time.monotonic() - begin)
        self.mount.stop()
        shutil.rmtree(target)


def main():
    parser = argparse.ArgumentParser()
    for name in ("work", "served", "program", "user", "port", "ports", "scheme", "ours", "theirs"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--size", type=int, required=True)
    parser.add_argument("--repetitions", type=int, required=True)
    parser.add_argument("--rtt", type=float, default=0)
    parser.add_argument("--only", default="start,write,read,random,names,small")
    options = parser.parse_args()
    options.mount_point = os.path.join(options.work, "mnt")
    options.source = os.path.join(options.work, "source")
    os.makedirs(options.mount_point)
    put_data(options.served, options.source, options.size)
    owned_as(options.served, os.stat(options.served))

    host, line = NEAR, None
    if options.rtt > 0:
        host, ready = FAR, multiprocessing.Event()
        first, last = map(int, options.ports.split("-"))
        line = multiprocessing.Process(target=serve_long_line, args=([int(options.port), *range(first, last + 1)], options.rtt / 2000, ready), daemon=True)
        line.start()
        ready.wait(10)

    password = os.path.join(options.work, "password")
    obscured = subprocess.run(["rclone", "obscure", open(password).read()], capture_output=True, text=True, check=True).stdout.strip()
    cache = os.path.join(options.work, "cache")
    mounts = [
        Mount("ftpmount", [
            options.program, "mount", "-f", "-o", f"cache-dir={cache},write-back=0,password-file={password}{options.ours}",
            f"{options.scheme}://{options.user}@{host}:{options.port}/", options.mount_point], options),
        Mount("rclone", [
            "rclone", "mount", f":ftp,host={host},port={options.port},user={options.user},pass={obscured}{options.theirs}:", options.mount_point,
            "--vfs-cache-mode", "writes", "--vfs-write-back", "0s", "--cache-dir", cache], options),
    ]
    figures = {}
    try:
        for _ in range(options.repetitions):
            for work in options.only.split(","):
                for mount in mounts:
                    for name, unit, more_is_better, value in getattr(Work(mount, options), work)():
                        figures.setdefault((name, unit, more_is_better), {}).setdefault(mount.name, []).append(value)
                    mount.stop()
    finally:
        for mount in mounts:
            mount.stop()
        if line is not None:
            line.terminate()

    print(f"{'median of ' + str(options.repetitions):36} {'ftpmount':>10} {'rclone':>10}   times better")
    for (name, unit, more_is_better), values in figures.items():
        own, peer = (statistics.median(values[mount.name]) for mount in mounts)
        better = own / peer if more_is_better else peer / own
        print(f"{name + ', ' + unit:36} {own:10.4g} {peer:10.4g}   {better:.2f}")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    main()
