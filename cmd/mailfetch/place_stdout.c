/* place_stdout.c: --deliver stdout */
#include <errno.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <string.h>

#include "clock.h"
#include "field.h"
#include "hand.h"
#include "json.h"
#include "place_kind.h"
#include "process.h"
#include "stop.h"
#include "turn.h"

/* It is said here, and not once more at the end of the program. */
static int
unwritable(struct err *e)
{
	int error = errno;

	__fpurge(stdout);
	clearerr(stdout);
	errno = error;
	return stop_asked() ? fail_stop(e) : fail_sys(e, EX_IOERR,
	    "standard output");
}

static int
put_raw(void *to, struct str s, struct err *e)
{
	(void)to;
	return fwrite(s.p, 1, s.n, stdout) == s.n ? 0 : unwritable(e);
}

static int
put_quoted(void *to, struct str s, struct err *e)
{
	struct buf b = { .max = 1 << 18 };
	int got;

	mbox_quote(&b, s, to);
	got = put_raw(NULL, BUF_STR(b), e);
	buf_free(&b);
	return got;
}

static void
json_message(struct handed *h, struct str head)
{
	struct buf b = { .max = 1 << 20 };
	char file[HAND_NAME];
	struct json j = { .out = &b };

	json_open(&j, NULL, '{');
	json_int(&j, "v", 1);
	json_s(&j, "account", h->o->title);
	if (h->now.folder != NULL)
		json_s(&j, "folder", h->now.folder);
	if (h->now.id != NULL)
		json_s(&j, "uidl", h->now.id);
	else
		json_int(&j, "uid", h->now.number);
	json_int(&j, "size", (int64_t)h->size);
	field_json(&j, "date", head, "Date");
	field_json(&j, "from", head, "From");
	field_json(&j, "subject", head, "Subject");
	hand_name(h, file);
	if (file[0] != '\0')
		json_s(&j, "file", strchr(file, '/') + 1);
	json_close(&j, '}');
	puts(b.p);
	buf_free(&b);
}

static int
write_stdout(struct handed *h)
{
	struct buf head = { .max = 65536 };
	bool begins = true;
	char from[MBOX_FROM];
	int got = -1;

	switch (h->o->to.format) {
	case FORMAT_JSON:
		if ((got = field_head(h->file, &head, h->e)) == 0)
			json_message(h, BUF_STR(head));
		buf_free(&head);
		break;
	case FORMAT_RAW:
		got = hand_pieces(h, put_raw, NULL);
		break;
	case FORMAT_MBOXRD:
		mbox_from(from, NULL, h->now.date > 0 ? h->now.date :
		    clock_wall());
		fputs(from, stdout);
		got = hand_pieces(h, put_quoted, &begins);
		if (got == 0)
			fputs(begins ? "\n" : "\n\n", stdout);
		break;
	}
	if (got == 0 && (fflush(stdout) != 0 || ferror(stdout)))
		return unwritable(h->e);
	return got;
}

static int
give_stdout(struct place *p, struct handed *h)
{
	int got;

	(void)p;
	turn_take(h->p->turn);
	got = stop_asked() ? fail_stop(h->e) : write_stdout(h);
	turn_give(h->p->turn);
	return got;
}

const struct place_kind place_stdout = {
	.name = "stdout", .bare = true, .single = true, .give = give_stdout
};
