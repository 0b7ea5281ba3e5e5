from ragapp.web.visitors import MOST, Visitors

ONE, OTHER = "a" * 32, "b" * 32


def test_a_tab_is_the_same_visitor_after_a_reload_and_no_other():
    visitors = Visitors()
    first = visitors.greet("s1", ONE, "en")
    visitors.leave("s1")
    again = visitors.greet("s2", ONE, "fr")
    other = visitors.greet("s3", OTHER, "en")
    assert again is first
    assert again.language == "fr"
    assert other is not first
    assert visitors.of("s2") is first
    assert visitors.by_tab(OTHER) is other


def test_a_name_that_no_tab_gives_itself_is_not_taken():
    visitors = Visitors()
    one, two = visitors.greet("s1", "", "en"), visitors.greet("s2", "../x", "en")
    assert one is not two


def test_the_oldest_are_forgotten():
    visitors = Visitors()
    for n in range(MOST + 5):
        visitors.greet(f"s{n}", f"{n:032x}", "en")
    assert visitors.by_tab(f"{0:032x}") is None
    assert visitors.by_tab(f"{MOST + 4:032x}") is not None
