/*
 * mime.c: composing messages
 *
 * RFC 5322, RFC 2045, 2046, 2183, 2387, 2392.  The message is a small tree of
 * parts; each leaf is a file or memory that msg_read encodes when it is sent.
 * Text is read once before that, to choose its charset and encoding.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "date.h"
#include "file.h"
#include "mime.h"
#include "os.h"

/* A multipart with its kids, or a leaf. */
struct node {
	const char *multi;		/* "mixed" ..., NULL for a leaf */
	const char *boundary;
	struct node **kids;
	size_t n;
	const char *type, *charset, *encoding;
	const char *disposition;	/* NULL: none */
	struct str name;
	bool cid;
	struct msg_part part;
	struct node *all;		/* the leaf made before */
};

struct job {
	const struct mime_mail *mail;
	struct arena *a;
	struct err *e;
	struct node *all;
	bool eight;
};

/* RFC 2045 5.1: what type and subtype consist of. */
static size_t
token_length(const char *s)
{
	size_t n = 0;

	while (s[n] > ' ' && s[n] < 0x7f &&
	    strchr("()<>@,;:\\\"/[]?=", s[n]) == NULL)
		n++;
	return n;
}

/* "type/subtype", perhaps with parameters. */
static bool
type_ok(const char *s)
{
	size_t n = token_length(s), m;

	if (n == 0 || s[n] != '/' || (m = token_length(s + n + 1)) == 0)
		return false;
	s += n + 1 + m;
	return (*s == '\0' || *s == ';' || *s == ' ') &&
	    !str_control(str_of(s)) && str_ascii(str_of(s));
}

/* "TYPE", or "TYPE:NAME" of one without parameters, where a colon may stand. */
static bool
type_and_name(struct mime_file *f, struct arena *a, const char *s)
{
	size_t n = token_length(s);
	const char *type = s, *name = NULL;

	if (s[n] == '/')
		n += 1 + token_length(s + n + 1);
	if (s[n] == ':' && s[n + 1] != '\0') {
		type = arena_dup(a, (struct str){ s, n });
		name = s + n + 1;
	}
	if (!type_ok(type) || str_control(str_of(name)))
		return false;
	f->type = type;
	f->name = name;
	return true;
}

struct mime_file
mime_file_arg(struct arena *a, const char *arg)
{
	struct mime_file f = { .path = arg, .fd = -1 };
	const char *colon = strrchr(arg, ':');

	while (access(arg, F_OK) < 0 && colon != NULL && colon > arg) {
		if (type_and_name(&f, a, colon + 1)) {
			f.path = arena_dup(a, (struct str){ arg,
			    (size_t)(colon - arg) });
			break;
		}
		colon = os_last(arg, ':', (size_t)(colon - arg));
	}
	return f;
}

/* A name that a receiver may take for a file's: no directories, no controls. */
static struct str
base_name(struct arena *a, const char *path)
{
	struct str s = str_of(path);
	char *p;
	size_t i, n = 0;

	while (s.n > 1 && s.p[s.n - 1] == '/')
		s.n--;
	for (i = s.n; i > 0 && s.p[i - 1] != '/' && s.p[i - 1] != '\\'; i--)
		;
	s = str_from(s, i);
	p = arena_new(a, s.n + 1, 1);
	for (i = 0; i < s.n; i++)
		if (!str_control((struct str){ s.p + i, 1 }))
			p[n++] = s.p[i];
	s = (struct str){ p, n };
	if (n == 0 || str_is(s, ".") || str_is(s, "..") || str_is(s, "-"))
		return STR("attachment");
	return s;
}

/* 128 random bits as hex digits. */
static char *
random_hex(struct arena *a)
{
	unsigned char r[16];
	char *p = arena_new(a, 2 * sizeof r + 1, 1);
	size_t i;

	while (os_random(r, sizeof r, false) < 0)
		if (errno != EINTR)
			abort();
	for (i = 0; i < sizeof r; i++) {
		p[2 * i] = "0123456789abcdef"[r[i] >> 4];
		p[2 * i + 1] = "0123456789abcdef"[r[i] & 15];
	}
	return p;
}

/* RFC 5322 3.6.4: dot-atom text, or a literal. */
static bool
id_domain(struct str s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (!str_alpha(s.p[i]) && !str_digit(s.p[i]) &&
		    !str_has(STR("-._[]:"), s.p[i]))
			return false;
	return s.n > 0 && s.n < 256;
}

static char *
message_id(struct arena *a, time_t t, struct str domain)
{
	if (!id_domain(domain))
		domain = STR("localhost");
	return arena_printf(a, "<%lld.%s@%.*s>", (long long)t, random_hex(a),
	    STR_ARG(domain));
}

