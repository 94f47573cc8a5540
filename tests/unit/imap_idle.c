/* imap_idle.c: IDLE and NOTIFY: what is news, and what is none */
#include "fuzz/server.h"
#include "imap_idle.h"
#include "imap_notify.h"
#include "tap.h"

static struct err e;
static struct imap m;
static int fd;

static void
begin(const char *says)
{
	struct conn *c = server_says((const uint8_t *)says, strlen(says), &fd,
	    &e);

	conn_phase(c, "the test", 20);
	m = (struct imap){ .c = c, .authed = true };
}

static void
end(void)
{
	struct conn *c = m.c;

	imap_free(&m);
	conn_close(c);
	close(fd);
	fail_clear(&e);
}

static void
idle(void)
{
	static const struct {
		const char *says;
		bool others;
		int want, code;
	} c[] = {
	{ "+ idling\r\n* 3 EXISTS\r\nA1 OK x\r\n", false, 1, 0 },
	{ "+ idling\r\n* 3 EXPUNGE\r\nA1 OK x\r\n", false, 1, 0 },
	{ "+ idling\r\n* 3 FETCH (FLAGS ())\r\nA1 OK x\r\n", false, 1, 0 },
	{ "+ idling\r\n* VANISHED 3\r\nA1 OK x\r\n", false, 1, 0 },
	{ "* 3 EXISTS\r\n+ idling\r\nA1 OK x\r\n", false, 1, 0 },
	{ "* 3 EXISTS\r\n* OK x\r\n+ idling\r\nA1 OK x\r\n", false, 1, 0 },
	{ "+ idling\r\n* STATUS a (MESSAGES 1)\r\nA1 OK x\r\n", true, 1, 0 },
	{ "* STATUS a (MESSAGES 1)\r\n+ idling\r\nA1 OK x\r\n", true, 1, 0 },
	{ "+ idling\r\n* STATUS a (MESSAGES 1)\r\nA1 OK x\r\n", false, -1,
	    EX_TEMPFAIL },
	{ "+ idling\r\n* OK still here\r\nA1 OK x\r\n", true, -1,
	    EX_TEMPFAIL },
	{ "A1 NO not you\r\n", true, -1, EX_UNAVAILABLE },
	{ "+ idling\r\n* BYE x\r\n", true, -1, EX_TEMPFAIL },
	{ "+ idling\r\n* 3 EXISTS\r\n", true, -1, EX_TEMPFAIL },
	{ "+ idling\r\nA1 OK done\r\nA1 OK x\r\n", true, -1, EX_TEMPFAIL },
	};
	size_t i;

	for (i = 0; i < sizeof c / sizeof *c; i++) {
		begin(c[i].says);
		is_int(imap_idle(&m, 20, c[i].others), c[i].want, "IDLE, %zu",
		    i);
		is_int(e.code, c[i].code, "%s", e.msg);
		end();
	}
}

/* Until the time is over, and until DONE is answered. */
static void
quiet(void)
{
	begin("+ idling\r\nA1 OK x\r\n");
	is_int(imap_idle(&m, 0, true), 0, "nothing comes");
	end();
	begin("+ idling\r\n");
	is_int(imap_idle(&m, 0, true), -1, "nor does the end");
	end();
}

static void
notify(void)
{
	static const struct imap_told v[] = { { "a", 7 }, { "b", 0 } };
	static const struct {
		const char *says;
		int want;
	} c[] = {
	{ "* STATUS a (UIDNEXT 7 MESSAGES 9)\r\nA1 OK x\r\n", 0 },
	{ "* STATUS a (MESSAGES 9 UIDNEXT 8)\r\nA1 OK x\r\n", 1 },
	{ "* STATUS a (UIDNEXT 6)\r\nA1 OK x\r\n", 1 },
	{ "* STATUS b (UIDNEXT 8)\r\nA1 OK x\r\n", 0 },
	{ "* STATUS c (UIDNEXT 8)\r\nA1 OK x\r\n", 0 },
	{ "* STATUS a (UIDNEXT 8)\r\n* STATUS a (UIDNEXT 7)\r\nA1 OK x\r\n", 1 },
	{ "* 3 EXISTS\r\nA1 OK x\r\n", 1 },
	{ "* 3 EXISTS\r\n* STATUS a (UIDNEXT 7)\r\nA1 OK x\r\n", 1 },
	{ "* 3 EXISTS\r\nA1 NO [BADEVENT] x\r\n", 2 },
	{ "A1 BAD x\r\n", 2 },
	{ "* BYE x\r\n", -1 },
	};
	struct imap_told many[2500];
	size_t i;

	for (i = 0; i < sizeof c / sizeof *c; i++) {
		begin(c[i].says);
		is_int(imap_notify(&m, v, 2), c[i].want, "NOTIFY, %zu", i);
		end();
	}
	for (i = 0; i < 2500; i++)
		many[i] = v[0];
	begin("A1 OK x\r\n");
	is_int(imap_notify(&m, many, 2500), 2, "more than a line may have");
	is_int(imap_notify(&m, many, 0), 2, "none");
	end();
	begin("A1 OK x\r\n");
	is_int(imap_notify_end(&m), 0, "and no more");
	end();
}

int
main(void)
{
	idle();
	quiet();
	notify();
	return done();
}
