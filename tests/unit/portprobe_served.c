/*
 * portprobe_served.c: ports of one address that serve different certificates:
 * which of these is a renewal that did not reach the other port
 */
#include "served.h"

#include "jobs.h"
#include "report.h"
#include "target.h"
#include "tap.h"

enum { DAY = 86400 };

static const char *two[] = { "a.test", "b.test" }, *turned[] = { "b.test",
    "a.test" }, *other[] = { "c.test" };

/* What another port has beside "1" of day 100: "EC P-256", of a and b. */
static const struct {
	const char *name, *sha256;
	int day;
	const char **san;
	size_t nsan;
	const char *key, *subject;
	bool self;
	unsigned nth, port;
	const char *want;		/* a part of it; NULL: nothing */
} rows[] = {
	{ "the same", "1", 100, two, 2, "EC P-256", "s", false, 0, 465, NULL },
	{ "newer", "2", 101, two, 2, "EC P-256", "s", false, 0, 465,
	    "port 465 serves a newer one for the same names, of 1970-04-12; "
	    "this one is of 1970-04-11" },
	{ "older", "2", 99, two, 2, "EC P-256", "s", false, 0, 465,
	    "an older one" },
	{ "of the same time", "2", 100, two, 2, "EC P-256", "s", false, 0, 465,
	    "another one for the same names, of 1970-04-11; this one is of the same day" },
	{ "names in another order", "2", 101, turned, 2, "EC P-256", "s", false,
	    0, 465, "a newer one" },
	{ "another size of key", "2", 101, two, 2, "EC P-384", "s", false, 0,
	    465, "a newer one" },
	{ "another kind of key", "2", 101, two, 2, "RSA 2048", "s", false, 0,
	    465, NULL },
	{ "other names", "2", 101, other, 1, "EC P-256", "s", false, 0, 465,
	    NULL },
	{ "one name of two", "2", 101, two, 1, "EC P-256", "s", false, 0, 465,
	    NULL },
	{ "self-signed", "2", 101, two, 2, "EC P-256", "s", true, 0, 465,
	    NULL },
	{ "another address", "2", 101, two, 2, "EC P-256", "s", false, 1, 465,
	    NULL },
	{ "the same port, once more", "2", 101, two, 2, "EC P-256", "s", false,
	    0, 25, NULL },
};

static struct target target;
static struct host host;
static struct tls_cert cert;
static struct report report = { .mem = &target.mem, .tls = {
    .have_cert = true, .facts = { .cert = &cert, .ncert = 1 } } };

static struct job
job(unsigned nth, unsigned port)
{
	return (struct job){ .host = &host, .nth = nth, .port.number = port };
}

static void
serves(unsigned nth, unsigned port, const char *sha256, int day,
    const char **san, size_t nsan)
{
	struct job j = job(nth, port);

	cert.sha256 = sha256;
	cert.from = (int64_t)day * DAY;
	cert.san = san;
	cert.nsan = nsan;
	served_note(&j, &report);
}

static void
begin(void)
{
	host = (struct host){ .target = &target };
	cert = (struct tls_cert){ .subject = "s", .key = "EC P-256" };
}

static const char *
elsewhere(unsigned port)
{
	struct job j = job(0, port);

	return served_elsewhere(&j, &report);
}

static void
row(size_t i)
{
	const char *got;

	begin();
	cert.key = rows[i].key;
	cert.subject = rows[i].subject;
	cert.self_signed = rows[i].self;
	serves(rows[i].nth, rows[i].port, rows[i].sha256, rows[i].day,
	    rows[i].san, rows[i].nsan);
	cert.key = "EC P-256";
	cert.self_signed = false;
	serves(0, 25, "1", 100, two, 2);
	got = elsewhere(25);
	if (!ok(rows[i].want == NULL ? got == NULL : got != NULL &&
	    strstr(got, rows[i].want) != NULL, "%s", rows[i].name))
		diag("%s", got != NULL ? got : "nothing");
}

static void
several(void)
{
	begin();
	serves(0, 25, "1", 100, two, 2);
	serves(0, 465, "2", 90, two, 2);
	serves(0, 587, "3", 110, two, 2);
	serves(0, 993, "4", 105, two, 2);
	ok(strstr(elsewhere(25), "port 587 ") != NULL, "the newest of several");
	begin();
	serves(0, 993, "2", 110, two, 2);
	serves(0, 587, "2", 110, two, 2);
	serves(0, 25, "1", 100, two, 2);
	ok(strstr(elsewhere(25), "port 587 ") != NULL,
	    "of two that are as new the lower port");
	ok(elsewhere(110) == NULL, "a port without a certificate");
	report.tls.have_cert = false;
	serves(0, 110, "3", 120, two, 2);
	report.tls.have_cert = true;
	ok(elsewhere(110) == NULL, "which has none to tell of");
	begin();
	cert.subject = "one";
	serves(0, 465, "2", 110, two, 0);
	cert.subject = "two";
	serves(0, 25, "1", 100, two, 0);
	ok(elsewhere(25) == NULL, "without names the subject tells them apart");
	cert.subject = "two";
	serves(0, 587, "3", 110, two, 0);
	ok(strstr(elsewhere(25), "port 587 ") != NULL, "or not");
}

int
main(void)
{
	size_t i;

	for (i = 0; i < sizeof rows / sizeof *rows; i++)
		row(i);
	several();
	arena_free(&target.mem);
	return done();
}
