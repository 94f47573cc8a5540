/*
 * sendlog.c: a line for each message, for those whom nobody tells anything
 *
 * syslog(3) would open its socket when the sandbox is closed, and again after a
 * failure; ours is opened before, and written to with write(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sendlog.h"
#include "clock.h"
#include "file.h"
#include "net.h"

enum {
	SENDLOG_MAX = 65536,
	SYSLOG_MAX = 8000,		/* what rsyslog takes as it comes */
	MAIL_INFO = 2 << 3 | 6		/* RFC 5424 6.2.1 */
};
#define SYSLOG "/dev/log"
#define JOURNAL "/run/systemd/journal/socket"

static const char *
log_socket(const char *to)
{
	if (strcmp(to, "syslog") == 0)
		return SYSLOG;
	return strcmp(to, "journal") == 0 ? JOURNAL : NULL;
}

void
sendlog_open(struct run *run)
{
	const char *path = run->options->sending.log;
	struct err e = { 0 };

	run->log = -1;
	if (path == NULL || run->options->sending.dry_run)
		return;
	if (log_socket(path) != NULL) {
		run->log = net_unix_datagrams(log_socket(path), &e);
		if (run->log < 0)
			fail_print("--log %s: %s", path, e.msg);
		return;
	}
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

/* What stands before a line of a log that is not ours alone. */
static void
log_prefix(struct buf *b, const char *to)
{
	char at[32];
	time_t now = clock_wall();
	struct tm tm;

	if (strcmp(to, "journal") == 0) {
		buf_printf(b, "PRIORITY=%d\nSYSLOG_FACILITY=%d\nSYSLOG_IDENTIFIER=mailsend\nMESSAGE=",
		    MAIL_INFO & 7, MAIL_INFO >> 3);
	} else if (strcmp(to, "syslog") == 0) {
		localtime_r(&now, &tm);
		strftime(at, sizeof at, "%b %e %H:%M:%S", &tm);
		buf_printf(b, "<%d>%s mailsend[%ld]: ", MAIL_INFO, at,
		    (long)getpid());
	}
}

/* In one write(2), escaped; what a datagram has no room for is cut. */
static void
log_line(const struct run *run, struct str text)
{
	const char *to = run->options->sending.log;
	char *safe = mem_new(4 * SENDLOG_MAX + 2, 1);
	struct buf b = { .max = 4 * SENDLOG_MAX + 300 };
	bool whole = log_socket(to) == NULL;

	log_prefix(&b, to);
	str_escape(safe, 4 * SENDLOG_MAX, text);
	if (!whole && strlen(safe) > SYSLOG_MAX)
		memcpy(safe + SYSLOG_MAX, " (cut)", sizeof " (cut)");
	buf_s(&b, safe);
	if (strcmp(to, "syslog") != 0)
		buf_c(&b, '\n');
	if (write(run->log, b.p, b.n) < 0)
		fail_print("--log: %s", strerror(errno));
	buf_free(&b);
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

/* Of more recipients than a line has room for it has the number. */
void
sendlog_message(const struct letter *l, const struct run *run,
    const struct report *r, int status, const char *why)
{
	struct buf b = { .max = SENDLOG_MAX };
	size_t start;
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
	start = b.n;
	put_rcpts(&b, &l->envelope.mail);
	if (b.over) {
		b.n = start;
		b.over = false;
		b.max += 100;
		buf_printf(&b, " to=%zu recipients: a line too long",
		    l->envelope.mail.n);
	}
	log_line(run, BUF_STR(b));
	buf_free(&b);
}
