// SPDX-License-Identifier: MIT
// Asks the example actor from C++: origin_cpp URL. Prints the type of the reply.
#include <chrono>
#include <cstdio>

#include <conclib/client.hpp>

namespace {

struct ExampleReqMessage {
  CONCLIB_MESSAGE(ExampleReqMessage)
};

struct ExampleRespMessage {
  CONCLIB_MESSAGE(ExampleRespMessage)
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  try {
    conclib::Client client(argv[1]);
    const ExampleRespMessage reply = client.ask<ExampleRespMessage>(
        "example_actor", ExampleReqMessage{}, std::chrono::seconds(10));
    static_cast<void>(reply);
    std::puts("ExampleRespMessage");
    return 0;
  } catch (const conclib::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
