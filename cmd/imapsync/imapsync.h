/*
 * imapsync.h: the parts of imapsync
 *
 * main.c	options, accounts, the order of a run
 * boxes.c	which folders there are on both sides, and which need a look
 * folders.c	whole folders: made, renamed and removed on the other side
 * look.c	a mailbox on this side: its state and its Maildir, joined
 * remote.c	what changed in a mailbox on the server, by the best way it has
 * local.c	a Maildir: opened, and the changes made to it
 * local_scan.c	a Maildir: what is in it, and whether that changed
 * plan.c	pure: base + local + remote -> a list of actions
 * moves.c	what went here and came there is a move
 * apply.c	carries the actions of a plan out
 * fetch.c	downloads, over several connections
 * keep.c	what was downloaded is made durable, then visible, then known
 * push.c	uploads, and what became of those in doubt
 * pair.c	who is who, when the state cannot tell
 * state.c	the log of one mailbox: the last agreed state
 * state_log.c	the same as bytes, and back
 * state_recs.c	the same in memory: arrays and tables
 * index.c	64 bytes a mailbox: is there anything to do at all?
 * run.h		what the parts below have in common
 * names.c	mailbox names as folders, and back
 * flags.c	flags as bits, as IMAP's words, as Maildir's letters
 * bytes.c	messages as they travel and as they lie in files
 * report.c	what is said: text, -j, progress
 * import.c	.mbsyncrc as our configuration
 * statecmd.c	imapsync state dump, check, rebuild
 */
#ifndef IMAPSYNC_H
#define IMAPSYNC_H

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "account.h"
#include "imap_box.h"
#include "opt.h"
#include "session.h"
#include "table.h"

/* ---- flags.c ---- */

/* A set of flags: system flags, $Forwarded, and a mailbox's own keywords. */
#define FLAG_SEEN	1u	/* S */
#define FLAG_ANSWERED	2u	/* R */
#define FLAG_FLAGGED	4u	/* F */
#define FLAG_DRAFT	8u	/* D */
#define FLAG_DELETED	16u	/* T */
#define FLAG_FORWARDED	32u	/* P, $Forwarded */
enum { FLAG_KEYWORD = 8, KEYWORDS = 56, LETTERS = 26 };

/* Bit FLAG_KEYWORD + i is keyword i.  Names compare without ASCII case. */
struct keywords {
	char *name[KEYWORDS];	/* malloced */
	size_t n;
};
/* The keyword's bit, added if new and add is set; 0: no room, or not there. */
uint64_t flags_keyword(struct keywords *, struct str name, bool add);
void flags_keywords_free(struct keywords *);

/* "\Seen $Forwarded work" -> bits; \Recent and unknown \Xxx are dropped. */
uint64_t flags_parse(struct keywords *, struct str words);
/* The other way, appended, blank separated. */
void flags_text(struct buf *, const struct keywords *, uint64_t flags);
/*
 * One mailbox's bits as another's, for what moves: keywords by their names,
 * added where they are new; without them if either is NULL.
 */
uint64_t flags_translate(const struct keywords *from, uint64_t,
    struct keywords *to);
/* Of PERMANENTFLAGS: which bits can be stored; *any: new keywords, too. */
uint64_t flags_permanent(struct keywords *, struct str words, bool *any);

/*
 * Which keyword is which small letter in a Maildir's file names: its file
 * dovecot-keywords ("0 work\n1 play\n"), as Dovecot writes it.
 */
struct letters {
	uint64_t bit[LETTERS];	/* of struct keywords; 0: letter not in use */
	uint32_t strange;	/* bit i: in names, meaning nothing known */
	bool changed;		/* letters were given out: to be saved */
};
/*
 * The info of a file name ("2,FSab" or "") -> bits.  Letters that mean nothing
 * to us go to other[] (NUL-terminated), to be kept; all from a comma on, too.
 */
uint64_t flags_from_info(const struct letters *, struct str info,
    char other[64]);
/*
 * bits and other -> "2,DFSab", letters in ASCII order.  A keyword without a
 * letter gets the next free one if there is, no strange one; those for which
 * there is none are left out, and returned.  "" if cap is too small.
 */
uint64_t flags_to_info(struct letters *, uint64_t flags, const char *other,
    char *dst, size_t cap);

