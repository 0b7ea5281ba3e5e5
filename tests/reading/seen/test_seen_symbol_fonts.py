"""Signs of symbol fonts, as their fonts draw them."""

import pytest

from ragapp.reading.symbol_fonts import UNKNOWN, is_symbol_font, symbol_char, symbol_text


@pytest.mark.parametrize(
    ("font", "text", "seen"),
    [
        ("Symbol", "m", "µ"),
        ("Symbol", "\uf06d\uf0a3\uf0b1\uf0b0", "µ≤±°"),
        ("Symbol", "abgDSW", "αβγΔΣΩ"),
        ("symbol mt", "£ ³ ¹ »", "≤ ≥ ≠ ≈"),
        ("Symbol", "2 + 3\n(7)", "2 + 3\n(7)"),
        ("Symbol", "≤ 7 ☒", "≤ 7 ☒"),  # characters that the font does not have are drawn in another
        ("Wingdings", "\uf0fe \uf0a8 \uf0fd \uf0fc \uf0fb", "☑ ☐ ☒ ✓ ✗"),
        ("Wingdings", "þoqà", "☑☐❑→"),
        ("Wingdings 2", "RTP£", "☑☒✓☐"),
        ("Wingdings 3", "pq", "▲▼"),
        ("Webdings", "a", "✔"),
        ("ITC Zapf Dingbats", "4n8u", "✔■✘◆"),
        ("MT Extra", "LA", f"⋯{UNKNOWN}"),
        ("Wingdings", "\xff", UNKNOWN),  # the mark of Windows
        ("Arial", "m \uf0b7 \uf0fe", "m • ☑"),
        ("", "\uf041", UNKNOWN),
        ("Arial", "\ue000", "\ue000"),
    ],
)
def test_text_in_a_symbol_font(font, text, seen):
    assert symbol_text(font, text) == seen


def test_a_sign_by_its_code():
    assert [symbol_char("Wingdings", code) for code in (0xF0FE, 0xFE, 0xA8, 0xF020)] == ["☑", "☑", "☐", " "]
    assert symbol_char("Arial", 0x2022) == "•"
    assert symbol_char("Symbol", 0) == symbol_char("Symbol", 0xD800) == symbol_char("Symbol", 1 << 40) == ""


def test_which_fonts_are_symbol_fonts():
    assert all(map(is_symbol_font, ("Symbol", "WINGDINGS", "Wingdings-Regular", "Webdings", "ZapfDingbats")))
    assert not any(map(is_symbol_font, ("", "Arial", "Segoe UI Symbol", "OpenSymbol", "Cambria Math")))
