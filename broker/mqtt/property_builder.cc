// SPDX-License-Identifier: Apache-2.0
#include "base/assert.h"
#include "broker/mqtt/limits.h"
#include "broker/mqtt/properties.h"
#include "broker/mqtt/variable_byte_integer.h"

namespace orrery::mqtt {

void PropertyBuilder::begin(Property id, PropertyType type) {
  const auto number = static_cast<std::uint8_t>(id);
  ORRERY_ASSERT(property_type(number) == type);
  buffer_.push_back(number);
  present_ |= std::uint64_t{1} << number;
}

void PropertyBuilder::prefixed(Bytes bytes) {
  ORRERY_ASSERT(bytes.size() <= kStringMax);
  ByteWriter(buffer_).u16_prefixed(bytes);
}

PropertyBuilder& PropertyBuilder::byte(Property id, std::uint8_t value) {
  begin(id, PropertyType::kByte);
  buffer_.push_back(value);
  return *this;
}

PropertyBuilder& PropertyBuilder::two_byte(Property id, std::uint16_t value) {
  begin(id, PropertyType::kTwoByte);
  ByteWriter(buffer_).u16(value);
  return *this;
}

PropertyBuilder& PropertyBuilder::four_byte(Property id, std::uint32_t value) {
  begin(id, PropertyType::kFourByte);
  ByteWriter(buffer_).u32(value);
  return *this;
}

PropertyBuilder& PropertyBuilder::variable(Property id, std::uint32_t value) {
  begin(id, PropertyType::kVariable);
  append_variable_byte_integer(value, buffer_);
  return *this;
}

PropertyBuilder& PropertyBuilder::text(Property id, std::string_view value) {
  begin(id, PropertyType::kString);
  prefixed(as_bytes(value));
  return *this;
}

PropertyBuilder& PropertyBuilder::binary(Property id, Bytes value) {
  begin(id, PropertyType::kBinary);
  prefixed(value);
  return *this;
}

PropertyBuilder& PropertyBuilder::user_property(std::string_view name, std::string_view value) {
  begin(Property::kUserProperty, PropertyType::kStringPair);
  prefixed(as_bytes(name));
  prefixed(as_bytes(value));
  return *this;
}

}  // namespace orrery::mqtt
