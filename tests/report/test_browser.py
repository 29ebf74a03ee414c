"""The HTML page in a real browser: found, sorted, opened, in the dark, on a phone, and never acting."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

from envbuilder.findings import Level
from envbuilder.report.html import write
from envbuilder.report.report import Report
from tests.report.test_html import hostile_report, many

ROWS = "#rows > tr:not(.details)"


class Shown:
    """A report's page, open in the browser."""

    def __init__(self, browser: Chrome, folder: Path, report: Report) -> None:
        self.browser = browser
        file = folder / "page.html"
        with file.open("w", encoding="utf-8") as stream:
            stream.writelines(write(report, fail_on=Level.ERROR))
        self.address = file.as_uri()
        self.log("browser")
        self.log("performance")
        browser.get(self.address)

    def log(self, name: str) -> list[dict[str, Any]]:
        """Return what was logged since it was last asked for."""
        entries: list[dict[str, Any]] = self.browser.get_log(name)  # type: ignore[no-untyped-call]
        return entries

    def emulate(self, *, dark: bool = False, width: int = 1280) -> None:
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        screen = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)

    def evaluated(self, expression: str) -> Any:
        return self.browser.execute_script(f"return {expression}")

    def choose(self, name: str, shown: str) -> None:
        Select(self.browser.find_element(By.ID, name)).select_by_visible_text(shown)

    def search(self, text: str) -> None:
        field = self.browser.find_element(By.ID, "text")
        field.clear()
        field.send_keys(text)

    @property
    def names(self) -> list[str]:
        found: list[str] = self.evaluated(
            f"[...document.querySelectorAll('{ROWS} th code')].map(element => element.innerText)"
        )
        return found

    def clear(self) -> None:
        """Give up all filters; the page learns of it by a later event of the address."""
        self.browser.find_element(By.ID, "clear").click()
        WebDriverWait(self.browser, 10).until(lambda _: len(self.names) == 5)

    @property
    def count(self) -> str:
        return self.browser.find_element(By.ID, "count").text

    def assert_quiet(self) -> None:
        """No message of the browser, and nothing asked for but the page itself."""
        assert self.log("browser") == []
        events = [json.loads(entry["message"])["message"] for entry in self.log("performance")]
        asked = [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]
        assert {address.partition("#")[0] for address in asked} == {self.address}


@pytest.fixture
def shown(browser: Chrome, tmp_path: Path, report: Report) -> Shown:
    page = Shown(browser, tmp_path, report)
    page.emulate()
    return page


def test_it_lists_the_models_the_worst_first(shown: Shown) -> None:
    assert len(shown.names) == 5
    assert shown.names[-1] == "registry/clean"
    assert "registry/|::error file=x::pwned`<b>" in shown.names
    shown.assert_quiet()


def test_filters_find_models(shown: Shown) -> None:
    shown.search("SCIKIT")
    assert shown.names == ["registry/churn/1"]
    shown.search("churn")
    assert len(shown.names) == 2
    shown.choose("level", "warnings")
    shown.choose("code", "source/index-override")
    assert shown.names == ["registry/churn/2"]
    assert shown.count == "1 of 5 models."
    shown.clear()
    shown.choose("channel", "defaults")
    assert shown.names == ["registry/churn/1"]
    shown.clear()
    shown.choose("level", "nothing found")
    assert shown.names == ["registry/clean"]
    shown.clear()
    shown.choose("fix", "fixable by rewrite")
    assert sorted(shown.names) == ["registry/churn/1", "registry/|::error file=x::pwned`<b>"]
    shown.assert_quiet()


def test_a_cause_leads_to_its_models(shown: Shown) -> None:
    link = shown.browser.find_element(By.CSS_SELECTOR, 'a[href="#code=source/credentials"]')
    for _ in range(2):
        link.click()
        WebDriverWait(shown.browser, 10).until(lambda _: shown.names == ["registry/churn/2"])
        shown.clear()
    shown.assert_quiet()


def test_heads_of_columns_sort_both_ways(shown: Shown) -> None:
    head = shown.browser.find_element(By.CSS_SELECTOR, 'th[data-sort="name"]')
    head.find_element(By.TAG_NAME, "button").click()
    names = shown.names
    assert names[0] == "registry/|::error file=x::pwned`<b>"
    assert names[1:] == sorted(names[1:])
    assert head.get_attribute("aria-sort") == "ascending"
    head.find_element(By.TAG_NAME, "button").click()
    assert shown.names == names[::-1]
    assert head.get_attribute("aria-sort") == "descending"


def test_the_keyboard_opens_a_model(shown: Shown) -> None:
    shown.search("churn/1")
    button = shown.browser.find_element(By.CSS_SELECTOR, f"{ROWS} button")
    button.send_keys(Keys.ENTER)
    assert button.get_attribute("aria-expanded") == "true"
    details = shown.browser.find_element(By.ID, str(button.get_attribute("aria-controls"))).text
    assert "conda.yaml:2:3" in details
    assert "- conda-forge\n- nodefaults" in details
    button.send_keys(Keys.ENTER)
    assert shown.browser.find_elements(By.CSS_SELECTOR, "tr.details") == []


