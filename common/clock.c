/* clock.c: deadlines on the monotonic clock, and the one wall clock */
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "os.h"

int64_t
clock_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t
clock_slept(void)
{
	struct timespec t;
	int64_t awake = clock_us();

	os_uptime(&t);
	return ((int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000 - awake) /
	    1000;
}

int64_t
clock_ms(void)
{
	return clock_us() / 1000;
}

int64_t
clock_in(double s)
{
	return s <= 0 || s > 1e9 ? CLOCK_NEVER :
	    clock_ms() + (int64_t)(s * 1000 + 0.5);
}

int
clock_left(int64_t deadline)
{
	int64_t left;

	if (deadline == CLOCK_NEVER)
		return -1;
	left = deadline - clock_ms();
	if (left < 0)
		return 0;
	return left > INT_MAX ? INT_MAX : (int)left;
}

double
clock_about(double s)
{
	return s * (0.9 + (double)(clock_us() & 1023) / 5120);
}

time_t
clock_wall(void)
{
	return time(NULL);
}

int64_t
clock_wall_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* Linux has a name for each start. */
static void
learn_boot(char *boot, size_t cap)
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

const char *
clock_boot(void)
{
	static char boot[40];

	if (boot[0] == '\0')
		learn_boot(boot, sizeof boot);
	return boot;
}
