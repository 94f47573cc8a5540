/* idents.h: who new messages have said they are */
#ifndef IDENTS_H
#define IDENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fail.h"
#include "reclog.h"
#include "str.h"

struct ident_rec {
	uint32_t uid, size;
	uint64_t ident;
};

/* dir/HASH.idents, of a mailbox under one UIDVALIDITY. */
struct idents {
	struct ident_rec *v;	/* those of the file, sorted by UID */
	size_t n, cap;
	struct reclog log;
	char *path;
};

/*
 * Reads the file.  One of another UIDVALIDITY is begun anew, and what is
 * malformed is cut off: that is asked for again.  read_only: nothing is saved.
 */
int idents_open(struct idents *, const char *dir, struct str box,
    uint64_t uidvalidity, bool read_only, struct err *);
/* Appended, and in the file after idents_close, be it after a failure. */
void idents_add(struct idents *, const struct ident_rec *);
/* They are not true any more: the file begins anew. */
void idents_forget(struct idents *, uint64_t uidvalidity);
int idents_close(struct idents *, struct err *);
/* The pairing is done. */
void idents_drop(const char *dir, struct str box);

#endif
