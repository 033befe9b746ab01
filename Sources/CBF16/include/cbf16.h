// Products of BF16 numbers with Float sums, by the processor's own BF16 instructions where it has them.
//
// Pointers alone cross this boundary, never vectors: a caller that is compiled without AVX-512 would pass those
// elsewhere. Each function carries the instructions it needs as an attribute, so that the file is compiled without
// flags, and is called only where `cbf_has_tiles` says so. Pointers to BF16 numbers need no alignment.
//
// A panel is 64 columns of the right factor: pairs along k, [pairs][64] of two BF16 numbers each (the even k in the low
// half), zeros beyond the last column and the last k; 64-byte aligned.
#pragma once
#include <stdint.h>

// Whether this processor has the instructions (AVX-512 BF16, and the system saves their registers).
int cbf_has_tiles(void);

// C [rows ≤ 6, columns ≤ 64] = sums + A·B, with A as rows of k numbers, of which `first` are skipped.
// `sums` may be null, or C itself.
void cbf_tile_rows(int rows, const void *_Nonnull const *_Nonnull a, int64_t first, int64_t k,
    const int32_t *_Nonnull b, const float *_Nullable sums, int64_t sumStride, float *_Nonnull c, int64_t cStride,
    int columns);

// The same with A as `cbf_pack_left` leaves it, [pairs][6].
void cbf_tile_packed(int rows, const int32_t *_Nonnull a, int64_t k,
    const int32_t *_Nonnull b, const float *_Nullable sums, int64_t sumStride, float *_Nonnull c, int64_t cStride,
    int columns);

// A panel from rows of k numbers that are the panel's columns (weights as [outputs, inputs]); `first` are skipped, and
// `ahead` numbers after them are fetched meanwhile.
void cbf_pack_transposed(int columns, const void *_Nonnull const *_Nonnull w, int64_t first, int64_t k, int64_t ahead,
    int32_t *_Nonnull panel);

// A panel from k rows, of which each holds the panel's columns after `first` others; `ahead` rows after them are
// fetched meanwhile.
void cbf_pack_rows(int columns, const void *_Nonnull const *_Nonnull rows, int64_t first, int64_t k, int64_t ahead,
    int32_t *_Nonnull panel);

// Up to 6 columns of Float [k][stride], rounded: [pairs][6].
void cbf_pack_left(int columns, const float *_Nonnull z, int64_t stride, int64_t k, int32_t *_Nonnull packed);

// Float to BF16, nearest even.
void cbf_round(const float *_Nonnull x, int64_t count, void *_Nonnull rounded);

// y [rows ≤ 6][outputs ≤ 4] = x·wᵀ, dot products along k without packing. `ahead` bytes after w are fetched meanwhile.
void cbf_dots(int rows, const void *_Nonnull const *_Nonnull x, int outputs,
    const void *_Nonnull const *_Nonnull w, int64_t k, int64_t ahead, float *_Nonnull y, int64_t yStride);

// What a thread does while it waits awake: it leaves the core to its other thread for a moment.
static inline void cbf_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

// Whether all of some BF16 numbers are finite, on any processor.
int cbf_are_finite(const void *_Nonnull x, int64_t count);
