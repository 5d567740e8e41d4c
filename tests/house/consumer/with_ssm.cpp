// A consumer of the second library alone: an FFT, and a file that is not there.
#include <cmath>
#include <cstdio>
#include <stdexcept>
#include <vector>

#include <ssmscan/ssm/convolution.hpp>
#include <ssmscan/ssm/io/signal.hpp>

int main() {
  std::vector<double> const kernel{1, 0.5}, input{1, 0, 2};
  std::vector<double> const needed{1, 0.5, 2};
  std::vector<double> output(input.size());
  ssmscan::ssm::causal_convolution(kernel, input, 1, output, ssmscan::ssm::convolution_method::fft);
  for (std::size_t t = 0; t < needed.size(); ++t)
    if (!(std::abs(output[t] - needed[t]) <= 1e-14)) return 1;  // 8 points: a few roundings
  try {
    ssmscan::ssm::read_signal("no such file");
    return 2;
  } catch (std::exception const& error) { std::printf("%s\n", error.what()); }
  return 0;
}
