# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs of a benchmark: run to their end, or kept alive for a block."""

import contextlib
import subprocess
import threading
import time


class BenchError(Exception):
    """A measurement or a world could not be had; the text says why."""


def brief(argv):
    """A command without the words that only say where it runs."""
    argv = [str(word) for word in argv]
    if "--" in argv:
        argv = argv[argv.index("--") + 1:]
    return " ".join(argv[:3])


def _last_line(*texts):
    lines = "\n".join(text.strip() for text in texts if text).splitlines()
    return lines[-1].strip() if lines else "it said nothing"


def run(argv, timeout=30):
    """The standard output of a command that has to succeed."""
    try:
        done = subprocess.run(argv, timeout=timeout, text=True, check=False,
                              stdin=subprocess.DEVNULL, capture_output=True)
    except subprocess.TimeoutExpired:
        raise BenchError(f"{brief(argv)}: no end after {timeout} s") from None
    except OSError as error:
        raise BenchError(f"{brief(argv)}: {error.strerror}") from None
    if done.returncode != 0:
        raise BenchError(f"{brief(argv)}: "
                         f"{_last_line(done.stdout, done.stderr)}")
    return done.stdout


def keyed_numbers(text):
    """{"rate": 12.0} of a load program's "rate=12.0"."""
    pairs = (word.split("=", 1) for word in text.split() if "=" in word)
    return {key: float(value) for key, value in pairs}


def wait_for(what, ready, timeout=10):
    """Polls `ready` until it gives something true, which is returned."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        value = ready()
        if value:
            return value
        time.sleep(0.002)
    raise BenchError(f"{what}: not after {timeout} s")


def stop(process):
    """Ends a child, gently first, and closes its pipes."""
    process.terminate()
    try:
        process.wait(2)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe:
            with contextlib.suppress(OSError):
                pipe.close()


@contextlib.contextmanager
def background(argv, ready_line=None, timeout=60):
    """A process that lives as long as the block.

    ready_line: what it prints when the block may begin.
    """
    pipe, null = subprocess.PIPE, subprocess.DEVNULL
    process = subprocess.Popen(argv, text=True, stdin=pipe, stdout=pipe,
                               stderr=pipe if ready_line else null)
    try:
        if ready_line:
            _await_line(process, argv, ready_line, timeout)
        yield process
    finally:
        stop(process)


def _await_line(process, argv, ready_line, timeout):
    alarm = threading.Timer(timeout, process.kill)
    alarm.start()
    line = process.stdout.readline().strip()
    alarm.cancel()
    if line == ready_line:
        return
    process.kill()
    raise BenchError(f"{brief(argv)}: {_last_line(process.stderr.read())}")


def finish(process, timeout=60):
    """Closes the input of a background process; its last words."""
    try:
        return process.communicate(timeout=timeout)[0]
    except subprocess.TimeoutExpired:
        raise BenchError(f"{brief(process.args)}: no end after "
                         f"{timeout} s") from None
