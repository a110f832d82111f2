#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An independent DBC decoder: slow, bit by bit, in Python integers, from the format's definition.

    dbc_reference.py FILE.dbc DUMP --at-least N

DUMP holds one decoded frame a line, as the program under test sees it:

    s 600 000521 Selector=33/33 Voltage1=1280/12.8      (s: 11-bit id, x: 29-bit id)
    s 600 0005 !                                        (refused: wrong length)

Exit status 0 when every signal of every line agrees and at least N signals were compared.
"""
import argparse
import math
import re
import struct
import sys

EXTENDED = 1 << 31
SIGNAL = re.compile(
    r"\s*SG_\s+(\w+)\s*([mM]\w*)?\s*:\s*(\d+)\|(\d+)@([01])([+-])\s*"
    r"\(([^,]+),([^)]+)\)")


def statements(text):
    """Whole statements that end with ';', quotes respected."""
    for found in re.finditer(r'^(VAL_|SIG_VALTYPE_|SG_MUL_VAL_)\s((?:[^;"]|"[^"]*")*);', text, re.M):
        yield found.group(1), found.group(2).split('"')[0].split()


def read(path):
    raw = open(path, "rb").read()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    messages = {}
    signals = None
    for line in text.splitlines():
        head = re.match(r"BO_\s+(\d+)\s+(\w+)\s*:\s*(\d+)", line)
        if head:
            signals = {}
            messages[int(head.group(1))] = signals
        found = SIGNAL.match(line)
        if found and signals is not None:
            name, mux, start, length, order, sign, factor, offset = found.groups()
            signals[name] = {
                "start": int(start), "length": int(length), "intel": order == "1",
                "signed": sign == "-", "factor": float(factor), "offset": float(offset),
                "float": 0, "is_mux": bool(mux) and mux.endswith("M"), "by": None, "when": None}
            number = re.match(r"m(\d+)", mux or "")
            if number:
                signals[name]["when"] = [(int(number.group(1)),) * 2]
    for signals in messages.values():
        top = [n for n, s in signals.items() if s["is_mux"] and s["when"] is None]
        for signal in signals.values():
            if signal["when"] is not None and top:
                signal["by"] = top[0]
    extend(text, messages)
    return messages


def extend(text, messages):
    for keyword, words in statements(text):
        if keyword == "SIG_VALTYPE_":
            words = " ".join(words).replace(":", " ").split()
            messages[int(words[0])][words[1]]["float"] = int(words[2])
        elif keyword == "SG_MUL_VAL_":
            signal = messages[int(words[0])][words[1]]
            signal["by"] = words[2]
            ranges = "".join(words[3:]).split(",")
            signal["when"] = [tuple(int(x) for x in r.split("-")) for r in ranges]


def positions(signal):
    """(byte, bit) of every bit of the signal, the least significant one first."""
    if signal["intel"]:
        return [divmod(signal["start"] + i, 8) for i in range(signal["length"])]
    byte, bit = divmod(signal["start"], 8)
    walk = []
    for _ in range(signal["length"]):
        walk.append((byte, bit))
        bit -= 1
        if bit < 0:
            byte, bit = byte + 1, 7
    return walk[::-1]


def bits_of(signal, data):
    value = 0
    for weight, (byte, bit) in enumerate(positions(signal)):
        value += ((data[byte] >> bit) & 1) << weight
    return value


def decode(signals, data):
    """{name: (raw, physical)}, or None when a signal that should be there does not fit."""
    found = {}

    def present(name, depth=0):
        signal = signals[name]
        if signal["when"] is None:
            return True
        by = signal["by"]
        if by is None or depth > 8 or not present(by, depth + 1):
            return False
        if max(b for b, _ in positions(signals[by])) >= len(data):
            return False
        value = bits_of(signals[by], data)
        return any(low <= value <= high for low, high in signal["when"])

    for name, signal in signals.items():
        if not present(name):
            continue
        if max(b for b, _ in positions(signal)) >= len(data):
            return None
        raw = bits_of(signal, data)
        number = raw
        if signal["float"] == 1:
            number = struct.unpack("<f", raw.to_bytes(4, "little"))[0]
        elif signal["float"] == 2:
            number = struct.unpack("<d", raw.to_bytes(8, "little"))[0]
        elif signal["signed"] and raw >> (signal["length"] - 1):
            number = raw = raw - (1 << signal["length"])
        found[name] = (raw, number * signal["factor"] + signal["offset"])
    return found


def same(a, b):
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) and math.isnan(b)
    return a == b or math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-12)


def parse_line(line):
    kind, identifier, payload, *words = line.split(" ")
    number = int(identifier, 16) | (EXTENDED if kind == "x" else 0)
    if words == ["!"]:
        return number, bytes.fromhex(payload), None
    ours = {}
    for word in filter(None, words):
        name, values = word.split("=")
        raw, physical = values.split("/")
        ours[name] = (int(raw), float(physical))
    return number, bytes.fromhex(payload), ours


def compare(messages, line):
    number, data, ours = parse_line(line.rstrip("\n"))
    theirs = decode(messages[number], data)
    if (ours is None) != (theirs is None) or (ours or {}).keys() != (theirs or {}).keys():
        return 0, f"{line.strip()}: expected {theirs}"
    for name, (raw, physical) in (theirs or {}).items():
        if ours[name][0] != raw or not same(ours[name][1], physical):
            return 0, f"{line.strip()}: {name} expected {raw} / {physical!r}"
    return len(theirs or {}), None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("dbc")
    parser.add_argument("dump")
    parser.add_argument("--at-least", type=int, default=1)
    arguments = parser.parse_args()
    messages = read(arguments.dbc)
    compared, frames, wrong = 0, 0, []
    for line in open(arguments.dump, encoding="utf-8"):
        count, complaint = compare(messages, line)
        frames += 1
        compared += count
        if complaint:
            wrong.append(complaint)
    for complaint in wrong[:10]:
        print(complaint)
    print(f"{compared} signals of {frames} frames compared, {len(wrong)} frames disagree")
    if compared < arguments.at_least:
        print(f"that is fewer than the {arguments.at_least} demanded")
        return 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
