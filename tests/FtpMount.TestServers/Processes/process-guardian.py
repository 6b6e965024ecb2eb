"""Runs one server and owns every process that comes of it.

process-guardian.py LOG PROGRAM ARGUMENT...

It is a child subreaper (prctl(2)), so that a session process whose parent died is still found below it, and it reads commands from
a pipe whose other end the test program holds: when that program dies, however it dies, the pipe ends and the guardian kills
everything below itself and removes the files that the server served (the folder "root" in the working directory; names in it need not
be UTF-8). It never signals a process that is not its descendant.

commands (stdin): start | kill | stop | cont | pids
answers (stdout): started PID | killed | stopped | continued | pids PID...
at any time:      exited STATUS        (the server itself has ended)
"""
import ctypes
import os
import select
import shutil
import signal
import sys

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
libc = ctypes.CDLL(None, use_errno=True)
log, command = sys.argv[1], sys.argv[2:]
server = 0


def say(text):
    try:
        os.write(1, (text + "\n").encode())
    except OSError:
        pass


def descendants():
    children = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as stat:
                    fields = stat.read().rsplit(b")", 1)[1].split()
            except OSError:
                continue
            if fields[0] != b"Z":
                children.setdefault(int(fields[1]), []).append(int(name))
    found, queue = [], [os.getpid()]
    while queue:
        below = children.get(queue.pop(), [])
        found += below
        queue += below
    return found


def signal_all(number):
    """Until no descendant is left that has not had it: one may fork while the list is read."""
    done = set()
    while True:
        fresh = [pid for pid in descendants() if pid not in done]
        if not fresh:
            return
        for pid in fresh:
            done.add(pid)
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass


def reap():
    global server
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        if pid == server:
            server = 0
            say(f"exited {os.waitstatus_to_exitcode(status)}")


def kill_all():
    global server
    server = 0  # an end that was asked for is not reported
    while True:
        for pid in descendants():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def start():
    global server
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    nothing = os.open("/dev/null", os.O_RDONLY)
    pid = os.fork()
    if pid == 0:
        os.setsid()
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        os.dup2(nothing, 0)
        os.dup2(out, 1)
        os.dup2(out, 2)
        os.closerange(3, 256)
        try:
            os.execv(command[0], command)
        except OSError as error:
            os.write(2, f"{command[0]}: {error}\n".encode())
        os._exit(127)
    os.close(out)
    os.close(nothing)
    server = pid
    say(f"started {pid}")


def main():
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        os.setsid()  # so that Ctrl-C in the terminal ends the test program first
    except OSError:
        pass
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    wake_read, wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    pending = b""
    while True:
        ready, _, _ = select.select([0, wake_read], [], [])
        if wake_read in ready:
            try:
                os.read(wake_read, 4096)
            except BlockingIOError:
                pass
            reap()
        if 0 in ready:
            data = os.read(0, 4096)
            if not data:
                kill_all()
                shutil.rmtree(b"root", ignore_errors=True)
                return
            pending += data
            while b"\n" in pending:
                line, pending = pending.split(b"\n", 1)
                if line == b"start":
                    start()
                elif line == b"kill":
                    kill_all()
                    say("killed")
                elif line == b"stop":
                    signal_all(signal.SIGSTOP)
                    say("stopped")
                elif line == b"cont":
                    signal_all(signal.SIGCONT)
                    say("continued")
                elif line == b"pids":
                    say("pids " + " ".join(map(str, descendants())))


main()
