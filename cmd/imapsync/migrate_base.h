/* migrate_base.h: which flags messages had in FROM when they were last looked at */
#ifndef MIGRATE_BASE_H
#define MIGRATE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mem.h"
#include "str.h"
#include "table.h"

/* Each text of flags is kept once. */
struct migrate_texts {
	const char **v;
	size_t n;
	struct table of;
	struct arena arena;
};

/* Its place in v, added if it is new. */
uint32_t migrate_texts_place(struct migrate_texts *, struct str);
/* MIGRATE_UNBASED: it is not among them. */
uint32_t migrate_texts_find(struct migrate_texts *, struct str);
void migrate_texts_free(struct migrate_texts *);

/* Of the messages of one mailbox; eight bytes each. */
struct migrate_base {
	struct migrate_based {
		uint32_t uid;
		uint32_t text;		/* a place among the texts */
	} *v;				/* see migrate_base_sort */
	size_t n, cap;
	bool unsorted;
};

enum { MIGRATE_UNBASED = UINT32_MAX };

/* In any order; of one message the last counts. */
void migrate_base_set(struct migrate_base *, uint32_t uid, uint32_t text);
/* By UID, each once. */
void migrate_base_sort(struct migrate_base *);
/* MIGRATE_UNBASED: it is not known. */
uint32_t migrate_base_text(struct migrate_base *, uint32_t uid);

/*
 * FLAGS as they came, appended so that equal sets are equal texts: in order,
 * each once, and without \Recent.
 */
void migrate_base_words(struct buf *, struct str flags);

#endif
