// All threads go through the whole model together, each with channels and rows of its own; they wait for one another where a
// product needs all of its input: four times a block. The norm, which needs all as well, each takes for itself. Before a thread waits, and while it computes, it asks memory for the weights
// that it will read next, as memory would stand idle else.
#include <algorithm>
#include <vector>

#include <omp.h>

#include <ssmscan/ssm/detail/mamba_step.hpp>
#include <ssmscan/ssm/layers/causal_conv1d.hpp>  // greatest_conv_width
#include <ssmscan/ssm/layers/embedding.hpp>
#include <ssmscan/ssm/layers/rms_norm.hpp>
#include <ssmscan/ssm/layers/step_of_channels.hpp>

namespace ssmscan::ssm::detail {
namespace {

std::size_t size(index_t n) { return static_cast<std::size_t>(n); }

// What is shared out whole: a line of floats, so that no two threads write to one; of few rows, so many as matrix_vector takes
// side by side: of 80 rows by lines one thread of two would have 48.
constexpr index_t line = 16, few_rows = 4;

struct range {
  index_t first, count;
};

struct member {
  index_t thread, threads;

  range part_of(index_t n, index_t unit = line) const {
    index_t const units = (n + unit - 1) / unit;
    index_t const begin = std::min(n, units * thread / threads * unit);
    return {begin, std::min(n, units * (thread + 1) / threads * unit) - begin};
  }
};

// How much of a product's weight is asked for before its turn: 2 KiB of each stream, from where on it asks by itself.
constexpr std::uintptr_t first_lines = 32;

template <class W>
class step {
 public:
  step(mamba_model const& model, mamba_cache& cache, std::span<float> logits)
      : model_(model),
        c_(model.config()),
        cache_(cache),
        logits_(logits),
        parameters_(c_.rank + 2 * c_.states),
        residual_(size(c_.hidden)),
        xz_(size(2 * c_.inner)),
        x_(size(c_.inner)),
        projected_(size(parameters_)),
        delta_(size(c_.inner)),
        product_(size(c_.hidden)) {}

  void run(index_t id) {
    embedding(std::span(&id, 1), view(model_.embedding(), c_.vocabulary, c_.hidden),
              matrix_view<float>(residual_.data(), 1, c_.hidden));
    int const threads = threads_worth();
    std::vector<float> normal(size(threads * c_.hidden));  // of each thread
#pragma omp parallel num_threads(threads) if (threads > 1)
    {
      member const me{omp_get_thread_num(), omp_get_num_threads()};
      float* const own = normal.data() + me.thread * c_.hidden;
      for (std::size_t layer = 0; layer < model_.blocks().size(); ++layer) block(layer, me, own);
      norm(model_.final_norm(), own);
      range const rows = me.part_of(c_.vocabulary);
      product(view(model_.head(), c_.vocabulary, c_.hidden), rows, own, {}, logits_.data());
    }
  }

 private:
  static matrix_view<W const> view(mamba_matrix const& matrix, index_t rows, index_t columns) {
    return {std::get<std::vector<W>>(matrix).data(), rows, columns};
  }
  static matrix_view<W const> rows_of(matrix_view<W const> weight, range rows) {
    return {weight.row(rows.first), rows.count, weight.columns, weight.row_stride};
  }
  static void product(matrix_view<W const> weight, range rows, float const* x, std::span<float const> bias, float* y) {
    matrix_vector(rows_of(weight, rows), x, y + rows.first);
    if (bias.empty()) return;
    for (index_t o = rows.first; o < rows.first + rows.count; ++o) y[o] += bias[size(o)];
  }
  static void ask(matrix_view<W const> weight, range rows) { upcoming_weight(rows_of(weight, rows)).ask(first_lines); }
  void norm(std::vector<float> const& weight, float* to) const {
    rms_norm<float>(matrix_view<float const>(residual_.data(), 1, c_.hidden), weight, static_cast<float>(c_.epsilon),
                    matrix_view<float>(to, 1, c_.hidden));
  }
  int threads_worth() const {
    constexpr std::size_t worth_threads = std::size_t{1} << 20;  // bytes: some 30 us
    return model_.bytes_per_token() < worth_threads ? 1 : omp_get_max_threads();
  }

