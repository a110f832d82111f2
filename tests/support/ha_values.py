# SPDX-License-Identifier: MIT
"""Which payloads Home Assistant takes on the topics that a component names."""
import datetime
import re

from ha_schema import parse_json

DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?\Z")
VALUE_PATH = re.compile(r"\{\{\s*value(_json((?:\.\w+|\['\w+'\])+))?\s*\}\}\Z")
MAX_STATE = 255
MAX_ATTRIBUTES = 16_384
UNKNOWN = "None"


class ValueRules:
    """Is a payload one that Home Assistant takes for this component?"""

    def __init__(self, schema):
        self.schema = schema

    def error(self, c, payload):
        if "\udc80" <= max(payload, default="") <= "\udcff":
            return "not UTF-8"
        if c.platform == "sensor":
            return self._sensor(c, payload)
        check = getattr(self, "_" + c.platform, None)
        return check(c, payload) if check else None

    def _sensor(self, c, payload):
        if payload == UNKNOWN:
            return None
        device_class = c.get("device_class")
        if device_class == "enum":
            return self._one_of(c.get("options", []), payload)
        if device_class in ("timestamp", "date"):
            return self._time(device_class, payload)
        if c.is_numeric(self.schema):
            return None if DECIMAL.match(payload) else f"{payload!r} is not a decimal number"
        return None if 0 < len(payload) <= MAX_STATE else f"text of {len(payload)} characters"

    @staticmethod
    def _time(device_class, payload):
        try:
            if device_class == "date":
                datetime.date.fromisoformat(payload)
            elif datetime.datetime.fromisoformat(payload).tzinfo is None:
                return f"{payload!r} has no time zone"
        except ValueError:
            return f"{payload!r} is not a {device_class} by ISO 8601"
        return None

    @staticmethod
    def _one_of(allowed, payload):
        return None if payload in (*allowed, UNKNOWN) else f"{payload!r} is none of {', '.join(allowed)}"

    def _binary_sensor(self, c, payload):
        return self._one_of((c.get("payload_on", "ON"), c.get("payload_off", "OFF")), payload)

    def _switch(self, c, payload):
        on, off = c.get("payload_on", "ON"), c.get("payload_off", "OFF")
        return self._one_of((c.get("state_on", on), c.get("state_off", off)), payload)

    def _select(self, c, payload):
        return self._one_of(c.get("options", []), payload)

    def _number(self, c, payload):
        if payload == c.get("payload_reset", UNKNOWN):
            return None
        if not DECIMAL.match(payload):
            return f"{payload!r} is not a decimal number"
        keys = self.schema.tables["platforms"]["number"]["keys"]
        low, high = (float(c.get(k, keys[k]["default"])) for k in ("min", "max"))
        return None if low <= float(payload) <= high else f"{payload} is not in {low:g}..{high:g}"

    @staticmethod
    def _text(c, payload):
        if not c.get("min", 0) <= len(payload) <= c.get("max", MAX_STATE):
            return f"text of {len(payload)} characters"
        return None if re.match(c.get("pattern", ""), payload) else f"{payload!r} does not match the pattern"

    def _update(self, _c, payload):
        if not payload.startswith("{"):
            return None if 0 < len(payload) <= MAX_STATE else f"text of {len(payload)} characters"
        keys = {k: {"required": False, **d} for k, d in self.schema.tables["update_state_json_keys"].items()}
        return json_object_error(payload) or "; ".join(self.schema.object_errors(keys, parse_json(payload))) or None

    @staticmethod
    def _event(c, payload):
        error = json_object_error(payload)
        if error:
            return error
        kind = parse_json(payload).get("event_type")
        return None if kind in c.get("event_types", []) else f"event_type {kind!r} is not announced"

    def attributes_error(self, c, payload):
        error = json_object_error(payload)
        if error:
            return error
        blocked = self.schema.tables["attributes_blocked_in_json_attributes"]
        removed = sorted(set(parse_json(payload)) & set(blocked["all"] + blocked.get(c.platform, [])))
        if removed:
            return f"Home Assistant removes {', '.join(removed)}"
        return f"{len(payload)} bytes, the recorder refuses them" if len(payload) > MAX_ATTRIBUTES else None


def json_object_error(payload):
    try:
        return None if isinstance(parse_json(payload), dict) else "not a JSON object"
    except (ValueError, RecursionError) as wrong:
        return f"not JSON: {wrong}"


def through_template(template, payload):
    """What a component sees of a payload: (True, text), or (False, reason) where the template is more than a path."""
    if template is None:
        return True, payload
    match = VALUE_PATH.match(template.strip())
    if not match:
        return False, None
    if not match.group(1):
        return True, payload
    try:
        value = parse_json(payload)
        for name in re.findall(r"\w+", match.group(2)):
            value = value[name]
    except (ValueError, KeyError, TypeError) as wrong:
        return False, f"{template} finds nothing: {wrong}"
    return True, UNKNOWN if value is None else str(value)
