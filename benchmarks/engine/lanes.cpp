// The bar for our engine: the lanes algorithm written by hand for one problem, with everything known at compile time.
//
// Patients advance side by side in vector registers, each with its own time and step; a lane whose patient is finished takes the
// next one. Conditions, events, doses and landings are done in lanes under masks; a scalar is touched only where a patient enters,
// leaves or takes a dose. model.hpp, printed by cpp.py, holds the constants of the problem and its straight-line functions.
// Conditions on time alone are never looked at inside a step: steps end where they change, and just after that instant counts.

#include <atomic>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <thread>
#include <vector>
#ifdef __x86_64__
#include <immintrin.h>
#endif

#ifndef WIDTH
#if defined(__AVX512DQ__)
#define WIDTH 8
#elif defined(__AVX2__)
#define WIDTH 4
#else
#define WIDTH 2
#endif
#endif

#define INLINE static inline __attribute__((always_inline))
#define APART static __attribute__((noinline))
#define EVERY _Pragma("GCC unroll 128") for

typedef double V __attribute__((vector_size(8 * WIDTH)));
typedef int64_t M __attribute__((vector_size(8 * WIDTH)));

static constexpr double INF = std::numeric_limits<double>::infinity();
static constexpr double JUST_AFTER = 1e-9;  // days: conditions on time alone are looked at this much later
static constexpr double ROOT_WIDTH = 1e-9;  // days: how closely a crossing is bracketed

INLINE V C(double x) { return x - V{}; }
INLINE M truth(bool x) { return M{} - (x ? 1 : 0); }

#if WIDTH == 8 && defined(__AVX512DQ__)
INLINE V maximum(V a, V b) { return (V)_mm512_max_pd((__m512d)a, (__m512d)b); }
INLINE V minimum(V a, V b) { return (V)_mm512_min_pd((__m512d)a, (__m512d)b); }
INLINE V root(V a) { return (V)_mm512_sqrt_pd((__m512d)a); }
INLINE V rounded_inverse(V a) { return (V)_mm512_rcp14_pd((__m512d)a); }
INLINE unsigned bits(M m) { return _mm512_movepi64_mask((__m512i)m); }
INLINE V to_double(M n) { return (V)_mm512_cvtepi64_pd((__m512i)n); }
#elif WIDTH == 4 && defined(__AVX2__)
INLINE V maximum(V a, V b) { return (V)_mm256_max_pd((__m256d)a, (__m256d)b); }
INLINE V minimum(V a, V b) { return (V)_mm256_min_pd((__m256d)a, (__m256d)b); }
INLINE V root(V a) { return (V)_mm256_sqrt_pd((__m256d)a); }
INLINE V rounded_inverse(V a) { return 1.0 / a; }
INLINE unsigned bits(M m) { return unsigned(_mm256_movemask_pd((__m256d)m)); }
INLINE V to_double(M n) { return (V)(n + 0x4338000000000000) - 6755399441055744.0; }
#else
INLINE V maximum(V a, V b) { return a > b ? a : b; }
INLINE V minimum(V a, V b) { return a < b ? a : b; }
INLINE V root(V a) { for (int l = 0; l < WIDTH; l++) a[l] = std::sqrt(a[l]); return a; }
INLINE V rounded_inverse(V a) { return 1.0 / a; }
INLINE unsigned bits(M m) { unsigned r = 0; for (int l = 0; l < WIDTH; l++) r |= unsigned(m[l] & 1) << l; return r; }
INLINE V to_double(M n) { V r; for (int l = 0; l < WIDTH; l++) r[l] = double(n[l]); return r; }
#endif

INLINE V absolute(V a) { return (V)((M)a & 0x7FFFFFFFFFFFFFFF); }
INLINE bool any(M m) { return bits(m) != 0; }
INLINE V choose(M m, V a, V b) { return m ? a : b; }
INLINE M choose(M m, M a, M b) { return (m & a) | (~m & b); }
template <class F> INLINE V each(F f, V x) { for (int l = 0; l < WIDTH; l++) x[l] = f(x[l]); return x; }

