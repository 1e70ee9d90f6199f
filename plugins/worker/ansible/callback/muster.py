"""What Ansible did, a task at a time: a line for whoever reads, a result on
descriptor 3 for whoever counts, and at the end the state of it all in the file
that MUSTER_ANSIBLE_STATUS names."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = """
    name: muster
    type: stdout
    short_description: results for the worker of muster
    description: writes a result per task to descriptor 3
"""

import json
import os
import sys

from ansible.plugins.callback import CallbackBase

STATES = {"ok": 0, "skipped": 1, "failed": 2, "unreachable": 3, "changed": 4}
TEXT_MAX = 16384  # of one text of a result, bytes
SHOWN = ("msg", "rc", "stdout", "stderr", "censored", "skip_reason")


def short(value):
    if isinstance(value, (bool, int, float)) or value is None:
        return value
    if not isinstance(value, str):
        value = json.dumps(value, default=str)
    if len(value) <= TEXT_MAX:
        return value
    return "%s\n... %d characters cut ..." % (
        value[:TEXT_MAX],
        len(value) - TEXT_MAX,
    )


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "muster"

    def __init__(self):
        super(CallbackModule, self).__init__()
        self.op = os.environ.get("MUSTER_OP", "deploy")
        self.seen = set()
        self.status = {}

    # -- where it goes

    def result(self, value):
        line = b"result " + json.dumps(value, default=str).encode() + b"\n"
        try:
            while line:
                line = line[os.write(3, line) :]
        except OSError:
            pass  # nobody has asked for it

    def save(self):
        path = os.environ.get("MUSTER_ANSIBLE_STATUS")
        if not path:
            return
        with open(path + ".new", "w") as f:
            json.dump(self.status, f)
        os.rename(path + ".new", path)

    # -- what a task was

    def deployed(self, r, state, ignored):
        task = r._task
        role = task._role.get_name() if task._role else None
        name = task.name or task.action
        out = {"name": task.get_name().strip(), "task": name, "role": role}
        out.update(state=STATES[state], status=STATES[state])
        out.update(module=task.action, host=r._host.get_name())
        for key in SHOWN:
            if r._result.get(key) not in (None, ""):
                out[key] = short(r._result[key])
        if ignored:
            out["ignored"] = True
        self.result(out)
        text = "%-11s %s" % (state, out["name"])
        if state in ("failed", "unreachable"):
            text += ": %s" % out.get("msg", out.get("censored", ""))
        print(text + (" (ignored)" if ignored else ""), flush=True)

    def executed(self, r):
        for key, stream in (("stdout", sys.stdout), ("stderr", sys.stderr)):
            text = r._result.get(key) or ""
            stream.buffer.write(text.encode("utf-8", "surrogateescape"))
            stream.flush()
        self.status["rc"] = r._result.get("rc", 1)

    def task(self, r, state, ignored=False):
        failed = state in ("failed", "unreachable")
        if self.op == "deploy" and not failed:
            if r._task.action == "gather_facts":
                return  # nothing that the role asked for
        if not ignored:
            self.seen.add(state)
        if self.op == "deploy":
            self.deployed(r, state, ignored)
        elif self.op == "execute" and "rc" in r._result and "cmd" in r._result:
            self.executed(r)
        elif failed:
            print(short(r._result.get("msg", state)), file=sys.stderr)
        elif self.op == "facter":
            self.result(r._result.get("ansible_facts", {}))

    # -- what Ansible calls

    def v2_runner_on_ok(self, result):
        self.task(result, "changed" if result.is_changed() else "ok")

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self.task(result, "failed", ignore_errors)

    def v2_runner_on_skipped(self, result):
        self.task(result, "skipped")

    def v2_runner_on_unreachable(self, result):
        self.task(result, "unreachable")

    def v2_playbook_on_no_hosts_matched(self):
        print("the inventory has no such host any more", file=sys.stderr)
        self.seen.add("unreachable")

    def v2_playbook_on_stats(self, stats):
        for state in ("unreachable", "failed", "changed", "ok", "skipped"):
            if state in self.seen:
                self.status["state"] = state
                break
        else:
            self.status["state"] = "skipped"
        if self.op == "execute" and self.status["state"] == "changed":
            self.status["state"] = "ok"
        self.save()
