#pragma once
// Eigenvalues of a real system come in conjugate pairs. `half` keeps the one with positive imaginary part, and what is
// read out is then 2 Re(.) in place of Re(.).

namespace ssmscan::ssm {

enum class spectrum { full, half };

}  // namespace ssmscan::ssm
