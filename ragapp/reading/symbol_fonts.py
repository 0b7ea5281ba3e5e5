"""Fonts whose letters are signs: what a person sees where the text says ``m`` and the font is Symbol.

Sources: Adobe's Symbol and Zapf Dingbats encodings; Wingdings and Webdings as Unicode 7 encoded them (proposal
L2/12-368). Boxes, ticks, bullets and plain arrows are written with the usual character of their look.
"""

from __future__ import annotations

import re
from functools import cache

# what stands for a sign that Unicode does not have, or that is not known here
UNKNOWN = "\ufffd"
# the signs of the codes 0x20 to 0xff, sixteen a line
_TABLES = {
    "symbol": (
        " !∀#∃%&∋()*+,−./"
        "0123456789:;<=>?"
        "≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟ"
        "ΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_"
        "‾αβχδεφγηιϕκλµνο"
        "πθρστυϖωξψζ{|}~�"
        "����������������"
        "����������������"
        "€ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓"
        "°±″≥×∝∂•÷≠≡≈…⏐⎯↵"
        "ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉"
        "∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓"
        "◊〈®©™∑⎛⎜⎝⎡⎢⎣⎧⎨⎩⎪"
        "�〉∫⌠⎮⌡⎞⎟⎠⎤⎥⎦⎫⎬⎭�"
    ),
    "wingdings": (
        " 🖉✂✁👓🕭🕮🕯🕿✆🖂🖃📪📫📬📭"
        "🗀🗁🗎🗏🗐🗄⌛🖮🖰🖲🖳🖴🖫🖬✇✍"
        "🖎✌🖏👍👎☜☞☝☟🖐☺😐☹💣🕱🏳"
        "🏱✈☼🌢❄🕆✞🕈✠✡☪☯🕉☸♈♉"
        "♊♋♌♍♎♏♐♑♒♓🙰🙵●🔾■☐"
        "🞐❑❒🞟⧫◆❖⬩☒⮹⌘🏵🏶🙶🙷▯"
        "🄋➀➁➂➃➄➅➆➇➈➉🄌➊➋➌➍"
        "➎➏➐➑➒➓🙢🙠🙡🙣🙞🙜🙝🙟∙•"
        "⬝⭘🞆🞈🞊🞋🔿▪☐🟁🟅★🟋🟏🟓🟑"
        "⯐⌖⯎⯏⯑✪✰🕐🕑🕒🕓🕔🕕🕖🕗🕘"
        "🕙🕚🕛⮰⮱⮲⮳⮴⮵⮶⮷🙪🙫🙕🙔🙗"
        "🙖🙐🙑🙒🙓⌫⌦⮘➢⮙⮛⮈⮊⮉⮋←"
        "→↑↓🡬🡭🡯🡮🡸➔🡹🡻🡼🡽🡿🡾⇦"
        "⇨⇧⇩⬄⇳⬁⬀⬃⬂🢬🢭✗✓☒☑�"
    ),
    "wingdings2": (
        " 🖊🖋🖌🖍✄✀🕾🕽🗅🗆🗇🗈🗉🗊🗋"
        "🗌🗍📋🗑🗔🖵🖶🖷🖸🖭🖯🖱🖒🖓🖘🖙"
        "🖚🖛👈👉🖜🖝🖞🖟🖠🖡👆👇🖢🖣🖑✗"
        "✓🗵☑☒☒⮾⮿🛇⦸🙱🙴🙲🙳‽🙹🙺"
        "🙻🙦🙤🙥🙧🙚🙘🙙🙛⓪①②③④⑤⑥"
        "⑦⑧⑨⑩⓿❶❷❸❹❺❻❼❽❾❿�"
        "☉🌕☽☾⸿✝🕇🕜🕝🕞🕟🕠🕡🕢🕣🕤"
        "🕥🕦🕧🙨🙩⋅🞄⦁●○🞅🞇🞉⊙⦿🞌"
        "🞍◾■☐🞑🞒🞓🞔▣🞕🞖🞗🞘⬩⬥◇"
        "🞚◈🞛🞜🞝🞞⬪⬧◊🞠◖◗⯊⯋⯀⯁"
        "⬟⯂⬣⬢⯃⯄🞡🞢🞣🞤🞥🞦🞧🞨🞩🞪"
        "🞫🞬🞭🞮🞯🞰🞱🞲🞳🞴🞵🞶🞷🞸🞹🞺"
        "🞻🞼🞽🞾🞿🟀🟂🟄🟆🟉🟊✶🟌🟎🟐🟒"
        "✹🟃🟇✯🟍🟔⯌⯍※⁂������"
    ),
    "wingdings3": (
        " ⭠⭢⭡⭣⭦⭧⭩⭨⭰⭲⭱⭳⭶⭸⭻"
        "⭽⭤⭥⭪⭬⭫⭭⭍⮠⮡⮢⮣⮤⮥⮦⮧"
        "⮐⮑⮒⮓⮀⮃⭾⭿⮄⮆⮅⮇⮏⮍⮎⮌"
        "⭮⭯⎋⌤⌃⌥␣⍽⇪⮸🢠🢡🢢🢣🢤🢥"
        "🢦🢧🢨🢩🢪🢫🡐🡒🡑🡓🡔🡕🡗🡖🡘🡙"
        "▲▼△▽◀▶◁▷◣◢◤◥🞀🞂🞁�"
        "🞃⯅⯆⯇⯈⮜⮞⮝⮟🠐🠒🠑🠓🠔🠖🠕"
        "🠗🠘🠚🠙🠛🠜🠞🠝🠟🠀🠂🠁🠃🠄🠆🠅"
        "🠇🠈🠊🠉🠋🠠🠢🠤🠦🠨🠪🠬🢜🢝🢞🢟"
        "🠮🠰🠲🠴🠶🠸🠺🠹🠻🢘🢚🢙🢛🠼🠾🠽"
        "🠿🡀🡂🡁🡃🡄🡆🡅🡇⮨⮩⮪⮫⮬⮭⮮"
        "⮯🡠🡢🡡🡣🡤🡥🡧🡦🡰🡲🡱🡳🡴🡵🡷"
        "🡶🢀🢂🢁🢃🢄🢅🢇🢆🢐🢒🢑🢓🢔🢖🢕"
        "🢗���������������"
    ),
    "webdings": (
        " 🕷🕸🕲🕶🏆🎖🖇🗨🗩🗰🗱🌶🎗🙾🙼"
        "🗕🗖🗗⏴⏵⏶⏷⏪⏩⏮⏭⏸⏹⏺🗚🗳"
        "🛠🏗🏘🏙🏚🏜🏭🏛🏠🏖🏝🛣🔍🏔👁👂"
        "🏞🏕🛤🏟🛳🕬🕫🕨🔈🎔🎕🗬🙽🗭🗪🗫"
        "⮔✔🚲☐🛡📦🛱⬛🚑🛈🛩🛰🟈🕴⬤🛥"
        "🚔🗘✗❓🛲🚇🚍⛳⦸⊖🚭🗮⏐🗯🗲�"
        "🚹🚺🛉🛊🚼👽🏋⛷🏂🏌🏊🏄🏍🏎🚘🗠"
        "🛢💰🏷💳👪🗡🗢🗣✯🖄🖅🖃🖆🖹🖺🖻"
        "🕵🕰🖽🖾📋🗒🗓🕮📚🗞🗟🗃🗂🖼🎭🎜"
        "🎘🎙🎧💿🎞📷🎟🎬📽📹📾📻🎚🎛📺💻"
        "🖥🖦🖧🕹🎮🕻🕼📟🖁🖀🖨🖩🖿🖪🗜🔒"
        "🔓🗝📥📤🕳🌣🌤🌥🌦☁🌨🌧🌩🌪🌬🌫"
        "🌜🌡🛋🛏🍽🍸🛎🛍Ⓟ♿🛆🖈🎓🗤🗥🗦"
        "🗧🛪🐿🐦🐟🐕🐈🙬🙮🙭🙯🗺🌍🌏🌎🕊"
    ),
    "zapfdingbats": (
        " ✁✂✃✄☎✆✇✈✉☛☞✌✍✎✏"
        "✐✑✒✓✔✕✖✗✘✙✚✛✜✝✞✟"
        "✠✡✢✣✤✥✦✧★✩✪✫✬✭✮✯"
        "✰✱✲✳✴✵✶✷✸✹✺✻✼✽✾✿"
        "❀❁❂❃❄❅❆❇❈❉❊❋●❍■❏"
        "❐❑❒▲▼◆❖◗❘❙❚❛❜❝❞�"
        "����������������"
        "����������������"
        "�❡❢❣❤❥❦❧♣♦♥♠①②③④"
        "⑤⑥⑦⑧⑨⑩❶❷❸❹❺❻❼❽❾❿"
        "➀➁➂➃➄➅➆➇➈➉➊➋➌➍➎➏"
        "➐➑➒➓➔→↔↕➘➙➚➛➜➝➞➟"
        "➠➡➢➣➤➥➦➧➨➩➪➫➬➭➮➯"
        "�➱➲➳➴➵➶➷➸➹➺➻➼➽➾�"
    ),
}
# fonts of which only a few signs are known
_PARTIAL = {
    "mtextra": {"K": "…", "L": "⋯", "M": "⋮", "N": "⋰", "O": "⋱", "h": "ℏ", "l": "ℓ"},
    "marlett": {"a": "✓", "b": "✓", "h": "●", "i": "●", "n": "●", "r": "✗"},
    "bookshelfsymbol7": {},
    "msoutlook": {},
}
_NAMES = {
    "symbolmt": "symbol",
    "symbolps": "symbol",
    "standardsymbols": "symbol",
    "standardsymbolsl": "symbol",
    "standardsymbolsps": "symbol",
    "wingdings1": "wingdings",
    "dingbats": "zapfdingbats",
    "itczapfdingbats": "zapfdingbats",
    "zadb": "zapfdingbats",
    "d050000l": "zapfdingbats",
    "monotypesorts": "zapfdingbats",
}
# a private character of a font that is not named: the marks of lists and boxes, which Word writes most
_USUAL = {
    0xF020: " ",
    0xF06E: "■",
    0xF06F: "☐",
    0xF071: "❑",
    0xF076: "❖",
    0xF0A7: "▪",
    0xF0A8: "☐",
    0xF0B7: "•",
    0xF0D8: "➢",
    0xF0E0: "→",
    0xF0FC: "✓",
    0xF0FD: "☒",
    0xF0FE: "☑",
}
_PRIVATE = 0xF000  # programs write the code of a sign as it is, or in the private area from here on
_PRIVATE_SIGNS = re.compile("[\uf020-\uf0ff]")
_NOT_NAME = re.compile(r"[^a-z0-9]|regular$|\(normal\)$")
# white space, and what no font for signs changes
_KEPT = frozenset([0x20, 0xA0, 0xAD, *range(0x7F, 0xA0)])


