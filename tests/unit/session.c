/* session.c of the tests: nothing begins without a list of what is opened */
#include "session.h"
#include "tap.h"

int
main(void)
{
	struct account a = { .server = { .scheme = ACCOUNT_SMTP,
	    .host = "192.0.2.1", .port = 25 }, .tls = ACCOUNT_TLS_OFF };
	struct sandbox box = { 0 };
	struct session s;
	struct err e = { 0 };

	is_int(session_ready(&s, &a, &e), -1, "no list, no session");
	is_int(e.code, EX_SOFTWARE, "that is a fault of the program");
	a.no_sandbox = true;
	fail_clear(&e);
	is_int(session_ready(&s, &a, &e), -1, "with --no-sandbox neither");
	a.box = &box;
	fail_clear(&e);
	is_int(session_ready(&s, &a, &e), 0, "control: an empty list will do");
	ok(!sandbox_entered(), "--no-sandbox: not confined");
	session_close(&s);
	a.no_sandbox = false;
	is_int(session_ready(&s, &a, &e), 0, "ready");
	session_close(&s);
	return done();
}
