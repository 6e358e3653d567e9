/*
 * Stands between a process and its disk, by LD_PRELOAD: from the n-th call of some kinds below some directories on, or
 * at that call alone, the disk says no, or takes its time. Or the process is killed right before that call.
 *
 * DISK_PLACES  directories, with colons between; `socket` is every connection
 * DISK_CALLS   kinds of calls, with commas between: open read write fsync rename link unlink mkdir readdir change
 *              (`change`: whatever changes what is on the disk)
 * DISK_AFTER   how many of those calls go well
 * DISK_ERRNO   what the others fail with; 0: they kill the process
 * DISK_DELAY   microseconds that they take instead of failing
 * DISK_LASTS   1: all of them, 0: only the first of them
 * DISK_TALLY   a file of 16 bytes, for how many such calls there were, and how many failed: two 64-bit numbers
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static _Atomic uint64_t *tally;
static const char *places, *calls;
static uint64_t after;
static int number, lasts, delay;

__attribute__((constructor)) static void set_up(void) {
	const char *path = getenv("DISK_TALLY");
	places = getenv("DISK_PLACES");
	calls = getenv("DISK_CALLS");
	if (!path || !places || !calls) return;
	after = strtoull(getenv("DISK_AFTER"), NULL, 10);
	number = atoi(getenv("DISK_ERRNO"));
	lasts = atoi(getenv("DISK_LASTS"));
	delay = getenv("DISK_DELAY") ? atoi(getenv("DISK_DELAY")) : 0;
	int fd = syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
	void *shared = mmap(NULL, 16, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	tally = shared == MAP_FAILED ? NULL : shared;
	syscall(SYS_close, fd);
}

static int is_listed(const char *list, const char *word, char between) {
	size_t length = strlen(word);
	for (const char *at = list; (at = strstr(at, word)); at += length) {
		int begins = at == list || at[-1] == between;
		if (begins && (at[length] == between || at[length] == 0)) return 1;
	}
	return 0;
}

static int is_below(const char *path) {
	for (const char *place = places; *place;) {
		size_t length = strcspn(place, ":");
		// A connection is called `socket:[12345]`.
		if (!strncmp(path, place, length) && strchr("/:", path[length])) return 1;
		place += length;
		if (*place) place++;
	}
	return 0;
}

/* What a path by way of a descriptor means: /proc/self/fd/7/name. */
static void resolve(const char *path, char *resolved) {
	static const char *const ways[] = {"/proc/self/fd/", "/dev/fd/"};
	for (size_t i = 0; i < 2; i++) {
		size_t prefix = strlen(ways[i]);
		if (strncmp(path, ways[i], prefix)) continue;
		size_t digits = strspn(path + prefix, "0123456789");
		char link[64], target[PATH_MAX / 2];
		snprintf(link, sizeof link, "/proc/self/fd/%.*s", (int)digits, path + prefix);
		ssize_t length = readlink(link, target, sizeof target - 1);
		target[length > 0 ? length : 0] = 0;
		snprintf(resolved, PATH_MAX, "%s%s", target, path + prefix + digits);
		return;
	}
	snprintf(resolved, PATH_MAX, "%s", path);
}

static int fails(const char *call, int changes, const char *path) {
	if (!tally || !path) return 0;
	if (!is_listed(calls, call, ',') && !(changes && is_listed(calls, "change", ','))) return 0;
	char resolved[PATH_MAX];
	resolve(path, resolved);
	if (!is_below(resolved)) return 0;
	uint64_t before = atomic_fetch_add(&tally[0], 1);
	if (lasts ? before < after : before != after) return 0;
	atomic_fetch_add(&tally[1], 1);
	if (!number) kill(getpid(), SIGKILL);
	if (delay) {
		struct timespec left = {delay / 1000000, delay % 1000000 * 1000L};
		while (nanosleep(&left, &left) && errno == EINTR) {
		}
		return 0;
	}
	errno = number;
	return 1;
}

static int fails_at(const char *call, int changes, int fd) {
	if (!tally) return 0;
	char link[64];
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	return fails(call, changes, link);
}