def is_symbol_font(font: str) -> bool:
    """Whether a font, by its name, shows signs in place of letters."""
    return _table_name(font) is not None


def symbol_text(font: str, text: str) -> str:
    """Text as a font shows it: signs for letters in a symbol font, else the text itself.

    Codes of signs may be written as they are or in the private area U+F020 to U+F0FF, which is also read where the
    font is none of them or not known (``""``): the usual marks of lists and boxes are then written, and
    :data:`UNKNOWN` for every other. Characters that no symbol font has, such as ``≤`` itself, stay.
    """
    name = _table_name(font)
    if name is not None:
        return text.translate(_signs(name))
    if text.isascii() or not _PRIVATE_SIGNS.search(text):
        return text
    return _PRIVATE_SIGNS.sub(lambda match: _USUAL.get(ord(match[0]), UNKNOWN), text)


def symbol_char(font: str, code: int) -> str:
    """The sign of one code of a font, as ``w:sym`` and ``SYMBOL`` fields name it; a character of any other font."""
    if 0x20 <= code <= 0xFF and is_symbol_font(font):
        code += _PRIVATE
    return symbol_text(font, chr(code)) if 0x20 <= code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF else ""


@cache
def _table_name(font: str) -> str | None:
    name = _NOT_NAME.sub("", font.strip().lower())
    name = _NAMES.get(name, name)
    return name if name in _TABLES or name in _PARTIAL else None


@cache
def _signs(name: str) -> dict[int, str]:
    """The signs by character, both as they are and in the private area."""
    if name in _TABLES:
        shown = dict(enumerate(_TABLES[name], start=0x20))
    else:
        known = _PARTIAL[name]
        shown = {code: known.get(chr(code), UNKNOWN) for code in range(0x21, 0x100)} | {0x20: " "}
    signs = {code: sign for code, sign in shown.items() if code not in _KEPT}
    return signs | {_PRIVATE + code: sign for code, sign in shown.items()}
