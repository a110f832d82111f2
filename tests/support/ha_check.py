#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks what battery2mqtt tells Home Assistant: discovery payloads, and what is retained on the topics they name.

    ha_check.py [OPTION...] PAYLOAD.json...   device discovery payloads, all of one installation
    ha_check.py [OPTION...] --topics FILE     a capture of everything on a broker ("-" = standard input):
                                              mosquitto_sub -V 5 --retain-as-published -t '#' -F '%t\\t%r\\t%p'

The schema (ha_mqtt_schema.json) says what Home Assistant takes; the rules here are stricter: whatever it would drop,
convert or only warn about is a finding, and so is a breach of the gateway's own contract (ids, topics, availability).
Exit status: 0 no finding; 1 findings, one a line; 2 nothing was checked, or a wrong command line.
"""
import argparse
import collections
import sys

from ha_rules import ComponentRules, HouseRules
from ha_schema import Device, Schema
from ha_values import UNKNOWN, ValueRules, through_template

Finding = collections.namedtuple("Finding", "topic component text")
Message = collections.namedtuple("Message", "retained payload")
MAX_BYTES = 128_000


class Report:
    """Findings and counts of one check."""

    def __init__(self):
        self.findings = []
        self.devices = self.components = self.removed = self.values = self.unseen = 0
        self.availability = set()

    def add(self, topic, component, text):
        self.findings.append(Finding(topic, component, text))

    def summary(self):
        text = f"{self.devices} devices, {self.components} components"
        if self.values or self.availability:
            text += f", {self.values} values, {len(self.availability)} availability topics"
        if self.removed:
            text += f", {self.removed} removals"
        if self.unseen:
            text += f" ({self.unseen} values behind templates that cannot be followed here)"
        return f"checked {text}: {len(self.findings)} findings"

    def exit_status(self):
        if self.findings:
            return 1
        return 0 if self.components else 2


class Checker:
    """check_payloads() for discovery alone, check_capture() for everything on a broker."""

    def __init__(self, schema=None, gateways=(), known=(), max_bytes=MAX_BYTES, prefix="homeassistant",
                 optimistic=()):
        self.schema, self.prefix, self.optimistic = schema or Schema(), prefix, set(optimistic)
        self.gateways, self.known, self.max_bytes = list(gateways), set(known), max_bytes

    def check_payloads(self, payloads):
        """payloads: topic or file name -> text."""
        report = Report()
        self._discovery(payloads, report)
        return report

    def check_capture(self, messages):
        """messages: topic -> list of Message, oldest first."""
        report, payloads = Report(), {}
        for topic, seen in messages.items():
            if not topic.startswith(self.prefix + "/") or not topic.endswith("/config") or not seen[-1].payload:
                continue  # an empty payload takes a device away
            if not topic.startswith(self.prefix + "/device/"):
                report.add(topic, "", "discovery of a single component, not of a device")
                continue
            payloads[topic] = seen[-1].payload
            if not any(m.retained for m in seen):
                report.add(topic, "", "discovery is not retained")
        for device in self._discovery(payloads, report):
            self._values(device, messages, report)
        return report

    def _discovery(self, payloads, report):
        devices = [Device(t, p, self.schema, self.max_bytes) for t, p in payloads.items()]
        rules = ComponentRules(self.schema, self.optimistic)
        house = HouseRules(self._gateways(devices), self.known | {d.identifier for d in devices if d.identifier})
        for device in devices:
            found = list(device.errors)
            name = device.block.get("name") if isinstance(device.block.get("name"), str) else ""
            for c in device.components:
                found += [(c.key, text) for text in rules.errors(c, name)]
            found += house.errors(device) + self._within(device)
            for component, text in found:
                report.add(device.topic, component, text)
            report.devices += 1
            report.components += len(device.components)
            report.removed += device.removed
        self._across(devices, report)
        return devices

    def _gateways(self, devices):
        own = [d.identifier[:-len("_bridge")] for d in devices if d.identifier and d.identifier.endswith("_bridge")]
        return self.gateways or sorted(set(own)) or ["battery2mqtt"]

    def _within(self, device):
        """Names and batteries that two entities of one device share."""
        found, names = [], collections.Counter()
        defaults = self.schema.tables["device_class_default_names_en"]
        for c in device.components:
            if c.platform == "device_automation" or not c.is_valid:
                continue
            shown = c.own["name"] if "name" in c.own else defaults.get(c.platform, {}).get(c.get("device_class"))
            names[c.platform, str(shown).casefold()] += 1
            if names[c.platform, str(shown).casefold()] == 2:
                found.append((c.key, f"name: {shown!r} is used twice by a {c.platform} of this device"))
        batteries = [c.key for c in device.components if c.platform == "sensor" and c.own.get("device_class") == "battery"]
        return found + [(k, "device_class: a second battery level of this device") for k in batteries[1:]]

    @staticmethod
    def _across(devices, report):
        seen = {"unique_id": {}, "device id": {}}
        for device in devices:
            claims = [("device id", device.identifier, "")]
            claims += [("unique_id", c.own.get("unique_id"), c.key) for c in device.components]
            for kind, value, component in claims:
                if not isinstance(value, str):
                    continue
                first = seen[kind].setdefault(value, (device.topic, component))
                if first != (device.topic, component):
                    report.add(device.topic, component, f"{kind}: {value!r} is also at {' '.join(first).strip()}")

    def _values(self, device, messages, report):
        rules, availability = ValueRules(self.schema), {}
        for c in device.components:
            if not c.is_valid:
                continue  # what is wrong with it has been said
            for item in c.get("availability", []):
                availability.setdefault(item["topic"], c.key)
            self._state(c, device, messages, rules, report)
            if c.get("json_attributes_topic") is not None:
                self._attributes(c, device, messages, rules, report)
            for m in messages.get(c.get("command_topic"), ()):
                if m.retained:
                    report.add(device.topic, c.key, f"{c.get('command_topic')}: a retained command")
        for topic, key in availability.items():
            report.availability.add(topic)
            seen = messages.get(topic, [])
            if not any(m.retained for m in seen):
                report.add(device.topic, key, f"{topic}: no retained availability")
            for payload in sorted({m.payload for m in seen} - {"online", "offline"}):
                report.add(device.topic, key, f"{topic}: {payload!r} is neither online nor offline")

    def _state(self, c, device, messages, rules, report):
        topic = c.get("state_topic")
        if topic is None:
            return
        seen = messages.get(topic, [])
        retained = any(m.retained for m in seen)
        if c.platform == "event" and retained:
            report.add(device.topic, c.key, f"{topic}: a retained event")
        if c.platform != "event" and not retained:
            report.add(device.topic, c.key, f"{topic}: no retained payload")
        report.values += bool(seen)
        decimals = set()
        for payload in dict.fromkeys(m.payload for m in seen):
            is_text, text = through_template(c.get("value_template"), payload)
            if not is_text:
                report.unseen += text is None
                if text is not None:
                    report.add(device.topic, c.key, f"{topic}: {text}")
                continue
            error = rules.error(c, text)
            if error:
                report.add(device.topic, c.key, f"{topic}: {error}")
            elif c.is_numeric(self.schema) and text != UNKNOWN:
                decimals.add(len(text.partition(".")[2]))
        if len(decimals) > 1 and c.get("value_template") is None:
            report.add(device.topic, c.key, f"{topic}: the number of decimals changes ({sorted(decimals)})")

    @staticmethod
    def _attributes(c, device, messages, rules, report):
        topic = c.get("json_attributes_topic")
        seen = messages.get(topic, [])
        if not any(m.retained for m in seen):
            report.add(device.topic, c.key, f"{topic}: no retained attributes")
        for payload in dict.fromkeys(m.payload for m in seen):
            is_text, _ = through_template(c.get("json_attributes_template"), payload)
            error = rules.attributes_error(c, payload) if is_text else None
            if error:
                report.add(device.topic, c.key, f"{topic}: {error}")


def read_capture(data):
    """Bytes of lines TOPIC \\t RETAIN \\t PAYLOAD -> topic -> list of Message; a payload may hold line ends."""
    messages, last = {}, None
    for number, line in enumerate(data.decode("utf-8", "surrogateescape").split("\n"), 1):
        parts = line.split("\t", 2)
        if len(parts) == 3 and parts[0] and parts[1] in ("0", "1"):
            last = messages.setdefault(parts[0], [])
            last.append(Message(parts[1] == "1", parts[2]))
        elif last is not None and line:
            last[-1] = Message(last[-1].retained, last[-1].payload + "\n" + line)
        elif line:
            raise ValueError(f"line {number} is not TOPIC<tab>RETAIN<tab>PAYLOAD")
    return messages


def read_bytes(path):
    if path == "-":
        return sys.stdin.buffer.read()
    with open(path, "rb") as file:
        return file.read()


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("payloads", nargs="*", metavar="PAYLOAD.json")
    parser.add_argument("--topics", metavar="FILE", help="a capture of a broker instead of payloads")
    parser.add_argument("--gateway", action="append", default=[], metavar="ID",
                        help="gateway.id, repeatable (default: from the bridge devices announced, else battery2mqtt)")
    parser.add_argument("--known", action="append", default=[], metavar="DEVICE",
                        help="id of a device announced elsewhere that via_device may name")
    parser.add_argument("--max-bytes", type=int, default=MAX_BYTES, metavar="N", help="a message must be below it (%(default)s)")
    parser.add_argument("--optimistic", action="append", default=[], metavar="UNIQUE_ID",
                        help="an entity whose device reports no state back, so that opt is right; repeatable")
    parser.add_argument("--prefix", default="homeassistant", help="discovery prefix (%(default)s)")
    options = parser.parse_args(arguments)
    if bool(options.payloads) == bool(options.topics):
        parser.error("give payload files, or --topics FILE")
    checker = Checker(gateways=options.gateway, known=options.known, max_bytes=options.max_bytes,
                      prefix=options.prefix, optimistic=options.optimistic)
    try:
        if options.topics:
            report = checker.check_capture(read_capture(read_bytes(options.topics)))
        else:
            report = checker.check_payloads({p: read_bytes(p).decode("utf-8", "surrogateescape") for p in options.payloads})
    except (OSError, ValueError) as wrong:
        print(f"ha_check: {wrong}", file=sys.stderr)
        return 2
    for finding in report.findings:
        where = f"{finding.topic}: {finding.component}" if finding.component else finding.topic
        print(f"{where}: {finding.text}".encode("utf-8", "backslashreplace").decode())
    print(report.summary() if report.devices or report.findings else "checked nothing")
    return report.exit_status()


if __name__ == "__main__":
    sys.exit(main())
