"""Opens the page of `ultrawide experiment all --report DIR` in a real browser and looks at a screenshot.

    python3 scripts/check_page.py DIR/index.html [--screenshot page.png]

Needs Chromium, headless (Debian: chromium); Python's standard library is enough. Checked are: that the browser wants nothing from any network
and reports no error, that the section of every experiment is in the document that it has built, with its plot, formula and table, and that in every panel of every
plot curves are there to be seen: their colours between the axes, on a screenshot of the plot. A plot without its curves has to fail that, which is tried each time.
"""

import argparse
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib

SECTIONS = ["init", "drift", "flow", "equivalence", "table", "double-descent", "tricks"]
# The colours of curves (plot/src/lib.rs).
CURVES = [(0, 114, 178), (213, 94, 0), (0, 158, 115), (204, 121, 167), (230, 159, 0), (86, 180, 233), (120, 120, 120)]
# Columns of pixels between the axes of a panel in which there is something of a curve, at least: three points have as many.
COLUMNS = 25


def browser(*arguments):
    name = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if name is None:
        sys.exit("no Chromium (Debian: chromium)")
    with tempfile.TemporaryDirectory() as profile:
        flags = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}", "--hide-scrollbars"]
        # A name that anything asked for is an error in the log.
        flags += ["--host-resolver-rules=MAP * ~NOTFOUND", "--disable-background-networking", "--enable-logging=stderr"]
        ran = subprocess.run([name, *flags, *arguments], capture_output=True, text=True, timeout=120)
    if ran.returncode != 0:
        sys.exit(f"{name} failed: {ran.stderr[-2000:]}")
    return ran.stdout, ran.stderr


def pixels(path):
    """The rows of a PNG of 8-bit RGB or RGBA, as bytes, and the bytes of a pixel."""
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n", "no PNG"
    at, packed = 8, b""
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        body = data[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", body[:10])
            assert depth == 8 and colour in (2, 6), f"PNG of depth {depth}, type {colour}"
            size = 3 if colour == 2 else 4
        elif kind == b"IDAT":
            packed += body
        at += length + 12
    raw, stride = zlib.decompress(packed), width * size
    rows, before = [], bytearray(stride)
    for row in range(height):
        filtered = raw[row * (stride + 1)]
        line = bytearray(raw[row * (stride + 1) + 1 : (row + 1) * (stride + 1)])
        for i in range(stride) if filtered else ():
            left = line[i - size] if i >= size else 0
            up, corner = before[i], before[i - size] if i >= size else 0
            if filtered == 1:
                guess = left
            elif filtered == 2:
                guess = up
            elif filtered == 3:
                guess = (left + up) // 2
            else:
                sides = abs(up - corner), abs(left - corner), abs(left + up - 2 * corner)
                guess = (left, up, corner)[sides.index(min(sides))]
            line[i] = (line[i] + guess) & 255
        rows.append(bytes(line))
        before = line
    return rows, size


def panels(svg):
    """The areas between the axes, as (left, right, top, bottom): the long black lines, of each panel one down and one across from its end."""
    lines = re.findall(r'<polyline[^>]*stroke="#000000"[^>]*points="(\d+),(\d+) (\d+),(\d+) "', svg)
    lines = [tuple(map(int, line)) for line in lines]
    down = [(x, top, bottom) for x, top, end, bottom in lines if x == end and bottom - top > 100]
    across = [(left, right, y) for left, y, right, end in lines if y == end and right - left > 100]
    return [
        (x, right, top, y) for x, top, bottom in down for left, right, y in across if abs(left - x) < 3 and abs(y - bottom) < 3
    ]


def columns(svg, areas, folder):
    """In how many columns of each area a screenshot shows something of a curve."""
    width, height = re.search(r'<svg width="(\d+)" height="(\d+)"', svg).groups()
    plot, shot = folder / "plot.svg", folder / "plot.png"
    plot.write_text(svg)
    browser(f"--screenshot={shot}", f"--window-size={width},{height}", plot.as_uri())
    rows, size = pixels(shot)
    colours = {bytes(colour) for colour in CURVES}

    def seen(left, right, top, bottom):
        column = lambda x: any(row[x * size : x * size + 3] in colours for row in rows[top + 1 : bottom])
        return sum(column(x) for x in range(left + 2, right))

    return [seen(*area) for area in areas]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("page", type=pathlib.Path)
    parser.add_argument("--screenshot", type=pathlib.Path, help="keep one of the whole page in this file")
    arguments = parser.parse_args()
    address = arguments.page.resolve().as_uri()

    dom, log = browser("--dump-dom", address)
    complaints = [line for line in log.splitlines() if "ERR_" in line or "CONSOLE" in line]
    assert not complaints, complaints
    sections = re.findall(r'<section id="([a-z-]+)"', dom)
    assert sections == SECTIONS, f"{sections}, not {SECTIONS}"
    if arguments.screenshot:
        browser(f"--screenshot={arguments.screenshot.resolve()}", f"--window-size=1100,{1100 * len(sections)}", address)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for section in re.split(r"<section ", dom)[1:]:
            name = re.match(r'id="([a-z-]+)"', section)[1]
            assert "<h2>" in section and 'class="formula"' in section and "<table>" in section, f"{name}: a part is missing"
            svgs = re.findall(r"<svg .*?</svg>", section, re.DOTALL)
            assert len(svgs) == 1, f"{name}: {len(svgs)} plots"
            # The browser's own way to write elements that hold nothing.
            svg = re.sub(r"></(polyline|circle|rect|polygon|line|path)>", "/>", svgs[0])
            areas = panels(svg)
            assert areas, f"{name}: no axes"
            found = columns(svg, areas, folder)
            assert min(found) >= COLUMNS, f"{name}: curves in {found} columns of its panels"
            print(f"{name}: curves in {found} columns of its panels")
        marks = "|".join("#{:02X}{:02X}{:02X}".format(*colour) for colour in CURVES)
        bare = re.sub(rf'<(polyline|circle|polygon)[^>]*"({marks})"[^>]*/>', "", svg)
        found = columns(bare, areas, folder)
        assert max(found) < COLUMNS, f"{name} without its curves has them in {found} columns: the check sees nothing"
    print(f"{arguments.page}: {len(sections)} sections")


if __name__ == "__main__":
    main()