/* Sources. */

static void
close_all(struct job *j)
{
	struct node *x;

	for (x = j->all; x != NULL; x = x->all)
		if (x->part.own)
			close(x->part.fd);
}

static struct node *
leaf(struct job *j)
{
	struct node *x = arena_new(j->a, 1, sizeof *x);

	x->all = j->all;
	x->part.fd = -1;
	return j->all = x;
}

static int
from_fd(struct job *j, struct node *x, int fd, const char *name)
{
	struct msg_part *p = &x->part;

	p->name = name;
	if ((p->fd = file_spool(fd, &p->off, &p->len, j->e)) < 0)
		return name != NULL ? fail_in(j->e, "%s", name) : -1;
	p->own = true;
	return 0;
}

static int
part_from_file(struct job *j, struct node *x, const struct mime_file *f)
{
	int fd, got;

	if (f->path == NULL)
		return from_fd(j, x, f->fd, f->name);
	if ((fd = file_open(f->path, j->e)) < 0)
		return -1;
	got = from_fd(j, x, fd, f->path);
	close(fd);
	return got;
}

/*
 * Whether a source is UTF-8 text: "us-ascii", "utf-8", or NULL.  Stops at
 * the first byte that says no, so binary files cost nothing.
 */
static int
charset(struct job *j, const struct msg_part *p, const char **out)
{
	struct msg_part raw = *p;
	struct msg one = { .parts = &raw, .n = 1 };
	struct msg_reader *r;
	char in[16384];
	size_t keep = 0, ok = 0;
	bool eight = false;
	ssize_t n;

	raw.kind = CTE_COPY;
	raw.size = raw.len;
	r = msg_reader_new(&one);
	while ((n = msg_read(r, in + keep, sizeof in - keep, j->e)) > 0) {
		keep += (size_t)n;
		ok = strnlen(in, keep);
		ok = msg_utf8((struct str){ in, ok });
		eight = eight || msg_eight((struct str){ in, ok });
		if (keep - ok >= 4)
			break;
		memmove(in, in + ok, keep - ok);
		keep -= ok;
	}
	free(r);
	*out = NULL;
	if (keep == 0)
		*out = eight ? "utf-8" : "us-ascii";
	return n < 0 ? -1 : 0;
}

/* Leaves. */

/* The smaller of quoted-printable, which is readable, and base64. */
static int
by_cost(struct job *j, struct node *x, const struct msg_look *look)
{
	uint64_t other;

	other = msg_base64_size(look->size - (look->open_end ? 2 : 0));
	x->encoding = "quoted-printable";
	x->part.kind = CTE_QP;
	if (msg_measure(&x->part, j->e) < 0)
		return -1;
	if (other >= x->part.size)
		return 0;
	x->encoding = "base64";
	x->part.kind = CTE_BASE64_TEXT;
	x->part.size = other;
	return 0;
}

/* The charset and the encoding of a text, by what stands in it. */
static int
text_encoding(struct job *j, struct node *x)
{
	struct msg_look look = { 0 };

	if (msg_look_at(&x->part, &look, j->e) < 0)
		return -1;
	x->charset = "us-ascii";
	if (look.eight && charset(j, &x->part, &x->charset) < 0)
		return -1;
	if (x->charset == NULL)
		x->charset = "unknown-8bit";
	if (look.odd != NULL || look.from || (look.eight && !j->mail->eight))
		return by_cost(j, x, &look);
	x->encoding = look.eight ? "8bit" : "7bit";
	j->eight = j->eight || look.eight;
	x->part.kind = CTE_LINES;
	return msg_measure(&x->part, j->e);
}

/* A text body; top: nothing follows, so its last line must end. */
static struct node *
text_leaf(struct job *j, const struct mime_text *t, const char *type, bool top)
{
	struct node *x = leaf(j);

	x->type = type;
	x->part.open_end = !top;
	if (t->mem.p != NULL) {
		x->part.mem = t->mem;
		x->part.len = t->mem.n;
	} else if (t->fd < 0) {
		x->part.mem = STR("");
	} else if (from_fd(j, x, t->fd, t->name) < 0) {
		return NULL;
	}
	return text_encoding(j, x) < 0 ? NULL : x;
}

/*
 * RFC 2046 5.2.1: a message may not be encoded.  One that needs it travels
 * as mere bytes.
 */
static int
message_leaf(struct job *j, struct node *x)
{
	struct msg_look look = { 0 };

	if (msg_look_at(&x->part, &look, j->e) < 0)
		return -1;
	if (look.eight || look.odd != NULL || look.from) {
		x->type = "application/octet-stream";
		return 0;
	}
	x->encoding = "7bit";
	x->part.kind = CTE_LINES;
	x->part.open_end = true;
	return 0;
}

