// SPDX-License-Identifier: MIT
// The keys of [[can]] and of profile.toml, for parsing, checking and the documentation.
#include "adapters/can/settings.hpp"

#include "adapters/can/profile_file.hpp"

namespace b2m::can {
namespace {

constexpr double kMostId = 0x1FFF'FFFF;
constexpr int kMostBytes = 8;
constexpr double kMostNumber = 1024;
constexpr double kADay = 86'400;

const config::Schema<MessageOverride>& message_schema() {
  static const config::Schema<MessageOverride> kSchema =
      config::Schema<MessageOverride>("can.message", "Another id for a message of the profile")
          .required("name", &MessageOverride::name, "Name of the message, as in its BO_ line")
          .required("can_id", &MessageOverride::can_id, "The id it has on this bus",
                    config::hex_range(0, kMostId))
          .option("extended", &MessageOverride::extended,
                  "The id has 29 bits; not needed above 0x7FF")
          .place(&MessageOverride::place);
  return kSchema;
}

config::Schema<PartSettings> make_part_schema(std::string_view name, std::string_view help) {
  const config::Rule id = config::hex_range(0, kMostId);
  const config::Rule payload = config::hex_bytes(kMostBytes);
  return config::Schema<PartSettings>(name, help)
      .required("id", &PartSettings::id, "As in source = \"ADAPTER/ID\" of a pack", config::slug())
      .option("name", &PartSettings::name, "For people")
      .option("extended_ids", &PartSettings::extended_ids,
              "The ids of this part have 29 bits; not needed above 0x7FF")
      .option("error_id", &PartSettings::error_id,
              "Frames with this id are errors of the BMS, whatever they contain", id)
      .option("charge_command_id", &PartSettings::charge_command_id,
              "Id of the frame that starts and stops charging", id)
      .option("charge_payload_on", &PartSettings::charge_payload_on,
              "Bytes that start charging, as hex digits", payload)
      .option("charge_payload_off", &PartSettings::charge_payload_off,
              "Bytes that stop charging, as hex digits", payload)
      .option("repeat_ms", &PartSettings::repeat_ms,
              "The frame that starts charging is repeated this often while it is on; 0: sent once; "
              "1000 when not set",
              config::range(0, 60'000))
      .option("ack_id", &PartSettings::ack_id,
              "Id of the frame in which the BMS says whether it charges; without it the switch "
              "shows what was sent last",
              id)
      .option("ack_payload_on", &PartSettings::ack_payload_on, "What it says while charging",
              payload)
      .option("ack_payload_off", &PartSettings::ack_payload_off, "What it says while not charging",
              payload)
      .option("ack_max_age_s", &PartSettings::ack_max_age_s,
              "The state is unknown when the BMS has not said it for this long; 0: it holds until "
              "the next; 5 when not set",
              config::range(0, kADay))
      .place(&PartSettings::place);
}

const config::Schema<PartSettings>& override_schema() {
  static const config::Schema<PartSettings> kSchema =
      make_part_schema("can.part", "Overrides what the profile says of one part, key by key");
  return kSchema;
}

const config::Schema<PartSettings>& part_schema() {
  static const config::Schema<PartSettings> kSchema =
      make_part_schema("part", "One battery behind the bus");
  return kSchema;
}

const config::Schema<SignalRow>& signal_schema() {
  const config::Rule number = config::range(0, kMostNumber);
  static const config::Schema<SignalRow> kSchema =
      config::Schema<SignalRow>("signal", "Signals of the DBC file that fill a point")
          .required("message", &SignalRow::message, "Name of the message; may hold {n} and {m}",
                    config::not_empty())
          .required("signal", &SignalRow::signal, "Name of the signal; may hold {n} and {m}",
                    config::not_empty())
          .required("part", &SignalRow::part, "Which [[part]] it belongs to", config::slug())
          .required("point", &SignalRow::point,
                    "The point it fills, such as \"cell_{n}_voltage\", or the key of a [[point]]",
                    config::not_empty())
          .option("unit", &SignalRow::unit, "Unit of the signal where the DBC file does not say it")
          .option("module", &SignalRow::module, "Module of the part; 0: the part itself", number)
          .option("first_module", &SignalRow::first_module, "First value of {m}", number)
          .option("last_module", &SignalRow::last_module, "Last value of {m}", number)
          .option("first", &SignalRow::first, "First value of {n}", number)
          .option("last", &SignalRow::last, "Last value of {n}", number)
          .option("cells", &SignalRow::cells, "Values of {n} instead of first and last", number)
          .option("point_first", &SignalRow::point_first,
                  "Number of the point for the first {n}; 0: the same number", number)
          .option("unavailable_raw", &SignalRow::unavailable_raw,
                  "Raw value that means \"not available\"", config::hex_range(0, 0xFFFF'FFFFU))
          .option("invert", &SignalRow::invert,
                  "Turns the sign: a current must be positive while charging")
          .option("interval_s", &SignalRow::interval_s, "Within which it is expected again",
                  config::range(0.001, kADay))
          .place(&SignalRow::place);
  return kSchema;
}

const config::Schema<PointText>& point_schema() {
  static const config::Schema<PointText> kSchema =
      config::Schema<PointText>("point", "A value that the gateway itself has no point for")
          .required("key", &PointText::key, "Its topic, such as \"state\" or \"cell_{n}_flags\"",
                    config::text_that("small letters, digits, _ and at most one {n}",
                                      [](std::string_view text) {
                                        std::string bare(text);
                                        const auto mark = bare.find("{n}");
                                        if (mark != std::string::npos) bare.replace(mark, 3, "n");
                                        return config::is_slug(bare);
                                      }))
          .required("name", &PointText::name, "Its name, with {n} when the key has it",
                    config::not_empty())
          .option("type", &PointText::type, "What it is",
                  config::one_of({"number", "on_off", "option", "text"}))
          .option("unit", &PointText::unit, "Unit, as Home Assistant writes it")
          .option("device_class", &PointText::device_class, "Home Assistant's device class")
          .option("state_class", &PointText::state_class, "Home Assistant's state class",
                  config::one_of({"", "measurement", "total", "total_increasing"}))
          .option("decimals", &PointText::decimals, "Digits behind the point", config::range(0, 6))
          .option("dead_band", &PointText::dead_band, "Published when moved by more than this",
                  config::at_least(0))
          .option("options", &PointText::options,
                  "Of type option: the names; empty: those of the DBC file's VAL_ line")
          .option("enabled", &PointText::enabled, "Enabled in Home Assistant from the beginning")
          .place(&PointText::place);
  return kSchema;
}

}  // namespace

const config::TableSchema& can_schema() {
  static const config::Schema<CanSettings> kSchema =
      config::Schema<CanSettings>("can", "One CAN bus with batteries on it")
          .required("id", &CanSettings::id, "Name of this bus", config::slug())
          .required("interface", &CanSettings::interface,
                    "\"can0\", \"slcan:/dev/serial/by-id/...\" or \"candump:FILE\"",
                    config::not_empty())
          .required("profile", &CanSettings::profile,
                    "A shipped or own folder: DBC file and mapping", config::not_empty())
          .option("bitrate_bps", &CanSettings::bitrate_bps, "Bit rate of the bus",
                  config::range(10'000, 1'000'000))
          .option("restart_ms", &CanSettings::restart_ms,
                  "Pause before the controller restarts after bus-off; 0: the gateway restarts it",
                  config::range(0, 60'000))
          .option("configure", &CanSettings::configure,
                  "Set bit rate and bring the interface up when the system allows it")
          .option("listen_only", &CanSettings::listen_only,
                  "Never drive the bus, not even acknowledge")
          .option("serial_baud", &CanSettings::serial_baud, "Of an slcan line",
                  config::range(9600, 4'000'000))
          .option("replay_speed", &CanSettings::replay_speed,
                  "Of a candump file: 1 as recorded, 0 as fast as possible", config::range(0, 1e6))
          .option("replay_loop", &CanSettings::replay_loop, "Begin again at the end of the file")
          .option("charge_control", &CanSettings::charge_control,
                  "Send frames that start and stop charging; without it nothing is ever sent")
          .option("filter", &CanSettings::filter,
                  "Let the kernel drop unknown ids: they cost nothing, but are not counted")
          .option("max_age_s", &CanSettings::max_age_s,
                  "Values older than this are unknown; when not set, three of the profile's "
                  "intervals, at least 5 s",
                  config::range(0.1, kADay))
          .option("unknown_ids_listed", &CanSettings::unknown_ids_listed,
                  "How many unknown ids the diagnostics list", config::range(0, 4096))
          .list("part", &CanSettings::parts, override_schema())
          .list("message", &CanSettings::messages, message_schema())
          .place(&CanSettings::place);
  return kSchema;
}

const config::Schema<ProfileFile>& profile_schema() {
  static const config::Schema<ProfileFile> kSchema =
      config::Schema<ProfileFile>("profile", "Which signal of a DBC file is which point")
          .required("dbc", &ProfileFile::dbc, "Name of the DBC file in the same folder",
                    config::not_empty())
          .option("exact_length", &ProfileFile::exact_length,
                  "Drop frames that are not just as long as their BO_ line says")
          .option("interval_s", &ProfileFile::interval_s,
                  "Within which each value is expected again", config::range(0.001, kADay))
          .list("part", &ProfileFile::parts, part_schema())
          .list("signal", &ProfileFile::signals, signal_schema())
          .list("point", &ProfileFile::points, point_schema())
          .place(&ProfileFile::place);
  return kSchema;
}

}  // namespace b2m::can
