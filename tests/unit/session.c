/* session.c of the tests: nothing begins without a list of what is opened */
#include "mem.h"
#include "session.h"
#include "tap.h"

/* Beside others it may lack its password; no file gives it one later. */
static void
beside(void)
{
	struct sandbox box = { 0 };
	struct account a = { .server = { .scheme = ACCOUNT_IMAP,
	    .host = "192.0.2.1", .port = 143 }, .tls = ACCOUNT_TLS_OFF,
	    .login = { .user = "jo", .password_file = "/nonexistent" },
	    .role = ACCOUNT_BESIDE, .again = true, .no_sandbox = true,
	    .box = &box };
	struct session s;
	struct err first = { 0 }, e = { 0 };

	is_int(session_ready(&s, &a, &e), 0, "beside others: no password");
	is_int(session_connect(&s, &first), -1, "it does not connect");
	is_int(session_renew(&s, &e), -1, "nor later");
	is_int(e.code, first.code, "for the same reason");
	is_str(e.msg, first.msg, "in the same words");
	fail_clear(&e);
	is_int(session_connect(&s, &e), -1, "and so on");
	is_str(e.msg, first.msg, "that is why");
	session_close(&s);
	arena_free(&a.arena);
}

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
	beside();
	return done();
}
