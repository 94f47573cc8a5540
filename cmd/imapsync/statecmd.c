/* statecmd.c: imapsync state dump, check, rebuild */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "index.h"
#include "json.h"
#include "mem.h"
#include "state.h"
#include "statecmd.h"

/* ---- which files there are ---- */

struct files {
	char **v;
	size_t n;
};

static bool
is_log(const char *name)
{
	return strlen(name) == 19 && strspn(name, "0123456789abcdef") == 16 &&
	    strcmp(name + 16, ".st") == 0;
}

static int
file_by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int
logs(struct files *f, const char *dir, struct err *e)
{
	DIR *d = opendir(dir);
	struct dirent *x;

	*f = (struct files){ NULL, 0 };
	if (d == NULL)
		return fail_sys(e, EX_NOINPUT, "%s", dir);
	while ((x = readdir(d)) != NULL) {
		if (!is_log(x->d_name))
			continue;
		f->v = mem_grow(f->v, f->n + 1, sizeof *f->v);
		f->v[f->n++] = mem_dup(x->d_name);
	}
	closedir(d);
	if (f->n > 0)
		qsort(f->v, f->n, sizeof *f->v, file_by_name);
	return 0;
}

static void
files_free(struct files *f)
{
	while (f->n > 0)
		free(f->v[--f->n]);
	free(f->v);
}

/* ---- dump ---- */

static const char *
escape_text(char dst[1100], const char *s)
{
	str_escape(dst, 1100, str_of(s));
	return dst;
}

static void
dump_text(const struct state *s)
{
	const struct mark *m = &s->mark;
	const struct stamp *t = &s->stamp;
	struct buf flags = { .max = 1 << 20 };
	char name[1100];
	size_t i;

	printf("%s\n  uidvalidity %llu uidnext %llu modseq %llu exists %llu%s%s\n",
	    escape_text(name, s->box),
	    (unsigned long long)m->uidvalidity,
	    (unsigned long long)m->uidnext, (unsigned long long)m->modseq,
	    (unsigned long long)m->exists, s->id[0] != '\0' ? " id " : "",
	    s->id);
	printf("  cur %llu.%09llu inode %llu, new %llu.%09llu inode %llu\n",
	    (unsigned long long)t->cur_mtime / 1000000000,
	    (unsigned long long)t->cur_mtime % 1000000000,
	    (unsigned long long)t->cur_ino,
	    (unsigned long long)t->new_mtime / 1000000000,
	    (unsigned long long)t->new_mtime % 1000000000,
	    (unsigned long long)t->new_ino);
	for (i = 0; i < s->n; i++) {
		const struct rec *r = &s->rec[i];

		buf_drop(&flags, flags.n);
		buf_s(&flags, "");
		flags_text(&flags, &s->keywords, r->flags);
		printf("  %u %s size %u ident %016llx inode %llu (%s)%s%s%s\n",
		    r->uid, escape_text(name, state_name(s, r)), r->size,
		    (unsigned long long)r->ident, (unsigned long long)r->ino,
		    flags.p, r->kind == REC_ORPHAN ? " orphan" : "",
		    r->stub ? " stub" : "",
		    r->far_only ? " far-only" : "");
	}
	for (i = 0; i < s->npend; i++)
		printf("  pending %s: %s uid %u ident %016llx uidnext %llu\n",
		    s->pend[i].kind == PEND_UPLOAD ? "upload" : "move",
		    escape_text(name, s->pend[i].name), s->pend[i].uid,
		    (unsigned long long)s->pend[i].ident,
		    (unsigned long long)s->pend[i].uidnext);
	buf_free(&flags);
}

static void
print_out(struct buf *b)
{
	printf("%s\n", b->p);
	buf_drop(b, b->n);
}

static void
begin(struct json *j, struct buf *b, const struct state *s, const char *what)
{
	*j = (struct json){ .out = b };
	json_open(j, NULL, '{');
	json_int(j, "v", 1);
	json_str(j, "mailbox", str_of(s->box));
	json_s(j, "type", what);
}

static void
ident(struct json *j, uint64_t n)
{
	char hex[20];

	snprintf(hex, sizeof hex, "%016llx", (unsigned long long)n);
	json_s(j, "ident", hex);
}