/* RFC-free three-way merge, bit by bit, of which none can conflict. */
static inline uint64_t
flags_merge(uint64_t b, uint64_t l, uint64_t r)
{
	return (b & l & r) | (l & ~b) | (r & ~b);
}

/* ---- bytes.c ---- */

/*
 * A message in a file has LF where it has CRLF on the wire, if it can be
 * restored from that: if every LF on the wire has a CR before it and there
 * is no CR CR LF.  Otherwise the file has the very bytes of the wire; a file
 * that holds a CR LF is sent as it is, all others with CRLF for LF.
 *
 * (A message of bare LFs alone, which no server sends, comes back with CRLF.)
 *
 * ident: 64 bits of who the message is: of its Message-ID, Date, From and
 * Subject fields, unfolded, trimmed, blanks one, without controls, each with
 * its name, sorted by name, never 0.  The same from a file, from the wire,
 * and from HEADER.FIELDS.
 */
struct intake {
	int fd;			/* in tmp/; read and write */
	uint64_t wire;		/* bytes so far */
	uint64_t ident;		/* after intake_end */
	/* private */
	struct ident *who;
	bool cr, two, raw;
	uint64_t at, lf;
	char *out;
	size_t fill;
};
void intake_begin(struct intake *, int fd);
int intake_put(void *intake, const void *, size_t, struct err *);  /* a sink */
int intake_end(struct intake *, struct err *);	/* all is written */
void intake_free(struct intake *);		/* not the descriptor */

/* The ident of header lines, as HEADER.FIELDS brings them. */
uint64_t bytes_ident(struct str head);
/* Has it a Message-ID?  Else it is that of all with such a header. */
static inline bool
bytes_sure(uint64_t ident)
{
	return (ident & 1) != 0;
}

/* What a file is on the wire. */
struct outgo {
	uint64_t wire;		/* bytes */
	uint64_t ident;
	bool verbatim, nul;
};
/* Reads it all once; EX_IOERR. */
int outgo_look(struct outgo *, int fd, struct err *);
/* Only the header: ident alone, wire is 0. */
int outgo_head(struct outgo *, int fd, struct err *);
/*
 * To put, exactly o->wire bytes; -1, EX_TEMPFAIL, also if the file is another
 * by now; it never puts more.
 */
int outgo_send(const struct outgo *, int fd, const struct conn_sink *,
    struct err *);
/* SHA-256 of the wire form, for ties. */
int outgo_digest(const struct outgo *, int fd, unsigned char md[32],
    struct err *);

/* ---- state.c ---- */

enum rec_kind {
	REC_LIVE,		/* in step, as far as the base says */
	REC_ORPHAN,		/* here alone, after UIDVALIDITY changed; uid 0 */
	REC_DROPPED		/* until state_sort takes it away */
};

/* One message of the last agreed state. */
struct rec {
	uint32_t uid;
	uint32_t size;		/* on the wire; UINT32_MAX: that or more */
	uint64_t flags, ident, ino;
	uint32_t name;		/* state_name(): base name, without ":2,..." */
	uint32_t kind;
};

/* What the server said when all up to then had been dealt with. */
struct mark {
	uint64_t uidvalidity, uidnext, modseq, exists;
	char id[80];		/* MAILBOXID, or "" */
};

/* When the Maildir was as the base says; all 0: not known to be. */
struct stamp {
	uint64_t cur_mtime, cur_ino, new_mtime, new_ino;	/* ns */
};

/* An upload or a move whose outcome may be unknown after a crash. */
enum pend_kind { PEND_UPLOAD = 1, PEND_LOCAL };
struct pend {
	enum pend_kind kind;
	const char *name;	/* of the file here */
	uint64_t ino, ident, flags;
	uint32_t size;
	uint32_t uid;		/* PEND_LOCAL: which it is here; else 0 */
	uint64_t uidnext;	/* PEND_UPLOAD: below it, it cannot be */
};

struct state {
	const char *path;
	char *box;		/* the mailbox, UTF-8 */
	struct rec *rec;	/* sorted by uid after state_open, state_sort */
	size_t n, cap;
	struct mark mark;
	struct stamp stamp;
	struct keywords keywords;
	struct pend *pend;
	size_t npend;
	bool fresh;		/* there was no file, or nothing good in it */
	bool cut;		/* a torn tail was cut off */
	uint64_t bytes, good;	/* of the file: found, and whole */
	/* private to state.c */
	struct state_in *in;
};

