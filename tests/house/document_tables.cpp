// The tables of the documents, from capabilities(): what stands between `<!-- table: NAME -->` and `<!-- /table -->`.
//   document_tables names                 the algorithms
//   document_tables print NAME            one table: `algorithms`, or an algorithm's name
//   document_tables check FILE...         exit 1 and the difference where a file's table is not what it must be
//   document_tables update FILE...        writes them
#include <cmath>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iostream>
#include <iterator>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <ssmscan/scan/linear_recurrence.hpp>

namespace {

using ssmscan::capability;
using ssmscan::index_t;

constexpr index_t long_sequence = index_t{1} << 20;  // long enough that the leading term decides
constexpr index_t sharing = 16;                      // workers of one lane, where that makes a difference

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, value < 10 ? "%.2f" : value < 1000 ? "%.1f" : "%.0f", value);
  std::string made = text;
  while (made.find('.') != std::string::npos && (made.back() == '0' || made.back() == '.')) {
    bool const point = made.back() == '.';
    made.pop_back();
    if (point) break;
  }
  return made;
}

// No `"x" + std::string`, in which g++ 12 sees overlaps that are not there.
std::string joined(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (std::string_view const part : parts) text += part;
  return text;
}

std::string per_element(index_t combines, index_t time) {
  return number(static_cast<double>(combines) / static_cast<double>(time));
}

capability const& any_row_of(std::string_view algorithm) {
  for (auto const& row : ssmscan::capabilities())
    if (row.algorithm == algorithm) return row;
  throw std::runtime_error("table \"" + std::string(algorithm) + "\": no algorithm of that name");
}

// By value: a function may have an address in each translation unit.
bool same_figures(capability const& one, capability const& other) {
  for (index_t const time : {index_t{1} << 10, index_t{1} << 15, long_sequence})
    if (one.work(time) != other.work(time) || one.bytes(time, 4) != other.bytes(time, 4)) return false;
  return true;
}

// By semi_log, where that runs by another text than affine, whose own row has its figures: its name; else empty.
std::string semi_log_as(std::string const& name) {
  auto const& row = any_row_of(name);
  for (auto const& other : ssmscan::capabilities()) {
    if (other.algorithm != name || other.operation != ssmscan::operation::semi_log) continue;
    if (same_figures(other, row)) return "";
    for (auto const& text : ssmscan::algorithm_names())
      if (same_figures(any_row_of(text), other)) return text;
    throw std::runtime_error(name + ": semi_log has figures of its own, which no table shows");
  }
  return "";
}

// Of its rows by semi_log: the tree, where that is another than affine's; else empty.
std::string tree_of_semi_log(capability const& affine) {
  for (auto const& row : ssmscan::capabilities())
    if (row.algorithm == affine.algorithm && row.operation == ssmscan::operation::semi_log && row.tree != affine.tree)
      return std::string(row.tree);
  return "";
}

// The distinct values of a field over the rows of one algorithm, in order.
template <class Field>
std::string all_of(std::string_view algorithm, Field field) {
  std::string text;
  std::set<std::string> seen;
  for (auto const& row : ssmscan::capabilities()) {
    if (row.algorithm != algorithm) continue;
    std::string const value = field(row);
    if (!value.empty() && seen.insert(value).second) text += (text.empty() ? "" : ", ") + value;
  }
  return text;
}

std::string link(std::string const& name, std::string const& prefix) {
  return joined({"[", name, "](", prefix, name.substr(0, name.find('.')), ".md)"});
}

// `prefix`: from the document to docs/algorithms/.
std::string algorithms_table(std::string const& prefix) {
  std::string text =
      "| algorithm | combines per element | longest chain | bytes moved per float | its result | source |\n"
      "|---|---:|---:|---:|---|---|\n";
  for (auto const& name : ssmscan::algorithm_names()) {
    auto const& row = any_row_of(name);
    std::string work = per_element(row.work(long_sequence), long_sequence);
    if (row.shared_work != nullptr)
      if (auto const most = per_element(row.shared_work(long_sequence, sharing), long_sequence); most != work)
        work.append(" to ").append(most);
    text += joined({"| ", link(name, prefix), " | ", work, " | ", std::to_string(row.span(long_sequence)), " | ",
                    number(row.bytes(long_sequence, sizeof(float))), " | ", row.result, " | ", row.source, " |\n"});
  }
  return joined({text, "\nAt 2^20 = 1,048,576 time steps of one lane; combines: by one thread, and by ",
                 std::to_string(sharing), " at most, where that is more.\n"});
}

std::string operation_name(capability const& row) {
  return row.operation == ssmscan::operation::semi_log ? "semi_log" : "affine";
}

