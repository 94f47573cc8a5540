/* place_maildir.c: --deliver maildir:DIR */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "place_kind.h"

/* Who has another state file may be at the same message. */
static int
open_maildir(struct place *p, struct handed *h)
{
	struct key k = state_digest("state", str_of(h->state->path));

	if (!h->o->to.create && access(p->name, F_OK) < 0 && errno == ENOENT)
		return fail(h->e, EX_CANTCREAT, "%s: No such file or directory (if it is new, --create makes it)",
		    p->name);
	if (maildir_open(&p->maildir, p->name, h->o->to.create, h->e) < 0)
		return -1;
	snprintf(p->maildir.mine, sizeof p->maildir.mine, ".%08x",
	    (unsigned)k.a);
	return h->state->look ? 0 : maildir_sweep(&p->maildir, h->e);
}

static void
box_maildir(const struct place *p, struct sandbox *box)
{
	sandbox_path(box, p->name, SANDBOX_WRITE);
}

static int
sync_maildir(struct place *p, struct handed *h)
{
	return maildir_sync(&p->maildir, h->e);
}

static int
settle_maildir(struct place *p, struct handed *h)
{
	if (maildir_settle(&p->maildir, h->e) == 0)
		return 0;
	p->maildir.unsure = true;	/* so that maildir_sync fails, too */
	return -1;
}

static void
close_maildir(struct place *p, struct handed *h)
{
	(void)h;
	maildir_close(&p->maildir);
}

const struct place_kind place_maildir = {
	.name = "maildir", .files = true, .flags = true,
	.open = open_maildir, .box = box_maildir, .sync = sync_maildir,
	.settle = settle_maildir, .close = close_maildir
};