INLINE V exponential(V x) {
    const V inside = minimum(maximum(x, C(-708.0)), C(709.0));
    const V shifted = inside * 1.4426950408889634 + 6755399441055744.0, n = shifted - 6755399441055744.0;
    V r = inside - n * 6.93147180369123816490e-01;
    r = r - n * 1.90821492927058770002e-10;
    const double c[] = {1 / 479001600., 1 / 39916800., 1 / 3628800., 1 / 362880., 1 / 40320., 1 / 5040., 1 / 720., 1 / 120., 1 / 24., 1 / 6., 0.5, 1.0, 1.0};
    V s = C(c[0]);
    EVERY (int i = 1; i < 13; i++) s = s * r + c[i];
    const V scaled = (V)((M)s + ((M)shifted << 52));
    return x < -708.0 ? C(0.0) : x > 709.0 ? C(INF) : scaled;
}

INLINE V logarithm(V x) {
    const M bits = (M)x, exponent = (bits - 0x3FE6A09E667F3BCD) >> 52;
    const V f = (V)(bits - (exponent << 52)) - 1.0, n = to_double(exponent);
    const V s = f / (f + 2.0), z = s * s;
    V series = C(2.0 / 21);
    EVERY (int k = 9; k > 0; k--) series = series * z + 2.0 / (2 * k + 1);
    const V whole = n * 6.93147180369123816490e-01 + (s + s + (s * z * series + n * 1.90821492927058770002e-10));
    return x > 0.0 ? (x < INF ? whole : x) : (x == 0.0 ? C(-INF) : C(NAN));
}

// 2^(-log2(x)/10), to five digits: the step size asks for no more
INLINE V tenth_root_inverse(V x) {
    const M bits = (M)x, exponent = (bits - 0x3FE6A09E667F3BCD) >> 52;
    const V f = (V)(bits - (exponent << 52)) - 1.0, s = f * rounded_inverse(f + 2.0), z = s * s;
    const V l = -0.1 * (to_double(exponent) + s * (2.8853900817779268 + z * (0.9617966939259756 + z * 0.5770780163555854)));
    const V shifted = l + 6755399441055744.0, r = (l - (shifted - 6755399441055744.0)) * 0.6931471805599453;
    const V e = 1.0 + r * (1.0 + r * (0.5 + r * (1 / 6. + r * (1 / 24. + r * (1 / 120.)))));
    return (V)((M)e + ((M)shifted << 52));
}

INLINE V power(V x, V y) {
    const V size = exponential(y * logarithm(x));
    return (y == 0.0) | (x == 1.0) ? C(1.0) : x < 0.0 ? C(NAN) : size;
}

#include "model.hpp"

enum { RUNNING, FINISHED, PAUSED, TOO_MANY_STEPS, STEP_TOO_SMALL, NOT_FINITE };

struct Task {
    long patients, records;
    const double *parameters, *dose_time, *dose_amount;
    const int64_t *dose_state;
    double start, end, rtol;
    double *first, *final_state;
    int64_t *steps, *status;
    std::atomic<long> next{0};
};

struct alignas(64) Lanes {
    V t, h, next_step, t_new, stop, end, dose_time, error, accepted, rejected;
#if IMPLICIT
    V k[N], u[8 * N], rate_after[N];  // rates at the start, stages, rates at the end
#else
    V k[7 * N], estimate[N];
#endif
    V y[N], trial[N], p[NP + 1], d[ND + 1];
    V g0[NW + 1], r0[NW + 1], g1[NW + 1], r1[NW + 1];
    V first[NE + 1], pending[NE + 1], since[NE + 1];
    M mode[NC + 1], was[NE + 1], live;
    long patient[WIDTH];
    int given[WIDTH];
    double rtol;

