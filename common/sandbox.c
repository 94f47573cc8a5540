/*
 * sandbox.c: giving up what is not needed before a stranger is listened to
 *
 * The lists of what stays possible, and what is said of it.  Linux enforces
 * them: files and TCP ports by Landlock (sandbox_linux.c), all else by seccomp
 * (sandbox_calls_linux.c).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fail.h"
#include "mem.h"
#include "sandbox.h"
#include "sandbox_private.h"
#include "trace.h"

static bool entered;

void
sandbox_path(struct sandbox *s, const char *path, enum sandbox_may may)
{
	s->path = mem_grow(s->path, s->npath + 1, sizeof *s->path);
	s->path[s->npath++] = (struct sandbox_path){ mem_dup(path), may };
}

void
sandbox_beside(struct sandbox *s, const char *file, enum sandbox_may may)
{
	const char *slash = strrchr(file, '/');
	char *folder = mem_dup(slash == NULL ? "." : file);

	if (slash != NULL)
		folder[slash == file ? 1 : slash - file] = '\0';
	sandbox_path(s, folder, may);
	free(folder);
}

void
sandbox_port(struct sandbox *s, unsigned port)
{
	size_t i;

	for (i = 0; i < s->nport; i++)
		if (s->port[i] == port)
			return;
	s->port = mem_grow(s->port, s->nport + 1, sizeof *s->port);
	s->port[s->nport++] = port;
}

void
sandbox_warn(void)
{
	fail_print("WARNING: --no-sandbox: whoever breaks in by the network can do all that you can do");
}

bool
sandbox_entered(void)
{
	return entered;
}

static void
sandbox_say(int abi, bool calls)
{
	if (abi > 0)
		trace_note(TRACE_TALK, "confined by Landlock (version %d): files%s%s",
		    abi, abi >= 4 ? ", TCP ports" : "", abi >= 6 ?
		    ", signals" : "");
	else
		trace_note(TRACE_TALK, "not confined: this kernel has no Landlock for files and TCP ports");
	if (calls)
		trace_note(TRACE_TALK, "confined by seccomp: system calls");
	else
		trace_note(TRACE_TALK, "not confined: no seccomp for system calls here");
}

void
sandbox_forget(struct sandbox *s)
{
	while (s->npath > 0)
		free(s->path[--s->npath].path);
	free(s->path);
	free(s->port);
	*s = (struct sandbox){ 0 };
}

#ifdef SANDBOX_SANITIZED
/* Paths that the sanitizers read, and where they were told to write. */
static void
sanitizers(struct sandbox *s)
{
	static const char *const read[] = { "/proc", "/proc/self/exe", "/usr",
	    "/lib", "/lib64" };
	static const char *const options[] = { "ASAN_OPTIONS",
	    "UBSAN_OPTIONS", "TSAN_OPTIONS" };
	const char *log;
	char path[4096];
	size_t i;

	for (i = 0; i < sizeof read / sizeof *read; i++)
		sandbox_path(s, read[i], SANDBOX_READ);
	for (i = 0; i < sizeof options / sizeof *options; i++) {
		log = getenv(options[i]);
		log = log != NULL ? strstr(log, "log_path=/") : NULL;
		if (log == NULL)
			continue;
		log += strlen("log_path=");
		snprintf(path, sizeof path, "%.*s", (int)strcspn(log, ": "),
		    log);
		sandbox_beside(s, path, SANDBOX_WRITE);
	}
}
#else
static void
sanitizers(struct sandbox *s)
{
	(void)s;
}
#endif

void
sandbox_enter(struct sandbox *s)
{
	bool calls;
	int abi;

	sanitizers(s);
	tzset();		/* the time zone's file, while it can be read */
	abi = sandbox_files(s);
	calls = sandbox_calls(s);
	entered = abi > 0 || calls;
	sandbox_say(abi, calls);
	sandbox_forget(s);
}
