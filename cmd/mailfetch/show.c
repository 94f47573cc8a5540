/* show.c: --list, --check, --probe: what is there, and who says so */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conn_tls.h"
#include "date.h"
#include "field.h"
#include "show.h"
#include "turn.h"

void
show_begin(struct run *r)
{
	turn_take(r->p->turn);
	if (!r->o->account.json && !r->o->account.quiet)
		printf("%c %7s %9s  %-16s  %-28s  %s\n", ' ', "number",
		    "size", "date", "from", "subject");
}

static void
json_line(struct run *r, const struct listing *l)
{
	struct buf b = { .max = 1 << 16 };
	struct json j = { .out = &b };

	json_open(&j, NULL, '{');
	json_int(&j, "v", 1);
	json_s(&j, "account", r->o->title);
	if (l->m->folder != NULL)
		json_s(&j, "folder", l->m->folder);
	json_int(&j, l->m->folder != NULL ? "uid" : "number", l->m->number);
	if (l->m->id != NULL)
		json_str(&j, "uidl", str_of(l->m->id));
	json_int(&j, "size", (int64_t)l->m->size);
	field_json(&j, "date", l->head, "Date");
	field_json(&j, "from", l->head, "From");
	field_json(&j, "subject", l->head, "Subject");
	json_bool(&j, "new", l->fresh);
	json_close(&j, '}');
	puts(b.p);
	buf_free(&b);
}

void
show_line(struct run *r, const struct listing *l)
{
	char date[64], from[200], subject[400], day[32] = "-";
	struct tm tm;
	time_t t;

	if (r->o->account.json) {
		json_line(r, l);
		return;
	}
	field_text(l->head, "Date", date, sizeof date);
	field_text(l->head, "From", from, sizeof from);
	field_text(l->head, "Subject", subject, sizeof subject);
	if (date_parse(str_of(date), &t) == 0 && localtime_r(&t, &tm))
		strftime(day, sizeof day, "%Y-%m-%d %H:%M", &tm);
	printf("%c %7u %9llu  %-16s  %-28.28s  %.80s\n", l->fresh ? '*' : ' ',
	    l->m->number, (unsigned long long)l->m->size, day, from, subject);
}

void
show_session(struct run *r, const struct session *s, const char *server,
    const char *caps, const char *mechs, int expire, int delay)
{
	const struct tls *t = conn_session(s->conn);
	struct buf b = { .max = 1 << 16 };
	struct json j = { .out = &b };
	char pin[64] = "", safe[1024], where[300];

	session_where(s->account, where, sizeof where);
	if (t != NULL)
		tls_pin(t, pin);
	str_escape(safe, sizeof safe, str_of(caps));
	turn_take(r->p->turn);
	if (r->o->account.json) {
		json_open(&j, NULL, '{');
		json_int(&j, "v", 1);
		json_s(&j, "host", where);
		json_s(&j, "peer", conn_peer(s->conn));
		json_s(&j, "tls", t != NULL ? tls_version(t) : NULL);
		json_s(&j, "pin", t != NULL ? pin : NULL);
		json_s(&j, "server", server);
		json_s(&j, "capabilities", caps);
		json_s(&j, "mechanisms", mechs);
		if (expire >= 0)
			json_int(&j, "expire", expire);
		if (delay > 0)
			json_int(&j, "login_delay", delay);
		json_close(&j, '}');
		puts(b.p);
		buf_free(&b);
		return;
	}
	printf("%s (%s)%s%s\n", where, conn_peer(s->conn),
	    t != NULL ? " " : " in plaintext",
	    t != NULL ? tls_version(t) : "");
	if (t != NULL)
		printf("  %s, %s\n  pin           %s\n", tls_cipher(t),
		    tls_verified(t) ? "verified" : "NOT verified", pin);
	printf("  capabilities  %s\n", safe);
	str_escape(safe, sizeof safe, str_of(mechs));
	if (mechs[0] != '\0')		/* few servers repeat them after the login */
		printf("  mechanisms    %s\n", safe);
	str_escape(safe, sizeof safe, str_of(server));
	if (server[0] != '\0')
		printf("  server        %s\n", safe);
	if (expire >= 0)
		printf("  expire        %d days\n", expire);
	if (delay > 0)
		printf("  login delay   %d seconds\n", delay);
}
