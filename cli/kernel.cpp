#include "arrays.hpp"
#include "command.hpp"
#include "system_options.hpp"

#include <ssmscan/ssm/kernels/diagonal.hpp>
#include <ssmscan/ssm/kernels/dplr.hpp>

namespace ssmscan::cli {
namespace {

struct kernel_options : system_options {
  std::string length, discretization = "zoh";
};

// 2^31 taps are 16 GiB of doubles.
index_t length_of(kernel_options const& o) {
  if (o.length.empty()) throw_invalid("--length", "nothing", "a number of taps");
  return whole_number("--length", o.length, 1, 2147483647);
}

void write(kernel_options const& o, std::vector<double> const& kernel) {
  ssm::write_npy(o.out, ssm::make_npy<double>({static_cast<index_t>(kernel.size())}, kernel),
                 o.force == overwrite::yes ? ssm::existing_file::replace : ssm::existing_file::keep);
}

int dplr(kernel_options const& o) {
  check_system_options(o, low_rank::needed);
  index_t const length = length_of(o);
  auto const system = read_dplr(o);
  write(o, with_flags([&] { return ssm::dplr_kernel<double>(system, length); }));
  return exit_code::good;
}

int diagonal(kernel_options const& o) {
  check_system_options(o, low_rank::none);
  index_t const length = length_of(o);
  auto const rule = with_flags([&] { return ssm::discretization_by_name(o.discretization); });
  auto const system = read_diagonal(o, rule);
  need_stable(o, rule, ssm::discretize(system).spectral_radius());
  write(o, with_flags([&] { return ssm::diagonal_kernel(system, length); }));
  return exit_code::good;
}

void add_length_and_out(command const& of, std::shared_ptr<kernel_options> const& o) {
  of.option("--length", o->length, "taps K[0] to K[L-1]", "L");
  of.option("--out", o->out, "the kernel, (L) <f8", "FILE.npy");
}

}  // namespace

void add_kernel(command const& program) {
  command const here = program.add("kernel", "K[l] = Re(c Ab^l Bb): the convolution kernel of a linear system");
  here.needs_subcommand();
  here.examples(R"(
  ssmscan kernel dplr --lambda L.npy --p P.npy --b B.npy --c C.npy --step 0.01 --length 1024 --half --out K.npy
      of S4: a matrix that is diagonal plus low rank, by Cauchy sums
  ssmscan kernel diagonal --lambda L.npy --b B.npy --c C.npy --step 0.01 --length 1024 --half --out K.npy
      of S4D, by zero-order hold
  ssmscan kernel diagonal --help
      the options of one of them)");

  command const low_rank_kernel = here.add("dplr", "A = diag(lambda) - p p^*, by the bilinear rule");
  auto const o = std::make_shared<kernel_options>();
  add_system_options(low_rank_kernel, o, low_rank::needed);
  add_length_and_out(low_rank_kernel, o);
  low_rank_kernel.examples(R"(
  ssmscan kernel dplr --lambda L.npy --p P.npy --b B.npy --c C.npy --step 0.01 --length 784 --out K.npy
      the whole spectrum is given: Re(c Ab^l Bb)
  ssmscan kernel dplr --lambda L.npy --p P.npy --b B.npy --c C.npy --step 0.01 --length 784 --half --out K.npy
      one of each conjugate pair is: 2 Re(c Ab^l Bb)
  ssmscan kernel dplr --lambda L.npy --p P.npy --b B.npy --c C.npy --step 0.02 --length 392 --half --force --out K.npy
      for half the sampling rate, in the place of the last)");
  low_rank_kernel.runs([o] { return dplr(*o); });

  command const diagonal_kernel = here.add("diagonal", "A = diag(lambda)");
  auto const q = std::make_shared<kernel_options>();
  add_system_options(diagonal_kernel, q, low_rank::none);
  add_length_and_out(diagonal_kernel, q);
  diagonal_kernel.option("--discretization", q->discretization,
                         "zoh, bilinear, forward_euler, backward_euler, mamba or generalized_bilinear:ALPHA", "NAME");
  diagonal_kernel.examples(R"(
  ssmscan kernel diagonal --lambda L.npy --b B.npy --c C.npy --step 0.01 --length 784 --half --out K.npy
      by zero-order hold
  ssmscan kernel diagonal --lambda L.npy --b B.npy --c C.npy --step 0.01 --length 784 --discretization bilinear --out K.npy
      by the bilinear rule, the whole spectrum being given
  ssmscan kernel diagonal --lambda L.npy --b B.npy --c C.npy --step 0.01 --length 784 --half --force --out K.npy
      in the place of a file that is there)");
  diagonal_kernel.runs([q] { return diagonal(*q); });
}

}  // namespace ssmscan::cli
