#!/usr/bin/env -S python3 -IS
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the ```console blocks of a Markdown file in one shell.

A line that begins with "$ " is a command ("> " continues it); the lines below
it are what it prints, where "..." stands for anything, and alone on a line for
any lines.  Without such lines it may print what it likes.
"""
import re
import signal
import subprocess
import sys

DEADLINE = 30


def blocks(path):
    with open(path, encoding="utf-8") as page:
        return re.findall(r"^```console\n(.*?)^```$", page.read(), re.M | re.S)


def steps(block):
    """Pairs of a command and the lines that it prints."""
    found = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif line.startswith("> "):
            found[-1] = (found[-1][0] + "\n" + line[2:], found[-1][1])
        else:
            found[-1][1].append(line)
    return found


def pattern(lines):
    parts = [".*\n?" if line == "..." else
             ".*".join(re.escape(p) for p in line.split("...")) + "\n"
             for line in lines]
    return re.compile("".join(parts), re.S)


def perform(shell, command):
    print(f"{command}\nprintf '\\n:end %d\\n' $?", file=shell.stdin, flush=True)
    output = ""
    while not (end := re.search(r"\n?\n:end (\d+)\n$", output)):
        line = shell.stdout.readline()
        if not line:
            sys.exit(f"the shell ended at: {command}\n{output}")
        output += line
        if output.startswith(":end"):
            output = "\n" + output
    text = output[:end.start()]
    return text + "\n" if text else "", int(end.group(1))


def tidy(text):
    """Spaces at the ends of lines cannot be seen."""
    return re.sub(r"[ \t]+$", "", text, flags=re.M)


def main(path):
    signal.alarm(DEADLINE * 4)
    with subprocess.Popen(["bash", "--norc"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True) as shell:
        count = 0
        for block in blocks(path):
            for command, wanted in steps(block):
                output, status = perform(shell, command)
                print(f"$ {command}\n{output}", end="", flush=True)
                if status != 0:
                    sys.exit(f"status {status} of: {command}")
                if wanted and not pattern(wanted).fullmatch(tidy(output)):
                    sys.exit(f"{command}\nshould print\n" + "\n".join(wanted))
                count += 1
        shell.stdin.close()
    if count == 0:
        sys.exit(f"{path} shows nothing")


if __name__ == "__main__":
    main(sys.argv[1])
