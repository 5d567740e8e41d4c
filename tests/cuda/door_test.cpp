// The door of device::linear_recurrence, which needs no GPU: what it refuses, in the words of the CPU's, what it would
// run, and how much workspace that takes. No pointer here is followed.
#include <algorithm>
#include <complex>
#include <functional>
#include <map>

#include <gtest/gtest.h>

#include <ssmscan/scan/backends/cuda/linear_recurrence.hpp>
#include <ssmscan/scan/backends/cuda/registry.hpp>
#include <ssmscan/scan/linear_recurrence.hpp>

namespace ssmscan {
namespace {

template <class Call>
std::string message_of(Call const& call) {
  try {
    call();
  } catch (std::invalid_argument const& error) { return error.what(); }
  return "";
}

// Memory for addresses, aligned as cudaMalloc aligns.
struct arrays {
  static constexpr index_t time = 1000;
  alignas(256) float a[time], b[time], x[time];
  alignas(256) std::byte workspace[1 << 16];
  float initial[4], final[4];
  index_t offsets[4] = {0, 10, 10, time};
  std::uint8_t reset[time];

  recurrence<float> problem() { return {.a = {a, time}, .b = {b, time}, .x = {x, time}}; }
};

arrays& memory() {
  static arrays one{};
  return one;
}

using spoil = std::function<void(recurrence<float>&)>;

// Each is refused for its own reason, and by the same sentence.
TEST(cuda_door, refuses_what_the_cpu_refuses_in_the_same_words) {
  std::map<std::string, spoil> const spoilt{
      {"b: got shape", [](auto& p) { p.b.shape.time = 999; }},
      {"x: got shape",
       [](auto& p) {
         p.x.shape = p.a.shape = p.b.shape = {-1, 1, 1000};
       }},
      {"a: got a null pointer", [](auto& p) { p.a.data = nullptr; }},
      {"x: got a null pointer", [](auto& p) { p.x.data = nullptr; }},
      {"a: got an address",
       [](auto& p) { p.a.data = reinterpret_cast<float const*>(reinterpret_cast<std::uintptr_t>(p.a.data) + 1); }},
      {"x: got strides", [](auto& p) { p.x.stride.time = 0; }},
      {"x: got memory that overlaps b", [](auto& p) { p.x.data = const_cast<float*>(p.b.data) + 1; }},
      {"x: got memory that overlaps a",
       [](auto& p) {
         p.x = {const_cast<float*>(p.a.data), {1, 1, 1000}, {0, 0, -1}};
       }},
      {"direction:", [](auto& p) { p.direction = static_cast<direction>(7); }},
      {"operation:", [](auto& p) { p.operation = static_cast<operation>(7); }},
      {"offsets, reset: got both", [](auto& p) { p.offsets = memory().offsets, p.reset = memory().reset; }},
      {"offsets: got no values",
       [](auto& p) { p.offsets = std::span<index_t const>(memory().offsets, std::size_t{0}); }},
      {"reset: got 3 values", [](auto& p) { p.reset = std::span<std::uint8_t const>(memory().reset, 3); }},
      {"initial: got shape",
       [](auto& p) {
         p.initial = {memory().initial, 4};
       }},
      {"final: got shape",
       [](auto& p) {
         p.offsets = memory().offsets, p.final = {memory().final, 4};
       }},
      {"final: got memory that overlaps a",
       [](auto& p) {
         p.final = {const_cast<float*>(p.a.data), 1};
       }},
  };
  EXPECT_EQ(spoilt.size(), 16U);
  for (auto const& [words, how] : spoilt) {
    auto problem = memory().problem();
    how(problem);
    std::string const needed = message_of([&] { (void)plan(problem); });
    EXPECT_FALSE(needed.empty()) << words;
    EXPECT_TRUE(needed.starts_with(words)) << needed;
    EXPECT_EQ(message_of([&] { (void)device::plan(problem); }), needed);
    EXPECT_EQ(message_of([&] { (void)device::workspace_bytes(problem); }), needed);
    EXPECT_EQ(message_of([&] { (void)device::linear_recurrence(problem); }), needed);
  }
}

TEST(cuda_door, refuses_a_workspace_that_will_not_do) {
  auto problem = memory().problem();
  problem.operation = operation::semi_log;  // by the text
  device::execution how{.algorithm = "hillis_steele"};
  std::size_t const needed = device::workspace_bytes(problem, how);
  EXPECT_EQ(needed, 24064U);  // twice 1000 values of 12 bytes, in lines of 256
  auto const refused = [&](std::span<std::byte> workspace) {
    how.workspace = workspace;
    return message_of([&] { (void)device::linear_recurrence(problem, how); });
  };
  EXPECT_EQ(refused({}), "workspace: got 0 bytes; need at least 24064, as workspace_bytes says");
  EXPECT_EQ(refused({memory().workspace, 24063}),
            "workspace: got 24063 bytes; need at least 24064, as workspace_bytes says");
  EXPECT_EQ(refused({static_cast<std::byte*>(nullptr), 24064}),
            "workspace: got a null pointer to 24064 bytes; need device memory");
  EXPECT_EQ(refused({memory().workspace + 8, 24064}),
            "workspace: got an address that is no multiple of 256; need memory aligned as cudaMalloc aligns it");
  EXPECT_EQ(refused({reinterpret_cast<std::byte*>(memory().x), 24064}),
            "workspace: got memory that overlaps x; need memory of its own");
}

TEST(cuda_door, checks_offsets_by_a_copy_of_them) {
  auto problem = memory().problem();
  problem.offsets = memory().offsets;
  auto const refused = [&](std::vector<index_t> const& copy) {
    return message_of([&] { (void)device::plan(problem, {.host_offsets = copy}); });
  };
  EXPECT_EQ(refused({0, 10, 10, 1000}), "");
  EXPECT_EQ(refused({0, 11, 10, 1000}), "offsets: got 11 then 10 at position 2; need ascending values");
  EXPECT_EQ(refused({1, 10, 10, 1000}), "offsets: got first = 1; need first = 0");
  EXPECT_EQ(refused({0, 10, 10, 999}), "offsets: got last = 999; need last = time = 1000");
  EXPECT_EQ(refused({0, 1000}), "host_offsets: got 2 values; need a copy of offsets, which has 4");
  problem.offsets = {};
  EXPECT_EQ(refused({0, 1000}), "host_offsets: got a copy of offsets; need none, as the problem has no offsets");
}

TEST(cuda_door, takes_the_number_of_sequences_of_a_mask_from_the_states) {
  auto problem = memory().problem();
  problem.reset = memory().reset;
  EXPECT_NO_THROW((void)device::plan(problem));
  problem.final = {memory().final, 4};
  EXPECT_NO_THROW((void)device::plan(problem));
  problem.initial = {memory().initial, 3};
  EXPECT_EQ(message_of([&] { (void)device::plan(problem); }),
            "initial: got shape (1, 1, 3); need (1, 1, 4) = (batch, channel, sequences)");
  problem.initial = {};
  problem.final = {memory().final, 0};
  EXPECT_EQ(message_of([&] { (void)device::plan(problem); }),
            "final: got 0 sequences; need as many as the mask has, 1 at least");
}

// What each text asks for, added up by hand, each piece in lines of 256 bytes.
TEST(cuda_door, workspace_is_what_the_algorithm_says) {
  constexpr index_t lanes = 3, time = 5000, n = lanes * time, tiles = 2;
  static float values[3][n];
  tensor_shape const shape{1, lanes, time};
  recurrence<float> problem{.a = {values[0], shape}, .b = {values[1], shape}, .x = {values[2], shape}};
  auto const lines = [](std::size_t bytes) { return (bytes + 255) / 256 * 256; };
  auto const bytes = [&](std::string_view name) { return device::workspace_bytes(problem, {.algorithm = name}); };
  std::size_t const pairs = lines(8 * n), carries = lines(8 * lanes * tiles);
  EXPECT_EQ(bytes("sequential"), 0U);
  EXPECT_EQ(bytes("hillis_steele"), pairs);                                     // between two passes
  EXPECT_EQ(bytes("blelloch"), lines(8 * lanes * 19) + lines(4 * lanes * 19));  // 19 whole pieces of 256: maps, states
  // The tickets, in a line of 128 bytes; words for pieces of 256, for chunks of 4096, and for the states before them.
  EXPECT_EQ(bytes("chunked"), lines(16 * (8 + lanes * (20 + tiles + tiles))));
  EXPECT_EQ(bytes("look_back"), lines(16));  // the tickets; of one tile, nothing is published
  EXPECT_EQ(bytes("look_back.textbook"), pairs + 2 * (carries + lines(4 * lanes * tiles)) + lines(8));
  // b with its flag, a* with its own, and the scratch of one inner sum at a time, each value of 32 bytes.
  EXPECT_EQ(bytes("heinsen"), lines(8 * n) + lines(32 * n) + lines(32 * n) + lines(32 * lanes * tiles));
  // Packed: a byte for each step and one more, and the offsets; by pieces of 256 steps, a record of 80 bytes for each, and the offsets
  // where states are asked for.
  problem.offsets = memory().offsets;
  EXPECT_EQ(bytes("hillis_steele"), lines(time + 1) + lines(8 * 4) + 2 * lines(12 * n));
  EXPECT_EQ(bytes("sequential"), lines(80 * 20));
  EXPECT_EQ(bytes("chunked"), lines(80 * 20) + lines(16 * (8 + lanes * (20 + tiles + tiles))));
  static float states[lanes * 3];
  problem.final = {states, tensor_shape{1, lanes, 3}};
  EXPECT_EQ(bytes("sequential"),
            lines(80 * 20) + lines(8 * 4) + lines(2 * 256 * 20));  // and which sequence each step is of
}

TEST(cuda_door, automatic_says_what_and_why_and_naming_it_is_the_same) {
  auto const problem = memory().problem();
  choice const made = device::plan(problem);
  EXPECT_EQ(made.backend, "cuda");
  EXPECT_EQ(made.algorithm, "look_back");
  EXPECT_NE(made.reason.find("1 lane of 1000"), std::string::npos) << made.reason;
  choice const named = device::plan(problem, {.algorithm = made.algorithm});
  EXPECT_EQ(named.tree, made.tree);
  EXPECT_EQ(named.reason, "asked for by name");
  EXPECT_EQ(device::plan(problem, {.algorithm = "heisen"}).inner, "chunked");
  EXPECT_EQ(device::plan(problem, {.algorithm = "heinsen", .inner = "look_back"}).inner, "look_back");
}

// Many lanes that are unevenly spaced in a have a thread each.
TEST(cuda_door, automatic_takes_one_a_for_all_steps_as_contiguous) {
  auto problem = memory().problem();
  problem.a.stride.time = 0;
  EXPECT_EQ(device::plan(problem).algorithm, "look_back");
  problem.a.shape.time = problem.b.shape.time = problem.x.shape.time = arrays::time / 2;
  problem.b.stride.time = 2;
  EXPECT_EQ(device::plan(problem).algorithm, "chunked");

  constexpr index_t time = 33, most = 6144;
  static float values[3][most * time];
  auto const chosen = [&](index_t lanes, index_t batch = 1) {
    tensor_shape const shape{batch, lanes / batch, time};
    recurrence<float> many{.a = {values[0], shape}, .b = {values[1], shape}, .x = {values[2], shape}};
    many.a.stride.time = 0;
    if (batch > 1) many.a.stride.batch = 0;
    return device::plan(many).algorithm;
  };
  EXPECT_EQ(chosen(most), "look_back");
  EXPECT_EQ(chosen(most, 2), "sequential");
  EXPECT_EQ(chosen(most - 2, 2), "look_back");
}

// Packed sequences go where others do, whichever way they lie.
TEST(cuda_door, automatic_takes_packed_sequences_as_others) {
  constexpr index_t time = 33, most = 6144;
  static float values[3][most * time];
  auto const chosen = [&](index_t lanes, layout order, operation represents) {
    tensor_shape const shape{1, lanes, time};
    recurrence<float> packed{
        .a = {values[0], shape, order}, .b = {values[1], shape, order}, .x = {values[2], shape, order}};
    packed.offsets = memory().offsets;
    packed.operation = represents;
    return device::plan(packed).algorithm;
  };
  EXPECT_EQ(chosen(most, layout::lane_major, operation::affine), "look_back");
  EXPECT_EQ(chosen(most, layout::time_major, operation::affine), "sequential");
  EXPECT_EQ(chosen(most - 1, layout::time_major, operation::affine), "chunked");
  EXPECT_EQ(chosen(most - 1, layout::time_major, operation::semi_log), "blelloch");
}

TEST(cuda_door, names_what_it_has) {
  auto const problem = memory().problem();
  auto const refused = [&](std::string_view algorithm, std::string_view inner) {
    return message_of([&] { (void)device::plan(problem, {.algorithm = algorithm, .inner = inner}); });
  };
  EXPECT_EQ(refused("bubble", ""),
            "algorithm: got \"bubble\"; need one of automatic, sequential, hillis_steele, blelloch, chunked, heinsen, "
            "heinsen.fused, heinsen.plain, look_back, sequential.textbook, hillis_steele.textbook, blelloch.textbook, "
            "chunked.textbook, look_back.textbook");
  EXPECT_EQ(refused("automatic", "chunked"), message_of([&] { (void)plan(problem, {.inner = "chunked"}); }));
  EXPECT_TRUE(
      refused("automatic", "chunked").starts_with("inner: got \"chunked\"; need none with algorithm = automatic"));
  EXPECT_EQ(refused("blelloch", "chunked"), "inner: got \"chunked\"; need none: blelloch has no inner prefix sums");
  EXPECT_EQ(refused("heinsen", "heinsen"),
            "inner: got \"heinsen\"; need one of chunked, sequential, hillis_steele, blelloch, look_back");
  static std::uint32_t numbers[3][4];
  recurrence<std::uint32_t> const integers{.a = {numbers[0], 4}, .b = {numbers[1], 4}, .x = {numbers[2], 4}};
  EXPECT_EQ(message_of([&] { (void)device::plan(integers, {.algorithm = "heinsen"}); }),
            "algorithm: got \"heinsen\" for u32 affine; need one of automatic, sequential, hillis_steele, blelloch, "
            "chunked, look_back, sequential.textbook, hillis_steele.textbook, blelloch.textbook, chunked.textbook, "
            "look_back.textbook");
}

// The CPU's entries and one more; a tuned form and its textbook together are one.
TEST(cuda_door, offers_what_the_cpu_offers) {
  using entries = std::map<std::string, bool>;  // and whether it is offered for packed sequences
  auto const add = [](entries& to, capability const& c) {
    std::string_view name = c.algorithm;
    if (name == "heinsen.fused") return;  // of other types and packings than the CPU's
    if (name.ends_with(".textbook")) name.remove_suffix(std::string_view(".textbook").size());
    to[std::string(name) + "(" + std::string(c.inner) + ") " + std::string(c.dtype) +
       (c.operation == operation::semi_log ? " semi_log" : "")] |= c.packed;
  };
  entries here, there;
  for (capability const& c : device::capabilities()) {
    EXPECT_EQ(c.backend, "cuda");
    if (c.dtype == "bf16" || c.dtype == "f16") continue;  // storage: the device's alone
    add(here, c);
  }
  for (capability const& c : capabilities())
    if (c.backend == "serial") add(there, c);
  EXPECT_EQ(here, there);
  EXPECT_EQ(device::algorithm_names().size(), device::algorithms::size);
}

// 16-bit storage: one form, affine, packed or not, with float's tree; states of float; what else is asked for is refused.
TEST(cuda_door, stores_sixteen_bits) {
  std::vector<std::string> forms;
  for (capability const& c : device::capabilities())
    if (c.dtype == "bf16" || c.dtype == "f16") {
      forms.push_back(std::string(c.algorithm) + " " + std::string(c.dtype));
      EXPECT_TRUE(c.packed && c.operation == operation::affine);
      for (capability const& of_float : device::capabilities()) {
        if (of_float.algorithm != c.algorithm || of_float.dtype != "f32" || of_float.operation != operation::affine)
          continue;
        EXPECT_EQ(of_float.tree, c.tree);
      }
    }
  EXPECT_EQ(forms, (std::vector<std::string>{"look_back bf16", "look_back f16"}));

  std::vector<bfloat16> a(80), b(80), x(80);
  std::vector<float> last(2);
  recurrence<bfloat16> problem{.a = {a.data(), 80}, .b = {b.data(), 80}, .x = {x.data(), 80}};
  EXPECT_EQ(device::plan(problem).algorithm, "look_back");
  auto const refused = [&](device::execution const& how) {
    try {
      (void)device::plan(problem, how);
    } catch (std::invalid_argument const& e) { return std::string(e.what()); }
    return std::string();
  };
  EXPECT_EQ(refused({.algorithm = "blelloch"}),
            "algorithm: got \"blelloch\" for bf16 affine; need one of automatic, look_back");
  problem.operation = operation::semi_log;
  EXPECT_EQ(refused({}), "operation: got semi_log for bf16; need affine");
  problem.operation = operation::affine;
  problem.final = {last.data(), {1, 1, 2}};
  EXPECT_EQ(refused({}), "final: got shape (1, 1, 2); need (1, 1, 1) = (batch, channel, sequences)");
  problem.final = {reinterpret_cast<float*>(x.data()), {1, 1, 1}};
  EXPECT_EQ(refused({}), "x: got memory that overlaps final; need no overlap");
  problem.final = {}, problem.x = {x.data() + 1, 79};
  EXPECT_EQ(refused({}), "a: got shape (1, 1, 80); need (1, 1, 79), the shape of x");
}

// One tree id, one result: what takes a logarithm has another one than the CPU's.
TEST(cuda_door, a_tree_with_logarithms_says_whose) {
  for (capability const& c : device::capabilities())
    EXPECT_EQ(c.tree.ends_with("/cuda_math"), c.operation == operation::semi_log || c.result == "reformulates")
        << c.algorithm << ' ' << c.tree;
}

}  // namespace
}  // namespace ssmscan
