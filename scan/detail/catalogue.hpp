#pragma once
// Kernel tables by the names that users write, and what they offer. One catalogue a component, for as long as the
// program runs: its tables in the order of its registry.
#include <algorithm>
#include <string>
#include <type_traits>
#include <vector>

#include <ssmscan/scan/arithmetic.hpp>
#include <ssmscan/scan/detail/algorithm_name.hpp>
#include <ssmscan/scan/detail/kernel_table.hpp>
#include <ssmscan/scan/error.hpp>

namespace ssmscan::detail {

// visit(std::type_identity<A>{}) for every algorithm: with its default inner one, which is thus found first, then with
// each other.
template <class Algorithms, class Inners, class Visit>
void for_each_form(Visit const& visit) {
  Algorithms::for_each([&]<class A>(std::type_identity<A> a) {
    visit(a);
    if constexpr (requires { typename A::inner; })
      Inners::for_each([&]<class Inner>(std::type_identity<Inner>) {
        if constexpr (!std::same_as<Inner, typename A::inner>)
          visit(std::type_identity<typename A::template with_inner<Inner>>{});
      });
  });
}

template <template <class> class Kernel>
class catalogue {
 public:
  using table = basic_kernel_table<Kernel>;
  explicit catalogue(std::vector<table const*> tables) : tables_(std::move(tables)) {
    for (auto const* t : tables_) names_.push_back(full_name(t->info));
  }
  catalogue(catalogue const&) = delete;

  table const& find(std::string_view algorithm, std::string_view inner, std::string_view backend) const {
    for (std::size_t k = 0; k < tables_.size(); ++k)
      if (auto const* t = tables_[k];
          names_[k] == algorithm && t->backend == backend && (inner.empty() || inner == t->inner))
        return *t;

    auto const known = algorithm_names();
    if (std::ranges::find(known, algorithm) == known.end())
      throw_invalid("algorithm", quoted(algorithm), "one of automatic, " + listed(known));
    auto const backends_known = distinct([](table const& t) { return std::string(t.backend); });
    if (std::ranges::find(backends_known, backend) == backends_known.end())
      throw_invalid("backend", quoted(backend), "one of " + listed(backends_known));
    std::vector<std::string> inners;
    for (auto const* t : tables_)
      if (is_named(t->info, algorithm) && t->backend == backend && !t->inner.empty()) inners.emplace_back(t->inner);
    throw_invalid(
        "inner", quoted(inner),
        inners.empty() ? "none: " + std::string(algorithm) + " has no inner prefix sums" : "one of " + listed(inners));
  }

  // Of an algorithm that `automatic` chose: none that it chooses among has an inner one.
  table const& find_chosen(std::string_view algorithm, std::string_view inner, std::string_view backend) const {
    if (inner.empty()) return find(algorithm, inner, backend);
    std::vector<std::string> outer;
    for (std::size_t k = 0; k < tables_.size(); ++k)
      if (!tables_[k]->inner.empty() && std::ranges::find(outer, names_[k]) == outer.end()) outer.push_back(names_[k]);
    throw_invalid(
        "inner", quoted(inner),
        "none with algorithm = automatic, which takes none that has inner prefix sums; those are: " + listed(outer));
  }

  // The kernel for a problem of a table that was found.
  template <class T>
  Kernel<T> kernel_for(table const& found, recurrence<T> const& problem) const {
    bool const is_packed = problem.offsets.data() != nullptr || problem.reset.data() != nullptr;
    packing const how = is_packed ? packing::packed : packing::one_sequence;
    if (auto const made = found.template of<T>().at(problem.operation, how)) return made;
    refuse<T>(found, problem.operation, how);
  }

  std::vector<capability> capabilities() const {
    std::vector<capability> rows;
    for (std::size_t k = 0; k < tables_.size(); ++k) {
      auto const* const t = tables_[k];
      std::string_view const name = names_[k];
      auto const add = [&]<class T>(std::type_identity<T>) {
        auto const& kernels = t->template of<T>();
        for (operation o : {operation::affine, operation::semi_log})
          if (kernels.at(o, packing::one_sequence) != nullptr)
            rows.push_back({name, t->inner, t->backend, dtype_name<T>, o, kernels.at(o, packing::packed) != nullptr,
                            t->tree(o), to_string(t->info.result), t->info_of(o).work, t->info_of(o).span,
                            t->info_of(o).bytes, t->info_of(o).source, t->info_of(o).shared_work});
      };
      add(std::type_identity<float>{}), add(std::type_identity<double>{});
      add(std::type_identity<std::complex<float>>{}), add(std::type_identity<std::complex<double>>{});
      add(std::type_identity<std::uint32_t>{});
    }
    return rows;
  }

  std::vector<std::string> algorithm_names() const {
    return distinct([](table const& t) { return full_name(t.info); });
  }

 private:
  // What is wrong with a combination: an operation that nobody has for this dtype; else an algorithm, of those that have.
  template <class T>
  [[noreturn]] void refuse(table const& found, operation wanted, packing how) const {
    auto const name_of = [](operation o) { return std::string(o == operation::semi_log ? "semi_log" : "affine"); };
    std::string const dtype(dtype_name<T>);
    std::vector<std::string> able;
    for (std::size_t k = 0; k < tables_.size(); ++k) {
      if (tables_[k]->backend != found.backend) continue;
      if (tables_[k]->template of<T>().at(wanted, how) != nullptr && std::ranges::find(able, names_[k]) == able.end())
        able.push_back(names_[k]);
    }
    if (able.empty()) throw_invalid("operation", name_of(wanted) + " for " + dtype, "affine, or float or double");
    throw_invalid("algorithm",
                  quoted(full_name(found.info)) + " for " + dtype + " " + name_of(wanted) +
                      (how == packing::packed ? ", packed" : ""),
                  "one of automatic, " + listed(able));
  }

  static std::string quoted(std::string_view name) { return "\"" + std::string(name) + "\""; }
  template <class Of>
  std::vector<std::string> distinct(Of const& of) const {
    std::vector<std::string> names;
    for (auto const* t : tables_)
      if (auto name = of(*t); std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
    return names;
  }

  std::vector<table const*> tables_;
  std::vector<std::string> names_;  // what the views in capabilities() look at
};

}  // namespace ssmscan::detail