    // ---- one trial step ------------------------------------------------------------------------------------------------
    INLINE V weighted(V estimate, V before, V after, V sum, double rtol, double atol) {
        const V scaled = estimate * rounded_inverse(maximum(absolute(before), absolute(after)) * rtol + atol);
        return scaled * scaled + sum;
    }

#if !IMPLICIT
    template <int S> INLINE void stage(Lanes &a) {
        EVERY (int i = 0; i < N; i++) {
            V change = TABLEAU[S][0] * a.k[i], estimate = ERROR[0] * a.k[i];
            EVERY (int r = 1; r < S; r++) {
                change = change + TABLEAU[S][r] * a.k[r * N + i];
                if (S == 6) estimate = estimate + ERROR[r] * a.k[r * N + i];
            }
            a.trial[i] = a.h * change + a.y[i];
            if (S == 6) a.estimate[i] = estimate;  // of the six stages at hand
        }
        rates(a.t + NODES[S] * a.h, a.trial, a.p, a.mode, a.d, a.k + S * N);
    }
    APART void step(Lanes &a) {
        stage<1>(a), stage<2>(a), stage<3>(a), stage<4>(a), stage<5>(a), stage<6>(a);
        V sums[4] = {};
        EVERY (int i = 0; i < N; i++) {
            const V estimate = a.estimate[i] + ERROR[6] * a.k[6 * N + i];
            sums[i % 4] = weighted(estimate, a.y[i], a.trial[i], sums[i % 4], a.rtol, ATOL[i]);
        }
        a.error = a.h * a.h * ((sums[0] + sums[1]) + (sums[2] + sums[3])) * (1.0 / N);
    }
#else
    template <int S> INLINE void stage(Lanes &a, V inverse, const V *slope, const V *factors, V *u) {
        EVERY (int i = 0; i < N; i++) {
            if (S >= 6) {
                a.trial[i] += u[(S - 1) * N + i];
            } else {
                V moved = a.y[i];
                EVERY (int r = 0; r < S; r++) moved = moved + TABLEAU[S][r] * u[r * N + i];
                a.trial[i] = moved;
            }
        }
        V *b = u + S * N;
        rates(a.t + NODES[S] * a.h, a.trial, a.p, a.mode, a.d, b);
        EVERY (int i = 0; i < N; i++) {
            V coupled = COUPLING[S][0] * u[i];
            EVERY (int r = 1; r < S; r++) coupled = coupled + COUPLING[S][r] * u[r * N + i];
            b[i] = inverse * coupled + b[i];
        }
        if (SLOPES[S] != 0.0) push(a.h * SLOPES[S], slope, b);
        solve_factored(factors, b);
    }
    APART void step(Lanes &a) {
        V slope[NT + 1], factors[NF], *u = a.u;
        const V inverse = 1.0 / a.h;
        factorise(a.t, a.y, a.p, a.mode, a.d, inverse * (1.0 / GAMMA), slope, factors);
        EVERY (int i = 0; i < N; i++) u[i] = a.k[i];
        push(a.h * SLOPES[0], slope, u);
        solve_factored(factors, u);
        stage<1>(a, inverse, slope, factors, u), stage<2>(a, inverse, slope, factors, u);
        stage<3>(a, inverse, slope, factors, u), stage<4>(a, inverse, slope, factors, u);
        stage<5>(a, inverse, slope, factors, u), stage<6>(a, inverse, slope, factors, u);
        stage<7>(a, inverse, slope, factors, u);
        V sums[4] = {};
        EVERY (int i = 0; i < N; i++) {
            const V estimate = u[7 * N + i], ended = a.trial[i] + estimate;
            a.trial[i] = ended;
            sums[i % 4] = weighted(estimate, a.y[i], ended, sums[i % 4], a.rtol, ATOL[i]);
        }
        a.error = ((sums[0] + sums[1]) + (sums[2] + sums[3])) * (1.0 / N);
        rates(a.t + a.h, a.trial, a.p, a.mode, a.d, a.rate_after);
    }
#endif

