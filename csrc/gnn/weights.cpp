// SPDX-License-Identifier: MIT
#include "gnn/weights.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <string_view>

#include "base/error.hpp"

namespace nb::gnn {

namespace {

// Far above any network of ours, far below what would exhaust memory.
constexpr std::uint64_t max_header_bytes = 1 << 20;
constexpr std::int64_t max_tensor_elements = 1 << 24;

[[noreturn]] void damaged(const std::string &what) {
  throw FileError("safetensors: " + what);
}

// The subset of JSON that a safetensors header may use.  Strict on purpose: no duplicate keys,
// no floats, no escapes in tensor names, no bytes after the object.
class HeaderReader {
 public:
  explicit HeaderReader(std::string_view text) : text_(text) {}

  struct Entry {
    std::string dtype;
    std::vector<std::int64_t> shape;
    std::int64_t begin = -1;
    std::int64_t end = -1;
  };

  std::map<std::string, Entry> read() {
    std::map<std::string, Entry> entries;
    bool seen_metadata = false;
    read_object([&](const std::string &key) {
      if (key == "__metadata__") {
        if (seen_metadata) damaged("two __metadata__ entries in the header");
        seen_metadata = true;
        read_object([&](const std::string &) { (void)read_string(true); });
        return;
      }
      if (!entries.emplace(key, read_entry()).second) damaged("tensor '" + key + "' named twice");
    });
    // The format allows trailing spaces only, as padding.
    while (position_ < text_.size() && text_[position_] == ' ') ++position_;
    if (position_ != text_.size()) damaged("bytes after the header's object");
    return entries;
  }

 private:
  Entry read_entry() {
    Entry entry;
    bool has_dtype = false, has_shape = false, has_offsets = false;
    read_object([&](const std::string &key) {
      if (key == "dtype" && !has_dtype) {
        entry.dtype = read_string(false);
        has_dtype = true;
      } else if (key == "shape" && !has_shape) {
        entry.shape = read_integers();
        has_shape = true;
      } else if (key == "data_offsets" && !has_offsets) {
        const auto offsets = read_integers();
        if (offsets.size() != 2) damaged("data_offsets with other than two numbers");
        entry.begin = offsets[0];
        entry.end = offsets[1];
        has_offsets = true;
      } else {
        damaged("unexpected or repeated key '" + key + "' in the header");
      }
    });
    if (!has_dtype || !has_shape || !has_offsets) damaged("incomplete entry in the header");
    return entry;
  }

  template <class OnKey>
  void read_object(OnKey on_key) {
    expect('{');
    if (peek() == '}') {
      ++position_;
      return;
    }
    while (true) {
      const std::string key = read_string(false);
      expect(':');
      on_key(key);
      const char next = peek();
      ++position_;
      if (next == '}') return;
      if (next != ',') damaged("header is not valid JSON");
    }
  }

  std::vector<std::int64_t> read_integers() {
    std::vector<std::int64_t> numbers;
    expect('[');
    if (peek() == ']') {
      ++position_;
      return numbers;
    }
    while (true) {
      numbers.push_back(read_integer());
      if (numbers.size() > 8) damaged("more than eight dimensions");
      const char next = peek();
      ++position_;
      if (next == ']') return numbers;
      if (next != ',') damaged("header is not valid JSON");
    }
  }

  std::int64_t read_integer() {
    skip_space();
    std::int64_t number = 0;
    const std::size_t start = position_;
    while (position_ < text_.size() && text_[position_] >= '0' && text_[position_] <= '9') {
      number = number * 10 + (text_[position_] - '0');
      if (number > (std::int64_t{1} << 40)) damaged("number out of range in the header");
      ++position_;
    }
    if (position_ == start) damaged("header holds something else where a number belongs");
    return number;
  }

  std::string read_string(bool escapes_allowed) {
    expect('"');
    std::string text;
    while (true) {
      if (position_ >= text_.size()) damaged("header ends inside a string");
      const char c = text_[position_++];
      if (c == '"') return text;
      const auto byte = static_cast<unsigned char>(c);
      if (byte < 0x20) damaged("control character in a header string");
      // Names are quoted in messages, which must be valid text whatever the file holds.
      if (byte >= 0x7f && !escapes_allowed) damaged("a name in the header that is not ASCII");
      if (c == '\\') {
        if (!escapes_allowed || position_ >= text_.size()) damaged("escape in a header string");
        ++position_;
        continue;
      }
      text.push_back(c);
    }
  }

  void skip_space() {
    while (position_ < text_.size() && (text_[position_] == ' ' || text_[position_] == '\n' ||
                                        text_[position_] == '\t' || text_[position_] == '\r'))
      ++position_;
  }
  char peek() {
    skip_space();
    if (position_ >= text_.size()) damaged("header ends too early");
    return text_[position_];
  }
  void expect(char wanted) {
    if (peek() != wanted) damaged("header is not valid JSON");
    ++position_;
  }