static int
file_type(struct job *j, struct node *x, const struct mime_file *f)
{
	const char *set = NULL;

	if (f->type != NULL && (!type_ok(f->type) ||
	    str_starts(str_of(f->type), "multipart/")))
		return fail(j->e, EX_USAGE, "%s: \"%s\" is no type for a file",
		    f->path != NULL ? f->path : f->name, f->type);
	x->type = f->type != NULL ? f->type : mime_type(x->name);
	if (x->type != NULL && str_starts(str_of(x->type), "message/"))
		return message_leaf(j, x);
	if (x->type != NULL && (!str_starts(str_of(x->type), "text/") ||
	    strchr(x->type, ';') != NULL))
		return 0;
	if (charset(j, &x->part, &set) < 0)
		return -1;
	x->charset = set;
	if (x->type == NULL)
		x->type = set != NULL ? "text/plain" :
		    "application/octet-stream";
	return 0;
}

static struct node *
file_leaf(struct job *j, const struct mime_file *f, bool in)
{
	const char *path = f->path != NULL ? f->path : "";
	struct node *x = leaf(j);

	x->disposition = in ? "inline" : "attachment";
	x->cid = in;
	x->name = base_name(j->a, f->name != NULL ? f->name : path);
	x->encoding = "base64";
	x->part.kind = CTE_BASE64;
	if (part_from_file(j, x, f) < 0 || file_type(j, x, f) < 0 ||
	    msg_measure(&x->part, j->e) < 0)
		return NULL;
	return x;
}

/* The tree. */

static struct node *
multi(struct job *j, const char *kind, size_t room)
{
	struct node *x = arena_new(j->a, 1, sizeof *x);

	x->multi = kind;
	x->kids = arena_new(j->a, room, sizeof *x->kids);
	x->boundary = arena_printf(j->a, "=_%s", random_hex(j->a));
	return x;
}

/* A file's Content-ID is its name; RFC 2392 has it in URLs of the html. */
static int
check_inline(struct job *j, struct node *up, struct node *x)
{
	size_t i;

	for (i = 0; i < x->name.n; i++)
		if (!str_alpha(x->name.p[i]) && !str_digit(x->name.p[i]) &&
		    !str_has(STR("._-+@"), x->name.p[i]))
			return fail(j->e, EX_USAGE, "%.*s: the name of an inline file is its Content-ID: only letters, digits and ._-+@",
			    STR_ARG(x->name));
	for (i = 0; i < up->n; i++)
		if (up->kids[i]->cid && str_eq(up->kids[i]->name, x->name))
			return fail(j->e, EX_USAGE, "%.*s: two inline files have this name",
			    STR_ARG(x->name));
	return 0;
}

static int
add_files(struct job *j, struct node *up, const struct mime_file *f, size_t n,
    bool in)
{
	struct node *x;
	size_t i;

	for (i = 0; i < n; i++) {
		if ((x = file_leaf(j, &f[i], in)) == NULL)
			return -1;
		if (in && check_inline(j, up, x) < 0)
			return -1;
		up->kids[up->n++] = x;
	}
	return 0;
}

/* The part to be read: text, html, or both. */
static struct node *
bodies(struct job *j, bool top)
{
	const struct mime_mail *m = j->mail;
	bool html = m->html.mem.p != NULL || m->html.fd >= 0;
	bool text = m->text.mem.p != NULL || m->text.fd >= 0;
	struct node *t = NULL, *h, *both;

	if ((text || !html) &&
	    (t = text_leaf(j, &m->text, "text/plain", top && !html)) == NULL)
		return NULL;
	if (!html)
		return t;
	if (t != NULL && t->part.len == 0)
		t = NULL;
	h = text_leaf(j, &m->html, "text/html", top && t == NULL);
	if (h == NULL || t == NULL)
		return h;
	both = multi(j, "alternative", 2);
	both->kids[both->n++] = t;
	both->kids[both->n++] = h;
	return both;
}

static struct node *
tree(struct job *j)
{
	const struct mime_mail *m = j->mail;
	bool html = m->html.mem.p != NULL || m->html.fd >= 0;
	struct node *x, *up;

	x = bodies(j, m->nfiles == 0 && m->ninlines == 0);
	if (x != NULL && m->ninlines > 0) {
		up = multi(j, html ? "related" : "mixed",
		    1 + m->ninlines + m->nfiles);
		up->kids[up->n++] = x;
		if (add_files(j, up, m->inlines, m->ninlines, true) < 0)
			return NULL;
		x = up;
	}
	if (x == NULL || m->nfiles == 0)
		return x;
	if (x->multi == NULL || strcmp(x->multi, "mixed") != 0) {
		up = multi(j, "mixed", 1 + m->nfiles);
		up->kids[up->n++] = x;
		x = up;
	}
	return add_files(j, x, m->files, m->nfiles, false) < 0 ? NULL : x;
}