    // ---- dense output --------------------------------------------------------------------------------------------------
#if IMPLICIT
    INLINE const V *rates_after(const Lanes &a) { return a.rate_after; }
    INLINE void dense(const Lanes &a, int i, V *c) {  // y + theta c0 + theta^2 c1 + theta^3 c2 + theta^4 c3
        V D[3];
        EVERY (int r = 0; r < 3; r++) {
            D[r] = DENSE[r][0] * a.u[i];
            EVERY (int s = 1; s < 8; s++) D[r] = D[r] + DENSE[r][s] * a.u[s * N + i];
        }
        c[0] = a.trial[i] - a.y[i] + D[0], c[1] = D[1] - D[0], c[2] = D[2] - D[1], c[3] = -D[2];
    }
#else
    INLINE const V *rates_after(const Lanes &a) { return a.k + 6 * N; }
    INLINE void dense(const Lanes &a, int i, V *c) {
        EVERY (int q = 0; q < 4; q++) {
            V sum = {};
            EVERY (int s = 0; s < 7; s++)
                if (INTERPOLANT[s][q] != 0.0) sum = sum + INTERPOLANT[s][q] * a.k[s * N + i];
            c[q] = a.h * sum;
        }
    }
#endif
    INLINE V at(V theta, V y, const V *c) { return y + theta * (c[0] + theta * (c[1] + theta * (c[2] + theta * c[3]))); }

    // ---- conditions inside a step --------------------------------------------------------------------------------------
    INLINE M holds(V g, int w) { return STRICT[w] ? g > 0.0 : g >= 0.0; }

    // Lanes among `ok` with a change of a watched condition; theta is where, just after the earliest.
    APART M locate(Lanes &a, M changed, M towards, V &theta) {
        V c[NN + 1][4], y[N], g[NW + 1], low_g[NW + 1], high_g[NW + 1];
        EVERY (int q = 0; q < NN; q++) dense(a, NEEDED[q], c[q]);
        auto look = [&](V x, V *out) __attribute__((always_inline)) {
            EVERY (int q = 0; q < NN; q++) y[NEEDED[q]] = at(x, a.y[NEEDED[q]], c[q]);
            watched(a.t + x * a.h, y, a.p, a.mode, a.d, out);
        };
        V high = C(1.0), low = V{};
        M found = changed;
        for (int w = 0; w < NW; w++) low_g[w] = a.g0[w], high_g[w] = a.g1[w];
        if (any(towards)) {  // the Hermite cubic's extremum, where a second crossing may hide
            for (int w = 0; w < NW; w++) {
                const V s0 = a.h * a.r0[w], s1 = a.h * a.r1[w], gap = a.g1[w] - a.g0[w];
                const M is = towards & ~(holds(a.g1[w], w) ^ a.mode[WATCHED[w]]) & (a.g0[w] > 0.0 ? (s0 < 0.0) & (s1 > 0.0) : (s0 > 0.0) & (s1 < 0.0));
                if (!any(is)) continue;
                const V A = 3.0 * (s0 + s1 - 2.0 * gap), B = 2.0 * (3.0 * gap - 2.0 * s0 - s1);
                const V q = root(maximum(B * B - 4.0 * A * s0, C(0.0)));
                const V peak = 2.0 * s0 / (-B + choose(s0 < 0.0, -q, q));  // the root between, for either sign of A
                look(minimum(maximum(peak, C(0.0)), C(1.0)), g);
                const M better = is & (holds(g[w], w) ^ a.mode[WATCHED[w]]) & (peak < high);
                found |= better;
                high = choose(better, peak, high);
                EVERY (int v = 0; v < NW; v++) high_g[v] = choose(better, g[v], high_g[v]);
            }
        }
        if (!any(found)) return found;
        const V width = ROOT_WIDTH / a.h;
        V low_weight = C(1.0), high_weight = C(1.0);
        M before_up = {}, before_down = {};
        for (int turn = 0; turn < 60; turn++) {  // false position (Illinois), never closer to an end than a width
            const M open = found & (high - low > width);
            if (!any(open)) break;
            V share = C(1.0);
            EVERY (int w = 0; w < NW; w++) {
                const V down = low_weight * low_g[w], up = high_weight * high_g[w];
                const M is = holds(high_g[w], w) ^ a.mode[WATCHED[w]];
                share = choose(is, minimum(share, down / (down - up)), share);
            }
            share = turn > 20 ? C(0.5) : share;
            V guess = low + share * (high - low);
            guess = minimum(maximum(guess, low + 0.9 * width), high - 0.9 * width);
            look(guess, g);
            M beyond = {};
            EVERY (int w = 0; w < NW; w++) beyond |= holds(g[w], w) ^ a.mode[WATCHED[w]];
            const M up = open & beyond, down = open & ~beyond;
            high = choose(up, guess, high), low = choose(down, guess, low);
            low_weight = choose(up & before_up, 0.5 * low_weight, C(1.0));
            high_weight = choose(down & before_down, 0.5 * high_weight, C(1.0));
            before_up = up, before_down = down;
            EVERY (int w = 0; w < NW; w++) {
                high_g[w] = choose(up, g[w], high_g[w]);
                low_g[w] = choose(down, g[w], low_g[w]);
            }
        }
        theta = high;
        return found;
    }

