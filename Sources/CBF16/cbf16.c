#include "cbf16.h"

int cbf_are_finite(const void *x, int64_t count) {
  // The exponent's bits are all set in ±∞ and NaN alone: adding one to it then reaches the sign's place.
  uint16_t found = 0;
  const char *bytes = x;
  for (int64_t i = 0; i < count; i++) {
    uint16_t bits;
    __builtin_memcpy(&bits, bytes + 2 * i, 2);
    found |= (uint16_t)((bits & 0x7f80) + 0x0080);
  }
  return !(found & 0x8000);
}

#if defined(__x86_64__)
#include <immintrin.h>

#define TILES __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16")))
#define INLINED static inline __attribute__((always_inline))
#define UNROLLED _Pragma("clang loop unroll(full)") for

int cbf_has_tiles(void) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512bw")
      && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
}

INLINED int32_t pairAt(const void *p) {
  int32_t pair;
  __builtin_memcpy(&pair, p, 4);
  return pair;
}

INLINED int32_t lastAt(const void *p) {
  uint16_t last;
  __builtin_memcpy(&last, p, 2);
  return last;
}

INLINED __mmask16 lanes(int64_t count) {
  return count >= 16 ? 0xffff : count <= 0 ? 0 : (__mmask16)((1u << count) - 1);
}

INLINED __mmask32 halves(int64_t count) {
  return count >= 32 ? 0xffffffffu : count <= 0 ? 0 : (1u << count) - 1;
}

// ---- Tile. 24 sums, four vectors of B and one of A fill 29 of the 32 registers.

INLINED TILES void step(const int rows, __m512 s[6][4], const int32_t *x, const int32_t *b) {
  __m512bh v[4];
  UNROLLED(int j = 0; j < 4; j++) v[j] = (__m512bh)_mm512_load_si512(b + 16 * j);
  UNROLLED(int r = 0; r < rows; r++) {
    __m512bh u = (__m512bh)_mm512_set1_epi32(x[r]);
    UNROLLED(int j = 0; j < 4; j++) s[r][j] = _mm512_dpbf16_ps(s[r][j], u, v[j]);
  }
}

INLINED TILES void finish(const int rows, __m512 s[6][4], const float *sums, int64_t sumStride, float *c,
    int64_t cStride, int columns) {
  UNROLLED(int j = 0; j < 4; j++) {
    __mmask16 m = lanes(columns - 16 * j);
    UNROLLED(int r = 0; r < rows; r++) {
      __m512 t = s[r][j];
      if (sums) t = _mm512_add_ps(t, _mm512_maskz_loadu_ps(m, sums + r * sumStride + 16 * j));
      _mm512_mask_storeu_ps(c + r * cStride + 16 * j, m, t);
    }
  }
}

INLINED TILES void tileRows(const int rows, const void *const *a, int64_t first, int64_t k, const int32_t *b,
    const float *sums, int64_t sumStride, float *c, int64_t cStride, int columns) {
  __m512 s[6][4];
  const char *q[6];
  UNROLLED(int r = 0; r < rows; r++) {
    q[r] = (const char *)a[r] + 2 * first;
    UNROLLED(int j = 0; j < 4; j++) s[r][j] = _mm512_setzero_ps();
  }
  int64_t pairs = k / 2;
  for (int64_t p = 0; p < pairs; p++, b += 64) {
    int32_t x[6];
    UNROLLED(int r = 0; r < rows; r++) x[r] = pairAt(q[r] + 4 * p);
    step(rows, s, x, b);
  }
  if (k % 2) {
    int32_t x[6];
    UNROLLED(int r = 0; r < rows; r++) x[r] = lastAt(q[r] + 4 * pairs);
    step(rows, s, x, b);
  }
  finish(rows, s, sums, sumStride, c, cStride, columns);
}

INLINED TILES void tilePacked(const int rows, const int32_t *a, int64_t k, const int32_t *b,
    const float *sums, int64_t sumStride, float *c, int64_t cStride, int columns) {
  __m512 s[6][4];
  UNROLLED(int r = 0; r < rows; r++)
    UNROLLED(int j = 0; j < 4; j++) s[r][j] = _mm512_setzero_ps();
  for (int64_t p = 0; 2 * p < k; p++, a += 6, b += 64) step(rows, s, a, b);
  finish(rows, s, sums, sumStride, c, cStride, columns);
}

