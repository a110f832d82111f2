#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests of tests/support/ha_check.py: every mutation of what is announced has a finding."""
import copy
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import ha_check  # noqa: E402
from ha_world import (  # noqa: E402
    BASE, BRIDGE, PACK, PLUG, assert_found, both, capture, check_text, check_world, cmp, drop, healthy, healthy_values,
    own_availability, put)

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


class EveryMutationOfDiscoveryIsFound(unittest.TestCase):
    def test_in_discovery(self):
        for name, (mutate, words) in DISCOVERY.items():
            with self.subTest(name):
                world = healthy()
                mutate(world)
                assert_found(self, check_world(world), words)
                assert_found(self, check_text(capture(world, healthy_values())), words)

    def test_discovery_that_is_not_retained(self):
        text = capture(healthy(), healthy_values()).replace(f"{PACK}\t1", f"{PACK}\t0")
        assert_found(self, check_text(text), "discovery is not retained")

    def test_discovery_of_a_single_component(self):
        text = capture(healthy(), healthy_values()) + "homeassistant/sensor/x/config\t1\t{}\n"
        assert_found(self, check_text(text), "single component")

    def test_payloads_that_are_no_objects(self):
        for payload, words in (("{", "not JSON"), ("[]", "not a JSON object"), ('{"dev":{"a":NaN}}', "NaN is not JSON"),
                               ('{"cmps":{"a":{},"a":{}}}', "key given twice: a"), ("[" * 100000, "not JSON")):
            with self.subTest(payload[:20]):
                assert_found(self, ha_check.Checker().check_payloads({PACK: payload}), words)

    def test_a_message_too_large(self):
        size = len(json.dumps(healthy()[PACK]))
        self.assertEqual(check_world(healthy(), max_bytes=size + 1).findings, [])
        assert_found(self, check_world(healthy(), max_bytes=size), "bytes, at most")
        world = healthy()
        world[PACK]["dev"]["sn"] = "x" * 128000
        assert_found(self, check_world(world), "bytes, at most")

    def test_findings_name_topic_and_component(self):
        world = healthy()
        world[PACK]["cmps"]["soc"]["bogus"] = 1
        self.assertEqual(check_world(world).findings, [(PACK, "soc", "bogus: unknown key")])


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
