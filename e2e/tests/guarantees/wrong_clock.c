// A clock that is wrong, for one process: loaded before the C library, it moves the date by
// WRONG_CLOCK seconds. Clocks that go on steadily are right, as they are on a machine whose date is
// wrong. Where a wait ends at a date, that date is moved back, because the kernel knows the true one.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/time.h>
#include <threads.h>
#include <time.h>

static long ahead;

__attribute__((constructor)) static void begin(void) {
    const char *seconds = getenv("WRONG_CLOCK");
    ahead = seconds ? atol(seconds) : 0;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int clock_gettime(clockid_t clock, struct timespec *at) {
    static __typeof__(&clock_gettime) real;
    if (!real) real = REAL(clock_gettime);
    int failed = real(clock, at);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) at->tv_sec += ahead;
    return failed;
}

int gettimeofday(struct timeval *at, void *zone) {
    struct timespec now;
    int failed = clock_gettime(CLOCK_REALTIME, &now);
    (void)zone;
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return failed;
}

time_t time(time_t *at) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at) *at = now.tv_sec;
    return now.tv_sec;
}

static struct timespec true_date(const struct timespec *until) {
    struct timespec date = *until;
    date.tv_sec -= ahead;
    return date;
}

int cnd_timedwait(cnd_t *condition, mtx_t *mutex, const struct timespec *until) {
    static __typeof__(&cnd_timedwait) real;
    if (!real) real = REAL(cnd_timedwait);
    struct timespec date = true_date(until);
    return real(condition, mutex, &date);
}

int pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *until) {
    static __typeof__(&pthread_cond_timedwait) real;
    if (!real) real = REAL(pthread_cond_timedwait);
    struct timespec date = true_date(until);
    return real(condition, mutex, &date);
}
