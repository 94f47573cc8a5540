/* account_run.h: one account's run */
#ifndef ACCOUNT_RUN_H
#define ACCOUNT_RUN_H

struct err;
struct opt_list;
struct settings;

/*
 * Its exit status, e told of what ended it.  With fill, files: only their
 * bodies are fetched, see body.h.
 */
int account_run(const struct settings *, const struct opt_list *fill,
    struct err *);
/* "imapsync list": all folders of the server; 0 or as above. */
int account_list(const struct settings *, struct err *);
/* "imapsync state VERB" of its state directory: see statecmd_run. */
int account_state(const struct settings *, const char *verb, struct err *);

#endif