static void
json_mark(struct buf *b, const struct state *s)
{
	struct json j;

	begin(&j, b, s, "mark");
	json_int(&j, "uidvalidity", (int64_t)s->mark.uidvalidity);
	json_int(&j, "uidnext", (int64_t)s->mark.uidnext);
	json_int(&j, "modseq", (int64_t)s->mark.modseq);
	json_int(&j, "exists", (int64_t)s->mark.exists);
	json_s(&j, "mailboxid", s->id[0] != '\0' ? s->id : NULL);
	json_int(&j, "cur_mtime_ns", (int64_t)s->stamp.cur_mtime);
	json_int(&j, "cur_inode", (int64_t)s->stamp.cur_ino);
	json_int(&j, "new_mtime_ns", (int64_t)s->stamp.new_mtime);
	json_int(&j, "new_inode", (int64_t)s->stamp.new_ino);
	json_int(&j, "messages", (int64_t)s->n);
	json_bool(&j, "torn", s->cut);
	json_close(&j, '}');
	print_out(b);
}

static void
json_rec(struct buf *b, const struct state *s, const struct rec *r)
{
	struct buf flags = { .max = 1 << 20 };
	struct json j;

	flags_text(&flags, &s->keywords, r->flags);
	begin(&j, b, s, r->kind == REC_ORPHAN ? "orphan" : "message");
	json_int(&j, "uid", r->uid);
	json_str(&j, "name", str_of(state_name(s, r)));
	json_str(&j, "flags", BUF_STR(flags));
	json_int(&j, "size", r->size);
	ident(&j, r->ident);
	json_int(&j, "inode", (int64_t)r->ino);
	if (r->stub)
		json_bool(&j, "stub", true);
	if (r->far_only)
		json_bool(&j, "far_only", true);
	json_close(&j, '}');
	print_out(b);
	buf_free(&flags);
}

static void
json_pend(struct buf *b, const struct state *s, const struct pend *p)
{
	struct json j;

	begin(&j, b, s, "pending");
	json_s(&j, "what", p->kind == PEND_UPLOAD ? "upload" : "move");
	json_str(&j, "name", str_of(p->name));
	json_int(&j, "uid", p->uid);
	json_int(&j, "uidnext", (int64_t)p->uidnext);
	ident(&j, p->ident);
	json_close(&j, '}');
	print_out(b);
}

static void
dump_json(const struct state *s)
{
	struct buf b = { .max = 1 << 20 };
	size_t i;

	json_mark(&b, s);
	for (i = 0; i < s->n; i++)
		json_rec(&b, s, &s->rec[i]);
	for (i = 0; i < s->npend; i++)
		json_pend(&b, s, &s->pend[i]);
	buf_free(&b);
}

/* A file that cannot be read at all does not hide the others. */
static int
dump(const char *dir, const struct files *f, bool json, struct err *e)
{
	struct state s;
	size_t i;

	for (i = 0; i < f->n; i++) {
		if (state_read(&s, dir, f->v[i], e) != 0)
			continue;
		if (json)
			dump_json(&s);
		else
			dump_text(&s);
		state_drop_all(&s);
	}
	return e->code != 0 ? -1 : 0;
}

/* ---- check ---- */

struct check {
	bool json;
	size_t boxes, messages, bad;
};

static void
check_verdict(struct check *c, const char *who, const char *what,
    size_t messages)
{
	struct buf b = { .max = 1 << 20 };
	struct json j = { .out = &b };
	char name[1100];

	c->boxes++;
	c->messages += messages;
	c->bad += what != NULL;
	if (c->json) {
		json_open(&j, NULL, '{');
		json_int(&j, "v", 1);
		json_s(&j, "type", "check");
		json_str(&j, "mailbox", str_of(who));
		json_bool(&j, "good", what == NULL);
		json_s(&j, "problem", what);
		json_int(&j, "messages", (int64_t)messages);
		json_close(&j, '}');
		print_out(&b);
	} else if (what != NULL) {
		printf("%s: %s\n", escape_text(name, who), what);
	}
	buf_free(&b);
}

static bool
agrees(const struct entry *x, const struct mark *m)
{
	return x->dirty || (x->mark.uidvalidity == m->uidvalidity &&
	    x->mark.uidnext == m->uidnext && x->mark.modseq == m->modseq &&
	    x->mark.exists == m->exists);
}

static void
check_log(struct check *c, const char *dir, const char *file,
    struct index *x)
{
	struct err why = { 0 };
	struct entry *at;
	struct state s;
	char what[200];