    // ---- landings ------------------------------------------------------------------------------------------------------
    // Everything that happens at one instant, in the lanes `here`.
    INLINE void settle(Lanes &a, M here) {
        for (int round = 0; round < 100; round++) {
            M now[NC + 1], trigger[NE + 1], fires[NE + 1], some = {};
            conditions(a.t, a.t + JUST_AFTER, a.y, a.p, a.d, now);
            EVERY (int c = 0; c < NC; c++) a.mode[c] = choose(here, now[c], a.mode[c]);
            triggers(a.t, a.y, a.p, a.mode, a.d, trigger);
            EVERY (int e = 0; e < NE; e++) {
                const M rises = here & trigger[e] & ~a.was[e];
                if (DELAY[e] > 0.0) {
                    const M falls = here & ~trigger[e] & a.was[e];
                    a.pending[e] = choose(rises, a.t + DELAY[e], choose(falls, C(INF), a.pending[e]));
                    a.since[e] = choose(rises, a.t, a.since[e]);
                    fires[e] = here & (a.pending[e] <= a.t);
                    a.pending[e] = choose(fires[e], C(INF), a.pending[e]);
                } else {
                    fires[e] = rises;
                }
                a.was[e] = choose(here, trigger[e], a.was[e]);
                some |= fires[e];
            }
            if (!any(some)) return;
            execute(a.t, a.y, a.p, a.mode, a.d, fires);
            EVERY (int e = 0; e < NE; e++) {
                const V day = DELAY[e] > 0.0 ? a.since[e] : a.t;
                a.first[e] = choose(fires[e], minimum(a.first[e], day), a.first[e]);
                if (STOPS[e]) a.end = choose(fires[e], minimum(a.end, a.t), a.end);
            }
        }
    }

    INLINE M dose(Lanes &a, const Task &task, M here) {
        const M due = here & (a.dose_time <= a.t);
        for (unsigned left = bits(due); left; left &= left - 1) {
            const int l = __builtin_ctz(left);
            const long row = a.patient[l] * task.records;
            int r = a.given[l];
            while (r < task.records && task.dose_time[row + r] <= a.t[l])
                a.y[task.dose_state[row + r]][l] += task.dose_amount[row + r], r++;
            a.given[l] = r;
            a.dose_time[l] = r < task.records ? task.dose_time[row + r] : INF;
        }
        return due;
    }

    APART void land(Lanes &a, const Task &task, M here, M fresh) {
        settle(a, here);
        const M dosed = dose(a, task, here);
        if (any(dosed)) settle(a, dosed);
        V k[N], g[NW + 1], r[NW + 1];
        rates(a.t, a.y, a.p, a.mode, a.d, k);
        watched(a.t, a.y, a.p, a.mode, a.d, g), watched_slopes(a.t, a.y, a.p, a.mode, a.d, k, r);
        EVERY (int i = 0; i < N; i++) a.k[i] = choose(here, k[i], a.k[i]);
        EVERY (int w = 0; w < NW; w++) a.g0[w] = choose(here, g[w], a.g0[w]), a.r0[w] = choose(here, r[w], a.r0[w]);
        const M restarts = dosed | fresh;
        if (any(restarts)) {  // Hairer, Norsett & Wanner, Solving ODEs I, II.4
            V size = {}, speed = {};
            EVERY (int i = 0; i < N; i++) {
                const V inverse = 1.0 / (absolute(a.y[i]) * a.rtol + ATOL[i]), x = a.y[i] * inverse, v = k[i] * inverse;
                size = size + x * x, speed = speed + v * v;
            }
            const V guess = speed > 0.0 ? 0.01 * root(size / speed) : a.next_step;
            a.next_step = choose(restarts, maximum(C(1e-4), minimum(a.next_step, guess)), a.next_step);
        }
        V stop = minimum(a.end, a.dose_time);
        EVERY (int e = 0; e < NE; e++)
            if (DELAY[e] > 0.0) stop = minimum(stop, a.pending[e]);
        stops(a.t + JUST_AFTER, a.p, a.mode, a.d, stop);
        a.stop = choose(here, stop, a.stop);
    }

