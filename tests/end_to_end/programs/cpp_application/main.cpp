/* SPDX-License-Identifier: MIT-0 */
/* An application in C++ around the network 'net': an object with a constructor that runs late. */
#include "cnnc_firmware.h"
#include "net.h"

namespace {

alignas(NET_ARENA_ALIGNMENT) int8_t arena[NET_ARENA_BYTES];

class Network {
  public:
    Network() : status(net_init(&context, arena, sizeof arena)) {}
    net_status test() { return status == NET_OK ? net_selftest(&context) : status; }

  private:
    net_context context;
    net_status status;
};

} // namespace

int main() {
    static Network network;
    const net_status status = network.test();
    cnnc_print(status == NET_OK ? "selftest ok\n" : "failed\n");
    return status == NET_OK ? 0 : 1;
}
