/* queue_clock.c: how long something waits, whatever is done to the clock */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "queue_clock.h"
#include "clock.h"
#include "os.h"

enum { NO_MATTER = 3600 };

/* Linux has a name for each start; without it there is only the clock. */
static void
read_boot(char *boot, size_t cap)
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return;
	n = read(fd, boot, cap - 1);
	boot[n > 0 ? n : 0] = '\0';
	boot[strcspn(boot, " \n")] = '\0';
	close(fd);
}

void
queue_clock_now(struct queue_clock *c)
{
	static char boot[sizeof c->boot];
	struct timespec up;

	if (boot[0] == '\0')
		read_boot(boot, sizeof boot);
	os_uptime(&up);
	memcpy(c->boot, boot, sizeof boot);
	c->up = up.tv_sec;
	c->wall = clock_wall();
}

int64_t
queue_clock_set(const struct queue_clock *then, const struct queue_clock *now)
{
	int64_t by;

	if (now->boot[0] == '\0' || strcmp(then->boot, now->boot) != 0 ||
	    then->up > now->up)
		return 0;
	by = (now->wall - then->wall) - (now->up - then->up);
	return by > NO_MATTER || by < -NO_MATTER ? by : 0;
}
