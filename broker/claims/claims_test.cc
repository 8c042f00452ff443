// SPDX-License-Identifier: Apache-2.0
#include "broker/claims/claims.h"

#include <gtest/gtest.h>

namespace orrery::claims {
namespace {

template <class Said>
ByteWriter::Buffer written(const Said& said) {
  ByteWriter::Buffer out;
  ByteWriter w(out);
  write_fields(w, said);
  return out;
}
/// Read back, written again: the same bytes; and no prefix, and nothing longer, reads as one.
template <class Said>
void expect_round_trip(const Said& said) {
  ByteWriter::Buffer bytes = written(said);
  {
    Said back;
    ByteReader in(bytes);
    ASSERT_TRUE(read_whole(in, back));
    EXPECT_EQ(written(back), bytes);
  }
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    Said back;
    ByteReader in(Bytes(bytes).first(n));
    EXPECT_FALSE(read_whole(in, back)) << n;
  }
  bytes.push_back(0);
  Said back;
  ByteReader in(bytes);
  EXPECT_FALSE(read_whole(in, back));
}

TEST(Claims, EveryWordTravelsWhole) {
  expect_round_trip(Request{0x0102030405060708, true, "client"});
  expect_round_trip(Request{1, false, ""});
  expect_round_trip(Grant{7, 640, true, "client", as_bytes("session")});
  expect_round_trip(Grant{7, 640, false, "client", {}});
  expect_round_trip(Refusal{7, "client"});
  expect_round_trip(Yield{640, true, "client"});
  expect_round_trip(Yielded{640, true, "client", as_bytes("session")});
  expect_round_trip(Release{UINT64_MAX, std::string_view("with\0zero", 9)});
  expect_round_trip(Hold{640, "client"});
  expect_round_trip(HeldAll{0x8000000000000001});
}

TEST(Claims, TheLayoutIsWhatThePageSays) {
  EXPECT_EQ(written(Grant{1, 2, true, "ab", as_bytes("xyz")}),
            (ByteWriter::Buffer{0, 0, 0, 0, 0, 0,   0,   1, 0, 0, 0, 0,   0,   0,
                                0, 2, 1, 0, 2, 'a', 'b', 0, 0, 0, 3, 'x', 'y', 'z'}));
}

TEST(Claims, AFlagIsZeroOrOne) {
  ByteWriter::Buffer bytes = written(Yield{640, true, "client"});
  bytes[8] = 2;
  Yield back;
  ByteReader in(bytes);
  EXPECT_FALSE(read_whole(in, back));
}

}  // namespace
}  // namespace orrery::claims
