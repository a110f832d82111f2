# SPDX-License-Identifier: MIT
"""Home Assistant's discovery schema, and one discovery message as it would see it. Facts: ha_mqtt_schema.json."""
import collections
import json
import os
import re

NOT_IN_TOPICS = re.compile("[\x00-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]")


def parse_json(text):
    """The value of a JSON text; ValueError also for what only Python's parser would let pass."""
    def pairs(items):
        names = [k for k, _ in items]
        twice = sorted({k for k in names if names.count(k) > 1})
        if twice:
            raise ValueError("key given twice: " + ", ".join(twice))
        return dict(items)

    def constant(name):
        raise ValueError(f"{name} is not JSON")
    return json.loads(text, object_pairs_hook=pairs, parse_constant=constant)


class Schema:
    """Validates expanded objects against the tables. Strict: no conversions, no unknown keys, no silent drops."""

    def __init__(self, path=None):
        path = path or os.path.join(os.path.dirname(os.path.abspath(__file__)), "ha_mqtt_schema.json")
        with open(path, encoding="utf-8") as file:
            self.tables = json.load(file)

    def expand(self, given, table, errors, where):
        """A copy of `given` with abbreviations written out."""
        result = {}
        for key, value in given.items():
            name = self.tables["abbreviations"][table].get(key, key)
            if name in result:
                errors.append(f"{where}{name}: given twice, short and long")
            result[name] = value
        items = result.get("availability")
        if table == "common" and isinstance(items, list):
            result["availability"] = [
                self.expand(i, "common", errors, f"{where}availability: ") if isinstance(i, dict) else i for i in items]
        return result

    def object_errors(self, keys, given):
        errors = [f"{key}: unknown key" for key in given if key not in keys]
        errors += [f"{key}: missing" for key, d in keys.items() if d["required"] and key not in given]
        groups = collections.Counter()
        for key, value in given.items():
            if key not in keys:
                continue
            error = self.value_error(keys[key], value)
            if error:
                errors.append(f"{key}: {error}")
            groups[keys[key].get("exclusive_group")] += 1
        return errors + [f"more than one form of {g}" for g, n in groups.items() if g and n > 1]

    def value_error(self, descriptor, value):
        """What is wrong with one value, or None."""
        if value is None:
            return None if descriptor.get("nullable") else "null"
        kind = descriptor["type"]
        check = getattr(self, "_" + ("topic" if kind.endswith("_topic") else kind))
        return check(descriptor, value)

    def _string(self, descriptor, value):
        if not isinstance(value, str):
            return "not a string"
        if "enum" in descriptor and value not in descriptor["enum"]:
            return f"{value!r} is not one of Home Assistant's {len(descriptor['enum'])} values"
        return None

    def _template(self, descriptor, value):
        error = self._string(descriptor, value)
        if error:
            return error
        balanced = all(value.count(a) == value.count(b) for a, b in (("{{", "}}"), ("{%", "%}")))
        return None if balanced else "template with unbalanced braces"

    def _icon(self, descriptor, value):
        return self._string(descriptor, value) or (None if re.match(r"[a-z]+:[a-z0-9-]+\Z", value) else "not prefix:name")

    def _url(self, descriptor, value):
        schemes = "|".join(descriptor["schemes"])
        return self._string(descriptor, value) or (
            None if re.match(rf"({schemes})://[^/?#\s]+", value) else f"not a URL with a host and one of {schemes}")

    def _regex(self, descriptor, value):
        error = self._string(descriptor, value)
        if error:
            return error
        try:
            re.compile(value)
        except re.error as wrong:
            return f"not a regular expression: {wrong}"
        return None

    def _boolean(self, _descriptor, value):
        return None if isinstance(value, bool) else "not true or false"

    def _integer(self, descriptor, value):
        return "not an integer" if not isinstance(value, int) else self._number(descriptor, value)

    def _number(self, descriptor, value):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return "not a number"
        if "enum" in descriptor and value not in descriptor["enum"]:
            return f"{value} is not one of {descriptor['enum']}"
        if value < descriptor.get("min", value) or value > descriptor.get("max", value):
            return f"{value} is out of range"
        return None

    def _topic(self, descriptor, value):
        if not isinstance(value, str):
            return "not a string"
        if not value or len(value.encode("utf-8", "surrogatepass")) > 65535 or NOT_IN_TOPICS.search(value):
            return "not a topic"
        if "+" in value or "#" in value:
            return "wildcard in a topic"
        return "the base topic ~ is not to be used" if "~" in value else None

    def _list(self, descriptor, value):
        if not isinstance(value, list):
            return "not a list"
        if len(value) < descriptor.get("min_length", 0):
            return "too short"
        for item in value if descriptor.get("items") else ():
            error = self.value_error(descriptor["items"], item)
            if error:
                return f"item: {error}"
        return None

    def _object(self, descriptor, value):
        if not isinstance(value, dict):
            return "not an object"
        keys = self.tables["discovery"][descriptor["ref"]]["keys"] if "ref" in descriptor else descriptor.get("keys")
        return "; ".join(self.object_errors(keys, value)) or None if keys else None


