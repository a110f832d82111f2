# SPDX-License-Identifier: MIT
"""What a component and a device must be like: Home Assistant's traps, and the gateway's own contract."""
import re

SLUG = re.compile(r"[a-z0-9_]+\Z")
MAX_STATE = 255
WRITABLE = ("switch", "number", "select", "text")
RESERVED_KEYS = ("set", "availability", "history")


class ComponentRules:
    """Everything that can be said about one component without looking at others."""

    def __init__(self, schema, optimistic=()):
        self.schema, self.tables, self.optimistic = schema, schema.tables, optimistic

    def errors(self, c, device_name):
        keys = {k: v for k, v in self.tables["platforms"][c.platform]["keys"].items() if k not in ("device", "origin")}
        keys.pop("migrate_discovery", None)
        found = self.schema.object_errors(keys, self._without_foreign_inheritance(c, keys))
        if found:
            return found  # the rules below rely on types
        c.is_valid = True
        found += self._naming(c, device_name) + self._category(c) + self._commands(c)
        found += getattr(self, "_" + c.platform, lambda _: [])(c)
        return found

    def _without_foreign_inheritance(self, c, keys):
        return {k: v for k, v in c.options.items() if k in keys or k in c.own}

    def _naming(self, c, device_name):
        found = []
        if c.platform == "device_automation":
            return found
        if "object_id" in c.own:
            found.append("object_id: deprecated, the ids made from names are good")
        name = c.own.get("name")
        if "name" not in c.own and c.get("device_class") in (None, "enum"):
            found.append("name: missing, and no device class that gives one")
        if isinstance(name, str):
            if not name.strip() or name != name.strip():
                found.append(f"name: {name!r} is empty or has blanks around it")
            if device_name and re.search(rf"(?<!\w){re.escape(device_name)}(?!\w)", name, re.IGNORECASE):
                found.append(f"name: {name!r} repeats the device's name")
        return found

    def _category(self, c):
        category = c.get("entity_category")
        allowed = self.tables["entity_categories_allowed"].get(c.platform, [])
        if category and category not in allowed:
            return [f"entity_category: {category} on a {c.platform} jams Home Assistant's discovery"]
        if c.platform == "button" and c.get("device_class") == "identify" and category != "diagnostic":
            return ["entity_category: an identify button must be diagnostic"]
        return []

    def _commands(self, c):
        found = []
        if c.get("retain"):
            found.append("retain: commands are never retained")
        if c.platform in WRITABLE:
            if c.get("optimistic") and c.own.get("unique_id") not in self.optimistic:
                found.append("optimistic: Home Assistant would show what was ordered, not what is")
            if c.get("state_topic") is None:
                found.append("state_topic: missing, Home Assistant would show what was ordered, not what is")
        return found

    def _sensor(self, c):
        unit, device_class, state_class = (c.get(k) for k in ("unit_of_measurement", "device_class", "state_class"))
        found = self._sensor_options(c, unit, device_class, state_class)
        if "last_reset_value_template" in c.own and state_class != "total":
            found.append("last_reset_value_template: only with state_class total")
        units = self.tables["sensor_units"].get(device_class)
        if units is not None and unit not in units:
            found.append(f"unit_of_measurement: {unit!r} does not go with device_class {device_class}")
        if device_class == "monetary" and not unit:
            found.append("unit_of_measurement: missing")
        classes = self.tables["sensor_state_classes"].get(device_class)
        if state_class and classes is not None and state_class not in classes:
            found.append(f"state_class: {state_class} does not go with device_class {device_class}")
        state_units = self.tables["sensor_state_class_units"].get(state_class)
        if state_units and unit not in state_units:
            found.append(f"unit_of_measurement: {unit!r} does not go with state_class {state_class}")
        if unit and unit[0] in "µμ":
            found.append("unit_of_measurement: micro units differ between versions of Home Assistant")
        if c.is_numeric(self.schema):
            found += [f"{k}: missing on a numeric sensor" for k in ("suggested_display_precision", "state_class")
                      if c.get(k) is None]
        elif unit or c.get("suggested_display_precision") is not None:
            found.append(f"unit or precision on a {device_class} sensor")
        return found

    @staticmethod
    def _sensor_options(c, unit, device_class, state_class):
        if "options" not in c.own:
            return ["options: missing on an enum sensor"] if device_class == "enum" else []
        found = [] if c.own["options"] else ["options: empty"]
        found += ["options: only with device_class enum"] if device_class != "enum" else []
        return found + (["options: not together with a unit or a state class"] if unit or state_class else [])

    def _number(self, c):
        keys = self.tables["platforms"]["number"]["keys"]
        low, high = (float(c.get(k, keys[k]["default"])) for k in ("min", "max"))
        found = [f"min {low} is not below max {high}"] if low >= high else []
        units = self.tables["number_units"].get(c.get("device_class"))
        if units is not None and c.get("unit_of_measurement") not in units:
            found.append(f"unit_of_measurement: {c.get('unit_of_measurement')!r} does not go with device_class "
                         f"{c.get('device_class')}")
        return found

    @staticmethod
    def _select(c):
        return [] if c.own["options"] else ["options: empty"]

    @staticmethod
    def _event(c):
        return [] if c.own["event_types"] else ["event_types: empty"]

    @staticmethod
    def _text(c):
        low, high = c.get("min", 0), c.get("max", MAX_STATE)
        return [f"min {low}, max {high}: not 0 <= min <= max <= 255"] if not 0 <= low <= high <= MAX_STATE else []

    @staticmethod
    def _update(c):
        lacks = "command_topic" in c.own and "payload_install" not in c.own
        return ["payload_install: missing, Install would raise inside Home Assistant"] if lacks else []