	if (state_read(&s, dir, file, &why) != 0) {
		check_verdict(c, file, why.msg, 0);
		return;
	}
	at = index_find(x, str_of(s.box));
	if (s.cut) {
		snprintf(what, sizeof what, "%llu of %llu bytes are whole; the next run goes on from there",
		    (unsigned long long)s.good, (unsigned long long)s.bytes);
		check_verdict(c, s.box[0] != '\0' ? s.box : file, what, s.n);
	} else if (at != NULL && !agrees(at, &s.mark)) {
		check_verdict(c, s.box, "the index says otherwise", s.n);
	} else {
		check_verdict(c, s.box, NULL, s.n);
	}
	state_drop_all(&s);
}

/* Every mailbox of the index must have its file. */
static void
check_index(struct check *c, const char *dir, const struct index *x)
{
	char path[4096], file[32];
	size_t i;

	if (x->saved == 0 && access(x->path, F_OK) == 0)
		check_verdict(c, x->path, "not whole; the next run makes a new one",
		    0);
	for (i = 0; i < x->n; i++) {
		if (x->v[i].dirty)
			continue;
		state_file(file, str_of(x->v[i].box));
		snprintf(path, sizeof path, "%s/%s", dir, file);
		if (access(path, F_OK) < 0)
			check_verdict(c, x->v[i].box, "in the index alone", 0);
	}
}

static int
check_files(const char *dir, const struct files *f, bool json, struct err *e)
{
	struct check c = { .json = json };
	struct index x;
	size_t i;

	if (index_open(&x, dir, e) < 0)
		return -1;
	for (i = 0; i < f->n; i++)
		check_log(&c, dir, f->v[i], &x);
	check_index(&c, dir, &x);
	index_close(&x);
	if (!json)
		printf("%zu mailboxes, %zu messages, %zu not as they should be\n",
		    c.boxes, c.messages, c.bad);
	return c.bad > 0 ? fail(e, EX_DATAERR, "%s: damaged", dir) : 0;
}

/* ---- rebuild ---- */

static int
set_aside(int dir, const char *name, struct err *e)
{
	char old[64];

	snprintf(old, sizeof old, "%s.old", name);
	if (renameat(dir, name, dir, old) < 0 && errno != ENOENT)
		return fail_sys(e, EX_CANTCREAT, "%s", old);
	return 0;
}

static void
rebuild_json(size_t mailboxes)
{
	struct buf b = { .max = 1 << 10 };
	struct json j = { .out = &b };

	json_open(&j, NULL, '{');
	json_int(&j, "v", 1);
	json_s(&j, "type", "rebuild");
	json_int(&j, "mailboxes", (int64_t)mailboxes);
	json_close(&j, '}');
	print_out(&b);
	buf_free(&b);
}

/* The index first: without it no log is trusted to be there. */
static int
rebuild(const char *dir, const struct files *f, bool json, struct err *e)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), got;
	size_t i;

	if (fd < 0)
		return fail_sys(e, EX_NOINPUT, "%s", dir);
	got = set_aside(fd, "index", e);
	for (i = 0; i < f->n && got == 0; i++)
		got = set_aside(fd, f->v[i], e);
	if (got == 0 && fsync(fd) < 0)
		got = fail_sys(e, EX_IOERR, "%s", dir);
	close(fd);
	if (got < 0)
		return -1;
	if (json)
		rebuild_json(f->n);
	else
		printf("%zu mailboxes set aside as *.old: the next run pairs what is on both sides, without transfer\n",
		    f->n);
	return 0;
}

int
statecmd_run(const char *verb, const char *dir, bool json, struct err *e)
{
	static const struct {
		const char *verb;
		int (*run)(const char *, const struct files *, bool,
		    struct err *);
	} table[] = {
		{ "dump", dump }, { "check", check_files },
		{ "rebuild", rebuild },
	};
	struct files f;
	size_t i;
	int got;

	for (i = 0; i < sizeof table / sizeof *table; i++) {
		if (strcmp(verb, table[i].verb) != 0)
			continue;
		if (logs(&f, dir, e) < 0)
			return -1;
		got = table[i].run(dir, &f, json, e);
		files_free(&f);
		return got;
	}
	return fail(e, EX_USAGE, "state %s: dump, check or rebuild", verb);
}
