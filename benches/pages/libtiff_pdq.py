#!/usr/bin/env python3
"""What libtiff and PDQ come to on the same pages, for `faxguardctl evaluate pages --baseline FILE`.

Optional, and no part of the product. Needs libtiff's shared library (Debian: libtiff6) and, in a virtual environment of
its own, numpy and pdqhash from the Python package index:

    faxguardctl evaluate pages --part write --folder PAGES   # made pages, their copies, forms (--full for all);
                                                             # of the pages in PAGES/base where that is there
    python3 benches/pages/libtiff_pdq.py --pages PAGES --out baseline.json
    faxguardctl evaluate pages --baseline baseline.json

    python3 benches/pages/libtiff_pdq.py --base FOLDER --templates FOLDER --out baseline.json    # any folders of TIFF-F

Found is what PDQ finds at its published threshold of 31 bits of 256, by the reference's way (nearest dots down to 512 x
512). Times are of one core, the fastest of several rounds, files in the page cache: libtiff through its C functions; of
PDQ what its C++ takes, without the wrapper's own conversions, which a caller in C would not have.
"""

import argparse
import ctypes
import ctypes.util
import json
import sys
import time
from pathlib import Path

import numpy as np
import pdqhash

THRESHOLD = 31
TAG_WIDTH, TAG_ROWS, TAG_PHOTOMETRIC, TAG_Y_RESOLUTION = 256, 257, 262, 283


class Tiff:
    """The few functions of libtiff that reading a bilevel page takes."""

    def __init__(self):
        name = ctypes.util.find_library("tiff")
        if name is None:
            sys.exit("libtiff is not there (Debian: apt install libtiff6)")
        self.lib = lib = ctypes.CDLL(name)
        lib.TIFFOpen.restype = ctypes.c_void_p
        lib.TIFFOpen.argtypes = [ctypes.c_char_p, ctypes.c_char_p]
        lib.TIFFClose.argtypes = [ctypes.c_void_p]
        lib.TIFFReadDirectory.argtypes = [ctypes.c_void_p]
        lib.TIFFNumberOfStrips.argtypes = [ctypes.c_void_p]
        lib.TIFFStripSize.argtypes = [ctypes.c_void_p]
        lib.TIFFStripSize.restype = ctypes.c_ssize_t
        lib.TIFFScanlineSize.argtypes = [ctypes.c_void_p]
        lib.TIFFScanlineSize.restype = ctypes.c_ssize_t
        lib.TIFFReadEncodedStrip.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_void_p, ctypes.c_ssize_t]
        lib.TIFFReadEncodedStrip.restype = ctypes.c_ssize_t
        lib.TIFFGetVersion.restype = ctypes.c_char_p
        # Odd files are part of the collection: what libtiff thinks of them is not wanted on the screen.
        lib.TIFFSetWarningHandler(None)
        lib.TIFFSetErrorHandler(None)

    def version(self):
        return self.lib.TIFFGetVersion().decode().splitlines()[0].replace("LIBTIFF, Version", "libtiff")

    def number(self, handle, tag, kind=ctypes.c_uint32):
        value = kind(0)
        self.lib.TIFFGetFieldDefaulted(ctypes.c_void_p(handle), ctypes.c_uint32(tag), ctypes.byref(value))
        return value.value

    def pages(self, path, only_first=False):
        """Each page as rows of packed bits with 1 for black, and its dots an inch down the page."""
        handle = self.lib.TIFFOpen(str(path).encode(), b"r")
        if not handle:
            return
        try:
            while True:
                width, rows = self.number(handle, TAG_WIDTH), self.number(handle, TAG_ROWS)
                stride = self.lib.TIFFScanlineSize(handle)
                strip_size = self.lib.TIFFStripSize(handle)
                strips = self.lib.TIFFNumberOfStrips(handle)
                if rows == 0 or stride != (width + 7) // 8 or strips * strip_size > 1 << 28:
                    return
                dots = np.zeros(strips * strip_size, np.uint8)
                at = 0
                for strip in range(strips):
                    got = self.lib.TIFFReadEncodedStrip(handle, strip, dots.ctypes.data + at, strip_size)
                    at += max(got, 0)
                page = dots[: rows * stride].reshape(rows, stride)
                if self.number(handle, TAG_PHOTOMETRIC, ctypes.c_uint16) == 1:
                    page = ~page
                yield page, self.number(handle, TAG_Y_RESOLUTION, ctypes.c_float)
                if only_first or not self.lib.TIFFReadDirectory(handle):
                    return
        finally:
            self.lib.TIFFClose(handle)


def nearest_512(page):
    """Grey of the nearest dots of 512 x 512, as PDQ's reference makes any picture that size."""
    rows, stride = page.shape
    y = (np.arange(512) * rows) // 512
    x = (np.arange(512) * stride * 8) // 512
    bits = (page[y[:, None], x[None, :] >> 3] >> (7 - (x & 7))[None, :]) & 1
    return (1 - bits).astype(np.uint8) * 255