  std::string_view text_;
  std::size_t position_ = 0;
};

}  // namespace

std::map<std::string, Tensor> parse_safetensors(std::span<const std::byte> file) {
  static_assert(std::endian::native == std::endian::little, "tensors are stored little-endian");
  if (file.size() < 8) damaged("file of fewer than 8 bytes");
  std::uint64_t header_size = 0;
  std::memcpy(&header_size, file.data(), 8);
  if (header_size > max_header_bytes) damaged("header larger than 1 MiB");
  if (header_size > file.size() - 8) damaged("header reaches beyond the end of the file");
  if (header_size == 0) damaged("empty header");
  const auto *text = reinterpret_cast<const char *>(file.data() + 8);
  if (text[0] != '{') damaged("header does not start with '{'");
  const auto entries = HeaderReader({text, static_cast<std::size_t>(header_size)}).read();
  const auto data = file.subspan(8 + static_cast<std::size_t>(header_size));

  std::vector<std::pair<std::int64_t, std::int64_t>> ranges;
  std::map<std::string, Tensor> tensors;
  for (const auto &[name, entry] : entries) {
    if (entry.dtype != "F32")
      damaged("tensor '" + name + "' has dtype '" + entry.dtype + "', expected F32");
    std::int64_t elements = 1;
    for (const auto size : entry.shape) {
      if (size == 0 || size > max_tensor_elements || elements * size > max_tensor_elements)
        damaged("tensor '" + name + "' is empty or too large");
      elements *= size;
    }
    if (entry.begin > entry.end || entry.end > static_cast<std::int64_t>(data.size()))
      damaged("tensor '" + name + "' lies outside the file");
    if (entry.end - entry.begin != 4 * elements)
      damaged("tensor '" + name + "' has another number of bytes than its shape says");
    ranges.emplace_back(entry.begin, entry.end);
    Tensor tensor;
    tensor.shape = entry.shape;
    tensor.values.resize(static_cast<std::size_t>(elements));
    std::memcpy(tensor.values.data(), data.data() + entry.begin, 4 * tensor.values.size());
    for (const float value : tensor.values)
      if (!std::isfinite(value)) damaged("tensor '" + name + "' holds a NaN or an infinity");
    tensors.emplace(name, std::move(tensor));
  }
  // The tensors must tile the rest of the file: no overlap, no gap, nothing behind.
  std::sort(ranges.begin(), ranges.end());
  std::int64_t covered = 0;
  for (const auto &[begin, end] : ranges) {
    if (begin < covered) damaged("two tensors overlap");
    if (begin > covered) damaged("bytes that belong to no tensor");
    covered = end;
  }
  if (covered != static_cast<std::int64_t>(data.size())) damaged("bytes behind the last tensor");
  return tensors;
}

namespace {

// Takes tensors out of the file's map one by one, so that what remains at the end is a fault.
class Taker {
 public:
  explicit Taker(std::map<std::string, Tensor> tensors) : tensors_(std::move(tensors)) {}

  void matrix(const std::string &name, Floats &place) { place = turned(name, width, width, width); }
  void features(const std::string &name, Floats &place, std::size_t features) {
    place = turned(name, features, width, width);
  }
  void scores(const std::string &name, Floats &place) { place = turned(name, width, heads, lanes); }
  void row(const std::string &name, Floats &place) { place = turned(name, width, 1, 1); }
  void vector(const std::string &name, Floats &place, std::size_t size) {
    const auto values = take(name, {static_cast<std::int64_t>(size)});
    place = Floats(size);
    std::copy(values.begin(), values.end(), place.data());
  }
  void constant(const std::string &name, Floats &place, std::size_t size) {
    vector(name, place, size);
    parameters -= size;
  }

  void require_empty() const {
    if (!tensors_.empty())
      damaged("tensor '" + tensors_.begin()->first + "' is not part of this network");
  }

  std::size_t parameters = 0;

 private:
  std::vector<float> take(const std::string &name, const std::vector<std::int64_t> &shape) {
    const auto found = tensors_.find(name);
    if (found == tensors_.end()) damaged("tensor '" + name + "' is missing");
    if (found->second.shape != shape) damaged("tensor '" + name + "' has another shape");
    std::vector<float> values = std::move(found->second.values);
    tensors_.erase(found);
    parameters += values.size();
    return values;
  }
  // A PyTorch linear weight [outputs, inputs], transposed; columns padded to `columns`.
  Floats turned(const std::string &name, std::size_t inputs, std::size_t outputs,
                std::size_t columns) {
    const auto values =
        take(name, {static_cast<std::int64_t>(outputs), static_cast<std::int64_t>(inputs)});
    Floats result(inputs * columns);
    result.fill_zero();
    for (std::size_t o = 0; o < outputs; ++o)
      for (std::size_t i = 0; i < inputs; ++i) result[i * columns + o] = values[o * inputs + i];
    return result;
  }

  std::map<std::string, Tensor> tensors_;
};

// Makes (f - mean) * scale a part of the linear map of the features f.
void fold_normalisation(Input &input) {
  for (std::size_t o = 0; o < width; ++o) {
    double bias = input.bias[o];
    for (std::size_t i = 0; i < input.features; ++i) {
      float &weight = input.weight[i * width + o];
      weight *= input.scale[i];
      bias -= static_cast<double>(weight) * input.mean[i];
    }
    input.bias[o] = static_cast<float>(bias);
  }
}

}  // namespace

Network Network::from_safetensors(std::span<const std::byte> file, const NetworkShape &shape) {
  Taker taker(parse_safetensors(file));
  Network network(shape);
  visit_parameters(network, taker);
  taker.require_empty();
  network.parameters = taker.parameters;
  fold_normalisation(network.var_input);
  fold_normalisation(network.clause_input);
  return network;
}

}  // namespace nb::gnn
