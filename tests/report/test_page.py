"""The page as a whole: offline, complete, escaped, and computed from its inputs."""

import copy
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest

from inferon.report.answer import answer
from inferon.report.inputs import ReportInputs
from inferon.report.page import PROVENANCE, write_report
from inferon.report.sections import all_sections
from inferon.statistics import clopper_pearson

EVERY_SECTION = [
    "question", "protocol", "published", "incidence", "mechanism", "families", "excludes", "power", "comparison",
    "limits", "provenance",
]  # fmt: skip
LOADING = ("script", "link", "img", "iframe", "object", "embed", "source", "use", "image", "video", "audio")


class Page(HTMLParser):
    """Collects what a browser would act on."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.texts.append(data)

    def attribute(self, name: str, tag: str | None = None) -> list[str]:
        return [found[name] or "" for kind, found in self.tags if name in found and tag in (None, kind)]


def write(run: SimpleNamespace, folder: Path) -> str:
    path = write_report(folder, study=run.study, estimates=run.estimates, tables=run.tables, provenance=run.provenance)
    return path.read_text(encoding="utf-8")


def inputs_of(run: SimpleNamespace) -> ReportInputs:
    return ReportInputs(run.study, run.estimates, run.tables, run.provenance)


@pytest.fixture(scope="module")
def full(make_run, tmp_path_factory) -> SimpleNamespace:
    """One whole page, written once, with its folder."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "tables").mkdir()
    (folder / "estimates.json").write_text("{}", encoding="utf-8")
    (folder / "tables" / "curves 1.parquet").write_bytes(b"")
    run = make_run()
    text = write(run, folder)
    return SimpleNamespace(run=run, folder=folder, text=text, page=Page(text))


def test_law_the_page_loads_nothing_from_anywhere(full):
    for tag, attributes in full.page.tags:
        for name in ("src", "href", "xlink:href", "srcset", "data", "poster", "action"):
            value = attributes.get(name)
            if value is None or (tag == "a" and name == "href"):
                continue
            assert value.startswith(("#", "data:,")), f"<{tag} {name}={value!r}>"
        assert tag not in ("script", "iframe", "object", "embed")
    assert "@import" not in full.text
    assert all(target.startswith("#") for target in re.findall(r"url\(['\"]?([^)'\"]*)", full.text))
    policy = full.page.attribute("content", "meta")
    assert any(value.startswith("default-src 'none'") for value in policy), "the browser is told to refuse every load"


def test_law_outside_addresses_are_citations_only(full):
    outside = [address for address in full.page.attribute("href", "a") if "://" in address]
    assert sorted(outside) == ["https://example.org/news", "https://example.org/trial"]


def test_law_every_section_is_there_and_in_the_contents(full):
    sections = full.page.attribute("id", "section")
    assert sections == EVERY_SECTION
    anchors = [address[1:] for address in full.page.attribute("href", "a") if address.startswith("#")]
    assert set(EVERY_SECTION) <= set(anchors)


def test_law_no_identifier_is_used_twice(full):
    repeated = [name for name, times in Counter(full.page.attribute("id")).items() if times > 1]
    assert repeated == []
    for target in re.findall(r"url\(#([^)]+)\)", full.text):
        assert f'id="{target}"' in full.text


def test_law_every_link_on_the_page_leads_to_a_file_or_a_place(full):
    identifiers = set(full.page.attribute("id"))
    for address in full.page.attribute("href", "a"):
        if address.startswith("#"):
            assert address[1:] in identifiers
        elif "://" not in address and address != PROVENANCE:  # the run writes it right after the page
            assert (full.folder / address.replace("%20", " ")).is_file(), address


