"""Runs on a machine that is played step by step, with speeds of its own, held against what is foretold on the way."""

import random
from dataclasses import dataclass
from functools import cache

import pytest

from ragapp.ingest.pace import Amount, Line, Pace, Rate
from ragapp.ingest.time_left import TimeLeft
from ragapp.reading.survey import Survey

STEP_S = 0.05
ASKED = 20  # steps between two questions
WINDOW = 60_000  # characters
READY = 8


@dataclass
class File:
    path: str
    size: int
    read_s: float
    characters: int
    pages: int = 0
    known: bool = False  # its content is stored already
    survey: Survey | None = None  # what a look at it tells
    left: float = 0.0


@dataclass
class Machine:
    """Two cores, two readers, an embedder on both cores, a store; each has its turn in every step."""

    files: list[File]
    embed_s: float = 0.0002  # a character
    store_s: float = 0.00001
    load_s: float = 2.0
    cores: int = 2
    workers: int = 2
    lanes: int = 2

    def run(self, pace: Pace | None = None) -> list[tuple[float, float | None, float]]:
        """Time, what is foretold to be left, and share, several times a second; the last time is the end."""
        now = 0.0
        sizes = [(file.path, file.size) for file in self.files]
        at = TimeLeft(sizes, self.workers, self.lanes, self.cores, pace or Pace(), lambda: now)
        for file in self.files:
            if file.survey:
                at.surveyed(file.path, file.survey)
        queue, ready, hands, embedding, storing = list(self.files), [], [], [], []
        load = self.load_s
        told, steps = [], 0
        while queue or ready or hands or embedding or storing:
            while queue and queue[0].known:
                at.settled(queue.pop(0).path)
            while queue and len(hands) < self.workers and len(ready) < READY:
                file = queue.pop(0)
                file.left = file.read_s
                hands.append(file)
                at.begin(file.path)
            while ready and sum(file.left for file in embedding) < WINDOW:
                file = ready.pop(0)
                file.left = file.characters
                embedding.append(file)
            at.embedding(bool(embedding))
            wanted = len(hands) + self.lanes * bool(embedding) + bool(storing)
            work = STEP_S * min(1.0, self.cores / wanted) if wanted else STEP_S
            now += STEP_S
            for file in list(hands):
                file.left -= work
                if file.left <= 0:
                    hands.remove(file)
                    ready.append(file)
                    at.read(file.path, file.characters)
                elif file.pages:
                    page = int((1 - file.left / file.read_s) * file.pages) + 1
                    at.page(file.path, page, file.pages, int(file.characters * (page - 1) / file.pages))
            if embedding and load > 0:
                load -= work
            elif embedding:
                room = work / self.embed_s
                at.embedded(room)
                while embedding and room > 0:
                    part = min(room, embedding[0].left)
                    embedding[0].left -= part
                    room -= part
                    if embedding[0].left <= 0:
                        file = embedding.pop(0)
                        file.left = max(file.characters, 1) * self.store_s
                        storing.append(file)
            if storing:
                at.storing(True)
                storing[0].left -= work
                if storing[0].left <= 0:
                    file = storing.pop(0)
                    at.storing(False, file.characters, file.characters * self.store_s)
                    at.settled(file.path)
            steps += 1
            if steps % ASKED == 0:
                told.append((now, at.left(), at.share()))
        return [*told, (now, 0.0, 1.0)]


def foretold(told, share):
    """What was foretold at a share of the run, and what was true, in seconds."""
    end = told[-1][0]
    _, left, _ = next(one for one in told if one[0] >= share * end)
    return left, end * (1 - share)


def text_files(count, random_, *, mean=3_000, slow=1.0):
    sizes = [max(200, int(random_.lognormvariate(0, 0.8) * mean)) for _ in range(count)]
    return [File(f"{n}.md", size, slow * (0.01 + 2e-6 * size), size) for n, size in enumerate(sizes)]


def pdf(name, pages, random_, *, a_page=0.05, characters=2_500, bytes_a_page=20_000):
    size = int(pages * bytes_a_page * random_.uniform(0.7, 1.4))
    return File(name, size, a_page * pages, int(pages * characters * random_.uniform(0.8, 1.2)), pages)


def scan(name, pages, random_):
    return File(name, int(pages * 300_000 * random_.uniform(0.7, 1.3)), 3.0 * pages, 1_500 * pages, pages)


