/* account_file: which proxy has a password, and a home that is none */
#include <stdlib.h>
#include <string.h>

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
	return done();
}
