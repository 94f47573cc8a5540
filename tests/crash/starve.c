/*
 * starve.c: LD_PRELOAD: memory ends just after a server's final yes
 *
 * Once a line with STARVE_AFTER has come, the STARVE-th allocation fails, and
 * all that follow.  Last of all stderr is told how many there were.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);

static int hungry, count;

static int
fails(void)
{
	const char *v = getenv("STARVE");

	return hungry && ++count >= (v != NULL ? atoi(v) : 1 << 30);
}

void *
malloc(size_t n)
{
	return fails() ? NULL : __libc_malloc(n);
}

void *
calloc(size_t n, size_t size)
{
	return fails() ? NULL : __libc_calloc(n, size);
}

void *
realloc(void *p, size_t n)
{
	return fails() ? NULL : __libc_realloc(p, n);
}

ssize_t
recv(int fd, void *p, size_t n, int flags)
{
	static ssize_t (*real)(int, void *, size_t, int);
	const char *word = getenv("STARVE_AFTER");
	ssize_t got;

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "recv");
	got = real(fd, p, n, flags);
	if (got > 0 && word != NULL && memmem(p, (size_t)got, word,
	    strlen(word)) != NULL)
		hungry = 1;
	return got;
}

static void __attribute__((destructor))
tell(void)
{
	hungry = 0;
	dprintf(2, "starve: %d\n", count);
}
