/*
 * sendheader.c: fuzz: a message on the standard input of sendmail -t
 *
 * Up to a lone dot; recipients, sender and Bcc from its header.  Whatever it
 * is, the envelope can be said in commands, nobody can read who was hidden, and
 * the message is as long as it says, with the line ends of the wire.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "file.h"
#include "letter.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
must(bool held)
{
	if (!held)
		abort();
}

/* RFC 5321: no control byte, and what ends or parts paths only in quotes. */
static void
sayable(const char *addr)
{
	bool quoted = false;

	must(strlen(addr) <= 320 && strchr(addr, '@') != NULL);
	for (; *addr != '\0'; addr++) {
		must((unsigned char)*addr >= ' ' && *addr != 0x7f);
		if (*addr == '\\' && quoted)
			must(*++addr != '\0');
		else if (*addr == '"')
			quoted = !quoted;
		else if (!quoted)
			must(strchr(" <>,;()", *addr) == NULL);
	}
	must(!quoted);
}

static void
readable(const struct msg *m)
{
	struct msg_reader *r = mem_new(1, sizeof *r);
	struct err e = { 0 };
	uint64_t size = 0;
	char some[4096], last = '\n';
	ssize_t n, i;

	msg_start(r, m);
	while ((n = msg_read(r, some, sizeof some, &e)) > 0) {
		for (i = 0; i < n; i++) {
			must(some[i] != '\0');
			must((some[i] == '\n') == (last == '\r') ||
			    size + (uint64_t)i == 0);
			last = some[i];
		}
		size += (uint64_t)n;
	}
	must(n == 0 && size == m->size && (size == 0 || last == '\n'));
	free(r);
}

/* The first byte has the options. */
int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static int in = -1;
	struct options o = { .sendmail.called = true,
	    .message.read_recipients = true };
	struct letter_source from = { .fd = -1, .self = "me@self.test" };
	struct arena arena = { 0 };
	struct letter l = { .arena = &arena };
	struct err e = { 0 };
	size_t i;

	if (n == 0)
		return 0;
	if (in < 0)
		in = memfd_create("stdin", 0);
	must(in >= 0 && ftruncate(in, 0) == 0 && lseek(in, 0, SEEK_SET) == 0 &&
	    file_write(in, p + 1, n - 1, &e) == 0 &&
	    lseek(in, 0, SEEK_SET) == 0 && dup2(in, 0) == 0);
	o.sendmail.no_dot = (p[0] & 1) != 0;
	o.message.recode = (p[0] & 2) != 0;
	if ((p[0] & 4) != 0)
		opt_list_add(&arena, &from.to, "root");
	if ((p[0] & 8) != 0)
		o.sendmail.sender = "cron";
	if (letter_write(&l, &o, &from, &e) == 0) {
		must(l.envelope.mail.n > 0);
		for (i = 0; i < l.envelope.mail.n; i++)
			sayable(l.envelope.mail.rcpt[i].addr);
		if (l.envelope.mail.from[0] != '\0')
			sayable(l.envelope.mail.from);
		must(!msg_field(&l.msg, "Bcc", NULL));
		if (!l.msg.odd)
			readable(&l.msg);
	} else {
		must(e.code != 0 && e.msg[0] != '\0');
	}
	letter_close(&l);
	arena_free(&arena);
	return 0;
}
