/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dlfcn.h>
#include <sys/time.h>
#include <time.h>

/*
 * To be preloaded: the time of day jumps by a year each time it is read, now
 * forth, now back.  Clocks that only count are left alone.
 */
#define YEAR_S (365L * 24 * 3600)

static long jump(void)
{
    static unsigned reads;

    return reads++ % 2 == 0 ? YEAR_S : -YEAR_S;
}

int clock_gettime(clockid_t clock, struct timespec *ts)
{
    int (*real)(clockid_t, struct timespec *) =
        (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT,
                                                     "clock_gettime");
    int rc = real(clock, ts);

    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
        ts->tv_sec += jump();
    return rc;
}

time_t time(time_t *out)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_REALTIME, &ts);
    if (out != NULL)
        *out = ts.tv_sec;
    return ts.tv_sec;
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
    struct timespec ts;

    (void)zone;
    (void)clock_gettime(CLOCK_REALTIME, &ts);
    tv->tv_sec = ts.tv_sec;
    tv->tv_usec = ts.tv_nsec / 1000;
    return 0;
}
