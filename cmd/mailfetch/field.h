/* field.h: a field of a header, to be shown */
#ifndef FIELD_H
#define FIELD_H

#include "json.h"
#include "str.h"

/* Its body on one line, at most 2,000 bytes of it, or "". */
void field_json(struct json *, const char *key, struct str head,
    const char *name);
/* The same, escaped for a terminal. */
void field_text(struct str head, const char *name, char *dst, size_t cap);

#endif
