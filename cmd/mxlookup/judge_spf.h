/* judge_spf.h: what is odd about an SPF record and all that it includes */
#ifndef JUDGE_SPF_H
#define JUDGE_SPF_H

struct dns_answer;
struct spf_survey;
struct task;

/*
 * Findings of the check spf, of the survey, the domain's MX, and whether it has
 * an address (or that is not known).  spf_flatten was called.
 */
void judge_spf(struct task *, const struct spf_survey *,
    const struct dns_answer *mx, bool address);

#endif
