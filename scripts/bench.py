#!/usr/bin/env python3
"""What bench.sh runs: the same work through ftpmount, rclone mount and, over SSH, sshfs, in turn, from a server on loopback.

Each cold piece of work starts on a fresh mount with an empty cache; the server has its files in memory. Prints the median of the repetitions for each program and how
many times better ftpmount is than the better of its peers. With --rtt every packet between the mounts and the server waits, half a round trip each way, in a process of its own; the round trip of
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
CIPHERS = "aes128-gcm@openssh.com"  # ftpmount's and rclone's first choice


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


class Failed(Exception):
    """A mount that did not do the work."""


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
            self.process = subprocess.Popen(self.arguments, stdout=log, stderr=log, env=self.environment, start_new_session=True)
        while not os.path.ismount(self.point):
            if self.process.poll() is not None or time.monotonic() - begin > 60:
                raise Failed(f"it does not mount: {open(self.log).read()[-500:]}")
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

    def processes(self):
        """The program and what it started, as ssh: those below it and, since sshfs lets go of its ssh, those of its session."""
        parents, found = {}, {self.process.pid}
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/stat") as stat:
                    fields = stat.read().rsplit(")", 1)[1].split()
            except OSError:
                continue  # has ended meanwhile
            parents[int(pid)] = int(fields[1])
            if int(fields[3]) == self.process.pid:
                found.add(int(pid))
        while below := {pid for pid, parent in parents.items() if parent in found} - found:
            found |= below
        return found

    def memory(self):
        """Mebibytes resident."""
        total = 0
        for pid in self.processes():
            with open(f"/proc/{pid}/status") as status:
                total += next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmRSS"))
        return total

    def processor(self):
        """Seconds of processor time so far."""
        total = 0
        for pid in self.processes():
            with open(f"/proc/{pid}/stat") as stat:
                fields = stat.read().rsplit(")", 1)[1].split()
            total += sum(map(int, fields[11:15]))  # its own, and of what it started and has ended
        return total / os.sysconf("SC_CLK_TCK")


# --- the data -------------------------------------------------------------------------------------------------------------

def put_files(directory, count, size, rng):
    os.makedirs(directory, exist_ok=True)
    for number in range(count):
        with open(f"{directory}/file{number:03}.txt", "wb") as file:
            file.write(rng.randbytes(size))


def put_data(served, source, size, groups):
    rng = random.Random(7)
    with open(f"{served}/big", "wb") as file:
        for _ in range(size):
            file.write(rng.randbytes(1 << 20))
    if "many" in groups:
        for number in range(10):
            put_files(f"{source}-many/d{number}", 100, 10 << 10, rng)
            put_files(f"{source}-archived/d{number}", 200, 2000, rng)
        subprocess.run(["tar", "-C", f"{source}-archived", "-cf", f"{source}.tar", "."], check=True)
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
        raise Failed(f"{' '.join(command)}: {done.stderr[-300:]}")
    return time.monotonic() - begin


def until(condition, what):
    begin = time.monotonic()
    while not condition():
        if time.monotonic() - begin > 600:
            raise Failed(f"{what} did not happen within ten minutes")
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
        yield "write, closed", "MiB/s", True, self.size / (time.monotonic() - begin)
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

    def change(self):
        """4 KiB in the middle of the big file, which is on the server alone."""
        self.mount.start()
        piece, offset = os.urandom(4096), (self.size << 19) & ~4095
        begin = time.monotonic()
        with open(f"{self.point}/big", "r+b", buffering=0) as file:
            file.seek(offset)
            file.write(piece)
        yield "4 KiB changed in it, closed", "s", False, time.monotonic() - begin
        def arrived():
            try:
                with open(f"{self.served}/big", "rb") as file:
                    file.seek(offset)
                    return file.read(4096) == piece and os.path.getsize(f"{self.served}/big") == self.size << 20
            except FileNotFoundError:
                return False  # between deletion and renaming
        until(arrived, "the arrival of the change")
        yield "4 KiB changed in it, on the server", "s", False, time.monotonic() - begin

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
            raise Failed("other bytes were read than the server has")
        self.mount.start()
        yield "grep -r", "files/s", True, 200 / run(["grep", "-rc", "no such text", f"{self.point}/text"], allowed=(0, 1))
        self.mount.start()
        yield "git status, first", "s", False, run(["git", "-c", "safe.directory=*", "status", "--porcelain"], cwd=f"{self.point}/repository")
        yield from self.bring("cp -r in", 200, self.source, ["cp", "-r", self.source, f"{self.point}/brought"])

    def many(self):
        archive = f"{self.source}.tar"
        yield from self.bring("cp -r of 1,000 in", 1000, f"{self.source}-many", ["cp", "-r", f"{self.source}-many", f"{self.point}/brought"])
        yield from self.bring("untar of 2,000", 2000, f"{self.source}-archived", ["tar", "--one-top-level=brought", "-xf", archive], cwd=self.point)

    def bring(self, name, files, source, command, cwd=None):
        """Small files, until the command returns and until all is on the server."""
        self.mount.start()
        target = f"{self.served}/brought"
        begin = time.monotonic()
        run(command, cwd)
        yield f"{name}, returned", "files/s", True, files / (time.monotonic() - begin)
        until(lambda: os.path.isdir(target) and same_tree(source, target), "the arrival of the files")
        yield f"{name}, on the server", "files/s", True, files / (time.monotonic() - begin)
        self.mount.stop()
        shutil.rmtree(target)


def mounts_of(options, host):
    """Our program and its peers for this server."""
    work, port, user = options.work, options.port, options.user
    cache, point = os.path.join(work, "cache"), options.mount_point
    with open(os.path.join(work, "password")) as file:
        password = file.read()
    url = options.url.replace(NEAR, host, 1)
    found = [Mount("ftpmount", [options.program, "mount", "-f", "-o", f"cache-dir={cache},write-back=0,{options.options}", url, point], options)]
    if options.kind == "openssh":
        remote = f":sftp,host={host},port={port},user={user},key_file={work}/id_ed25519,shell_type=none,disable_hashcheck=true:{options.served}"
        ssh = ["-F", "/dev/null", "-p", port, "-o", f"IdentityFile={work}/id_ed25519,StrictHostKeyChecking=no,UserKnownHostsFile=/dev/null,LogLevel=ERROR,Ciphers={CIPHERS}"]
        found.append(Mount("sshfs", ["sshfs", "-f", *ssh, f"{user}@{host}:{options.served}", point], options))
    else:
        obscured = subprocess.run(["rclone", "obscure", password], capture_output=True, text=True, check=True).stdout.strip()
        remote = f":ftp,host={host},port={port},user={user},pass={obscured}"
        if options.kind == "vsftpd":
            remote += ",force_list_hidden=true"  # the others have MLSD, which lists .git by itself
        if options.tls:
            # With TLS 1.3 rclone does not resume the session of the control connection, which vsftpd and ProFTPD demand.
            remote += ",explicit_tls=true,no_check_certificate=true" + ("" if options.kind == "pureftpd" else ",disable_tls13=true")
        remote += ":"
    found.append(Mount("rclone", ["rclone", "mount", remote, point, "--vfs-cache-mode", "writes", "--vfs-write-back", "0s", "--cache-dir", cache], options))
    return found


def main():
    parser = argparse.ArgumentParser()
    for name in ("work", "served", "program", "kind", "tls", "url", "user", "port", "ports", "options"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--size", type=int, required=True)
    parser.add_argument("--repetitions", type=int, required=True)
    parser.add_argument("--rtt", type=float, default=0)
    parser.add_argument("--only", default="start,write,read,random,change,names,small")
    options = parser.parse_args()
    groups = options.only.split(",")
    options.mount_point = os.path.join(options.work, "mnt")
    options.source = os.path.join(options.work, "source")
    os.makedirs(options.mount_point)
    put_data(options.served, options.source, options.size, groups)
    owned_as(options.served, os.stat(options.served))

    host, line = NEAR, None
    if options.rtt > 0:
        host, ready = FAR, multiprocessing.Event()
        first, last = map(int, options.ports.split("-"))
        ports = [int(options.port)] if options.kind == "openssh" else [int(options.port), *range(first, last + 1)]
        line = multiprocessing.Process(target=serve_long_line, args=(ports, options.rtt / 2000, ready), daemon=True)
        line.start()
        ready.wait(10)

    mounts = mounts_of(options, host)
    figures = {}
    try:
        for _ in range(options.repetitions):
            for work in groups:
                for mount in mounts:
                    try:
                        for name, unit, more_is_better, value in getattr(Work(mount, options), work)():
                            figures.setdefault((name, unit, more_is_better), {}).setdefault(mount.name, []).append(value)
                    except Failed as failed:
                        with open(mount.log, errors="replace") as log:
                            print(f"bench.sh: {mount.name}: {failed}\n{log.read()[-1000:]}", file=sys.stderr)
                        if mount is mounts[0]:
                            return 1
                        mount.stop()
                        for path in (f"{options.served}/brought", f"{options.served}/written"):  # what it left behind
                            subprocess.run(["rm", "-rf", path], check=True)
                    mount.stop()
    finally:
        for mount in mounts:
            mount.stop()
        if line is not None:
            line.terminate()

    print(f"{'median of ' + str(options.repetitions):44}" + "".join(f" {mount.name:>10}" for mount in mounts) + "   times better")
    for (name, unit, more_is_better), values in figures.items():
        medians = [statistics.median(values[mount.name]) if mount.name in values else None for mount in mounts]
        own, *peers = medians
        peers = [peer for peer in peers if peer is not None]
        better = "" if not peers else f"{own / max(peers) if more_is_better else min(peers) / own:.2f}"
        print(f"{name + ', ' + unit:44}" + "".join(f" {value:10.4g}" if value is not None else f" {'failed':>10}" for value in medians) + f"   {better}")
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())
