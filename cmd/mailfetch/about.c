/* about.c: what a command is told about its message */
#include <stdio.h>
#include <string.h>

#include "about.h"
#include "addr.h"
#include "field.h"
#include "hand.h"

/* The address of a field that has one at most, in angle brackets or without. */
static const char *
path(struct arena *a, struct str body)
{
	struct err e = { 0 };
	struct addr addr;
	struct str s = str_trim(body);

	if (str_is(s, "<>"))
		return "";
	if (addr_from(&addr, a, s, &e) < 0 || addr.local.p[0] == '-')
		return NULL;
	return arena_printf(a, "%.*s@%.*s", STR_ARG(addr.local),
	    STR_ARG(addr.domain));
}

/* The first of a list. */
static const char *
first_in_list(struct arena *a, struct str body)
{
	struct addr_list list = { .rest = body };
	struct err e = { 0 };
	struct addr addr;

	if (addr_next(&list, &addr, a, &e) != 1 || addr.domain.n == 0)
		return NULL;
	return path(a, str_of(arena_printf(a, "%.*s@%.*s",
	    STR_ARG(addr.local), STR_ARG(addr.domain))));
}

static const char *
mail_sender(struct arena *a, struct str head)
{
	struct str body;

	if (field_first(head, "Return-Path", &body))
		return path(a, body);
	if (field_first(head, "Sender", &body) ||
	    field_first(head, "From", &body))
		return first_in_list(a, body);
	return NULL;
}

static const char *
recipient(struct arena *a, struct str head)
{
	static const char *const names[] = { "Delivered-To", "X-Original-To",
	    "Envelope-To" };
	struct str body;
	size_t i;

	for (i = 0; i < sizeof names / sizeof *names; i++)
		if (field_first(head, names[i], &body))
			return path(a, body);
	return NULL;
}

/* A server's word that a command would take for an option is left out. */
static const char *
no_option(const char *s)
{
	return s != NULL && *s != '-' ? s : NULL;
}

void
about_message(struct spawn_env *env, struct handed *h)
{
	struct buf head = { .max = 65536 };
	struct arena a = { 0 };
	struct err e = { 0 };
	char uid[16], file[HAND_NAME];

	env->n = 0;
	field_head(h->file, &head, &e);
	spawn_env_put(env, SPAWN_SENDER, mail_sender(&a, BUF_STR(head)));
	spawn_env_put(env, SPAWN_RECIPIENT, recipient(&a, BUF_STR(head)));
	spawn_env_put(env, SPAWN_ACCOUNT, h->o->title);
	spawn_env_put(env, SPAWN_FOLDER, no_option(h->now.folder));
	snprintf(uid, sizeof uid, "%u", h->now.number);
	spawn_env_put(env, SPAWN_UID, h->now.folder != NULL ? uid :
	    no_option(h->now.id));
	hand_name(h, file);
	if (file[0] != '\0')
		spawn_env_put(env, SPAWN_FILE, arena_printf(&a, "%s/%s",
		    h->maildir, file));
	arena_free(&a);
	buf_free(&head);
}

const char *
about_rcpt(struct handed *h, const char *field, const char *domain,
    struct arena *a)
{
	struct buf head = { .max = 65536 };
	const char *addr = NULL;
	struct err e = { 0 };
	struct str body;

	if (field_head(h->file, &head, &e) == 0 &&
	    field_first(BUF_STR(head), field, &body))
		addr = path(a, body);
	/* In a local part "%" and "!" are ways to another place, to some. */
	if (addr != NULL && (strpbrk(addr, "%!") != NULL ||
	    strrchr(addr, '@') == NULL ||
	    !str_is(str_of(strrchr(addr, '@') + 1), domain)))
		addr = NULL;
	buf_free(&head);
	return addr;
}

time_t
about_date(struct handed *h)
{
	struct buf head = { .max = 65536 };
	struct err e = { 0 };
	time_t t = 0;

	if (field_head(h->file, &head, &e) < 0 ||
	    !field_came(BUF_STR(head), &t))
		t = 0;
	buf_free(&head);
	return t;
}