def test_law_every_figure_has_its_files_its_data_and_words_for_the_blind(full):
    figures = [name.removeprefix("figure-") for name in full.page.attribute("id", "figure")]
    assert set(figures) == {
        "protocol_timeline", "published_beside_virtual", "cumulative_incidence", "family_curves", "mechanism",
        "families", "cannot_exclude", "power", "comparison",
    }  # fmt: skip
    for name in figures:
        assert (full.folder / f"figures/{name}.svg").read_text(encoding="utf-8").lstrip().startswith("<svg")
        assert (full.folder / f"figures/{name}.png").read_bytes().startswith(b"\x89PNG")
        assert pl.read_csv(full.folder / f"figures/{name}.csv", infer_schema_length=None).height > 0
        description = re.search(rf'<desc id="{name}-description">([^<]+)</desc>', full.text)
        assert description is not None
        assert len(description.group(1)) > 40
    assert full.text.count('role="img"') == len(figures) == full.text.count("<figcaption>") - 2


def test_law_no_missing_value_reaches_the_reader(full):
    words = " ".join(full.page.texts)
    assert not re.search(r"\b(None|nan|NaN|null|inf|undefined)\b", words)


def test_law_the_standing_warnings_are_printed(full):
    words = " ".join(" ".join(full.page.texts).split())
    for sentence in (
        "Research use only",
        "The post-relapse death rate is an assumption of the run.",
        "Equal GVHD with and without it is an assumption",
        "immune control, not eradication",
        "Uncalibrated. The numbers of the covariate-mix population are never to be compared with published results.",
        "press report",
        "solution being continued past relapse and death",
    ):
        assert sentence in words, sentence


def test_oracle_magenau2021_thirty_nine_against_sixty_is_21_points_and_35_percent(full):
    words = " ".join(" ".join(full.page.texts).split())
    assert "From 60% to 39% is 21 percentage points absolute and 35% relative" in words
    assert "39% of 36 treated patients (23.1–56.5%" in words


def changed(run: SimpleNamespace, change) -> list[str]:
    other = SimpleNamespace(**{**vars(run), "estimates": copy.deepcopy(run.estimates)})
    change(other.estimates)
    return answer(inputs_of(other))


def relapse(estimates, arm, family):
    return estimates["arms"][arm]["families"][family]["endpoints"]["relapse"][1]


@pytest.mark.parametrize(
    ("place", "change", "shown"),
    [
        (
            0,
            lambda e: relapse(e, "peginterferon", "reference").update(estimate=0.2345),
            "23.4% in the peginterferon arm",
        ),
        (0, lambda e: relapse(e, "control", "reference").update(lower=0.111, upper=0.777), "11.1–77.7"),
        (0, lambda e: relapse(e, "control", "slow_disease").update(estimate=0.881), "–88.1 over the families"),
        (0, lambda e: relapse(e, "peginterferon", "reference").update(estimate=0.7), "higher in the peginterferon arm"),
        (1, lambda e: e.update(power=[row | {"power": 0.5} for row in e["power"]]), "no simulated size (up to 200"),
        (1, lambda e: e.update(power=[r | {"power": 0.9} for r in e["power"] if r["per_arm"] == 120]), "120 per arm"),
        (2, lambda e: e["published"][0].update(estimate=0.25, n=40, events=10, lower=None, upper=None), "13–41%"),
        (2, lambda e: e["published"][1].update(estimate=0.52), "expectation of 52%"),
        (2, lambda e: e.update(published=[]), "no published cohort is set beside this run"),
    ],
)
def test_law_the_answer_follows_its_inputs(make_run, place, change, shown):
    run = make_run()
    before, after = answer(inputs_of(run)), changed(run, change)
    assert len(before) == len(after) == 3
    assert shown in after[place]
    assert shown not in before[place]


def test_law_the_calibration_is_confessed_only_where_there_was_one(make_run):
    run = make_run()
    assert "confirms nothing" in answer(inputs_of(run))[0]
    assert "confirms nothing" not in changed(run, lambda e: e.update(population="covariate-mix"))[0]


def test_law_exact_interval_stands_in_where_the_published_one_is_missing(make_run):
    run = make_run()
    told = changed(run, lambda e: e["published"][0].update(lower=None, upper=None))
    exact = clopper_pearson(14, 36)
    lower, upper = exact.lower, exact.upper
    assert f"{100 * lower:.0f}–{100 * upper:.0f}%" in told[2]