/*
 * dir/HASH.st, mode 0600: a log of records, each with its length and CRC-32C;
 * loaded whole, a tail that is not whole is cut off.  Another version or
 * another mailbox's name in it: EX_DATAERR.  make: else 1 if there is none.
 * The directory is there already (index_open makes it).  Mailboxes in several
 * threads are well, one in two threads at once is not.
 */
int state_open(struct state *, const char *dir, struct str box, bool make,
    struct err *);
/*
 * Whatever mailbox the file in dir is about, and nothing is written: a torn
 * tail stays (s->cut).  Ends with state_drop_all.  Nothing good in it: the
 * box is "".
 */
int state_read(struct state *, const char *dir, const char *file,
    struct err *);
/*
 * Shortens the log if much of it is old (tmp, fsync, rename), else syncs it;
 * then closes.
 */
int state_close(struct state *, struct err *);
void state_drop_all(struct state *);	/* closes without writing */

const char *state_name(const struct state *, const struct rec *);
/* NULL if there is none.  A rec is valid until the next put, drop or sort. */
struct rec *state_by_uid(struct state *, uint32_t uid);
struct rec *state_by_name(struct state *, struct str base);
struct rec *state_by_ino(struct state *, uint64_t ino);

/* So many more are to come: room for them, made once. */
void state_expect(struct state *, size_t more);

/*
 * Each appends to the log; durable after state_sync.  EX_IOERR; after one
 * nothing more is written.  Keywords that came into s->keywords by whatever
 * way are logged before the first record after them.
 */
int state_put(struct state *, const struct rec *, const char *name,
    struct err *);		/* new, or in place of that uid (or name) */
int state_flags(struct state *, struct rec *, uint64_t flags, struct err *);
int state_drop(struct state *, struct rec *, struct err *);
int state_pend(struct state *, const struct pend *, struct err *);
int state_unpend(struct state *, const char *name, struct err *);
int state_mark(struct state *, const struct mark *, const struct stamp *,
    struct err *);
/*
 * Every rec goes: the UIDs are no more.  All else stays.  It counts only with
 * the next state_mark: a log that ends before that is, when it is opened, as
 * it was before the reset.
 */
int state_reset(struct state *, struct err *);
/* As flags_keyword with add, and remembered. */
uint64_t state_keyword(struct state *, struct str name, struct err *);
int state_sync(struct state *, struct err *);
/* Recs in the order of their uids; dropped ones are gone. */
void state_sort(struct state *);
/* Renamed on both sides: the log is under the new name from here on. */
int state_move(const char *dir, struct str from, struct str to,
    struct err *);
int state_remove(const char *dir, struct str box, struct err *);
void state_file(char file[32], struct str box);		/* "HASH.st" */

/* ---- statecmd.c ---- */

/*
 * "imapsync state VERB" of an account's state directory, to stdout; the
 * account's lock is the caller's.
 * dump	every mailbox's mark, messages, what is pending; with json, NDJSON
 * check	every record's sum, and that the index agrees; EX_DATAERR if not
 * rebuild	all is renamed to *.old: the next run pairs anew
 */
int statecmd_run(const char *verb, const char *dir, bool json,
    struct err *);

/* ---- index.c ---- */

/* 64 bytes a mailbox on disk; the names stand behind the entries. */
struct entry {
	const char *box;	/* UTF-8; the index's */
	struct mark mark;	/* but for the id, which is a hash here */
	struct stamp stamp;
	uint64_t id;		/* hash of MAILBOXID; 0: none */
	bool dirty;		/* not to be trusted: open the state */
	bool missing;		/* it was on one side alone in the last run */
};
struct index {
	const char *path;
	struct entry *v;	/* sorted by name */
	size_t n;
	struct arena arena;
	uint64_t saved;		/* private: what is on the disk */
};
/*
 * A file that is not whole is as none: all mailboxes are looked into.  The
 * directory is made, 0700, if it is not there.
 */
int index_open(struct index *, const char *dir, struct err *);
struct entry *index_find(struct index *, struct str box);
/* Found or made (dirty); entries move when one is made or dropped. */
struct entry *index_add(struct index *, struct str box);
void index_drop(struct index *, struct str box);
/* If it is not as it was loaded: tmp, fsync, rename, fsync. */
int index_save(struct index *, struct err *);
void index_close(struct index *);
uint64_t index_hash(struct str);		/* FNV-1a, mixed; never 0 */

