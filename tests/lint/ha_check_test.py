#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests of tests/support/ha_check.py: a healthy installation has no finding, every mutation of it has one."""
import contextlib
import copy
import io
import json
import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import ha_check  # noqa: E402

BASE = "battery2mqtt"
PACK, PLUG, BRIDGE = (f"homeassistant/device/{BASE}_{d}/config" for d in ("pack1", "garage", "bridge"))
MODULE = f"homeassistant/device/{BASE}_module1/config"


def device(slug, name, components, via=None):
    availability = [{"t": f"{BASE}/bridge/state"}]
    if slug != "bridge":
        availability.append({"t": f"{BASE}/{slug}/availability"})
    root = {"dev": {"ids": [f"{BASE}_{slug}"], "name": name, "mf": "battery2mqtt", "sw": "1.0"},
            "o": {"name": "battery2mqtt", "sw": "1.0", "url": "https://example.org/battery2mqtt"},
            "avty": availability, "avty_mode": "all", "cmps": {}}
    if via:
        root["dev"]["via_device"] = f"{BASE}_{via}"
    for key, component in components.items():
        root["cmps"][key] = component
        platform = component["p"]
        if len(component) == 1:
            continue  # an entity being taken away
        if "stat_t" not in component and platform != "button":
            component["stat_t"] = f"{BASE}/{slug}/{key}"
        if platform in ("switch", "number", "select", "text", "button"):
            component.setdefault("cmd_t", f"{BASE}/{slug}/{key}/set")
        component["uniq_id"] = f"{BASE}_{slug}_{key}"
    return root


def sensor(name, device_class, unit, precision, state_class="measurement", **more):
    return {"p": "sensor", "name": name, "dev_cla": device_class, "unit_of_meas": unit, "stat_cla": state_class,
            "sug_dsp_prc": precision, **more}


def healthy():
    """topic -> discovery payload as an object."""
    return {
        BRIDGE: device("bridge", "Gateway", {
            "connection": {"p": "binary_sensor", "dev_cla": "connectivity", "avty": [], "ent_cat": "diagnostic",
                           "stat_t": f"{BASE}/bridge/state", "pl_on": "online", "pl_off": "offline"},
            "version": {"p": "sensor", "name": "Version", "ent_cat": "diagnostic", "stat_t": f"{BASE}/bridge/info",
                        "val_tpl": "{{ value_json.version }}"},
            "restart": {"p": "button", "dev_cla": "restart", "ent_cat": "config",
                        "cmd_t": f"{BASE}/bridge/request/restart"}}),
        PACK: device("pack1", "Pack 1", {
            "voltage": sensor("Voltage", "voltage", "V", 2),
            "cell_01_voltage": sensor("Cell 1 voltage", "voltage", "V", 3),
            "soc": sensor("State of charge", "battery", "%", 1),
            "energy_in": sensor("Charged energy", "energy", "kWh", 3, "total_increasing"),
            "charge_state": {"p": "sensor", "name": "Charge state", "dev_cla": "enum", "ops": ["idle", "bulk"]},
            "started": {"p": "sensor", "name": "Start", "dev_cla": "timestamp"},
            "made": {"p": "sensor", "name": "Made", "dev_cla": "date"},
            "worst_cell": {"p": "sensor", "name": "Worst cell", "json_attr_t": f"{BASE}/pack1/details"},
            "problem": {"p": "binary_sensor", "dev_cla": "problem"},
            "last_event": {"p": "event", "name": "Last event", "evt_typ": ["raised", "cleared"]},
            "firmware": {"p": "update", "name": "Firmware", "ent_cat": "diagnostic"},
            "old": {"p": "sensor"}}, "bridge"),
        MODULE: device("module1", "Module 1", {
            "voltage": sensor("Voltage", "voltage", "V", 2),
            "connected": {"p": "binary_sensor", "dev_cla": "connectivity", "avty": [{"t": f"{BASE}/bridge/state"}]},
        }, "pack1"),
        PLUG: device("garage", "Garage", {
            "relay": {"p": "switch", "name": "Relay", "dev_cla": "outlet"},
            "limit": {"p": "number", "name": "Voltage limit", "dev_cla": "voltage", "unit_of_meas": "V", "min": 2.5,
                      "max": 4.2, "step": 0.01, "mode": "box", "ent_cat": "config"},
            "charge_mode": {"p": "select", "name": "Charge mode", "ops": ["full", "storage"]},
            "alias": {"p": "text", "name": "Alias", "ent_cat": "config", "min": 1, "max": 20, "ptrn": "[a-z]+$"},
            "session_cost": sensor("Session cost", "monetary", "EUR", 2, "total")}, "bridge"),
    }


