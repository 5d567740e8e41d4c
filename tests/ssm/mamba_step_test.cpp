// The form that Mamba's language model has for one token: against the form for many tokens, which the checkpoints' tests hold to
// transformers, and against itself with other threads and SIMD targets.
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "tests/ssm/simd_targets.hpp"
#include <gtest/gtest.h>
#include <omp.h>

#include <ssmscan/ssm/mamba.hpp>

namespace ssmscan::ssm {
namespace {

struct shape {
  char const* name;
  index_t hidden, inner, states, width, rank, vocabulary;
  bool use_bias, tied;
};
// More than the 2^20 bytes from which on threads share a token; Mamba's own sizes, and what is a multiple of no vector.
shape const shapes[] = {{"as Mamba's", 96, 192, 16, 4, 6, 2603, false, true},
                        {"odd", 75, 217, 5, 3, 7, 2999, true, false},
                        {"width one", 64, 150, 19, 1, 2, 3701, false, true}};

mamba_model random_model(shape const& of, matrix_storage storage) {
  mamba_config c;
  c.vocabulary = of.vocabulary, c.hidden = of.hidden, c.layers = 3, c.inner = of.inner, c.states = of.states;
  c.width = of.width, c.rank = of.rank, c.use_bias = of.use_bias, c.tied_head = of.tied;
  std::minstd_rand random(1);
  auto const weights = [&](std::string const& name, std::vector<index_t> const& sizes) {
    index_t count = 1;
    for (index_t const n : sizes) count *= n;
    std::vector<float> made(static_cast<std::size_t>(count));
    float const scale = std::sqrt(3 / float(sizes.back()));  // so that activations keep their size
    std::uniform_real_distribution<float> uniform(-scale, scale);
    for (float& x : made) x = uniform(random);
    if (name.ends_with("norm.weight") || name.ends_with("norm_f.weight"))
      for (float& x : made) x += 1;
    return made;
  };
  return mamba_model::with(c, weights, storage);
}

struct stepped {
  std::vector<float> logits;  // of every step
  mamba_cache cache;
};
// By the form for many tokens, which alone tells the hidden states, or by the one for one.
enum class form { many_tokens, one_token };
stepped steps(mamba_model const& model, form by) {
  stepped made{{}, model.make_cache(1)};
  std::vector<float> out(static_cast<std::size_t>(model.config().vocabulary));
  mamba_run run{.outputs = mamba_outputs::last, .cache = &made.cache};
  if (by == form::many_tokens) run.hidden = [](std::span<float const>) {};
  for (index_t id : {5, 1, 2, 2602, 0}) {
    model.logits(std::span(&id, 1), 1, out, run);
    made.logits.insert(made.logits.end(), out.begin(), out.end());
  }
  return made;
}

// Of the largest: only the convolution's silu differs, by a few units in the last place, which three blocks pass on.
void expect_near(std::vector<float> const& got, std::vector<float> const& expected, std::string const& what) {
  ASSERT_EQ(got.size(), expected.size()) << what;
  double largest = 0, error = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    ASSERT_TRUE(std::isfinite(got[i])) << what << ' ' << i;
    largest = std::max(largest, std::abs(double(expected[i])));
    error = std::max(error, std::abs(double(got[i]) - double(expected[i])));
  }
  EXPECT_LE(error, 1e-5 * largest) << what;
}

TEST(MambaStep, IsTheFormForManyTokens) {
  for (shape const& of : shapes) {
    for (matrix_storage const storage : {matrix_storage::float32, matrix_storage::bfloat16}) {
      mamba_model const model = random_model(of, storage);
      ASSERT_GT(model.bytes_per_token(), std::size_t{1} << (storage == matrix_storage::float32 ? 20 : 19)) << of.name;
      stepped const expected = steps(model, form::many_tokens), got = steps(model, form::one_token);
      expect_near(got.logits, expected.logits, of.name);
      for (std::size_t layer = 0; layer < expected.cache.state.size(); ++layer) {
        expect_near(got.cache.state[layer], expected.cache.state[layer], of.name + std::string(": states"));
        if (of.width > 1)
          expect_near(got.cache.conv[layer], expected.cache.conv[layer], of.name + std::string(": samples"));
      }
    }
  }
}

TEST(MambaStep, HasTheSameBitsForAnyNumberOfThreadsAndOnEveryTarget) {
  int const usual = omp_get_max_threads();
  int cases = 0;
  for (shape const& of : shapes) {
    mamba_model const model = random_model(of, matrix_storage::float32);
    stepped const expected = steps(model, form::one_token);
    auto const expect_same = [&](std::string const& what) {
      stepped const got = steps(model, form::one_token);
      EXPECT_EQ(got.logits, expected.logits) << of.name << ", " << what;
      EXPECT_EQ(got.cache.state, expected.cache.state) << of.name << ", " << what;
      EXPECT_EQ(got.cache.conv, expected.cache.conv) << of.name << ", " << what;
      ++cases;
    };
    for (int const threads : {1, 2, 3, 7, 40}) {  // 40: more than have a line of channels each
      omp_set_num_threads(threads);
      expect_same(std::to_string(threads) + " threads");
    }
    omp_set_num_threads(usual);
    test::on_every_simd_target(expect_same);
  }
  EXPECT_GE(cases, 3 * 6);
}

}  // namespace
}  // namespace ssmscan::ssm