/* ---- names.c ---- */

enum layout { LAYOUT_VERBATIM, LAYOUT_MAILDIRPP };

/*
 * A mailbox's name (UTF-8, its parts separated by sep, '\0': one part) as the
 * path of a Maildir below the root, "" for the root itself (INBOX with
 * maildir++).  What a part cannot hold is %XX: control bytes, "/", "%", a
 * leading ".", a whole part of cur, new or tmp, broken UTF-8; with maildir++
 * also ".".  -1: it cannot be a path at all (an empty part, over 200 bytes a
 * part or 1,000 in all, 250 with maildir++).  INBOX, also as the first part,
 * is "INBOX" however the server spells it.  -1 appends nothing.
 */
int names_to_path(struct buf *, struct str box, char sep, enum layout);
/*
 * The other way, with the server's sep.  -1: no name of ours: one that
 * names_to_path would not give, or a part has sep in it.
 */
int names_from_path(struct buf *, struct str path, char sep, enum layout);
/*
 * "* !Spam !Lists/%": the last that fits decides; "/" stands for sep.  Blanks
 * stand between double quotes.  If none fits: whether the first is a "!".
 * NULL is "*".
 */
bool names_match(const char *patterns, struct str box, char sep);

/* ---- local.c ---- */

/* A file of a Maildir. */
struct local_msg {
	uint32_t file;		/* local_file(): the whole name */
	uint16_t base;		/* bytes of it before ":2," */
	bool fresh;		/* in new/ */
	bool vague;		/* it has a letter that means nothing here */
	uint64_t ino, flags;
};

struct local {
	char *path;		/* malloced */
	int top, cur, fresh, tmp;	/* descriptors, or -1 */
	struct letters letters;
	struct local_msg *v;
	size_t n;
	struct buf heap;
	struct table named;	/* of v, once local_has was asked */
	struct stamp seen;	/* before it was scanned */
	bool racy;		/* changed so lately that seen proves nothing */
	struct keywords *words;	/* of the mailbox: local_words */
	int attic;		/* private */
};

/*
 * Opens root/path (O_NOFOLLOW below the root), made with mode 0700 if make is
 * set and it is not there.  1 if it is not there, or is no Maildir.
 */
int local_open(struct local *, int root, const char *path, bool make,
    struct err *);
void local_close(struct local *);
/* Two stats, without opening anything: 1 if there is no such Maildir. */
int local_stamp(int root, const char *path, struct stamp *, bool *racy);
/* In how many ms a scan would not be racy, if nothing changes; 0: now. */
int local_calm(const struct local *);
/*
 * The letters, from dovecot-keywords; the keywords are kept by pointer.  It
 * comes before any file name is made, unless local_scan did it.
 */
int local_words(struct local *, struct keywords *, struct err *);
/*
 * The whole of cur/ and new/ by readdir alone: no stat a file.  Again while
 * cur/ changes meanwhile, for a file that is renamed then may be missed;
 * EX_TEMPFAIL if it never stops.
 */
int local_scan(struct local *, struct keywords *, struct err *);
void local_forget(struct local *);		/* the scan */
const char *local_file(const struct local *, const struct local_msg *);
struct str local_base(const struct local *, const struct local_msg *);
/* Was there a file of that base name when it was scanned? */
bool local_has(struct local *, struct str base);
/* A descriptor; -1, and EX_NOINPUT if it vanished. */
int local_read(const struct local *, const struct local_msg *,
    struct err *);
/*
 * The file gets these flags: a rename to cur/, other letters kept; m is as
 * the file is then, without the keywords that have no letter.  1: it is gone
 * or has other flags than m->flags by now: not touched.
 */
int local_flags(struct local *, struct local_msg *, uint64_t flags,
    struct err *);
/*
 * To cur/ or new/ of another, name and flags kept, as flags_translate has
 * them.  1: gone.  EX_CANTCREAT: there is one of that name.  m stays as it
 * was; *there is the file as a message of the other, to be used with it.
 */
int local_move_to(struct local *, struct local_msg *, struct local *to,
    struct local_msg *there, struct err *);
int local_move(struct local *, struct local_msg *, struct local *to,
    struct err *);
/*
 * attic: to root/.attic/YYYYMMDD/PATH-IN-ONE-PART/ (UTC; "/" is %2F, "" is
 * INBOX); else unlinked.  1: gone.
 */
