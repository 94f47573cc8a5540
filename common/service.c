/* service.c: what a service manager is told (sd_notify(3)), if there is one */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "service.h"
#include "str.h"

static int to = -1;
static int64_t every, due = CLOCK_NEVER;	/* ms */

/* One that is lost is no failure: the next says the same. */
static void
service_send(const char *text)
{
	if (to >= 0)
		(void)!write(to, text, strlen(text));
}

/* Half of the time that the manager waits, as sd_watchdog_enabled(3) says. */
static void
wind_up(void)
{
	const char *usec = getenv("WATCHDOG_USEC");
	const char *pid = getenv("WATCHDOG_PID");
	uint64_t n;

	if (usec == NULL || str_num(str_of(usec), INT64_MAX, &n) < 0 ||
	    n < 2000)
		return;
	every = (int64_t)(n / 2000);
	if (pid == NULL || (str_num(str_of(pid), INT32_MAX, &n) == 0 &&
	    (pid_t)n == getpid()))
		due = clock_ms() + every;
}

void
service_begin(int fd)
{
	to = fd;
	if (fd >= 0)
		wind_up();
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	service_send("READY=1");
}

void
service_leave(void)
{
	if (to >= 0)
		close(to);
	to = -1;
	due = CLOCK_NEVER;
}

void
service_say(const char *fmt, ...)
{
	char raw[1024], safe[2048];
	va_list ap;

	if (to < 0)
		return;
	va_start(ap, fmt);
	vsnprintf(raw, sizeof raw, fmt, ap);
	va_end(ap);
	str_escape(safe, sizeof safe, str_of(raw));	/* one line */
	service_send(safe);
}

void
service_beat(void)
{
	if (due == CLOCK_NEVER || clock_left(due) > 0)
		return;
	due = clock_ms() + every;
	service_send("WATCHDOG=1");
}

int64_t
service_due(void)
{
	return due;
}
