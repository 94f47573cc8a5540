/* service.c: what a service manager is told, and when */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "service.h"
#include "tap.h"

static int pair[2];

/* What it was told; "" if nothing. */
static const char *
heard(void)
{
	static char text[3000];
	ssize_t n = recv(pair[0], text, sizeof text - 1, MSG_DONTWAIT);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void
begin(const char *usec, int pid)
{
	char text[20];

	snprintf(text, sizeof text, "%d", pid);
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) < 0)
		abort();
	setenv("NOTIFY_SOCKET", "/x", 1);
	setenv("WATCHDOG_USEC", usec, 1);
	setenv("WATCHDOG_PID", text, 1);
	service_begin(pair[1]);
	is_str(heard(), "READY=1", "%s us, %s: it is ready", usec,
	    pid == getpid() ? "ours" : "another's");
}

static void
end(void)
{
	service_leave();
	ok(service_due() == CLOCK_NEVER, "one that left is not due");
	close(pair[0]);
}

static void
beats(void)
{
	struct timespec some = { .tv_nsec = 10000000 };
	int64_t before = clock_ms(), due;

	begin("100000000", getpid());
	ok(service_due() >= before + 50000 && service_due() <=
	    clock_ms() + 50000, "due after half of the time");
	ok(getenv("NOTIFY_SOCKET") == NULL && getenv("WATCHDOG_USEC") == NULL &&
	    getenv("WATCHDOG_PID") == NULL, "commands do not speak for it");
	service_beat();
	is_str(heard(), "", "not before that");
	end();
	begin("2000", getpid());
	due = service_due();
	nanosleep(&some, NULL);
	service_beat();
	is_str(heard(), "WATCHDOG=1", "alive when that is due");
	ok(service_due() > due && service_due() != CLOCK_NEVER,
	    "and due once more");
	end();
	service_beat();
}

static void
unwatched(void)
{
	static const struct {
		const char *usec;
		bool ours;
	} c[] = { { "1999", true }, { "", true }, { "x", true },
	    { "100000000", false } };
	size_t i;

	for (i = 0; i < sizeof c / sizeof *c; i++) {
		begin(c[i].usec, c[i].ours ? getpid() : getppid());
		ok(service_due() == CLOCK_NEVER, "never due");
		end();
	}
}

static void
says(void)
{
	begin("", getpid());
	service_say("STATUS=%s", "a\nREADY=0");
	is_str(heard(), "STATUS=a\\nREADY=0", "one line, whatever it says");
	end();
	service_say("STATUS=x");
	service_begin(-1);
	service_say("STATUS=x");
	ok(service_due() == CLOCK_NEVER, "no manager");
}

int
main(void)
{
	beats();
	unwatched();
	says();
	return done();
}
