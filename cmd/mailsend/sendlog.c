/* sendlog.c: a line for each message, for those whom nobody tells anything */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sendlog.h"
#include "clock.h"
#include "file.h"

enum { SENDLOG_MAX = 65536 };

void
sendlog_open(struct run *run)
{
	const char *path = run->options->sending.log;

	run->log = -1;
	if (path == NULL || run->options->sending.dry_run)
		return;
	path = file_path(&run->account.arena, path);
	run->log = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC |
	    O_NOCTTY | O_NONBLOCK, 0640);
	if (run->log < 0)
		fail_print("--log: %s: %s", path, strerror(errno));
}

static void
put_rcpts(struct buf *b, const struct smtp_mail *m)
{
	const struct smtp_rcpt *p;
	size_t i;

	for (i = 0; i < m->n; i++) {
		p = &m->rcpt[i];
		buf_printf(b, " to=<%s> %s", p->addr, report_state(p->state));
		if (p->reply.code != 0)
			buf_printf(b, " (%d%s%s %s)", p->reply.code,
			    p->reply.status[0] != '\0' ? " " : "",
			    p->reply.status, p->reply.text);
		else if (p->reply.text[0] != '\0')
			buf_printf(b, " (%s)", p->reply.text);
		if (p->via != NULL)
			buf_printf(b, " via=\"%s\"", p->via);
	}
}

/* In one write(2), escaped. */
static void
log_line(const struct run *run, struct str text)
{
	char *safe = mem_new(4 * SENDLOG_MAX + 2, 1);
	size_t n;

	str_escape(safe, 4 * SENDLOG_MAX, text);
	n = strlen(safe);
	safe[n++] = '\n';
	if (write(run->log, safe, n) < 0)
		fail_print("--log: %s", strerror(errno));
	free(safe);
}

/* "2026-01-02T03:04:05Z" */
static void
log_time(char at[32])
{
	time_t now = clock_wall();
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(at, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

void
sendlog_text(const struct run *run, const char *text)
{
	struct buf b = { .max = SENDLOG_MAX };
	char at[32];

	if (run->log < 0) {
		fail_print("%s", text);
		return;
	}
	log_time(at);
	buf_printf(&b, "%s %s", at, text);
	log_line(run, BUF_STR(b));
	buf_free(&b);
}

/* A line that is too long is cut, and says so. */
void
sendlog_message(const struct letter *l, const struct run *run,
    const struct report *r, int status, const char *why)
{
	struct buf b = { .max = SENDLOG_MAX };
	char at[32];

	if (run->log < 0)
		return;
	log_time(at);
	buf_printf(&b, "%s status=%d id=%s from=<%s> server=%s", at, status,
	    l->id != NULL ? l->id : "-", l->envelope.mail.from != NULL ?
	    l->envelope.mail.from : "", r->host[0] != '\0' ? r->host : "-");
	if (r->queued != NULL)
		buf_printf(&b, " queued=%s", r->queued);
	if (why[0] != '\0')
		buf_printf(&b, " error=\"%s\"", why);
	put_rcpts(&b, &l->envelope.mail);
	if (b.over)
		b.n = 0;
	if (b.over)
		buf_printf(&b, "%s status=%d id=%s: a line too long", at,
		    status, l->id != NULL ? l->id : "-");
	log_line(run, BUF_STR(b));
	buf_free(&b);
}
