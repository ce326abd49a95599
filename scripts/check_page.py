"""Opens the page of `ultrawide experiment all --report DIR` in a real browser and looks at a screenshot.

    python3 scripts/check_page.py DIR/index.html [--screenshot page.png]

Needs Chromium, headless (Debian: chromium); Python's standard library is enough. Checked are: that the browser wants nothing from any network
and reports no error, that every section with its plot is in the document that it has built, and that the plots are there to be seen: the colours of
their curves on the screenshot.
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

WIDTH = 1100
# The colours of the first curves (plot/src/lib.rs).
CURVES = {"blue": (0, 114, 178), "vermilion": (213, 94, 0), "green": (0, 158, 115)}


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


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("page", type=pathlib.Path)
    parser.add_argument("--screenshot", type=pathlib.Path, help="keep it in this file")
    arguments = parser.parse_args()
    address = arguments.page.resolve().as_uri()

    dom, log = browser("--dump-dom", address)
    complaints = [line for line in log.splitlines() if "ERR_" in line or "CONSOLE" in line]
    assert not complaints, complaints
    sections = re.findall(r'<section id="([a-z-]+)"', dom)
    assert sections, "no section"
    for section in re.split(r"<section ", dom)[1:]:
        name = re.match(r'id="([a-z-]+)"', section)[1]
        assert section.count("<svg") == 1 and section.count("<polyline") > 4, f"{name}: no plot"
        assert "<h2>" in section and 'class="formula"' in section and "<table>" in section, f"{name}: a part is missing"

    with tempfile.TemporaryDirectory() as folder:
        shot = arguments.screenshot or pathlib.Path(folder) / "page.png"
        browser(f"--screenshot={shot.resolve()}", f"--window-size={WIDTH},{900 * len(sections)}", address)
        rows, size = pixels(shot)
    seen = dict.fromkeys(CURVES, 0)
    for row in rows:
        for name, colour in CURVES.items():
            seen[name] += row.count(bytes(colour) + (b"\xff" if size == 4 else b""))
    for name, count in seen.items():
        assert count > 20 * len(sections), f"{name}: {count} pixels of {len(rows)}x{WIDTH}"
    print(f"{arguments.page}: {len(sections)} sections, {', '.join(sections)}; {seen} pixels of the curves")


if __name__ == "__main__":
    main()
