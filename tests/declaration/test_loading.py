"""What a wrong declaration is answered."""

from pathlib import Path

import pytest

from loopwright.declaration import loading
from loopwright.declaration.dataset import DatasetSpec
from loopwright.declaration.loading import digest_of, load_spec
from loopwright.declaration.model import ModelSpec
from loopwright.errors import DeclarationError

DATASET = "name: rides\nowner: me\narrivals: a/*.csv\n"
MODEL = """\
name: tips
owner: me
dataset: rides
task: binary_classification
label: tipped
features: features:build
train: {entrypoint: training:build}
gate: {primary: roc_auc}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "declared.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ("ownr: x", r"ownr: unknown key; did you mean 'owner'"),
        ("labels: {matures_aftr: 1d}", r"labels\.matures_aftr: unknown key; did you mean 'matures_after'"),
        ("labels: {matures_after: soon}", r"labels\.matures_after: a duration is a number and a unit"),
        ("clean: [{step: convert, colums: {a: integer}}]", r"clean\[0\]\.convert\.colums: unknown key; did you mean"),
        ("clean: [{step: polish}]", r"clean\[0\]\.step: there is no step 'polish'; allowed: drop_duplicates"),
        ("clean: [{step: converrt}]", r"clean\[0\]\.step: there is no step 'converrt'; did you mean 'convert'\?"),
        ("csv: {delimiter: ';;'}", r"csv\.delimiter"),
        ("owner: you", r"'owner' is written twice"),
        ("key: [a", r"not valid YAML"),
        ("batch_id: !!python/object/apply:os.system ['true']", r"not valid YAML"),
    ],
)
def test_a_wrong_dataset_says_where(tmp_path, extra, said):
    path = written(tmp_path, DATASET + extra)
    with pytest.raises(DeclarationError, match=said) as caught:
        load_spec(path, DatasetSpec)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("roc_auc", "roc_auk", r"'roc_auk' does not fit binary_classification; did you mean 'roc_auc'"),
        ("roc_auc", "r2", r"does not fit binary_classification"),
        ("name: tips", "name: Tips!", r"name: a name is lower-case letters"),
        ("training:build", "training.build", r"an entrypoint reads module:function"),
        ("owner: me", "", r"owner: missing"),
        ("roc_auc}", "roc_auc, thresholds: {roc_auc: {at_least: 0.5, at_most: 0.7}}}", r"either at_least or at_most"),
        ("roc_auc}", "roc_auc}\nmonitor: {drift: {share: 130%}}", r"a proportion lies between 0 and 1"),
        ("roc_auc}", "roc_auc}\nmonitor: {drift: {persists: 3 of 2}}", r"k lies between 1 and n"),
    ],
)
def test_a_wrong_model_says_where(tmp_path, old, new, said):
    assert old in MODEL
    with pytest.raises(DeclarationError, match=said):
        load_spec(written(tmp_path, MODEL.replace(old, new)), ModelSpec)


def test_all_problems_are_told_at_once_but_not_without_end(tmp_path):
    text = DATASET + "".join(f"wrong{n}: 1\n" for n in range(20))
    with pytest.raises(DeclarationError, match=r"20 things") as caught:
        load_spec(written(tmp_path, text), DatasetSpec)
    assert "(and 15 more)" in str(caught.value)


@pytest.mark.parametrize("text", ["", "- a list", "just text", "\x00"])
def test_what_is_no_mapping_is_refused(tmp_path, text):
    with pytest.raises(DeclarationError, match=r"not a mapping|not valid YAML"):
        load_spec(written(tmp_path, text), DatasetSpec)


def test_a_data_file_under_the_wrong_name_is_not_parsed(tmp_path):
    with pytest.raises(DeclarationError, match="too large"):
        load_spec(written(tmp_path, DATASET + "#" * 1_100_000), DatasetSpec)


def test_the_bare_key_on_is_the_word_on(tmp_path):
    spec = load_spec(written(tmp_path, MODEL + "retrain: {on: [drift]}\n"), ModelSpec)
    assert spec.retrain.on == ["drift"]


def test_a_release_with_a_new_key_finds_a_declaration_unchanged(tmp_path):
    class Newer(ModelSpec):
        colour: str = "green"

    path = written(tmp_path, MODEL)
    assert digest_of(load_spec(path, Newer)) == digest_of(load_spec(path, ModelSpec))


def test_a_default_with_another_meaning_changes_every_digest(tmp_path, monkeypatch):
    spec = load_spec(written(tmp_path, MODEL), ModelSpec)
    before = digest_of(spec)
    monkeypatch.setattr(loading, "DEFAULTS", loading.DEFAULTS + 1)
    assert digest_of(spec) != before


def test_the_digest_is_of_what_is_said(tmp_path):
    plain = digest_of(load_spec(written(tmp_path, MODEL), ModelSpec))
    same = MODEL.replace("owner: me\n", "") + "# a comment\nowner: me\nschedule: '@daily'\n"
    assert digest_of(load_spec(written(tmp_path, same), ModelSpec)) == plain
    assert digest_of(load_spec(written(tmp_path, MODEL + "retrain: {new_batches: 2}\n"), ModelSpec)) != plain


def test_durations_and_proportions(tmp_path):
    spec = load_spec(
        written(tmp_path, MODEL + "retrain: {every: 30d, cooldown: 90s}\nmonitor: {drift: {share: 25%}}\n"), ModelSpec
    )
    assert spec.retrain.every is not None
    assert (spec.retrain.every.days, spec.retrain.cooldown.seconds) == (30, 90)
    assert spec.monitor is not None
    assert spec.monitor.drift is not None
    assert spec.monitor.drift.share == 0.25
    assert ModelSpec.model_validate(spec.model_dump(mode="json")) == spec


@pytest.mark.parametrize(
    ("declared", "key", "said"),
    [
        ("query: {sql: select 1, watermark: at, connection: db}", "schedule", "a query is asked by the clock"),
        ("query: {sql: select 1, watermark: at, connection: db}\narrivals: a", "query", "declare either `arrivals`"),
        ("", "arrivals", "declare either `arrivals`"),
        ("query: {sql: select 1, connection: db}", "query.watermark", "query.watermark: missing"),
        ("query: select 1", "query", "query: a block of keys belongs here: connection, lag, sql, watermark"),
        ("arrivals: a\nlabels: {arrivals: b}", "top level", "labels with files of their own are joined on a key"),
    ],
)
def test_a_check_over_several_keys_says_it_once_and_repeats_no_block(tmp_path, declared, key, said):
    with pytest.raises(DeclarationError) as raised:
        load_spec(written(tmp_path, f"name: rides\nowner: me\n{declared}\n"), DatasetSpec)
    shown = str(raised.value)
    assert raised.value.where.endswith(f": {key}")
    assert shown.count(said) == 1
    assert "wrong in one thing" in shown
    assert "{'" not in shown


@pytest.mark.parametrize(
    ("old", "new", "key", "got", "allowed"),
    [
        ("roc_auc", "roc_auk", "gate.primary", "roc_auk", "roc_auc"),
        ("c}", "c, thresholds: {r2: {at_least: 0}}}", "gate.thresholds.r2", "r2", "roc_auc"),
        ("label: tipped", "lable: tipped", "lable", "the key 'lable'", "label"),
        ("owner: me\n", "", "owner", "nothing", "a value for 'owner'"),
        ("task: binary_classification", "task: binary", "task", "binary", "regression"),
    ],
)  # fmt: skip
def test_a_wrong_key_says_where_what_was_got_and_what_would_do(tmp_path, old, new, key, got, allowed):
    with pytest.raises(DeclarationError) as raised:
        load_spec(written(tmp_path, MODEL.replace(old, new)), ModelSpec)
    fault = raised.value
    assert key in fault.what
    where = fault.where.partition("declared.yaml: ")[2]
    # Of a mistyped key two things are wrong: the right one is missing, too, and is told first.
    assert (where, fault.got) == (("label", "nothing") if key == "lable" else (key, got))
    assert allowed in fault.allowed


@pytest.mark.parametrize("expression", ["@daily", "@hourly", "@quarterly", "0 6 * * *", "*/5 * * * 1-5"])
def test_a_schedule_that_airflow_takes(tmp_path, expression):
    assert load_spec(written(tmp_path, f"{MODEL}schedule: '{expression}'\n"), ModelSpec).schedule == expression


@pytest.mark.parametrize("expression", ["every day", "", "61 * * * *", "@fortnightly", "* * *"])
@pytest.mark.parametrize(
    ("said", "key"), [("schedule: '{}'", "schedule"), ("release: {{reproduce: '{}'}}", "reproduce")]
)
def test_a_schedule_that_airflow_would_refuse_is_refused_here(tmp_path, expression, said, key):
    with pytest.raises(DeclarationError, match=f"(?s)no cron expression.*declared.yaml: .*{key}"):
        load_spec(written(tmp_path, f"{MODEL}{said.format(expression)}\n"), ModelSpec)
