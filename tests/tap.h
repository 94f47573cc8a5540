/*
 * tap.h: the Test Anything Protocol for C tests, to be run by prove.
 *
 *	ok(cond, "name %d", i)		all checks return whether they held
 *	is_str(got, want, "name")	strings, NULL allowed
 *	is_mem(got, len, want, wantlen, "name")
 *	is_int(got, want, "name")	anything that fits a long long
 *	diag("text")			a comment
 *	return done();			the plan; the exit status of main
 */
#ifndef TAP_H
#define TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define TAP_UNUSED __attribute__((unused))
#define TAP_PRINTF(f, a) __attribute__((unused, format(printf, f, a)))

#define ok(cond, ...) tap_ok((cond), __FILE__, __LINE__, __VA_ARGS__)
#define is_str(g, w, ...) tap_str(g, w, __FILE__, __LINE__, __VA_ARGS__)
#define is_int(g, w, ...) \
	tap_int((long long)(g), (long long)(w), __FILE__, __LINE__, __VA_ARGS__)
#define is_mem(g, gl, w, wl, ...) \
	tap_mem(g, gl, w, wl, __FILE__, __LINE__, __VA_ARGS__)

static int tap_run, tap_failed;

static void TAP_PRINTF(1, 2)
diag(const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fputs("# ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

static bool
tap_vok(bool good, const char *file, int line, const char *fmt, va_list ap)
{
	printf("%s %d - ", good ? "ok" : "not ok", ++tap_run);
	vprintf(fmt, ap);
	putchar('\n');
	fflush(stdout);
	if (!good) {
		tap_failed++;
		diag("failed at %s:%d", file, line);
	}
	return good;
}

static bool TAP_PRINTF(4, 5)
tap_ok(bool good, const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tap_vok(good, file, line, fmt, ap);
	va_end(ap);
	return good;
}

static bool TAP_PRINTF(5, 6)
tap_str(const char *got, const char *want, const char *file, int line,
    const char *fmt, ...)
{
	bool good = got && want ? !strcmp(got, want) : got == want;
	va_list ap;

	va_start(ap, fmt);
	if (!tap_vok(good, file, line, fmt, ap)) {
		diag(" got: %s", got ? got : "(null)");
		diag("want: %s", want ? want : "(null)");
	}
	va_end(ap);
	return good;
}

static bool TAP_PRINTF(5, 6)
tap_int(long long got, long long want, const char *file, int line,
    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (!tap_vok(got == want, file, line, fmt, ap))
		diag("got %lld, want %lld", got, want);
	va_end(ap);
	return got == want;
}

static void TAP_UNUSED
tap_dump(const char *what, const void *data, size_t len)
{
	const unsigned char *p = data;
	size_t i;

	fprintf(stderr, "# %s %zu bytes: ", what, len);
	for (i = 0; i < len && i < 200; i++) {
		if (p[i] >= ' ' && p[i] < 127 && p[i] != '\\')
			fputc(p[i], stderr);
		else
			fprintf(stderr, "\\x%02x", p[i]);
	}
	fputs(i < len ? "...\n" : "\n", stderr);
}

static bool TAP_PRINTF(7, 8)
tap_mem(const void *got, size_t len, const void *want, size_t wantlen,
    const char *file, int line, const char *fmt, ...)
{
	bool good = len == wantlen && (!len || !memcmp(got, want, len));
	va_list ap;

	va_start(ap, fmt);
	if (!tap_vok(good, file, line, fmt, ap)) {
		tap_dump(" got", got, len);
		tap_dump("want", want, wantlen);
	}
	va_end(ap);
	return good;
}

static int TAP_UNUSED
done(void)
{
	printf("1..%d\n", tap_run);
	if (tap_failed)
		diag("%d of %d failed", tap_failed, tap_run);
	return tap_failed != 0;
}

#endif
