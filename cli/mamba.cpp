#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <random>

#include "arrays.hpp"
#include "backends.hpp"
#include "command.hpp"
#include "language_model.hpp"
#include "names.hpp"
#include "progress.hpp"
#include <fmt/format.h>

#include <ssmscan/scan/detail/algorithm_name.hpp>
#include <ssmscan/ssm/mamba.hpp>
#include <ssmscan/ssm/sampling.hpp>
#include <ssmscan/ssm/tokenizer.hpp>

namespace ssmscan::cli {
namespace {

struct mamba_options {
  std::string model, weights = "float32", ids, prompt, out, mode = "scan", algorithm = "automatic", backend = "openmp";
  std::string tokens = "32", temperature = "0", top_p = "1", seed = "0";
  overwrite force = overwrite::no;
};

ssm::npy_array read_ids(std::string const& path) { return read_array("--ids", path, {{ssm::npy_type::i8}}); }

void check(mamba_options const& o) {
  if (o.model.empty()) throw_invalid("--model", "nothing", "the name of a folder");
  need_backend("--backend", o.backend);
  need_name("--weights", o.weights, {"float32", "bfloat16"});
}

// Whether the backend cannot run here, which is said.
bool is_skipped(mamba_options const& o, char const* command) {
  std::string const why = why_not_here(o.backend);
  if (!why.empty()) fmt::print(stderr, "ssmscan mamba {}: --backend {}: skipped, {}\n", command, o.backend, why);
  return !why.empty();
}

ssm::mamba_model load(mamba_options const& o) {
  auto const storage = o.weights == "bfloat16" ? ssm::matrix_storage::bfloat16 : ssm::matrix_storage::float32;
  ssm::mamba_model model = refused_with("--model: ", [&] {
    progress const shown("loading " + o.model);
    return ssm::mamba_model::load(o.model, storage);
  });
  if (index_t const bad = model.non_finite_weights(); bad > 0)
    fmt::print(stderr, "warning: {}: weights that are NaN or infinite: {}\n", o.model, bad);
  return model;
}

using clock = std::chrono::steady_clock;
double seconds_since(clock::time_point then) { return std::chrono::duration<double>(clock::now() - then).count(); }
double a_second(std::size_t tokens, double seconds) { return seconds > 0 ? static_cast<double>(tokens) / seconds : 0; }
// `12 tokens`, `1 token`
std::string tokens_of(std::size_t count) { return fmt::format("{} token{}", count, count == 1 ? "" : "s"); }

int logits(mamba_options& o) {
  check(o);
  if (o.ids.empty()) throw_invalid("--ids", "nothing", "the name of an npy file");
  if (o.out.empty()) throw_invalid("--out", "nothing", "the name of an npy file");
  need_name("--mode", o.mode, {"scan", "recurrence"});
  o.algorithm = detail::accepted_spelling(o.algorithm);
  auto names = o.backend == gpu_backend ? algorithms_of(gpu_backend) : algorithm_names();
  names.insert(names.begin(), "automatic");
  need_name("--algorithm", o.algorithm, names);
  if (o.mode == "recurrence" && o.algorithm != "automatic")
    throw_invalid("--algorithm", o.algorithm + " with --mode recurrence", "--mode scan");
  need_writable("--out", o.out, o.force);
  if (is_skipped(o, "logits")) return exit_code::skipped;

  ssm::npy_array const ids = read_ids(o.ids);
  if (ids.shape.size() != 2 || ids.shape[0] < 1)
    throw_invalid("--ids", "shape " + to_string(ids.shape), "two axes, (batch, time), a batch of at least 1");
  ssm::mamba_model loaded = load(o);
  index_t const batch = ids.shape[0], time = ids.shape[1], vocabulary = loaded.config().vocabulary;
  auto const model = on_backend(std::move(loaded), o.backend);
  ssm::npy_array out = zeros(ssm::npy_type::f4, {batch, time, vocabulary});
  std::span<float> const values(reinterpret_cast<float*>(out.data.data()), out.data.size() / sizeof(float));
  std::span<index_t const> const all = ids.as<std::int64_t>();
  auto const begin = clock::now();
  std::optional<progress> shown("logits of " + tokens_of(all.size()));
  if (o.mode == "scan") {
    refused_with("--", [&] { model->logits(all, batch, o.algorithm, values); });
  } else {  // token by token, the caches carried
    refused_with("--", [&] { model->begin(batch); });
    std::vector<index_t> column(static_cast<std::size_t>(batch));
    for (index_t t = 0; t < time; ++t) {
      for (index_t i = 0; i < batch; ++i)
        column[static_cast<std::size_t>(i)] = all[static_cast<std::size_t>(i * time + t)];
      refused_with("--", [&] { model->read(column); });
      std::span<float const> const step = model->last_logits();
      for (index_t i = 0; i < batch; ++i)
        std::copy_n(step.begin() + i * vocabulary, vocabulary, values.begin() + (i * time + t) * vocabulary);
    }
  }
  shown.reset();
  double const took = seconds_since(begin);
  fmt::print(stderr, "{} in {:.3f} s, {:.1f} tokens/s\n", tokens_of(all.size()), took, a_second(all.size(), took));
  ssm::write_npy(o.out, out, o.force == overwrite::yes ? ssm::existing_file::replace : ssm::existing_file::keep);
  return exit_code::good;
}

// The ids of --ids or --prompt; for the latter, the model's tokenizer too.
std::vector<index_t> read_prompt(mamba_options const& o, std::optional<ssm::tokenizer>& words) {
  if (!o.prompt.empty()) {
    words = refused_with("--model: ",
                         [&] { return ssm::tokenizer::load(std::filesystem::path(o.model) / "tokenizer.json"); });
    return refused_with("--prompt: ", [&] { return words->encode(o.prompt); });
  }
  ssm::npy_array const file = read_ids(o.ids);
  bool const one_row = file.shape.size() == 1 || (file.shape.size() == 2 && file.shape[0] == 1);
  if (!one_row || file.elements() == 0)
    throw_invalid("--ids", "shape " + to_string(file.shape), "(time) or (1, time), at least one id");
  auto const ids = file.as<std::int64_t>();
  return {ids.begin(), ids.end()};
}

int generate(mamba_options const& o) {
  check(o);
  int const tokens = whole_number("--tokens", o.tokens, 0, 1 << 30);
  std::mt19937_64 random(static_cast<std::uint64_t>(whole_number("--seed", o.seed, 0, 2147483647)));
  ssm::sampling const how{real_number("--temperature", o.temperature), real_number("--top-p", o.top_p)};
  if (how.temperature < 0) throw_invalid("--temperature", o.temperature, "0 (greedy) or more");
  if (!(how.top_p > 0 && how.top_p <= 1)) throw_invalid("--top-p", o.top_p, "more than 0, at most 1");
  if (how.temperature == 0) {  // greedy: nothing is drawn
    if (how.top_p < 1) throw_invalid("--top-p", o.top_p, "1, or a --temperature of more than 0");
    if (o.seed != "0") throw_invalid("--seed", o.seed, "0, or a --temperature of more than 0");
  }
  if (o.ids.empty() == o.prompt.empty())
    throw_invalid("--ids, --prompt", o.ids.empty() ? "neither" : "both", "one of them");
  if (is_skipped(o, "generate")) return exit_code::skipped;

  std::optional<ssm::tokenizer> words;
  std::vector<index_t> const prompt = read_prompt(o, words);
  ssm::mamba_model loaded = load(o);
  std::vector<index_t> const end = loaded.config().end_of_text;
  auto const model = on_backend(std::move(loaded), o.backend);
  model->begin(1);
  auto const begin = clock::now();
  std::size_t const piece = piece_of_prompt(o.backend);
  std::span<index_t const> const rest(prompt);
  refused_with("--", [&] {
    progress const shown("reading a prompt of " + tokens_of(prompt.size()));
    for (std::size_t at = 0; at < prompt.size(); at += piece)
      model->read(rest.subspan(at, std::min(piece, prompt.size() - at)));
  });
  double const prefill = seconds_since(begin);
  auto const decoding = clock::now();
  std::size_t made = 0;
  while (made < static_cast<std::size_t>(tokens)) {
    index_t const next = model->next(how, random);
    if (words) {
      std::string const text =
          words->contains(next) ? words->decode(next) : "";  // a model may have more ids than words
      std::fwrite(text.data(), 1, text.size(), stdout);
    } else {
      fmt::print("{}{}", made == 0 ? "" : " ", next);
    }
    std::fflush(stdout);  // as they come
    ++made;
    if (std::find(end.begin(), end.end(), next) != end.end() || made == static_cast<std::size_t>(tokens)) break;
    model->read(std::span(&next, 1));
  }
  if (made > 0) fmt::print("\n");
  std::fflush(stdout);  // before what is said of it
  double const decode = seconds_since(decoding);
  fmt::print(stderr, "prompt {} in {:.3f} s, {:.1f} tokens/s; generated {} in {:.3f} s, {:.1f} tokens/s\n",
             tokens_of(prompt.size()), prefill, a_second(prompt.size(), prefill), made, decode, a_second(made, decode));
  return exit_code::good;
}

}  // namespace

void add_mamba(command const& program) {
  command const mamba = program.add("mamba", "Mamba language models in Hugging Face's format");
  mamba.needs_subcommand();
  auto const o = std::make_shared<mamba_options>();
  auto const common = [&](command const& of) {
    of.option("--model", o->model, "the folder of config.json and model.safetensors (or its shards)", "DIR");
    of.option("--weights", o->weights, "how the matrices are kept in memory: float32, or bfloat16 in half of it",
              "NAME");
    of.option("--backend", o->backend, "serial, openmp, or cuda where it was built", "NAME");
  };
  command const of_logits = mamba.add("logits", "the logits of every token of given ids");
  common(of_logits);
  of_logits.option("--ids", o->ids, "(batch, time) <i8", "FILE.npy");
  of_logits.option("--out", o->out, "(batch, time, vocabulary) <f4", "FILE.npy");
  of_logits.option("--mode", o->mode, "scan, or recurrence: token by token", "NAME");
  of_logits.option("--algorithm", o->algorithm, "mode scan: automatic (fused), or a name of `ssmscan list`", "NAME");
  of_logits.flag(
      "--force", [o] { o->force = overwrite::yes; }, "replace a file that is there");
  of_logits.examples(R"(
  ssmscan mamba logits --model mamba-130m-hf --ids ids.npy --out logits.npy
      by the fused scan
  ssmscan mamba logits --model mamba-130m-hf --ids ids.npy --algorithm look_back --out logits.npy
      a and b in memory, by one of the scans
  ssmscan mamba logits --model mamba-130m-hf --ids ids.npy --mode recurrence --weights bfloat16 --force --out logits.npy
      token by token, the matrices in half the memory)");
  of_logits.runs([o] { return logits(*o); });

  command const of_generate = mamba.add("generate", "ids that continue given ones, on stdout as they come");
  common(of_generate);
  of_generate.option("--ids", o->ids, "the prompt: (time) or (1, time) <i8", "FILE.npy");
  of_generate.option("--prompt", o->prompt,
                     "the prompt as text; the model's folder has a tokenizer.json, and text comes out", "TEXT");
  auto const number = [&](char const* name, std::string& into, char const* text) {
    of_generate.option(name, into, text, "N");
  };
  number("--tokens", o->tokens, "at most so many; fewer where an end of text comes");
  number("--temperature", o->temperature, "0: the likeliest id (greedy); else the logits are divided by it");
  number("--top-p", o->top_p, "where drawn (--temperature): from the likeliest ids that make up this probability");
  number("--seed", o->seed, "of the draws (--temperature): the same seed, the same ids");
  of_generate.examples(R"(
  ssmscan mamba generate --model mamba-130m-hf --prompt "A state space model is" --tokens 50
      text, the likeliest token each time
  ssmscan mamba generate --model mamba-130m-hf --prompt "Once" --tokens 50 --temperature 0.8 --top-p 0.95 --seed 7
      drawn; the same seed, the same text
  ssmscan mamba generate --model mamba-130m-hf --ids ids.npy --tokens 50 --weights bfloat16
      ids in and out
  ssmscan mamba generate --model mamba-130m-hf --prompt "A state space model is" --tokens 500 --backend cuda
      on a GPU, by a graph replayed for each token)");
  mamba.examples(R"(
  ssmscan mamba logits --model mamba-130m-hf --ids ids.npy --out logits.npy
      the logits of every token
  ssmscan mamba generate --model mamba-130m-hf --prompt "A state space model is" --tokens 50
      text that goes on from a prompt
  ssmscan mamba generate --help
      the options of one of them)");
  of_generate.runs([o] { return generate(*o); });
}

}  // namespace ssmscan::cli
