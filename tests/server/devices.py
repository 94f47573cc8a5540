"""devices.py: the random walk of syncwalk.py with several devices.

	walk = Devices(Other("dovecot"), seed=1, n=3)
	walk.steps(300)			n Maildirs with a base each, on one account,
	walk.end()			and a phone: the far side of the walk

A device sees what the others did when it syncs, and does its own on what it
knows; some sync at the same time.  At rest all have the same as the server.  What
only one of them has touched is as it was left; what several have touched since
the last rest may go either way, but neither vanish nor multiply.
"""
import collections
import os
import shutil
import subprocess

from syncwalk import ACTS, Walk, PLENTY
from synclab import Near

KINDS = {x: v for x, v in ACTS.items()
         if "create" not in x and "rename" not in x}


class Devices(Walk):
    def __init__(self, other, seed, n):
        self.devices, self.at = n, 0
        Walk.__init__(self, other, seed)

    # ---- the device that acts: near, state and old are its own

    def place(self, name):
        return "%s/%s%d" % (self.dir, name, self.at)

    @property
    def near(self):
        return Near(self.place("near"))

    @near.setter
    def near(self, first):
        for self.at in range(1, self.devices):
            os.makedirs(self.place("near"))
        self.at = 0			# its own is made by Walk

    @property
    def state(self):
        return self.place("state")

    @state.setter
    def state(self, path):
        pass

    @property
    def old(self):
        return self.place("old")

    @old.setter
    def old(self, path):
        pass

    def use(self, which=None):
        self.at = self.rnd.randrange(self.devices) if which is None else which

    def touch(self, side, n):
        return Walk.touch(self, side if side == "far" else
                          "near %d" % self.at, n)

    def say(self, *words):
        mine = words and str(words[0]).split(" ")[0] != "far"
        Walk.say(self, *(("device %d:" % self.at,) if mine else ()), *words)

    # ---- runs

    def race(self):
        """All of them at the same time."""
        self.say("all at once")
        began = []
        for i in range(self.devices):
            self.use(i)
            began.append(self.start())
        for i, p in enumerate(began):
            self.use(i)
            try:
                out, err = p.communicate(timeout=120)
            except subprocess.TimeoutExpired:
                p.kill()
                out, err = p.communicate()
                self.fault("a run that does not end", err.decode())
            self.say("run exit", p.returncode, err.decode("utf-8", "replace"))
            for line in out.decode("utf-8", "replace").splitlines():
                if '"event":"done"' in line:
                    self.say("  ", line)
        self.line.forget()

    def rest(self):
        for _ in range(10):
            calm = True
            for i in range(self.devices):
                self.use(i)
                status, did = self.run()
                calm &= status == 0 and not did
            if calm:
                break
        else:
            self.fault("they never come to rest")
        self.same()
        self.use(0)
        self.check()
        self.log = []

    def same(self):
        """Each has what the first one has."""
        seen = []
        for i in range(self.devices):
            self.use(i)
            here = collections.Counter()
            for f in self.folders:
                for n, flags, _ in self.near_all(f):
                    here[n, f.name, tuple(sorted(flags))] += 1
            seen.append(here)
        for i, here in enumerate(seen):
            if here != seen[0]:
                self.fault("device %d has not what device 0 has" % i,
                           "more %s\nless %s" % (dict(here - seen[0]),
                                                 dict(seen[0] - here)))

    # ---- the walk

    def one(self):
        self.use()
        few = sum(len(k.places) for k in self.known.values()) < PLENTY
        self.step += 1
        self.act(self.rnd.choices(
            list(KINDS), [w * (1 if few or not d else 4)
                          for w, d in KINDS.values()])[0])

    def window(self):
        self.use()
        r = self.rnd.random()
        if r < .05 and os.path.isdir(self.old):
            self.control(self.rnd.choice(["lose_state", "old_state"]))
        elif r < .3 or not os.path.isdir(self.old):
            shutil.rmtree(self.old, ignore_errors=True)
            shutil.copytree(self.state, self.old)
        for _ in range(self.rnd.choice((1, 2, 2, 3))):
            for _ in range(self.rnd.randrange(1, 6)):
                self.one()
            self.use()
            how = self.rnd.choice(("kill", "cut", "hand", "run", "run",
                                   "race", "none"))
            self.tally[how] += 1
            self.step += how != "none"
            if how == "race":
                self.race()
            elif how == "run":
                self.run()
            elif how != "none":
                self.struck(how)
        self.rest()