def test_fault_markup_in_names_is_printed_not_run(make_run, tmp_path):
    arms = ("plain <b>arm</b>", 'x"><script>alert(1)</script>')
    run = make_run(arms=arms, families=("<i>one</i>", "two & 'three'"))
    run.study["title"] = "<script>alert('title')</script> & more"
    run.study["question"] = "Is 1 < 2 <img src=x onerror=alert(1)>?"
    run.provenance["command"] = "run <study> && echo"
    run.estimates["published"][0]["doi_or_url"] = "javascript:alert(1)"
    text = write(run, tmp_path)
    page = Page(text)
    tags = {tag for tag, _ in page.tags}
    assert not tags & {"script", "img", "b", "i"}
    assert not any(address.startswith("javascript") for address in page.attribute("href"))
    assert not page.attribute("onerror")
    assert "<script>alert('title')</script> & more" in "".join(page.texts)
    assert "run <study> && echo" in page.texts


REDUCED = {
    "one arm": ({"arms": ("peginterferon",)}, {"power"}),
    "one untreated arm, nothing published": ({"arms": ("control",)}, {"published", "power", "comparison"}),
    "one family": ({"families": ("reference",)}, set()),
    "one other family": ({"families": ("slow_disease",)}, {"comparison"}),
    "other arm names": ({"arms": ("no drug", "high dose")}, set()),
    "three arms": ({"arms": ("control", "low", "high")}, set()),
    "estimates alone": ({}, {"published", "power", "comparison", "curves", "bands", "events", "assumptions"}),
}


@pytest.mark.parametrize("case", REDUCED)
def test_law_a_smaller_study_still_makes_a_page(make_run, tmp_path, case):
    options, without = REDUCED[case]
    run = make_run(n=500, without=tuple(without), **options)
    run.provenance = {} if case == "estimates alone" else run.provenance
    page = Page(write(run, tmp_path))
    gone = {"published", "excludes"} if "published" in without else set()
    gone |= {"power", "comparison"} & without
    gone |= {"incidence"} if "curves" in without else set()
    gone |= {"mechanism"} if "bands" in without else set()
    assert page.attribute("id", "section") == [name for name in EVERY_SECTION if name not in gone]
    words = " ".join(page.texts)
    assert not re.search(r"\b(None|nan|NaN|undefined)\b", words)
    if len(run.study["families"]) == 1:
        assert "families side by side" not in words


def test_law_an_estimate_without_limits_is_drawn_without_an_interval(make_run, tmp_path):
    run = make_run(n=500, families=("reference", "low_burden"))
    for arms in (run.estimates["arms"], run.estimates["comparison"]["arms"]):
        shares = arms["control"]["families"]["reference"]["endpoints"]
        for endpoint in ("relapse", "acute_gvhd_3_4_reference"):
            shares[endpoint][-1].update(estimate=0.0, lower=None, upper=None)
        shares["relapse"][1].update(lower=None, upper=None)
    words = " ".join(Page(write(run, tmp_path)).texts)
    assert "interval –" in words
    assert not re.search(r"\b(None|nan|null)\b", words)


def test_law_a_study_without_published_results_says_so(make_run):
    told = answer(inputs_of(make_run(without=("published",))))
    assert "no published cohort is set beside this run" in told[-1]


def test_law_the_comparison_is_never_set_beside_published_results(make_run):
    run = make_run()
    shares = run.estimates["comparison"]["arms"]["control"]["families"]["reference"]["endpoints"]["relapse"]
    shares[1].update(estimate=0.0123, lower=0.0111, upper=0.0222)
    sections = {section.anchor: repr(section.blocks) for section in all_sections(inputs_of(run))}
    assert [name for name, blocks in sections.items() if "1.1–2.2" in blocks] == ["comparison"]


def test_fault_estimates_without_arms_leave_no_page(make_run, tmp_path):
    run = make_run(without=("arms",))
    with pytest.raises(KeyError, match="arms"):
        write(run, tmp_path)
    assert not (tmp_path / "report.html").exists()