class HouseRules:
    """What the gateway promises beyond Home Assistant's schema: ids, topics, availability, hierarchy."""

    def __init__(self, gateways, known):
        self.gateways, self.known = gateways, known

    def gateway_of(self, identifier):
        matches = [g for g in self.gateways if identifier and identifier.startswith(g + "_")]
        return max(matches, key=len, default=None)

    def errors(self, device):
        """(component, text) for one device."""
        found = [("", t) for t in self._block(device)]
        identifier = device.identifier
        if identifier is None:
            return found
        gateway = self.gateway_of(identifier)
        if gateway is None:
            return found + [("", f"device: {identifier!r} does not begin with a gateway id ({', '.join(self.gateways)})")]
        slug = identifier[len(gateway) + 1:]
        base = None
        for c in device.components:
            if c.platform == "device_automation":
                continue
            found += [(c.key, t) for t in self._ids(c, gateway, slug)]
            own_base, texts = self._availability(c, slug)
            found += [(c.key, t) for t in texts]
            if base is not None and own_base is not None and base != own_base:
                found.append((c.key, f"availability: base topic {own_base}, elsewhere {base}"))
            base = base or own_base
        for c in device.components:
            found += [(c.key, t) for t in self._topics(c, base, slug)]
        return found

    def _block(self, device):
        block, found = device.block, []
        ids = block.get("identifiers")
        if not isinstance(ids, list) or len(ids) != 1 or not isinstance(ids[0], str):
            found.append("device: identifiers is not a list of one id")
        elif not SLUG.match(ids[0]):
            found.append(f"device: id {ids[0]!r} has more than a-z, 0-9 and _")
        if not isinstance(block.get("name"), str) or not block["name"].strip():
            found.append("device: name: missing, entities would be called None")
        if device.topic.endswith("/config"):
            match = re.search(r"/device/([^/]+)/config\Z", device.topic)
            if not match or match.group(1) != device.identifier:
                found.append(f"topic: not .../device/{device.identifier}/config")
        return found + self._parent(device)

    def _parent(self, device):
        parent, identifier = device.block.get("via_device"), device.identifier
        if identifier in {g + "_bridge" for g in self.gateways}:
            return ["device: via_device: the gateway has no parent"] if parent is not None else []
        if parent is None:
            return ["device: via_device: missing"]
        if parent == identifier:
            return ["device: via_device: the device itself"]
        return [] if parent in self.known else [f"device: via_device: no device {parent!r} is announced"]

    @staticmethod
    def _ids(c, gateway, slug):
        found = []
        if not SLUG.match(c.key):
            found.append("component id has more than a-z, 0-9 and _")
        if slug != "bridge" and c.key in RESERVED_KEYS:
            found.append("component id is reserved")
        unique, wanted = c.own.get("unique_id"), f"{gateway}_{slug}_{c.key}"
        if unique is None:
            found.append("unique_id: missing, the whole device is refused")
        elif unique != wanted:
            found.append(f"unique_id: {unique!r} instead of {wanted!r}")
        return found

    def _availability(self, c, slug):
        """The base topic that the availability names (None where it names none), and what is wrong with it."""
        items = c.options.get("availability")
        if not isinstance(items, list) or not all(isinstance(i, dict) and isinstance(i.get("topic"), str) for i in items):
            return None, ["availability: no list of topics"]
        found, topics = [], [i["topic"] for i in items]
        if any(i.get("payload_available", "online") != "online" or i.get("payload_not_available", "offline") != "offline"
               or "value_template" in i for i in items) or {"payload_available", "payload_not_available"} & set(c.options):
            found.append("availability: payloads other than online and offline")
        if not topics:
            return None, found + ([] if self._may_opt_out(c) else ["availability: empty"])
        bridge = [t[:-len("/bridge/state")] for t in topics if t.endswith("/bridge/state")]
        if not bridge:
            return None, found + ["availability: the bridge's state is not in it"]
        wanted = {f"{bridge[0]}/bridge/state"}
        if slug != "bridge" and not (self._outlives_its_device(c) and "availability" in c.own):
            wanted.add(f"{bridge[0]}/{slug}/availability")
        if set(topics) != wanted or len(topics) != len(wanted):
            found.append(f"availability: {', '.join(topics)} instead of {', '.join(sorted(wanted))}")
        if slug != "bridge" or len(topics) > 1:
            if c.options.get("availability_mode") != "all":
                found.append("availability_mode: not all")
        return bridge[0], found

    @staticmethod
    def _may_opt_out(c):
        return c.platform == "binary_sensor" and c.get("device_class") == "connectivity"

    @classmethod
    def _outlives_its_device(cls, c):
        """What says that a device is gone or in trouble must not vanish with it."""
        return cls._may_opt_out(c) or c.platform == "event" or (
            c.platform == "binary_sensor" and c.get("device_class") == "problem")

    @staticmethod
    def _topics(c, base, slug):
        """State and command topics are BASE/DEVICE/KEY and BASE/DEVICE/KEY/set; the bridge's are its own."""
        if base is None or c.platform in ("event", "device_automation"):
            return []
        found, root = [], f"{base}/{slug}/" if slug == "bridge" else f"{base}/{slug}/{c.key}"
        for name, tail in (("state_topic", ""), ("command_topic", "/set")):
            topic = c.get(name)
            if not isinstance(topic, str):
                continue
            if slug == "bridge" and not topic.startswith(root):
                found.append(f"{name}: {topic} is not below {root}")
            if slug != "bridge" and topic != root + tail:
                found.append(f"{name}: {topic} instead of {root + tail}")
        return found
