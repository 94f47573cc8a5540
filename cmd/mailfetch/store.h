/* store.h: a batch of messages on its way to a mailbox; of place_imap.c */
#ifndef STORE_H
#define STORE_H

#include "dest.h"
#include "place.h"

/* Commands under way at most. */
enum { STORE_FLIGHT = 100 };

enum store_fate {
	STORE_NEW,		/* to be sent */
	STORE_DOUBT,		/* sent before, perhaps: to be looked for */
	STORE_SENT,		/* and no answer heard */
	STORE_TAKEN,
	STORE_LEFT		/* it is not to be there now */
};

struct store_item {
	struct message m;
	enum store_fate fate;
	bool nul, alone;	/* alone: a group with it was refused */
	off_t at;		/* in the batch's file */
	uint64_t size;
	char *flags;
	uint32_t since;		/* DOUBT: it cannot have a lower UID */
	uint32_t uidvalidity;	/* that is one of */
	uint32_t uid;		/* TAKEN: or 0, not known */
	unsigned char md[32];
	uint64_t sent;		/* DOUBT: store_sum of that then; 0: as md */
};

/* A command under way: items v[from] ... as many as n of them. */
struct store_sent {
	unsigned tag;
	size_t from, n;
};

struct store {
	struct dest *dest;
	const char *folder;
	const char *where;	/* for messages */
	int file;		/* the batch's bytes; or -1 */
	uint64_t bytes;
	struct store_item *v;
	size_t n, cap;
	bool full;		/* over quota: nothing more in this run */
	bool failed;		/* the server: nothing more, either */
	struct store_sent sent[STORE_FLIGHT];
	size_t nsent;
};

/* Of a digest so much as the state keeps; never 0. */
uint64_t store_sum(const unsigned char md[32]);
/* Is there one with this fate? */
bool store_some(const struct store *, enum store_fate);
/* It stays where it is, and why is counted. */
void store_leave(const struct store *, struct store_item *, struct handed *,
    int code, const char *why);

/*
 * The mailbox is selected.  Those in doubt are looked for by their bytes: what
 * is there is TAKEN, what is not NEW.  0 or -1.
 */
int store_look(struct store *);

/*
 * Sends what is NEW, which the state has as pending, until each is TAKEN or
 * LEFT.  -1: those that are SENT may be there.
 */
int store_send(struct store *, struct handed *);

#endif
