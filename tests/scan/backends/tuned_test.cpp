// linear_recurrence finds the tuned forms, and capabilities() says what is true of what runs. A tuned form cannot be told
// from its text by a result: the bits are the same. But it alone asks for the functions of a SIMD target, and here the
// environment names one that there is none of, before anyone has asked.
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <ssmscan/scan/backends/all.hpp>
#include <ssmscan/scan/backends/simd/registry.hpp>
#include <ssmscan/scan/detail/catalogue.hpp>
#include <ssmscan/scan/detail/kernels.hpp>
#include <ssmscan/scan/linear_recurrence.hpp>

namespace ssmscan {
namespace {

#if !defined(SSMSCAN_WITHOUT_SIMD)
// What has a tuned form, on either backend, of each dtype: one sequence a lane, and packed.
template <class A, class T>
inline constexpr bool by_lanes = detail::tuned<A, serial, affine<T>, T>&& detail::tuned<A, openmp, affine<T>, T>;
template <class A, class T>
inline constexpr bool by_packed =
    detail::tuned<A, serial, segmented<affine<T>>, T>&& detail::tuned<A, openmp, segmented<affine<T>>, T>;
template <class A>
inline constexpr bool by_lanes_of_all = by_lanes<A, float>&& by_lanes<A, double>&& by_lanes<A, std::complex<float>>&&
    by_lanes<A, std::complex<double>>&& by_lanes<A, std::uint32_t>;
template <class A>
inline constexpr bool packed_of_all = by_packed<A, float>&& by_packed<A, double>&& by_packed<A, std::complex<float>>&&
    by_packed<A, std::complex<double>>&& by_packed<A, std::uint32_t>;
static_assert(by_lanes_of_all<simd::sequential> && packed_of_all<simd::sequential>);
static_assert(by_lanes_of_all<simd::chunked> && packed_of_all<simd::chunked>);
static_assert(by_lanes_of_all<simd::look_back> && packed_of_all<simd::look_back>);
static_assert(by_lanes<simd::heinsen_fused, float> && by_packed<simd::heinsen_fused, float>);
// semi_log, by another monoid of the same meaning.
template <class A, class T>
inline constexpr bool in_logs = detail::tuned<A, serial, typename detail::run_as<A, semi_log<T>>::type, T>&&
    detail::tuned<A, openmp, typename detail::run_as<A, segmented<semi_log<T>>>::type, T>;
static_assert(in_logs<simd::chunked, float> && in_logs<simd::chunked, double>);
static_assert(in_logs<simd::look_back, float> && in_logs<simd::look_back, double>);
#endif

template <class A, class B, class M, class T>
inline constexpr bool runs_tuned = detail::tuned<A, B, typename detail::run_as<A, M>::type, T>;

// Of this build: without SIMD there is none.
template <class T>
bool has_tuned_form(capability const& row, detail::packing how) {
  bool found = false;
  detail::for_each_form<simd::algorithms, simd::inner_algorithms>([&]<class A>(std::type_identity<A>) {
    if (!detail::is_named(A::info, row.algorithm) || detail::inner_of<A>() != row.inner) return;
    backends::for_each([&]<class B>(std::type_identity<B>) {
      if (B::name != row.backend) return;
      bool const packed = how == detail::packing::packed;
      if (row.operation == operation::affine)
        found = packed ? runs_tuned<A, B, segmented<affine<T>>, T> : runs_tuned<A, B, affine<T>, T>;
      else if constexpr (std::floating_point<T>)
        found = packed ? runs_tuned<A, B, segmented<semi_log<T>>, T> : runs_tuned<A, B, semi_log<T>, T>;
    });
  });
  return found;
}

// Whether the call asked for a SIMD target.
template <class T>
bool asks_for_a_target(capability const& row, detail::packing how) {
  std::vector<T> const a(4, T(1)), b(4, T(2));
  std::vector<T> x(4);
  std::vector<index_t> const offsets{0, 1, 4};
  recurrence<T> problem{.a = {a.data(), 4}, .b = {b.data(), 4}, .x = {x.data(), 4}, .operation = row.operation};
  if (how == detail::packing::packed) problem.offsets = offsets;
  try {
    linear_recurrence(problem, {.algorithm = row.algorithm, .backend = row.backend, .inner = row.inner});
  } catch (std::invalid_argument const& error) {
    EXPECT_NE(std::string(error.what()).find("SSMSCAN_SIMD: got none_of_these"), std::string::npos) << error.what();
    return true;
  }
  return false;
}

template <class T>
index_t expect_the_tuned_forms() {
  index_t tuned = 0;
  for (capability const& row : capabilities()) {
    if (row.dtype != dtype_name<T>) continue;
    for (auto const how : {detail::packing::one_sequence, detail::packing::packed}) {
      if (how == detail::packing::packed && !row.packed) continue;
      bool const needed = has_tuned_form<T>(row, how);
      EXPECT_EQ(asks_for_a_target<T>(row, how), needed) << row.algorithm << " " << row.backend << " " << row.dtype
                                                        << (how == detail::packing::packed ? ", packed" : "");
      tuned += needed;
    }
  }
  return tuned;
}

TEST(tuned, is_what_the_call_runs) {
  ASSERT_EQ(setenv("SSMSCAN_SIMD", "none_of_these", 1), 0);
  bool const any = has_tuned_form<float>(capabilities().front(), detail::packing::one_sequence);
  // sequential, chunked, look_back; fused; chunked and look_back of semi_log: each packed too
  constexpr index_t forms = 6, fused = 2, in_logs = 4, on_backends = 2;
  EXPECT_EQ(expect_the_tuned_forms<float>(), any ? (forms + fused + in_logs) * on_backends : 0);
  EXPECT_EQ(expect_the_tuned_forms<double>(), any ? (forms + in_logs) * on_backends : 0);
  EXPECT_EQ(expect_the_tuned_forms<std::complex<float>>(), any ? forms * on_backends : 0);
  EXPECT_EQ(expect_the_tuned_forms<std::complex<double>>(), any ? forms * on_backends : 0);
  EXPECT_EQ(expect_the_tuned_forms<std::uint32_t>(), any ? forms * on_backends : 0);
}

// By value: a function may have an address in each translation unit.
std::vector<double> figures_of(capability const& row) {
  std::vector<double> made;
  for (index_t const n : {1000, 100003, 1 << 20}) {
    index_t const shared = row.shared_work == nullptr ? row.work(n) : row.shared_work(n, 16);
    for (index_t const combines : {row.work(n), row.span(n), shared}) made.push_back(static_cast<double>(combines));
    made.push_back(row.bytes(n, sizeof(float)));
  }
  return made;
}

// The same figures as the text's own row, where the text runs; else other ones, but for sequential, which moves the same.
TEST(tuned, a_row_says_what_is_true_of_what_runs) {
  index_t by_text = 0;
  for (capability const& row : capabilities()) {
    if (row.dtype != dtype_name<float> || row.algorithm.find('.') != std::string_view::npos) continue;
    for (capability const& text : capabilities()) {
      if (text.algorithm != std::string(row.algorithm) + ".textbook" || text.backend != row.backend ||
          text.dtype != row.dtype || text.operation != row.operation)
        continue;
      bool const tuned = has_tuned_form<float>(row, detail::packing::one_sequence);
      bool const same = figures_of(row) == figures_of(text);
      EXPECT_EQ(same, !tuned || row.algorithm == "sequential") << row.algorithm << " " << row.backend;
      bool const own_functions = row.operation == operation::semi_log && row.algorithm != "sequential";
      EXPECT_EQ(row.tree, own_functions ? simd::semi_log_tree : text.tree);
      by_text += !tuned;
    }
  }
  EXPECT_GE(by_text, 2);  // semi_log of sequential on two backends
}

TEST(tuned, figures_of_semi_log) {
  constexpr index_t n = index_t{1} << 20;
#if defined(SSMSCAN_WITHOUT_SIMD)
  std::map<std::string_view, double> const bytes{{"chunked", 36}, {"look_back", 20}};  // two pairs of scratch more, one
#else
  std::map<std::string_view, double> const bytes{{"chunked", 20}, {"look_back", 12}};  // a and b twice, once
#endif
  for (capability const& row : capabilities()) {
    auto const needed = bytes.find(row.algorithm);
    if (row.operation != operation::semi_log || row.dtype != dtype_name<float> || needed == bytes.end()) continue;
    EXPECT_LT(row.work(n), 3 * n) << row.algorithm;
    EXPECT_NEAR(row.bytes(n, sizeof(float)), needed->second, 0.05) << row.algorithm;
  }
}

}  // namespace
}  // namespace ssmscan
