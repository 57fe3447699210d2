/* Shifts the wall clock of a process by so many seconds as stand in a file, at every look at it.
 *
 * Preloaded (LD_PRELOAD), it takes the place of the C library's functions. The file is named by
 * DAYBREAK_TEST_CLOCK and holds one 64-bit integer; it is mapped, so that a change is seen at once
 * and by all processes. CLOCK_MONOTONIC stays as it is. So do waits: Python's and PostgreSQL's are
 * relative, or end at an instant of CLOCK_MONOTONIC.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile const int64_t *shift_s;

__attribute__((constructor)) static void map_shift(void)
{
    const char *path = getenv("DAYBREAK_TEST_CLOCK");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *mapped = file < 0 ? MAP_FAILED
                            : mmap(NULL, sizeof *shift_s, PROT_READ, MAP_SHARED, file, 0);

    if (mapped == MAP_FAILED) {
        perror("clock_shim: DAYBREAK_TEST_CLOCK");
        abort();  /* a test must not believe that the clock is shifted */
    }
    close(file);
    shift_s = mapped;
}

int clock_gettime(clockid_t clock, struct timespec *at)
{
    int failed = syscall(SYS_clock_gettime, clock, at);

    if (!failed && shift_s && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        at->tv_sec += *shift_s;
    return failed;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone)
{
    struct timespec now;
    int failed = clock_gettime(CLOCK_REALTIME, &now);

    (void)zone;
    if (!failed) {
        at->tv_sec = now.tv_sec;
        at->tv_usec = now.tv_nsec / 1000;
    }
    return failed;
}

time_t time(time_t *at)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    if (at)
        *at = now.tv_sec;
    return now.tv_sec;
}