def healthy_values():
    return {f"{BASE}/{topic}": payload for topic, payload in {
        "bridge/state": "online", "bridge/info": '{"version":"1.0"}', "pack1/availability": "online",
        "module1/availability": "offline", "garage/availability": "online", "pack1/voltage": "26.40",
        "pack1/cell_01_voltage": "3.301", "pack1/soc": "None", "pack1/energy_in": "12.345", "pack1/charge_state": "bulk",
        "pack1/started": "2026-01-02T03:04:05+01:00", "pack1/made": "2026-01-02", "pack1/worst_cell": "3",
        "pack1/details": '{"cells":[3,4]}', "pack1/problem": "OFF",
        "pack1/firmware": '{"installed_version":"1.0","latest_version":"1.1"}',
        "module1/voltage": "-0.10", "module1/connected": "OFF", "garage/relay": "ON", "garage/limit": "4.15",
        "garage/charge_mode": "full", "garage/alias": "rad", "garage/session_cost": "0.42"}.items()}


def capture(world, values):
    text = "".join(f"{t}\t1\t{json.dumps(p)}\n" for t, p in world.items())
    return text + "".join(f"{t}\t1\t{p}\n" for t, p in values.items())


def check_world(world, **options):
    return ha_check.Checker(**options).check_payloads({t: json.dumps(p) for t, p in world.items()})


def check_text(text, **options):
    return ha_check.Checker(**options).check_capture(ha_check.read_capture(text.encode("utf-8", "surrogateescape")))


def put(topic, *path_and_value):
    *path, name, value = path_and_value

    def mutate(world):
        target = world[topic]
        for step in path:
            target = target[step]
        target[name] = value
    return mutate


def drop(topic, *path):
    def mutate(world):
        target = world[topic]
        for step in path[:-1]:
            target = target[step]
        del target[path[-1]]
    return mutate


def cmp(key, name, value, topic=PACK):
    return put(topic, "cmps", key, name, value)


def both(*mutations):
    def mutate(world):
        for m in mutations:
            m(world)
    return mutate


def own_availability(key, items, topic=PACK):
    return cmp(key, "avty", items, topic)


