/* imapsync_link.c: what is selected on a connection */
#include "fuzz/server.h"
#include "box.h"
#include "link.h"
#include "tap.h"

static struct err e;
static struct run run = { .e = &e, .report.title = "test" };

/* The next command that the server hears, without its tag; "" if none. */
static const char *
heard(int fd)
{
	static char text[200];
	ssize_t n = recv(fd, text, sizeof text - 1, MSG_DONTWAIT);

	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\r")] = '\0';
	return strchr(text, ' ') != NULL ? strchr(text, ' ') + 1 : text;
}

static void
selecting(void)
{
	static const char says[] =
	    "* OK [UIDVALIDITY 7] x\r\nA2 OK x\r\n"
	    "* OK [UIDVALIDITY 9] x\r\nA3 OK x\r\n";
	struct box a = { .run = &run, .name = "a",
	    .far.seen.uidvalidity = 7 };
	struct box b = { .run = &run, .name = "b",
	    .far.seen.uidvalidity = 8 };
	struct link l = { .run = &run };
	int fd;
	struct conn *c = server_says((const uint8_t *)says, sizeof says - 1,
	    &fd, &e);

	conn_phase(c, "the test", 20);
	l.imap = (struct imap){ .c = c, .authed = true };
	link_selected(&l, &a);
	is_int(link_select(&l, &a), 0, "what is selected");
	conn_flush(c);
	is_str(heard(fd), "", "is not selected again");
	link_ask_select(&l, &b, true, NULL);
	conn_flush(c);
	is_str(heard(fd), "EXAMINE \"b\"", "another one, for reading");
	is_int(link_select(&l, &a), 0, "then the first for writing");
	is_str(heard(fd), "SELECT \"a\"", "is selected anew");
	ok(l.selected == &a && !box_failed(&a), "and is it");
	is_int(link_select(&l, &b), 1, "one whose UIDs are others by now");
	ok(l.selected == NULL && box_failed(&b), "is not written to");
	link_unselect(&l);
	conn_flush(c);
	ok(l.selected == NULL, "nor is one after UNSELECT");
	imap_free(&l.imap);
	conn_close(c);
	close(fd);
}

int
main(void)
{
	selecting();
	is_int(e.code, 0, "no failure: %s", e.msg);
	return done();
}