    // ---- patients in and out -------------------------------------------------------------------------------------------
    INLINE void leave(Lanes &a, Task &task, int l, int status) {
        const long i = a.patient[l];
        for (int e = 0; e < NE; e++) task.first[i * NE + e] = a.first[e][l];
        for (int s = 0; s < N; s++) task.final_state[i * N + s] = a.y[s][l];
        task.steps[2 * i] = int64_t(a.accepted[l]), task.steps[2 * i + 1] = int64_t(a.rejected[l]);
        task.status[i] = status;
    }

    // The next patient into lane l; false when there is none.
    INLINE bool enter(Lanes &a, Task &task, int l) {
        const long i = task.next.fetch_add(1, std::memory_order_relaxed);
        if (i >= task.patients) {
            a.live[l] = 0, a.next_step[l] = 0.0;
            return false;
        }
        a.patient[l] = i, a.live[l] = -1, a.given[l] = 0;
        a.dose_time[l] = task.records ? task.dose_time[i * task.records] : INF;
        for (int j = 0; j < NQ; j++) a.p[j][l] = task.parameters[i * NQ + j];
        a.t[l] = task.start, a.end[l] = task.end, a.next_step[l] = 1.0;
        a.accepted[l] = a.rejected[l] = 0.0;
        for (int e = 0; e < NE; e++) a.first[e][l] = a.pending[e][l] = a.since[e][l] = INF, a.was[e][l] = -int64_t(TRUE_BEFORE[e]);
        for (int s = 0; s < ND; s++) a.d[s][l] = SWITCH_START[s];
        return true;
    }

    // Land the lanes `here`, let the finished leave, fill their places, and land those again.
    INLINE void arrive(Lanes &a, Task &task, M here, M fresh) {
        while (any(here)) {
            land(a, task, here, fresh);
            const M over = here & (a.t >= a.end);
            fresh = M{};
            if (!any(over)) return;
            for (unsigned left = bits(over); left; left &= left - 1) {
                const int l = __builtin_ctz(left);
                leave(a, task, l, FINISHED);
                if (enter(a, task, l)) fresh[l] = -1;
            }
            begin(a, fresh);
            here = fresh;
        }
    }

    INLINE void begin(Lanes &a, M fresh) {
        V y[N];
        hoist(a.p);
        initial(a.p, y);
        EVERY (int i = 0; i < N; i++) a.y[i] = choose(fresh, y[i], a.y[i]);
    }

    static void carry(Task &task) {
        const auto room = std::make_unique<Lanes>();
        Lanes &a = *room;
        a.rtol = task.rtol;
        for (int j = 0; j < NP; j++) a.p[j] = C(1.0);
        M fresh = {};
        for (int l = 0; l < WIDTH; l++)
            if (enter(a, task, l)) fresh[l] = -1;
        begin(a, fresh);
        arrive(a, task, fresh, fresh);
        while (any(a.live)) turn(a, task);
    }