std::string algorithm_table(std::string const& base) {
  std::string text;
  for (auto const& name : ssmscan::algorithm_names()) {
    if (name != base && !name.starts_with(base + ".")) continue;
    auto const& row = any_row_of(name);
    text += joined({"| ", name, " | 2^10 steps | 2^15 | 2^20 | 2^30 |\n|---|---:|---:|---:|---:|\n"});
    constexpr index_t lengths[] = {index_t{1} << 10, index_t{1} << 15, index_t{1} << 20, index_t{1} << 30};
    std::string work = "| work: combines per element |", shared = "| work of 16 threads that share the lane, at most |",
                span = "| span: longest chain of combines |",
                bytes = "| bytes of a, b, x and scratch moved per float |";
    for (index_t const time : lengths) {
      work += joined({" ", per_element(row.work(time), time), " |"});
      if (row.shared_work != nullptr) shared += joined({" ", per_element(row.shared_work(time, sharing), time), " |"});
      span += joined({" ", std::to_string(row.span(time)), " |"});
      bytes += joined({" ", number(row.bytes(time, sizeof(float))), " |"});
    }
    text += joined({work, "\n", row.shared_work != nullptr ? shared + "\n" : "", span, "\n", bytes, "\n\n"});
    auto const of_semi_log = semi_log_as(name), its_tree = tree_of_semi_log(row);
    auto const packed = all_of(name, [](auto const& r) { return r.packed ? operation_name(r) : std::string(); });
    auto const inner = all_of(name, [](auto const& r) { return std::string(r.inner); });
    text += joined({"Result: ",
                    row.result,
                    ". Tree: `",
                    row.tree,
                    its_tree.empty() ? "" : "`, of semi_log `",
                    its_tree,
                    "`. Operations: ",
                    all_of(name, operation_name),
                    packed.empty() ? "; not packed" : "; packed: ",
                    packed,
                    ". Types: ",
                    all_of(name, [](auto const& r) { return std::string(r.dtype); }),
                    ". Backends: ",
                    all_of(name, [](auto const& r) { return std::string(r.backend); }),
                    ".",
                    inner.empty() ? "" : " Inner prefix sums: ",
                    inner,
                    inner.empty() ? "" : ".",
                    of_semi_log.empty() ? "" : " semi_log runs by the text: the figures are those of ",
                    of_semi_log,
                    of_semi_log.empty() ? "" : ".",
                    " Source: ",
                    row.source,
                    ".\n\n"});
  }
  if (text.empty()) any_row_of(base);
  text.pop_back();
  return text;
}

std::string table(std::string const& name, std::string const& file) {
  if (name != "algorithms") return algorithm_table(name);
  bool const in_docs = std::filesystem::absolute(file).parent_path().filename() == "docs";
  return algorithms_table(in_docs ? "algorithms/" : "docs/algorithms/");
}

// The document with every table as it must be.
std::string corrected(std::string const& text, std::string const& file) {
  static constexpr std::string_view open = "<!-- table: ", close = "<!-- /table -->";
  std::string made;
  std::size_t at = 0;
  for (std::size_t begin; (begin = text.find(open, at)) != std::string::npos;) {
    std::size_t const name_begin = begin + open.size(), name_end = text.find(" -->", name_begin),
                      end = text.find(close, begin);
    if (name_end == std::string::npos || end == std::string::npos)
      throw std::runtime_error(file + ": a table without end; need " + std::string(close));
    made += text.substr(at, name_end + 4 - at) + "\n" + table(text.substr(name_begin, name_end - name_begin), file);
    at = end;
  }
  return made + text.substr(at);
}

int run(std::vector<std::string> const& words) {
  std::string const what = words.empty() ? "" : words[0];
  if (what == "names") {
    for (auto const& name : ssmscan::algorithm_names()) std::cout << name << '\n';
    return 0;
  }
  if (what == "print" && words.size() == 2) {
    std::cout << table(words[1], "");
    return 0;
  }
  if (what != "check" && what != "update") {
    std::cerr << "document_tables: got \"" << what << "\"; need names, print NAME, check FILE... or update FILE...\n";
    return 2;
  }
  int wrong = 0;
  for (std::size_t i = 1; i < words.size(); ++i) {
    std::ifstream in(words[i]);
    std::string const text{std::istreambuf_iterator<char>(in), {}};
    std::string const need = corrected(text, words[i]);
    if (need == text) continue;
    ++wrong;
    if (what == "update") {
      std::ofstream(words[i]) << need;
    } else {
      std::cerr << words[i] << ": a table differs from capabilities(); `document_tables update " << words[i]
                << "` corrects it\n";
    }
  }
  return what == "check" && wrong > 0 ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run({argv + 1, argv + argc});
  } catch (std::exception const& error) {
    std::cerr << "document_tables: " << error.what() << '\n';
    return 3;
  }
}
