/*
 * Sorting values that need not know where they were. Most samples spread over their range evenly
 * enough for buckets of equal width, which hold a few values each; the others take a radix sort.
 */
#include <math.h>
#include <string.h>

#include "cluster.h"

enum { SHORT = 48 }; /* so many are sorted by insertion alone */
enum { CROWD = 32 }; /* mean number of values that a value shares its bucket with, at most */
enum { BITS = 8, DIGITS = 8, KEYS = 1 << BITS };

static void insert(int64_t n, double *x)
{
    for (int64_t i = 1; i < n; i++) {
        const double value = x[i];
        int64_t j = i;
        for (; j > 0 && x[j - 1] > value; j--)
            x[j] = x[j - 1];
        x[j] = value;
    }
}

/* false where the values crowd in few buckets; insertion would take O(n²) there. */
static bool sort_by_buckets(int64_t n, const double *x, double *sorted, int32_t *scratch)
{
    const int32_t buckets = (int32_t)(n / 2);
    int32_t *bucket = scratch, *start = scratch + n; /* start: buckets + 1 */
    double low = x[0], high = x[0];
    for (int64_t i = 1; i < n; i++) {
        low = x[i] < low ? x[i] : low;
        high = x[i] > high ? x[i] : high;
    }
    const double scale = (buckets - 1) / (high - low);
    if (!isfinite(scale))
        return false;

    memset(start, 0, (size_t)(buckets + 1) * sizeof *start);
    for (int64_t i = 0; i < n; i++) {
        bucket[i] = (int32_t)((x[i] - low) * scale);
        start[bucket[i] + 1]++;
    }
    double crowd = 0;
    for (int32_t b = 1; b <= buckets; b++) {
        crowd += (double)start[b] * start[b];
        start[b] += start[b - 1];
    }
    if (crowd > CROWD * (double)n)
        return false;
    for (int64_t i = 0; i < n; i++)
        sorted[start[bucket[i]]++] = x[i];
    insert(n, sorted);
    return true;
}

/* Order of numbers → order of unsigned integers; −0 becomes 0. */
static uint64_t key_of(double x)
{
    const uint64_t top = UINT64_C(1) << 63;
    uint64_t bits;
    x = x == 0 ? 0 : x;
    memcpy(&bits, &x, sizeof bits);
    return bits & top ? ~bits : bits | top;
}

static double value_of(uint64_t key)
{
    const uint64_t top = UINT64_C(1) << 63;
    double x;
    key = key & top ? key ^ top : ~key;
    memcpy(&x, &key, sizeof x);
    return x;
}

static void sort_by_digits(int64_t n, const double *x, double *sorted, uint64_t *scratch)
{
    uint64_t *a = scratch, *b = a + n;
    uint32_t count[DIGITS][KEYS] = { { 0 } };
    for (int64_t i = 0; i < n; i++) {
        a[i] = key_of(x[i]);
        for (int digit = 0; digit < DIGITS; digit++)
            count[digit][a[i] >> digit * BITS & (KEYS - 1)]++;
    }
    for (int digit = 0; digit < DIGITS; digit++) {
        const int shift = digit * BITS;
        uint32_t *start = count[digit], sum = 0;
        if (start[a[0] >> shift & (KEYS - 1)] == n)
            continue; /* all the same */
        for (int key = 0; key < KEYS; key++) {
            const uint32_t of_key = start[key];
            start[key] = sum;
            sum += of_key;
        }
        for (int64_t i = 0; i < n; i++)
            b[start[a[i] >> shift & (KEYS - 1)]++] = a[i];
        uint64_t *swap = a;
        a = b;
        b = swap;
    }
    for (int64_t i = 0; i < n; i++)
        sorted[i] = value_of(a[i]);
}

void hy_sort_values(int64_t n, const double *x, double *sorted, void *scratch)
{
    if (n <= SHORT) {
        memcpy(sorted, x, (size_t)n * sizeof *x);
        insert(n, sorted);
    } else if (!sort_by_buckets(n, x, sorted, scratch)) {
        sort_by_digits(n, x, sorted, scratch);
    }
}
