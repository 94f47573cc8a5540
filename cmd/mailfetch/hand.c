/* hand.c: a message handed to who cannot give it back */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "file.h"
#include "hand.h"
#include "os.h"

struct key
hand_key(const struct place *p, struct key message)
{
	char number[32];

	snprintf(number, sizeof number, "place %u", p->number);
	return (struct key){ message.a, state_mix(message,
	    str_of(number)).b };
}

struct entry
hand_entry(const struct place *p, enum state_kind kind, struct key k)
{
	return (struct entry){ .key = k, .kind = kind, .day = state_today(),
	    .places = (uint32_t)1 << p->number };
}

/* As version 1 of the state has it. */
static struct key
old_key(const struct place *p, struct key message)
{
	return state_mix(message, str_of(p->name));
}

bool
hand_doubtful(const struct place *p, const struct handed *h,
    struct key message)
{
	return state_find(h->state, hand_key(p, message), STATE_DOUBT) !=
	    NULL || state_find(h->state, old_key(p, message),
	    STATE_DOUBT) != NULL;
}

bool
hand_keeps_sums(const struct handed *h)
{
	return h->o->account.server.scheme >= ACCOUNT_POP3;
}

int
hand_sum_is(struct handed *h, struct key k, uint64_t sum)
{
	struct ledger *l = h->ledger;

	if (sum == 0 || !hand_keeps_sums(h))
		return 0;
	if (h->o->which.headers_only)
		return sum == ledger_head(l, k) ? 0 :
		    ledger_head_is(l, k, sum, h->e);
	return sum == ledger_sum(l, k) ? 0 : ledger_sum_is(l, k, sum, h->e);
}

int
hand_doubt(struct place *p, struct handed *h)
{
	struct entry doubt = hand_entry(p, STATE_DOUBT,
	    hand_key(p, h->now.key));

	return hand_sum_is(h, h->now.key, h->now.sum) < 0 || state_set(h->state, &doubt, h->e) < 0 ||
	    state_sync(h->state, h->e) < 0 ? -1 : 0;
}

int
hand_over(struct place *p, struct handed *h, struct key message)
{
	return state_drop(h->state, hand_key(p, message), STATE_DOUBT,
	    h->e) < 0 || state_drop(h->state, old_key(p, message),
	    STATE_DOUBT, h->e) < 0 ? -1 : 0;
}

int
hand_certain(struct place *p, struct handed *h)
{
	mem_stake(NULL);
	return hand_over(p, h, h->now.key) < 0 ? -1 : 1;
}

int
hand_sure(struct place *p, struct handed *h)
{
	return p->took ? hand_over(p, h, h->now.key) : 0;
}

int
hand_file(struct handed *h)
{
	struct flock read = { .l_type = F_RDLCK, .l_whence = SEEK_SET };
	int fd = os_file_reopen(h->file, O_RDONLY);

	/* So that file_temp sees whoever has it open. */
	if (fd >= 0)
		fcntl(fd, F_OFD_SETLK, &read);
	if (fd < 0 && (fd = fcntl(h->file, F_DUPFD_CLOEXEC, 3)) >= 0)
		lseek(fd, 0, SEEK_SET);
	return fd >= 0 ? fd : fail_sys(h->e, EX_OSERR, "the message");
}

void
hand_say_bare(struct place *p, const struct handed *h)
{
	if (p->bare_lf > 0)
		fail_print("%s: %s: %llu of the messages had lines that end without a CR, and went with CRLF",
		    h->o->title, p->name, (unsigned long long)p->bare_lf);
	p->bare_lf = 0;
}

int
hand_pieces(struct handed *h,
    int (*each)(void *, struct str, struct err *), void *to)
{
	char *some = mem_new(1, 65536);
	off_t at = 0;
	ssize_t n;
	const char *eol;

	while ((n = file_pread(h->file, some, 65536, at, h->e)) > 0) {
		eol = n == 65536 ? os_last(some, '\n', (size_t)n) : NULL;
		if (eol != NULL)
			n = eol - some + 1;
		if (each(to, (struct str){ some, (size_t)n }, h->e) < 0)
			n = -1;
		if (n < 0)
			break;
		at += n;
	}
	free(some);
	return n < 0 ? -1 : 0;
}

void
hand_name(const struct handed *h, char to[HAND_NAME])
{
	bool fresh = h->letters[0] == '\0';

	to[0] = '\0';
	if (h->maildir != NULL && h->held != NULL)
		snprintf(to, HAND_NAME, "%s", h->held);
	else if (h->maildir != NULL)
		snprintf(to, HAND_NAME, "%s/%s%s%s", fresh ? "new" : "cur",
		    h->name, fresh ? "" : ":2,", h->letters);
}