int local_remove(struct local *, struct local_msg *, int root, bool attic,
    struct err *);
/* Saves dovecot-keywords if letters were given out. */
int local_letters(struct local *, const struct keywords *, struct err *);
/*
 * Every Maildir below the root, as paths that names_from_path knows, each
 * (n bytes, NUL-terminated) to put.  Symbolic links are not followed.
 */
int local_folders(int root, enum layout, void (*put)(void *, const char *),
    void *, struct err *);
/*
 * What is left of a Maildir that had nothing in it, Maildirs below it kept;
 * 1: it has something, or is the root.
 */
int local_rmdir(int root, const char *path, struct err *);

/* "postbag.HASH.UID": the name a download has, always the same. */
void local_name(char dst[64], uint64_t key, uint32_t uid);
/* Is it one of those with this key?  The uid; else 0. */
uint32_t local_named(struct str base, uint64_t key);

/* ---- plan.c ---- */

enum act_kind {
	ACT_PAIR,		/* the same message on both sides: remember */
	ACT_FETCH,		/* download */
	ACT_PUSH,		/* upload */
	ACT_FAR_FLAGS,		/* store on the server */
	ACT_NEAR_FLAGS,		/* rename here */
	ACT_BASE_FLAGS,		/* both have them: remember */
	ACT_FAR_MOVE,		/* the server moves it to another mailbox */
	ACT_NEAR_MOVE,		/* renamed into another Maildir */
	ACT_FAR_DELETE, ACT_NEAR_DELETE,
	ACT_FORGET,		/* gone on both sides */
	ACT_ORPHAN,		/* here alone, and stays so */
	ACT_NOTHING,		/* it became part of another */
	ACT_KINDS
};

/* One action.  Indexes are into the plan's inputs; NONE where there is none. */
#define NONE UINT32_MAX
struct act {
	enum act_kind kind;
	uint32_t uid;
	uint32_t rec, local, far;	/* base, local, remote */
	uint32_t name;			/* the rec's: see struct rec */
	uint64_t add, del;		/* flags */
	uint64_t flags;			/* the merged ones: the new base */
	struct box *to;			/* of a move */
	uint32_t other;			/* of a move: the act it stands for
					   there; of flags: those of the other
					   side, of the same message */
	bool failed;
};

/* A message on the server that is new or changed. */
struct far_msg {
	uint32_t uid;
	uint32_t size;
	uint64_t flags, ident;
	bool flags_known;	/* else they come with the body */
};

struct policy {
	bool pull_new, push_new, pull_flags, push_flags;
	enum { FAR_TRASH, FAR_EXPUNGE, FAR_MARK, FAR_NEVER } far_delete;
	enum { NEAR_ATTIC, NEAR_EXPUNGE, NEAR_MARK, NEAR_NEVER } near_delete;
	bool reupload;			/* orphans */
};

/* What plan_make works on: all of it the caller's, and not changed. */
struct plan_in {
	const struct rec *rec;		/* sorted by uid, orphans (0) first */
	size_t nrec;
	const struct local_msg *local;
	size_t nlocal;
	const uint32_t *local_of;	/* of each rec: its file, or NONE */
	const uint32_t *rec_of;		/* of each file: its rec, or NONE */
	bool local_same;		/* not scanned: as the recs say; the
					   three above are NULL then */
	const struct far_msg *far;	/* sorted by uid */
	size_t nfar;
	const uint32_t *gone;		/* uids of recs, sorted */
	size_t ngone;
	/* pairs that pair.c found among new files and new messages */
	const uint32_t *pair_local, *pair_far;
	size_t npair;
	const uint64_t *pair_base;	/* their base flags, or NULL: l & r */
	uint64_t storable;		/* flags the server keeps */
	uint64_t lettered;		/* flags a file name can have */
	bool no_delete;			/* UIDVALIDITY changed, Maildir lost */
	bool marks;			/* deleted there is but \Deleted there */
	struct policy policy;
};

struct plan {
	struct act *v;
	size_t n, cap;
	size_t count[ACT_KINDS];
};

/* No I/O.  Actions in the order they are carried out in. */
void plan_make(struct plan *, const struct plan_in *);
void plan_free(struct plan *);
/* More than max(10, 20 %) of a mailbox of n. */
bool plan_too_many(uint64_t deletes, uint64_t n);

#endif