def boxes(page, dpi):
    """Grey of boxes of 8 x 8 fine dots: what a bilevel page can be brought to with a count of bits."""
    high = 4 if dpi < 140 else 16 if dpi > 300 else 8
    rows = page.shape[0] // high * high
    counts = np.bitwise_count(page[:rows]).reshape(rows // high, high, -1).sum(1, dtype=np.uint16)
    return (255 - counts * 255 // (8 * high)).astype(np.uint8)


def coloured(grey):
    return np.ascontiguousarray(np.broadcast_to(grey[:, :, None], (*grey.shape, 3)))


def pdq(grey):
    vector, _quality = pdqhash.compute(coloured(grey))
    return np.packbits(vector.astype(np.uint8))


def first_hash(tiff, path):
    for page, _dpi in tiff.pages(path, only_first=True):
        return pdq(nearest_512(page))
    return None


def hashes(tiff, folder):
    found = {path.stem: first_hash(tiff, path) for path in sorted(Path(folder).glob("*.tif*"))}
    return {stem: bits for stem, bits in found.items() if bits is not None}


def far(one, two):
    return int(np.bitwise_count(one ^ two).sum())


def found_copies(tiff, base, folder):
    shares = {}
    for kind in sorted(path for path in Path(folder).iterdir() if path.is_dir()):
        copies = hashes(tiff, kind)
        near = [far(base[stem.rsplit("_", 1)[0]], bits) <= THRESHOLD
                for stem, bits in copies.items() if stem.endswith("_0") and stem.rsplit("_", 1)[0] in base]
        if near:
            shares[kind.name] = sum(near) / len(near)
    return shares


def share_of_pairs(groups):
    """Share of the pairs within each group that PDQ calls the same."""
    near = all_pairs = 0
    for group in groups:
        bits = np.array(group)
        for at in range(len(bits) - 1):
            apart = np.bitwise_count(bits[at + 1:] ^ bits[at]).sum(1)
            near += int((apart <= THRESHOLD).sum())
            all_pairs += len(apart)
    return near / all_pairs if all_pairs else None


def fastest(rounds, work):
    """Seconds of the fastest round."""
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best


def wrapper_seconds(rounds, grey):
    """What pdqhash.compute does around its C++: luma of three channels, a buffer, a vector of bits."""
    image = coloured(grey)

    def conversions():
        luma = (image[:, :, 0] * 0.299 + image[:, :, 1] * 0.587 + image[:, :, 2] * 0.114).astype("float32")
        np.zeros_like(luma)
        words = [0] * 16
        np.array([(words[(k & 255) >> 4] >> (k & 15)) & 1 for k in range(256)])[::-1]

    return fastest(rounds, conversions)


def timing(tiff, folder, rounds):
    paths = sorted(Path(folder).glob("*.tif*"))
    pages = [page for path in paths for page in tiff.pages(path)]
    count = len(pages)
    decode = fastest(rounds, lambda: [None for path in paths for _page in tiff.pages(path)])

    def with_pdq(down):
        small = [down(*page) for page in pages]
        shrink = fastest(rounds, lambda: [down(*page) for page in pages])
        images = [coloured(grey) for grey in small]
        whole = fastest(rounds, lambda: [pdqhash.compute(image) for image in images])
        around = sum(wrapper_seconds(rounds, grey) for grey in small)
        return decode + shrink + max(whole - around, 0)

    at_512 = with_pdq(lambda page, _dpi: nearest_512(page))
    on_boxes = with_pdq(boxes)
    each = {"decode_ms": decode, "decode_pdq_ms": at_512, "decode_box_pdq_ms": on_boxes}
    return {"folder": str(Path(folder).resolve()), "pages": count,
            **{name: round(seconds * 1e3 / count, 4) for name, seconds in each.items()}}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pages", type=Path, help="folder written by `evaluate pages --part write`")
    parser.add_argument("--base", type=Path, help="folder of different pages")
    parser.add_argument("--templates", type=Path, help="folder of forms, TEMPLATE_FILL.tif")
    parser.add_argument("--timed", type=Path, help="folder that reading is timed on; --base where absent")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    base = arguments.base or (arguments.pages and arguments.pages / "base")
    templates = arguments.templates or (arguments.pages and arguments.pages / "templates")
    if base is None:
        parser.error("one of --pages and --base is required")
    tiff = Tiff()
    base_hashes = hashes(tiff, base)
    copies = arguments.pages / "copies" if arguments.pages else None
    groups = {}
    for stem, bits in (hashes(tiff, templates) if templates else {}).items():
        groups.setdefault(stem.rsplit("_", 1)[0], []).append(bits)
    result = {
        "taken_with": f"{tiff.version()}, pdqhash {pdqhash.__version__ if hasattr(pdqhash, '__version__') else ''}".strip(),
        "pdq": {
            "threshold": THRESHOLD,
            "found": found_copies(tiff, base_hashes, copies) if copies else {},
            "template_pairs": share_of_pairs(groups.values()),
            "unrelated_pairs": share_of_pairs([list(base_hashes.values())]),
        },
        "timing": timing(tiff, arguments.timed or base, arguments.rounds),
    }
    arguments.out.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