def mixes():
    chance = random.Random(7)
    yield "a thousand small files", Machine(text_files(1_000, chance))
    yield "on a slow machine", Machine(text_files(400, chance, slow=4), embed_s=0.0008, load_s=9)
    yield "on a quick machine", Machine(text_files(3_000, chance, slow=0.3), embed_s=0.00004, cores=8, lanes=8)
    yield "files of some pages", Machine([pdf(f"{n}.pdf", chance.randint(2, 40), chance) for n in range(60)])
    yield "scans", Machine([scan(f"{n}.pdf", chance.randint(1, 9), chance) for n in range(25)])
    mixed = [pdf(f"{n}.pdf", chance.randint(2, 40), chance) for n in range(15)]
    mixed += text_files(300, chance) + [scan(f"scan{n}.jpg", 1, chance) for n in range(10)]
    chance.shuffle(mixed)
    yield "mixed", Machine(mixed)
    yield "a slow store", Machine(text_files(500, chance), store_s=0.0006)
    copies = text_files(600, chance)
    for file in copies[::2]:
        file.known = True
    yield "half of them known", Machine(copies)


@cache
def played(what):
    return dict(mixes())[what].run()


@pytest.mark.parametrize("what", [what for what, _ in mixes()])
@pytest.mark.parametrize("share", [0.1, 0.25, 0.5, 0.75])
def test_the_time_left_is_right_within_a_third_from_the_first_tenth_on(what, share):
    told = played(what)
    left, true = foretold(told, share)
    assert left == pytest.approx(true, rel=1 / 3), f"{what}: {left:.0f} s foretold, {true:.0f} s true"


def heavy_pages(chance, count=40):
    """PDFs whose bytes say nothing: long ones of plain text, short ones with large photographs, and scans."""
    files = []
    for n in range(count):
        kind, pages = n % 3, chance.randint(2, 30)
        scans = pages if kind == 2 else 0
        characters = 1_500 * scans or int(pages * 2_500 * chance.uniform(0.8, 1.2))
        size = int(pages * (4_000, 700_000, 60_000)[kind] * chance.uniform(0.7, 1.4))
        survey = Survey(pages, int(characters * chance.uniform(0.9, 1.1)), scans)
        seconds = pages * (0.05, 0.05, 2.5)[kind]
        files.append(File(f"{n}.pdf", size, seconds, characters, pages, survey=survey))
    chance.shuffle(files)
    return files


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("share", [0.1, 0.25, 0.5, 0.75])
def test_a_look_at_some_pages_tells_what_the_bytes_of_a_pdf_do_not(share, seed):
    left, true = foretold(Machine(heavy_pages(random.Random(seed))).run(), share)
    assert left == pytest.approx(true, rel=1 / 3)


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5, 0.75])
def test_those_that_were_looked_at_stand_for_the_others(share):
    chance = random.Random(1)
    files = [pdf(f"{n}.pdf", chance.randint(2, 40), chance, bytes_a_page=300_000) for n in range(60)]
    for file in files[::2]:
        file.survey = Survey(file.pages, file.characters, 0)
    chance.shuffle(files)
    left, true = foretold(Machine(files).run(), share)
    assert left == pytest.approx(true, rel=1 / 3)


@pytest.mark.parametrize("pages", [40, 300])
@pytest.mark.parametrize("share", [0.1, 0.25, 0.5, 0.75])
@pytest.mark.parametrize("a_page", [0.03, 0.4])
def test_one_large_file_tells_how_far_it_is_by_its_pages_and_its_passages(pages, share, a_page):
    chance = random.Random(pages)
    pace = Pace()
    pace.embed, pace.measured = Rate(1.0, 5_000.0), True  # measured while the first page was read
    told = Machine([pdf("book.pdf", pages, chance, a_page=a_page, bytes_a_page=90_000)]).run(pace)
    left, true = foretold(told, share)
    assert left == pytest.approx(true, rel=1 / 3)


def test_a_large_file_behind_many_small_ones_is_counted_from_the_beginning():
    chance = random.Random(3)
    book = pdf("zz.pdf", 300, chance)
    for told in (Machine([*text_files(300, chance), book]).run(), Machine([book, *text_files(300, chance)]).run()):
        for share in (0.25, 0.5, 0.75):
            left, true = foretold(told, share)
            assert left == pytest.approx(true, rel=1 / 3)


def test_what_one_run_has_learnt_the_next_one_knows():
    chance = random.Random(5)
    pace = Pace()
    Machine(text_files(200, chance, slow=5), embed_s=0.001).run(pace)
    kept = Pace.loads(pace.dumps())
    told = Machine(text_files(400, chance, slow=5), embed_s=0.001).run(kept)
    first = next(left for _, left, _ in told if left is not None)
    assert first == pytest.approx(told[-1][0], rel=0.25)
    assert told[0][1] is not None  # from the first moment on


