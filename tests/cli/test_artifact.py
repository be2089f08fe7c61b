"""`noria artifact`, and the artifacts of `noria runs show`."""

from __future__ import annotations

import json

from noria.core.ids import to_text
from tests.cli.rows import START, batch, flow_run
from tests.conformance.rows import artifact as row


def made(key="report", **facts):
    return row(key, **{"created": START, "updated": START, **facts})


def table(data, key="orders", **facts):
    return made(key, kind="table", data=json.dumps(data), summary="a table", **facts)


def lines(result):
    return [line.rstrip() for line in result.stdout.splitlines()]


class TestLs:
    def test_of_each_key_the_newest(self, noria, store):
        run = flow_run()
        old, new, alone = made(flow_run=run.id), made(flow_run=run.id), made(None)
        store.append(batch(run, old, new, alone, table([], updated=START + 5)))
        shown = lines(noria("artifact", "ls", tty=True))
        assert shown == [
            "ARTIFACT  VERSION  TYPE      SUMMARY  UPDATED  RUN",
            "orders          1  table     a table  59s ago",
            "report          2  markdown  hello    1m ago   brave-otter-1",
        ]

    def test_all_of_them(self, noria, store):
        rows = [made(), made(), made(None)]
        store.append(batch(*rows))
        found = noria("artifact", "ls", "--all", "-o", "name").stdout.split()
        assert found == [to_text(each.id) for each in reversed(rows)]
        assert to_text(rows[2].id)[:13] in noria("artifact", "ls", "--all", tty=True).stdout

    def test_conditions(self, noria, store):
        run = flow_run()
        wanted = made(flow_run=run.id)
        store.append(batch(run, wanted, made(), table([])))

        def ids(*arguments):
            return noria("artifact", "ls", *arguments, "-o", "name").stdout.split()

        assert ids("--run", run.name) == [to_text(wanted.id)]
        assert len(ids("--key", "report")) == 2
        assert len(ids("--type", "table")) == 1
        assert len(ids("--all", "--limit", "2")) == 2

    def test_what_programs_get(self, noria, store):
        store.append(batch(made(description="d", metadata='{"a": "b"}', note="cut")))
        (document,) = json.loads(noria("artifact", "ls", "-o", "json").stdout)
        assert list(document) == [
            "id",
            "key",
            "version",
            "type",
            "summary",
            "description",
            "note",
            "metadata",
            "created",
            "updated",
            "flow_run_id",
            "task_run_id",
        ]
        assert (document["version"], document["metadata"]) == (1, {"a": "b"})

    def test_none(self, noria):
        assert noria("artifact", "ls", tty=True).stderr == "No artifacts yet.\n"
        assert noria("artifact", "ls", "--key", "x", tty=True).stderr == "No artifacts match.\n"


