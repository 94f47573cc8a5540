/* show.h: a task as text and as JSON, and helpers for its checks */
#ifndef SHOW_H
#define SHOW_H

#include "dns.h"
#include "finding.h"
#include "json.h"
#include "str.h"

struct task;

void show_text(const struct task *, struct buf *);	/* for people */
void show_terminal(const struct task *, struct buf *);	/* who look at it now */
void show_hosts(const struct task *, struct buf *);	/* -q */
void show_json(const struct task *, struct buf *);	/* -j: one line */

/* Parts of the text form: the first line, the hosts, a finding. */
void show_head(const struct task *, struct buf *);
void show_route(const struct task *, struct buf *);
void show_finding(const struct task *, const struct finding *, struct buf *);

const char *show_severity(enum finding_sev);	/* "hint" "warn" "error" */

/* Text for a terminal, hostile bytes escaped, appended. */
void show_safe(struct buf *, struct str);

/* "ok", or "servfail (validation failure ...)" for a line of text. */
void show_status(struct buf *, const struct dns_answer *);

/* The record for a line of text, or "none", or why it is not known. */
void show_found(struct buf *, const struct dns_answer *, struct str record);

/* "status": and, when there is one, "ede": {"code", "text"} and "why". */
void show_answer(struct json *, const struct dns_answer *);

/* A record under "record", or null. */
void show_record(struct json *, struct str record);

#endif