def test_the_share_never_goes_back_and_nothing_is_foretold_before_something_was_measured():
    chance = random.Random(9)
    told = Machine([*text_files(100, chance), scan("x.pdf", 20, chance)]).run()
    shares = [share for _, _, share in told]
    assert shares == sorted(shares)
    assert 0 < shares[2] < shares[-2] < 1
    assert told[0][1] is None


@pytest.mark.parametrize(
    "kept",
    ["", "{", "[]", '{"kinds": {"x": 1}}', '{"embed": {"seconds": "x"}}', '{"store": {"seconds": 1, "count": NaN}}'],
)
def test_a_damaged_memory_is_no_memory(kept):
    assert not Pace.loads(kept).measured
    amount = Amount(".pdf", 100_000)
    assert Pace.loads(kept).expect(amount) == Pace().expect(amount)


def test_a_line_through_files_of_all_sizes():
    line = Line()
    for size in (1_000, 5_000, 20_000, 80_000, 400_000):
        line.observe(size, 0.1 + 3e-6 * size)
    assert line.predict(200_000) == pytest.approx(0.7, rel=0.01)
    assert line.predict(0) == pytest.approx(0.1, rel=0.05)
    falling = Line()
    falling.observe(1_000, 5.0)
    falling.observe(100_000, 1.0)
    assert falling.predict(1_000_000) > 0
    assert Line().predict(5) == 0.0


def test_what_was_found_before_a_first_page_foretells_nothing():
    now = 0.0
    at = TimeLeft([("plan.pdf", 90_000)], 2, 2, 2, Pace(), lambda: now)
    at.begin("plan.pdf")
    now = 2.0
    at.page("plan.pdf", 1, 1, 28_000)  # gone through a second time, for what its pictures say
    assert at.left() is None or at.left() >= 0


def test_what_a_look_foretold_is_held_against_what_it_took_and_kept():
    pace = Pace()
    scans = Amount.surveyed(".pdf", 90_000, Survey(10, 15_000, 10))
    before = pace.expect(scans)
    for _ in range(20):
        pace.note_file(scans, 3 * before[0], before[1] / 2)
    assert pace.expect(scans)[0] > before[0]
    for known in (pace, Pace.loads(pace.dumps())):
        seconds, characters = known.expect(scans)
        assert seconds == pytest.approx(3 * before[0], rel=0.1)
        assert characters == pytest.approx(before[1] / 2, rel=0.1)
        book = Amount.surveyed(".pdf", 90_000, Survey(300, 600_000, 0))
        assert known.expect(book)[0] < 3.5 * Pace().expect(book)[0]
    # one small file that took long does not turn it upside down
    pace = Pace()
    pace.note_file(Amount.surveyed(".pdf", 9_000, Survey(1, 600, 0)), 1.0, 600)
    assert pace.expect(scans)[0] < 4 * before[0]
    # nor one in which the look has missed what takes long
    pace = Pace()
    pace.note_file(Amount.surveyed(".pdf", 900_000, Survey(100, 0, 0)), 300.0, 150_000)
    assert pace.expect(scans)[0] < 6 * before[0]


def test_a_file_that_cannot_be_opened_says_nothing_of_others_and_little_is_expected_of_it():
    now = 0.0
    pace = Pace()
    pace.measured = True
    at = TimeLeft([("odd.pdf", 3_000_000), ("a.pdf", 90_000)], 1, 2, 2, pace, lambda: now)
    at.surveyed("a.pdf", Survey(10, 20_000, 0))
    at.surveyed("odd.pdf", None)
    before = pace.expect(Amount.surveyed(".pdf", 90_000, Survey(10, 20_000, 0)))
    assert at.left() < 20
    at.begin("odd.pdf")
    now = 120.0
    at.read("odd.pdf", 5_000)
    assert pace.expect(Amount.surveyed(".pdf", 90_000, Survey(10, 20_000, 0))) == before


def test_the_first_document_opens_the_store_and_foretells_nothing():
    now = 0.0
    pace = Pace()
    at = TimeLeft([(f"{n}.md", 3_000) for n in range(50)], 2, 2, 2, pace, lambda: now)
    before = pace.store.each
    at.storing(True)
    at.storing(False, 3_000, 5.0)
    assert pace.store.each == before
    at.storing(True)
    at.storing(False, 3_000, 5.0)
    assert pace.store.each > before
