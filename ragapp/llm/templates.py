"""How a chat is written for one model: by the Jinja template that its GGUF file carries, or by a named one.

The file's template comes first. Where there is none, the name is detected from the file's header and vocabulary; where
those do not tell, the model is refused: with a guessed format it would answer, badly, and nobody would know why.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import product
from pathlib import Path

from ragapp.errors import ModelError
from ragapp.llm.batches import shared_prefix
from ragapp.llm.chat import Message, fold
from ragapp.llm.llamacpp import Model, apply_builtin_template
from ragapp.llm.loading import load_vocabulary
from ragapp.llm.named_templates import CHOICES, FAMILY_MISTRAL, NAMED_TEMPLATES, detect_template, mistral_version
from ragapp.llm.reasoning import Tags, closed_by, find_tags, opens_thinking, skip_thinking, split_thinking
from ragapp.llm.sandbox import Sandbox, TemplateFailure
from ragapp.llm.template_check import SYSTEM, TURNS, Checked, TemplateUnfit, check_template, frame_prompt

__all__ = ["ChatTemplate", "Message", "open_template", "read_template"]

# templates ask in different ways whether there are tools
_EXTRAS: tuple[dict[str, object], ...] = ({"tools": None, "documents": None}, {}, {"tools": [], "documents": []})
_SETTING = f"set llm.template to the style it was trained with, one of: {', '.join(CHOICES[1:])}."


class ChatTemplate:
    """Renders chats in one model's own format.

    It is written by the Jinja text ``source``, in a process of its own (:mod:`ragapp.llm.sandbox`), or by ``style``,
    one of :data:`NAMED_TEMPLATES`. ``bos`` and ``eos`` are the texts of the tokens that begin and end a sequence, may
    be empty; ``name`` is the model's, for messages.

    Attributes:
        stop: texts that end the assistant's turn, besides the tokens that the file says end it.
        marks: what it writes around the turns; a document must not be able to write it, token or not.
        takes_system: whether a system turn is written as such.
        tags: what the model writes around its thinking; None where it does not think.
        switches_thinking: whether the template itself knows how to turn thinking off.

    Raises:
        ModelError: the template is not valid Jinja, fails, takes too much time or memory, or loses turns.
    """

    def __init__(self, source: str, bos: str, eos: str, name: str, *, style: str = ""):
        named = NAMED_TEMPLATES[style] if style else None
        source = named.jinja if named else source
        self.style = style
        self._name, self._bos = name, bos
        self._eos = eos or ("</s>" if named else "")
        # llama.cpp's own begins with what llama.cpp leaves to its caller
        self._begin = bos if named and named.bos else ""
        self._sandbox = Sandbox(source) if source or not named else None
        self._extras = _EXTRAS[0]
        self.takes_system = named.takes_system if named else self._try_system()
        checked = self._check()
        self.writes_bos = checked.writes_bos
        self.marks = checked.marks | (named.words if named else frozenset())
        self.stop = named.stop if named else checked.stop
        self.tags: Tags | None = find_tags(source) or closed_by(checked.before_answer)
        self._skips = self.tags is not None and self.tags.open in source
        turns = TURNS[:1]
        self.switches_thinking = self._write(turns, thinking=True) != self._write(turns, thinking=False)
        self._drop, self._frame = self._find_frame(checked.before_answer)
        #: ends an answer that a prompt has begun behind its mark
        self.answer_end = checked.after_answer if self._frame else ""

    @classmethod
    def choose(
        cls,
        metadata: Mapping[str, str],
        bos: str,
        eos: str,
        name: str,
        *,
        wanted: str = "auto",
        tokens: Collection[str] = (),
    ) -> ChatTemplate:
        """The template that a GGUF file with this header and these special ``tokens`` carries, or was trained with.

        The model's name may tell the family, too. ``wanted`` is the setting ``llm.template``: auto, or the name of a
        template. Raises ModelError where there is none, or it cannot be used.
        """
        source = metadata.get("tokenizer.chat_template", "")
        if wanted == FAMILY_MISTRAL:
            wanted = mistral_version(metadata, tokens)
        if wanted == "auto" and source.strip():
            return cls(source, bos, eos, name)
        if wanted == "auto":
            wanted = detect_template(metadata, tokens, name) or ""
            if not wanted:
                message = f"{name} carries no chat template, and nothing in it says how to talk to it."
                raise ModelError(message, f"Use an instruction-tuned GGUF, or {_SETTING}")
        if wanted not in NAMED_TEMPLATES:
            raise ModelError(f"There is no chat style {wanted!r}.", f"{_SETTING[0].upper()}{_SETTING[1:]}")
        return cls("", bos, eos, name, style=wanted)

    def render(self, messages: Sequence[Message], thinking: bool | None = None) -> str:
        """The prompt for a chat, ready for the assistant's next turn.

        What the template cannot take is folded (:func:`~ragapp.llm.chat.fold`); the thinking of earlier answers is left
        out. ``thinking`` tells whether the model may think before it answers; None leaves it to the template. Raises
        ModelError where the template refuses the chat, or takes too much time or memory for it.
        """
        turns = fold(messages, system=self.takes_system)
        if self.tags:
            turns = [_without_thinking(turn, self.tags) for turn in turns]
        prompt = self._write(turns, thinking=thinking)
        if self.tags and thinking is not False:
            return prompt
        prompt = self._without_thinking(prompt)
        return prompt.removesuffix(self._drop) + self._frame if self._frame else prompt

    def begins_answer(self, prompt: str) -> bool:
        """Whether a prompt ends behind the mark that this model's answers begin with."""
        return bool(self._frame) and prompt.endswith(self._frame)

    def _without_thinking(self, prompt: str) -> str:
        if self.tags and self._skips:
            return skip_thinking(prompt, self.tags, switched=self.switches_thinking)
        return prompt

    def _find_frame(self, before_answer: str) -> tuple[str, str]:
        """What a prompt without thinking has to lose at its end, and to gain, to end where an answer begins."""
        thinking = False if self.tags else None
        prompt = self._without_thinking(self._write(TURNS[:1], thinking=thinking))
        nothing = f"{self.tags.open}{self.tags.close}" if self.tags else ""
        framed = frame_prompt(prompt, before_answer, skipped=nothing)
        kept = shared_prefix(prompt, framed)
        return prompt[kept:], framed[kept:]

    def opens_thinking(self, prompt: str) -> bool:
        """Whether what the model writes after this prompt begins inside its thinking."""
        return self.tags is not None and opens_thinking(prompt, self.tags)

    @property
    def can_skip_thinking(self) -> bool:
        """Whether rendering with ``thinking=False`` makes a model that thinks go straight to its answer."""
        return self.tags is not None and (self.switches_thinking or self._skips or bool(self._frame))

    def tokens(self, model: Model, prompt: str) -> list[int]:
        """Tokens of a rendered chat, one beginning-of-sequence token in front where the model wants one."""
        return model.tokenize(prompt, add_bos=model.adds_bos and not self.writes_bos, special=True)

    def close(self) -> None:
        """End the process that renders."""
        if self._sandbox:
            self._sandbox.close()

    def _write(self, turns: Sequence[Message], *, generation: bool = True, thinking: bool | None = None) -> str:
        try:
            return self._raw(turns, generation, thinking)
        except TemplateFailure as error:
            raise self._refusal(f"failed: {str(error).rstrip('.')}") from None

    def _raw(self, turns: Sequence[Message], generation: bool, thinking: bool | None) -> str:
        if not self._sandbox:
            return self._begin + apply_builtin_template(self.style, turns, generation=generation)
        variables: dict[str, object] = {"messages": list(turns), "bos_token": self._bos, "eos_token": self._eos}
        variables |= {**self._extras, "add_generation_prompt": generation}
        if thinking is not None:
            # Qwen's name for it, and DeepSeek's and Granite's
            variables |= {"enable_thinking": thinking, "thinking": thinking}
        return self._sandbox.render(variables)

    def _try_system(self) -> bool:
        """Whether the template takes a system turn: some refuse it, others leave it out in silence."""
        assert self._sandbox
        try:
            self._sandbox.start()
        except TemplateFailure as error:
            raise self._refusal(f"is not valid: {str(error).rstrip('.')}") from None
        chat: list[Message] = [{"role": "system", "content": SYSTEM}, *TURNS[:5]]
        for system, extras in product((True, False), _EXTRAS):
            self._extras = extras
            try:
                prompt = self._raw(chat if system else chat[1:], True, None)
            except TemplateFailure as error:
                if error.hopeless:
                    break
            else:
                if not system or SYSTEM in prompt:
                    return system
        self._extras = _EXTRAS[0]
        return False

    def _check(self) -> Checked:
        def write(turns: Sequence[Message], generation: bool) -> str:
            return self._write(turns, generation=generation)

        try:
            return check_template(write, system=self.takes_system, bos=self._bos, eos=self._eos)
        except TemplateUnfit as error:
            raise self._refusal(str(error)) from None

    def _refusal(self, what: str) -> ModelError:
        return ModelError(f"The chat template of {self._name} {what}.", f"Choose another model, or {_SETTING}")


def open_template(model: Model, name: str, wanted: str = "auto") -> ChatTemplate:
    """The chat template for a loaded vocabulary, checked; see :meth:`ChatTemplate.choose`."""
    bos, eos = model.text(model.bos), model.text(model.eos)
    template = ChatTemplate.choose(model.metadata, bos, eos, name, wanted=wanted, tokens=model.special_texts)
    if template.tokens(model, template.render(TURNS[:1]))[:2] == [model.bos] * 2:
        template.close()
        message = f"The chat template of {name} begins the sequence twice."
        raise ModelError(message, "Choose another model, or llm.template.")
    return template


def read_template(path: Path, name: str, wanted: str = "auto") -> ChatTemplate:
    """The chat template for a file, of which only the vocabulary is loaded; raises ModelError where it has none."""
    model = load_vocabulary(path)
    try:
        return open_template(model, name, wanted)
    finally:
        model.close()


def _without_thinking(turn: Message, tags: Tags) -> Message:
    if turn["role"] != "assistant":
        return turn
    return {"role": "assistant", "content": split_thinking(turn["content"], tags=tags)[1]}
