#include <algorithm>
#include <iterator>
#include <memory>

#include "backends.hpp"
#include "command.hpp"
#include "names.hpp"
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <ssmscan/scan/linear_recurrence.hpp>

namespace ssmscan::cli {
namespace {

constexpr index_t at_time = index_t{1} << 20;  // the length that work, span and bytes are told for
constexpr index_t sharing = 16;                // the threads that work of a shared lane is told for

index_t shared_work(capability const& row) {
  return row.shared_work == nullptr || row.backend == "serial" ? row.work(at_time) : row.shared_work(at_time, sharing);
}

std::string_view name_of(operation o) { return o == operation::affine ? "affine" : "semi_log"; }

index_t bytes_of(std::string_view dtype) {
  if (dtype == "bf16" || dtype == "f16") return 2;
  return dtype == "f64" || dtype == "c64" ? 8 : dtype == "c128" ? 16 : 4;
}

// Of one backend, or of all ("").
std::vector<capability> offers_of(std::string const& backend) {
  std::vector<capability> rows;
  std::ranges::copy_if(offers(), std::back_inserter(rows),
                       [&](capability const& row) { return backend.empty() || row.backend == backend; });
  return rows;
}

void print_json(std::vector<capability> const& offered) {
  using json = nlohmann::ordered_json;
  json rows = json::array();
  for (auto const& row : offered)
    rows.push_back({{"algorithm", row.algorithm},
                    {"inner", row.inner},
                    {"backend", row.backend},
                    {"dtype", row.dtype},
                    {"operation", name_of(row.operation)},
                    {"packed", row.packed},
                    {"tree", row.tree},
                    {"class", row.result},
                    {"work", row.work(at_time)},
                    {"shared_work", shared_work(row)},
                    {"span", row.span(at_time)},
                    {"bytes_per_element", row.bytes(at_time, static_cast<double>(bytes_of(row.dtype)))},
                    {"source", row.source}});
  json const whole = {
      {"schema", "ssmscan.list/1"}, {"time", at_time}, {"sharing_threads", sharing}, {"capabilities", rows}};
  fmt::print("{}\n", whole.dump(2));
}

using table_row = std::vector<std::string>;

// A markdown table, padded so that it is one on a terminal too.
void print_table(std::vector<table_row> const& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (auto const& row : rows)
    for (std::size_t k = 0; k < row.size(); ++k) widths[k] = std::max(widths[k], row[k].size());
  auto const print = [&](table_row const& row) {
    for (std::size_t k = 0; k < row.size(); ++k) fmt::print("| {:<{}} ", row[k], widths[k]);
    fmt::print("|\n");
  };
  print(rows.front());
  for (std::size_t const width : widths) fmt::print("|{:-<{}}", "", width + 2);
  fmt::print("|\n");
  for (std::size_t k = 1; k < rows.size(); ++k) print(rows[k]);
}

// "2", or "2 to 3" where threads that share a lane may do more.
std::string work_per_element(capability const& row) {
  auto const text = [](index_t combines) {
    return fmt::format("{:.3g}", static_cast<double>(combines) / static_cast<double>(at_time));
  };
  std::string const alone = text(row.work(at_time)), most = text(shared_work(row));
  return most == alone ? alone : alone + " to " + most;
}

// One row for all dtypes of an algorithm, its inner one, a backend and an operation.
void print_markdown(std::vector<capability> const& offered) {
  std::vector<table_row> rows{{"algorithm", "inner", "backend", "operation", "dtypes", "packed", "work/n", "span",
                               "bytes/element (f32)", "class", "tree"}};
  enum column : std::size_t { dtypes = 4 };
  for (auto const& row : offered) {
    table_row made{std::string(row.algorithm),
                   std::string(row.inner),
                   std::string(row.backend),
                   std::string(name_of(row.operation)),
                   std::string(row.dtype),
                   row.packed ? "yes" : "no",
                   work_per_element(row),
                   std::to_string(row.span(at_time)),
                   fmt::format("{:g}", row.bytes(at_time, static_cast<double>(bytes_of("f32")))),
                   std::string(row.result),
                   std::string(row.tree)};
    auto const same = [&](table_row const& other) {
      for (std::size_t k = 0; k < made.size(); ++k)
        if (k != dtypes && made[k] != other[k]) return false;
      return true;
    };
    if (auto const found = std::ranges::find_if(rows, same); found != rows.end()) {
      (*found)[dtypes] += " " + made[dtypes];
    } else {
      rows.push_back(std::move(made));
    }
  }
  print_table(rows);
  fmt::print(
      "\nwork (combines), span (longest chain) and bytes for one lane of {} elements; work by one thread, and by "
      "{} that share the lane at most, where that is more.\n",
      at_time, sharing);
}

}  // namespace

void add_list(command const& program) {
  command const here = program.add("list", "Every algorithm, backend and dtype, with work, span and bytes");
  struct list_options {
    bool as_json = false;
    std::string backend;
  };
  auto const o = std::make_shared<list_options>();
  here.flag(
      "--json", [o] { o->as_json = true; }, "JSON, one entry a combination");
  here.option("--backend", o->backend, "only this backend's; cuda's whether or not there is a GPU", "NAME");
  here.examples(R"(
  ssmscan list                                    the table, in markdown
  ssmscan list --backend cuda                     what runs on a GPU
  ssmscan list --json | jq -r '.capabilities[] | select(.dtype == "c64") | .algorithm' | uniq)");
  here.runs([o] {
    if (!o->backend.empty()) need_backend("--backend", o->backend);
    auto const offered = offers_of(o->backend);
    o->as_json ? print_json(offered) : print_markdown(offered);
    return exit_code::good;
  });
}

}  // namespace ssmscan::cli