  void block(std::size_t layer, member me, float* normal) {
    mamba_block const& w = model_.blocks()[layer];
    range const own = me.part_of(c_.inner), gates{c_.inner + own.first, own.count};
    range const some = me.part_of(parameters_, few_rows), outputs = me.part_of(c_.hidden);
    auto const in_proj = view(w.in_proj, 2 * c_.inner, c_.hidden), x_proj = view(w.x_proj, parameters_, c_.inner),
               dt_proj = view(w.dt_proj, c_.inner, c_.rank), out_proj = view(w.out_proj, c_.hidden, c_.inner);

    norm(w.norm, normal);
    product(in_proj, own, normal, w.in_bias, xz_.data());
    ask(in_proj, gates);
    product(in_proj, gates, normal, w.in_bias, xz_.data());
    ask(x_proj, some);
    step_convolution({.width = c_.width,
                      .weight = w.conv.data(),
                      .bias = w.conv_bias.empty() ? nullptr : w.conv_bias.data(),
                      .before = cache_.conv[layer].data(),
                      .x = xz_.data(),
                      .y = x_.data()},
                     own.first, own.count);
#pragma omp barrier
    product(x_proj, some, x_.data(), {}, projected_.data());
    ask(dt_proj, own);
#pragma omp barrier
    product(dt_proj, own, projected_.data(), {}, delta_.data());
    step_scan({.channels = c_.inner,
               .states = c_.states,
               .A = w.A.data(),
               .B = projected_.data() + c_.rank,
               .C = projected_.data() + c_.rank + c_.states,
               .D = w.D.data(),
               .delta_bias = w.dt_bias.data(),
               .u = x_.data(),
               .delta = delta_.data(),
               .z = xz_.data() + c_.inner,
               .state = cache_.state[layer].data(),
               .y = x_.data()},
              own.first, own.count, upcoming_weight(rows_of(out_proj, outputs)));
#pragma omp barrier
    product(out_proj, outputs, x_.data(), w.out_bias, product_.data());
    for (index_t i = outputs.first; i < outputs.first + outputs.count; ++i) residual_[size(i)] += product_[size(i)];
    if (layer + 1 < model_.blocks().size())
      ask(view(model_.blocks()[layer + 1].in_proj, 2 * c_.inner, c_.hidden), own);
    else
      ask(view(model_.head(), c_.vocabulary, c_.hidden), me.part_of(c_.vocabulary));
#pragma omp barrier
  }

  mamba_model const& model_;
  mamba_config const& c_;
  mamba_cache& cache_;
  std::span<float> logits_;
  index_t parameters_;  // of each token's scan, beside the step's bias: what x_proj gives
  std::vector<float> residual_, xz_, x_, projected_, delta_, product_;
};

}  // namespace

bool is_mamba_step(mamba_model const& model, index_t tokens, mamba_run const& run) {
  selective_execution const usual;
  auto const& how = run.scan;
  return tokens == 1 && run.cache != nullptr && !run.hidden && how.mode == usual.mode &&
         how.scan.algorithm == usual.scan.algorithm && how.scan.backend == usual.scan.backend &&
         how.scan.inner.empty() && how.scan.threads == 0 && model.config().width >= 1 &&
         model.config().width <= greatest_conv_width;
}

void mamba_step(mamba_model const& model, index_t id, mamba_cache& cache, std::span<float> logits) {
  std::visit([&]<class W>(std::vector<W> const&) { step<W>(model, cache, logits).run(id); }, model.embedding());
}

}  // namespace ssmscan::ssm::detail