class Component:
    """One entity as Home Assistant sees it: expanded, with what it inherits from the root."""

    def __init__(self, key, given, root, schema):
        self.key, self.platform, self.is_valid = key, given.get("platform"), False
        self.own = {k: v for k, v in given.items() if k != "platform"}
        self.options = dict(self.own)
        for name in schema.tables["discovery"]["root_options_inherited_by_components"]:
            if name in root and name not in self.options:
                self.options[name] = root[name]

    def get(self, name, default=None):
        value = self.options.get(name)
        return default if value is None else value

    def is_numeric(self, schema):
        if self.platform != "sensor" or self.get("device_class") in schema.tables["sensor_non_numeric_device_classes"]:
            return False
        return any(self.get(k) is not None for k in
                   ("unit_of_measurement", "state_class", "device_class", "suggested_display_precision"))


class Device:
    """One discovery message, parsed; `errors` holds (component, text)."""

    def __init__(self, topic, payload, schema, max_bytes):
        self.topic, self.schema, self.errors, self.components = topic, schema, [], []
        self.root, self.block, self.removed = {}, {}, 0
        size = len(payload.encode("utf-8", "surrogateescape"))
        if size >= max_bytes:
            self.error("", f"{size} bytes, at most {max_bytes - 1} allowed")
        try:
            given = parse_json(payload)
        except (ValueError, RecursionError) as wrong:
            self.error("", f"not JSON: {wrong}")
            return
        if not isinstance(given, dict):
            self.error("", "not a JSON object")
            return
        self._read(given)

    def error(self, component, text):
        self.errors.append((component, text))

    def _read(self, given):
        schema, wrong = self.schema, []
        self.root = schema.expand(given, "common", wrong, "")
        for name, table in (("device", "device"), ("origin", "origin")):
            if isinstance(self.root.get(name), dict):
                self.root[name] = schema.expand(self.root[name], table, wrong, f"{name}: ")
        wrong += schema.object_errors(schema.tables["discovery"]["root"]["keys"], self.root)
        wrong += [f"{k}: Home Assistant ignores it at the root" for k in
                  schema.tables["discovery"]["root_options_accepted_but_not_inherited"] if k in self.root]
        for text in wrong:
            self.error("", text)
        if isinstance(self.root.get("device"), dict):
            self.block = self.root["device"]
        components = self.root.get("components")
        for key, value in components.items() if isinstance(components, dict) else ():
            self._read_component(key, value)
        if isinstance(components, dict) and not components:
            self.error("", "components: empty, Home Assistant creates nothing")

    def _read_component(self, key, given):
        discovery = self.schema.tables["discovery"]
        if not isinstance(given, dict):
            self.error(key, "not an object, the whole device is refused")
            return
        wrong = []
        component = Component(key, self.schema.expand(given, "common", wrong, ""), self.root, self.schema)
        for text in wrong:
            self.error(key, text)
        platform = component.platform
        if not isinstance(platform, str) or platform not in discovery["supported_components"] \
                or platform not in self.schema.tables["platforms"]:
            self.error(key, f"platform {platform!r}: unknown, the whole device is refused")
        elif not component.own:
            self.removed += 1  # nothing but the platform takes the entity away
        else:
            self.components.append(component)

    @property
    def identifier(self):
        ids = self.block.get("identifiers")
        return ids[0] if isinstance(ids, list) and ids and isinstance(ids[0], str) else None
