/* later.c: refusals that pass, and those that do not, in the words of servers */
#include "later.h"
#include "tap.h"

static const struct {
	const char *text;
	bool passes;
} t[] = {
	{ "mailbox is locked", true },
	{ "Can't get lock.  Mailbox in use", true },
	{ "[ALERT] Too many simultaneous connections. (Failure)", true },
	{ "[ALERT] Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10)", true },
	{ "Account exceeded command or bandwidth limits. (Failure)", true },
	{ "too many open connections for user", true },
	{ "User is authenticated but not connected.", true },
	{ "Temporary authentication failure", true },
	{ "your mailbox is already open in another session", true },
	{ "user already logged in", true },
	{ "the maximum number of sessions has been reached", true },
	{ "[ALERT] Invalid credentials (Failure)", false },
	{ "too many failed login attempts", false },
	{ "account is locked", false },
	{ "authentication failed", false },
	{ "invalid password, try again", false },
	{ "no such user", false },
	{ "password expired", false },
	{ "", false },
};

int
main(void)
{
	size_t i;

	for (i = 0; i < sizeof t / sizeof *t; i++)
		is_int(later_by_words(str_of(t[i].text)), t[i].passes, "%s",
		    t[i].text);
	return done();
}
