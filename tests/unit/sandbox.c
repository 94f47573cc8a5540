/* sandbox.c of the tests: rule 19, what a taken-over process could still do */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox.h"
#include "tap.h"

static int
try_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

/* ECONNREFUSED is a connect that was allowed. */
static int
try_connect(unsigned port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
	    .sin_port = htons((uint16_t)port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int got = connect(fd, (struct sockaddr *)&to, sizeof to) < 0 ? errno :
	    0;

	close(fd);
	return got;
}

static int
try_exec(void)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		execl("/bin/true", "true", (char *)NULL);
		_exit(errno == EACCES ? 77 : 1);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int
main(void)
{
	char dir[] = "/tmp/sandbox.XXXXXX", in[64], out[64];
	const char *read[] = { "/etc/ssl", "/nonexistent", NULL };
	const char *write[] = { dir, NULL };
	const unsigned ports[] = { 993, 0 };

	if (mkdtemp(dir) == NULL)
		return 1;
	snprintf(in, sizeof in, "%s/x", dir);
	snprintf(out, sizeof out, "%s-out", dir);
	ok(try_open("/etc/passwd", O_RDONLY) == 0, "control: readable before");
	ok(try_exec() == 0, "control: executable before");
	ok(try_connect(8025) == ECONNREFUSED, "control: any port before");
	if (!sandbox_enter(&(struct sandbox){ read, write, ports })) {
		ok(true, "the kernel has no Landlock # SKIP");
		return done();
	}
	is_int(try_open("/etc/passwd", O_RDONLY), EACCES, "others' files");
	is_int(try_open("/etc/ssl/openssl.cnf", O_RDONLY), 0, "named files");
	is_int(try_open("/etc/ssl/x", O_WRONLY | O_CREAT), EACCES,
	    "named files are not writable");
	is_int(try_open(in, O_WRONLY | O_CREAT), 0, "the place to write");
	is_int(try_open(out, O_WRONLY | O_CREAT), EACCES, "nowhere else");
	is_int(try_exec(), 77, "nothing can be executed");
	is_int(try_connect(993), ECONNREFUSED, "the port named");
	if (try_connect(8025) == ECONNREFUSED)
		ok(true, "ports # SKIP Landlock ABI below 4");
	else
		is_int(try_connect(8025), EACCES, "no other port");
	unlink(in);
	rmdir(dir);
	return done();
}
