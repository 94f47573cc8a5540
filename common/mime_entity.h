/* mime_entity.h: what an entity is, by its header (RFC 2045 5.1, 6.1) */
#ifndef MIME_ENTITY_H
#define MIME_ENTITY_H

#include <stdbool.h>
#include <stddef.h>

#include "str.h"

/* A multipart that is open. */
struct mime_level {
	char boundary[256];
	size_t n;
	bool sealed;			/* signed or encrypted, or inside */
	bool digest;
};

/* The kind of an entity, by its Content-Type and whether it can be entered. */
enum entity_kind {
	ENTITY_OTHER,		/* a leaf that is no text */
	ENTITY_TEXT,		/* a leaf where QP may be cheaper */
	ENTITY_PARTIAL,		/* message/partial, external-body */
	ENTITY_MESSAGE,		/* its body is an entity */
	ENTITY_MULTIPART,	/* its body has entities */
	ENTITY_OPAQUE		/* a multipart we cannot enter */
};

/* Its Content-Transfer-Encoding. */
enum entity_coding {
	ENTITY_PLAIN,		/* 7bit, or nothing */
	ENTITY_EIGHT,		/* 8bit or binary: will be 7bit */
	ENTITY_ENCODED		/* by .encoding, and stays so */
};

/* An entity, as far as its header says. */
struct mime_entity {
	enum entity_kind kind;
	enum entity_coding coding;
	bool typed;			/* there is a Content-Type */
	bool version;			/* there is a MIME-Version */
	char encoding[32];		/* as it says, for an error */
	struct mime_level as;		/* what a multipart would push */
};

/*
 * From the header's lines; the first field of a name counts.  in_digest: it is
 * a part of a multipart/digest, and a message if it does not say otherwise
 * (RFC 2046 5.1.5).  A multipart that is encoded or has no boundary is opaque.
 */
void mime_entity(struct mime_entity *, struct str head, bool in_digest);

#endif