#define EACH(CASE) switch (rows) { CASE(6) CASE(5) CASE(4) CASE(3) CASE(2) CASE(1) }

TILES void cbf_tile_rows(int rows, const void *const *a, int64_t first, int64_t k, const int32_t *b,
    const float *sums, int64_t sumStride, float *c, int64_t cStride, int columns) {
#define CASE(R) case R: tileRows(R, a, first, k, b, sums, sumStride, c, cStride, columns); break;
  EACH(CASE)
#undef CASE
}

TILES void cbf_tile_packed(int rows, const int32_t *a, int64_t k, const int32_t *b,
    const float *sums, int64_t sumStride, float *c, int64_t cStride, int columns) {
#define CASE(R) case R: tilePacked(R, a, k, b, sums, sumStride, c, cStride, columns); break;
  EACH(CASE)
#undef CASE
}

// ---- Packing.

// Transposes 16 × 16 words.
INLINED TILES void transpose(__m512i r[16]) {
  __m512i t[16];
  UNROLLED(int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
  }
  UNROLLED(int i = 0; i < 16; i += 4) {
    r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
    r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
    r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
    r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
  UNROLLED(int i = 0; i < 4; i++) {
    t[i] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0x88);
    t[i + 4] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0xdd);
    t[i + 8] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0x88);
    t[i + 12] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0xdd);
  }
  UNROLLED(int i = 0; i < 4; i++) {
    r[i] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0x88);
    r[i + 8] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0xdd);
    r[i + 4] = _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0x88);
    r[i + 12] = _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0xdd);
  }
}

TILES void cbf_pack_transposed(int columns, const void *const *w, int64_t first, int64_t k, int64_t ahead,
    int32_t *panel) {
  for (int j = 0; j < 64; j += 16)
    for (int64_t i = 0; i < k; i += 32) {
      __m512i r[16];
      __mmask32 m = halves(k - i);
      for (int c = 0; c < 16; c++) {
        if (j + c >= columns) { r[c] = _mm512_setzero_si512(); continue; }
        const char *q = (const char *)w[j + c] + 2 * (first + i);
        r[c] = _mm512_maskz_loadu_epi16(m, q);
        if (i < ahead) _mm_prefetch(q + 2 * k, _MM_HINT_T1);
      }
      transpose(r);
      int64_t pairs = (k - i + 1) / 2;
      for (int p = 0; p < 16 && p < pairs; p++) _mm512_store_si512(panel + (i / 2 + p) * 64 + j, r[p]);
    }
}

TILES void cbf_pack_rows(int columns, const void *const *rows, int64_t first, int64_t k, int64_t ahead,
    int32_t *panel) {
  static const uint16_t order[32] = {0,  32, 1,  33, 2,  34, 3,  35, 4,  36, 5,  37, 6,  38, 7,  39,
                                     8,  40, 9,  41, 10, 42, 11, 43, 12, 44, 13, 45, 14, 46, 15, 47};
  const __m512i low = _mm512_loadu_si512(order), high = _mm512_add_epi16(low, _mm512_set1_epi16(16));
  for (int64_t i = 0; i < k; i += 2, panel += 64)
    for (int j = 0; j < 64; j += 32) {
      __mmask32 m = halves(columns - j);
      int64_t start = 2 * (first + j);
      if (i + 1 < ahead) {
        _mm_prefetch((const char *)rows[i + k] + start, _MM_HINT_T1);
        _mm_prefetch((const char *)rows[i + k + 1] + start, _MM_HINT_T1);
      }
      __m512i x = _mm512_maskz_loadu_epi16(m, (const char *)rows[i] + start), y = _mm512_setzero_si512();
      if (i + 1 < k) y = _mm512_maskz_loadu_epi16(m, (const char *)rows[i + 1] + start);
      _mm512_store_si512(panel + j, _mm512_permutex2var_epi16(x, low, y));
      _mm512_store_si512(panel + j + 16, _mm512_permutex2var_epi16(x, high, y));
    }
}