/* Writing it down. */

static void
multi_head(struct job *j, struct buf *b, const struct node *x)
{
	size_t was = b->n, col;

	buf_printf(b, "Content-Type: multipart/%s", x->multi);
	col = b->n - was;
	if (strcmp(x->multi, "related") == 0)
		mime_header_param(b, &col, "type", x->kids[0]->multi != NULL ?
		    STR("multipart/alternative") : STR("text/html"));
	mime_header_param(b, &col, "boundary", str_of(x->boundary));
	buf_s(b, "\r\n");
	if (j->eight)
		buf_s(b, "Content-Transfer-Encoding: 8bit\r\n");
}

static int
leaf_head(struct job *j, struct buf *b, const struct node *x)
{
	size_t was = b->n, col;

	if (mime_header(b, STR("Content-Type"), str_of(x->type), MIME_RAW,
	    j->e) < 0)
		return -1;
	if (x->charset != NULL) {
		b->n -= 2;
		col = b->n - was;
		mime_header_param(b, &col, "charset", str_of(x->charset));
		buf_s(b, "\r\n");
	}
	buf_printf(b, "Content-Transfer-Encoding: %s\r\n", x->encoding);
	if (x->cid)
		buf_printf(b, "Content-ID: <%.*s>\r\n", STR_ARG(x->name));
	if (x->disposition == NULL)
		return 0;
	buf_printf(b, "Content-Disposition: %s", x->disposition);
	col = strlen(x->disposition) + 21;
	mime_header_param(b, &col, "filename", x->name);
	buf_s(b, "\r\n");
	return 0;
}

static int
node_head(struct job *j, struct buf *b, const struct node *x)
{
	if (x->multi == NULL)
		return leaf_head(j, b, x);
	multi_head(j, b, x);
	return 0;
}

/* The body of a node; the tree is at most four levels high. */
static int
emit(struct job *j, struct msg *m, struct node *x)
{
	struct buf b = { 0 };
	int got = 0;
	size_t i;

	if (x->multi == NULL) {
		msg_add(m, j->a, &x->part);
		x->part.own = false;		/* the message closes it now */
		return 0;
	}
	for (i = 0; i < x->n && got == 0; i++) {
		b.n = 0;
		buf_printf(&b, "%s--%s\r\n", i > 0 ? "\r\n" : "", x->boundary);
		got = node_head(j, &b, x->kids[i]);
		buf_s(&b, "\r\n");
		msg_add_mem(m, j->a, arena_str(j->a, BUF_STR(b)));
		if (got == 0)
			got = emit(j, m, x->kids[i]);
	}
	b.n = 0;
	buf_printf(&b, "\r\n--%s--\r\n", x->boundary);
	msg_add_mem(m, j->a, arena_str(j->a, BUF_STR(b)));
	buf_free(&b);
	return got;
}

/* The header. */

/* Fields of which a message has one (RFC 5322 3.6), and who makes them. */
static const char *const once[] = {
	"Date", "From", "Sender", "Reply-To", "To", "Cc", "Message-ID",
	"In-Reply-To", "References", "Subject", NULL
};
static const char *const ours[] = {
	"Bcc", "Resent-Bcc", "MIME-Version", "Content-Type",
	"Content-Transfer-Encoding", "Content-Disposition", "Content-ID", NULL
};
static const char *const structured[] = {
	"Date", "From", "Sender", "Reply-To", "To", "Cc", "Message-ID",
	"In-Reply-To", "References", "Resent-From", "Resent-Sender",
	"Resent-To", "Resent-Cc", "Return-Path", "Received", NULL
};

static bool
field_listed(struct str name, const char *const *list)
{
	for (; *list != NULL; list++)
		if (str_is(name, *list))
			return true;
	return false;
}

static bool
has_field(struct buf *b, struct str name)
{
	struct msg_fields f = { BUF_STR(*b) };
	struct str n, v;

	while (msg_next_field(&f, &n, &v) > 0)
		if (str_eqi(n, name))
			return true;
	return false;
}

