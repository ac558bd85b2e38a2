# SPDX-License-Identifier: GPL-2.0-or-later
"""Results: samples, medians, the table, the files."""

import statistics


class Results:
    """All samples of a run; rows and peers keep the order they were given."""

    def __init__(self, rows, peers, subject):
        self.rows, self.peers, self.subject = rows, peers, subject
        self.samples = {}  # (row, peer): [values]
        self.failed = set()  # (row, peer)
        self.failures = []  # lines that say why

    def add(self, row, peer, value):
        self.samples.setdefault((row, peer), []).append(value)

    def fail(self, work, peer, reason):
        self.failed |= {(row.name, peer) for row in work.rows}
        self.failures.append(f"{work.rows[0].name}, {peer}: {reason}")

    def forget_silent_peers(self):
        """Drops the peers of whom no chosen row knows anything."""
        heard = {peer for _, peer in (*self.samples, *self.failed)}
        self.peers = [peer for peer in self.peers if peer in heard]

    def median(self, row, peer):
        values = self.samples.get((row, peer))
        return statistics.median(values) if values else None

    def ratio(self, row, subject, other):
        """How many times the other's value the subject's is, or None."""
        return divide(self.median(row, subject), self.median(row, other))


def divide(value, by):
    return value / by if value is not None and by else None


def number(value):
    """Three significant digits, without an exponent."""
    if value == 0:
        return "0"
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:.{digits}f}" if abs(value) >= 0.1 else f"{value:.3f}"


def cell(results, row, peer):
    value = results.median(row.name, peer)
    if value is None:
        return "failed" if (row.name, peer) in results.failed else "-"
    ratio = results.ratio(row.name, results.subject, peer)
    if peer == results.subject or ratio is None:
        return number(value)
    return f"{number(value)} ({number(ratio)}x)"


def table(results):
    """The medians, each with the subject's ratio to it in parentheses."""
    lines = [["row", "unit", *results.peers]]
    for row in results.rows:
        unit = row.unit + ("" if row.more_is_better else " (less is better)")
        cells = [cell(results, row, peer) for peer in results.peers]
        if set(cells) != {"-"}:
            lines.append([row.name, unit, *cells])
    return align(lines)


def align(lines):
    widths = [max(map(len, column)) for column in zip(*lines)]
    shown = ["  ".join(word.ljust(width) for word, width
                       in zip(line, widths)).rstrip() for line in lines]
    return "\n".join([shown[0], "-" * len(shown[0]), *shown[1:]])


def write_tsv(results, path):
    """One line for each row and peer that was measured."""
    with path.open("w") as out:
        print("row", "unit", "better", "peer", "median", "min", "max",
              "samples", sep="\t", file=out)
        for row in results.rows:
            for peer in results.peers:
                values = results.samples.get((row.name, peer))
                if values:
                    print(row.name, row.unit,
                          "more" if row.more_is_better else "less", peer,
                          f"{statistics.median(values):.6g}",
                          f"{min(values):.6g}", f"{max(values):.6g}",
                          ",".join(f"{value:.6g}" for value in values),
                          sep="\t", file=out)