# what is done to the discovery payloads -> words the finding must contain
DISCOVERY = {
    "unknown key at the root": (put(PACK, "bogus", 1), "bogus: unknown key"),
    "base topic at the root": (put(PACK, "~", "x"), "~: unknown key"),
    "qos at the root": (put(PACK, "qos", 1), "qos: Home Assistant ignores it"),
    "encoding at the root": (put(PACK, "e", "utf-8"), "encoding: Home Assistant ignores it"),
    "unknown key in the device": (put(PACK, "dev", "via", "x"), "via: unknown key"),
    "unknown key in the origin": (put(PACK, "o", "bogus", "x"), "bogus: unknown key"),
    "unknown key in a component": (cmp("soc", "bogus", 1), "bogus: unknown key"),
    "unknown key in an availability item": (put(PACK, "avty", 0, "bogus", "x"), "bogus: unknown key"),
    "no device": (drop(PACK, "dev"), "device: missing"),
    "no origin": (drop(PACK, "o"), "origin: missing"),
    "no origin name": (drop(PACK, "o", "name"), "name: missing"),
    "no components": (drop(PACK, "cmps"), "components: missing"),
    "empty components": (put(PACK, "cmps", {}), "components: empty"),
    "components as a list": (put(PACK, "cmps", []), "components: not an object"),
    "device as text": (put(PACK, "dev", "x"), "device: not an object"),
    "component null": (put(PACK, "cmps", "soc", None), "not an object"),
    "configuration url without host": (put(PACK, "dev", "cu", "http://"), "configuration_url: not a URL"),
    "configuration url of another scheme": (put(PACK, "dev", "cu", "ftp://x"), "configuration_url: not a URL"),
    "device field null": (put(PACK, "dev", "sn", None), "serial_number: null"),
    "device field a number": (put(PACK, "dev", "sw", 1.0), "sw_version: not a string"),
    "connections too short": (put(PACK, "dev", "cns", [["mac"]]), "connections: item: too short"),
    "short and long spelling": (cmp("soc", "state_topic", "x"), "state_topic: given twice"),
    "no platform": (drop(PACK, "cmps", "soc", "p"), "platform None"),
    "unknown platform": (cmp("soc", "p", "gauge"), "platform 'gauge'"),
    "platform of another type": (cmp("soc", "p", ["sensor"]), "platform ['sensor']"),
    "platform the gateway does not use": (cmp("soc", "p", "climate"), "platform 'climate'"),
    "no unique id": (drop(PACK, "cmps", "soc", "uniq_id"), "unique_id: missing"),
    "unique id of another form": (cmp("soc", "uniq_id", "bg_pack1_soc"), "unique_id: 'bg_pack1_soc'"),
    "unique id of another device": (cmp("soc", "uniq_id", f"{BASE}_garage_relay"), "is also at"),
    "component id with a blank": (
        lambda w: w[PACK]["cmps"].update({"so c": w[PACK]["cmps"].pop("soc")}), "component id has more"),
    "component id in capitals": (
        lambda w: w[PACK]["cmps"].update({"SOC": w[PACK]["cmps"].pop("soc")}), "component id has more"),
    "reserved component id": (
        lambda w: w[PACK]["cmps"].update({"history": w[PACK]["cmps"].pop("soc")}), "component id is reserved"),
    "device id with a dash": (put(PACK, "dev", "ids", [f"{BASE}_pack-1"]), "has more than"),
    "two device ids": (put(PACK, "dev", "ids", [f"{BASE}_pack1", "x"]), "not a list of one id"),
    "device id not a list": (put(PACK, "dev", "ids", f"{BASE}_pack1"), "identifiers: not a list"),
    "device id of another gateway": (put(PACK, "dev", "ids", ["other_pack1"]), "does not begin with a gateway id"),
    "device id twice": (put(PLUG, "dev", "ids", [f"{BASE}_pack1"]), "device id: 'battery2mqtt_pack1' is also at"),
    "topic of another device": (lambda w: w.update({PLUG + "x/config": w.pop(PLUG)}), "topic: not"),
    "topic with a node id": (lambda w: w.update({PLUG.replace("device/", "device/n/"): w.pop(PLUG)}), "topic: not"),
    "no device name": (drop(PACK, "dev", "name"), "name: missing, entities would be called None"),
    "no parent": (drop(PACK, "dev", "via_device"), "via_device: missing"),
    "unknown parent": (put(PACK, "dev", "via_device", f"{BASE}_nobody"), "no device 'battery2mqtt_nobody'"),
    "own parent": (put(PACK, "dev", "via_device", f"{BASE}_pack1"), "via_device: the device itself"),
    "parent of the gateway": (put(BRIDGE, "dev", "via_device", f"{BASE}_pack1"), "the gateway has no parent"),
    "no availability": (drop(PACK, "avty"), "availability: no list"),
    "availability as one topic": (
        both(drop(PACK, "avty"), put(PACK, "avty_t", f"{BASE}/bridge/state")), "availability: no list"),
    "two forms of availability": (cmp("soc", "avty_t", "x"), "more than one form of availability"),
    "availability without the bridge": (lambda w: w[PACK]["avty"].pop(0), "the bridge's state is not in it"),
    "availability without the device": (lambda w: w[PACK]["avty"].pop(1), "availability: battery2mqtt/bridge/state instead"),
    "availability of another device": (put(PACK, "avty", 1, "t", f"{BASE}/garage/availability"), "availability: battery2mqtt/b"),
    "availability mode latest": (put(PACK, "avty_mode", "latest"), "availability_mode: not all"),
    "no availability mode": (drop(PACK, "avty_mode"), "availability_mode: not all"),
    "availability mode unknown": (put(PACK, "avty_mode", "some"), "availability_mode: 'some'"),
    "availability payloads": (put(PACK, "avty", 0, "pl_avail", "up"), "other than online"),
    "availability payloads at the root": (put(PACK, "pl_avail", "up"), "other than online"),
    "opting out of availability": (own_availability("soc", []), "availability: empty"),
    "own availability of a value": (own_availability("soc", [{"t": f"{BASE}/bridge/state"}]), "instead of"),
    "another base in one component": (
        own_availability("soc", [{"t": "x/bridge/state"}, {"t": "x/pack1/availability"}]), "base topic x"),
    "an availability item without topic": (own_availability("soc", [{}]), "availability: item: topic: missing"),
    "base topic among the options": (cmp("soc", "~", "x"), "~: unknown key"),
    "base topic in a value": (cmp("soc", "stat_t", "~/soc"), "the base topic ~"),
    "icon not text": (cmp("soc", "ic", 1), "icon: not a string"),
    "pattern not text": (cmp("alias", "ptrn", 1, PLUG), "pattern: not a string"),
    "topic not text": (cmp("soc", "stat_t", 1), "state_topic: not a string"),
    "wildcard in a topic": (cmp("soc", "stat_t", "a/+/soc"), "wildcard"),
    "empty topic": (cmp("soc", "stat_t", ""), "not a topic"),
    "topic with a line end": (cmp("soc", "stat_t", "a\nb"), "not a topic"),
    "state topic not the key's": (cmp("soc", "stat_t", f"{BASE}/pack1/voltage"), "state_topic: battery2mqtt/pack1/voltage"),
    "command topic not the key's": (cmp("relay", "cmd_t", f"{BASE}/garage/relay", PLUG), "command_topic: battery2mqtt/garage"),
    "bridge topic elsewhere": (cmp("version", "stat_t", f"{BASE}/pack1/soc", BRIDGE), "is not below"),
    "no state topic": (drop(PACK, "cmps", "soc", "stat_t"), "state_topic: missing"),
    "no command topic": (drop(PLUG, "cmps", "relay", "cmd_t"), "command_topic: missing"),
    "a switch without state": (drop(PLUG, "cmps", "relay", "stat_t"), "would show what was ordered"),
    "an optimistic switch": (cmp("relay", "opt", True, PLUG), "optimistic"),
    "retained commands": (cmp("relay", "ret", True, PLUG), "retain: commands"),
    "no name": (drop(PACK, "cmps", "worst_cell", "name"), "name: missing"),
    "no name with enum": (drop(PACK, "cmps", "charge_state", "name"), "name: missing"),
    "empty name": (cmp("soc", "name", ""), "is empty"),
    "blanks around a name": (cmp("soc", "name", "Charge "), "blanks around"),
    "device name in a name": (cmp("soc", "name", "pack 1 charge"), "repeats the device's name"),
    "a name twice": (cmp("cell_01_voltage", "name", "Voltage"), "is used twice"),
    "a name that the class gives, twice": (
        both(drop(PACK, "cmps", "voltage", "name"), drop(PACK, "cmps", "cell_01_voltage", "name")), "is used twice"),
    "name a number": (cmp("soc", "name", 5), "name: not a string"),
    "object id": (cmp("soc", "obj_id", "soc"), "object_id: deprecated"),
    "config category on a sensor": (cmp("soc", "ent_cat", "config"), "jams"),
    "config category on a binary sensor": (cmp("problem", "ent_cat", "config"), "jams"),
    "unknown category": (cmp("soc", "ent_cat", "secret"), "entity_category: 'secret'"),
    "identify button not diagnostic": (cmp("restart", "dev_cla", "identify", BRIDGE), "must be diagnostic"),
    "no precision": (drop(PACK, "cmps", "voltage", "sug_dsp_prc"), "suggested_display_precision: missing"),
    "precision negative": (cmp("voltage", "sug_dsp_prc", -1), "out of range"),
    "precision as text": (cmp("voltage", "sug_dsp_prc", "2"), "not an integer"),
    "precision as a truth value": (cmp("voltage", "sug_dsp_prc", True), "not a number"),
    "no state class": (drop(PACK, "cmps", "voltage", "stat_cla"), "state_class: missing"),
    "state class against device class": (cmp("energy_in", "stat_cla", "measurement"), "state_class: measurement does not go"),
    "state class against unit": (both(cmp("voltage", "stat_cla", "measurement_angle"), drop(PACK, "cmps", "voltage", "dev_cla")),
                                 "does not go with state_class"),
    "unknown state class": (cmp("voltage", "stat_cla", "rising"), "state_class: 'rising'"),
    "unit against device class": (cmp("voltage", "unit_of_meas", "A"), "'A' does not go with device_class voltage"),
    "no unit": (drop(PACK, "cmps", "voltage", "unit_of_meas"), "None does not go with device_class voltage"),
    "micro unit": (cmp("voltage", "unit_of_meas", "µV"), "micro units"),
    "unit on a timestamp": (cmp("started", "unit_of_meas", "s"), "unit"),
    "no currency": (drop(PLUG, "cmps", "session_cost", "unit_of_meas"), "unit_of_measurement: missing"),
    "last reset without total": (cmp("voltage", "lrst_val_tpl", "{{ value }}"), "only with state_class total"),
    "two battery levels": (
        both(cmp("voltage", "dev_cla", "battery"), cmp("voltage", "unit_of_meas", "%")), "second battery level"),
    "device class in capitals": (cmp("voltage", "dev_cla", "Voltage"), "device_class: 'Voltage'"),
    "unknown device class": (cmp("voltage", "dev_cla", "tension"), "device_class: 'tension'"),
    "no options": (cmp("charge_state", "ops", []), "options: empty"),
    "enum without options": (drop(PACK, "cmps", "charge_state", "ops"), "options: missing"),
    "options without enum": (drop(PACK, "cmps", "charge_state", "dev_cla"), "options: only with"),
    "options with a unit": (cmp("charge_state", "unit_of_meas", "V"), "options: not together"),
    "options not a list": (cmp("charge_state", "ops", "idle"), "options: not a list"),
    "select without options": (cmp("charge_mode", "ops", [], PLUG), "options: empty"),
    "number without a range": (cmp("limit", "min", 5, PLUG), "is not below max"),
    "number with a tiny step": (cmp("limit", "step", 0.0001, PLUG), "step: 0.0001 is out of range"),
    "number with a range as text": (cmp("limit", "min", "2", PLUG), "min: not a number"),
    "number with a wrong unit": (cmp("limit", "unit_of_meas", "A", PLUG), "'A' does not go"),
    "number with an unknown mode": (cmp("limit", "mode", "knob", PLUG), "mode: 'knob'"),
    "text too long": (cmp("alias", "max", 300, PLUG), "not 0 <= min <= max"),
    "text with a broken pattern": (cmp("alias", "ptrn", "[", PLUG), "not a regular expression"),
    "event without types": (cmp("last_event", "evt_typ", []), "event_types: empty"),
    "update without install": (cmp("firmware", "cmd_t", f"{BASE}/pack1/firmware/set"), "payload_install"),
    "qos 3": (cmp("soc", "qos", 3), "qos: 3 is not one of"),
    "icon without prefix": (cmp("soc", "ic", "battery"), "icon: not prefix:name"),
    "broken template": (cmp("soc", "val_tpl", "{{ value"), "unbalanced"),
    "template not text": (cmp("soc", "val_tpl", 1), "value_template: not a string"),
    "boolean as text": (cmp("soc", "en", "yes"), "not true or false"),
}

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