/* One "Name: value" of the caller.  ASCII passes as it is, encoded or not. */
static int
extra(struct job *j, struct buf *b, const char *field)
{
	struct str value = str_of(field), name = str_cut(&value, ':');
	int how = j->mail->utf8 ? MIME_UTF8 : 0;

	if (value.p == NULL)
		return fail(j->e, EX_USAGE, "\"%s\" is no header field: Name: value",
		    field);
	if (field_listed(name, ours))
		return fail(j->e, EX_USAGE, "%.*s: cannot be given as a header field",
		    STR_ARG(name));
	if (field_listed(name, once) && has_field(b, name))
		return fail(j->e, EX_USAGE, "%.*s: given twice",
		    STR_ARG(name));
	if (str_ascii(value) || field_listed(name, structured))
		how |= MIME_RAW;
	return mime_header(b, name, value, how, j->e);
}

static int
addrs(struct job *j, struct buf *b, const char *name, struct mime_addrs list)
{
	if (list.n == 0)
		return 0;
	return mime_header_addrs(b, str_of(name), list,
	    j->mail->utf8 ? MIME_UTF8 : 0, j->e);
}

/* The domain for a Message-ID: as told, else the sender's. */
static struct str
domain_of(const struct mime_mail *m)
{
	struct str s;

	if (id_domain(m->domain) || m->from.n == 0)
		return m->domain;
	for (s = m->from.p[0].addr; str_has(s, '@');)
		str_cut(&s, '@');
	return s;
}

static void
stamp(struct job *j, struct buf *b, bool date, bool id)
{
	const struct mime_mail *m = j->mail;
	char now[DATE_CAP];

	date_rfc5322(now, m->date);
	if (date)
		buf_printf(b, "Date: %s\r\n", now);
	if (id)
		buf_printf(b, "Message-ID: %s\r\n",
		    message_id(j->a, m->date, domain_of(m)));
}

static int
given(struct job *j, struct buf *b)
{
	const struct mime_mail *m = j->mail;
	size_t i;

	if (addrs(j, b, "From", m->from) < 0 ||
	    addrs(j, b, "Sender", m->sender) < 0 ||
	    addrs(j, b, "Reply-To", m->reply_to) < 0 ||
	    addrs(j, b, "To", m->to) < 0 || addrs(j, b, "Cc", m->cc) < 0)
		return -1;
	if (m->subject.p != NULL && mime_header(b, STR("Subject"), m->subject,
	    m->utf8 ? MIME_UTF8 : 0, j->e) < 0)
		return -1;
	for (i = 0; i < m->nfields; i++)
		if (extra(j, b, m->fields[i]) < 0)
			return -1;
	return 0;
}

static int
header(struct job *j, struct buf *b, const struct node *top)
{
	struct buf user = { .max = MSG_HEAD_MAX };
	int got = given(j, &user);

	if (got == 0) {
		stamp(j, b, !has_field(&user, STR("Date")),
		    !has_field(&user, STR("Message-ID")));
		buf_str(b, BUF_STR(user));
		buf_s(b, "MIME-Version: 1.0\r\n");
		got = node_head(j, b, top);
	}
	if (got == 0 && (user.over || b->over))
		got = fail(j->e, EX_USAGE, "a header over %d bytes",
		    MSG_HEAD_MAX);
	buf_free(&user);
	return got;
}

int
mime_compose(struct msg *m, struct arena *a, const struct mime_mail *mail,
    struct err *e)
{
	struct job j = { .mail = mail, .a = a, .e = e };
	struct buf b = { .max = MSG_HEAD_MAX };
	struct node *top = tree(&j);
	int got = -1;

	*m = (struct msg){ 0 };
	if (top != NULL && header(&j, &b, top) == 0) {
		msg_begin(m, a, arena_str(a, BUF_STR(b)));
		m->eight = j.eight;
		got = emit(&j, m, top);
	}
	if (got < 0)
		msg_close(m);
	close_all(&j);			/* of leaves that were not taken */
	buf_free(&b);
	return got;
}

int
mime_complete(struct msg *m, struct arena *a, const struct mime_mail *mail,
    struct err *e)
{
	struct job j = { .mail = mail, .a = a, .e = e };
	struct buf b = { .max = MSG_HEAD_MAX };
	int got = 0;

	msg_drop_field(m, a, "Bcc");
	msg_drop_field(m, a, "Resent-Bcc");
	stamp(&j, &b, !msg_field(m, "Date", NULL),
	    !msg_field(m, "Message-ID", NULL));
	if (!msg_field(m, "From", NULL))
		got = addrs(&j, &b, "From", mail->from);
	if (got == 0 && b.n > 0)
		msg_add_fields(m, a, arena_str(a, BUF_STR(b)));
	buf_free(&b);
	return got;
}
