/* box.c: the sandbox: nothing is written, and only name servers are asked */
#include "box.h"
#include "run.h"
#include "settings.h"
#include "sandbox.h"

void
box_enter(struct run *r)
{
	if (r->set->no_sandbox) {
		sandbox_warn();
		return;
	}
	dns_box(r->dns, &r->box);
	sandbox_enter(&r->box);
}
