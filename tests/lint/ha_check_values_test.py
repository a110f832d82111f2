#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests of tests/support/ha_check.py: every mutation of the values has a finding."""
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from ha_world import BASE, assert_found, capture, check_text, healthy, healthy_values  # noqa: E402

# topic -> payload on it instead (None: nothing), words the finding must contain
VALUES = {
    "no value": ("pack1/voltage", None, "no retained payload"),
    "NaN": ("pack1/voltage", "nan", "not a decimal"), "infinity": ("pack1/voltage", "inf", "not a decimal"),
    "null": ("pack1/voltage", "null", "not a decimal"), "unknown": ("pack1/voltage", "unknown", "not a decimal"),
    "comma": ("pack1/voltage", "3,3", "not a decimal"), "hex": ("pack1/voltage", "0x10", "not a decimal"),
    "exponent": ("pack1/voltage", "1e3", "not a decimal"), "unit": ("pack1/voltage", "5 V", "not a decimal"),
    "blank": ("pack1/voltage", " 5", "not a decimal"), "small none": ("pack1/voltage", "none", "not a decimal"),
    "not UTF-8": ("pack1/voltage", "\udcff", "not UTF-8"),
    "no option": ("pack1/charge_state", "float", "is none of idle, bulk"),
    "option in capitals": ("pack1/charge_state", "Bulk", "is none of"),
    "no zone": ("pack1/started", "2026-01-02T03:04:05", "no time zone"),
    "seconds": ("pack1/started", "1767323045", "ISO 8601"), "no date": ("pack1/made", "today", "ISO 8601"),
    "long text": ("pack1/worst_cell", "x" * 256, "256 characters"),
    "small on": ("pack1/problem", "on", "is none of ON, OFF"), "one": ("garage/relay", "1", "is none of ON, OFF"),
    "beyond max": ("garage/limit", "4.30", "not in 2.5..4.2"), "number text": ("garage/limit", "high", "not a decimal"),
    "no mode": ("garage/charge_mode", "half", "is none of full"), "no match": ("garage/alias", "R2", "does not match"),
    "too long": ("garage/alias", "x" * 21, "21 characters"),
    "update key": ("pack1/firmware", '{"version":"1"}', "version: unknown key"),
    "update type": ("pack1/firmware", '{"in_progress":"no"}', "not true or false"),
    "update not JSON": ("pack1/firmware", "{1.0", "not JSON"),
    "update percentage": ("pack1/firmware", '{"update_percentage":101}', "out of range"),
    "path": ("bridge/info", "{}", "finds nothing"),
    "no attributes": ("pack1/details", None, "no retained attributes"),
    "attribute list": ("pack1/details", "[]", "not a JSON object"),
    "attribute name": ("pack1/details", '{"icon":"x"}', "removes icon"),
    "attribute size": ("pack1/details", json.dumps({"x": "y" * 16400}), "recorder refuses"),
    "no availability": ("garage/availability", None, "no retained availability"),
    "availability": ("garage/availability", "Online", "neither online nor offline"),
    "bridge availability": ("bridge/state", '{"state":"online"}', "neither online nor offline"),
}


class EveryMutationOfValuesIsFound(unittest.TestCase):
    def test_in_values(self):
        for name, (topic, payload, words) in VALUES.items():
            with self.subTest(name):
                values = healthy_values()
                if payload is None:
                    del values[f"{BASE}/{topic}"]
                else:
                    values[f"{BASE}/{topic}"] = payload
                assert_found(self, check_text(capture(healthy(), values)), words)

    def test_values_that_are_not_retained(self):
        for topic in healthy_values():
            with self.subTest(topic):
                text = capture(healthy(), healthy_values()).replace(f"{topic}\t1", f"{topic}\t0")
                assert_found(self, check_text(text), "no retained")

    def test_lines_added_to_a_capture(self):
        for line, words in (
                ("garage/relay/set\t1\tON", "a retained command"),
                ("pack1/last_event\t1\t" + '{"event_type":"raised"}', "a retained event"),
                ("pack1/last_event\t0\t" + '{"event_type":"gone"}', "'gone' is not announced"),
                ("pack1/last_event\t0\tx", "not JSON"),
                ("pack1/voltage\t1\t26.4", "number of decimals"),
                ("pack1/voltage\t0\tnan", "not a decimal")):
            with self.subTest(line):
                assert_found(self, check_text(capture(healthy(), healthy_values()) + f"{BASE}/{line}\n"), words)


if __name__ == "__main__":
    unittest.main()
