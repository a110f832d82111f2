# SPDX-License-Identifier: MIT
"""A healthy installation as it is on a broker, and mutations of it, for the tests of ha_check.py."""
import json

import ha_check

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


def assert_found(test, report, words):
    texts = [f.text for f in report.findings]
    test.assertTrue(any(words in t for t in texts), f"{words!r} not in {texts}")
    test.assertEqual(report.exit_status(), 1)