class TestShow:
    def test_a_table(self, noria, store):
        run = flow_run()
        data = [{"城市": "北京", "n": 3}, {"城市": None, "n": 12.5, "more": [1]}]
        store.append(batch(run, table(data, flow_run=run.id, description="by **city**")))
        assert lines(noria("artifact", "show", "orders", "--utc", tty=True)) == [
            "orders  table, version 1",
            "  made     2026-11-18 11:06:40 UTC, 1m ago",
            "  run      brave-otter-1, of flow flights",
            "",
            "by city",
            "",
            "城市     n  more",
            "北京     3",
            "      12.5  [1]",
        ]

    def test_a_table_for_programs(self, noria, store):
        store.append(batch(table({"a": [1, 2], "b": ["x\ty"]})))
        assert noria("artifact", "show", "orders").stdout == "1\tx\\ty\n2\t\n"
        assert noria("artifact", "show", "orders", "-o", "csv").stdout == "a,b\n1,x\ty\n2,\n"
        document = json.loads(noria("artifact", "show", "orders", "-o", "json").stdout)
        assert document["data"] == {"a": [1, 2], "b": ["x\ty"]}

    def test_a_table_of_lists(self, noria, store):
        store.append(batch(table([[1, "x"], [2]])))
        assert noria("artifact", "show", "orders", "-o", "csv").stdout == "1,2\n1,x\n2,\n"

    def test_a_table_that_is_too_long_and_too_wide(self, noria, store):
        data = [{f"column-{n}": "x" * 20 for n in range(20)}] * 60
        store.append(batch(table(data)))
        shown = lines(noria("artifact", "show", "orders", tty=True))
        assert shown[-1] == "… 10 more rows and 13 more columns; -o csv has all"
        assert max(map(len, shown)) <= 100

    def test_markdown(self, noria, store):
        text = "# 摘要\n\n- **3** orders\n- [all](http://x/a)\n"
        store.append(batch(made(data=text)))
        shown = lines(noria("artifact", "show", "report", tty=True))
        assert shown[-2:] == [" • 3 orders", " • all (http://x/a)"]
        assert "摘要" in shown[3]
        assert noria("artifact", "show", "report").stdout == text + "\n"

    def test_a_text_cannot_move_the_terminal(self, noria, store):
        store.append(batch(made(data="a\x1b[2Jb", description="\x07", key="k")))
        shown = noria("artifact", "show", "k", tty=True).stdout
        assert "\x1b" not in shown
        assert "\x07" not in shown
        assert "a\\x1b[2Jb" in shown

    def test_progress(self, noria, store):
        store.append(batch(made(kind="progress", format="json", data="62.5", updated=START + 1)))
        shown = lines(noria("artifact", "show", "report", tty=True))
        assert shown[-1] == "━" * 25 + "┅" * 15 + "  62.5%"
        assert shown[2].startswith("  updated")
        assert noria("artifact", "show", "report").stdout == "62.5\n"

    def test_any_other_kind(self, noria, store):
        store.append(batch(made("gauge", kind="gauge", format="json", data='{"v": 1}')))
        assert lines(noria("artifact", "show", "gauge", tty=True))[-3:] == ["{", '  "v": 1', "}"]
        store.append(batch(made("map", kind="image", data="http://x/a.png")))
        assert lines(noria("artifact", "show", "map", tty=True))[-1] == "http://x/a.png"
        store.append(batch(made("odd", kind="table", data="no json")))
        assert lines(noria("artifact", "show", "odd", tty=True))[-1] == "no json"

    def test_a_note_stands_at_the_end(self, noria, store):
        store.append(batch(made(note="Only the beginning is kept.")))
        assert lines(noria("artifact", "show", "report", tty=True))[-1] == (
            "Only the beginning is kept."
        )

    def test_versions_and_ids(self, noria, store):
        first, second = made(data="one"), made(data="two")
        store.append(batch(first, second))
        assert noria("artifact", "show", "report").stdout == "two\n"
        assert noria("artifact", "show", "report", "--version", "1").stdout == "one\n"
        assert noria("artifact", "show", to_text(first.id)).stdout == "one\n"
        assert noria("artifact", "show", "report", "-o", "name").stdout.strip() == to_text(
            second.id
        )

    def test_what_is_not_there(self, noria, store):
        store.append(batch(made()))
        result = noria("artifact", "show", "reprot")
        assert result.exit_code == 3
        assert result.stderr.splitlines() == [
            "error[N017]: there is no artifact reprot",
            "  did you mean report?",
            "  list them: noria artifact ls --all",
        ]
        result = noria("artifact", "show", "report", "--version", "7")
        assert "has no version 7\n  its newest version is 1" in result.stderr

    def test_a_beginning_that_several_have(self, noria, store):
        rows = [
            made(None, id=bytes.fromhex("0123456789ab7000800000000000000" + end)) for end in "12"
        ]
        store.append(batch(*rows))
        result = noria("artifact", "show", "01234567")
        assert result.exit_code == 3
        assert "01234567 names more than one artifact" in result.stderr
        assert to_text(rows[0].id) in result.stderr


class TestRunsShow:
    def test_a_line_for_each(self, noria, store):
        run = flow_run()
        rows = [made(flow_run=run.id), table([], flow_run=run.id), made(None, flow_run=run.id)]
        store.append(batch(run, *rows))
        shown = lines(noria("runs", "show", "@last", tty=True))
        begin = shown.index("artifacts  noria artifact show NAME")
        short = to_text(rows[2].id)[:13]
        assert shown[begin + 1 : begin + 4] == [
            "  report         markdown  hello",
            "  orders         table     a table",
            f"  {short}  markdown  hello",
        ]

    def test_not_more_than_ten(self, noria, store):
        run = flow_run()
        store.append(batch(run, *(made(f"k{n}", flow_run=run.id) for n in range(11))))
        shown = lines(noria("runs", "show", "@last", tty=True))
        more = [line for line in shown if "and more" in line]
        assert len(more) == 1
        assert more[0].startswith("  … and more: noria artifact ls --run ")

    def test_for_programs(self, noria, store):
        run = flow_run()
        store.append(batch(run, made(flow_run=run.id)))
        document = json.loads(noria("runs", "show", "@last", "-o", "json").stdout)
        assert [each["key"] for each in document["artifacts"]] == ["report"]