#define REAL(result, name, ...) \
	static result (*real)(__VA_ARGS__); \
	if (!real) real = dlsym(RTLD_NEXT, #name)

#define OPEN(name) \
	int name(const char *path, int flags, ...) { \
		va_list rest; \
		va_start(rest, flags); \
		mode_t mode = va_arg(rest, mode_t); \
		va_end(rest); \
		REAL(int, name, const char *, int, ...); \
		if (fails("open", (flags & (O_WRONLY | O_RDWR | O_CREAT)) != 0, path)) return -1; \
		return real(path, flags, mode); \
	}
OPEN(open)
OPEN(open64)

#define ON_FD(call, changes, result, name, parameters, arguments) \
	result name parameters { \
		static result(*real) parameters; \
		if (!real) real = dlsym(RTLD_NEXT, #name); \
		return fails_at(call, changes, fd) ? (result)-1 : real arguments; \
	}
ON_FD("read", 0, ssize_t, read, (int fd, void *to, size_t size), (fd, to, size))
ON_FD("read", 0, ssize_t, pread64, (int fd, void *to, size_t size, off64_t at), (fd, to, size, at))
ON_FD("read", 0, ssize_t, readv, (int fd, const struct iovec *to, int count), (fd, to, count))
ON_FD("read", 0, ssize_t, preadv64, (int fd, const struct iovec *to, int count, off64_t at), (fd, to, count, at))
ON_FD("write", 1, ssize_t, write, (int fd, const void *from, size_t size), (fd, from, size))
ON_FD("write", 1, ssize_t, pwrite64, (int fd, const void *from, size_t size, off64_t at), (fd, from, size, at))
ON_FD("write", 1, ssize_t, writev, (int fd, const struct iovec *from, int count), (fd, from, count))
ON_FD("write", 1, ssize_t, pwritev64, (int fd, const struct iovec *from, int count, off64_t at), (fd, from, count, at))
ON_FD("write", 1, int, ftruncate64, (int fd, off64_t size), (fd, size))
ON_FD("fsync", 1, int, fsync, (int fd), (fd))
ON_FD("fsync", 1, int, fdatasync, (int fd), (fd))
ON_FD("change", 1, int, fchmod, (int fd, mode_t mode), (fd, mode))
ON_FD("change", 1, int, fchown, (int fd, uid_t user, gid_t group), (fd, user, group))
ON_FD("change", 1, int, futimens, (int fd, const struct timespec times[2]), (fd, times))

#define ON_PATH(call, changes, result, none, name, parameters, arguments) \
	result name parameters { \
		static result(*real) parameters; \
		if (!real) real = dlsym(RTLD_NEXT, #name); \
		return fails(call, changes, path) ? none : real arguments; \
	}
ON_PATH("rename", 1, int, -1, rename, (const char *path, const char *to), (path, to))
ON_PATH("link", 1, int, -1, link, (const char *path, const char *to), (path, to))
ON_PATH("link", 1, int, -1, symlink, (const char *target, const char *path), (target, path))
ON_PATH("unlink", 1, int, -1, unlink, (const char *path), (path))
ON_PATH("unlink", 1, int, -1, rmdir, (const char *path), (path))
ON_PATH("mkdir", 1, int, -1, mkdir, (const char *path, mode_t mode), (path, mode))
ON_PATH("readdir", 0, DIR *, NULL, opendir, (const char *path), (path))
typedef int filter64(const struct dirent64 *);
typedef int compare64(const struct dirent64 **, const struct dirent64 **);
ON_PATH("readdir", 0, int, -1, scandir64,
	(const char *path, struct dirent64 ***names, filter64 *filter, compare64 *compare), (path, names, filter, compare))

struct dirent64 *readdir64(DIR *directory) {
	static struct dirent64 *(*real)(DIR *);
	if (!real) real = dlsym(RTLD_NEXT, "readdir64");
	return fails_at("readdir", 0, dirfd(directory)) ? NULL : real(directory);
}
