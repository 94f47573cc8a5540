/*
 * account_file: which proxy has a password, a home that is none, and one that
 * cannot be read
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "account_file.h"
#include "tap.h"

static const struct {
	const char *url;
	bool secret;
} proxies[] = {
	{ "socks5://h:1080", false },
	{ "socks5://jo@h:1080", false },
	{ "http://[::1]:3128", false },
	{ "off", false },
	{ "socks5://jo:pw@h", true },
	{ "socks5://:pw@h", true },
	{ "socks5://jo@corp.example:pw@h:1", true },
	{ "http://jo:p@w@h", true },
};

/* What is there, and cannot be opened, is not passed over as missing. */
static void
looped(void)
{
	struct account a = { .name = NULL };
	struct err e = { 0 };
	char dir[] = "/tmp/account.XXXXXX", link[64];

	ok(mkdtemp(dir) != NULL, "a directory");
	snprintf(link, sizeof link, "%s/postbag", dir);
	ok(symlink("postbag", link) == 0, "a link to itself");
	setenv("XDG_CONFIG_HOME", dir, 1);
	is_int(account_read(&a, &e), -1, "it is an error");
	is_int(e.code, EX_NOINPUT, "%s", e.msg);
	account_wipe(&a);
	unlink(link);
	rmdir(dir);
}

int
main(void)
{
	struct account a = { .name = NULL };
	struct err e = { 0 };
	size_t i;

	for (i = 0; i < sizeof proxies / sizeof *proxies; i++)
		is_int(account_file_proxy(proxies[i].url), proxies[i].secret,
		    "%s", proxies[i].url);
	setenv("XDG_CONFIG_HOME", "/dev/null", 1);
	is_int(account_read(&a, &e), 0, "no folder there %s", e.msg);
	ok(strstr(a.file.looked, "/dev/null/postbag/config: Not a directory") !=
	    NULL, "is told where an account is missed: %s", a.file.looked);
	account_wipe(&a);
	looped();
	return done();
}