class EveryMutationIsFound(unittest.TestCase):
    def assert_found(self, report, words):
        texts = [f.text for f in report.findings]
        self.assertTrue(any(words in t for t in texts), f"{words!r} not in {texts}")
        self.assertEqual(report.exit_status(), 1)

    def test_in_discovery(self):
        for name, (mutate, words) in DISCOVERY.items():
            with self.subTest(name):
                world = healthy()
                mutate(world)
                self.assert_found(check_world(world), words)
                self.assert_found(check_text(capture(world, healthy_values())), words)

    def test_in_values(self):
        for name, (topic, payload, words) in VALUES.items():
            with self.subTest(name):
                values = healthy_values()
                if payload is None:
                    del values[f"{BASE}/{topic}"]
                else:
                    values[f"{BASE}/{topic}"] = payload
                self.assert_found(check_text(capture(healthy(), values)), words)

    def test_values_that_are_not_retained(self):
        for topic in healthy_values():
            with self.subTest(topic):
                text = capture(healthy(), healthy_values()).replace(f"{topic}\t1", f"{topic}\t0")
                self.assert_found(check_text(text), "no retained")

    def test_discovery_that_is_not_retained(self):
        text = capture(healthy(), healthy_values()).replace(f"{PACK}\t1", f"{PACK}\t0")
        self.assert_found(check_text(text), "discovery is not retained")

    def test_discovery_of_a_single_component(self):
        text = capture(healthy(), healthy_values()) + "homeassistant/sensor/x/config\t1\t{}\n"
        self.assert_found(check_text(text), "single component")

    def test_lines_added_to_a_capture(self):
        for line, words in (
                ("garage/relay/set\t1\tON", "a retained command"),
                ("pack1/last_event\t1\t" + '{"event_type":"raised"}', "a retained event"),
                ("pack1/last_event\t0\t" + '{"event_type":"gone"}', "'gone' is not announced"),
                ("pack1/last_event\t0\tx", "not JSON"),
                ("pack1/voltage\t1\t26.4", "number of decimals"),
                ("pack1/voltage\t0\tnan", "not a decimal")):
            with self.subTest(line):
                self.assert_found(check_text(capture(healthy(), healthy_values()) + f"{BASE}/{line}\n"), words)

    def test_payloads_that_are_no_objects(self):
        for payload, words in (("{", "not JSON"), ("[]", "not a JSON object"), ('{"dev":{"a":NaN}}', "NaN is not JSON"),
                               ('{"cmps":{"a":{},"a":{}}}', "key given twice: a"), ("[" * 100000, "not JSON")):
            with self.subTest(payload[:20]):
                self.assert_found(ha_check.Checker().check_payloads({PACK: payload}), words)

    def test_a_message_too_large(self):
        size = len(json.dumps(healthy()[PACK]))
        self.assertEqual(check_world(healthy(), max_bytes=size + 1).findings, [])
        self.assert_found(check_world(healthy(), max_bytes=size), "bytes, at most")
        world = healthy()
        world[PACK]["dev"]["sn"] = "x" * 128000
        self.assert_found(check_world(world), "bytes, at most")

    def test_findings_name_topic_and_component(self):
        world = healthy()
        world[PACK]["cmps"]["soc"]["bogus"] = 1
        self.assertEqual(check_world(world).findings, [(PACK, "soc", "bogus: unknown key")])


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


class TestOfTheTest(unittest.TestCase):
    def test_mutations_change_something(self):
        for name, (mutate, _) in DISCOVERY.items():
            with self.subTest(name):
                world = healthy()
                before = copy.deepcopy(world)
                mutate(world)
                self.assertNotEqual(world, before)


if __name__ == "__main__":
    unittest.main()
