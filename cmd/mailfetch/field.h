/* field.h: a field of a header, to be shown */
#ifndef FIELD_H
#define FIELD_H

#include <time.h>

#include "fail.h"
#include "json.h"
#include "str.h"

/* The header, or as much of it as there is in the first 64 KB of a file. */
int field_head(int file, struct buf *to, struct err *);

/* The topmost field of that name: is there one?  Its body as it stands. */
bool field_first(struct str head, const char *name, struct str *body);

/* When it came, as its topmost Received field says; or false. */
bool field_came(struct str head, time_t *);

/* Its body on one line, at most 2,000 bytes of it, or "". */
void field_json(struct json *, const char *key, struct str head,
    const char *name);
/* The same, escaped for a terminal. */
void field_text(struct str head, const char *name, char *dst, size_t cap);

#endif
