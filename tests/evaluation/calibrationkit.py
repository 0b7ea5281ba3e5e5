"""A language model that writes questions by rule and knows their answers."""

import re

from ragapp.evaluation.metrics import contains_answer
from ragapp.llm.interface import GenerationStats

ASKED = re.compile(r"Question ?: (.*)")


class Oracle:
    """Asks for a number of the passage by the words before it; answers where it is shown, and makes up what is not.

    ``spoils`` are words of passages about which it writes nonsense; ``stops_at`` ends its work by an exception.
    """

    name = "oracle"
    identity = "oracle-1"
    window = 4096
    ahead = 1
    loaded = True
    notices = ()

    def __init__(self, spoils=(), stops_at=None):
        self.spoils, self.stops_at = spoils, stops_at
        self.known, self.calls, self.stats = {}, [], GenerationStats()

    def load(self):
        pass

    def close(self):
        pass

    def keep(self, messages, names):
        """Nothing that was read is kept."""

    def count(self, text):
        return len(text.split())

    def escape(self, text):
        return text

    def prompt_tokens(self, messages):
        return " ".join(message["content"] for message in messages).split()

    def choice_probabilities(self, messages, choices, cancelled=None):
        shown, answer = self.answer(messages[-1]["content"])
        yes = 0.85 if contains_answer(shown, [answer]) else 0.2
        return [yes, 1 - yes]

    def generate(self, messages, *, max_tokens, temperature=0.0, cancelled=None):
        self.calls.append(messages[-1]["content"])
        if self.stops_at is not None and len(self.calls) > self.stops_at:
            raise KeyboardInterrupt
        if re.search(r"^(?:Question ?|Frage): …", self.calls[-1], re.MULTILINE):
            yield self.write(self.calls[-1])
            return
        shown, answer = self.answer(self.calls[-1])
        yield f"It is {answer}." if contains_answer(shown, [answer]) else "It is 424242."

    def answer(self, asked):
        """The passages of a prompt, and the answer to its question, empty where it wrote no such question."""
        found = list(ASKED.finditer(asked))[-1]
        return asked[: found.start()], self.known.get(found[1], "")

    def write(self, passage):
        if any(word in passage for word in self.spoils):
            return "I cannot."
        body = passage.partition("\n")[2].rpartition("\nQuestion")[0]
        for match in re.finditer(r"\d+(?:\.\d+)?", body):
            words = [word for word in re.findall(r"[^\W\d_]{5,}", body[: match.start()])][-4:]
            # not in the order of the passage, as no copy is wanted
            words = list(dict.fromkeys(words[::-1]))
            question = f"Which figure goes with {', '.join(words)}?"
            if len(words) > 2 and match[0] not in question:
                self.known[question] = match[0]
                return f"Question: {question}\nAnswer: {match[0]}"
        return "Question: what?"
