"""How a chat is written for one model: by the Jinja template that its GGUF file carries, or by a style of ragapp's own.

The file's template comes first. Where there is none, the style is chosen by what the file says of itself; where that
says nothing, the model is refused: guessing a family's format makes a model that answers, badly, without anybody
knowing why.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import product

from ragapp.errors import ModelError
from ragapp.llm.chat import Message, fold
from ragapp.llm.reasoning import Tags, find_tags, opens_thinking, skip_thinking, split_thinking
from ragapp.llm.recognition import mistral_version, recognise
from ragapp.llm.rehearsal import SYSTEM, TURNS, Rehearsed, Unfit, rehearse
from ragapp.llm.sandbox import Sandbox, TemplateFailure
from ragapp.llm.styles import CHOICES, FAMILY_MISTRAL, STYLES, Style

__all__ = ["ChatTemplate", "Message"]

# templates ask in different ways whether there are tools
_EXTRAS = ({"tools": None, "documents": None}, {}, {"tools": [], "documents": []})
_SETTING = f"set llm.template to the style it was trained with, one of: {', '.join(CHOICES[1:])}."


class ChatTemplate:
    """Renders chats in one model's own format.

    Args:
        source: Jinja text of the template; it runs in a process of its own (:mod:`ragapp.llm.sandbox`).
        bos: text of the beginning-of-sequence token, may be empty.
        eos: text of the end-of-sequence token, may be empty.
        name: of the model, for messages.
        style: one of ragapp's own styles, instead of ``source``.

    Attributes:
        style: name of ragapp's own style; empty where the file's template is used.
        stop: texts that end the assistant's turn, besides the tokens that the file says end it.
        writes_bos: whether its prompts begin with the beginning-of-sequence token.
        marks: what it writes around the turns; a document must not be able to write it, token or not.
        takes_system: whether a system turn is written as such.
        tags: what the model writes around its thinking; None where it does not think.
        switches_thinking: whether the template itself knows how to turn thinking off.

    Raises:
        ModelError: the template is not valid Jinja, fails, takes too much time or memory, or loses turns.
    """

    def __init__(self, source: str, bos: str, eos: str, name: str, *, style: Style | None = None):
        self._name, self._bos, self._eos = name, bos, eos
        self._own = style
        self._sandbox = Sandbox(source)
        self._extras: Mapping[str, list | None] = _EXTRAS[0]
        self.style = style.name if style else ""
        self.takes_system = style.takes_system if style else self._try_system()
        rehearsed = self._rehearse()
        self.writes_bos = rehearsed.writes_bos
        self.marks = rehearsed.marks | (style.words if style else frozenset())
        self.stop = style.stop if style else rehearsed.stop
        self.tags: Tags | None = find_tags(style.thinking if style else source)
        self._skips = self.tags is not None and self.tags.open in (style.thinking if style else source)
        turns = list(TURNS[:1])
        self.switches_thinking = self._write(turns, thinking=True) != self._write(turns, thinking=False)

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
        """The template that a GGUF file carries, or the style that it wants.

        Args:
            metadata: the file's header.
            bos: text of the beginning-of-sequence token, may be empty.
            eos: text of the end-of-sequence token, may be empty.
            name: of the model: it may tell the style, and stands in messages.
            wanted: the setting ``llm.template``: auto, or the name of a style.
            tokens: texts of the special tokens in the file's vocabulary.

        Raises:
            ModelError: ``wanted`` is no style; the file has no template, and nothing says which style it wants; or
                the template cannot be used.
        """
        source = metadata.get("tokenizer.chat_template", "")
        if wanted == FAMILY_MISTRAL:
            wanted = mistral_version(metadata, tokens)
        if wanted == "auto" and not source.strip():
            wanted = recognise(metadata, tokens, name) or ""
            if not wanted:
                raise ModelError(
                    f"{name} carries no chat template, and nothing in it says how to talk to it.",
                    f"Use an instruction-tuned GGUF, or {_SETTING}",
                )
        if wanted == "auto":
            return cls(source, bos, eos, name)
        if wanted not in STYLES:
            raise ModelError(f"There is no chat style {wanted!r}.", f"{_SETTING[0].upper()}{_SETTING[1:]}")
        return cls("", bos, eos, name, style=STYLES[wanted])

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str], bos: str, eos: str, name: str) -> ChatTemplate:
        """As :meth:`choose`, by the file's header alone."""
        return cls.choose(metadata, bos, eos, name)

    def render(self, messages: Sequence[Message], thinking: bool | None = None) -> str:
        """The prompt for a chat, ready for the assistant's next turn.

        Args:
            messages: turns; what the template cannot take is folded (:func:`ragapp.llm.chat.fold`), and the thinking
                of earlier answers is left out.
            thinking: whether the model may think before it answers; None leaves it to the template. It changes nothing
                for models that do not think.

        Raises:
            ModelError: the template refuses the chat, or takes too much time or memory for it.
        """
        turns = fold(messages, system=self.takes_system)
        if self.tags:
            turns = [_without_thinking(turn, self.tags) for turn in turns]
        prompt = self._write(turns, thinking=thinking)
        if thinking is False and self._skips:
            prompt = skip_thinking(prompt, self.tags, switched=self.switches_thinking)
        return prompt

    def opens_thinking(self, prompt: str) -> bool:
        """Whether what the model writes after this prompt begins inside its thinking."""
        return self.tags is not None and opens_thinking(prompt, self.tags)

    @property
    def can_skip_thinking(self) -> bool:
        """Whether rendering with ``thinking=False`` makes a model that thinks go straight to its answer."""
        return self.tags is not None and (self.switches_thinking or self._skips)

    def close(self) -> None:
        """End the process that renders."""
        self._sandbox.close()

    def _write(self, turns: Sequence[Message], *, generation: bool = True, thinking: bool | None = None) -> str:
        try:
            return self._raw(turns, generation, thinking)
        except TemplateFailure as error:
            raise self._refusal(f"failed: {str(error).rstrip('.')}") from None

    def _raw(self, turns: Sequence[Message], generation: bool, thinking: bool | None) -> str:
        if self._own:
            return self._own.render(turns, self._bos, self._eos, generation=generation)
        variables = {
            "messages": list(turns),
            "bos_token": self._bos,
            "eos_token": self._eos,
            **self._extras,
            "add_generation_prompt": generation,
        }
        if thinking is not None:
            # Qwen's name for it, and DeepSeek's and Granite's
            variables |= {"enable_thinking": thinking, "thinking": thinking}
        return self._sandbox.render(variables)

    def _try_system(self) -> bool:
        """Whether the template takes a system turn: some refuse it, others leave it out in silence."""
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

    def _rehearse(self) -> Rehearsed:
        try:
            return rehearse(
                lambda turns, generation: self._write(turns, generation=generation),
                system=self.takes_system,
                bos=self._bos,
                eos=self._eos,
            )
        except Unfit as error:
            raise self._refusal(str(error)) from None

    def _refusal(self, what: str) -> ModelError:
        return ModelError(f"The chat template of {self._name} {what}.", f"Choose another model, or {_SETTING}")


def _without_thinking(turn: Message, tags: Tags) -> Message:
    if turn["role"] != "assistant":
        return turn
    return {"role": "assistant", "content": split_thinking(turn["content"], tags=tags)[1]}
