/* SPDX-License-Identifier: MIT-0 */
/* Static objects that show in which order they were constructed. */
namespace {

int constructed = 40;

struct Order {
    int place;
    Order() : place(++constructed) {}
};

Order second;
__attribute__((init_priority(200))) Order first;

} // namespace

extern "C" int order_of_construction() { return 100 * first.place + second.place; }
