# SPDX-License-Identifier: GPL-2.0-or-later
"""The picture: every peer as a multiple of one, row by row, by gnuplot."""

import shutil

from procs import BenchError, run
from report import divide

BASELINES = ("slirp4netns", "plain")
HEAD_PIXELS, ROW_PIXELS, WIDTH_PIXELS = 170, 22, 1000
SCRIPT = """set terminal pngcairo noenhanced size {width},{height} font "Sans,10"
set output "{png}"
set title "{title}"
set logscale x
set xlabel "times {baseline} (further right is better)"
set yrange [{rows}-0.5:-0.5]
set grid xtics ytics lt 1 lc rgb "#e0e0e0"
set key outside top center horizontal
set arrow from 1, graph 0 to 1, graph 1 nohead lw 2 lc rgb "#808080"
set datafile missing "?"
plot {columns}
"""


def draw(results, title, scratch, png):
    """Draws into `png`."""
    if not shutil.which("gnuplot"):
        raise BenchError("no plot: gnuplot is not there")
    baseline = next(peer for peer in (*BASELINES, *results.peers)
                    if peer in results.peers)
    data, rows = scratch / "plot.dat", 0
    with data.open("w") as out:
        for row in results.rows:
            dots = [times(results, row, peer, baseline)
                    for peer in results.peers]
            if set(dots) - {"?"}:
                print(row.name, *dots, file=out)
                rows += 1
    if not rows:
        raise BenchError("no plot: nothing to compare")
    script = scratch / "plot.gp"
    script.write_text(SCRIPT.format(
        png=png, title=title, baseline=baseline, rows=rows,
        height=HEAD_PIXELS + rows * ROW_PIXELS, width=WIDTH_PIXELS,
        columns=columns(data, results.peers)))
    run(["gnuplot", str(script)])

def times(results, row, peer, baseline):
    """How many times better than the baseline, "?" where that is unknown."""
    ratio = results.ratio(row.name, peer, baseline)
    if ratio and not row.more_is_better:
        ratio = divide(1, ratio)
    return f"{ratio:.4g}" if ratio else "?"


def columns(data, peers):
    return ", \\\n     ".join(
        f'"{data}" using {index}:0:ytic(1) with points pointtype 7 '
        f'pointsize 1.3 title "{peer}"'
        for index, peer in enumerate(peers, start=2))
