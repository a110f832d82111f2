#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests of tests/support/ha_check.py: a healthy installation has no finding; the command around it."""
import contextlib
import io
import json
import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import ha_check  # noqa: E402
from ha_world import (  # noqa: E402
    BASE, BRIDGE, MODULE, PACK, PLUG, capture, check_text, check_world, cmp, healthy, healthy_values)


class HealthyInstallation(unittest.TestCase):
    def test_has_no_finding(self):
        report = check_world(healthy())
        self.assertEqual(report.findings, [])
        self.assertEqual((report.devices, report.components, report.removed, report.exit_status()), (4, 21, 1, 0))

    def test_on_a_broker_has_no_finding(self):
        report = check_text(capture(healthy(), healthy_values()))
        self.assertEqual(report.findings, [])
        self.assertEqual((report.values, len(report.availability), report.exit_status()), (19, 4, 0))

    def test_two_gateways_and_another_prefix(self):
        text = capture(healthy(), healthy_values())
        other = text.replace(BASE, "cellar").replace('"name": "cellar"', '"name": "battery2mqtt"')
        report = check_text((text + other).replace("homeassistant/", "ha/"), prefix="ha")
        self.assertEqual((report.findings, report.devices), ([], 8))

    def test_a_gateway_id_that_begins_another(self):
        text = capture(healthy(), healthy_values())
        report = check_text(text + text.replace(BASE, BASE + "_2"))
        self.assertEqual((report.findings, report.devices), ([], 8))

    def test_a_known_parent_need_not_be_announced(self):
        world = healthy()
        del world[BRIDGE]
        self.assertTrue(check_world(world).findings)
        self.assertEqual(check_world(world, known=[f"{BASE}_bridge"]).findings, [])

    def test_an_entity_without_feedback_may_be_named(self):
        world = healthy()
        cmp("relay", "opt", True, PLUG)(world)
        self.assertEqual(len(check_world(world).findings), 1)
        self.assertEqual(check_world(world, optimistic=[f"{BASE}_garage_relay"]).findings, [])

    def test_none_stands_for_unknown(self):
        skip = ("availability", "state", "info", "alias", "details")
        values = {t: p if t.endswith(skip) else "None" for t, p in healthy_values().items()}
        self.assertEqual(check_text(capture(healthy(), values)).findings, [])

    def test_a_device_taken_away_is_not_checked(self):
        text = capture(healthy(), healthy_values()) + f"{MODULE}\t0\t\n"
        report = check_text(text)
        self.assertEqual((report.findings, report.devices), ([], 3))

    def test_a_device_trigger_needs_no_unique_id(self):
        world = healthy()
        world[PACK]["cmps"]["full"] = {"p": "device_automation", "atype": "trigger", "type": "charge", "stype": "full",
                                       "t": f"{BASE}/pack1/full"}
        self.assertEqual(check_world(world).findings, [])
        world[PACK]["cmps"]["full"]["atype"] = "state"
        self.assertIn("automation_type: 'state' is not one", check_world(world).findings[0].text)

    def test_values_behind_templates(self):
        for template, payload, findings, unseen in (
                ("{{ value }}", "3.30", 0, 0), ("{{ value }}", "nan", 1, 0), ("{{ value_json.a.b }}", '{"a":{"b":3}}', 0, 0),
                ("{{ value_json['a'] }}", '{"a":null}', 0, 0), ("{{ value_json.a }}", '{"a":"high"}', 1, 0),
                ("{{ value_json.a }}", "[]", 1, 0), ("{{ value | float / 10 }}", "33", 0, 1)):
            with self.subTest(template + payload):
                world, values = healthy(), healthy_values()
                world[PACK]["cmps"]["voltage"]["val_tpl"] = template
                values[f"{BASE}/pack1/voltage"] = payload
                report = check_text(capture(world, values))
                self.assertEqual((len(report.findings), report.unseen), (findings, unseen), report.findings)
                self.assertEqual("behind templates" in report.summary(), unseen == 1)


class Command(unittest.TestCase):
    def run_it(self, *arguments):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                status = ha_check.main(list(arguments))
            except SystemExit as end:
                status = end.code
        return status, out.getvalue() + err.getvalue()

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def file(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(text)
        return path

    def test_payload_files(self):
        paths = [self.file(f"{i}.json", json.dumps(p)) for i, p in enumerate(healthy().values())]
        self.assertEqual(self.run_it(*paths), (0, "checked 4 devices, 21 components, 1 removals: 0 findings\n"))

    def test_a_capture_with_a_finding(self):
        values = healthy_values()
        values[f"{BASE}/pack1/soc"] = "nan"
        status, text = self.run_it("--topics", self.file("capture", capture(healthy(), values)))
        self.assertEqual(status, 1)
        self.assertIn(f"{PACK}: soc: {BASE}/pack1/soc: 'nan' is not a decimal number\n", text)
        self.assertIn(" 4 devices, 21 components, ", text)

    def test_a_payload_over_several_lines(self):
        values = healthy_values()
        values[f"{BASE}/bridge/info"] = '{\n "version": "1.0"\n}'
        self.assertEqual(self.run_it("--topics", self.file("capture", capture(healthy(), values)))[0], 0)

    def test_nothing_to_check_is_a_status_of_its_own(self):
        self.assertEqual(self.run_it("--topics", self.file("empty", "")), (2, "checked nothing\n"))
        self.assertEqual(self.run_it("--topics", self.file("other", "a/b\t1\tc\n"))[0], 2)
        self.assertEqual(self.run_it("--topics", self.file("prefix", capture(healthy(), {})), "--prefix", "ha")[0], 2)

    def test_wrong_command_lines(self):
        path = self.file("a.json", "{}")
        for arguments in ((), (path, "--topics", path), ("--topics", os.path.join(self.folder, "absent")),
                          ("--topics", self.file("garbage", "no tabs\n")), ("--max-bytes", "x", path)):
            with self.subTest(arguments):
                self.assertEqual(self.run_it(*arguments)[0], 2)


if __name__ == "__main__":
    unittest.main()
