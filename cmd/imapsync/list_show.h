/* list_show.h: imapsync list: the server's folders, and where they lie here */
#ifndef LIST_SHOW_H
#define LIST_SHOW_H

struct run;
struct settings;

/*
 * To stdout, of a run that has found all folders: a line each, in order, or an
 * object with -j.  asked says which of them are synced.
 */
void list_show(const struct run *, const struct settings *asked);

#endif
