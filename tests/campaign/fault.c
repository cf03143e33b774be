/* LD_PRELOAD: the n-th call that writes, of those on files below a folder, fails once with an errno.

   fault_set(call, nth, number, under): from here on; call is write (pwrite and writev, too), fsync, rename, open, mkdir,
   unlink or flock; nth from 1, 0: none, they are counted; number an errno. fault_count(): how many there were. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static int calls, wanted, number;
static char call[16], under[4096];

void fault_set(const char *c, int n, int e, const char *u) {
    calls = 0;
    wanted = n;
    number = e;
    snprintf(call, sizeof call, "%s", c);
    snprintf(under, sizeof under, "%s", u);
}

int fault_count(void) { return calls; }

static int ours(const char *path) {
    char whole[4096];
    if (!*under || !path) return 0;
    if (path[0] == '/') return strncmp(path, under, strlen(under)) == 0;
    if (!getcwd(whole, sizeof whole - strlen(path) - 1)) return 0;
    strcat(strcat(whole, "/"), path);
    return strncmp(whole, under, strlen(under)) == 0;
}

static int ours_fd(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n < 0) return 0;
    path[n] = 0;
    return ours(path);
}

static int fails(const char *name) {
    if (strcmp(call, name) || __sync_add_and_fetch(&calls, 1) != wanted) return 0;
    errno = number;
    return 1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *b, size_t n) { return ours_fd(fd) && fails("write") ? -1 : REAL(write)(fd, b, n); }
ssize_t pwrite(int fd, const void *b, size_t n, off_t o) {
    return ours_fd(fd) && fails("write") ? -1 : REAL(pwrite)(fd, b, n, o);
}
ssize_t writev(int fd, const struct iovec *v, int n) {
    return ours_fd(fd) && fails("write") ? -1 : REAL(writev)(fd, v, n);
}
int fsync(int fd) { return ours_fd(fd) && fails("fsync") ? -1 : REAL(fsync)(fd); }
int flock(int fd, int how) { return ours_fd(fd) && fails("flock") ? -1 : REAL(flock)(fd, how); }
int rename(const char *a, const char *b) { return ours(b) && fails("rename") ? -1 : REAL(rename)(a, b); }
int mkdir(const char *p, mode_t m) { return ours(p) && fails("mkdir") ? -1 : REAL(mkdir)(p, m); }
int unlink(const char *p) { return ours(p) && fails("unlink") ? -1 : REAL(unlink)(p); }

static int writes(int flags) { return (flags & O_ACCMODE) != O_RDONLY; }

int open(const char *p, int flags, ...) {
    va_list more;
    va_start(more, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;
    va_end(more);
    return writes(flags) && ours(p) && fails("open") ? -1 : REAL(open)(p, flags, mode);
}
int open64(const char *p, int flags, ...) {
    va_list more;
    va_start(more, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;
    va_end(more);
    return writes(flags) && ours(p) && fails("open") ? -1 : REAL(open64)(p, flags, mode);
}
