#include "proto/ipvs.pb.h"
#include "tests/fuzz/protobuf_body.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    return holdfast::fuzz::parse_body<holdfast::messages::v1::ToIpvsd>(data, size);
}