def test_it_is_dark_in_the_dark(shown: Shown) -> None:
    def brightness(what: str) -> int:
        colour = shown.evaluated(f"getComputedStyle(document.body).{what}")
        return sum(int(part) for part in colour.removeprefix("rgb(").rstrip(")").split(","))

    assert brightness("backgroundColor") - brightness("color") > 500
    shown.emulate(dark=True)
    assert brightness("color") - brightness("backgroundColor") > 500


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_nothing_is_wider_than_the_screen(shown: Shown, width: int) -> None:
    shown.emulate(width=width)
    for button in shown.browser.find_elements(By.CSS_SELECTOR, f"{ROWS} button"):
        shown.browser.execute_script("arguments[0].click()", button)
    assert shown.evaluated("document.documentElement.scrollWidth") <= width
    assert shown.evaluated("innerWidth") == width


def test_everything_that_is_used_has_a_name(shown: Shown) -> None:
    nodes = shown.browser.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    used = {"button", "link", "combobox", "searchbox", "table", "navigation", "search"}
    named = [
        (node["role"]["value"], node.get("name", {}).get("value")) for node in nodes if not node["ignored"]
    ]
    assert {role for role, _ in named} >= {
        "button",
        "link",
        "combobox",
        "searchbox",
        "table",
        "main",
        "status",
    }
    assert [role for role, name in named if role in used and not name and role != "table"] == []


def test_hostile_texts_do_nothing(browser: Chrome, tmp_path: Path) -> None:
    page = Shown(browser, tmp_path, hostile_report())
    page.emulate(width=360)
    for button in browser.find_elements(By.CSS_SELECTOR, f"{ROWS} button"):
        browser.execute_script("arguments[0].click()", button)
    page.search("</script>")
    assert len(page.names) == 1
    assert page.evaluated("typeof window.pwned") == "undefined"
    assert page.evaluated("document.querySelectorAll('img, iframe, b b, script').length") == 1
    assert page.evaluated("document.documentElement.scrollWidth") <= 360
    page.assert_quiet()


def test_without_a_script_the_causes_are_there(browser: Chrome, tmp_path: Path, report: Report) -> None:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        Shown(browser, tmp_path, report)
        text = browser.find_element(By.TAG_NAME, "main").text
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    assert "channel/restricted" in text
    assert "needs JavaScript" in text
    assert "Search" not in text


def test_ten_thousand_models_are_shown_by_the_page(browser: Chrome, tmp_path: Path) -> None:
    page = Shown(browser, tmp_path, many(10_000))
    page.emulate()
    assert page.count == "10,000 of 10,000 models."
    assert len(page.names) == 50
    assert page.evaluated("document.getElementsByTagName('*').length") < 5000
    browser.find_element(By.ID, "next").click()
    assert browser.find_element(By.ID, "page").text == "2 of 200"
    assert len(page.names) == 50
    page.search(f"{7777:032x}")
    assert page.names == [f"registry/{7777 % 20}/{7777:032x}/artifacts/model"]
    assert not browser.find_element(By.ID, "pages").is_displayed()


def test_paper_gets_more_than_a_page_of_the_table(browser: Chrome, tmp_path: Path) -> None:
    page = Shown(browser, tmp_path, many(200))
    browser.execute_script("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluated("document.querySelectorAll('#rows > tr').length") == 200
    browser.execute_script("dispatchEvent(new Event('afterprint'))")
    assert page.evaluated("document.querySelectorAll('#rows > tr').length") == 50


def test_what_is_shown_is_saved_for_a_spreadsheet(shown: Shown, tmp_path: Path) -> None:
    folder = tmp_path / "downloads"
    folder.mkdir()
    behaviour = {"behavior": "allow", "downloadPath": str(folder)}
    shown.browser.execute_cdp_cmd("Browser.setDownloadBehavior", behaviour)
    shown.search("churn")
    shown.browser.find_element(By.ID, "save").click()
    file = folder / "models.csv"
    WebDriverWait(shown.browser, 20).until(lambda _: file.exists() and file.stat().st_size)
    with file.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["model"] for row in rows} == {"registry/churn/1", "registry/churn/2"}
    first = next(row for row in rows if row["code"] == "channel/restricted")
    assert (first["level"], first["place"], first["channels"]) == ("error", "conda.yaml:2:3", "defaults")
    assert (first["before"], first["after"]) == ("'- defaults\n", "'- conda-forge\n- nodefaults\n")
    assert not [text for row in rows for text in row.values() if text[:1] in set("=+-@")]


def test_licences_filter_models(browser: Chrome, tmp_path: Path, locks: Report) -> None:
    page = Shown(browser, tmp_path, locks)
    page.emulate()
    page.choose("licence", "LGPL-3.0-or-later")
    assert page.names == ["registry/churn/1"]
    browser.find_element(By.CSS_SELECTOR, f"{ROWS} button").click()
    packages = browser.find_element(By.CSS_SELECTOR, ".packages").text
    assert "psycopg2-binary 2.8.6" in packages
    assert "mlflow → psycopg2-binary" in packages
    assert packages.index("denied") < packages.index("allowed")
    page.assert_quiet()
