/*
 * mime.c: any bytes as a message made 7-bit, as a text, a file, and a header
 *
 * The first byte says which.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mime.h"

static struct msg_reader reader;

static void
must(bool good)
{
	if (!good)
		abort();
}

/* Pure 7-bit in lines of at most 998 that end with CRLF. */
static void
fit(const struct msg *m)
{
	static char in[65536];
	struct msg_look look = { 0 };
	struct err e = { 0 };
	uint64_t all = 0;
	ssize_t n;

	msg_start(&reader, m);
	while ((n = msg_read(&reader, in, sizeof in, &e)) > 0) {
		msg_look(&look, in, (size_t)n);
		all += (uint64_t)n;
	}
	msg_look(&look, "", 0);
	must(n == 0 && all == m->size && look.size == all);
	must(!look.eight && look.odd == NULL && !look.open_end);
	must(!m->eight && !m->utf8 && !m->odd);
}

static void
down(int fd, struct arena *a)
{
	struct err e = { 0 };
	struct msg m, to;

	if (msg_scan(&m, a, fd, MSG_ODD, &e) < 0)
		return;
	if (mime_downgrade(&m, &to, a, 0, &e) == 0)
		fit(&to);
	else
		must(e.code == EX_DATAERR);
	msg_close(&m);
	msg_close(&to);
}

static void
compose(int fd, struct arena *a, int how)
{
	struct mime_mail mail = MIME_MAIL_INIT;
	struct mime_file f = { .fd = fd, .name = "a.eml" };
	struct err e = { 0 };
	struct msg m;

	if ((how & 1) != 0)
		mail.text.fd = fd;
	if ((how & 2) != 0)
		mail.html.fd = fd;
	mail.files = mail.inlines = &f;
	mail.nfiles = (how & 4) != 0;
	mail.ninlines = (how & 8) != 0;
	must(mime_compose(&m, a, &mail, &e) == 0);
	fit(&m);
	msg_close(&m);
}

/* Cut at NUL into a name, an address, a subject, more fields, a file name. */
static void
header(struct str s, struct arena *a)
{
	struct mime_mail mail = MIME_MAIL_INIT;
	struct str left = s, one[5];
	struct mime_addr who[2];
	struct mime_file f = { .fd = -1, .path = "/dev/null" };
	const char *more;
	struct err e = { 0 };
	struct msg m;
	size_t i;

	for (i = 0; i < 5; i++)
		one[i] = str_cut(&left, '\0');
	who[0] = who[1] = (struct mime_addr){ one[0], one[1] };
	mail.from = mail.to = (struct mime_addrs){ who, 2 };
	mail.subject = one[2];
	more = arena_dup(a, one[3]);
	mail.fields = &more;
	mail.nfields = one[3].n > 0;
	f.name = arena_dup(a, one[4]);
	mail.files = &f;
	mail.nfiles = 1;
	if (mime_compose(&m, a, &mail, &e) == 0) {
		fit(&m);
		must(!msg_field(&m, "Bcc", NULL));
		msg_close(&m);
	} else
		must(e.code == EX_USAGE);
}

int LLVMFuzzerTestOneInput(const unsigned char *, size_t);

int
LLVMFuzzerTestOneInput(const unsigned char *p, size_t n)
{
	static int fd = -1;
	struct arena a = { 0 };

	if (n == 0)
		return 0;
	if (fd < 0)
		fd = memfd_create("fuzz", 0);
	must(ftruncate(fd, 0) == 0);
	must(pwrite(fd, p + 1, n - 1, 0) == (ssize_t)(n - 1));
	lseek(fd, 0, SEEK_SET);
	if (p[0] < 128)
		down(fd, &a);
	else if (p[0] < 192)
		compose(fd, &a, p[0]);
	else
		header((struct str){ (const char *)p + 1, n - 1 }, &a);
	arena_free(&a);
	return 0;
}
