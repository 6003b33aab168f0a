// SPDX-License-Identifier: MIT
// Exponential moving average without the bias towards zero of its first values.
//
// Source   Biere and Fröhlich, "Evaluating CDCL Restart Schemes", POS 2015; the bias correction
//          is that of the ADAM optimizer (Kingma and Ba, ICLR 2015).
#pragma once

namespace nb {

class Ema {
 public:
  Ema() = default;
  // An average over about `window` values.
  explicit Ema(double window) : alpha_(window > 1 ? 1 / window : 1), beta_(1 - alpha_) {}

  double value() const { return value_; }
  void update(double y) {
    biased_ += alpha_ * (y - biased_);
    if (power_ > 0) {
      power_ *= beta_;
      if (power_ < 1e-12) power_ = 0;
      value_ = power_ < 1 ? biased_ / (1 - power_) : biased_;
    } else {
      value_ = biased_;
    }
  }

 private:
  double value_ = 0, biased_ = 0, alpha_ = 1, beta_ = 0, power_ = 1;
};

}  // namespace nb
