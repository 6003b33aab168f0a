// SPDX-License-Identifier: MIT
#include "tools/solve/decompress.hpp"

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.hpp"

#ifdef NB_HAVE_ZLIB
#include <zlib.h>
#endif
#ifdef NB_HAVE_BZIP2
#include <bzlib.h>
#endif
#ifdef NB_HAVE_LZMA
#include <lzma.h>
#endif
#ifdef NB_HAVE_ZSTD
#include <zstd.h>
#endif

namespace nb::tools {

namespace {

constexpr std::size_t piece_bytes = 1 << 20;

// The loop that all libraries share.  A library decompresses from `in` to `out`, moves both, and
// returns true at the end of a member.
class Members : public Decompressor {
 public:
  bool feed(std::span<const char> bytes, const Take &take) override {
    in_ = bytes;
    bool held_back = false;
    while (!in_.empty() || held_back) {
      if (!begun_) {
        if (members_ && in_[0] == 0) {
          in_ = in_.subspan(1);
          continue;
        }
        begin();
        begun_ = true;
      }
      out_ = piece_;
      const std::size_t before = in_.size();
      const bool ended = step();
      if (before && in_.size() == before && out_.size() == piece_.size() && !ended)
        throw FileError("invalid data");
      // A full piece may mean that the library holds more back.
      held_back = out_.empty() && !ended;
      const std::size_t count = piece_.size() - out_.size();
      if (count && !take({piece_.data(), count})) return false;
      if (ended) {
        begun_ = false;
        ++members_;
      }
    }
    return true;
  }
  bool complete() const override { return !begun_ && members_ > 0; }

 protected:
  virtual void begin() = 0;
  virtual bool step() = 0;
  void moved(std::size_t in, std::size_t out) {
    in_ = in_.subspan(in_.size() - in);
    out_ = out_.subspan(out_.size() - out);
  }

  std::span<const char> in_;
  std::span<char> out_;

 private:
  std::vector<char> piece_ = std::vector<char>(piece_bytes);
  bool begun_ = false;
  std::uint64_t members_ = 0;
};

#ifdef NB_HAVE_ZLIB
class Gzip : public Members {
 public:
  ~Gzip() override { inflateEnd(&stream_); }

 private:
  void begin() override {
    constexpr int gzip_only = 16, largest_window = 15;
    inflateEnd(&stream_);
    if (inflateInit2(&stream_, gzip_only + largest_window) != Z_OK) throw std::bad_alloc();
  }
  bool step() override {
    stream_.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(in_.data()));
    stream_.avail_in = static_cast<uInt>(in_.size());
    stream_.next_out = reinterpret_cast<Bytef *>(out_.data());
    stream_.avail_out = static_cast<uInt>(out_.size());
    const int code = inflate(&stream_, Z_NO_FLUSH);
    moved(stream_.avail_in, stream_.avail_out);
    if (code == Z_STREAM_END) return true;
    if (code != Z_OK && code != Z_BUF_ERROR)
      throw FileError(stream_.msg ? stream_.msg : "invalid data");
    return false;
  }
  z_stream stream_{};
};
#endif

#ifdef NB_HAVE_BZIP2
class Bzip2 : public Members {
 public:
  ~Bzip2() override { end(); }

 private:
  void begin() override {
    end();
    stream_ = {};
    if (BZ2_bzDecompressInit(&stream_, 0, 0) != BZ_OK) throw std::bad_alloc();
    open_ = true;
  }
  void end() {
    if (open_) BZ2_bzDecompressEnd(&stream_);
    open_ = false;
  }
  bool step() override {
    stream_.next_in = const_cast<char *>(in_.data());
    stream_.avail_in = static_cast<unsigned>(in_.size());
    stream_.next_out = out_.data();
    stream_.avail_out = static_cast<unsigned>(out_.size());
    const int code = BZ2_bzDecompress(&stream_);
    moved(stream_.avail_in, stream_.avail_out);
    if (code != BZ_OK && code != BZ_STREAM_END) throw FileError("invalid data");
    return code == BZ_STREAM_END;
  }
  bz_stream stream_{};
  bool open_ = false;
};
#endif

#ifdef NB_HAVE_LZMA
class Lzma : public Members {
 public:
  explicit Lzma(bool alone) : alone_(alone) {}
  ~Lzma() override { lzma_end(&stream_); }

 private:
  void begin() override {
    // The dictionary's size is what a header announces; xz -9 needs 65 MiB.
    constexpr std::uint64_t most_bytes = std::uint64_t{1} << 30;
    const auto code = alone_ ? lzma_alone_decoder(&stream_, most_bytes)
                             : lzma_stream_decoder(&stream_, most_bytes, 0);
    if (code != LZMA_OK) throw std::bad_alloc();
  }
  bool step() override {
    stream_.next_in = reinterpret_cast<const std::uint8_t *>(in_.data());
    stream_.avail_in = in_.size();
    stream_.next_out = reinterpret_cast<std::uint8_t *>(out_.data());
    stream_.avail_out = out_.size();
    const lzma_ret code = lzma_code(&stream_, LZMA_RUN);
    moved(stream_.avail_in, stream_.avail_out);
    if (code == LZMA_MEM_ERROR) throw std::bad_alloc();
    if (code == LZMA_MEMLIMIT_ERROR) throw FileError("more than 1 GiB of memory needed");
    if (code != LZMA_OK && code != LZMA_STREAM_END && code != LZMA_BUF_ERROR)
      throw FileError("invalid data");
    return code == LZMA_STREAM_END;
  }
  bool alone_;
  lzma_stream stream_ = LZMA_STREAM_INIT;
};
#endif

#ifdef NB_HAVE_ZSTD
class Zstd : public Members {
 public:
  ~Zstd() override { ZSTD_freeDStream(stream_); }

 private:
  void begin() override {
    if (!stream_ && !(stream_ = ZSTD_createDStream())) throw std::bad_alloc();
    ZSTD_initDStream(stream_);
  }
  bool step() override {
    ZSTD_inBuffer in{in_.data(), in_.size(), 0};
    ZSTD_outBuffer out{out_.data(), out_.size(), 0};
    const std::size_t code = ZSTD_decompressStream(stream_, &out, &in);
    moved(in.size - in.pos, out.size - out.pos);
    if (ZSTD_isError(code)) throw FileError(ZSTD_getErrorName(code));
    return code == 0;
  }
  ZSTD_DStream *stream_ = nullptr;
};
#endif

}  // namespace

std::unique_ptr<Decompressor> decompressor_for([[maybe_unused]] std::string_view kind) {
#ifdef NB_HAVE_ZLIB
  if (kind == "gzip") return std::make_unique<Gzip>();
#endif
#ifdef NB_HAVE_BZIP2
  if (kind == "bzip2") return std::make_unique<Bzip2>();
#endif
#ifdef NB_HAVE_LZMA
  if (kind == "xz" || kind == "lzma") return std::make_unique<Lzma>(kind == "lzma");
#endif
#ifdef NB_HAVE_ZSTD
  if (kind == "zstd") return std::make_unique<Zstd>();
#endif
  return nullptr;
}

}  // namespace nb::tools
