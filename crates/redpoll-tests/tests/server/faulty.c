/*
 * A library to be loaded before all others (LD_PRELOAD) that makes calls fail which write files.
 *
 * The file that FAULTS names says which, a line each: a call, the error's number, and a part of the
 * path of the file that it is about ("fdatasync 5 incr"). With a number from 1000 on, the call takes
 * so many milliseconds longer instead. The file is read anew at each call, so that faults come and
 * go. It is read without the functions that this library takes the place of.
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int error_of(const char *call, const char *path)
{
    const char *name = getenv("FAULTS");
    char text[512] = "", *rest = text;
    int file = name ? (int)syscall(SYS_openat, AT_FDCWD, name, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0)
        return 0;
    syscall(SYS_read, file, text, sizeof text - 1);
    syscall(SYS_close, file);
    for (char *line; (line = strsep(&rest, "\n"));) {
        char which[32], part[256];
        int number;
        if (sscanf(line, "%31s %d %255s", which, &number, part) == 3 && !strcmp(which, call) &&
            strstr(path, part))
            return number;
    }
    return 0;
}

/* Whether a call on a descriptor fails; then with errno set. */
static int fails(const char *call, int fd)
{
    char link[64], path[512];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    long length = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
    path[length > 0 ? length : 0] = 0;
    int number = error_of(call, path);
    if (number >= 1000) {
        usleep(number * 1000);
        return 0;
    }
    if (number)
        errno = number;
    return number;
}

int fdatasync(int fd)
{
    return fails("fdatasync", fd) ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int fsync(int fd)
{
    return fails("fsync", fd) ? -1 : (int)syscall(SYS_fsync, fd);
}

ssize_t write(int fd, const void *bytes, size_t count)
{
    return fails("write", fd) ? -1 : syscall(SYS_write, fd, bytes, count);
}

int rename(const char *from, const char *to)
{
    int number = error_of("rename", to);
    if (number) {
        errno = number;
        return -1;
    }
    return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}
