"""YAML as we write it, read by another: promtool's own parser reads the rest in the tests of the rules."""

from __future__ import annotations

from deploy.render.yaml import dump


def test_mappings_lists_and_text_stand_in_blocks() -> None:
    told = {"groups": [{"name": "a: b", "rules": ["x", 'say "it\'s"', 3]}], "text": "one\n\n  two"}
    assert dump(told) == (
        "groups:\n"
        '  - name: "a: b"\n'
        "    rules:\n"
        '      - "x"\n'
        "      - 'say \"it''s\"'\n"
        "      - 3\n"
        "text: |-\n"
        "  one\n"
        "\n"
        "    two\n"
    )
