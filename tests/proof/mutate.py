#!/usr/bin/env python3
"""mutate.py - small changes to shutdown.c that must not go unnoticed.

    tests/proof/mutate.py OUT FRAMA-C-OPTION...

Each row changes one place of a copy.  The proof must then fail in the named
function, and the walks of tests/unit/shutdown_walk_test.c must show events
with which the machine does wrong.  A change that either of the two does not
notice has survived, and is a failure.  The last line is "N of N changes
noticed by both".
"""
import os
import shutil
import subprocess
import sys

ROWS = [
    # what, where the proof fails, text, what stands there instead
    ("a wait that does not end at the SIGKILL",
     "await_kill",
     "return wait_until(m, earlier(wake_ns, kill_ns));",
     "return wait_until(m, wake_ns);"),
    ("a stop that goes on at its deadline",
     "next_stop",
     """	if (now_ns >= m->kill_ns)
		return begin_kill(m, REASON_DEADLINE, now_ns);
	if (now_ns < m->step_until_ns""",
     """	if (now_ns > m->kill_ns)
		return begin_kill(m, REASON_DEADLINE, now_ns);
	if (now_ns < m->step_until_ns"""),
    ("a sweep that begins at the deadline",
     "next_sweep",
     """	if (now_ns >= m->kill_ns)
		return begin_kill(m, REASON_DEADLINE, now_ns);
	if (!m->swept)""",
     """	if (now_ns > m->kill_ns)
		return begin_kill(m, REASON_DEADLINE, now_ns);
	if (!m->swept)"""),
    ("a step that is not counted",
     "next_stop",
     "step = plan->step[m->step++];",
     "step = plan->step[m->step];"),
    ("a step behind the last one",
     "schedule_kills_next",
     "return m->step >= plan->steps ||",
     "return m->step > plan->steps ||"),
    ("a last call that is not remembered",
     "await_step",
     "	m->called = true;\n",
     ""),
    ("a sweep that is not remembered",
     "next_sweep",
     "		m->swept = true;\n",
     ""),
    ("a deadline that moves with every stop request",
     "note_stop",
     "	if (m->deadline_ns == NEVER_NS) {\n",
     "	if (m->deadline_ns == NEVER_NS || signal == SIGTERM) {\n"),
    ("a SIGKILL that takes the time of the post-stop hooks",
     "fix_deadline",
     "m->kill_ns = m->deadline_ns - plan->post_ns;",
     "m->kill_ns = m->deadline_ns;"),
    ("no deadline at the program's own end",
     "next_ready",
     """	fix_deadline(m, plan, now_ns);
	enter(m, PHASE_SWEEP, now_ns);""",
     "	enter(m, PHASE_SWEEP, now_ns);"),
    ("names that are looked up at the deadline",
     "begin_kill",
     "if (!m->survivors_found && reason != REASON_DEADLINE) {",
     "if (!m->survivors_found) {"),
    ("a wait for the dead that goes on after a second",
     "next_kill",
     "return wait_until(m, earlier(m->dead_until_ns, m->again_ns));",
     "return wait_until(m, m->again_ns);"),
    ("post-stop hooks that may go on after the deadline",
     "begin_post",
     "		earlier(after(now_ns, plan->post_ns), m->deadline_ns);",
     "		after(now_ns, plan->post_ns);"),
    ("a drain that waits at its limit",
     "next_drain",
     "	if (now_ns >= limit_ns)\n		return end_drain",
     "	if (now_ns > limit_ns)\n		return end_drain"),
    ("a hook that is skipped for ever",
     "end_drain",
     "return action(ACTION_HOOK_SKIP, reason, m->next_pre_hook++);",
     "return action(ACTION_HOOK_SKIP, reason, m->next_pre_hook);"),
    ("a second Ctrl-C that also ends the next phase",
     "enter",
     "		m->interrupted = false;\n}",
     "		m->interrupted = m->had_interrupt;\n}"),
    ("a post-stop hook that is asked for and not counted",
     "next_post",
     """		return action(ACTION_POST_HOOK, REASON_NONE,
			      m->next_post_hook++);""",
     """		return action(ACTION_POST_HOOK, REASON_NONE,
			      m->next_post_hook);"""),
]
CC = ["cc", "-std=c11", "-D_GNU_SOURCE", "-O2"]


def copy_of(out, number, text, instead):
    """A tree beside this one, with shutdown.c changed in one place."""
    tree = os.path.join(out, "mutation-%d" % number)
    shutil.rmtree(tree, ignore_errors=True)
    os.makedirs(os.path.join(tree, "tests/proof"))
    os.symlink(os.path.abspath("src"), os.path.join(tree, "src"))
    shutil.copy("tests/proof/machine.c", os.path.join(tree, "tests/proof"))
    shutil.copy("shutdown.h", tree)
    with open("shutdown.c", encoding="utf-8") as source:
        code = source.read()
    if code.count(text) != 1:
        sys.exit("mutate.py: not once in shutdown.c:\n" + text)
    with open(os.path.join(tree, "shutdown.c"), "w",
              encoding="utf-8") as changed:
        changed.write(code.replace(text, instead))
    return tree


def walks_notice(tree):
    """What the walks say that does not hold, and how it came to that."""
    walk = os.path.join(tree, "shutdown_walk_test")
    subprocess.run(CC + ["-iquote", tree, "-iquote", "src", "-o", walk,
                         "tests/unit/shutdown_walk_test.c",
                         tree + "/shutdown.c"], check=True)
    lines = lines_of([walk])
    wrong = [line for line in lines if line.startswith("not ok")]
    shown = [line for line in lines if "shown by:" in line]
    if shown:
        seed = shown[0].split()[-2]
        wrong += [line for line in lines_of([walk, seed, "1"])
                  if " ns, " in line][-6:]
    return wrong


def lines_of(command):
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True,
                         check=False, timeout=600)
    return run.stdout.splitlines()


def proof_notices(tree, functions, options):
    """The first goal that is not proved; the rest is not waited for."""
    command = ["frama-c"] + options + [
        "-wp-fct", functions, "tests/proof/machine.c"]
    # Frama-C takes PWD for the folder that it is in.
    env = dict(os.environ, PWD=os.path.abspath(tree))
    with subprocess.Popen(command, cwd=tree, env=env, text=True,
                          stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as proof:
        goal, end = None, False
        for line in proof.stdout:
            end = end or "Proved goals:" in line
            if "] Goal " in line and ": Valid" not in line:
                goal = line.split("] Goal ")[1].split(" : ")[0]
                proof.terminate()
                break
            if "User Error" in line:
                sys.exit("mutate.py: " + line)
    if goal is None and not end:
        sys.exit("mutate.py: the proof has not ended")
    return goal


def main():
    out, options = sys.argv[1], sys.argv[2:]
    noticed = 0
    for number, (what, functions, text, instead) in enumerate(ROWS):
        tree = copy_of(out, number, text, instead)
        walk = walks_notice(tree)
        goal = proof_notices(tree, functions, options)
        print("%s: %s" % ("noticed" if walk and goal else "SURVIVED", what))
        print("    walks: %s" % "\n        ".join(walk or ["nothing"]))
        print("    proof: %s" % (goal or "nothing"), flush=True)
        noticed += bool(walk and goal)
    print("%d of %d changes noticed by both" % (noticed, len(ROWS)))
    return noticed != len(ROWS)


if __name__ == "__main__":
    sys.exit(main())
