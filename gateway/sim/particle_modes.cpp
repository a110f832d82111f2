// SPDX-License-Identifier: MIT
#include "gateway/sim/particle_modes.hpp"

#include <cmath>
#include <cstddef>

namespace b2m::sim {
namespace {

constexpr int kSweeps = 30;
constexpr double kSmall = 1e-26;  // of the squares off the diagonal, beside 1
constexpr double kVolume = 1.0 / 3;

class Square {
 public:
  explicit Square(std::size_t n) : n_(n), values_(n * n) {}
  double& operator()(std::size_t row, std::size_t column) { return values_[row * n_ + column]; }
  [[nodiscard]] std::size_t size() const { return n_; }

 private:
  std::size_t n_;
  std::vector<double> values_;
};

/// One rotation of Jacobi's method, which makes (p, q) zero.
void rotate(Square& a, Square& vectors, std::size_t p, std::size_t q) {
  if (a(p, q) == 0) return;
  const double theta = (a(q, q) - a(p, p)) / (2 * a(p, q));
  const double t = std::copysign(1.0, theta) / (std::abs(theta) + std::hypot(theta, 1.0));
  const double c = 1 / std::hypot(t, 1.0), s = t * c;
  for (std::size_t k = 0; k < a.size(); ++k) {
    const double kp = a(k, p), kq = a(k, q);
    a(k, p) = c * kp - s * kq;
    a(k, q) = s * kp + c * kq;
  }
  for (std::size_t k = 0; k < a.size(); ++k) {
    const double pk = a(p, k), qk = a(q, k);
    a(p, k) = c * pk - s * qk;
    a(q, k) = s * pk + c * qk;
    const double vp = vectors(k, p), vq = vectors(k, q);
    vectors(k, p) = c * vp - s * vq;
    vectors(k, q) = s * vp + c * vq;
  }
}

double off_diagonal(Square& a) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) sum += a(i, j) * a(i, j);
  return sum;
}

/// Eigenvectors in the columns; the eigenvalues stay on the diagonal of `a`.
Square diagonalise(Square& a) {
  Square vectors(a.size());
  double scale = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    vectors(i, i) = 1;
    scale += a(i, i) * a(i, i);
  }
  for (int sweep = 0; sweep < kSweeps && off_diagonal(a) > kSmall * scale; ++sweep)
    for (std::size_t q = 1; q < a.size(); ++q)
      for (std::size_t p = 0; p < q; ++p) rotate(a, vectors, p, q);
  return vectors;
}

/// Shells of a particle with radius 1: their volumes over 4 pi.
std::vector<double> shell_volumes(std::size_t n) {
  std::vector<double> volumes;
  for (std::size_t i = 0; i < n; ++i) {
    const double inner = static_cast<double>(i) / static_cast<double>(n);
    const double outer = static_cast<double>(i + 1) / static_cast<double>(n);
    volumes.push_back((outer * outer * outer - inner * inner * inner) / 3);
  }
  return volumes;
}

/// Exchange between neighbouring shells, made symmetric by the roots of their volumes.
Square exchange(const std::vector<double>& volumes) {
  const std::size_t n = volumes.size();
  Square a(n);
  for (std::size_t i = 0; i + 1 < n; ++i) {
    const double face = static_cast<double>(i + 1) / static_cast<double>(n);
    const double conductance = face * face * static_cast<double>(n);
    a(i, i) += conductance / volumes[i];
    a(i + 1, i + 1) += conductance / volumes[i + 1];
    a(i, i + 1) = a(i + 1, i) = -conductance / std::sqrt(volumes[i] * volumes[i + 1]);
  }
  return a;
}

}  // namespace

ParticleModes particle_modes(int shells, double diffusivity_m2_per_s, double radius_m) {
  const auto n = static_cast<std::size_t>(shells);
  const std::vector<double> volumes = shell_volumes(n);
  Square a = exchange(volumes);
  Square vectors = diagonalise(a);
  const double per_s = diffusivity_m2_per_s / (radius_m * radius_m);
  std::size_t mean = 0;  // the mode that does not decay
  for (std::size_t k = 1; k < n; ++k)
    if (a(k, k) < a(mean, mean)) mean = k;
  ParticleModes modes;
  for (std::size_t k = 0; k < n; ++k) {
    if (k == mean) continue;
    const double rate = a(k, k) * per_s;
    const double input = vectors(n - 1, k) * kVolume / std::sqrt(volumes[n - 1]);
    const double surface = 1.5 * vectors(n - 1, k) / std::sqrt(volumes[n - 1]) -
                           0.5 * vectors(n - 2, k) / std::sqrt(volumes[n - 2]);
    modes.rate_per_s.push_back(rate);
    modes.weight_s.push_back(input * surface / rate);
  }
  return modes;
}

}  // namespace b2m::sim