TILES void cbf_pack_left(int columns, const float *z, int64_t stride, int64_t k, int32_t *packed) {
  __mmask16 m = lanes(columns);
  for (int64_t i = 0; i < k; i += 2, packed += 6) {
    __m512 x = _mm512_maskz_loadu_ps(m, z + i * stride), y = _mm512_setzero_ps();
    if (i + 1 < k) y = _mm512_maskz_loadu_ps(m, z + (i + 1) * stride);
    __m512i u = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(x));
    __m512i v = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(y));
    _mm512_mask_storeu_epi32(packed, 0x3f, _mm512_or_si512(u, _mm512_slli_epi32(v, 16)));
  }
}

TILES void cbf_round(const float *x, int64_t count, void *rounded) {
  char *out = rounded;
  for (int64_t i = 0; i < count; i += 16) {
    __mmask16 m = lanes(count - i);
    _mm256_mask_storeu_epi16(out + 2 * i, m, (__m256i)_mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(m, x + i)));
  }
}

// ---- Few rows.

INLINED TILES void dots(const int rows, const void *const *x, int outputs, const void *const *w, int64_t k,
    int64_t ahead, float *y, int64_t yStride) {
  __m512 s[6][4];
  const char *q[4];
  UNROLLED(int o = 0; o < 4; o++) q[o] = w[o < outputs ? o : 0];
  UNROLLED(int r = 0; r < rows; r++)
    UNROLLED(int o = 0; o < 4; o++) s[r][o] = _mm512_setzero_ps();
  for (int64_t i = 0; i < k; i += 32) {
    __mmask32 m = halves(k - i);
    __m512bh v[4];
    UNROLLED(int o = 0; o < 4; o++) {
      v[o] = (__m512bh)_mm512_maskz_loadu_epi16(m, q[o] + 2 * i);
      _mm_prefetch(q[o] + 2 * i + ahead, _MM_HINT_T1);
    }
    UNROLLED(int r = 0; r < rows; r++) {
      __m512bh u = (__m512bh)_mm512_maskz_loadu_epi16(m, (const char *)x[r] + 2 * i);
      UNROLLED(int o = 0; o < 4; o++) s[r][o] = _mm512_dpbf16_ps(s[r][o], u, v[o]);
    }
  }
  for (int r = 0; r < rows; r++)
    for (int o = 0; o < outputs; o++) y[r * yStride + o] = _mm512_reduce_add_ps(s[r][o]);
}

TILES void cbf_dots(int rows, const void *const *x, int outputs, const void *const *w, int64_t k, int64_t ahead,
    float *y, int64_t yStride) {
#define CASE(R) case R: dots(R, x, outputs, w, k, ahead, y, yStride); break;
  EACH(CASE)
#undef CASE
}

#else  // Without AVX-512 there is nothing to choose; nobody comes here, since `cbf_has_tiles` says no.

int cbf_has_tiles(void) { return 0; }

#define NEVER { __builtin_trap(); }
void cbf_tile_rows(int rows, const void *const *a, int64_t first, int64_t k, const int32_t *b, const float *sums,
    int64_t sumStride, float *c, int64_t cStride, int columns) NEVER
void cbf_tile_packed(int rows, const int32_t *a, int64_t k, const int32_t *b, const float *sums, int64_t sumStride,
    float *c, int64_t cStride, int columns) NEVER
void cbf_pack_transposed(int columns, const void *const *w, int64_t first, int64_t k, int64_t ahead,
    int32_t *panel) NEVER
void cbf_pack_rows(int columns, const void *const *rows, int64_t first, int64_t k, int64_t ahead,
    int32_t *panel) NEVER
void cbf_pack_left(int columns, const float *z, int64_t stride, int64_t k, int32_t *packed) NEVER
void cbf_round(const float *x, int64_t count, void *rounded) NEVER
void cbf_dots(int rows, const void *const *x, int outputs, const void *const *w, int64_t k, int64_t ahead, float *y,
    int64_t yStride) NEVER

#endif