    INLINE void turn(Lanes &a, Task &task) {
        const V wanted = minimum(a.next_step, C(MAX_STEP)), room = a.stop - a.t;
        const M last = a.live & (wanted >= room * (1.0 - 1e-9));
        a.h = a.live ? choose(last, room, wanted) : C(1e-3);
        step(a);
        const M ok = a.live & (a.error <= 1.0), bad = a.live & ~ok;
        V factor = 0.9 * tenth_root_inverse(maximum(a.error, C(1e-20)));
        const M finite = a.error < INF;
        factor = finite ? minimum(maximum(factor, C(0.2)), C(5.0)) : C(0.1);
        const V longer = a.h * factor;
        a.next_step = choose(ok & last, maximum(a.next_step, longer), longer);
        a.accepted = ok ? a.accepted + 1.0 : a.accepted, a.rejected = bad ? a.rejected + 1.0 : a.rejected;
        a.t_new = last ? a.stop : a.t + a.h;
        const V *after = rates_after(a);
        M landing = ok & last;
        if (NW) {
            watched(a.t_new, a.trial, a.p, a.mode, a.d, a.g1);
            watched_slopes(a.t_new, a.trial, a.p, a.mode, a.d, after, a.r1);
            M changed = {}, towards = {};
            EVERY (int w = 0; w < NW; w++) {
                changed |= holds(a.g1[w], w) ^ a.mode[WATCHED[w]];
                // a Hermite cubic leaves the line between its ends by at most 4/27 of its slopes; twice that is room enough
                const M near = minimum(absolute(a.g0[w]), absolute(a.g1[w])) < 8.0 / 27 * a.h * (absolute(a.r0[w]) + absolute(a.r1[w]));
                towards |= near & (a.g0[w] > 0.0 ? (a.r0[w] < 0.0) & (a.r1[w] > 0.0) : (a.r0[w] > 0.0) & (a.r1[w] < 0.0));
            }
            changed &= ok, towards &= ok;
            if (any(changed | towards)) {
                V theta;
                const M found = locate(a, changed, towards, theta);
                if (any(found)) {
                    landing |= found;
                    a.t_new = choose(found & (theta < 1.0), a.t + theta * a.h, a.t_new);
                    EVERY (int i = 0; i < N; i++) {
                        V c[4];
                        dense(a, i, c);
                        a.trial[i] = choose(found & (theta < 1.0), at(theta, a.y[i], c), a.trial[i]);
                    }
                }
            }
        }
        EVERY (int i = 0; i < N; i++) {
            const V raised = FLOOR[i] == -INF ? a.trial[i] : FLOOR[i] == 0.0 ? maximum(a.trial[i], C(0.0)) : a.trial[i] == 0.0 ? a.trial[i] : maximum(a.trial[i], C(FLOOR[i]));
            a.y[i] = choose(ok, raised, a.y[i]);
            a.k[i] = choose(ok, after[i], a.k[i]);
        }
        EVERY (int w = 0; w < NW; w++) a.g0[w] = choose(ok, a.g1[w], a.g0[w]), a.r0[w] = choose(ok, a.r1[w], a.r0[w]);
        a.t = choose(ok, a.t_new, a.t);
        if (any(bad | (a.accepted + a.rejected >= double(MAX_STEPS)))) give_up(a, task, bad, finite);
        if (any(landing)) arrive(a, task, landing & a.live, M{});
    }

    APART void give_up(Lanes &a, Task &task, M bad, M finite) {
        const M small = bad & ((a.h <= 1e-13 * maximum(C(1.0), absolute(a.t))) | (~finite & (a.h < 1e-8)));
        const M many = a.live & (a.accepted + a.rejected >= double(MAX_STEPS));
        M fresh = {};
        for (unsigned left = bits(small | many); left; left &= left - 1) {
            const int l = __builtin_ctz(left);
            leave(a, task, l, small[l] ? (finite[l] ? STEP_TOO_SMALL : NOT_FINITE) : TOO_MANY_STEPS);
            if (enter(a, task, l)) fresh[l] = -1;
        }
        if (!any(small | many)) return;
        begin(a, fresh);
        arrive(a, task, fresh, fresh);
    }
};

extern "C" void solve(long patients, long records, const double *parameters, const double *dose_time, const double *dose_amount,
                      const int64_t *dose_state, double start, double end, double rtol, int threads, double *first,
                      double *final_state, int64_t *steps, int64_t *status) {
    Task task{patients, records, parameters, dose_time, dose_amount, dose_state, start, end, rtol, first, final_state, steps, status};
    std::vector<std::thread> others;
    for (int i = 1; i < threads; i++) others.emplace_back([&] { Lanes::carry(task); });
    Lanes::carry(task);
    for (auto &other : others) other.join();
}
